//! Twin worlds: matching alerts of W with those of W0, the world without campaigns.
//!
//! Baseline rules are decided this way. For count rules the arithmetic decides, and W0 must agree
//! with it on every alert; a disagreement is a defect of detector, runner or labels. Alerts of W0
//! without a match in W are *masked*: an attack hid them. EVALUATION.md §2.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use livefire_labels::LabelBook;
use livefire_schema::alert::{Alert, Mode, Semantics};
use livefire_schema::ids::ItemId;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::{FxHashSet, FxHasher};
use serde::{Deserialize, Serialize};

use crate::attribution::attribute;
use crate::score::evidence::{counted_value, origin_of};
use crate::score::input::LoadedRule;

type FormKey = (String, Mode, String);

/// Alerts of one world by rule, mode and key, in event order.
#[derive(Debug)]
pub(crate) struct WorldIndex<'a> {
    by_key: HashMap<FormKey, Vec<&'a Alert>, BuildHasherDefault<FxHasher>>,
}

fn key_of(alert: &Alert) -> FormKey {
    (alert.rule.clone(), alert.mode, alert.key.clone())
}

fn loaded<'a>(rules: &'a [LoadedRule], alert: &Alert) -> Option<&'a LoadedRule> {
    rules
        .iter()
        .find(|rule| rule.rule == alert.rule && rule.mode == alert.mode)
}

impl<'a> WorldIndex<'a> {
    pub(crate) fn of(alerts: &'a [Alert]) -> Self {
        let mut by_key: HashMap<FormKey, Vec<&'a Alert>, BuildHasherDefault<FxHasher>> =
            HashMap::default();
        for alert in alerts {
            by_key.entry(key_of(alert)).or_default().push(alert);
        }
        for list in by_key.values_mut() {
            list.sort_by(|left, right| (left.time, &left.id).cmp(&(right.time, &right.id)));
        }
        WorldIndex { by_key }
    }

    fn same_key(&self, alert: &Alert) -> &[&'a Alert] {
        self.by_key.get(&key_of(alert)).map_or(&[], Vec::as_slice)
    }

    /// Whether this world fires where `alert` of another world does.
    ///
    /// Bins match by bin, scheduled alerts by run. A sliding alert matches one of the same key at its time or before, as
    /// long as a run that began there may still last: the window or the realert time.
    pub(crate) fn matches(&self, alert: &Alert, rules: &[LoadedRule]) -> bool {
        let candidates = self.same_key(alert);
        if alert.mode == Mode::Binned {
            return candidates.iter().any(|other| other.window == alert.window);
        }
        let rule = loaded(rules, alert);
        if rule.is_some_and(LoadedRule::is_scheduled) {
            return candidates.iter().any(|other| other.raised == alert.raised);
        }
        let reach = rule.map_or(TimeSpan::ZERO, |rule| rule.window.max(rule.realert));
        let reach = match alert.semantics {
            Semantics::Trigger => TimeSpan::ZERO,
            _ => reach,
        };
        candidates.iter().any(|other| {
            other.time == alert.time || (other.time < alert.time && alert.time - other.time < reach)
        })
    }
}

/// An alert of W0 that W does not raise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MaskedAlert {
    /// Its id in W0.
    pub id: String,
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Key.
    pub key: String,
    /// Event time.
    pub time: EventTime,
    /// When W0 raises it.
    pub raised: EventTime,
}

/// Alerts of W0 in the scored interval without a match in W, by (raised, id).
///
/// Counts cannot be masked: campaigns only add rows, so W's count is never below W0's.
#[must_use]
pub fn masked(
    alerts: &[Alert],
    world_zero: &[Alert],
    rules: &[LoadedRule],
    scored: TimeRange,
) -> Vec<MaskedAlert> {
    let full = WorldIndex::of(alerts);
    let mut masked: Vec<MaskedAlert> = world_zero
        .iter()
        .filter(|alert| {
            !is_count(alert) && alert.raised >= scored.start && !full.matches(alert, rules)
        })
        .map(|alert| MaskedAlert {
            id: alert.id.clone(),
            rule: alert.rule.clone(),
            mode: alert.mode,
            key: alert.key.clone(),
            time: alert.time,
            raised: alert.raised,
        })
        .collect();
    masked.sort_by(|left, right| (left.raised, &left.id).cmp(&(right.raised, &right.id)));
    masked
}

fn is_count(alert: &Alert) -> bool {
    matches!(
        alert.semantics,
        Semantics::Count | Semantics::RowCount | Semantics::Distinct
    )
}

/// An alert of a count rule on which arithmetic and W0 disagree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TwinDisagreement {
    /// The alert of W.
    pub alert: String,
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Key.
    pub key: String,
    /// k.
    pub threshold: u64,
    /// b by arithmetic.
    pub benign: u64,
    /// The alert of W0 that speaks against it; nothing if W0 should have fired and did not.
    pub zero: Option<String>,
}

/// Every alert of a count rule on which W0 contradicts the arithmetic, in the order given.
///
/// - `b < k`: W0 must not hold an alert of the same key (and bin) whose evidence is part of this one's.
/// - `b ≥ k`: W0 must have fired in the same bin at level b; sliding, at the last benign row or so
///   shortly before it that an unbroken run had no cause to alert again.
#[must_use]
pub fn twin_disagreements(
    alerts: &[Alert],
    world_zero: &[Alert],
    book: &LabelBook,
    rules: &[LoadedRule],
) -> Vec<TwinDisagreement> {
    let zero = WorldIndex::of(world_zero);
    // without evidence there is no arithmetic, save for a threshold of 0
    let counted = alerts
        .iter()
        .filter(|alert| is_count(alert) && (alert.threshold == 0 || !alert.evidence.is_empty()));
    counted
        .filter_map(|alert| {
            let values = alert
                .evidence
                .iter()
                .map(|row| (counted_value(alert.semantics, row), origin_of(book, row)));
            let benign = attribute(alert.threshold, values.collect()).benign;
            let against = contradiction(alert, benign, zero.same_key(alert), book, rules)?;
            Some(TwinDisagreement {
                alert: alert.id.clone(),
                rule: alert.rule.clone(),
                mode: alert.mode,
                key: alert.key.clone(),
                threshold: alert.threshold,
                benign,
                zero: against.map(|other| other.id.clone()),
            })
        })
        .collect()
}

/// The alert of W0 that contradicts, `Some(None)` for one that should be there; `None` if all agrees.
fn contradiction<'a>(
    alert: &Alert,
    benign: u64,
    candidates: &[&'a Alert],
    book: &LabelBook,
    rules: &[LoadedRule],
) -> Option<Option<&'a Alert>> {
    let should_fire = benign >= alert.threshold;
    if alert.mode == Mode::Binned {
        let same_bin = candidates.iter().find(|other| other.window == alert.window);
        return match same_bin {
            Some(other) if !should_fire || other.level != benign => Some(Some(other)),
            None if should_fire => Some(None),
            _ => None,
        };
    }
    if !should_fire {
        let items: FxHashSet<ItemId> = alert.evidence.iter().map(|row| row.item).collect();
        let inside = candidates.iter().find(|other| {
            !other.evidence.is_empty() && other.evidence.iter().all(|row| items.contains(&row.item))
        });
        return inside.map(|other| Some(*other));
    }
    let is_benign =
        |row: &&livefire_schema::alert::EvidenceRow| origin_of(book, row).caused_by().is_none();
    let last_benign = alert.evidence.iter().filter(is_benign).map(|row| row.time);
    let last_benign = last_benign.max().unwrap_or(alert.time);
    let realert = loaded(rules, alert).map_or(TimeSpan::ZERO, |rule| rule.realert);
    let run_began = candidates
        .iter()
        .rev()
        .find(|other| other.time <= alert.time)
        .is_some_and(|other| realert == TimeSpan::ZERO || last_benign - other.time < realert);
    if run_began { None } else { Some(None) }
}
