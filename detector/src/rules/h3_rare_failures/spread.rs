//! Distinct events of a key in a window or bin that must also lie far apart.
//!
//! An alert waits until no copy of its completing event can come any more (streaming) or its bin
//! has ended (binned); its rows are those of the window at its own time.

use std::collections::VecDeque;

use livefire_schema::alert::Mode;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;

use crate::parameters::Parameters;
use crate::primitives::{Token, Tokens};
use crate::record::Record;

/// One tick of 100 ns: `(a, b]` is `[a + tick, b + tick)`.
const TICK: TimeSpan = TimeSpan::from_ticks(1);

/// All keys.
#[derive(Debug)]
pub(super) struct Spread {
    mode: Mode,
    threshold: u64,
    window: TimeSpan,
    span: TimeSpan,
    realert: TimeSpan,
    keys: FxHashMap<u64, Key>,
    /// Alerts that wait, in the order of their completing events.
    pending: Vec<Pending>,
    /// Alerts that nothing can change any more.
    closed: Vec<Reached>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct Key {
    /// Rows of the window or bin, in order.
    rows: VecDeque<Record>,
    events: Tokens,
    bin: EventTime,
    is_above: bool,
    last_alert: Option<EventTime>,
}

#[derive(Debug)]
struct Pending {
    completing: Record,
    due: EventTime,
}

/// An alert with its rows.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Reached {
    pub(super) completing: Record,
    pub(super) window: TimeRange,
    pub(super) rows: Vec<Record>,
    pub(super) level: u64,
    pub(super) span: TimeSpan,
    pub(super) available: EventTime,
    pub(super) raised: EventTime,
}

impl Spread {
    pub(super) fn new(parameters: &Parameters, mode: Mode) -> Self {
        Spread {
            mode,
            threshold: parameters.count("threshold"),
            window: parameters.span("window"),
            span: parameters.span("span"),
            realert: parameters.span("realert"),
            keys: FxHashMap::default(),
            pending: Vec::new(),
            closed: Vec::new(),
            next_sweep: EventTime::MIN,
        }
    }

    pub(super) fn threshold(&self) -> u64 {
        self.threshold
    }

    /// Counts a record and gives the level: distinct events, but one too few while they lie too
    /// close together.
    pub(super) fn apply(&mut self, record: &Record) -> u64 {
        // Before rows that an alert needs leave the window.
        self.close_until(record.time);
        let (threshold, span) = (self.threshold, self.span);
        let key = self.keys.entry(record.key).or_default();
        match self.mode {
            Mode::Streaming => key.expire(record.time - self.window),
            Mode::Binned => key.turn(record.time.bin(self.window)),
        }
        key.is_above &= key.is_reached(threshold, span);
        let is_new = key.push(record);
        let is_reached = key.is_reached(threshold, span);
        let is_again = match self.mode {
            Mode::Streaming => key
                .last_alert
                .is_some_and(|last| record.time - last >= self.realert),
            Mode::Binned => false,
        };
        if is_reached && (!key.is_above || is_new && is_again) {
            key.last_alert = Some(record.time);
            let due = match self.mode {
                Mode::Streaming => record.time + TICK,
                Mode::Binned => record.time.bin(self.window) + self.window,
            };
            self.pending.push(Pending {
                completing: *record,
                due,
            });
        }
        key.is_above = is_reached;
        let level = u64::try_from(key.events.len()).unwrap_or(u64::MAX);
        if is_reached {
            level
        } else {
            level.min(threshold - 1)
        }
    }

    /// Alerts whose rows are complete once everything before `watermark` has been applied.
    pub(super) fn take_closed(&mut self, watermark: EventTime) -> Vec<Reached> {
        self.close_until(watermark);
        std::mem::take(&mut self.closed)
    }

    fn close_until(&mut self, watermark: EventTime) {
        let is_due = |pending: &Pending| pending.due <= watermark;
        if self.pending.iter().any(is_due) {
            let pending = std::mem::take(&mut self.pending);
            let (due, pending): (Vec<_>, Vec<_>) = pending.into_iter().partition(is_due);
            self.pending = pending;
            let closed: Vec<_> = due.iter().map(|pending| self.close(pending)).collect();
            self.closed.extend(closed);
        }
    }

    fn close(&self, pending: &Pending) -> Reached {
        let completing = pending.completing;
        let window = match self.mode {
            Mode::Streaming => TimeRange {
                start: completing.time - self.window + TICK,
                end: completing.time + TICK,
            },
            Mode::Binned => {
                let start = completing.time.bin(self.window);
                let end = start + self.window;
                TimeRange { start, end }
            }
        };
        let key = self.keys.get(&completing.key);
        let rows = key.into_iter().flat_map(|key| &key.rows);
        let rows: Vec<Record> = rows
            .filter(|row| window.contains(row.time))
            .copied()
            .collect();
        let (mut events, mut seen) = (Vec::new(), rustc_hash::FxHashMap::default());
        for row in &rows {
            let index = *seen.entry(row.event).or_insert_with(|| {
                events.push(row.available);
                events.len() - 1
            });
            events[index] = events[index].min(row.available);
        }
        let own = seen.get(&completing.event).map(|&index| events[index]);
        let level = u64::try_from(events.len()).unwrap_or(u64::MAX);
        events.sort_unstable();
        let index = usize::try_from(self.threshold - 1).unwrap_or(usize::MAX);
        let enough = events.get(index).or(events.last()).copied();
        let available = enough.max(own).unwrap_or(completing.available);
        let span = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => last.time - first.time,
            _ => TimeSpan::ZERO,
        };
        let (available, raised) = match self.mode {
            Mode::Streaming => (available, available),
            Mode::Binned => (completing.time, window.end),
        };
        Reached {
            completing,
            window,
            rows,
            level,
            span,
            available,
            raised,
        }
    }

    /// Forgets keys whose newest row has left window and bin.
    pub(super) fn forget(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        self.next_sweep = watermark.saturating_add(TimeSpan::from_hours(1));
        let old = watermark.saturating_sub(self.window);
        self.keys
            .retain(|_, key| key.rows.back().is_some_and(|row| row.time > old));
    }

    /// Keys with state.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Key {
    fn expire(&mut self, gone: EventTime) {
        while let Some(row) = self.rows.front()
            && row.time <= gone
        {
            self.events.remove(Token::Event.of(row));
            self.rows.pop_front();
        }
    }

    fn turn(&mut self, bin: EventTime) {
        if self.bin != bin {
            *self = Key {
                bin,
                ..Key::default()
            };
        }
    }

    /// Adds a row; `false` for a copy.
    fn push(&mut self, record: &Record) -> bool {
        self.rows.push_back(*record);
        self.events.add(Token::Event.of(record))
    }

    fn is_reached(&self, threshold: u64, span: TimeSpan) -> bool {
        u64::try_from(self.events.len()).is_ok_and(|events| events >= threshold)
            && match (self.rows.front(), self.rows.back()) {
                (Some(first), Some(last)) => last.time - first.time >= span,
                _ => false,
            }
    }
}
