//! Scenario → event source: the world, benign traffic and campaigns put together.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::benign::{self, Benign, Overlay};
use crate::emit::EventProducer;
use crate::event::Event;
use crate::world::World;

/// Actors that one task simulates; fixed, so that batches do not depend on threads.
const ACTORS_PER_PART: u32 = 64;

/// Benign traffic as a producer: one part for every few actors.
pub struct BenignTraffic {
    world: Arc<World>,
    overlay: Option<Box<dyn Overlay + Send>>,
    actors: u32,
}

impl BenignTraffic {
    /// The traffic of a world, as look-alikes' overlays leave it.
    #[must_use]
    pub fn new(world: Arc<World>, overlay: Option<Box<dyn Overlay + Send>>) -> Self {
        let actors = Benign::new(&world).actors();
        BenignTraffic {
            world,
            overlay,
            actors,
        }
    }
}

impl std::fmt::Debug for BenignTraffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BenignTraffic")
            .field("actors", &self.actors)
            .finish_non_exhaustive()
    }
}

impl EventProducer for BenignTraffic {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        (0..self.parts())
            .flat_map(|part| self.part_events(part, from, to))
            .collect()
    }

    fn parts(&self) -> usize {
        usize::try_from(self.actors.div_ceil(ACTORS_PER_PART)).unwrap_or(1)
    }

    fn part_events(&self, part: usize, from: EventTime, to: EventTime) -> Vec<Event> {
        let first = u32::try_from(part)
            .unwrap_or(u32::MAX)
            .saturating_mul(ACTORS_PER_PART);
        let actors = first..first.saturating_add(ACTORS_PER_PART).min(self.actors);
        let overlay = self
            .overlay
            .as_deref()
            .map(|overlay| overlay as &dyn Overlay);
        let traffic = Benign::new(&self.world);
        let day = TimeSpan::from_days(1);
        let origin = self.world.calendar.start.bin(day);
        let mut events = Vec::new();
        let mut start = from.bin(day);
        while start < to {
            let index = (start - origin).ticks() / day.ticks();
            events.append(&mut traffic.day(index, actors.clone(), overlay));
            start = start + day;
        }
        events
    }

    fn horizon(&self) -> TimeSpan {
        benign::horizon()
    }
}
