//! Where events come from: benign traffic and campaigns alike.

use std::fmt;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::event::Event;

/// A source of events that can be asked for any range of time, in any order, from any thread.
///
/// A producer is a pure function: asked for consecutive ranges it gives each of its events exactly
/// once, none before the range that gave it. An event may lie up to [`EventProducer::horizon`] past
/// its range (a session over midnight belongs to the day on which it began).
pub trait EventProducer: fmt::Debug + Send + Sync {
    /// The events of `[from, to)`, in any order.
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event>;

    /// How many independent parts the producer has; they must not depend on the machine.
    fn parts(&self) -> usize {
        1
    }

    /// The events of one part; all parts together are [`EventProducer::events`].
    fn part_events(&self, part: usize, from: EventTime, to: EventTime) -> Vec<Event> {
        let _ = part;
        self.events(from, to)
    }

    /// How far past the range an event may lie.
    fn horizon(&self) -> TimeSpan {
        TimeSpan::ZERO
    }
}

/// Events that exist already, such as a planned campaign's.
impl EventProducer for Vec<Event> {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        self.iter()
            .filter(|event| from <= event.at && event.at < to)
            .cloned()
            .collect()
    }
}

/// A function of a range of time, in one part.
pub struct Function<F>(pub F);

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

impl<F: Fn(EventTime, EventTime) -> Vec<Event> + Send + Sync> EventProducer for Function<F> {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        (self.0)(from, to)
    }
}
