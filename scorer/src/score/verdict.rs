//! The verdict on one alert, by what its rule decides on.
//!
//! Counts by arithmetic, joins by pairs, triggers by their row, baselines by twin worlds. Alerts
//! whose evidence cannot tell are judged by world or by overlap and never counted in recall.

use std::collections::BTreeMap;

use livefire_labels::CampaignIndex;
use livefire_schema::alert::{Alert, EvidenceRow, Semantics, Side};
use livefire_schema::time::{TimeRange, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::attribution::{self, Attribution, Contribution, FalseClass, Origin, Verdict};
use crate::score::evidence::{counted_value, deciding_rows, origin_of};
use crate::score::input::{ScoreError, ScoreInput};
use crate::score::worlds::WorldIndex;

/// What became of an alert; every alert has exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertVerdict {
    /// Without the attack it would not have fired.
    TruePositive,
    /// It fires without any attack.
    FalsePositive,
    /// Caused by campaigns' harmless rows only.
    Collateral,
    /// Raised before the scored interval.
    OutsideScored,
    /// Far from any time of the log: an alert of another log, or with a wrong clock.
    OutsideLog,
    /// Evidence cannot tell; the world without campaigns says whether it fires there.
    ByWorld,
    /// Evidence cannot tell, and the world without campaigns was not run.
    OverlapOnly,
}

/// The ruling on one alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ruling {
    pub(crate) verdict: AlertVerdict,
    pub(crate) level: u64,
    pub(crate) benign: u64,
    pub(crate) credited: Vec<CampaignIndex>,
    pub(crate) joint: bool,
    pub(crate) false_class: Option<FalseClass>,
    pub(crate) false_cause: Option<FalseClass>,
    /// The look-alike behind a confounder.
    pub(crate) look_alike: Option<String>,
    /// Campaigns with a row in the evidence.
    pub(crate) touched: Vec<CampaignIndex>,
    /// For verdicts that the world gives: whether the alert fires without campaigns too.
    pub(crate) fires_without_campaigns: Option<bool>,
}

/// An alert with its ruling.
#[derive(Clone, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) alert: &'a Alert,
    pub(crate) form: String,
    /// Index of the alert that silences it; nothing if it is emitted.
    pub(crate) silenced_by: Option<usize>,
    pub(crate) in_totals: bool,
    pub(crate) ruling: Ruling,
}

impl Judged<'_> {
    /// Emitted and inside the scored interval.
    pub(crate) fn is_scored(&self) -> bool {
        let outside = [AlertVerdict::OutsideScored, AlertVerdict::OutsideLog];
        self.silenced_by.is_none() && !outside.contains(&self.ruling.verdict)
    }

    pub(crate) fn is_true(&self) -> bool {
        self.ruling.verdict == AlertVerdict::TruePositive
    }

    /// Scored, and of a form that enters the totals.
    pub(crate) fn is_counted(&self) -> bool {
        self.in_totals && self.is_scored()
    }
}

/// Rules on one alert.
///
/// # Errors
/// [`ScoreError::BelowThreshold`] for a counting rule whose evidence does not reach its threshold.
pub(crate) fn rule_on(
    input: &ScoreInput<'_>,
    zero: Option<&WorldIndex<'_>>,
    alert: &Alert,
) -> Result<Ruling, ScoreError> {
    let rows = deciding_rows(alert);
    let labelled: Vec<(&EvidenceRow, Origin<CampaignIndex>)> = rows
        .iter()
        .map(|row| (*row, origin_of(input.book, row)))
        .collect();
    let touched = touched_campaigns(input, alert);
    let fires_without = zero.map(|zero| zero.matches(alert, input.rules));
    let attribution = match alert.semantics {
        _ if alert.evidence.is_empty() && alert.threshold > 0 => None,
        Semantics::Count | Semantics::RowCount | Semantics::Distinct | Semantics::Trigger => {
            Some(by_count(alert, &labelled)?)
        }
        Semantics::Join => by_pairs(&labelled),
        Semantics::Baseline => {
            fires_without.and_then(|fires| by_twin_world(alert, &labelled, fires))
        }
    };
    let outside = outside(input, alert);
    let Some(attribution) = attribution else {
        return Ok(undecided(outside, touched, fires_without));
    };
    let is_outside = outside.is_some();
    let inside = match attribution.verdict {
        Verdict::TruePositive => AlertVerdict::TruePositive,
        Verdict::Collateral => AlertVerdict::Collateral,
        Verdict::FalsePositive | Verdict::NotAnAlert => AlertVerdict::FalsePositive,
    };
    let is_confounder = attribution.false_cause == Some(FalseClass::Confounder);
    Ok(Ruling {
        verdict: outside.unwrap_or(inside),
        level: attribution.level,
        benign: attribution.benign,
        credited: if is_outside {
            Vec::new()
        } else {
            attribution.credited
        },
        joint: attribution.joint,
        false_class: attribution.false_class.filter(|_| !is_outside),
        false_cause: attribution.false_cause.filter(|_| !is_outside),
        look_alike: is_confounder.then(|| look_alike(input, &rows)).flatten(),
        touched,
        fires_without_campaigns: None,
    })
}

/// Whether an alert is outside what is scored: before it, or nowhere near the log.
///
/// A rule may look back as far as its window, and a row may come as late as its delay's cut; a
/// scheduled rule of somebody else's, of which nothing is known, has a day.
fn outside(input: &ScoreInput<'_>, alert: &Alert) -> Option<AlertVerdict> {
    let reaches = input.rules.iter().map(super::campaigns::reach);
    let reach = reaches
        .max()
        .unwrap_or_default()
        .max(TimeSpan::from_days(1));
    let slack = reach + input.options.largest_ingestion_delay;
    let log = input.extent.log;
    let near = TimeRange {
        start: log.start - slack,
        end: log.end + slack,
    };
    if !near.contains(alert.time) || !near.contains(alert.raised) {
        return Some(AlertVerdict::OutsideLog);
    }
    (alert.raised < input.extent.scored.start).then_some(AlertVerdict::OutsideScored)
}

fn undecided(
    outside: Option<AlertVerdict>,
    touched: Vec<CampaignIndex>,
    fires_without_campaigns: Option<bool>,
) -> Ruling {
    let inside = match fires_without_campaigns {
        Some(_) => AlertVerdict::ByWorld,
        None => AlertVerdict::OverlapOnly,
    };
    Ruling {
        verdict: outside.unwrap_or(inside),
        level: 0,
        benign: 0,
        credited: Vec::new(),
        joint: false,
        false_class: None,
        false_cause: None,
        look_alike: None,
        touched,
        fires_without_campaigns,
    }
}

fn touched_campaigns(input: &ScoreInput<'_>, alert: &Alert) -> Vec<CampaignIndex> {
    let mut touched: Vec<CampaignIndex> = alert
        .evidence
        .iter()
        .filter_map(|row| origin_of(input.book, row).caused_by().copied())
        .collect();
    touched.sort_unstable();
    touched.dedup();
    touched
}

type Labelled<'a> = (&'a EvidenceRow, Origin<CampaignIndex>);

fn by_count(
    alert: &Alert,
    labelled: &[Labelled<'_>],
) -> Result<Attribution<CampaignIndex>, ScoreError> {
    let threshold = match alert.semantics {
        Semantics::Trigger => 1,
        _ => alert.threshold,
    };
    let values = labelled
        .iter()
        .map(|(row, origin)| (counted_value(alert.semantics, row), *origin));
    let attribution = attribution::attribute(threshold, values.collect());
    if attribution.verdict == Verdict::NotAnAlert {
        return Err(ScoreError::BelowThreshold {
            alert: alert.id.clone(),
            rule: alert.rule.clone(),
            level: attribution.level,
            threshold,
        });
    }
    Ok(attribution)
}

/// Joins: true iff no pair is benign on both sides. Nothing if the evidence holds no pair at all.
fn by_pairs(labelled: &[Labelled<'_>]) -> Option<Attribution<CampaignIndex>> {
    let has = |side, keep: &dyn Fn(&Origin<CampaignIndex>) -> bool| {
        labelled
            .iter()
            .any(|(row, origin)| row.side == Some(side) && keep(origin))
    };
    let pair = |keep: &dyn Fn(&Origin<CampaignIndex>) -> bool| {
        has(Side::Left, keep) && has(Side::Right, keep)
    };
    if !pair(&|_| true) {
        return None;
    }
    let level = labelled.len() as u64;
    let is_benign = |origin: &Origin<CampaignIndex>| origin.caused_by().is_none();
    let benign = labelled.iter().filter(|one| is_benign(&one.1)).count() as u64;
    let contributions = contributions(labelled);
    let has_attack = contributions.values().any(|part| part.attacks);
    if pair(&is_benign) {
        let cause = if pair(&|origin| matches!(origin, Origin::Benign)) {
            FalseClass::Noise
        } else {
            FalseClass::Confounder
        };
        return Some(Attribution::false_positive(
            level, benign, has_attack, cause,
        ));
    }
    if !has_attack {
        return Some(Attribution::without_credit(
            Verdict::Collateral,
            level,
            benign,
        ));
    }
    let (credited, joint) = attribution::credit(&contributions, |campaign, _| {
        pair(&|origin| origin.caused_by().is_none_or(|own| own == campaign))
            || !pair(&|origin| origin.caused_by() != Some(campaign))
    });
    Some(Attribution {
        credited,
        joint,
        ..Attribution::without_credit(Verdict::TruePositive, level, benign)
    })
}

/// Baselines: false iff the world without campaigns fires too. Nothing where it does not, yet no
/// row of the evidence is a campaign's: then the history was changed, and no row can be credited.
fn by_twin_world(
    alert: &Alert,
    labelled: &[Labelled<'_>],
    fires_without_campaigns: bool,
) -> Option<Attribution<CampaignIndex>> {
    let values = labelled
        .iter()
        .map(|(row, origin)| (counted_value(alert.semantics, row), *origin));
    let tally = attribution::Tally::of(values.collect());
    if fires_without_campaigns {
        let cause = if tally.plain < tally.benign {
            FalseClass::Confounder
        } else {
            FalseClass::Noise
        };
        return Some(Attribution::false_positive(
            tally.level,
            tally.benign,
            tally.has_attack(),
            cause,
        ));
    }
    if tally.campaigns.is_empty() {
        return None;
    }
    if !tally.has_attack() {
        return Some(Attribution::without_credit(
            Verdict::Collateral,
            tally.level,
            tally.benign,
        ));
    }
    let is_single = tally.campaigns.values().filter(|part| part.attacks).count() == 1;
    let (credited, joint) = attribution::credit(&tally.campaigns, |_, _| is_single);
    Some(Attribution {
        credited,
        joint,
        ..Attribution::without_credit(Verdict::TruePositive, tally.level, tally.benign)
    })
}

fn contributions(labelled: &[Labelled<'_>]) -> BTreeMap<CampaignIndex, Contribution> {
    let mut parts: BTreeMap<CampaignIndex, Contribution> = BTreeMap::new();
    for (_, origin) in labelled {
        if let Some(campaign) = origin.caused_by() {
            let part = parts.entry(*campaign).or_default();
            part.attacks |= matches!(origin, Origin::Campaign(_));
        }
    }
    parts
}

/// The look-alike with most rows in the evidence, the first by name among equals.
fn look_alike(input: &ScoreInput<'_>, rows: &[&EvidenceRow]) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        let group = input.book.group_of(row.item);
        if let Some(group) = group.filter(|group| group.caused_by.is_none())
            && let Some(name) = &group.hard_negative
        {
            *counts.entry(name).or_default() += 1;
        }
    }
    let most = counts
        .into_iter()
        .min_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    most.map(|(name, _)| name.to_owned())
}
