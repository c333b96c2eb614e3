//! `experiment.json`, what `livefire run --seeds N` leaves: figures pooled over seeds.
//!
//! Only what the report shows is read; the file holds more.

use livefire_schema::alert::Mode;
use livefire_scorer::Measure;
use serde::Deserialize;

/// Figures over several seeds.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Seeds {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// What the intervals hold.
    pub options: SeedsOptions,
    /// Why the figures decide nothing; empty if they do.
    pub inconclusive: Vec<String>,
    /// What limits the figures.
    pub remarks: Vec<String>,
    /// All rules that enter totals.
    pub total: PooledRule,
    /// Each rule form.
    pub rules: Vec<PooledRule>,
    /// Each kind of attack.
    pub attacks: Vec<PooledAttack>,
    /// The rates of the user's own traffic.
    pub projection: Projection,
}

/// Settings of the experiment.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
pub struct SeedsOptions {
    /// Confidence of the intervals, in percent.
    pub confidence_percent: u32,
}

/// A pooled figure with its interval.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
pub struct Pooled {
    /// The figure.
    pub value: Measure,
    /// Lower bound.
    pub low: Measure,
    /// Upper bound.
    pub high: Measure,
}

/// A rule form over all seeds.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct PooledRule {
    /// Rule with its variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Campaigns that expect it.
    pub expected: u64,
    /// Of these, caught.
    pub caught: u64,
    /// Share caught.
    pub recall: Pooled,
    /// Share of incidents that are true.
    pub precision: Pooled,
    /// False incidents per day.
    pub false_per_day: Pooled,
    /// Median time to detect in seconds, misses as ∞.
    pub p50: Measure,
    /// P90 of it.
    pub p90: Measure,
}

/// A kind of attack over all seeds.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct PooledAttack {
    /// Its id.
    pub kind: String,
    /// Campaigns.
    pub campaigns: u64,
    /// Of these, caught.
    pub detected: u64,
    /// Share caught.
    pub recall: Pooled,
    /// Median time to detect in seconds.
    pub p50: Measure,
}

/// What the figures mean at other rates.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Projection {
    /// Requests a day that it is made for.
    pub requests_per_day: Measure,
    /// By rate of campaigns.
    pub rows: Vec<ProjectedRate>,
}

/// Precision and load at one rate of campaigns.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
pub struct ProjectedRate {
    /// Campaigns a day.
    pub campaigns_per_day: f64,
    /// Precision at this rate.
    pub precision: Measure,
    /// Lower bound.
    pub precision_low: Measure,
    /// Upper bound.
    pub precision_high: Measure,
    /// Incidents a day.
    pub incidents_per_day: Measure,
}
