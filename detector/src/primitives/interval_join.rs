//! Pairs of rows from two sides that lie within a bound of each other, in either order.
//!
//! Rows come in order of time, so a row looks back only: whichever of a pair comes later completes
//! it. The bound is closed. A key alerts at its first pair and again only after `realert` has
//! passed without one. A right row may name who it is about; it then pairs with left rows of the
//! same person only, and alerts apart from the rows that name nobody.

use std::collections::VecDeque;

use livefire_schema::alert::Side;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::record::Record;

/// Joins two streams of records by key and time.
#[derive(Debug)]
pub struct IntervalJoin {
    bound: TimeSpan,
    realert: TimeSpan,
    keys: FxHashMap<u64, Sides>,
    /// Alerts whose completing event may still have copies to come.
    open: Vec<Match>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct Sides {
    left: VecDeque<Entry>,
    right: VecDeque<Entry>,
    /// Time of the last pair, by person.
    pairs: SmallVec<[(u64, EventTime); 1]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    record: Record,
    who: u64,
}

/// An alert of a join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// The key.
    pub key: u64,
    /// The person named by the right side; 0 for nobody.
    pub who: u64,
    /// The side that completed the pair.
    pub side: Side,
    /// The completing row and its copies.
    pub completing: Vec<Record>,
    /// Rows of the other side within the bound, in order, copies included.
    pub partners: Vec<Record>,
}

impl IntervalJoin {
    /// Joins nothing yet.
    #[must_use]
    pub fn new(bound: TimeSpan, realert: TimeSpan) -> Self {
        IntervalJoin {
            bound,
            realert,
            keys: FxHashMap::default(),
            open: Vec::new(),
            next_sweep: EventTime::MIN,
        }
    }

    /// Takes a row of one side; rows come in order. Gives how many sides are met: 1 or 2.
    ///
    /// `who` is the person of a left row, or the one whom a right row names; 0 if unknown.
    /// Take what [`IntervalJoin::take_closed`] gives first.
    pub fn apply(&mut self, side: Side, key: u64, who: u64, record: &Record) -> u64 {
        let (bound, realert) = (self.bound, self.realert);
        let Sides { left, right, pairs } = self.keys.entry(key).or_default();
        let (own, other) = match side {
            Side::Left => (left, right),
            Side::Right => (right, left),
        };
        let is_copy = own.back().is_some_and(|last| is_copy(&last.record, record));
        own.push_back(Entry {
            record: *record,
            who,
        });
        let oldest = record.time - bound;
        for list in [&mut *own, &mut *other] {
            while list.front().is_some_and(|entry| entry.record.time < oldest) {
                list.pop_front();
            }
        }
        if is_copy {
            for open in &mut self.open {
                if open.key == key && open.side == side {
                    open.completing.push(*record);
                }
            }
            return 1;
        }
        let mut level = 1;
        for (named, partners) in partners(side, who, other) {
            level = 2;
            let last = pairs.iter_mut().find(|(known, _)| *known == named);
            let is_alert = match last {
                Some((_, last)) => {
                    let pause = record.time - *last;
                    *last = record.time;
                    pause >= realert
                }
                None => {
                    pairs.push((named, record.time));
                    true
                }
            };
            if is_alert {
                self.open.push(Match {
                    key,
                    who: named,
                    side,
                    completing: vec![*record],
                    partners,
                });
            }
        }
        level
    }

    /// Alerts that `next`, the row about to be applied, is no copy of; all without one.
    pub fn take_closed(&mut self, next: Option<&Record>) -> Vec<Match> {
        let is_open = |open: &Match| next.is_some_and(|next| is_copy(&open.completing[0], next));
        if self.open.iter().all(is_open) {
            return Vec::new();
        }
        std::mem::take(&mut self.open)
    }

    /// Moves the rows of one key to another: an account has turned out to be a known one.
    pub fn rename(&mut self, from: u64, to: u64) {
        let Some(moved) = self.keys.remove(&from) else {
            return;
        };
        let kept = self.keys.entry(to).or_default();
        kept.left.extend(moved.left);
        kept.right.extend(moved.right);
        for list in [&mut kept.left, &mut kept.right] {
            list.make_contiguous()
                .sort_by_key(|entry| entry.record.order());
        }
        for (who, time) in moved.pairs {
            match kept.pairs.iter_mut().find(|(known, _)| *known == who) {
                Some((_, last)) => *last = time.max(*last),
                None => kept.pairs.push((who, time)),
            }
        }
    }

    /// Forgets what no row from `watermark` on can pair with.
    pub fn advance(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        self.next_sweep = watermark + TimeSpan::from_ticks(self.bound.ticks() / 2);
        let (oldest, quiet) = (watermark - self.bound, watermark - self.realert);
        self.keys.retain(|_, sides| {
            sides.left.retain(|entry| entry.record.time >= oldest);
            sides.right.retain(|entry| entry.record.time >= oldest);
            sides.pairs.retain(|(_, last)| *last > quiet);
            !(sides.left.is_empty() && sides.right.is_empty() && sides.pairs.is_empty())
        });
    }

    /// Keys with state.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key has state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The rows that a row pairs with, by the person that the right side names.
fn partners(side: Side, who: u64, other: &VecDeque<Entry>) -> SmallVec<[(u64, Vec<Record>); 2]> {
    let rows = |wanted: &dyn Fn(u64) -> bool| -> Vec<Record> {
        let wanted = other.iter().filter(|entry| wanted(entry.who));
        wanted.map(|entry| entry.record).collect()
    };
    let mut groups: SmallVec<[(u64, Vec<Record>); 2]> = SmallVec::new();
    match side {
        Side::Right => groups.push((who, rows(&|left| who == 0 || left == who))),
        Side::Left => {
            groups.push((0, rows(&|named| named == 0)));
            if who != 0 {
                groups.push((who, rows(&|named| named == who)));
            }
        }
    }
    groups.retain(|(_, rows)| !rows.is_empty());
    groups
}

/// Whether two rows report the same event in the same table.
pub(crate) fn is_copy(one: &Record, other: &Record) -> bool {
    one.event == other.event && one.time == other.time && one.table == other.table
}

impl Match {
    /// Earliest instant at which a pair was available.
    #[must_use]
    pub fn available(&self) -> EventTime {
        let earliest = |rows: &[Record]| rows.iter().map(|row| row.available).min();
        let (own, other) = (earliest(&self.completing), earliest(&self.partners));
        own.max(other).unwrap_or(EventTime::MIN)
    }

    /// From the first to the last row, half-open in ticks.
    #[must_use]
    pub fn window(&self) -> TimeRange {
        let end = self.completing[0].time;
        let start = self.partners.first().map_or(end, |row| row.time);
        TimeRange {
            start: start.min(end),
            end: end + TimeSpan::from_ticks(1),
        }
    }

    /// Distinct events of the other side.
    #[must_use]
    pub fn level(&self) -> u64 {
        let events: FxHashSet<_> = self.partners.iter().map(|row| row.event).collect();
        super::history::as_level(events.len())
    }

    /// The rows of one side.
    #[must_use]
    pub fn rows(&self, side: Side) -> &[Record] {
        if side == self.side {
            &self.completing
        } else {
            &self.partners
        }
    }
}

#[cfg(test)]
mod tests {
    use livefire_schema::ids::{EventId, ItemId};
    use livefire_schema::table::TableId;
    use proptest::prelude::*;

    use super::*;
    use crate::ruleset::FormIndex;

    const BOUND: i64 = 60;

    fn record(side: Side, time: i64, index: usize) -> Record {
        let event = u64::try_from(index).expect("is small");
        let time = EventTime::from_unix_seconds(time);
        Record {
            item: ItemId(u128::from(event)),
            time,
            available: time,
            event: EventId(event),
            key: 0,
            value: 0,
            other: 0,
            address: 0,
            number: 0,
            text: crate::record::TextRef::default(),
            table: TableId(if side == Side::Left { 0 } else { 1 }),
            form: FormIndex(0),
            kind: 0,
            flags: 0,
        }
    }

    /// The alerts by definition: (index of the completing row, person), with their partners.
    fn by_definition(rows: &[(Side, i64, u64)], realert: i64) -> Vec<(usize, u64, Vec<usize>)> {
        let mut alerts = Vec::new();
        let mut last: FxHashMap<u64, i64> = FxHashMap::default();
        for (index, &(side, time, who)) in rows.iter().enumerate() {
            for person in 0..3 {
                let pairs = |&other: &usize| {
                    let (other_side, other_time, other_who) = rows[other];
                    let (left, named) = if side == Side::Left {
                        (who, other_who)
                    } else {
                        (other_who, who)
                    };
                    other_side != side
                        && time - other_time <= BOUND
                        && named == person
                        && (named == 0 || left == named)
                };
                let partners: Vec<usize> = (0..index).filter(pairs).collect();
                if partners.is_empty() {
                    continue;
                }
                if last
                    .insert(person, time)
                    .is_none_or(|last| time - last >= realert)
                {
                    alerts.push((index, person, partners));
                }
            }
        }
        alerts
    }

    fn rows() -> impl Strategy<Value = Vec<(Side, i64, u64)>> {
        let row = (any::<bool>(), 0..50i64, 0..3u64);
        prop::collection::vec(row, 0..60).prop_map(|rows| {
            let mut now = 0;
            let timed = rows.into_iter().map(|(is_left, step, who)| {
                now += step;
                (if is_left { Side::Left } else { Side::Right }, now, who)
            });
            timed.collect()
        })
    }

    proptest! {
        #[test]
        fn alerts_and_partners_are_those_of_the_definition(rows in rows(), realert in 1..150i64) {
            let bound = TimeSpan::from_seconds(BOUND);
            let mut join = IntervalJoin::new(bound, TimeSpan::from_seconds(realert));
            let mut alerts = Vec::new();
            let mut take = |found: Vec<Match>| {
                let index = |row: &Record| usize::try_from(row.event.0).expect("is small");
                for found in found {
                    let partners = found.partners.iter().map(index).collect();
                    alerts.push((index(&found.completing[0]), found.who, partners));
                }
            };
            for (index, &(side, time, who)) in rows.iter().enumerate() {
                let record = record(side, time, index);
                take(join.take_closed(Some(&record)));
                join.advance(record.time);
                join.apply(side, 7, who, &record);
            }
            take(join.take_closed(None));
            prop_assert_eq!(alerts, by_definition(&rows, realert));
            join.advance(EventTime::MAX);
            prop_assert!(join.is_empty());
        }
    }
}
