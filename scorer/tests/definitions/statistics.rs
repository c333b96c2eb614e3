//! Properties 13–16 and 18: intervals, tests, gates, queues, audit.

use livefire_scorer::evaluator::leak;
use livefire_scorer::evaluator::mutation::{Mutant, mutation_score};
use livefire_scorer::operations::queue::{self, Job};
use livefire_scorer::operations::rates::false_rate;
use livefire_scorer::uncertainty::bootstrap::{SeedSums, cluster_bootstrap};
use livefire_scorer::uncertainty::gates::{
    Decision, ErrorRates, fixed_gate, floor_gate, interval_gate, sequential_gate,
};
use livefire_scorer::uncertainty::intervals::{Interval, Proportion, wilson};
use livefire_scorer::uncertainty::paired::mcnemar;
use livefire_scorer::uncertainty::sample_size;
use livefire_scorer::{Measure, Undefined};
use proptest::prelude::*;

fn bounds(interval: Interval) -> (f64, f64) {
    let value = |measure: Measure| measure.value().expect("defined");
    (value(interval.low), value(interval.high))
}

fn seeds(drawn: &[(i64, u64)]) -> Vec<SeedSums> {
    drawn
        .iter()
        .map(|&(numerator, extra)| SeedSums {
            numerator,
            denominator: numerator.unsigned_abs() + extra,
        })
        .collect()
}

proptest! {
    #[test]
    fn p13_wilson_contains_the_share_and_mirrors(
        trials in 1..500u64, share in 0.0..=1.0f64, confidence in 0.5..0.999f64,
    ) {
        let successes = (0..=trials).find(|&x| x as f64 >= share * trials as f64).expect("found");
        let (low, high) = bounds(wilson(Proportion { successes, trials }, confidence));
        let point = successes as f64 / trials as f64;
        prop_assert!(0.0 <= low && low <= point && point <= high && high <= 1.0);
        let failures = trials - successes;
        let mirrored = bounds(wilson(Proportion { successes: failures, trials }, confidence));
        prop_assert!((mirrored.0 - (1.0 - high)).abs() < 1e-12);
        prop_assert!((mirrored.1 - (1.0 - low)).abs() < 1e-12);
    }

    #[test]
    fn p13_mcnemar_is_symmetric_and_equals_the_binomial_sum(lost in 0..30u64, gained in 0..30u64) {
        let (got, swapped) = (mcnemar(lost, gained), mcnemar(gained, lost));
        prop_assert!((got.two_sided - swapped.two_sided).abs() < 1e-12);
        prop_assert!((got.regression - swapped.improvement).abs() < 1e-12);
        let pairs = lost + gained;
        let mut term = 0.5f64.powi(i32::try_from(pairs).expect("small"));
        let mut upper = 0.0;
        for hits in 0..=pairs {
            if hits >= lost {
                upper += term;
            }
            term *= (pairs - hits) as f64 / (hits + 1) as f64;
        }
        prop_assert!((got.regression - upper).abs() < 1e-12);
    }

    #[test]
    fn p14_the_bootstrap_stays_between_the_seeds(
        drawn in proptest::collection::vec((0..9i64, 1..9u64), 2..9), copies in 2..9usize,
    ) {
        let seeds = seeds(&drawn);
        let ratios: Vec<f64> = seeds.iter()
            .map(|seed| seed.numerator as f64 / seed.denominator as f64).collect();
        let got = cluster_bootstrap(&seeds, 95, "test");
        let (low, high) = (got.low.value().expect("defined"), got.high.value().expect("defined"));
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        prop_assert!(least - 1e-12 <= low && low <= high && high <= most + 1e-12);
        let same = cluster_bootstrap(&vec![seeds[0]; copies], 95, "test");
        prop_assert_eq!(same.low, same.high);
        prop_assert_eq!(cluster_bootstrap(&seeds, 95, "test"), got);
    }

    #[test]
    fn p15_no_prefix_of_a_decided_sequence_decides_otherwise(
        outcomes in proptest::collection::vec(any::<bool>(), 0..80),
        bad in 0.1..0.6f64, better in 0.05..0.3f64,
    ) {
        let rates = ErrorRates { alpha: 0.05, beta: 0.1 };
        let run = |outcomes: &[bool]| {
            sequential_gate(bad, bad + better, rates, 1000, outcomes.iter().copied()).expect("is a test")
        };
        let whole = run(&outcomes);
        for length in 0..=outcomes.len() {
            let part = run(&outcomes[..length]);
            if part.decision == Decision::Inconclusive {
                prop_assert!(whole.decision == Decision::Inconclusive || (length as u64) < whole.used);
            } else {
                prop_assert_eq!(part, whole);
            }
        }
    }

    #[test]
    fn p16_waits_fall_with_analysts_and_starts_are_ordered_and_open(
        arrivals in 0.1..9.0f64, handled in 0.5..3.0f64, analysts in 1..8u32,
        jobs in proptest::collection::vec((0..500u32, 1..90u32), 0..12),
        hours in proptest::collection::vec((0..600u32, 1..200u32), 0..5),
    ) {
        let (few, many) = (queue::mmc(arrivals, handled, analysts), queue::mmc(arrivals, handled, analysts + 1));
        prop_assert!((0.0..=1.0).contains(&few.p_wait));
        prop_assert!(many.mean_wait <= few.mean_wait && many.p90_wait <= few.p90_wait);
        let mut jobs: Vec<Job> = jobs.iter()
            .map(|&(arrival, handling)| Job { arrival: arrival.into(), handling: handling.into() }).collect();
        jobs.sort_by(|left, right| left.arrival.total_cmp(&right.arrival));
        let open: Vec<(f64, f64)> = hours.iter().map(|&(start, span)| (start.into(), (start + span).into())).collect();
        let starts: Vec<f64> = queue::fifo(&jobs, analysts as usize, &open).starts.iter()
            .map(|start| start.value().expect("defined")).collect();
        prop_assert!(starts.is_sorted());
        for (job, &start) in jobs.iter().zip(&starts) {
            prop_assert!(start >= job.arrival);
            let is_open = open.iter().any(|&(from, to)| from <= start && start < to);
            prop_assert!(start.is_infinite() || is_open);
        }
    }

    #[test]
    fn p18_the_audit_knows_only_ranks_and_classes_mirror(
        attack in proptest::collection::vec(0..50u32, 1..20),
        benign in proptest::collection::vec(0..50u32, 1..20),
    ) {
        let values = |drawn: &[u32], map: fn(f64) -> f64| -> Vec<f64> {
            drawn.iter().map(|&value| map(f64::from(value))).collect()
        };
        let of = |map| leak::audit(&values(&attack, map), &values(&benign, map), 5, 0.01);
        let plain = of(|value| value);
        prop_assert_eq!(of(|value| value * value * value - 7.0), plain);
        let swapped = leak::audit(&values(&benign, |v| v), &values(&attack, |v| v), 5, 0.01);
        let sum = plain.auc.value().expect("defined") + swapped.auc.value().expect("defined");
        prop_assert!((sum - 1.0).abs() < 1e-12);
        let (p, other) = (plain.p.value().expect("defined"), swapped.p.value().expect("defined"));
        prop_assert!((p - other).abs() < 1e-9);
    }

    #[test]
    fn p18_a_mutation_score_is_a_share(
        original in proptest::collection::vec((0..2u64, 0..2u64), 1..3),
        mutants in proptest::collection::vec((any::<bool>(), 0..2u64, 0..2u64), 0..8),
    ) {
        let mutants: Vec<Mutant> = mutants.iter().enumerate().map(|(index, &(is_equivalent, d, f))| Mutant {
            id: index.to_string(), is_equivalent, results: vec![(d, f); original.len()],
        }).collect();
        let got = mutation_score(&original, &mutants);
        prop_assert!(got.score.value().is_none_or(|score| (0.0..=1.0).contains(&score)));
    }

    #[test]
    fn exact_poisson_bounds_hold_their_tails(count in 1..200u64, days in 1..100u32) {
        let days = f64::from(days);
        let got = false_rate(count, days, 0.9, 1.0);
        let tail = |rate: f64, least: u64| {
            // P(X < least) by summation
            let mean = rate * days;
            let mut term = (-mean).exp();
            let mut below = 0.0;
            for hits in 0..least {
                below += term;
                term *= mean / (hits + 1) as f64;
            }
            below
        };
        let (low, high) = (got.low.value().expect("defined"), got.high.value().expect("defined"));
        prop_assert!((1.0 - tail(low, count) - 0.05).abs() < 1e-9);
        prop_assert!((tail(high, count + 1) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn sample_sizes_are_the_least_that_do(recall in 0.5..0.995f64, alpha in 0.001..0.2f64) {
        let n = sample_size::zero_failure(recall, alpha).expect("some n does");
        let miss = |n: u64| recall.powf(n as f64);
        prop_assert!(miss(n) <= alpha * (1.0 + 1e-12) && (n == 1 || miss(n - 1) > alpha * (1.0 - 1e-12)));
    }
}

#[test]
fn p15_undefined_never_passes_a_gate_and_never_fails_one() {
    let undefined = Measure::undefined(Undefined::NoCampaigns);
    assert_eq!(floor_gate(undefined, 0.0), Decision::Inconclusive);
    let half = Interval {
        low: Measure::number(0.9),
        high: undefined,
    };
    assert_eq!(interval_gate(half, 0.5).decision, Decision::Inconclusive);
    let none = Proportion {
        successes: 0,
        trials: 0,
    };
    assert_eq!(
        fixed_gate(none, 0.0, 0.95).reason,
        Some(Undefined::NoTrials)
    );
}

#[test]
fn parameters_that_define_no_test_are_refused() {
    let rates = ErrorRates {
        alpha: 0.05,
        beta: 0.1,
    };
    assert!(sequential_gate(0.9, 0.8, rates, 10, []).is_err());
    let wide = ErrorRates {
        alpha: 0.5,
        beta: 0.5,
    };
    assert!(sequential_gate(0.8, 0.9, wide, 10, []).is_err());
    assert_eq!(sample_size::wilson_half_width(0.5, 0.0, 0.95), None);
    assert_eq!(sample_size::zero_failure(1.0, 0.05), None);
}
