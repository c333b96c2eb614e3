//! Evidence rows seen through the label book.

use livefire_labels::{CampaignIndex, Class, LabelBook};
use livefire_schema::alert::{Alert, EvidenceRow, Semantics, Side};
use livefire_schema::time::EventTime;

use crate::attribution::Origin;

/// Where a row comes from; a row without a label is plainly benign.
pub(crate) fn origin_of(book: &LabelBook, row: &EvidenceRow) -> Origin<CampaignIndex> {
    let Some(group) = book.group_of(row.item) else {
        return Origin::Benign;
    };
    match (group.caused_by, group.class) {
        (Some(campaign), Class::Benign) => Origin::Collateral(campaign),
        (Some(campaign), _) => Origin::Campaign(campaign),
        (None, Class::HardNegative) => Origin::HardNegative,
        (None, _) if group.hard_negative.is_some() => Origin::HardNegative,
        (None, _) => Origin::Benign,
    }
}

/// What a rule counts in a row: its event, the row, or the rule's own value.
pub(crate) fn counted_value(semantics: Semantics, row: &EvidenceRow) -> u128 {
    match semantics {
        Semantics::RowCount => row.item.0,
        Semantics::Distinct => u128::from(row.distinct.unwrap_or(row.event.0)),
        _ => u128::from(row.event.0),
    }
}

/// The rows that decide an alert: for a trigger those of the triggering event, else all.
///
/// The triggering row is the last at the alert's own time; copies of its event belong to it.
pub(crate) fn deciding_rows(alert: &Alert) -> Vec<&EvidenceRow> {
    let rows = alert.evidence.iter();
    if alert.semantics != Semantics::Trigger {
        return rows.collect();
    }
    let at_time = rows.clone().rfind(|row| row.time == alert.time);
    match at_time.or(alert.evidence.last()) {
        Some(trigger) => rows.filter(|row| row.event == trigger.event).collect(),
        None => Vec::new(),
    }
}

/// Event time and availability at which rows reach the threshold, each on its own: the k-th
/// smallest over distinct values, for joins the moment both sides are there.
///
/// Nothing if they do not reach it.
pub(crate) fn reached_at(
    semantics: Semantics,
    threshold: u64,
    rows: &[&EvidenceRow],
) -> Option<(EventTime, EventTime)> {
    let time = |row: &EvidenceRow| row.time;
    let available = |row: &EvidenceRow| row.available.max(row.time);
    if semantics == Semantics::Join {
        return Some((both_sides(rows, time)?, both_sides(rows, available)?));
    }
    let threshold = usize::try_from(threshold.max(1)).ok()?;
    Some((
        kth(semantics, threshold, rows, time)?,
        kth(semantics, threshold, rows, available)?,
    ))
}

fn both_sides(
    rows: &[&EvidenceRow],
    time: impl Fn(&EvidenceRow) -> EventTime,
) -> Option<EventTime> {
    let first = |side| {
        let of_side = rows.iter().filter(|row| row.side == Some(side));
        of_side.map(|row| time(row)).min()
    };
    Some(first(Side::Left)?.max(first(Side::Right)?))
}

fn kth(
    semantics: Semantics,
    threshold: usize,
    rows: &[&EvidenceRow],
    time: impl Fn(&EvidenceRow) -> EventTime,
) -> Option<EventTime> {
    let mut times: Vec<(u128, EventTime)> = rows
        .iter()
        .map(|row| (counted_value(semantics, row), time(row)))
        .collect();
    times.sort_unstable();
    times.dedup_by_key(|(value, _)| *value);
    let mut firsts: Vec<EventTime> = times.into_iter().map(|(_, time)| time).collect();
    firsts.sort_unstable();
    firsts.get(threshold - 1).copied()
}
