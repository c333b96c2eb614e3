//! One seed's world and its benign traffic, simulated once and shared by all cases of the seed.

use std::sync::OnceLock;

use livefire_generator::benign::Benign;
use livefire_generator::event::{AccountRef, ApplicationRef, DeploymentRef, Event};
use livefire_generator::settings::{BenignProfile, Calendar, Population};
use livefire_generator::world::World;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashSet;

/// Human accounts; the few casts that are larger take all of them.
const USERS: u32 = 120;
/// Midnight UTC of Monday, 2 March 2026.
const START: EventTime = EventTime::from_unix_seconds(1_772_409_600);
/// Days before the first scored instant, as far as the rules look back.
pub(super) const HISTORY: TimeSpan = TimeSpan::from_days(7);
/// Longest log of any case.
const MOST_DAYS: usize = 101;

/// A world without campaigns, and what its benign actors do, day by day, as far as asked for.
#[derive(Debug)]
pub struct SeedWorld {
    world: World,
    days: Vec<OnceLock<Vec<Event>>>,
}

/// Whose benign traffic a derived log keeps.
#[derive(Debug, Default)]
pub(super) struct Actors {
    pub(super) accounts: FxHashSet<AccountRef>,
    pub(super) applications: FxHashSet<ApplicationRef>,
    pub(super) deployments: FxHashSet<DeploymentRef>,
}

impl Actors {
    fn include(&self, event: &Event) -> bool {
        let account = event.account.is_some_and(|a| self.accounts.contains(&a));
        let application = event.application;
        let deployment = event.deployment;
        account
            || application.is_some_and(|a| self.applications.contains(&a))
            || deployment.is_some_and(|d| self.deployments.contains(&d))
    }
}

impl SeedWorld {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let population = Population {
            users: USERS,
            ..Population::default()
        };
        let calendar = Calendar {
            start: START,
            duration: HISTORY * 2,
            baseline: HISTORY,
        };
        SeedWorld {
            world: World::build(seed, &population, &BenignProfile::default(), &calendar),
            days: (0..MOST_DAYS).map(|_| OnceLock::new()).collect(),
        }
    }

    /// A copy of the world whose log runs for `duration`; campaigns append to it.
    #[must_use]
    pub fn lasting(&self, duration: TimeSpan) -> World {
        let mut world = self.world.clone();
        world.calendar.duration = duration;
        world
    }

    /// The benign events of the actors, from the log's start up to `end`.
    pub(super) fn benign(&self, actors: &Actors, end: EventTime) -> Vec<Event> {
        let day = TimeSpan::from_days(1);
        let days = (end - START).ticks() / day.ticks();
        // The day that `end` lies in, and the lead-in.
        let count = usize::try_from(days).unwrap_or(0) + 2;
        let mut events = Vec::new();
        for (index, cached) in self.days.iter().enumerate().take(count) {
            let today = cached.get_or_init(|| self.day(index));
            let own = today.iter().filter(|event| actors.include(event));
            events.extend(own.cloned());
        }
        events
    }

    /// Everything but the feed of indicators; the first cached day is the lead-in.
    fn day(&self, index: usize) -> Vec<Event> {
        let traffic = Benign::new(&self.world);
        let callers = self.world.service_callers().end;
        let last = traffic.actors();
        let day = i64::try_from(index).unwrap_or(0) - 1;
        let mut events = traffic.day(day, 0..callers, None);
        events.append(&mut traffic.day(day, last.saturating_sub(2)..last, None));
        events
    }
}
