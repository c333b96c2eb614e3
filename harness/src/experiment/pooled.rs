//! Pooled figures: sums over seeds, with intervals that know of the seeds.
//!
//! Which interval stands in the verdict is decided by the data's shape alone. The cluster
//! bootstrap, if there are at least [`FEWEST_CLUSTERS`] seeds and one of them holds several trials;
//! Wilson's (Poisson's for rates) otherwise, and where no resample differs from another: that all
//! seeds agree does not say that every seed would. Both are always written.

use std::collections::{BTreeMap, BTreeSet};

use livefire_schema::alert::Mode;
use livefire_scorer::operations::rates::{FalseRate, false_rate};
use livefire_scorer::survival::{Subject, Survival};
use livefire_scorer::uncertainty::bootstrap::{Bootstrap, SeedSums, cluster_bootstrap};
use livefire_scorer::uncertainty::intervals::{Interval, Proportion, wilson};
use livefire_scorer::{Measure, Undefined};
use serde::{Deserialize, Serialize};

use super::outcome::{FormOutcome, Observation, SeedOutcome};
use super::{ExperimentOptions, FEWEST_CLUSTERS};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How an interval was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Wilson's score interval over all trials.
    Wilson,
    /// The exact Poisson interval.
    Poisson,
    /// Resampling of seeds.
    ClusterBootstrap,
}

/// A figure with the interval that the verdict shows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Estimate {
    /// The pooled figure.
    pub value: Measure,
    /// Lower bound.
    pub low: Measure,
    /// Upper bound.
    pub high: Measure,
    /// Where the bounds come from.
    pub method: Method,
    /// Wilson's bounds (Poisson's for a rate): trials taken for independent.
    pub independent: Interval,
    /// The cluster bootstrap over seeds.
    pub bootstrap: Bootstrap,
}

/// One rule form, or all of them, over all seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PooledRow {
    /// Rule with its variant; `all rules` for the total.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Whether it enters the total.
    pub in_totals: bool,
    /// Campaigns that expect it; all of them for the total.
    pub expected: u64,
    /// Those that it caught.
    pub caught: u64,
    /// Missed campaigns whose log was too short to call them missed for ever.
    pub censored: u64,
    /// Campaigns that it credited, expected or not.
    pub credited: u64,
    /// Caught / expected.
    pub recall: Estimate,
    /// Credited / (credited + false incidents).
    pub precision: Estimate,
    /// True incidents / credited campaigns.
    pub redundancy: Measure,
    /// False incidents.
    pub false_incidents: u64,
    /// False incidents per day.
    pub false_per_day: Estimate,
    /// Alerts per day that are not true.
    pub false_alerts_per_day: Measure,
    /// True alerts / credited campaigns.
    pub alerts_per_detection: Measure,
    /// Restricted mean time to detect, in seconds (Kaplan–Meier).
    pub restricted_mean_time_to_detect: Measure,
    /// Median time to detect, in seconds.
    pub p50: Measure,
    /// 90th percentile of it.
    pub p90: Measure,
    /// Share detected within `options.within`.
    pub recall_within: Measure,
    /// Mean over the detected only: conditional, never gates.
    pub mean_detected: Measure,
    /// Steps of the estimate: (seconds, share still undetected from then on).
    pub survival: Vec<(f64, f64)>,
}

/// One attack kind over all seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PooledKind {
    /// Attack kind, or look-alike for traps.
    pub kind: String,
    /// Campaigns.
    pub campaigns: u64,
    /// Those detected by any rule of the total.
    pub detected: u64,
    /// Their quotient.
    pub recall: Estimate,
    /// Median time to detect, in seconds.
    pub p50: Measure,
}

/// One form in one seed, with the days that it watched.
type Part<'a> = (&'a FormOutcome, f64);

impl PooledRow {
    /// The row over all rules.
    #[must_use]
    pub fn of_total(outcomes: &[SeedOutcome], options: &ExperimentOptions) -> Self {
        let parts: Vec<Part<'_>> = outcomes
            .iter()
            .map(|outcome| (&outcome.total, outcome.scored_days))
            .collect();
        Self::of(super::outcome::ALL_RULES, Mode::Streaming, &parts, options)
    }

    /// The row of one rule form; seeds that did not run it are left out.
    #[must_use]
    pub fn of_form(
        rule: &str,
        mode: Mode,
        outcomes: &[SeedOutcome],
        options: &ExperimentOptions,
    ) -> Self {
        let parts: Vec<Part<'_>> = outcomes
            .iter()
            .filter_map(|outcome| {
                let mut rules = outcome.rules.iter();
                let found = rules.find(|form| form.rule == rule && form.mode == mode)?;
                Some((found, outcome.scored_days))
            })
            .collect();
        Self::of(rule, mode, &parts, options)
    }

    fn of(rule: &str, mode: Mode, parts: &[Part<'_>], options: &ExperimentOptions) -> Self {
        let sum = |part: fn(&FormOutcome) -> u64| -> u64 {
            parts.iter().map(|(form, _)| part(form)).sum()
        };
        let days: f64 = parts.iter().map(|(_, days)| days).sum();
        let ratio = |name: &str, of: fn(&FormOutcome) -> (u64, u64)| {
            let trials: Vec<(u64, u64)> = parts.iter().map(|(form, _)| of(form)).collect();
            share(&trials, options, &format!("{rule} {name}"))
        };
        let observations: Vec<Observation> = parts
            .iter()
            .flat_map(|(form, _)| form.times.iter().copied())
            .collect();
        let subjects: Vec<Subject> = observations.iter().map(|&time| time.into()).collect();
        let survival = Survival::of(&subjects);
        let detected = subjects.iter().filter_map(|subject| match subject {
            Subject::Detected(seconds) => Some(Measure::number(*seconds)),
            _ => None,
        });
        let credited = sum(|form| form.credited);
        let false_alerts = sum(|form| form.alerts) - sum(|form| form.true_alerts);
        PooledRow {
            rule: rule.to_owned(),
            mode,
            in_totals: parts.first().is_some_and(|(form, _)| form.in_totals),
            expected: sum(|form| form.expected),
            caught: sum(|form| form.caught),
            censored: observations
                .iter()
                .filter(|time| matches!(time, Observation::Censored(_)))
                .count() as u64,
            credited,
            recall: ratio("recall", |form| (form.caught, form.expected)),
            precision: ratio("precision", |form| {
                (form.credited, form.credited + form.false_incidents)
            }),
            redundancy: Measure::ratio(
                sum(|form| form.true_incidents),
                credited,
                Undefined::NoDetections,
            ),
            false_incidents: sum(|form| form.false_incidents),
            false_per_day: false_per_day(parts, days, options, rule),
            false_alerts_per_day: false_rate(false_alerts, days, 0.5, 1.0).rate,
            alerts_per_detection: Measure::ratio(
                sum(|form| form.true_alerts),
                credited,
                Undefined::NoDetections,
            ),
            restricted_mean_time_to_detect: survival.restricted_mean(options.tau.seconds_f64()),
            p50: survival.quantile(50),
            p90: survival.quantile(90),
            recall_within: survival.recall_at(options.within.seconds_f64()),
            mean_detected: Measure::mean(detected, Undefined::NoDetections),
            survival: survival.steps().to_vec(),
        }
    }
}

/// The rows of all rule forms, in the order of the first seed.
#[must_use]
pub(crate) fn rows(outcomes: &[SeedOutcome], options: &ExperimentOptions) -> Vec<PooledRow> {
    let mut seen = BTreeSet::new();
    let forms = outcomes.iter().flat_map(|outcome| &outcome.rules);
    forms
        .filter(|form| seen.insert((form.rule.clone(), form.mode)))
        .map(|form| PooledRow::of_form(&form.rule, form.mode, outcomes, options))
        .collect()
}

/// The rows of all attack kinds, by name.
#[must_use]
pub(crate) fn kinds(outcomes: &[SeedOutcome], options: &ExperimentOptions) -> Vec<PooledKind> {
    let mut kinds: BTreeMap<&str, Vec<Vec<Observation>>> = BTreeMap::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        for campaign in &outcome.campaigns {
            let of_kind = kinds.entry(&campaign.kind);
            let of_kind = of_kind.or_insert_with(|| vec![Vec::new(); outcomes.len()]);
            of_kind[number].push(campaign.time);
        }
    }
    let is_detected = |time: &&Observation| matches!(time, Observation::Detected(_));
    kinds
        .into_iter()
        .map(|(kind, seeds)| {
            let trials: Vec<(u64, u64)> = seeds
                .iter()
                .map(|times| {
                    let detected = times.iter().filter(is_detected).count();
                    (detected as u64, times.len() as u64)
                })
                .collect();
            let subjects: Vec<Subject> = seeds.iter().flatten().map(|&time| time.into()).collect();
            PooledKind {
                kind: kind.to_owned(),
                campaigns: trials.iter().map(|trial| trial.1).sum(),
                detected: trials.iter().map(|trial| trial.0).sum(),
                recall: share(&trials, options, &format!("{kind} kind")),
                p50: Survival::of(&subjects).quantile(50),
            }
        })
        .collect()
}

/// A share of trials, given as (successes, trials) by seed.
#[must_use]
pub fn share(trials: &[(u64, u64)], options: &ExperimentOptions, stream: &str) -> Estimate {
    let sums: Vec<SeedSums> = trials
        .iter()
        .map(|&(successes, trials)| SeedSums {
            numerator: i64::try_from(successes).unwrap_or(i64::MAX),
            denominator: trials,
        })
        .collect();
    let pooled = Proportion {
        successes: trials.iter().map(|trial| trial.0).sum(),
        trials: trials.iter().map(|trial| trial.1).sum(),
    };
    let independent = wilson(pooled, options.confidence());
    let bootstrap = cluster_bootstrap(&sums, options.confidence_percent, stream);
    let is_clustered = trials.iter().any(|trial| trial.1 > 1);
    let value = Measure::ratio(pooled.successes, pooled.trials, Undefined::NoCampaigns);
    choose(value, independent, Method::Wilson, bootstrap, {
        is_clustered && trials.len() >= FEWEST_CLUSTERS
    })
}

fn false_per_day(
    parts: &[Part<'_>],
    days: f64,
    options: &ExperimentOptions,
    rule: &str,
) -> Estimate {
    let sums: Vec<SeedSums> = parts
        .iter()
        .map(|(form, days)| SeedSums {
            numerator: i64::try_from(form.false_incidents).unwrap_or(i64::MAX),
            denominator: whole_seconds(*days),
        })
        .collect();
    let count = parts.iter().map(|(form, _)| form.false_incidents).sum();
    let rate: FalseRate = false_rate(count, days, options.confidence(), 1.0);
    let stream = format!("{rule} false per day");
    let by_second = cluster_bootstrap(&sums, options.confidence_percent, &stream);
    let bootstrap = Bootstrap {
        point: by_second.point.map(|rate| rate * DAY),
        low: by_second.low.map(|rate| rate * DAY),
        high: by_second.high.map(|rate| rate * DAY),
        ..by_second
    };
    let independent = Interval {
        low: rate.low,
        high: rate.high,
    };
    let is_enough = parts.len() >= FEWEST_CLUSTERS;
    choose(
        rate.rate,
        independent,
        Method::Poisson,
        bootstrap,
        is_enough,
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "days of a log are few and not negative"
)]
fn whole_seconds(days: f64) -> u64 {
    (days * DAY).round().max(0.0) as u64
}

fn choose(
    value: Measure,
    independent: Interval,
    otherwise: Method,
    bootstrap: Bootstrap,
    is_enough: bool,
) -> Estimate {
    let has_width = bootstrap.low < bootstrap.high;
    let (method, low, high) = if is_enough && has_width {
        (Method::ClusterBootstrap, bootstrap.low, bootstrap.high)
    } else {
        (otherwise, independent.low, independent.high)
    };
    Estimate {
        value,
        low,
        high,
        method,
        independent,
        bootstrap,
    }
}
