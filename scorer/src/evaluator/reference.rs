//! Detectors whose score is known beforehand; a scorer that sees it otherwise is broken.
//!
//! A *cell* is one (rule, key, bin) in which a detector could fire. Cells are disjoint between
//! campaigns here; grouping is `none`. Vectors `reference_detectors`.

use serde::{Deserialize, Serialize};

use crate::headline::ratios;
use crate::measure::{Measure, Undefined};

/// What a scorer must say of the reference detectors.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReferenceScores {
    /// One alert per campaign, of its events only: precision of [`ReferenceScores`]'s world.
    pub oracle_precision: Measure,
    /// Recall of the oracle.
    pub oracle_recall: Measure,
    /// Precision of the detector that never fires.
    pub null_precision: Measure,
    /// Recall of the detector that never fires.
    pub null_recall: Measure,
    /// Causal precision of the detector that fires in every cell, in W0 too.
    pub always_precision: Measure,
    /// Causal recall of the detector that fires in every cell.
    pub always_recall: Measure,
    /// Overlap recall of the detector that fires in every cell.
    pub always_overlap_recall: Measure,
    /// False alerts of the detector that fires in every cell.
    pub always_false_alerts: u64,
    /// Causal recall of the detector that fires in each cell with chance q.
    pub random_recall: Measure,
    /// Its expected overlap recall, `mean(1 − (1 − q)^m)`.
    pub random_expected_overlap_recall: Measure,
    /// Its expected false alerts.
    pub random_expected_false_alerts: f64,
}

/// Expected scores for campaigns that touch `cells_per_campaign` cells each (at least 1), beside
/// `benign_cells` others, and chance `q` for the random detector.
#[must_use]
pub fn expected_scores(cells_per_campaign: &[u64], benign_cells: u64, q: f64) -> ReferenceScores {
    let campaigns = cells_per_campaign.len() as u64;
    let cells = cells_per_campaign.iter().sum::<u64>() + benign_cells;
    let oracle = ratios(campaigns, 0, 0);
    let null = ratios(0, 0, campaigns);
    let always = ratios(0, cells, campaigns);
    let overlap = cells_per_campaign
        .iter()
        .map(|&touched| Measure::number(1.0 - libm::pow(1.0 - q, touched as f64)));
    ReferenceScores {
        oracle_precision: oracle.precision,
        oracle_recall: oracle.recall,
        null_precision: null.precision,
        null_recall: null.recall,
        always_precision: always.precision,
        always_recall: always.recall,
        always_overlap_recall: Measure::ratio(campaigns, campaigns, Undefined::NoCampaigns),
        always_false_alerts: cells,
        random_recall: null.recall,
        random_expected_overlap_recall: Measure::mean(overlap, Undefined::NoCampaigns),
        random_expected_false_alerts: cells as f64 * q,
    }
}
