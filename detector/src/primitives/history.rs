//! The rows of one key: its current window or bin, and what pending alerts still need.

use std::collections::VecDeque;

use livefire_schema::alert::Mode;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use smallvec::SmallVec;

use super::keyed_count::Counting;
use super::tokens::{Token, Tokens};
use crate::record::Record;

/// One tick of 100 ns: `(a, b]` is `[a + tick, b + tick)`.
const TICK: TimeSpan = TimeSpan::from_ticks(1);

/// State of a key with more than one row.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Rows in order; those before `live` are kept for pending alerts only.
    rows: VecDeque<Record>,
    live: usize,
    tokens: Tokens,
    bin: EventTime,
    /// Last alert of each sink that has alerted, with the sink's position.
    last_alerts: SmallVec<[(u32, EventTime); 1]>,
    pending: SmallVec<[Pending; 1]>,
    /// Whether the newest row is the first one after a pause in which another key would have been
    /// forgotten, but this one was needed for a pending alert.
    pub(super) begins_run: bool,
    /// Kept texts, each with the times of the first and the last of its consecutive rows.
    pub(super) samples: VecDeque<(TimeRange, Box<str>)>,
}

/// An alert that waits for its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// Position of the sink that it is an alert of.
    pub(super) sink: usize,
    pub(super) completing: Record,
    pub(super) window: TimeRange,
    /// First instant at which the class may be decided.
    pub(super) due: EventTime,
}

/// What a row did to the level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) before: u64,
    pub(super) after: u64,
    /// The row reports an event that the window did not hold.
    pub(super) is_new: bool,
}

impl History {
    /// Time of the newest row.
    pub(super) fn newest(&self) -> Option<EventTime> {
        self.rows.back().map(|row| row.time)
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn last_alert(&self, sink: usize) -> Option<EventTime> {
        let own = self.last_alerts.iter().find(|(own, _)| *own == small(sink));
        own.map(|(_, time)| *time)
    }

    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.rows.iter()
    }

    /// Lets the window or bin move on to the row's time, and adds the row.
    pub(super) fn push(&mut self, record: &Record, counting: &Counting) -> Step {
        self.expire(record.time, counting);
        let before = self.tokens.len();
        let is_known = counting.token == Token::Value && self.holds_event(record);
        let is_added = self.tokens.add(counting.token.of(record));
        self.rows.push_back(*record);
        Step {
            before: as_level(before),
            after: as_level(self.tokens.len()),
            is_new: match counting.token {
                Token::Value => !is_known,
                Token::Event | Token::Row => is_added,
            },
        }
    }

    /// Copies of one event have the same time and so stand together.
    fn holds_event(&self, record: &Record) -> bool {
        let same_time = self
            .rows
            .iter()
            .rev()
            .take_while(|row| row.time == record.time);
        same_time.into_iter().any(|row| row.event == record.event)
    }

    fn expire(&mut self, time: EventTime, counting: &Counting) {
        match counting.mode {
            Mode::Streaming => {
                let gone = time - counting.window;
                while let Some(row) = self.rows.get(self.live)
                    && row.time <= gone
                {
                    self.tokens.remove(counting.token.of(row));
                    self.live += 1;
                }
            }
            Mode::Binned => {
                let bin = time.bin(counting.window);
                if bin != self.bin {
                    self.bin = bin;
                    self.tokens.clear();
                    self.live = self.rows.len();
                    self.last_alerts.clear();
                }
            }
        }
        self.forget(time - counting.keep);
    }

    /// Drops rows that left the window and that neither a pending alert nor `keep_from` needs.
    fn forget(&mut self, keep_from: EventTime) {
        let needed = self.pending.iter().map(|pending| pending.window.start);
        let needed = needed.min().unwrap_or(EventTime::MAX).min(keep_from);
        while self.live > 0 && self.rows.front().is_some_and(|row| row.time < needed) {
            self.rows.pop_front();
            self.live -= 1;
        }
        let oldest = self.rows.front().map_or(EventTime::MAX, |row| row.time);
        while self.samples.len() > 1
            && self
                .samples
                .front()
                .is_some_and(|(times, _)| times.end < oldest)
        {
            self.samples.pop_front();
        }
    }

    /// Notes that the newest row alerts at a sink; gives when the class is due.
    pub(super) fn alert(&mut self, sink: usize, record: &Record, counting: &Counting) -> EventTime {
        let own = small(sink);
        match self.last_alerts.iter_mut().find(|(known, _)| *known == own) {
            Some((_, time)) => *time = record.time,
            None => self.last_alerts.push((own, record.time)),
        }
        let held = record.time + counting.hold;
        let (window, due) = match counting.mode {
            Mode::Streaming => {
                let start = record.time - counting.window + TICK;
                let end = record.time + TICK;
                (TimeRange { start, end }, held + TICK)
            }
            Mode::Binned => {
                let start = record.time.bin(counting.window);
                let end = start + counting.window;
                (TimeRange { start, end }, end.max(held + TICK))
            }
        };
        self.pending.push(Pending {
            sink,
            completing: *record,
            window,
            due,
        });
        due
    }

    /// Takes the oldest pending alert, if it is due before `watermark`.
    pub(super) fn take_due(&mut self, watermark: EventTime) -> Option<Pending> {
        let first = self.pending.first()?;
        (first.due <= watermark).then(|| self.pending.remove(0))
    }
}

/// A sink's position; there are as many sinks as a sweep has values.
fn small(sink: usize) -> u32 {
    u32::try_from(sink).unwrap_or(u32::MAX)
}

/// # Panics
/// Never: a count of rows in memory fits 64 bits.
pub(super) fn as_level(count: usize) -> u64 {
    u64::try_from(count).expect("a count fits 64 bits")
}
