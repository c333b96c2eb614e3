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

#[derive(Debug, Default)]
struct Bucket {
    records: Vec<Record>,
    texts: String,
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

    /// Gives every record before `watermark` (the start of a bucket) in order, and forgets it.
    pub(crate) fn release(&mut self, watermark: EventTime, mut each: impl FnMut(&Record, &str)) {
        while let Some(entry) = self.buckets.first_entry() {
            if *entry.key() >= watermark {
                break;
            }
            let mut bucket = entry.remove();
            bucket.records.sort_unstable_by_key(Record::order);
            for record in &bucket.records {
                each(record, record.text.of(&bucket.texts));
            }
            bucket.records.clear();
            bucket.texts.clear();
            if self.spare.len() < 4 {
                self.spare.push(bucket);
            }
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
