//! Puts records back into event order: buckets of event time, sorted when the watermark passes.
//!
//! Rows come nearly in order, so that a bucket is a plain vector and sorting it once is cheaper
//! than keeping a heap. Whatever is in a released bucket has been sorted by
//! (event time, event id, item).

use std::collections::VecDeque;

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use crate::record::{Record, TextRef};

/// Width of a bucket: how far the watermark may move without anything being released.
pub(crate) const BUCKET: TimeSpan = TimeSpan::from_minutes(1);

/// Records that wait for the watermark, with the texts that travel with them.
#[derive(Debug, Default)]
pub(crate) struct Reorder {
    /// In the order of time.
    buckets: VecDeque<Bucket>,
    spare: Vec<Bucket>,
}

/// The records of one stretch of event time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    records: Vec<Record>,
    texts: String,
    start: EventTime,
    /// Whether its records stand in order already.
    sorted: bool,
}

/// Emptied buckets kept.
const SPARE: usize = 4;

impl Bucket {
    /// Its first instant.
    pub(crate) fn start(&self) -> EventTime {
        self.start
    }

    /// One past its last instant.
    pub(crate) fn end(&self) -> EventTime {
        self.start.saturating_add(BUCKET)
    }

    fn sort(&mut self) {
        if !self.sorted {
            self.records.sort_unstable_by_key(Record::order);
            self.sorted = true;
        }
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
        let index = self.place(record.time);
        let bucket = &mut self.buckets[index];
        let mut record = *record;
        record.text = if text.is_empty() {
            TextRef::default()
        } else {
            TextRef::append(&mut bucket.texts, text)
        };
        bucket.records.push(record);
        bucket.sorted = false;
    }

    /// The records of `range` in order, with their texts; they stay.
    pub(crate) fn look(&mut self, range: TimeRange) -> impl Iterator<Item = (&Record, &str)> {
        let first = self
            .buckets
            .partition_point(|bucket| bucket.end() <= range.start);
        let last = self
            .buckets
            .partition_point(|bucket| bucket.start < range.end);
        for bucket in self.buckets.range_mut(first..last.max(first)) {
            bucket.sort();
        }
        let buckets = self.buckets.range(first..last.max(first));
        buckets
            .flat_map(Bucket::iter)
            .filter(move |(record, _)| range.contains(record.time))
    }

    /// Forgets the buckets that end at or before an instant.
    pub(crate) fn forget(&mut self, before: EventTime) {
        while self
            .buckets
            .front()
            .is_some_and(|bucket| bucket.end() <= before)
            && let Some(bucket) = self.buckets.pop_front()
        {
            self.recycle(bucket);
        }
    }

    /// Position of the bucket of an instant, which is made if need be; nearly always the last.
    fn place(&mut self, time: EventTime) -> usize {
        if let Some(last) = self.buckets.back()
            && last.start <= time
            && time < last.end()
        {
            return self.buckets.len() - 1;
        }
        let start = time.bin(BUCKET);
        let found = self
            .buckets
            .binary_search_by_key(&start, |bucket| bucket.start);
        found.unwrap_or_else(|index| {
            let spare = self.spare.pop().unwrap_or_default();
            self.buckets.insert(index, Bucket { start, ..spare });
            index
        })
    }

    /// Takes the first bucket that ends at or before `watermark`, sorted; give it back with
    /// [`Reorder::recycle`].
    pub(crate) fn pop(&mut self, watermark: EventTime) -> Option<Bucket> {
        if self.buckets.front()?.start >= watermark {
            return None;
        }
        let mut bucket = self.buckets.pop_front()?;
        bucket.sort();
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
        self.buckets.iter().map(|bucket| bucket.records.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use livefire_schema::ids::{EventId, ItemId};
    use livefire_schema::table::TableId;

    use super::*;
    use crate::ruleset::FormIndex;

    fn record(seconds: i64) -> Record {
        Record {
            item: ItemId(0),
            time: EventTime::from_unix_seconds(seconds),
            available: EventTime::MIN,
            event: EventId(0),
            key: 0,
            value: 0,
            other: 0,
            address: 0,
            number: 0,
            text: TextRef::default(),
            table: TableId(0),
            form: FormIndex(0),
            kind: 0,
            flags: 0,
        }
    }

    #[test]
    fn records_come_out_in_order_of_time_with_their_texts_up_to_the_watermark() {
        let mut reorder = Reorder::default();
        for seconds in [125, 60, 3, 119, 59, 180, 0, 124, 64] {
            reorder.push(&record(seconds), &seconds.to_string());
        }
        let mut seen: Vec<(i64, Vec<String>)> = Vec::new();
        while let Some(bucket) = reorder.pop(EventTime::from_unix_seconds(180)) {
            let start = bucket.start() - EventTime::from_unix_seconds(0);
            assert_eq!(bucket.end() - bucket.start(), BUCKET);
            let texts = bucket.iter().map(|(_, text)| text.to_owned());
            seen.push((start.ticks() / BUCKET.ticks(), texts.collect()));
            reorder.recycle(bucket);
        }
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        let expected = vec![
            (0, texts(&["0", "3", "59"])),
            (1, texts(&["60", "64", "119"])),
            (2, texts(&["124", "125"])),
        ];
        assert_eq!(seen, expected);
        assert_eq!(reorder.len(), 1);
    }
}
