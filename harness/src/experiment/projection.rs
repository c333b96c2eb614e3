//! From the benchmark to a site: what the rules would cost there, and what their alerts be worth.
//!
//! Precision on a benchmark is an artefact of its attack density (Axelsson 2000), so the site's own
//! rate of campaigns goes in, and as nobody knows it well, precision is given over a range of it.
//! False incidents are assumed to scale with requests. EVALUATION.md §8.

use livefire_scorer::operations::rates::project;
use livefire_scorer::{Measure, Undefined};
use serde::{Deserialize, Serialize};

use super::ExperimentOptions;
use super::outcome::SeedOutcome;
use super::pooled::PooledRow;

/// A site to project to.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Site {
    /// Requests per day; the scenario's own where nothing is given.
    pub requests_per_day: Option<f64>,
    /// Real campaigns per day.
    pub campaigns_per_day: f64,
}

/// The scenario's own traffic, one campaign in five weeks.
impl Default for Site {
    fn default() -> Self {
        Site {
            requests_per_day: None,
            campaigns_per_day: 0.2 / 7.0,
        }
    }
}

/// What the rules of the total would be like at the site.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SiteProjection {
    /// Requests per day of the scenario.
    pub scenario_requests_per_day: Measure,
    /// Requests per day of the site.
    pub requests_per_day: Measure,
    /// Their quotient: by what false incidents are scaled.
    pub volume_ratio: Measure,
    /// False incidents per day at the site.
    pub false_per_day: Measure,
    /// Its lower bound.
    pub false_per_day_low: Measure,
    /// Its upper bound.
    pub false_per_day_high: Measure,
    /// One row per assumed rate of campaigns, ascending; the site's own is the middle one.
    pub rows: Vec<ProjectionRow>,
}

/// The projection at one rate of campaigns.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProjectionRow {
    /// Real campaigns per day.
    pub campaigns_per_day: f64,
    /// Share of true ones among what is raised.
    pub precision: Measure,
    /// With recall at its lower and false incidents at their upper bound.
    pub precision_low: Measure,
    /// With recall at its upper and false incidents at their lower bound.
    pub precision_high: Measure,
    /// Incidents per day.
    pub incidents_per_day: Measure,
    /// Alerts per day.
    pub alerts_per_day: Measure,
    /// Most false incidents per day at which every second incident is true.
    pub false_budget: Measure,
}

/// The rates of campaigns that stand beside the site's own.
const FACTORS: [f64; 3] = [0.1, 1.0, 10.0];
/// The precision that the false budget is for.
const WANTED_PRECISION: f64 = 0.5;

impl SiteProjection {
    /// Projects the pooled total.
    #[must_use]
    pub fn of(total: &PooledRow, outcomes: &[SeedOutcome], options: &ExperimentOptions) -> Self {
        let days: f64 = outcomes.iter().map(|outcome| outcome.scored_days).sum();
        let requests: u64 = outcomes.iter().map(|outcome| outcome.requests).sum();
        let own = if days > 0.0 && requests > 0 {
            Measure::number(requests as f64 / days)
        } else {
            Measure::undefined(Undefined::NoExposure)
        };
        let site = options.site;
        let wanted = site.requests_per_day.map_or(own, Measure::number);
        let volume_ratio = match (wanted.value(), own.value()) {
            (Some(wanted), Some(own)) => Measure::number(wanted / own),
            _ => Measure::undefined(Undefined::NoExposure),
        };
        let scaled = |rate: Measure| both(rate, volume_ratio, |rate, ratio| rate * ratio);
        let false_rate = total.false_per_day;
        let scale = FACTORS.map(|factor| factor * site.campaigns_per_day);
        SiteProjection {
            scenario_requests_per_day: own,
            requests_per_day: wanted,
            volume_ratio,
            false_per_day: scaled(false_rate.value),
            false_per_day_low: scaled(false_rate.low),
            false_per_day_high: scaled(false_rate.high),
            rows: scale
                .into_iter()
                .map(|rate| row(rate, total, volume_ratio))
                .collect(),
        }
    }

    /// The row of the site's own rate of campaigns.
    ///
    /// # Panics
    /// Never: there is a row for each factor.
    #[must_use]
    pub fn own(&self) -> &ProjectionRow {
        &self.rows[FACTORS.len() / 2]
    }
}

fn row(campaigns_per_day: f64, total: &PooledRow, volume_ratio: Measure) -> ProjectionRow {
    let scaled = |rate: Measure| both(rate, volume_ratio, |rate, ratio| rate * ratio);
    let redundancy = total.redundancy.value().unwrap_or(1.0);
    let projected = |recall: Measure, false_rate: Measure| {
        let (recall, false_rate) = (recall.value()?, scaled(false_rate).value()?);
        Some(project(
            campaigns_per_day,
            recall,
            false_rate,
            redundancy,
            WANTED_PRECISION,
        ))
    };
    let (recall, false_rate) = (total.recall, total.false_per_day);
    let reason = recall.value.reason().or(false_rate.value.reason());
    let missing = Measure::undefined(reason.unwrap_or(Undefined::NoExposure));
    let point = projected(recall.value, false_rate.value);
    let low = projected(recall.low, false_rate.high);
    let high = projected(recall.high, false_rate.low);
    // Without a detection there is no true alert to count.
    let per_detection = total.alerts_per_detection.value().unwrap_or(0.0);
    let true_alerts = recall
        .value
        .map(|recall| campaigns_per_day * recall * per_detection);
    ProjectionRow {
        campaigns_per_day,
        precision: point.map_or(missing, |point| point.precision),
        precision_low: low.map_or(missing, |low| low.precision),
        precision_high: high.map_or(missing, |high| high.precision),
        incidents_per_day: point.map_or(missing, |point| point.incidents_per_day),
        alerts_per_day: both(
            scaled(total.false_alerts_per_day),
            true_alerts,
            |benign, attacks| benign + attacks,
        ),
        false_budget: point.map_or(missing, |point| point.false_budget),
    }
}

/// Combines two measures; undefined where one of them is, with the first one's reason first.
pub(crate) fn both(left: Measure, right: Measure, with: impl Fn(f64, f64) -> f64) -> Measure {
    match (left.value(), right.value()) {
        (Some(left), Some(right)) => Measure::number(with(left, right)),
        (None, _) => left,
        _ => right,
    }
}
