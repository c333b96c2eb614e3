//! Puts records back into event order: buckets of event time, sorted when the watermark passes.
//!
//! Rows come nearly in order, so that a bucket is a plain vector and sorting it once is cheaper
//! than keeping a heap. Whatever is in a released bucket has been sorted by
//! (event time, event id, item).

use std::collections::BTreeMap;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::record::{Record, TextRef};

/// Width of a bucket: how far the watermark may move without anything being released.
pub(crate) const BUCKET: TimeSpan = TimeSpan::from_minutes(1);

/// Records that wait for the watermark, with the texts that travel with them.
#[derive(Debug, Default)]
pub(crate) struct Reorder {
    buckets: BTreeMap<EventTime, Bucket>,
    spare: Vec<Bucket>,
}

/// The records of one stretch of event time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    records: Vec<Record>,
    texts: String,
    end: EventTime,
}

/// Emptied buckets kept.
const SPARE: usize = 4;

impl Bucket {
    /// Its first instant.
    pub(crate) fn start(&self) -> EventTime {
        self.end - BUCKET
    }

    /// One past its last instant.
    pub(crate) fn end(&self) -> EventTime {
        self.end
    }

    /// Its records in order, with their texts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Record, &str)> {
        let texts = self.texts.as_str();
        self.records
            .iter()
            .map(move |record| (record, record.text.of(texts)))
    }
}

impl Reorder {
    /// Adds a record that the watermark has not passed.
    pub(crate) fn push(&mut self, record: &Record, text: &str) {
        let spare = &mut self.spare;
        let bucket = self
            .buckets
            .entry(record.time.bin(BUCKET))
            .or_insert_with(|| spare.pop().unwrap_or_default());
        let mut record = *record;
        record.text = if text.is_empty() {
            TextRef::default()
        } else {
            TextRef::append(&mut bucket.texts, text)
        };
        bucket.records.push(record);
    }

    /// Takes the first bucket that ends at or before `watermark`, sorted; give it back with
    /// [`Reorder::recycle`].
    pub(crate) fn pop(&mut self, watermark: EventTime) -> Option<Bucket> {
        let entry = self.buckets.first_entry()?;
        if *entry.key() >= watermark {
            return None;
        }
        let end = entry.key().saturating_add(BUCKET);
        let mut bucket = entry.remove();
        bucket.end = end;
        bucket.records.sort_unstable_by_key(Record::order);
        Some(bucket)
    }

    /// Keeps an emptied bucket's memory for later ones.
    pub(crate) fn recycle(&mut self, mut bucket: Bucket) {
        if self.spare.len() < SPARE {
            bucket.records.clear();
            bucket.texts.clear();
            self.spare.push(bucket);
        }
    }

    /// Records waiting.
    pub(crate) fn len(&self) -> usize {
        self.buckets
            .values()
            .map(|bucket| bucket.records.len())
            .sum()
    }
}
