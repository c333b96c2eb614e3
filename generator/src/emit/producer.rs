//! Where events come from: benign traffic, campaigns and the directory's snapshots alike.

use std::fmt;
use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::event::{AccountRef, Action, Detail, Event, Outcome};
use crate::random::Key;
use crate::world::World;

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

/// Days between two snapshots of the directory: accounts repeat, as a reader must expect.
const SNAPSHOT: TimeSpan = TimeSpan::from_days(7);

/// `IdentityInfo`: a snapshot of every account of the directory at the log's start and weekly.
///
/// Accounts that campaigns append are not in it: they become known through `AuditLogs` only.
#[derive(Debug)]
pub struct DirectorySnapshot {
    world: Arc<World>,
    key: Key,
}

impl DirectorySnapshot {
    /// Snapshots of a world's directory.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        let key = world.key.named("directory snapshot");
        DirectorySnapshot { world, key }
    }

    fn snapshot(&self, number: i64, at: EventTime) -> impl Iterator<Item = Event> {
        let key = self.key.index(number.unsigned_abs());
        let directory = &self.world.directory;
        let accounts = directory.accounts.iter().take(directory.population);
        (0u32..)
            .zip(accounts)
            .filter(|(_, account)| account.in_directory)
            .map(move |(index, account)| {
                let id = key.index(u64::from(index));
                // A synchronisation takes some minutes.
                let after = id.index(1).below(10 * 60 * 10_000_000);
                Event {
                    id,
                    at: at + TimeSpan::from_ticks(i64::try_from(after).unwrap_or(0)),
                    action: Action::Row,
                    outcome: Outcome::None,
                    account: Some(AccountRef(index)),
                    address: account.homes.first().copied().unwrap_or(account.carrier),
                    application: None,
                    deployment: None,
                    resource: None,
                    prompt: None,
                    session: id,
                    origin: None,
                    detail: Some(Box::new(Detail {
                        row: Some("IdentityInfo".to_owned()),
                        ..Detail::default()
                    })),
                }
            })
    }
}

impl EventProducer for DirectorySnapshot {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        let start = self.world.calendar.start;
        (0..)
            .map(|number| (number, start + SNAPSHOT * number))
            .skip_while(|(_, at)| *at < from)
            .take_while(|(_, at)| *at < to)
            .flat_map(|(number, at)| self.snapshot(number, at))
            .collect()
    }

    fn horizon(&self) -> TimeSpan {
        TimeSpan::from_minutes(10)
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
