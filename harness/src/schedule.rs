//! What a schedule costs: the time that its grid adds, the alerts that it repeats, the campaigns
//! that it loses; one schedule, or many side by side.
//!
//! Overlapping periods look at the same rows again and again: an alert none of whose events is new
//! to its rule and key is a *duplicate*, counted apart from new incidents. A sweep runs all
//! schedules over one pass of the source, so that they see the same bytes.

use livefire_detector::{EngineOptions, RuleSet, Schedule, ScheduleChoice};
use livefire_labels::EventSource;
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::ids::EventId;
use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::score::report::PartSeconds;
use livefire_scorer::{Measure, ScoreError, ScoreOptions, ScoreReport};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::scoring::score_with_subjects;
use crate::worlds::{RunError, Settings, run_side_by_side};

mod axes;

pub use axes::{Axes, AxesError};

/// What one schedule does on a scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScheduleFigures {
    /// `ideal`, `sentinel` or frequency and period, as `5m/1h`.
    pub schedule: String,
    /// Campaigns caught.
    pub detected: u64,
    /// Campaigns in all.
    pub campaigns: u64,
    /// Their quotient.
    pub recall: Measure,
    /// Mean time to detect in seconds, each miss at τ.
    pub restricted_mean_time_to_detect: Measure,
    /// Mean time to detect in seconds over the `timed` campaigns only.
    pub mean_time_to_detect: Option<f64>,
    /// Its four parts, means over the same campaigns: they sum to it.
    pub parts: Option<PartSeconds>,
    /// Campaigns whose time to detect has parts: caught, neither early nor jointly.
    pub timed: u64,
    /// Emitted alerts in the scored interval that count in totals.
    pub alerts: u64,
    /// Those none of whose events was new to their rule and key.
    pub duplicates: u64,
    /// False incidents.
    pub false_incidents: u64,
    /// False incidents a day.
    pub false_per_day: Measure,
}

impl ScheduleFigures {
    /// The figures of a scored run; `alerts` are those that were scored.
    #[must_use]
    pub fn of(choice: ScheduleChoice, report: &ScoreReport, alerts: &[Alert]) -> Self {
        let (parts, timed) = mean_parts(report);
        let (alerts, duplicates) = duplicates(report, alerts);
        let headline = &report.headline;
        ScheduleFigures {
            schedule: choice.to_string(),
            detected: headline.detected,
            campaigns: headline.campaigns,
            recall: headline.ratios.recall,
            restricted_mean_time_to_detect: headline.restricted_mean_time_to_detect,
            mean_time_to_detect: parts
                .map(|p| p.accumulate + p.ingestion + p.schedule_wait + p.run),
            parts,
            timed,
            alerts,
            duplicates,
            false_incidents: headline.false_incidents,
            false_per_day: headline.false_per_day.rate,
        }
    }
}

/// Mean parts over the campaigns that have any, and how many these are.
fn mean_parts(report: &ScoreReport) -> (Option<PartSeconds>, u64) {
    let firsts = report.campaigns.iter().filter_map(|row| row.first.as_ref());
    let parts: Vec<PartSeconds> = firsts.filter_map(|first| first.parts).collect();
    let count = u64::try_from(parts.len()).unwrap_or(u64::MAX);
    if parts.is_empty() {
        return (None, 0);
    }
    let mean = |part: &dyn Fn(&PartSeconds) -> f64| {
        #[expect(clippy::cast_precision_loss, reason = "campaigns are few")]
        let count = count as f64;
        parts.iter().map(part).sum::<f64>() / count
    };
    let means = PartSeconds {
        accumulate: mean(&|part| part.accumulate),
        ingestion: mean(&|part| part.ingestion),
        schedule_wait: mean(&|part| part.schedule_wait),
        run: mean(&|part| part.run),
    };
    (Some(means), count)
}

/// Emitted alerts that count in totals, and how many of them hold no event that was new.
fn duplicates(report: &ScoreReport, alerts: &[Alert]) -> (u64, u64) {
    let evidence: FxHashMap<&str, &Alert> = alerts
        .iter()
        .map(|alert| (alert.id.as_str(), alert))
        .collect();
    let mut known: FxHashMap<(&str, Mode, &str), FxHashSet<EventId>> = FxHashMap::default();
    let (mut emitted, mut repeated) = (0, 0);
    let start = report.scored.start;
    let counted = report
        .alerts
        .iter()
        .filter(|row| row.in_totals && row.suppressed_by.is_none() && row.raised >= start);
    for row in counted {
        let Some(alert) = evidence.get(row.id.as_str()) else {
            continue;
        };
        let seen = known
            .entry((row.rule.as_str(), row.mode, row.key.as_str()))
            .or_default();
        let before = seen.len();
        seen.extend(alert.evidence.iter().map(|row| row.event));
        emitted += 1;
        repeated += u64::from(!alert.evidence.is_empty() && seen.len() == before);
    }
    (emitted, repeated)
}

/// Why a sweep ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The pass ended.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A rule broke its contract.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Runs a scenario's rules on each of several schedules, over one pass of its source.
///
/// The figures come in the order of `choices`; each is that of a run of its own.
///
/// # Errors
/// [`SweepError`].
pub fn sweep(
    source: &mut dyn EventSource,
    settings: Settings<'_>,
    choices: &[ScheduleChoice],
    options: &ScoreOptions,
    progress: &mut dyn FnMut(u64, EventTime),
) -> Result<Vec<ScheduleFigures>, SweepError> {
    let sets: Vec<RuleSet> = choices.iter().map(|_| settings.rules.clone()).collect();
    let (all, ranges) = RuleSet::side_by_side(&sets);
    let schedules: Vec<Vec<Option<Schedule>>> = choices
        .iter()
        .map(|choice| choice.of_forms(settings.rules))
        .collect();
    let engine = EngineOptions {
        schedules: schedules.concat(),
        ..settings.engine.clone()
    };
    let beside = Settings {
        rules: &all,
        engine: &engine,
        ..settings
    };
    let (result, own) = run_side_by_side(source, beside, &ranges, progress)?;
    let mut figures = Vec::new();
    for ((choice, schedules), own) in choices.iter().zip(schedules).zip(&own) {
        let engine = EngineOptions {
            schedules,
            ..settings.engine.clone()
        };
        let options = options.clone();
        let (rules, schema) = (settings.rules, settings.schema);
        let scored = score_with_subjects(&result, Some(own), rules, &engine, schema, options)?;
        figures.push(ScheduleFigures::of(*choice, &scored.report, &own.alerts));
    }
    Ok(figures)
}

/// A rule whose history is longer than its schedule's period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ShortPeriod {
    /// Rule with variant.
    pub rule: String,
    /// How far its logic looks back.
    pub looks_back: TimeSpan,
    /// How far a run lets it.
    pub period: TimeSpan,
}

/// The rules whose runs see less than their logic looks back over: these fire on what they have.
#[must_use]
pub fn short_periods(rules: &RuleSet, engine: &EngineOptions) -> Vec<ShortPeriod> {
    let mut short = Vec::new();
    for (index, form) in rules.forms() {
        let parameters = form.parameters();
        let spans = ["lookback", "window", "span"].into_iter();
        let longest = spans
            .filter(|name| parameters.spec(name).is_some())
            .filter_map(|name| parameters.optional_span(name))
            .max();
        if let (Some(schedule), Some(looks_back)) = (engine.schedule_of(index), longest)
            && schedule.period() < looks_back
        {
            short.push(ShortPeriod {
                rule: form.name().to_string(),
                looks_back,
                period: schedule.period(),
            });
        }
    }
    short
}
