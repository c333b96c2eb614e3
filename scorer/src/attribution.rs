//! Causal attribution of one alert: would it have fired without the attack?
//!
//! Every rule that counts is one case of counting distinct *values*: an event id (each event
//! counts once), a row (variants that count rows) or the rule's own value. A value is benign if
//! at least one benign row carries it. With n values, b of them benign, and threshold k, the
//! alert is a true positive iff `b < k ≤ n`. EVALUATION.md §2, vectors `causal_attribution` and
//! `distinct_attribution`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where an evidence row comes from, seen by attribution; `C` names a campaign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origin<C> {
    /// Plainly benign.
    Benign,
    /// Benign, of a look-alike.
    HardNegative,
    /// Caused by a campaign, yet harmless itself: cover, a victim's own 429.
    Collateral(C),
    /// A campaign's own row.
    Campaign(C),
}

impl<C> Origin<C> {
    /// The campaign without which the row would not exist.
    pub fn caused_by(&self) -> Option<&C> {
        match self {
            Origin::Benign | Origin::HardNegative => None,
            Origin::Collateral(campaign) | Origin::Campaign(campaign) => Some(campaign),
        }
    }
}

/// What an alert turned out to be, decided from its evidence alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Without the attack it would not have fired.
    TruePositive,
    /// It fires without any attack.
    FalsePositive,
    /// Caused by campaigns, but only by their harmless rows: neither credit nor fault.
    Collateral,
    /// The evidence does not reach the threshold: the detector has broken its contract.
    NotAnAlert,
}

/// Class of a false positive, first match.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum FalseClass {
    /// Evidence holds an attack event, so an overlap scorer would have called it a hit.
    Coincidental,
    /// Without its hard-negative events it would not have fired.
    Confounder,
    /// Ordinary traffic reached the threshold.
    Noise,
}

/// The attribution of one alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribution<C> {
    /// The verdict.
    pub verdict: Verdict,
    /// n: distinct values in the evidence.
    pub level: u64,
    /// b: distinct values that a benign row carries.
    pub benign: u64,
    /// Credited campaigns in order; empty unless true positive.
    pub credited: Vec<C>,
    /// Whether no campaign qualified alone, so that all contributors are credited.
    pub joint: bool,
    /// Class of a false positive.
    pub false_class: Option<FalseClass>,
    /// Class of a false positive with Coincidental left out of the question.
    pub false_cause: Option<FalseClass>,
}

impl<C> Attribution<C> {
    pub(crate) fn without_credit(verdict: Verdict, level: u64, benign: u64) -> Self {
        Attribution {
            verdict,
            level,
            benign,
            credited: Vec::new(),
            joint: false,
            false_class: None,
            false_cause: None,
        }
    }

    pub(crate) fn false_positive(
        level: u64,
        benign: u64,
        has_attack: bool,
        cause: FalseClass,
    ) -> Self {
        Attribution {
            false_class: Some(if has_attack {
                FalseClass::Coincidental
            } else {
                cause
            }),
            false_cause: Some(cause),
            ..Self::without_credit(Verdict::FalsePositive, level, benign)
        }
    }
}

/// What a campaign contributes to an alert, over its values that no benign row carries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contribution {
    /// Whether one of its rows is an attack's own and not collateral.
    pub(crate) attacks: bool,
    /// Values that it carries.
    pub(crate) carried: u64,
    /// Values that only it carries.
    pub(crate) alone: u64,
}

/// Counts over the distinct values of an alert's evidence.
#[derive(Clone, Debug)]
pub(crate) struct Tally<C> {
    pub(crate) level: u64,
    pub(crate) benign: u64,
    /// Values that a plainly benign row, no look-alike's, carries.
    pub(crate) plain: u64,
    pub(crate) campaigns: BTreeMap<C, Contribution>,
}

impl<C: Ord + Clone> Tally<C> {
    /// Tallies rows given as (value, origin), in any order.
    pub(crate) fn of<V: Ord>(mut rows: Vec<(V, Origin<C>)>) -> Self {
        rows.sort();
        let mut tally = Tally {
            level: 0,
            benign: 0,
            plain: 0,
            campaigns: BTreeMap::new(),
        };
        for group in rows.chunk_by(|left, right| left.0 == right.0) {
            tally.add_value(group);
        }
        tally
    }

    fn add_value<V>(&mut self, rows: &[(V, Origin<C>)]) {
        self.level += 1;
        let is_benign = rows.iter().any(|(_, origin)| origin.caused_by().is_none());
        let is_plain = rows
            .iter()
            .any(|(_, origin)| matches!(origin, Origin::Benign));
        self.benign += u64::from(is_benign);
        self.plain += u64::from(is_plain);
        let mut carriers: Vec<&C> = rows
            .iter()
            .filter_map(|(_, origin)| origin.caused_by())
            .collect();
        carriers.sort();
        carriers.dedup();
        for campaign in &carriers {
            let entry = self.campaigns.entry((*campaign).clone()).or_default();
            entry.carried += u64::from(!is_benign);
            entry.alone += u64::from(!is_benign && carriers.len() == 1);
        }
        for (_, origin) in rows {
            if let Origin::Campaign(campaign) = origin {
                self.campaigns.entry(campaign.clone()).or_default().attacks = true;
            }
        }
    }

    pub(crate) fn has_attack(&self) -> bool {
        self.campaigns.values().any(|part| part.attacks)
    }

    fn false_cause(&self, threshold: u64) -> FalseClass {
        if self.plain < threshold {
            FalseClass::Confounder
        } else {
            FalseClass::Noise
        }
    }
}

/// Credits the campaigns that are sufficient or necessary; where none is, all contributors jointly.
///
/// Only campaigns with a row of their own count, not those with mere collateral.
pub(crate) fn credit<C: Ord + Clone>(
    campaigns: &BTreeMap<C, Contribution>,
    qualifies: impl Fn(&C, &Contribution) -> bool,
) -> (Vec<C>, bool) {
    let contributors: Vec<(&C, &Contribution)> =
        campaigns.iter().filter(|(_, part)| part.attacks).collect();
    let alone: Vec<C> = contributors
        .iter()
        .filter(|(campaign, part)| qualifies(campaign, part))
        .map(|(campaign, _)| (*campaign).clone())
        .collect();
    if alone.is_empty() {
        let everybody = contributors.iter().map(|(campaign, _)| (*campaign).clone());
        (everybody.collect(), true)
    } else {
        (alone, false)
    }
}

/// Attributes an alert of a rule that counts distinct values, with threshold `threshold` (k, not
/// the t of `count > t`).
///
/// For a count of events the value is the event id, for a count of rows the row.
#[must_use]
pub fn attribute<V: Ord, C: Ord + Clone>(
    threshold: u64,
    rows: Vec<(V, Origin<C>)>,
) -> Attribution<C> {
    let tally = Tally::of(rows);
    let (level, benign) = (tally.level, tally.benign);
    if level < threshold {
        return Attribution::without_credit(Verdict::NotAnAlert, level, benign);
    }
    if benign >= threshold {
        let cause = tally.false_cause(threshold);
        return Attribution::false_positive(level, benign, tally.has_attack(), cause);
    }
    if !tally.has_attack() {
        return Attribution::without_credit(Verdict::Collateral, level, benign);
    }
    let (credited, joint) = credit(&tally.campaigns, |_, part| {
        benign + part.carried >= threshold || level - part.alone < threshold
    });
    Attribution {
        credited,
        joint,
        ..Attribution::without_credit(Verdict::TruePositive, level, benign)
    }
}

/// [`attribute`] where every given row is an event of its own.
#[must_use]
pub fn attribute_events<C: Ord + Clone>(
    threshold: u64,
    events: impl IntoIterator<Item = Origin<C>>,
) -> Attribution<C> {
    attribute(threshold, events.into_iter().enumerate().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_made_of_collateral_alone_is_neither_true_nor_false() {
        let got = attribute_events(2, [Origin::Collateral('a'), Origin::Benign]);
        assert_eq!(got.verdict, Verdict::Collateral);
        assert!(got.credited.is_empty());
    }

    #[test]
    fn collateral_counts_towards_its_campaign_but_earns_no_credit_by_itself() {
        let got = attribute_events(
            3,
            [
                Origin::Campaign('a'),
                Origin::Collateral('a'),
                Origin::Collateral('b'),
            ],
        );
        assert_eq!(got.verdict, Verdict::TruePositive);
        assert_eq!(got.credited, ['a']);
    }

    #[test]
    fn a_benign_copy_makes_its_event_benign() {
        let rows = vec![
            (1, Origin::Campaign('a')),
            (1, Origin::Benign),
            (2, Origin::Benign),
        ];
        assert_eq!(attribute(2, rows).verdict, Verdict::FalsePositive);
    }
}
