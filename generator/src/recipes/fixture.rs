//! A small world and events in it, for tests.

use std::sync::Arc;

use livefire_schema::ids::ItemId;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};

use super::{Delivery, Recipes};
use crate::event::{
    AccountRef, Action, ApplicationRef, DeploymentRef, Detail, Event, Mutation, Outcome, Prompt,
};
use crate::random::Key;
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::World;

/// The first instant of the test log.
pub(crate) fn start() -> EventTime {
    EventTime::parse("2026-03-02T00:00:00Z").expect("is a time")
}

/// Twelve users and three applications, four days.
pub(crate) fn world() -> World {
    let population = Population {
        users: 12,
        applications: 3,
        sites: 1,
        service_callers: 2,
        ..Population::default()
    };
    let calendar = Calendar {
        start: start(),
        duration: TimeSpan::from_days(4),
        baseline: TimeSpan::from_days(1),
    };
    World::build(7, &population, &BenignProfile::default(), &calendar)
}

/// Recipes over [`world`].
pub(crate) fn recipes() -> Recipes {
    Recipes::new(Arc::new(world()), Arc::new(Schema::embedded()))
}

/// An event of the first account and application, at 10:15 of the first day.
pub(crate) fn event(action: Action, outcome: Outcome) -> Event {
    let id = Key::root(11)
        .named("event")
        .index(outcome as u64 * 100 + action as u64);
    Event {
        id,
        at: start() + TimeSpan::from_minutes(615),
        action,
        outcome,
        account: Some(AccountRef(0)),
        address: crate::event::Address::new("198.18.7.41".parse().expect("is an address")),
        application: Some(ApplicationRef(0)),
        deployment: Some(DeploymentRef(0)),
        resource: None,
        prompt: Some(Prompt {
            set: 0,
            template: 0,
            slots: id,
            grid: None,
            mutation: Mutation::None,
            nonce: id,
            pad_to: 0,
        }),
        session: id.named("session"),
        origin: None,
        detail: None,
    }
}

/// The same with rare fields.
pub(crate) fn with(mut event: Event, change: impl FnOnce(&mut Detail)) -> Event {
    let mut detail = event.detail.take().unwrap_or_default();
    change(&mut detail);
    event.detail = Some(detail);
    event
}

/// A delivery of an event after a minute.
pub(crate) fn delivery(event: &Event) -> Delivery {
    Delivery {
        item: ItemId(0x1234_5678_9abc_4def_8123_4567_89ab_cdef),
        time: event.at,
        ingestion: event.at + TimeSpan::from_minutes(1),
    }
}
