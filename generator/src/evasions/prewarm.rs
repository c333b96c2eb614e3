//! `prewarm`: harmless use of the attack's addresses and models in the days before it.
//!
//! Each day before the first request of an account from an address it signs in from there, and an
//! hour later it sends a few ordinary requests to the same deployment. The sign-in makes the
//! address known before any request comes from it; whoever watches sign-ins sees it. So few
//! requests hide neither a jump in volume nor a switch of models that many people make.

use livefire_schema::time::TimeSpan;

use super::cover::{self, Role};
use super::knobs::{KnobSet, integer};
use super::{Aim, Component, Evasion, visits};
use crate::event::Event;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// From a sign-in to the first request: what rules leave out of a baseline, and a minute.
const WAIT: TimeSpan = TimeSpan::from_minutes(61);
/// A visit's requests lie in as many seconds, and its start is moved by up to as many.
const SPAN_SECONDS: f64 = 5400.0;

/// The evasion.
#[derive(Debug)]
pub(super) struct Prewarm;

impl Evasion for Prewarm {
    fn name(&self) -> &'static str {
        "prewarm"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        vec![
            ("days_before", integer(3, 1, 7, "days of visits before")),
            (
                "requests_per_day",
                integer(2, 1, 5, "requests of a day's visit"),
            ),
        ]
    }

    fn component(&self) -> Component {
        Component::Baseline
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Warm(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Warm(KnobSet);

impl Transform for Warm {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let days = self.0.count("days_before", key);
        let requests = self.0.count("requests_per_day", key);
        let role = Role {
            name: "prewarm",
            file: "prewarm",
        };
        visits::add(draft, role, key, &|first, place| {
            (1..=days)
                .flat_map(|day| visit(first, day, requests, place.index(day), world))
                .collect()
        });
    }
}

/// One day's visit: at about the time of day of the attack, well before it on the last day.
fn visit(first: &Event, day: u64, requests: u64, place: Key, world: &World) -> Vec<Event> {
    let days = TimeSpan::from_days(i64::try_from(day).unwrap_or(1));
    let early = TimeSpan::from_seconds_f64(SPAN_SECONDS * place.named("start").uniform());
    let mut sign_in = visits::sign_in(first, place);
    sign_in.at = first.at - days - early;
    let begin = sign_in.at + WAIT;
    let session = sign_in.session;
    let mut events = vec![sign_in];
    events.extend((0..requests).map(|index| {
        let place = place.named("request").index(index);
        let share = place.named("at").uniform();
        let mut event = cover::cover(first, place, world);
        event.at = begin + TimeSpan::from_seconds_f64(SPAN_SECONDS * share);
        event.deployment = first.deployment;
        event.session = session;
        event
    }));
    events
}
