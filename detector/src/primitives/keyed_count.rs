//! Distinct counts per key over a sliding window or tumbling bins, with a threshold.
//!
//! The one engine behind R1, R2, R3 and R5. A key with a single row costs no allocation. An alert
//! is held until `hold` of event time has passed after its completing row, so that its class can
//! read what came after; then it is given back once, with the rows of its window and the later
//! ones. Source: EVALUATION.md §6, RULES.md "Decided".

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use livefire_schema::alert::{EvidenceRow, Mode, Semantics, Severity};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;

use super::history::{History, Pending, as_level};
use super::threshold::{HighWater, ThresholdSink};
use super::tokens::{Token, Tokens};
use crate::context::{AlertDraft, Context};
use crate::record::Record;

/// What is counted and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counting {
    /// Sliding or tumbling.
    pub mode: Mode,
    /// Length of window or bin.
    pub window: TimeSpan,
    /// Of what distinct ones are counted.
    pub token: Token,
    /// How long after the completing row the class may read rows.
    pub hold: TimeSpan,
    /// How long rows stay readable through [`KeyedCount::rows`]; zero if nobody asks.
    pub keep: TimeSpan,
    /// Which texts that travel with records are kept.
    pub samples: SamplePolicy,
}

/// Which texts a key keeps for its alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SamplePolicy {
    /// None.
    None,
    /// Every row's, for rules whose rows are rare.
    Every,
    /// The second row's, for rules in which all rows of a key have the same text.
    Second,
}

/// Counts per key.
#[derive(Debug)]
pub struct KeyedCount {
    counting: Counting,
    /// By threshold, the lowest first.
    sinks: Vec<Sink>,
    keys: FxHashMap<u64, Key>,
    /// Pending alerts by due time; due times never go back, as records come in order.
    due: VecDeque<(EventTime, u64)>,
    next_sweep: EventTime,
}

/// Where levels become alerts.
#[derive(Clone, Copy, Debug)]
struct Sink {
    threshold: ThresholdSink,
    /// What its alerts carry as [`Closed::sink`].
    id: usize,
}

#[derive(Debug)]
enum Key {
    One(Record),
    Many(Box<History>),
}

impl Key {
    /// Whether nothing of it matters any more: its newest row is no later than `old`.
    fn is_over(&self, old: EventTime) -> bool {
        match self {
            Key::One(record) => record.time <= old,
            Key::Many(history) => {
                !history.has_pending() && history.newest().is_none_or(|time| time <= old)
            }
        }
    }
}

/// An alert whose class can be decided.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Position of its threshold among those of [`KeyedCount::fan_out`]; 0 without.
    pub sink: usize,
    /// Hash of the key.
    pub key: u64,
    /// The row that completed the threshold.
    pub completing: Record,
    /// Window or bin, half-open in ticks.
    pub window: TimeRange,
    /// Rows of the window, in order, copies included.
    pub evidence: Vec<Record>,
    /// Rows from the window's start until the hold's end, in order.
    pub extended: Vec<Record>,
    /// Threshold k.
    pub threshold: u64,
    /// Distinct tokens in the evidence.
    pub level: u64,
    /// Earliest instant at which k distinct tokens of the evidence were available.
    pub available: EventTime,
    /// Streaming: `available`; binned: the bin's end.
    pub raised: EventTime,
    /// Kept texts, oldest first, without repetition, five at most.
    pub samples: Vec<String>,
}

/// Samples printed with an alert, and kept per key at most.
const SAMPLES_PRINTED: usize = 5;
const SAMPLES_KEPT: usize = 32;

impl KeyedCount {
    /// Counts nothing yet.
    #[must_use]
    pub fn new(counting: Counting, threshold: u64, realert: TimeSpan) -> Self {
        let realert = match counting.mode {
            Mode::Streaming => realert,
            Mode::Binned => TimeSpan::from_ticks(i64::MAX),
        };
        KeyedCount {
            counting,
            sinks: vec![Sink {
                threshold: ThresholdSink::new(threshold, realert),
                id: 0,
            }],
            keys: FxHashMap::default(),
            due: VecDeque::new(),
            next_sweep: EventTime::MIN,
        }
    }

    /// Alerts at each of these thresholds, instead of the one so far: the same alerts as of so many
    /// counts, over one state. To be called before anything is counted; without a threshold
    /// nothing changes.
    pub fn fan_out(&mut self, thresholds: &[u64]) {
        let Some(first) = self.sinks.first().filter(|_| !thresholds.is_empty()) else {
            return;
        };
        let realert = first.threshold.realert;
        let sinks = thresholds.iter().enumerate().map(|(id, &threshold)| Sink {
            threshold: ThresholdSink::new(threshold, realert),
            id,
        });
        self.sinks = sinks.collect();
        self.sinks.sort_by_key(|sink| sink.threshold.threshold);
    }

    /// The lowest threshold.
    fn lowest(&self) -> u64 {
        self.sinks
            .first()
            .map_or(0, |sink| sink.threshold.threshold)
    }

    /// Counts a record under its key; records come in order.
    pub fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        let lowest = self.lowest();
        let counting = &self.counting;
        let old = record.time - counting.window.max(counting.keep);
        let (key, is_fresh) = match self.keys.entry(record.key) {
            Entry::Vacant(place) => (place.insert(Key::One(*record)), true),
            Entry::Occupied(place) => {
                let key = place.into_mut();
                // When `forget` last came by depends on the clock, which must not show.
                let is_over = key.is_over(old);
                (key, is_over)
            }
        };
        if is_fresh {
            if is_single(counting, lowest) {
                *key = Key::One(*record);
                self.sinks[0].threshold.note(record.key, record.time, 1);
                context.level(record, record.key, 1, lowest);
                return;
            }
            *key = Key::Many(Box::default());
        } else if let Key::One(first) = key {
            let first = *first;
            if is_apart(counting, &first, record) {
                *key = Key::One(*record);
                context.level(record, record.key, 1, lowest);
                return;
            }
            let mut history = Box::<History>::default();
            history.push(&first, counting);
            *key = Key::Many(history);
        }
        let history = many(key);
        let is_first = history.newest().is_some_and(|newest| newest <= old);
        keep_sample(history, record, text, counting.samples, is_first);
        history.begins_run = is_first;
        let step = history.push(record, counting);
        self.sinks[0]
            .threshold
            .note(record.key, record.time, step.after);
        context.level(record, record.key, step.after, lowest);
        for (position, sink) in self.sinks.iter().enumerate() {
            let sink = &sink.threshold;
            if sink.threshold > step.after {
                break;
            }
            let last = history.last_alert(position);
            if sink.fires(step.before, step.after, step.is_new, record.time, last) {
                let due = history.alert(position, record, counting);
                self.due.push_back((due, record.key));
            }
        }
    }

    /// Alerts whose class can be decided once everything before `watermark` has been applied.
    pub fn take_closed(&mut self, watermark: EventTime) -> Vec<Closed> {
        let mut closed = Vec::new();
        while let Some(&(due, key)) = self.due.front()
            && due <= watermark
        {
            self.due.pop_front();
            if let Some(Key::Many(history)) = self.keys.get_mut(&key)
                && let Some(pending) = history.take_due(watermark)
            {
                closed.push(close(
                    key,
                    history,
                    &pending,
                    &self.counting,
                    &self.sinks[pending.sink],
                ));
            }
        }
        closed
    }

    /// Forgets keys without recent rows: a key whose newest row has left window, bin and `keep`,
    /// and which holds no pending alert, behaves as one never seen. To be called once what was
    /// closed has been described.
    pub fn forget(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        let counting = self.counting;
        let old = watermark - counting.window.max(counting.keep);
        self.keys.retain(|_, key| !key.is_over(old));
        let pause = TimeSpan::from_ticks(counting.window.ticks() / 2);
        self.next_sweep = watermark + pause.max(TimeSpan::from_minutes(1));
    }

    /// Rows of a key that are still held: at least those within [`Counting::keep`].
    pub fn rows(&self, key: u64) -> Vec<&Record> {
        match self.keys.get(&key) {
            None => Vec::new(),
            Some(Key::One(record)) => vec![record],
            Some(Key::Many(history)) => history.rows().collect(),
        }
    }

    /// Whether a key has state.
    #[must_use]
    pub fn holds(&self, key: u64) -> bool {
        self.keys.contains_key(&key)
    }

    /// The highest level seen.
    #[must_use]
    pub fn high_water(&self) -> Option<HighWater> {
        self.sinks.first()?.threshold.high_water()
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

impl Closed {
    /// An alert draft with all that does not depend on the rule; severity, classes, entities and
    /// details are left to it.
    #[must_use]
    pub fn draft(&self, semantics: Semantics, context: &Context<'_>) -> AlertDraft {
        let is_distinct = semantics == Semantics::Distinct;
        let evidence = self.evidence.iter().map(|row| EvidenceRow {
            distinct: is_distinct.then_some(row.value),
            ..context.evidence(row)
        });
        AlertDraft {
            semantics,
            key: context.name(self.key),
            completing: self.completing,
            threshold: self.threshold,
            level: self.level,
            window: self.window,
            available: self.available,
            raised: self.raised,
            severity: Severity::Medium,
            classes: Vec::new(),
            entities: Vec::new(),
            evidence: evidence.collect(),
            details: serde_json::Map::new(),
        }
    }
}

/// Whether a first row needs no history yet.
fn is_single(counting: &Counting, threshold: u64) -> bool {
    threshold > 1 && counting.samples != SamplePolicy::Every && counting.keep == TimeSpan::ZERO
}

/// Whether `record` finds `first` out of its window or bin.
fn is_apart(counting: &Counting, first: &Record, record: &Record) -> bool {
    match counting.mode {
        Mode::Streaming => first.time <= record.time - counting.window,
        Mode::Binned => first.time.bin(counting.window) != record.time.bin(counting.window),
    }
}

fn many(key: &mut Key) -> &mut History {
    match key {
        Key::Many(history) => history,
        Key::One(_) => unreachable!("a single row was turned into a history"),
    }
}

fn keep_sample(
    history: &mut History,
    record: &Record,
    text: &str,
    policy: SamplePolicy,
    is_first: bool,
) {
    let wanted = match policy {
        SamplePolicy::None => false,
        SamplePolicy::Every => true,
        SamplePolicy::Second => !is_first && (history.samples.is_empty() || history.begins_run),
    };
    if let Some((times, last)) = history.samples.back_mut()
        && **last == *text
    {
        times.end = record.time;
        return;
    }
    if wanted && !text.is_empty() {
        if history.samples.len() >= SAMPLES_KEPT {
            history.samples.pop_front();
        }
        let times = TimeRange {
            start: record.time,
            end: record.time,
        };
        history.samples.push_back((times, text.into()));
    }
}

fn close(
    key: u64,
    history: &History,
    pending: &Pending,
    counting: &Counting,
    sink: &Sink,
) -> Closed {
    let threshold = sink.threshold.threshold;
    let window = pending.window;
    let last = pending.completing.time + counting.hold;
    let rows = history.rows().filter(|row| row.time >= window.start);
    let (mut evidence, mut extended) = (Vec::new(), Vec::new());
    for row in rows {
        if window.contains(row.time) {
            evidence.push(*row);
        }
        if row.time <= last {
            extended.push(*row);
        }
    }
    let available = kth_available(&evidence, counting.token, threshold);
    let mut level = Tokens::default();
    for row in &evidence {
        level.add(counting.token.of(row));
    }
    let mut samples: Vec<String> = Vec::new();
    let mut kept = history.samples.iter();
    // Of the second rows the one of the run that the alert ends.
    let own = kept.rposition(|(times, _)| times.start <= pending.completing.time);
    let own = own.unwrap_or(0);
    for (position, (times, text)) in history.samples.iter().enumerate() {
        let is_near = match counting.samples {
            SamplePolicy::Second => position == own,
            _ => window.start <= times.end && times.start <= last.max(window.end),
        };
        if is_near && samples.len() < SAMPLES_PRINTED && !samples.iter().any(|s| **s == **text) {
            samples.push(text.to_string());
        }
    }
    Closed {
        sink: sink.id,
        key,
        completing: pending.completing,
        window,
        evidence,
        extended,
        threshold,
        level: as_level(level.len()),
        available: match counting.mode {
            Mode::Streaming => available,
            Mode::Binned => pending.completing.time,
        },
        raised: match counting.mode {
            Mode::Streaming => available,
            Mode::Binned => window.end,
        },
        samples,
    }
}

/// The k-th smallest of the instants at which each distinct token was first available.
fn kth_available(rows: &[Record], token: Token, k: u64) -> EventTime {
    let mut first: FxHashMap<u64, EventTime> = FxHashMap::default();
    for row in rows {
        let seen = first.entry(token.of(row)).or_insert(row.available);
        *seen = (*seen).min(row.available);
    }
    let mut times: Vec<EventTime> = first.into_values().collect();
    times.sort_unstable();
    let index = usize::try_from(k.max(1) - 1).unwrap_or(usize::MAX);
    times
        .get(index)
        .or(times.last())
        .copied()
        .unwrap_or(EventTime::MIN)
}
