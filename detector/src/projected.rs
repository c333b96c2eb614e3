//! A batch of projected rows: what passes from parsing threads to the engines.
//!
//! All rows of a batch share a few growing buffers, so that projecting allocates nothing per row.
//! A batch is filled once, read by any number of engines, cleared and filled again.

use std::net::IpAddr;

use livefire_schema::ids::{EventId, ItemId, hash_text_lower};
use livefire_schema::table::TableId;
use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::record::{Record, TextRef};

/// Rows projected for all loaded rules, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct ProjectedBatch {
    rows: Vec<RowHead>,
    records: Vec<Record>,
    names: Vec<(u64, TextRef)>,
    texts: String,
    occurrences: Occurrences,
}

/// How often each line without `_ItemId` came in the current ingestion tick.
#[derive(Clone, Debug, Default)]
struct Occurrences {
    tick: EventTime,
    seen: FxHashMap<u128, u64>,
}

#[derive(Clone, Copy, Debug)]
struct RowHead {
    table: TableId,
    time: EventTime,
    ingestion: EventTime,
    item: ItemId,
    event: EventId,
    first_record: u32,
    first_name: u32,
}

/// One row of a [`ProjectedBatch`].
#[derive(Clone, Copy, Debug)]
pub struct Projected<'a> {
    batch: &'a ProjectedBatch,
    index: usize,
}

impl ProjectedBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the batch, keeping its memory and its count of identical lines.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.records.clear();
        self.names.clear();
        self.texts.clear();
    }

    /// Rows in the batch.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Records in the batch, over all rules.
    #[must_use]
    pub fn record_count(&self) -> usize {
        self.records.len()
    }

    /// One row.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Projected<'_>> {
        (index < self.rows.len()).then_some(Projected { batch: self, index })
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Projected<'_>> {
        (0..self.rows.len()).map(|index| Projected { batch: self, index })
    }

    /// The identity of a row without `_ItemId`: its bytes and how often they came before within
    /// the same ingestion tick.
    pub(crate) fn item_of_line(&mut self, line: &[u8], ingestion: EventTime) -> ItemId {
        if self.occurrences.tick != ingestion {
            self.occurrences.tick = ingestion;
            self.occurrences.seen.clear();
        }
        let first = ItemId::hashed(line, 0);
        let count = self.occurrences.seen.entry(first.0).or_insert(0);
        *count += 1;
        match *count {
            1 => first,
            count => ItemId::hashed(line, count - 1),
        }
    }

    pub(crate) fn begin_row(&mut self, head: &RowIdentity) {
        self.rows.push(RowHead {
            table: head.table,
            time: head.time,
            ingestion: head.ingestion,
            item: head.item,
            event: head.event,
            first_record: position(self.records.len()),
            first_name: position(self.names.len()),
        });
    }
}

/// # Panics
/// Past 2³² records in one batch, which no caller's memory holds.
fn position(length: usize) -> u32 {
    u32::try_from(length).expect("a batch holds fewer than 2^32 records")
}

/// What identifies a row, whatever the rules read of it.
#[derive(Clone, Copy, Debug)]
pub struct RowIdentity {
    /// Its table.
    pub table: TableId,
    /// Event time.
    pub time: EventTime,
    /// Ingestion time as the row states it.
    pub ingestion: EventTime,
    /// The delivered row.
    pub item: ItemId,
    /// The event that it reports.
    pub event: EventId,
}

impl<'a> Projected<'a> {
    /// Table of the row.
    #[must_use]
    pub fn table(&self) -> TableId {
        self.head().table
    }

    /// Event time of the row.
    #[must_use]
    pub fn time(&self) -> EventTime {
        self.head().time
    }

    /// Ingestion time as the row states it: `IngestionTime`, else `_TimeReceived`, else its time.
    #[must_use]
    pub fn ingestion(&self) -> EventTime {
        self.head().ingestion
    }

    /// The delivered row.
    #[must_use]
    pub fn item(&self) -> ItemId {
        self.head().item
    }

    /// The event that the row reports.
    #[must_use]
    pub fn event(&self) -> EventId {
        self.head().event
    }

    /// What the rules kept of the row.
    #[must_use]
    pub fn records(&self) -> &'a [Record] {
        let next = self.batch.rows.get(self.index + 1);
        let end = next.map_or(self.batch.records.len(), |row| row.first_record as usize);
        &self.batch.records[self.head().first_record as usize..end]
    }

    /// Texts that the row mentions, with their hashes.
    pub(crate) fn names(&self) -> impl Iterator<Item = (u64, &'a str)> {
        let next = self.batch.rows.get(self.index + 1);
        let end = next.map_or(self.batch.names.len(), |row| row.first_name as usize);
        let names = &self.batch.names[self.head().first_name as usize..end];
        let texts = self.batch.texts.as_str();
        names
            .iter()
            .map(move |(hash, text)| (*hash, text.of(texts)))
    }

    /// The text that travels with a record of this row.
    pub(crate) fn text(&self, record: &Record) -> &'a str {
        record.text.of(&self.batch.texts)
    }

    fn head(&self) -> &'a RowHead {
        &self.batch.rows[self.index]
    }
}

/// Where a rule's projection leaves its records of one row.
#[derive(Debug)]
pub struct Sink<'b> {
    batch: &'b mut ProjectedBatch,
    identity: RowIdentity,
    /// Texts of this row already hashed: address, length, hash.
    hashed: SmallVec<[(usize, usize, u64); 8]>,
    /// Texts of this row already copied: address, length, place.
    copied: SmallVec<[(usize, usize, TextRef); 2]>,
    /// The last text read as an address, and what it is.
    address: (usize, usize, Option<IpAddr>),
    pub(crate) form: crate::ruleset::FormIndex,
}

impl<'b> Sink<'b> {
    pub(crate) fn new(batch: &'b mut ProjectedBatch, identity: RowIdentity) -> Self {
        batch.begin_row(&identity);
        Sink {
            batch,
            identity,
            hashed: SmallVec::new(),
            copied: SmallVec::new(),
            address: (0, 0, None),
            form: crate::ruleset::FormIndex(0),
        }
    }

    /// Hashes a text of the row (in any case of letters) and makes it known to the engines, so
    /// that an alert can print it. Asking again for the same field of the row costs nothing.
    pub fn name(&mut self, text: &str) -> u64 {
        let place = (text.as_ptr().addr(), text.len());
        for &(address, length, hash) in &self.hashed {
            if (address, length) == place {
                return hash;
            }
        }
        let hash = self.name_made(text);
        self.hashed.push((place.0, place.1, hash));
        hash
    }

    /// [`Sink::name`] for a text that the rule composed, which has no lasting address.
    pub fn name_made(&mut self, text: &str) -> u64 {
        let hash = hash_text_lower(text);
        let place = TextRef::append(&mut self.batch.texts, text);
        self.batch.names.push((hash, place));
        hash
    }

    /// Reads a field of the row as an address; asking again for the same field costs nothing.
    pub fn address(&mut self, text: &str) -> Option<IpAddr> {
        let place = (text.as_ptr().addr(), text.len());
        if (self.address.0, self.address.1) != place {
            self.address = (place.0, place.1, text.parse().ok());
        }
        self.address.2
    }

    /// Copies a text of the row, to travel with a record until it has been applied.
    pub fn text(&mut self, text: &str) -> TextRef {
        let place = (text.as_ptr().addr(), text.len());
        for &(address, length, copied) in &self.copied {
            if (address, length) == place {
                return copied;
            }
        }
        let copied = TextRef::append(&mut self.batch.texts, text);
        self.copied.push((place.0, place.1, copied));
        copied
    }

    /// Copies several texts as one, with a separator between them.
    pub fn text_of_parts(&mut self, parts: &[&str], separator: char) -> TextRef {
        TextRef::append_parts(&mut self.batch.texts, parts, separator)
    }

    /// A record of the row with everything filled that does not depend on the rule.
    #[must_use]
    pub fn record(&self) -> Record {
        let identity = &self.identity;
        Record {
            item: identity.item,
            time: identity.time,
            available: identity.ingestion.max(identity.time),
            event: identity.event,
            key: 0,
            value: 0,
            other: 0,
            address: 0,
            number: 0,
            text: TextRef::default(),
            table: identity.table,
            form: self.form,
            kind: 0,
            flags: 0,
        }
    }

    /// Leaves a record; those of one rule keep their order.
    pub fn push(&mut self, record: Record) {
        self.batch.records.push(record);
    }
}
