//! Pooling, intervals with their coverage, projection and load, on outcomes made by hand.

use std::sync::atomic::{AtomicUsize, Ordering};

use livefire_schema::alert::Mode;
use livefire_scorer::{Measure, Undefined};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::outcome::CampaignOutcome;
use super::pooled::share;
use super::*;

fn form(rule: &str, times: &[Observation], false_incidents: u64) -> FormOutcome {
    let is_caught = |time: &&Observation| matches!(time, Observation::Detected(_));
    let caught = times.iter().filter(is_caught).count() as u64;
    FormOutcome {
        rule: rule.to_owned(),
        mode: Mode::Streaming,
        in_totals: true,
        expected: times.len() as u64,
        caught,
        credited: caught,
        alerts: caught * 2 + false_incidents,
        true_alerts: caught * 2,
        true_incidents: caught,
        false_incidents,
        times: times.to_vec(),
    }
}

/// A seed of two scored days and 1,000 requests a day.
fn outcome(seed: u64, times: &[Observation], false_incidents: u64) -> SeedOutcome {
    let mut false_by_hour = vec![0; 24];
    false_by_hour[9] = false_incidents;
    SeedOutcome {
        seed,
        rows: 5000,
        requests: 2000,
        reported_requests: 40,
        scored_days: 2.0,
        total: form("all rules", times, false_incidents),
        rules: vec![form("R2", times, false_incidents)],
        campaigns: times
            .iter()
            .enumerate()
            .map(|(number, &time)| CampaignOutcome {
                id: format!("violation-{number}"),
                kind: "content_violation".to_owned(),
                time,
                credited_rules: Vec::new(),
            })
            .collect(),
        false_by_hour,
    }
}

const SOON: Observation = Observation::Detected(300.0);
const LATE: Observation = Observation::Detected(4000.0);
const NEVER: Observation = Observation::Never;

fn experiment(outcomes: Vec<SeedOutcome>) -> Experiment {
    Experiment::of("made", outcomes, ExperimentOptions::default())
}

#[test]
fn figures_are_sums_over_seeds() {
    let pooled = experiment(vec![
        outcome(1, &[SOON, LATE], 3),
        outcome(2, &[SOON, NEVER], 1),
        outcome(3, &[], 0),
    ]);
    assert_eq!((pooled.total.caught, pooled.total.expected), (3, 4));
    assert_eq!(pooled.total.recall.value, Measure::number(0.75));
    assert_eq!(pooled.total.precision.value, Measure::number(3.0 / 7.0));
    assert_eq!(pooled.total.false_per_day.value, Measure::number(4.0 / 6.0));
    assert_eq!(pooled.total.recall_within, Measure::number(0.5));
    assert_eq!(pooled.total.p50, Measure::number(300.0));
    assert_eq!(pooled.total.p90, Measure::INFINITE);
    let restricted = (300.0 + 300.0 + 4000.0 + 86_400.0) / 4.0;
    assert_eq!(
        pooled.total.restricted_mean_time_to_detect,
        Measure::number(restricted)
    );
    assert_eq!(pooled.detection_rate, Measure::number(120.0 / 6000.0));
    assert_eq!(pooled.rules[0].caught, 3);
    assert_eq!(pooled.attacks[0].detected, 3);
    assert_eq!(pooled.inconclusive, Vec::<String>::new());
}

#[track_caller]
fn does_not_decide(outcomes: Vec<SeedOutcome>, code: &str) {
    let pooled = experiment(outcomes);
    assert!(
        pooled.inconclusive.iter().any(|why| why.starts_with(code)),
        "{:?}",
        pooled.inconclusive
    );
}

#[test]
fn what_cannot_be_said_is_named() {
    does_not_decide(vec![outcome(1, &[SOON], 0)], "one_seed");
    does_not_decide(vec![outcome(1, &[], 0), outcome(2, &[], 1)], "no_campaigns");
    let unscored = |seed| SeedOutcome {
        scored_days: 0.0,
        requests: 0,
        ..outcome(seed, &[], 0)
    };
    does_not_decide(vec![unscored(1), unscored(2)], "no_exposure");
    let nothing = experiment(vec![unscored(1), unscored(2)]);
    assert!(nothing.targets.iter().all(|target| target.met.is_none()));
    let reason = Some(Undefined::NoExposure);
    let incidents = nothing.projection.own().incidents_per_day;
    assert!(incidents.reason().is_some());
    assert_eq!(nothing.projection.volume_ratio.reason(), reason);
}

#[test]
fn one_seed_has_no_bootstrap_and_ten_clustered_ones_show_it() {
    let single = experiment(vec![outcome(1, &[SOON, NEVER], 2)]);
    assert_eq!(single.total.recall.method, Method::Wilson);
    let reason = single.total.recall.bootstrap.low.reason();
    assert_eq!(reason, Some(Undefined::OneSeed));
    let seeds =
        (1..=10).map(|seed| outcome(seed, &[SOON, if seed < 6 { LATE } else { NEVER }], seed % 3));
    let many = experiment(seeds.collect());
    assert_eq!(many.total.recall.method, Method::ClusterBootstrap);
    assert_eq!(many.total.false_per_day.method, Method::ClusterBootstrap);
    let all = experiment(
        (1..=10)
            .map(|seed| outcome(seed, &[SOON, SOON], 0))
            .collect(),
    );
    assert_eq!(
        all.total.recall.method,
        Method::Wilson,
        "no width is no certainty"
    );
    assert!(all.total.recall.low < Measure::number(1.0));
    assert_eq!(all.total.false_per_day.method, Method::Poisson);
    assert!(all.total.false_per_day.high > Measure::ZERO);
}

/// A number in [0, 1).
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// How often the shown interval and Wilson's hold the true recall of 0.7, over experiments of 20
/// seeds with six campaigns each; `spread` is how much a seed's own recall lies off it.
fn coverage(spread: f64, rounds: u64) -> (f64, f64) {
    let options = ExperimentOptions::default();
    let held: Vec<(bool, bool)> = (0..rounds)
        .into_par_iter()
        .map(|round| {
            let mut random = ChaCha8Rng::seed_from_u64(round);
            let seeds: Vec<(u64, u64)> = (0..20)
                .map(|_| {
                    let up = uniform(&mut random) < 0.5;
                    let own = if up { 0.7 + spread } else { 0.7 - spread };
                    let caught = (0..6).filter(|_| uniform(&mut random) < own).count();
                    (caught as u64, 6)
                })
                .collect();
            let estimate = share(&seeds, &options, &format!("coverage {round}"));
            assert_eq!(estimate.method, Method::ClusterBootstrap);
            let holds = |low: Measure, high: Measure| {
                low <= Measure::number(0.7) && Measure::number(0.7) <= high
            };
            (
                holds(estimate.low, estimate.high),
                holds(estimate.independent.low, estimate.independent.high),
            )
        })
        .collect();
    let part = |of: fn(&(bool, bool)) -> bool| {
        held.iter().filter(|one| of(one)).count() as f64 / rounds as f64
    };
    (part(|one| one.0), part(|one| one.1))
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let (shown, independent) = coverage(0.0, 300);
    assert!((0.90..=0.985).contains(&shown), "{shown}");
    assert!((0.92..=0.985).contains(&independent), "{independent}");
}

#[test]
fn seeds_that_differ_are_covered_by_the_bootstrap_and_not_by_wilson() {
    let (shown, independent) = coverage(0.28, 300);
    assert!((0.89..=0.985).contains(&shown), "{shown}");
    assert!(independent < 0.88, "{independent}");
}

#[test]
fn the_rate_of_false_incidents_is_held_at_least_as_often_as_said() {
    let mut held = 0;
    let rounds = 1000;
    for round in 0..rounds {
        let mut random = ChaCha8Rng::seed_from_u64(round);
        // Two seeds of two days at one a day: a Poisson count by its exponential gaps.
        let seeds: Vec<SeedOutcome> = (0..2)
            .map(|seed| {
                let (mut at, mut count) = (0.0, 0);
                loop {
                    at -= libm::log(1.0 - uniform(&mut random));
                    if at > 2.0 {
                        break outcome(seed, &[], count);
                    }
                    count += 1;
                }
            })
            .collect();
        let rate = PooledRow::of_total(&seeds, &ExperimentOptions::default()).false_per_day;
        let truth = Measure::number(1.0);
        held += u64::from(rate.low <= truth && truth <= rate.high);
    }
    let share = held as f64 / rounds as f64;
    assert!((0.945..=1.0).contains(&share), "{share}");
}

#[test]
fn results_come_in_the_order_of_seeds_and_no_more_runs_than_threads_are_open() {
    let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let seeds: Vec<u64> = (0..12).collect();
    let done = over_seeds(&seeds, 3, |seed| {
        let now = open.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        // Work that waits for other threads, as a run does.
        let sum: u64 = (0..20_000_u64).into_par_iter().map(|n| n ^ seed).sum();
        open.fetch_sub(1, Ordering::SeqCst);
        if seed > 100 { Err(sum) } else { Ok(seed) }
    });
    assert_eq!(done, Ok(seeds));
    assert!(most.load(Ordering::SeqCst) <= 3);
    let failed = over_seeds(
        &[1, 2, 3],
        2,
        |seed| if seed > 1 { Err(seed) } else { Ok(()) },
    );
    assert_eq!(failed, Err(2), "the first in order");
}

#[test]
fn shifts_are_hours_by_days() {
    assert_eq!("8x5".parse(), Ok(Shifts::OFFICE));
    assert_eq!(Shifts::OFFICE.week()[4], (104.0, 112.0));
    let always: Shifts = "24x7".parse().expect("is a shift");
    assert_eq!(always.week()[6], (144.0, 168.0));
    assert_eq!(
        "20x1".parse::<Shifts>().map(Shifts::week),
        Ok(vec![(4.0, 24.0)])
    );
    for text in ["25x5", "8x8", "0x5", "8", "x"] {
        assert!(text.parse::<Shifts>().is_err(), "{text}");
    }
}

/// The load of one seed with `false_incidents` in two days, at a site `ratio` times as busy.
fn load(false_incidents: u64, ratio: f64, shifts: &str) -> AnalystLoad {
    let options = ExperimentOptions {
        site: Site {
            requests_per_day: Some(1000.0 * ratio),
            ..Site::default()
        },
        staffing: Staffing {
            shifts: shifts.parse().expect("is a shift"),
            ..Staffing::default()
        },
        ..ExperimentOptions::default()
    };
    Experiment::of("made", vec![outcome(1, &[SOON], false_incidents)], options).load
}

#[track_caller]
fn is_near(measure: Measure, wanted: f64, tolerance: f64) {
    let value = measure.finite().expect("is finite");
    assert!(
        (value - wanted).abs() <= tolerance,
        "{value} is not {wanted}"
    );
}

#[test]
fn an_idle_queue_waits_for_opening_hours_alone() {
    let idle = load(0, 1.0, "8x5");
    is_near(idle.mean_wait, 15.24 * 3600.0, 900.0);
    is_near(
        idle.mean_time_to_respond,
        15.24 * 3600.0 + 300.0 + 1800.0,
        900.0,
    );
    is_near(idle.hours_alone.mean_wait, 15.238, 0.001);
    let always = load(0, 1.0, "24x7");
    is_near(always.mean_wait, 0.0, 60.0);
}

#[test]
fn a_busy_queue_around_the_clock_waits_as_erlang_says() {
    // Uniform over the day, as the closed form assumes: 80 a day of half an hour for two analysts.
    let mut seed = outcome(1, &[SOON], 160);
    seed.false_by_hour = vec![7; 24];
    let options = ExperimentOptions {
        staffing: Staffing {
            shifts: "24x7".parse().expect("is a shift"),
            ..Staffing::default()
        },
        ..ExperimentOptions::default()
    };
    let busy = Experiment::of("made", vec![seed], options).load;
    let closed = busy.queue_alone.expect("is finite").mean_wait;
    // Handling is constant here, exponential there: waits are about half as long.
    let half = closed.finite().expect("is stable") * 3600.0 / 2.0;
    is_near(busy.mean_wait, half, half * 0.3);
}

#[test]
fn more_work_than_the_shifts_can_do_never_ends() {
    let drowned = load(40, 10.0, "8x5");
    assert_eq!(drowned.mean_wait, Measure::INFINITE);
    assert_eq!(drowned.mean_time_to_respond, Measure::INFINITE);
    assert!(drowned.utilization > Measure::number(1.0));
    is_near(
        drowned.restricted_mean_time_to_respond,
        7.0 * 86_400.0,
        1e-6,
    );
}

#[test]
fn precision_at_a_site_falls_with_rarer_campaigns_and_busier_traffic() {
    let site = |requests: f64, campaigns: f64| {
        let options = ExperimentOptions {
            site: Site {
                requests_per_day: Some(requests),
                campaigns_per_day: campaigns,
            },
            ..ExperimentOptions::default()
        };
        let seeds = vec![outcome(1, &[SOON], 2), outcome(2, &[NEVER], 2)];
        Experiment::of("made", seeds, options).projection
    };
    let own = site(1000.0, 1.0);
    // λ_c R / (λ_c R + λ_F) = 0.5 / (0.5 + 1)
    assert_eq!(own.own().precision, Measure::number(0.5 / 1.5));
    assert_eq!(own.volume_ratio, Measure::number(1.0));
    assert_eq!(own.own().alerts_per_day, Measure::number(1.0 + 0.5 * 2.0));
    assert!(own.rows[0].precision < own.own().precision);
    assert!(own.own().precision_low < own.own().precision);
    assert!(own.own().precision < own.own().precision_high);
    let busy = site(10_000.0, 1.0);
    assert_eq!(busy.false_per_day, Measure::number(10.0));
    assert!(busy.own().precision < own.own().precision);
}
