//! An amount in a sliding window against the same key's own past.
//!
//! The past of an instant `t` is made of UTC hours: those that lie wholly within
//! `[t − lookback, t − gap]`, as a query that bins by hour sees them. Only these sums are kept, so
//! that the state of a key is its current window and a week of hours, however much it sends. The
//! threshold moves with the past, hence the edge is kept as a state and not found from two levels.
//! Records come in order of time.

use std::collections::VecDeque;

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;

use super::tokens::{Token, Tokens};
use crate::record::Record;

/// Hours are the grain of a baseline.
const HOUR: TimeSpan = TimeSpan::from_hours(1);
/// Rows of a window for which a key keeps its memory.
const QUIET_ROWS: usize = 8;
/// One tick of 100 ns: `(a, b]` is `[a + tick, b + tick)`.
const TICK: TimeSpan = TimeSpan::from_ticks(1);

/// Amounts by UTC hour, and their sum over those that lie within a stretch that moves on.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    /// Hour (since 0001-01-01) and amount, in order; hours without an amount are left out.
    hours: VecDeque<(i64, u64)>,
    /// How many of them, from the front, are within the stretch.
    inside: usize,
    sum: u64,
    days: u64,
    /// First hour of the stretch, and the first after it.
    stretch: (i64, i64),
}

impl Hours {
    /// Adds an amount at an instant that is no earlier than those before.
    pub fn add(&mut self, time: EventTime, amount: u64) {
        let hour = time.ticks().div_euclid(HOUR.ticks());
        match self.hours.back_mut() {
            Some((last, sum)) if *last == hour => *sum += amount,
            _ => self.hours.push_back((hour, amount)),
        }
    }

    /// Moves the stretch to `[from, to]`, neither of which goes back; forgets what lies before.
    pub fn advance(&mut self, from: EventTime, to: EventTime) {
        // The first hour that begins at or after `from`, and the first that ends after `to`.
        let first = from
            .ticks()
            .saturating_add(HOUR.ticks() - 1)
            .div_euclid(HOUR.ticks());
        let end = to.ticks().div_euclid(HOUR.ticks());
        // Most records come within the hour of the last; what was added since lies past `to`.
        if self.stretch == (first, end) {
            return;
        }
        self.stretch = (first, end);
        while let Some(&(hour, amount)) = self.hours.get(self.inside)
            && hour < end
        {
            let before = self.inside.checked_sub(1).map(|last| self.hours[last].0);
            self.days += u64::from(before.is_none_or(|before| day(before) != day(hour)));
            self.sum += amount;
            self.inside += 1;
        }
        while let Some(&(hour, amount)) = self.hours.front()
            && hour < first
        {
            self.hours.pop_front();
            if self.inside > 0 {
                self.inside -= 1;
                self.sum -= amount;
                let next = self.hours.front().filter(|_| self.inside > 0);
                self.days -= u64::from(next.is_none_or(|&(next, _)| day(next) != day(hour)));
            }
        }
    }

    /// The amount within the stretch.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Hours of the stretch that have an amount.
    #[must_use]
    pub fn active_hours(&self) -> u64 {
        u64::try_from(self.inside).unwrap_or(u64::MAX)
    }

    /// UTC days that such hours lie in.
    #[must_use]
    pub fn active_days(&self) -> u64 {
        self.days
    }

    /// Whether no hour is left, within the stretch or after it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }
}

fn day(hour: i64) -> i64 {
    hour.div_euclid(24)
}

/// What is compared with what.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Comparison {
    /// Length of the sliding window.
    pub window: TimeSpan,
    /// The past begins this long before.
    pub lookback: TimeSpan,
    /// The past ends this long before.
    pub gap: TimeSpan,
    /// The least amount that alerts.
    pub floor: u64,
    /// How many times the mean of an active hour alerts.
    pub factor: f64,
    /// Active days without which there is no past to compare with.
    pub least_days: u64,
    /// Whether the floor counts where there is no past; else nothing does.
    pub floor_alone: bool,
    /// After an alert, an unbroken run alerts again at its first event this much later.
    pub realert: TimeSpan,
}

/// Where a key stands at a record.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Standing {
    /// Amount in the window.
    pub level: u64,
    /// The amount that alerts now; `None` if there is no past and the floor does not count alone.
    pub threshold: Option<u64>,
    /// Mean amount of an active hour of the past; `None` without a past.
    pub mean: Option<f64>,
    /// Active hours of the past.
    pub active_hours: u64,
    /// Active days of the past.
    pub active_days: u64,
    /// Whether it alerts.
    pub fires: bool,
    /// Whether the record repeats an event of the window.
    pub is_copy: bool,
}

/// Amounts of all keys against their own past.
#[derive(Debug)]
pub struct BaselineCount {
    comparison: Comparison,
    keys: FxHashMap<u64, Box<Subject>>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct Subject {
    /// Rows of the window, each with the amount that it added; none for copies.
    rows: VecDeque<(Record, u64)>,
    events: Tokens,
    level: u64,
    past: Hours,
    is_above: bool,
    last_alert: Option<EventTime>,
}

impl BaselineCount {
    /// Knows no key yet.
    #[must_use]
    pub fn new(comparison: Comparison) -> Self {
        BaselineCount {
            comparison,
            keys: FxHashMap::default(),
            next_sweep: EventTime::MIN,
        }
    }

    /// Adds a record's amount under its key.
    pub fn apply(&mut self, record: &Record, amount: u64) -> Standing {
        let comparison = &self.comparison;
        let subject = self.keys.entry(record.key).or_default();
        subject.expire(record.time - comparison.window);
        let (from, to) = (
            record.time - comparison.lookback,
            record.time - comparison.gap,
        );
        subject.past.advance(from, to);
        let mut standing = comparison.standing(&subject.past);
        let reaches = |level: u64| {
            standing
                .threshold
                .is_some_and(|threshold| level >= threshold)
        };
        subject.is_above &= reaches(subject.level);
        standing.is_copy = !subject.events.add(Token::Event.of(record));
        let amount = if standing.is_copy { 0 } else { amount };
        subject.rows.push_back((*record, amount));
        subject.level += amount;
        if amount > 0 {
            subject.past.add(record.time, amount);
        }
        let is_reached = reaches(subject.level);
        let is_again = |last| record.time - last >= comparison.realert;
        standing.fires = is_reached
            && (!subject.is_above || !standing.is_copy && subject.last_alert.is_some_and(is_again));
        if standing.fires {
            subject.last_alert = Some(record.time);
        }
        subject.is_above = is_reached;
        standing.level = subject.level;
        standing
    }

    /// The window that ends with an instant.
    #[must_use]
    pub fn window_until(&self, time: EventTime) -> TimeRange {
        TimeRange {
            start: time - self.comparison.window + TICK,
            end: time + TICK,
        }
    }

    /// The rows of a key's window with their amounts, in order, as of its last record.
    pub fn rows(&self, key: u64) -> impl Iterator<Item = &(Record, u64)> {
        self.keys.get(&key).into_iter().flat_map(|key| &key.rows)
    }

    /// Forgets keys without a row in window and past.
    pub fn forget(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        self.next_sweep = watermark + HOUR * 6;
        let comparison = self.comparison;
        self.keys.retain(|_, subject| {
            subject.expire(watermark - comparison.window);
            subject
                .past
                .advance(watermark - comparison.lookback, watermark - comparison.gap);
            if subject.rows.is_empty() {
                // What a burst took is given back, what a quiet user needs is kept.
                subject.rows.shrink_to(QUIET_ROWS);
                subject.is_above = false;
            }
            !(subject.rows.is_empty() && subject.past.is_empty())
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

impl Comparison {
    /// The threshold after a past; level and verdict are still to come.
    fn standing(&self, past: &Hours) -> Standing {
        let has_past = past.active_days() >= self.least_days;
        let mean = has_past.then(|| as_float(past.sum()) / as_float(past.active_hours()));
        let threshold = match mean {
            Some(mean) => Some(self.floor.max(ceil(self.factor * mean))),
            None => self.floor_alone.then_some(self.floor),
        };
        Standing {
            level: 0,
            threshold,
            mean,
            active_hours: past.active_hours(),
            active_days: past.active_days(),
            fires: false,
            is_copy: false,
        }
    }
}

impl Subject {
    fn expire(&mut self, gone: EventTime) {
        while let Some((row, amount)) = self.rows.front()
            && row.time <= gone
        {
            self.level -= amount;
            self.events.remove(Token::Event.of(row));
            self.rows.pop_front();
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sums of a week stay far below 2^53"
)]
fn as_float(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and amounts are not negative"
)]
fn ceil(value: f64) -> u64 {
    value.ceil() as u64
}

#[cfg(test)]
mod tests;
