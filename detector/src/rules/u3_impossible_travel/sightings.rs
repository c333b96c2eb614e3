//! Where each user was seen within the last day, and pairs that no airliner joins.

use std::collections::VecDeque;

use livefire_schema::alert::Side;
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::SIGN_IN;
use super::spots::Spots;
use crate::parameters::Parameters;
use crate::primitives::Match;
use crate::record::Record;

/// All users.
#[derive(Debug)]
pub(super) struct Sightings {
    distance_km: f64,
    speed_kmh: f64,
    window: TimeSpan,
    realert: TimeSpan,
    spots: Spots,
    users: FxHashMap<u64, User>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct User {
    /// In order of time.
    seen: VecDeque<Sighting>,
    /// Spots with how many of the sightings are there.
    spots: SmallVec<[(u64, u32); 2]>,
    last_pair: Option<EventTime>,
}

/// A row that located a user, as small as evidence allows.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    item: ItemId,
    event: EventId,
    time: EventTime,
    available: EventTime,
    spot: u64,
    table: TableId,
    kind: u8,
}

/// An alert: a row with all earlier ones that it cannot be joined with.
#[derive(Clone, Debug)]
pub(super) struct Travel {
    pub(super) found: Match,
    /// The last of the partners.
    pub(super) from: Record,
    /// Kilometres from there.
    pub(super) kilometres: f64,
}

impl Sightings {
    pub(super) fn new(parameters: &Parameters, spots: Spots) -> Self {
        Sightings {
            distance_km: parameters.ratio("distance_km"),
            speed_kmh: parameters.ratio("speed_kmh"),
            window: parameters.span("window"),
            realert: parameters.span("realert"),
            spots,
            users: FxHashMap::default(),
            next_sweep: EventTime::MIN,
        }
    }

    pub(super) fn spots(&self) -> &Spots {
        &self.spots
    }

    /// Notes a sighting; gives how many sides of a pair are met (1 or 2), and an alert.
    pub(super) fn apply(&mut self, record: &Record) -> (u64, Option<Travel>) {
        let user = self.users.entry(record.key).or_default();
        user.expire(record.time - self.window);
        user.push(record);
        if user.spots.len() < 2 {
            return (1, None);
        }
        let partners = self.partners(record);
        let Some(from) = partners.last().copied() else {
            return (1, None);
        };
        let user = self.users.entry(record.key).or_default();
        let last = user.last_pair.replace(record.time);
        if last.is_some_and(|last| record.time - last < self.realert) {
            return (2, None);
        }
        let travel = Travel {
            kilometres: self.spots.kilometres(from.value, record.value),
            from,
            found: Match {
                key: record.key,
                who: 0,
                side: match record.kind {
                    SIGN_IN => Side::Right,
                    _ => Side::Left,
                },
                completing: vec![*record],
                partners,
            },
        };
        (2, Some(travel))
    }

    /// Notes a copy of the last sighting of a user, as evidence of later pairs.
    pub(super) fn copy(&mut self, key: u64, record: &Record) {
        if let Some(user) = self.users.get_mut(&key) {
            user.push(record);
        }
    }

    /// Earlier sightings of the user that the record is too far from; two sign-ins are no pair.
    fn partners(&self, record: &Record) -> Vec<Record> {
        let Some(user) = self.users.get(&record.key) else {
            return Vec::new();
        };
        let reaches: SmallVec<[(u64, EventTime); 4]> = user
            .spots
            .iter()
            .filter_map(|&(spot, _)| {
                let kilometres = self.spots.kilometres(spot, record.value);
                let is_far = kilometres >= self.distance_km;
                is_far.then(|| (spot, record.time - self.flight(kilometres)))
            })
            .collect();
        if reaches.is_empty() {
            return Vec::new();
        }
        let is_partner = |seen: &&Sighting| {
            (seen.kind != SIGN_IN || record.kind != SIGN_IN)
                && reaches
                    .iter()
                    .any(|&(spot, since)| spot == seen.spot && seen.time > since)
        };
        let partners = user.seen.iter().filter(is_partner);
        partners.map(|seen| seen.as_record(record)).collect()
    }

    /// The time of a flight; what takes less is too fast.
    fn flight(&self, kilometres: f64) -> TimeSpan {
        let seconds = kilometres / self.speed_kmh * 3600.0;
        TimeSpan::from_seconds_f64(seconds)
    }

    /// Forgets users who were not seen within the window; `true` if it was time to look.
    pub(super) fn forget(&mut self, watermark: EventTime) -> bool {
        if watermark < self.next_sweep {
            return false;
        }
        self.next_sweep = watermark + TimeSpan::from_hours(6);
        let old = watermark - self.window;
        let realert = watermark - self.realert;
        self.users.retain(|_, user| {
            user.expire(old);
            if user.seen.is_empty() {
                user.seen.shrink_to(8);
            }
            !user.seen.is_empty() || user.last_pair.is_some_and(|last| last > realert)
        });
        true
    }

    /// Users with state.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }
}

impl User {
    /// Drops sightings before `oldest`.
    fn expire(&mut self, oldest: EventTime) {
        while let Some(seen) = self.seen.front()
            && seen.time < oldest
        {
            if let Some(index) = self.spots.iter().position(|&(spot, _)| spot == seen.spot) {
                self.spots[index].1 -= 1;
                if self.spots[index].1 == 0 {
                    self.spots.swap_remove(index);
                }
            }
            self.seen.pop_front();
        }
    }

    fn push(&mut self, record: &Record) {
        match self
            .spots
            .iter_mut()
            .find(|(spot, _)| *spot == record.value)
        {
            Some((_, count)) => *count += 1,
            None => self.spots.push((record.value, 1)),
        }
        self.seen.push_back(Sighting {
            item: record.item,
            event: record.event,
            time: record.time,
            available: record.available,
            spot: record.value,
            table: record.table,
            kind: record.kind,
        });
    }
}

impl Sighting {
    /// As a record of the same user.
    fn as_record(&self, of: &Record) -> Record {
        Record {
            item: self.item,
            event: self.event,
            time: self.time,
            available: self.available,
            value: self.spot,
            table: self.table,
            kind: self.kind,
            other: 0,
            address: 0,
            ..*of
        }
    }
}
