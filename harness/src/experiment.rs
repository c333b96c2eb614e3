//! One scenario over several seeds: what a single run cannot say, with its uncertainty.
//!
//! Each seed is a world of its own, so figures are pooled sums over seeds, and intervals come from
//! resampling seeds, not campaigns: campaigns of one seed share their benign traffic. Candidates
//! compared on the same seeds see the same bytes (common random numbers), since a source is a
//! function of scenario and seed. What a lone seed or a scenario without attacks cannot answer is
//! named in [`Experiment::inconclusive`], never passed over. EVALUATION.md §§3, 5, 7, 8.

pub mod candidates;
pub mod load;
pub mod outcome;
pub mod pooled;
pub mod projection;
pub mod seeds;

#[cfg(test)]
mod tests;

use livefire_schema::time::TimeSpan;
use livefire_scorer::score::report::Target;
use livefire_scorer::{Measure, Undefined};
use serde::{Deserialize, Serialize};

pub use candidates::{CandidateError, Common, outcomes};
pub use load::{AnalystLoad, Shifts, Staffing};
pub use outcome::{FormOutcome, Observation, SeedOutcome};
pub use pooled::{Estimate, Method, PooledKind, PooledRow};
pub use projection::{Site, SiteProjection};
pub use seeds::over_seeds;

/// Fewest seeds from which on the cluster bootstrap stands in the verdict. EVALUATION.md §7.
pub const FEWEST_CLUSTERS: usize = 10;
/// The source's target for the mean time to detect, in seconds.
const MTTD_TARGET: f64 = 900.0;
/// The source's target for the mean time to respond, in seconds.
const MTTR_TARGET: f64 = 4.0 * 3600.0;

/// What an experiment is asked beside its seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExperimentOptions {
    /// Confidence of intervals, in percent.
    pub confidence_percent: u32,
    /// τ of the restricted mean time to detect.
    pub tau: TimeSpan,
    /// The x of recall@x.
    pub within: TimeSpan,
    /// The site to project to.
    pub site: Site,
    /// Who handles its incidents.
    pub staffing: Staffing,
}

impl Default for ExperimentOptions {
    fn default() -> Self {
        ExperimentOptions {
            confidence_percent: 95,
            tau: TimeSpan::from_hours(24),
            within: TimeSpan::from_minutes(15),
            site: Site::default(),
            staffing: Staffing::default(),
        }
    }
}

impl ExperimentOptions {
    /// The confidence as a share.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        f64::from(self.confidence_percent) / 100.0
    }
}

/// The pooled figures of all seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Experiment {
    /// Scenario.
    pub scenario: String,
    /// Seeds, in the order in which they were given.
    pub seeds: Vec<u64>,
    /// Options used.
    pub options: ExperimentOptions,
    /// Why the figures do not decide, each with the code of what is undefined; empty if they do.
    pub inconclusive: Vec<String>,
    /// What qualifies the figures.
    pub remarks: Vec<String>,
    /// All detection rules in their default form.
    pub total: PooledRow,
    /// One row per rule form, in the registry's order.
    pub rules: Vec<PooledRow>,
    /// One row per attack kind, by name.
    pub attacks: Vec<PooledKind>,
    /// Requests in the evidence of alerts / requests.
    pub detection_rate: Measure,
    /// The targets of the source.
    pub targets: Vec<Target>,
    /// What the rules would be like at a site.
    pub projection: SiteProjection,
    /// What its analysts would meet.
    pub load: AnalystLoad,
    /// What each seed gave.
    pub outcomes: Vec<SeedOutcome>,
}

impl Experiment {
    /// Pools the outcomes of one scenario; each seed ran the same rule forms.
    #[must_use]
    pub fn of(scenario: &str, outcomes: Vec<SeedOutcome>, options: ExperimentOptions) -> Self {
        let total = PooledRow::of_total(&outcomes, &options);
        let rules = pooled::rows(&outcomes, &options);
        let projection = SiteProjection::of(&total, &outcomes, &options);
        let load = AnalystLoad::of(&total, &projection, &outcomes, &options);
        let sum = |part: fn(&SeedOutcome) -> u64| outcomes.iter().map(part).sum::<u64>();
        Experiment {
            scenario: scenario.to_owned(),
            seeds: outcomes.iter().map(|outcome| outcome.seed).collect(),
            inconclusive: inconclusive(&total, &outcomes),
            remarks: remarks(&total, &outcomes),
            attacks: pooled::kinds(&outcomes, &options),
            detection_rate: Measure::ratio(
                sum(|outcome| outcome.reported_requests),
                sum(|outcome| outcome.requests),
                Undefined::NoExposure,
            ),
            targets: targets(&total, &load),
            total,
            rules,
            projection,
            load,
            options,
            outcomes,
        }
    }
}

fn inconclusive(total: &PooledRow, outcomes: &[SeedOutcome]) -> Vec<String> {
    let mut reasons = Vec::new();
    if outcomes.len() < 2 {
        reasons.push(format!(
            "{}: one seed says nothing about the spread between seeds; ask for at least 2, better 10",
            Undefined::OneSeed
        ));
    }
    if total.expected == 0 {
        reasons.push(format!(
            "{}: no seed holds a campaign, so recall and time to detect are undefined",
            Undefined::NoCampaigns
        ));
    }
    if total.false_per_day.value.reason().is_some() {
        reasons.push(format!(
            "{}: no time is scored, so false incidents per day are undefined",
            Undefined::NoExposure
        ));
    }
    reasons
}

fn remarks(total: &PooledRow, outcomes: &[SeedOutcome]) -> Vec<String> {
    let mut remarks = Vec::new();
    let is_clustered = outcomes.iter().any(|outcome| outcome.total.expected > 1);
    if is_clustered && (2..FEWEST_CLUSTERS).contains(&outcomes.len()) {
        remarks.push(format!(
            "{} seeds: fewer than {FEWEST_CLUSTERS}, so intervals are Wilson's and Poisson's, which \
             take campaigns of one seed for independent; they are too narrow",
            outcomes.len()
        ));
    }
    let censored = total.censored;
    if censored > 0 {
        remarks.push(format!(
            "{censored} missed campaigns end too near the log's end to count as never caught"
        ));
    }
    remarks
}

/// The source's targets. A mean over the detected alone counts as met only if nothing was missed,
/// or if the restricted mean meets it too.
fn targets(total: &PooledRow, load: &AnalystLoad) -> Vec<Target> {
    let met = |mean: Measure, restricted: Measure, limit: f64, closed: bool| {
        let holds = |measure: Measure| {
            measure.value().map(|value| {
                if closed {
                    value <= limit
                } else {
                    value < limit
                }
            })
        };
        let is_met = holds(mean)?;
        if is_met && total.caught < total.expected {
            holds(restricted)
        } else {
            Some(is_met)
        }
    };
    vec![
        Target {
            name: "MTTD".to_owned(),
            wanted: "≤ 15 min".to_owned(),
            measured: total.mean_detected,
            met: met(
                total.mean_detected,
                total.restricted_mean_time_to_detect,
                MTTD_TARGET,
                true,
            ),
        },
        Target {
            name: "MTTR".to_owned(),
            wanted: "< 4 h".to_owned(),
            measured: load.mean_time_to_respond,
            met: met(
                load.mean_time_to_respond,
                load.restricted_mean_time_to_respond,
                MTTR_TARGET,
                false,
            ),
        },
    ]
}
