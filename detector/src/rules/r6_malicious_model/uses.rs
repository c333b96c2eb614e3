//! Uses of one deployment, a few of each hour.
//!
//! Whether some use lies in `[a, b]`, with `b − a` of an hour or more, is exact: hours inside are
//! wholly in it, the hour of `a` has one iff its last use is not before `a`, and the hour of `b` iff
//! its first is not after `b`. Which uses an alert lists is a sample.

use std::collections::VecDeque;

use livefire_schema::time::{EventTime, TimeSpan};
use smallvec::SmallVec;

use crate::context::Context;
use crate::primitives::is_copy;
use crate::record::Record;

const HOUR: TimeSpan = TimeSpan::from_hours(1);
/// Further uses kept of each hour.
const SAMPLE: usize = 4;
/// Distinct applications, users and addresses kept of each hour.
const FEW: usize = 32;

/// What is counted, by kind of record.
pub(super) const COUNTED: [&str; 3] = ["application_log", "service_log", "endpoint_log"];

/// Recent hours with uses, oldest first.
#[derive(Debug, Default)]
pub(super) struct Uses {
    hours: VecDeque<Hour>,
}

#[derive(Debug)]
struct Hour {
    start: EventTime,
    first: Record,
    last: Record,
    sample: SmallVec<[Record; SAMPLE]>,
    rows: [u64; COUNTED.len()],
    applications: Few,
    users: Few,
    addresses: Few,
}

/// Some distinct texts by hash.
#[derive(Debug, Default)]
struct Few(Vec<(u64, Box<str>)>);

/// Who used a deployment, and how often.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Usage {
    pub(super) rows: [u64; COUNTED.len()],
    pub(super) applications: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) addresses: Vec<String>,
}

impl Uses {
    /// Notes a use; uses come in order.
    pub(super) fn add(&mut self, record: &Record, context: &Context<'_>) {
        let start = record.time.bin(HOUR);
        if self.hours.back().is_none_or(|hour| hour.start != start) {
            self.hours.push_back(Hour {
                start,
                first: *record,
                last: *record,
                sample: SmallVec::new(),
                rows: [0; COUNTED.len()],
                applications: Few::default(),
                users: Few::default(),
                addresses: Few::default(),
            });
        } else if let Some(hour) = self.hours.back_mut() {
            if hour.sample.len() < SAMPLE {
                hour.sample.push(*record);
            }
            if is_copy(&hour.last, record) {
                return;
            }
            hour.last = *record;
        }
        if let Some(hour) = self.hours.back_mut() {
            if let Some(rows) = hour.rows.get_mut(usize::from(record.kind)) {
                *rows += 1;
            }
            hour.applications.add(record.value, context);
            hour.users.add(record.other, context);
            hour.addresses.add(record.address, context);
        }
    }

    /// Kept uses in `[from, to]`, in order; empty iff there was none, if that is at least an hour.
    pub(super) fn within(&self, from: EventTime, to: EventTime) -> Vec<Record> {
        let hours = self.hours.iter().filter(|hour| hour.overlaps(from, to));
        let mut rows: Vec<Record> = hours.flat_map(Hour::kept).collect();
        rows.retain(|row| from <= row.time && row.time <= to);
        rows.sort_by_key(Record::order);
        rows.dedup_by_key(|row| row.item);
        rows
    }

    /// The first kept use after `time` of each day (UTC), in order.
    pub(super) fn first_of_days_after(&self, time: EventTime) -> Vec<Record> {
        let day = |row: &Record| row.time.bin(TimeSpan::from_days(1));
        let mut firsts: Vec<Record> = Vec::new();
        let hours = self.hours.iter().filter(|hour| hour.start + HOUR > time);
        for hour in hours {
            let later = hour.kept().filter(|row| row.time > time);
            let Some(first) = later.min_by_key(Record::order) else {
                continue;
            };
            if firsts.last().is_none_or(|last| day(last) != day(&first)) {
                firsts.push(first);
            }
        }
        firsts
    }

    /// Who used it in the hours that overlap `[from, to]`.
    pub(super) fn usage(&self, from: EventTime, to: EventTime, usage: &mut Usage) {
        for hour in self.hours.iter().filter(|hour| hour.overlaps(from, to)) {
            for (sum, rows) in usage.rows.iter_mut().zip(hour.rows) {
                *sum += rows;
            }
            hour.applications.list(&mut usage.applications);
            hour.users.list(&mut usage.users);
            hour.addresses.list(&mut usage.addresses);
        }
    }

    /// Forgets hours that ended before `oldest`.
    pub(super) fn forget(&mut self, oldest: EventTime) {
        while self
            .hours
            .front()
            .is_some_and(|hour| hour.start + HOUR <= oldest)
        {
            self.hours.pop_front();
        }
    }
}

impl Hour {
    fn overlaps(&self, from: EventTime, to: EventTime) -> bool {
        self.start <= to && self.start + HOUR > from
    }

    fn kept(&self) -> impl Iterator<Item = Record> {
        let ends = [self.first, self.last];
        ends.into_iter().chain(self.sample.iter().copied())
    }
}

impl Few {
    fn add(&mut self, hash: u64, context: &Context<'_>) {
        if hash == 0 || self.0.len() >= FEW || self.0.iter().any(|(known, _)| *known == hash) {
            return;
        }
        self.0.push((hash, context.name(hash).into()));
    }

    fn list(&self, texts: &mut Vec<String>) {
        texts.extend(self.0.iter().map(|(_, text)| text.to_string()));
    }
}

impl Usage {
    /// Sorts the lists and drops repetitions.
    pub(super) fn tidy(&mut self) {
        for list in [&mut self.applications, &mut self.users, &mut self.addresses] {
            list.sort();
            list.dedup();
        }
    }
}
