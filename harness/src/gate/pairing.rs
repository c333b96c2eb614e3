//! One seed, or one log, scored twice: which campaigns were lost and gained, with their events.

use std::collections::BTreeMap;

use livefire_labels::LabelBook;
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::time::EventTime;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{CampaignRow, RuleRow};
use livefire_scorer::{Measure, NearestApproach, ScoreReport};
use serde::Serialize;

use crate::why::{self, Found, Why};

/// One side of a pair.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// Its score.
    pub report: &'a ScoreReport,
    /// Its alerts; may be empty where only the score was kept, then no rows are shown.
    pub alerts: &'a [Alert],
    /// The truth of the log, where it was kept.
    pub book: Option<&'a LabelBook>,
}

/// A campaign that one side caught and the other did not.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Change {
    /// Seed of the log, where it was generated.
    pub seed: Option<u64>,
    /// Id of the campaign.
    pub campaign: String,
    /// Attack kind.
    pub kind: String,
    /// First hostile event.
    pub t0: EventTime,
    /// Last hostile event.
    pub t_end: EventTime,
    /// Rules of the side that caught it, in order of their first alerts.
    pub caught_by: Vec<String>,
    /// Seconds that it took that side.
    pub time_to_detect: Measure,
    /// The alert of that side and the rows that it counted, where alerts and labels were kept.
    pub found: Option<Found>,
    /// Why the other side missed it.
    pub reason: Option<MissReason>,
    /// How near the expected rules of the other side came.
    pub nearest: Vec<NearestApproach>,
}

/// What one rule form did on both sides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RulePair {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Campaigns that it caught as the baseline, and those of them that it no longer catches.
    pub lost: u64,
    /// Campaigns that only the candidate's catches.
    pub gained: u64,
    /// False incidents of the baseline.
    pub false_baseline: u64,
    /// False incidents of the candidate.
    pub false_candidate: u64,
    /// Whether it enters the totals.
    pub in_totals: bool,
}

/// The figures of one seed or log on both sides.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SeedPair {
    /// Seed, where the log was generated.
    pub seed: Option<u64>,
    /// Campaigns that both sides know.
    pub campaigns: u64,
    /// Campaigns that the baseline caught.
    pub baseline: u64,
    /// Campaigns that the candidate caught.
    pub candidate: u64,
    /// Caught by the baseline only.
    pub lost: Vec<Change>,
    /// Caught by the candidate only.
    pub gained: Vec<Change>,
    /// Campaigns that only one side knows; they are in no figure.
    pub unpaired: Vec<String>,
    /// Sum of times to detect, each cut at τ, in seconds: baseline, candidate.
    pub restricted_seconds: (f64, f64),
    /// Per rule form, in the registry's order.
    pub rules: Vec<RulePair>,
    /// Days that were scored.
    pub days: f64,
    /// Whether both sides raised the same alerts with the same verdicts.
    pub identical: bool,
}

/// Pairs two scores of the same log.
#[must_use]
pub fn pair(baseline: Ran<'_>, candidate: Ran<'_>) -> SeedPair {
    let seed = candidate.report.seed;
    let rows = |report: &'_ ScoreReport| -> BTreeMap<String, CampaignRow> {
        let rows = report.campaigns.iter();
        rows.map(|row| (row.id.clone(), row.clone())).collect()
    };
    let (before, after) = (rows(baseline.report), rows(candidate.report));
    let tau = candidate.report.options.tau.seconds_f64();
    let mut pair = SeedPair {
        seed,
        campaigns: 0,
        baseline: 0,
        candidate: 0,
        lost: Vec::new(),
        gained: Vec::new(),
        unpaired: Vec::new(),
        restricted_seconds: (0.0, 0.0),
        rules: rule_pairs(baseline.report, candidate.report),
        days: candidate.report.headline.scored_days,
        identical: baseline.report.alerts == candidate.report.alerts,
    };
    // In the order of the candidate's book, which is that of the scenario.
    for new in &candidate.report.campaigns {
        let Some(old) = before.get(&new.id) else {
            pair.unpaired.push(new.id.clone());
            continue;
        };
        pair.campaigns += 1;
        pair.baseline += u64::from(old.detected);
        pair.candidate += u64::from(new.detected);
        pair.restricted_seconds.0 += restricted(old, tau);
        pair.restricted_seconds.1 += restricted(new, tau);
        match (old.detected, new.detected) {
            (true, false) => pair.lost.push(change(seed, baseline, old, new)),
            (false, true) => pair.gained.push(change(seed, candidate, new, old)),
            _ => {}
        }
    }
    let alone = before.keys().filter(|id| !after.contains_key(*id));
    pair.unpaired.extend(alone.cloned());
    pair
}

fn restricted(row: &CampaignRow, tau: f64) -> f64 {
    let seconds = row.time_to_detect.value().unwrap_or(f64::INFINITY);
    if row.detected { seconds.min(tau) } else { tau }
}

fn change(seed: Option<u64>, side: Ran<'_>, caught: &CampaignRow, missed: &CampaignRow) -> Change {
    let answer = side
        .book
        .and_then(|book| why::why(side.report, side.alerts, book, &caught.id));
    let found = match answer {
        Some(Why::Campaign(why)) => why.found,
        _ => None,
    };
    let near = missed.rule_misses.iter();
    let near = near.flat_map(|miss| miss.miss.nearest.iter());
    let mut nearest: Vec<NearestApproach> = Vec::new();
    for one in near.filter(|one| one.mode == Mode::Streaming) {
        if !nearest.contains(one) {
            nearest.push(one.clone());
        }
    }
    Change {
        seed,
        campaign: caught.id.clone(),
        kind: caught.kind.clone(),
        t0: caught.t0,
        t_end: caught.t_end,
        caught_by: caught.credited_rules.clone(),
        time_to_detect: caught.time_to_detect,
        found,
        reason: missed.miss.as_ref().map(|miss| miss.reason),
        nearest,
    }
}

/// Rule forms of both sides; one that a side does not have did nothing there.
fn rule_pairs(before: &ScoreReport, after: &ScoreReport) -> Vec<RulePair> {
    let same = |row: &RuleRow, other: &RuleRow| row.rule == other.rule && row.mode == other.mode;
    let gone = before
        .rules
        .iter()
        .filter(|row| !after.rules.iter().any(|other| same(row, other)));
    let all = after.rules.iter().chain(gone);
    all.map(|form| {
        let falses = |report: &ScoreReport| {
            let mut rows = report.rules.iter();
            rows.find(|row| same(row, form))
                .map_or(0, |row| row.false_incidents)
        };
        let catches = |report: &ScoreReport, id: &str| {
            let mut rows = report.campaigns.iter();
            rows.find(|row| row.id == id).is_some_and(|row| {
                let mut forms = row.forms.iter();
                forms.any(|one| one.rule == form.rule && one.mode == form.mode)
            })
        };
        let only = |one: &ScoreReport, other: &ScoreReport| {
            let rows = one.campaigns.iter();
            let rows = rows.filter(|row| catches(one, &row.id) && !catches(other, &row.id));
            rows.count() as u64
        };
        RulePair {
            rule: form.rule.clone(),
            mode: form.mode,
            lost: only(before, after),
            gained: only(after, before),
            false_baseline: falses(before),
            false_candidate: falses(after),
            in_totals: form.in_totals,
        }
    })
    .collect()
}
