//! Benign traffic: people, service callers and feeds, day by day.
//!
//! An actor on a UTC day is a pure function of (seed, actor, day): any slice, any number of threads
//! and any set of actors give the same events. Nothing depends on realised load. What starts in a
//! day may reach past it by [`horizon`]; nothing starts before it.

mod calls;
mod draw;
pub mod facts;
mod feeds;
mod people;
mod services;
mod weather;

use std::ops::Range;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::event::{AccountRef, Event};
use crate::random::Key;
use crate::world::World;
use calls::Calls;
use draw::DayShape;

/// What an overlay decides about one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The event stays, as the overlay left it.
    Keep,
    /// The event does not happen.
    Drop,
}

/// A change to benign traffic, as look-alikes make it (`alter`).
///
/// It must decide by the event alone (its id for anything random), so that slices stay equal. It
/// never moves an event in time; what it adds must lie within the event's day and [`horizon`].
pub trait Overlay: Sync {
    /// Changes an event, drops it, or adds others beside it.
    fn apply(&self, event: &mut Event, added: &mut Vec<Event>) -> Verdict;
}

/// How far past its UTC day an event of that day can lie: a session over midnight, and a false
/// alert on its last request.
#[must_use]
pub fn horizon() -> TimeSpan {
    let alert = TimeSpan::from_seconds_f64(calls::ALERT_CUT_SECONDS);
    // Retries and sign-in steps take minutes at most.
    TimeSpan::from_seconds(people::SESSION_CUT_SECONDS) + alert + TimeSpan::from_minutes(30)
}

/// All events that start in a UTC day, of the actors of a range, in order of (time, id).
///
/// For one day of one world; whoever asks for many builds a [`Benign`] once.
#[must_use]
pub fn day(world: &World, day: i64, actors: Range<u32>) -> Vec<Event> {
    Benign::new(world).day(day, actors, None)
}

/// Weights of the hours of a workday: the office day with a lunch dip (CALIBRATION S6).
const WORKDAY: [f64; 24] = [
    0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.8, 3.4, 7.8, 9.2, 9.3, 9.1, 7.7, 8.8, 9.3, 9.1, 8.7, 7.3, 4.6,
    3.2, 2.7, 2.1, 1.5, 0.7,
];
/// Weights of the hours of a free day.
const WEEKEND: [f64; 24] = [
    0.6, 0.4, 0.2, 0.2, 0.2, 0.3, 0.7, 1.6, 3.2, 5.2, 6.4, 6.4, 5.4, 5.8, 6.2, 6.2, 5.8, 5.2, 4.8,
    4.8, 4.6, 3.8, 2.4, 1.2,
];

/// Benign traffic of a world, with what is computed once.
#[derive(Debug)]
pub struct Benign<'w> {
    world: &'w World,
    calls: Calls,
    workday: DayShape,
    weekend: DayShape,
    people: Key,
    services: Key,
    feed: Key,
    posture: Key,
    administration: Key,
    crowds: Key,
    batch_job: u16,
    load_test: u16,
}

/// One UTC day.
pub(crate) struct Day {
    /// From the log's first UTC day, which is 0.
    pub(crate) index: i64,
    /// From 0001-01-01, so that a day is the same whenever the log begins.
    pub(crate) number: i64,
    pub(crate) start: EventTime,
    pub(crate) end: EventTime,
}

impl Day {
    pub(crate) fn contains(&self, at: EventTime) -> bool {
        self.start <= at && at < self.end
    }
}

impl<'w> Benign<'w> {
    /// Prepares the traffic of a world.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        let key = world.key.named("benign");
        let set = |name: &str| world.prompts.set_index(name).unwrap_or(0);
        Benign {
            world,
            calls: Calls::new(world, key),
            workday: DayShape::new(&WORKDAY),
            weekend: DayShape::new(&WEEKEND),
            people: key.named("people"),
            services: key.named("services"),
            feed: key.named("threat intelligence"),
            posture: key.named("posture"),
            administration: key.named("administration"),
            crowds: key.named("crowds"),
            batch_job: set("batch_job"),
            load_test: set("load_test"),
        }
    }

    /// Number of actors: users, service callers, shards of indicators, posture, administration.
    #[must_use]
    pub fn actors(&self) -> u32 {
        self.world.service_callers().end + self.shards() + 2
    }

    fn shards(&self) -> u32 {
        self.world
            .profile
            .indicators
            .div_ceil(feeds::INDICATORS_PER_ACTOR)
    }

    /// The UTC day at an index from the log's first, as the range that its events start in.
    fn range(&self, index: i64) -> Day {
        let one = TimeSpan::from_days(1);
        let start = self.world.calendar.start.bin(one) + one * index;
        Day {
            index,
            number: start.ticks() / one.ticks(),
            start,
            end: start + one,
        }
    }

    /// All events that start in a UTC day (0 is the log's first, −1 the lead-in whose sessions may
    /// reach into it), of the actors of a range, in order of (time, id).
    ///
    /// Events before the log's start or past its end are given out too. Actors past the last are
    /// ignored. Without an overlay nothing is paid for it.
    #[must_use]
    pub fn day(&self, day: i64, actors: Range<u32>, overlay: Option<&dyn Overlay>) -> Vec<Event> {
        let day = self.range(day);
        let mut events = Vec::new();
        for actor in actors.start..actors.end.min(self.actors()) {
            self.actor(actor, &day, &mut events);
        }
        if let Some(overlay) = overlay {
            events = overlaid(events, overlay);
        }
        events.sort_unstable_by_key(|event| (event.at, event.id.bits()));
        events
    }

    fn actor(&self, actor: u32, day: &Day, out: &mut Vec<Event>) {
        let callers = self.world.service_callers();
        let feeds = callers.end + self.shards();
        if actor < callers.start {
            self.person(AccountRef(actor), day, out);
        } else if actor < callers.end {
            self.service(AccountRef(actor), day, out);
        } else if actor < feeds {
            self.indicators(actor - callers.end, day, out);
        } else if actor == feeds {
            self.findings(day, out);
        } else {
            self.administration(day, out);
        }
    }
}

fn overlaid(events: Vec<Event>, overlay: &dyn Overlay) -> Vec<Event> {
    let mut kept = Vec::with_capacity(events.len());
    let mut added = Vec::new();
    for mut event in events {
        if overlay.apply(&mut event, &mut added) == Verdict::Keep {
            kept.push(event);
        }
        kept.append(&mut added);
    }
    kept
}

#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod tests;
