//! Populations and profiles at the ends of what a scenario may ask for.

use super::*;
use crate::event::Action;
use crate::settings::{BenignProfile, Calendar, Population};

fn events(population: &Population, profile: &BenignProfile, start: &str) -> Vec<Event> {
    let calendar = Calendar {
        start: EventTime::parse(start).expect("is a time"),
        duration: TimeSpan::from_days(2),
        baseline: TimeSpan::ZERO,
    };
    let world = World::build(3, population, profile, &calendar);
    let benign = Benign::new(&world);
    let days = (-1..2).flat_map(|day| benign.day(day, 0..benign.actors(), None));
    days.collect()
}

#[test]
fn the_smallest_world_has_a_user() {
    let population = Population {
        users: 0,
        applications: 0,
        sites: 0,
        service_callers: 0,
        time_zone: "No/Where".to_owned(),
        ..Population::default()
    };
    let profile = BenignProfile {
        active_share: 1.0,
        indicators: 0,
        ..BenignProfile::default()
    };
    let events = events(&population, &profile, "2026-03-03");
    assert!(events.iter().any(|event| event.action == Action::Request));
    assert!(events.iter().all(|event| event.action != Action::Indicator));
}

#[test]
fn one_service_caller_serves_the_only_application() {
    let population = Population {
        users: 50,
        applications: 1,
        service_callers: 1,
        ..Population::default()
    };
    let events = events(&population, &BenignProfile::default(), "2026-03-03");
    let of_service = |event: &&Event| event.account.is_some_and(|who| who.0 == 50);
    let requests = events
        .iter()
        .filter(|event| event.action == Action::Request);
    assert!(requests.filter(of_service).count() > 10);
}

#[test]
fn a_broken_service_fails_everything_and_ends() {
    let profile = BenignProfile {
        throttled: 1.0,
        other_failures: 1.0,
        content_filter: 1.0,
        false_alerts_per_10k: 10_000.0,
        ..BenignProfile::default()
    };
    let population = Population {
        users: 50,
        ..Population::default()
    };
    let events = events(&population, &profile, "2026-03-03");
    let requests = events
        .iter()
        .filter(|event| event.action == Action::Request);
    assert!(requests.clone().count() > 100);
    assert!(
        requests
            .into_iter()
            .any(|event| event.outcome == crate::event::Outcome::Throttled)
    );
}

#[test]
fn a_log_may_begin_at_any_hour_and_in_any_zone() {
    for zone in ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"] {
        let population = Population {
            users: 100,
            time_zone: zone.to_owned(),
            ..Population::default()
        };
        let start = "2026-03-03T17:30:00Z";
        let events = events(&population, &BenignProfile::default(), start);
        let from = EventTime::parse(start).expect("is a time");
        let inside = events.iter().filter(|event| event.at >= from);
        assert!(inside.count() > 500, "{zone}");
        // Snapshots and first copies of indicators wait for the log to begin.
        let snapshot = |event: &&Event| event.action == Action::Row;
        assert!(events.iter().filter(snapshot).all(|event| event.at >= from));
    }
}
