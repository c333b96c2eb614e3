//! What facts share about a log: classes of applications, people, the clock of most of them.

use livefire_generator::world::clock::ZoneClock;
use livefire_schema::time::EventTime;

use super::observe::{Observed, Request};

/// An observed log with what several facts derive from it.
#[derive(Debug)]
pub(super) struct Log<'a> {
    pub(super) observed: &'a Observed,
    clocks: Vec<ZoneClock>,
    most_common: usize,
}

impl<'a> Log<'a> {
    pub(super) fn new(observed: &'a Observed) -> Self {
        let first = observed.requests.first().map(|one| one.time);
        let last = observed.requests.last().map(|one| one.time);
        let unix = EventTime::from_unix_seconds(0);
        let (first, last) = (first.unwrap_or(unix), last.unwrap_or(unix));
        let zones = observed.zones.iter();
        let mut people = vec![0_u64; observed.zones.len().max(1)];
        for principal in observed.principals.iter().filter(|one| !one.service) {
            people[principal.zone as usize] += 1;
        }
        let most = people.iter().max().copied().unwrap_or(0);
        Log {
            observed,
            clocks: zones
                .map(|zone| ZoneClock::new(zone, first, last))
                .collect(),
            most_common: people.iter().position(|count| *count == most).unwrap_or(0),
        }
    }

    pub(super) fn requests(&self) -> &'a [Request] {
        &self.observed.requests
    }

    /// Requests to code assistants, or to all other applications.
    pub(super) fn of_class(&self, code: bool) -> impl Iterator<Item = &'a Request> {
        let applications = &self.observed.applications;
        self.requests()
            .iter()
            .filter(move |request| applications[request.application as usize].1 == code)
    }

    /// Requests of people.
    pub(super) fn human(&self) -> impl Iterator<Item = &'a Request> {
        let principals = &self.observed.principals;
        let is_person = |principal: u32| !principals[principal as usize].service;
        self.requests()
            .iter()
            .filter(move |request| is_person(request.principal))
    }

    /// The clock of most people.
    pub(super) fn clock(&self) -> &ZoneClock {
        &self.clocks[self.most_common]
    }

    /// The clock of a principal.
    pub(super) fn clock_of(&self, principal: u32) -> &ZoneClock {
        let zone = self.observed.principals[principal as usize].zone;
        &self.clocks[zone as usize]
    }
}
