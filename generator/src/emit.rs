//! Events → log lines in ingestion order: the generator as an event source.
//!
//! A generation day's events are produced in parallel, each row's way to the workspace is decided
//! from its event's own id, and compact entries are put into buckets of one ingestion hour. Once
//! no later event can land in an hour (a row is never ingested before its event), the hour is
//! sorted, rendered in chunks of fixed size and given out. So neither the number of threads nor
//! any window changes a byte, and memory is what a day and the longest delay hold.
//!
//! Event time ends with the calendar; rows that are ingested after that are still given out.

mod bucket;
mod format;
mod producer;
mod transport;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use livefire_labels::{
    Batch, Campaign, EventSource, GroupIndex, LabelGroup, LogExtent, Payload, SourceError,
};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TICKS_PER_SECOND, TimeRange, TimeSpan};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::event::Origin;
use crate::recipes::Recipes;
use crate::settings::{Calendar, Telemetry};
use crate::world::World;
use bucket::{Entry, Part, collect};
use format::{Chunk, Formatter, GroupKey};
use transport::Transport;

pub use producer::{EventProducer, Function};
pub use transport::MAX_DELAY;

/// One step of generation; benign days are UTC days.
const STEP: TimeSpan = TimeSpan::from_days(1);
/// Ticks of one bucket.
const HOUR: i64 = 3600 * TICKS_PER_SECOND;
/// Rows that one task renders; fixed, so that batches do not depend on threads.
const ROWS_PER_CHUNK: usize = 1024;

/// Everything that decides a generated log.
#[derive(Debug)]
pub struct Generation {
    /// Scenario name, for the log's extent.
    pub scenario: String,
    /// The world, with what campaigns appended to its directory.
    pub world: Arc<World>,
    /// The embedded tables and the user's.
    pub schema: Arc<Schema>,
    /// Benign traffic and campaigns.
    pub producers: Vec<Box<dyn EventProducer>>,
    /// What [`crate::event::OriginRef`]s of the producers' events point to.
    pub origins: Vec<Origin>,
    /// Campaigns, passed through.
    pub campaigns: Vec<Campaign>,
    /// Faults on the way.
    pub telemetry: Telemetry,
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Only rows ingested in this window; consecutive windows together give the whole log.
    pub window: Option<TimeRange>,
}

/// The generator as an [`EventSource`].
#[derive(Debug)]
pub struct GeneratorSource {
    generation: Generation,
    recipes: Recipes,
    transport: Transport,
    reference: Arc<Reference>,
    pool: rayon::ThreadPool,
    /// Start of the next day to produce.
    next_step: EventTime,
    /// No day from here on has rows for us.
    last_step: EventTime,
    /// Rows by ingestion hour.
    buckets: BTreeMap<i64, Vec<Part>>,
    /// The hour being given out.
    hour: Vec<Part>,
    order: Vec<Entry>,
    position: usize,
    ready: VecDeque<Chunk>,
    spare: Vec<Chunk>,
    groups: Vec<LabelGroup>,
    group_of: FxHashMap<GroupKey, GroupIndex>,
    requests: u64,
    held: usize,
    most_held: usize,
    payloads: Vec<Payload>,
}

impl GeneratorSource {
    /// Prepares the source; no event is produced yet.
    ///
    /// # Errors
    /// [`SourceError::Plan`] if the threads cannot be started.
    pub fn new(generation: Generation) -> Result<Self, SourceError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(generation.threads)
            .build()
            .map_err(|error| SourceError::Plan(format!("cannot start threads: {error}")))?;
        let world = Arc::clone(&generation.world);
        let recipes = Recipes::new(Arc::clone(&world), Arc::clone(&generation.schema));
        let transport = Transport::new(&world, &generation.schema, generation.telemetry.clone());
        let (next_step, last_step) = steps(&generation);
        Ok(GeneratorSource {
            generation,
            recipes,
            transport,
            reference: Arc::new(world.reference()),
            pool,
            next_step,
            last_step,
            buckets: BTreeMap::new(),
            hour: Vec::new(),
            order: Vec::new(),
            position: 0,
            ready: VecDeque::new(),
            spare: Vec::new(),
            groups: Vec::new(),
            group_of: FxHashMap::default(),
            requests: 0,
            held: 0,
            most_held: 0,
            payloads: Vec::new(),
        })
    }

    /// Most rows held at once so far: a day's and those delayed past it, however long the log.
    #[must_use]
    pub fn most_rows_held(&self) -> usize {
        self.most_held
    }

    /// Produces the next day and deals its rows to the buckets.
    fn produce(&mut self) -> Result<(), SourceError> {
        let (from, to) = (self.next_step, self.next_step + STEP);
        let tasks: Vec<(usize, usize)> = self
            .generation
            .producers
            .iter()
            .enumerate()
            .flat_map(|(index, producer)| (0..producer.parts()).map(move |part| (index, part)))
            .collect();
        let log = self.log();
        let (generation, recipes, transport) = (&self.generation, &self.recipes, &self.transport);
        let parts: Vec<Vec<(i64, Part)>> = self.pool.install(|| {
            let produced = tasks.par_iter().map(|(index, part)| {
                let mut events = generation.producers[*index].part_events(*part, from, to);
                if let Some(early) = events.iter().find(|event| event.at < from) {
                    let early = early.at;
                    return Err(SourceError::Plan(format!(
                        "producer {index} gave an event at {early} for the day from {from}"
                    )));
                }
                events.retain(|event| log.contains(event.at));
                Ok(collect(&events, recipes, transport, generation.window))
            });
            produced.collect::<Result<_, _>>()
        })?;
        for (hour, part) in parts.into_iter().flatten() {
            self.held += part.entries.len();
            self.buckets.entry(hour).or_default().push(part);
        }
        self.most_held = self.most_held.max(self.held);
        self.next_step = to;
        Ok(())
    }

    /// Sorts the next hour that is complete; `false` if there is none.
    fn open_hour(&mut self) -> bool {
        let done = self.next_step >= self.last_step;
        let Some((&hour, _)) = self.buckets.first_key_value() else {
            return false;
        };
        if !done && (hour + 1) * HOUR > self.next_step.ticks() {
            return false;
        }
        self.hour = self.buckets.remove(&hour).unwrap_or_default();
        self.order.clear();
        self.position = 0;
        for (number, part) in (0u32..).zip(&mut self.hour) {
            for entry in &mut part.entries {
                entry.part = number;
            }
            self.order.append(&mut part.entries);
        }
        self.held -= self.order.len();
        let order = &mut self.order;
        self.pool.install(|| order.par_sort_unstable());
        true
    }

    /// Renders the next chunks of the open hour, as many as there are threads.
    fn render(&mut self) {
        let wanted = self.pool.current_num_threads().max(1);
        let formatter = Formatter {
            recipes: &self.recipes,
            transport: &self.transport,
            parts: &self.hour,
            scored: self.scored(),
        };
        let rest = &self.order[self.position..];
        let slices: Vec<&[Entry]> = rest.chunks(ROWS_PER_CHUNK).take(wanted).collect();
        let buffers: Vec<Chunk> = slices
            .iter()
            .map(|_| self.spare.pop().unwrap_or_default())
            .collect();
        let chunks: Vec<Chunk> = self.pool.install(|| {
            slices
                .par_iter()
                .zip(buffers)
                .map(|(entries, buffer)| formatter.chunk(entries, buffer))
                .collect()
        });
        self.position += slices.iter().map(|slice| slice.len()).sum::<usize>();
        self.ready.extend(chunks);
    }

    /// Moves a chunk's lines into the caller's batch and names its label groups.
    fn give(&mut self, mut chunk: Chunk, batch: &mut Batch) {
        for (row, key) in chunk.labelled.drain(..) {
            let group = self.group(key);
            if let Some(row) = chunk.rows.get_mut(row) {
                row.group = Some(group);
            }
        }
        self.requests += chunk.requests;
        chunk.requests = 0;
        std::mem::swap(&mut batch.bytes, &mut chunk.bytes);
        std::mem::swap(&mut batch.rows, &mut chunk.rows);
        if let Some(last) = batch.rows.last() {
            batch.clock = last.ingestion;
        }
        self.spare.push(chunk);
    }

    /// The index of a group, a new one for a new combination.
    fn group(&mut self, key: GroupKey) -> GroupIndex {
        if let Some(index) = self.group_of.get(&key) {
            return *index;
        }
        let index = GroupIndex(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        let generation = &self.generation;
        self.groups
            .push(key.group(&generation.origins, &generation.world, &generation.schema));
        self.group_of.insert(key, index);
        index
    }

    fn log(&self) -> TimeRange {
        let calendar = &self.generation.world.calendar;
        TimeRange {
            start: calendar.start,
            end: calendar.end(),
        }
    }

    fn scored(&self) -> TimeRange {
        let calendar = &self.generation.world.calendar;
        TimeRange {
            start: calendar.scored_start(),
            end: calendar.end(),
        }
    }
}

/// The `index`-th of `count` equal windows of ingestion time; the last one is open, since rows
/// arrive after the log's end. All windows' logs, one after another, are the whole log.
#[must_use]
pub fn shard(calendar: &Calendar, index: u32, count: u32) -> TimeRange {
    let part = calendar.duration.ticks() / i64::from(count.max(1));
    let edge = |index: u32| calendar.start + TimeSpan::from_ticks(part * i64::from(index));
    TimeRange {
        start: edge(index),
        end: if index + 1 >= count {
            EventTime::MAX
        } else {
            edge(index + 1)
        },
    }
}

/// First day to produce and the instant after the last one: the log's days with a day of lead-in,
/// cut to those whose rows can lie in the window.
fn steps(generation: &Generation) -> (EventTime, EventTime) {
    let calendar = &generation.world.calendar;
    let horizon = generation
        .producers
        .iter()
        .map(|producer| producer.horizon());
    let reach = MAX_DELAY + horizon.max().unwrap_or(TimeSpan::ZERO);
    let mut first = calendar.start.bin(STEP) - STEP;
    let mut end = calendar.end();
    if let Some(window) = generation.window {
        let start = window.start.max(calendar.start);
        first = first.max((start - reach).bin(STEP) - STEP);
        end = end.min(window.end);
    }
    (first, end)
}

impl GeneratorSource {
    /// With what its events carry that no log shows.
    #[must_use]
    pub fn with_payloads(mut self, payloads: Vec<Payload>) -> Self {
        self.payloads = payloads;
        self
    }
}

impl EventSource for GeneratorSource {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                self.give(chunk, batch);
                return Ok(true);
            }
            if self.position < self.order.len() {
                self.render();
            } else if self.open_hour() {
            } else if self.next_step < self.last_step {
                self.produce()?;
            } else {
                return Ok(false);
            }
        }
    }

    fn reference(&self) -> Arc<Reference> {
        Arc::clone(&self.reference)
    }

    fn groups(&self) -> &[LabelGroup] {
        &self.groups
    }

    fn campaigns(&self) -> Vec<Campaign> {
        self.generation.campaigns.clone()
    }

    fn payloads(&self) -> Vec<Payload> {
        self.payloads.clone()
    }

    fn extent(&self) -> LogExtent {
        LogExtent {
            scenario: self.generation.scenario.clone(),
            seed: Some(self.generation.world.seed),
            log: self.log(),
            scored: self.scored(),
            requests: self.requests,
        }
    }
}
