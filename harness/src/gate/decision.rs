//! From pairs to decisions: campaigns lost and gained, and false incidents more and fewer.
//!
//! FAIL needs evidence against the candidate, PASS needs evidence for it, and what lies between
//! stays INCONCLUSIVE with the reason. Campaigns of one seed share their benign traffic: where
//! there are enough seeds for it, whole seeds must speak against the candidate too, by the exact
//! test that turns the sign of each seed's difference; with one campaign a seed it is `McNemar`'s.

use std::collections::BTreeMap;

use livefire_scorer::operations::rates::false_rate;
use livefire_scorer::uncertainty::bootstrap::{Bootstrap, paired_bootstrap};
use livefire_scorer::uncertainty::gates::Decision;
use livefire_scorer::uncertainty::intervals::{Proportion, wilson};
use livefire_scorer::uncertainty::paired::{McNemar, mcnemar};
use livefire_scorer::uncertainty::sample_size::zero_failure;
use livefire_scorer::{Measure, Undefined};
use serde::Serialize;

use super::pairing::{RulePair, SeedPair};

/// Fewest seeds at which resampling them says anything. EVALUATION.md §7.
const FEWEST_CLUSTERS: usize = 10;

/// What a gate allows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct GateOptions {
    /// Chance of a FAIL for a candidate that is as good as the baseline.
    pub alpha: f64,
    /// Recall that may be lost, as a share of all campaigns.
    pub margin: f64,
    /// False incidents a day that may be added.
    pub more_false_per_day: f64,
    /// Campaigns that may be lost: counts instead of statistics, for a fixed corpus.
    pub most_lost: Option<u64>,
}

impl Default for GateOptions {
    fn default() -> Self {
        GateOptions {
            alpha: 0.05,
            margin: 0.1,
            more_false_per_day: 0.5,
            most_lost: None,
        }
    }
}

/// One gate's decision.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Verdict {
    /// `recall` or `false_incidents`.
    pub gate: &'static str,
    /// The decision.
    pub decision: Decision,
    /// Why, in one sentence.
    pub why: String,
    /// Why it cannot decide, where something is undefined.
    pub reason: Option<Undefined>,
}

/// A candidate against its baseline over all seeds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// Options used.
    pub options: GateOptions,
    /// One decision per gate.
    pub verdicts: Vec<Verdict>,
    /// Campaigns.
    pub campaigns: u64,
    /// Caught by the baseline.
    pub baseline: u64,
    /// Caught by the candidate.
    pub candidate: u64,
    /// Caught by the baseline only.
    pub lost: u64,
    /// Caught by the candidate only.
    pub gained: u64,
    /// The exact paired test, campaigns as trials.
    pub mcnemar: McNemar,
    /// Chance of such a loss if the sign of each seed's difference were a coin's; nothing for one seed.
    pub by_seed: Option<f64>,
    /// Difference of recall, with its interval from resampling seeds.
    pub recall_difference: Bootstrap,
    /// False incidents of the baseline.
    pub false_baseline: u64,
    /// False incidents of the candidate.
    pub false_candidate: u64,
    /// Candidate minus baseline, per day.
    pub false_per_day_difference: Measure,
    /// Candidate minus baseline of the restricted mean time to detect, in seconds.
    pub restricted_mean_difference: Measure,
    /// Scored days in all.
    pub days: f64,
    /// Whether both sides raised the same alerts on every seed.
    pub identical: bool,
    /// Rule forms that differ, over all seeds.
    pub rules: Vec<RulePair>,
    /// What each seed gave.
    pub seeds: Vec<SeedPair>,
}

/// Sums over all pairs.
struct Sums {
    campaigns: u64,
    baseline: u64,
    candidate: u64,
    lost: u64,
    gained: u64,
    more: u64,
    fewer: u64,
    days: f64,
}

/// Decides over all pairs.
#[must_use]
pub fn compare(seeds: Vec<SeedPair>, options: GateOptions) -> Comparison {
    let sum = |part: &dyn Fn(&SeedPair) -> u64| seeds.iter().map(part).sum::<u64>();
    let changes = false_changes(&seeds);
    let sums = Sums {
        campaigns: sum(&|pair| pair.campaigns),
        baseline: sum(&|pair| pair.baseline),
        candidate: sum(&|pair| pair.candidate),
        lost: sum(&|pair| pair.lost.len() as u64),
        gained: sum(&|pair| pair.gained.len() as u64),
        more: changes.iter().map(|&change| positive(change)).sum(),
        fewer: changes.iter().map(|&change| positive(-change)).sum(),
        days: seeds.iter().map(|pair| pair.days).sum(),
    };
    let triples: Vec<(u64, u64, u64)> = seeds
        .iter()
        .map(|pair| (pair.baseline, pair.candidate, pair.campaigns))
        .collect();
    let difference = paired_bootstrap(&triples, 95, "gate.recall");
    let identical = !seeds.is_empty() && seeds.iter().all(|pair| pair.identical);
    let losses: Vec<i64> = seeds
        .iter()
        .map(|pair| signed(pair.lost.len()) - signed(pair.gained.len()))
        .collect();
    let restricted = |side: fn(&(f64, f64)) -> f64| {
        let seconds = seeds.iter().map(|pair| side(&pair.restricted_seconds));
        seconds.sum::<f64>()
    };
    let slower = restricted(|both| both.1) - restricted(|both| both.0);
    let (false_baseline, false_candidate) = false_totals(&seeds);
    Comparison {
        verdicts: vec![
            recall(&sums, &losses, difference, identical, options),
            falses(&sums, &changes, identical, options),
        ],
        campaigns: sums.campaigns,
        baseline: sums.baseline,
        candidate: sums.candidate,
        lost: sums.lost,
        gained: sums.gained,
        mcnemar: mcnemar(sums.lost, sums.gained),
        by_seed: (seeds.len() > 1).then(|| sign_flip(&losses)),
        recall_difference: difference,
        false_baseline,
        false_candidate,
        false_per_day_difference: if sums.days > 0.0 {
            Measure::number((false_candidate as f64 - false_baseline as f64) / sums.days)
        } else {
            Measure::undefined(Undefined::NoExposure)
        },
        restricted_mean_difference: if sums.campaigns > 0 {
            Measure::number(slower / sums.campaigns as f64)
        } else {
            Measure::undefined(Undefined::NoCampaigns)
        },
        days: sums.days,
        identical,
        rules: changed_rules(&seeds),
        seeds,
        options,
    }
}

fn recall(
    sums: &Sums,
    losses: &[i64],
    difference: Bootstrap,
    identical: bool,
    options: GateOptions,
) -> Verdict {
    let verdict = |decision, why: String, reason| Verdict {
        gate: "recall",
        decision,
        why,
        reason,
    };
    let Sums {
        campaigns,
        lost,
        gained,
        ..
    } = *sums;
    if campaigns == 0 {
        let why = "no campaign that both sides know: nothing was compared".to_owned();
        return verdict(Decision::Inconclusive, why, Some(Undefined::NoCampaigns));
    }
    let counted = format!("{lost} lost and {gained} gained of {campaigns}");
    if let Some(most) = options.most_lost {
        let decision = if lost > most {
            Decision::Fail
        } else {
            Decision::Pass
        };
        let why = format!("{counted}; at most {most} may be lost");
        return verdict(decision, why, None);
    }
    if identical {
        let why = format!("both raise the same alerts, one by one ({campaigns} campaigns)");
        return verdict(Decision::Pass, why, None);
    }
    let p = worse(lost, gained, losses, options.alpha);
    if let Some(p) = p {
        let why = format!("{counted}: chance of such a loss without a difference {p:.4}");
        return verdict(Decision::Fail, why, None);
    }
    if losses.len() < 2 {
        let why = format!("{counted}; one seed does not show how much seeds differ");
        return verdict(Decision::Inconclusive, why, Some(Undefined::OneSeed));
    }
    let percent = options.margin * 100.0;
    let needed = zero_failure(1.0 - options.margin, options.alpha).unwrap_or(u64::MAX);
    if campaigns < needed {
        let why =
            format!("{counted}; it takes {needed} campaigns to rule out a loss of {percent:.0} %");
        return verdict(Decision::Inconclusive, why, None);
    }
    let share = Proportion {
        successes: lost,
        trials: campaigns,
    };
    let most = wilson(share, 1.0 - options.alpha).high;
    let by_count = most.at_most(options.margin) == Some(true);
    let by_seeds = losses.len() >= FEWEST_CLUSTERS
        && difference
            .low
            .value()
            .is_some_and(|low| low >= -options.margin);
    if by_count || by_seeds {
        let why = format!("{counted}: a loss of {percent:.0} % is ruled out");
        return verdict(Decision::Pass, why, None);
    }
    let why = format!("{counted}: neither a loss of {percent:.0} % nor its absence is shown");
    verdict(Decision::Inconclusive, why, difference.low.reason())
}

fn falses(sums: &Sums, changes: &[i64], identical: bool, options: GateOptions) -> Verdict {
    let verdict = |decision, why: String, reason| Verdict {
        gate: "false_incidents",
        decision,
        why,
        reason,
    };
    let Sums {
        more, fewer, days, ..
    } = *sums;
    if days <= 0.0 {
        let why = "no time was scored: nothing was compared".to_owned();
        return verdict(Decision::Inconclusive, why, Some(Undefined::NoExposure));
    }
    let allowed = options.more_false_per_day;
    let counted = format!("{more} more and {fewer} fewer false incidents in {days:.0} days");
    if identical {
        let why = format!("both raise the same alerts, one by one ({days:.0} days)");
        return verdict(Decision::Pass, why, None);
    }
    let added = (more as f64 - fewer as f64) / days;
    if more > fewer
        && added > allowed
        && let Some(p) = worse(more, fewer, changes, options.alpha)
    {
        let why = format!(
            "{counted}: {added:.2} a day more, {allowed} allowed; chance without a difference \
                 {p:.4}"
        );
        return verdict(Decision::Fail, why, None);
    }
    let most = false_rate(more, days, 1.0 - options.alpha, 1.0).high;
    let bound = most.value().unwrap_or(f64::INFINITY) - fewer as f64 / days;
    if more <= fewer || bound <= allowed {
        let why = format!("{counted}: {allowed} a day more are allowed");
        return verdict(Decision::Pass, why, None);
    }
    let why = format!("{counted}: up to {bound:.2} a day more are possible, {allowed} allowed");
    verdict(Decision::Inconclusive, why, None)
}

/// The p value if the losses are significant: by campaigns, and by seeds where these could be.
fn worse(lost: u64, gained: u64, by_seed: &[i64], alpha: f64) -> Option<f64> {
    let p = mcnemar(lost, gained).regression;
    // n seeds can reach 2⁻ⁿ: below that the seeds could not speak.
    let can_speak = by_seed.iter().filter(|&&change| change != 0).count() >= 5
        || by_seed.len() >= FEWEST_CLUSTERS;
    let p = if can_speak {
        p.max(sign_flip(by_seed))
    } else {
        p
    };
    (p <= alpha).then_some(p)
}

/// Exact chance that signs drawn by a coin give a sum at least as large as that observed.
fn sign_flip(changes: &[i64]) -> f64 {
    let mut chances: BTreeMap<i64, f64> = BTreeMap::from([(0, 1.0)]);
    for change in changes.iter().filter(|&&change| change != 0) {
        let mut next: BTreeMap<i64, f64> = BTreeMap::new();
        for (sum, chance) in &chances {
            *next.entry(sum + change).or_default() += chance / 2.0;
            *next.entry(sum - change).or_default() += chance / 2.0;
        }
        chances = next;
    }
    let observed: i64 = changes.iter().sum();
    let reached = chances.range(observed..).map(|(_, chance)| chance);
    reached.sum::<f64>().min(1.0)
}

/// Candidate minus baseline of each seed's false incidents, over the rules of the totals.
fn false_changes(seeds: &[SeedPair]) -> Vec<i64> {
    let change = |pair: &SeedPair| {
        let rules = pair.rules.iter().filter(|rule| rule.in_totals);
        let sums = rules.map(|rule| whole(rule.false_candidate) - whole(rule.false_baseline));
        sums.sum()
    };
    seeds.iter().map(change).collect()
}

fn false_totals(seeds: &[SeedPair]) -> (u64, u64) {
    let rules = seeds.iter().flat_map(|pair| &pair.rules);
    let rules = rules.filter(|rule| rule.in_totals);
    rules.fold((0, 0), |sums, rule| {
        (sums.0 + rule.false_baseline, sums.1 + rule.false_candidate)
    })
}

/// Rule forms that did anything else on one side, summed over seeds.
fn changed_rules(seeds: &[SeedPair]) -> Vec<RulePair> {
    let mut all: Vec<RulePair> = Vec::new();
    for rule in seeds.iter().flat_map(|pair| &pair.rules) {
        let known = all
            .iter_mut()
            .find(|known| known.rule == rule.rule && known.mode == rule.mode);
        match known {
            None => all.push(rule.clone()),
            Some(known) => {
                known.lost += rule.lost;
                known.gained += rule.gained;
                known.false_baseline += rule.false_baseline;
                known.false_candidate += rule.false_candidate;
            }
        }
    }
    all.retain(|rule| rule.lost + rule.gained > 0 || rule.false_baseline != rule.false_candidate);
    all
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn positive(change: i64) -> u64 {
    u64::try_from(change).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn flips(changes: &[i64], expected: f64) {
        assert!((sign_flip(changes) - expected).abs() < 1e-12, "{changes:?}");
    }

    #[test]
    fn with_one_campaign_a_seed_the_seeds_test_is_mcnemars() {
        flips(&[], 1.0);
        flips(&[1, 1, 1, 1, 1], 1.0 / 32.0);
        flips(&[1, 1, -1, 0], mcnemar(2, 1).regression);
        // 3 + 1 = 4 of the sums ±3 ±1: only one is as large
        flips(&[3, 1], 0.25);
    }
}
