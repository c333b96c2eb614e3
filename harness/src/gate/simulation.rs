//! The gate's error rates by simulation: how often it blocks an equal candidate, and a worse one.

use livefire_schema::ids::hash_bytes;
use livefire_scorer::uncertainty::gates::Decision;

use super::pairing::SeedPair;
use super::tests::seed;
use super::{GateOptions, GateReport, compare};

const EXPERIMENTS: u32 = 400;
const SEEDS: u32 = 20;
const CAMPAIGNS: u32 = 6;

/// A number in [0, 1) that depends on the name alone.
fn uniform(name: &str) -> f64 {
    (hash_bytes(name.as_bytes()) >> 11) as f64 / (1u64 << 53) as f64
}

/// A seed whose campaigns are lost and gained with chances that all of them share: `swing` moves
/// them by seed, as shared benign traffic does.
fn simulated(name: &str, lost: f64, gained: f64, swing: f64) -> SeedPair {
    let tilt = if uniform(&format!("{name}/tilt")) < 0.5 {
        swing
    } else {
        -swing
    };
    let (mut losses, mut gains) = (0, 0);
    for campaign in 0..CAMPAIGNS {
        let draw = uniform(&format!("{name}/{campaign}"));
        let loss = (lost + tilt).max(0.0);
        if draw < loss {
            losses += 1;
        } else if draw < loss + (gained - tilt).max(0.0) {
            gains += 1;
        }
    }
    let falses = |side: &str| {
        let draws = 0..10;
        let hits = draws.filter(|draw| uniform(&format!("{name}/{side}/{draw}")) < 0.3);
        hits.count() as u64
    };
    seed(
        u64::from(CAMPAIGNS),
        losses,
        gains,
        (falses("before"), falses("after")),
    )
}

/// Share of experiments that end in a decision.
fn share(decision: Decision, lost: f64, gained: f64, swing: f64) -> f64 {
    let ends = (0..EXPERIMENTS).filter(|experiment| {
        let seeds = (0..SEEDS)
            .map(|number| simulated(&format!("{experiment}/{number}"), lost, gained, swing));
        let compared = compare(seeds.collect(), GateOptions::default());
        GateReport::of("simulated", Some(compared), Vec::new(), Vec::new()).decision == decision
    });
    ends.count() as f64 / f64::from(EXPERIMENTS)
}

#[test]
fn an_equal_candidate_is_seldom_blocked() {
    let alarms = share(Decision::Fail, 0.1, 0.1, 0.0);
    assert!(alarms <= 0.07, "independent campaigns: {alarms}");
    let alarms = share(Decision::Fail, 0.1, 0.1, 0.1);
    assert!(alarms <= 0.07, "campaigns of a seed together: {alarms}");
}

#[test]
fn a_worse_candidate_is_blocked_and_a_worse_one_does_not_pass() {
    let power = share(Decision::Fail, 0.2, 0.05, 0.0);
    assert!(power >= 0.9, "15 points of recall less: {power}");
    let passed = share(Decision::Pass, 0.2, 0.05, 0.0);
    assert!(passed <= 0.05, "15 points of recall less: {passed}");
}

#[test]
fn a_candidate_without_losses_passes() {
    assert!(share(Decision::Pass, 0.0, 0.05, 0.0) >= 0.9);
}
