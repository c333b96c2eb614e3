//! How late rows arrive, and how often twice: G1, G2, G4, G5, G7, G8.

use super::log::Log;
use super::statistics::quantiles;
use super::{Reading, counted, missing, reading};

const NO_INGESTION: &str = "rows do not say when they were ingested";

/// The delays at some shares.
fn delays<const N: usize>(log: &Log, of: &[f64], shares: [f64; N]) -> Reading {
    if log.observed.rows > 0 && !log.observed.says_ingestion {
        return missing(NO_INGESTION);
    }
    reading(quantiles(of.to_vec(), shares), of.len())
}

/// G1: median on the agent's path.
pub(super) fn agent_median(log: &Log) -> Reading {
    delays(log, &log.observed.delays.agent, [0.5])
}

/// G2: median and 95th percentile of resource logs.
pub(super) fn resource(log: &Log) -> Reading {
    delays(log, &log.observed.delays.resource, [0.5, 0.95])
}

/// G4: median and 99th percentile on the agent's path.
pub(super) fn agent(log: &Log) -> Reading {
    delays(log, &log.observed.delays.agent, [0.5, 0.99])
}

/// G5: rows that the workspace would stamp anew.
pub(super) fn restamped(log: &Log) -> Reading {
    let observed = log.observed;
    counted(vec![observed.restamped as f64], observed.rows as f64)
}

/// G7: median and 99th percentile of sign-ins.
pub(super) fn sign_ins(log: &Log) -> Reading {
    delays(log, &log.observed.delays.sign_in, [0.5, 0.99])
}

/// G8: share of rows that report an event again.
pub(super) fn copies(log: &Log) -> Reading {
    let observed = log.observed;
    let share = observed.copies as f64 / observed.rows as f64;
    counted(vec![share], observed.rows as f64)
}
