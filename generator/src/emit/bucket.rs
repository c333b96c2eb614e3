//! Compact rows by ingestion hour: the events of one task, dealt once for every row that arrives.

use livefire_schema::time::TimeRange;

use crate::emit::HOUR;
use crate::emit::transport::{Damage, HourFactors, Transport};
use crate::event::Event;
use crate::recipes::{Recipes, RowKind};

/// One row that will be given out. Its order is the order of the log: ingestion time, then names,
/// never the place that it was produced in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Entry {
    /// Ingestion time in ticks.
    pub(crate) ingestion: i64,
    /// Bits of the event's id.
    pub(crate) id: u64,
    pub(crate) kind: RowKind,
    pub(crate) copy: u8,
    pub(crate) damage: Damage,
    pub(crate) first: bool,
    /// Which [`Part`] of the hour holds the event.
    pub(crate) part: u32,
    /// Index of the event in its part.
    pub(crate) event: u32,
}

/// Rows of one task in one hour, with the events that they report.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) events: Vec<Event>,
    pub(crate) entries: Vec<Entry>,
    /// Number of the last event in its task, from 1.
    last: usize,
}

impl Part {
    /// Adds a row of the task's `number`-th event; an event's rows come one after another.
    fn push(&mut self, entry: Entry, event: &Event, number: usize) {
        if self.last != number {
            self.events.push(event.clone());
            self.last = number;
        }
        let index = u32::try_from(self.events.len() - 1).unwrap_or(u32::MAX);
        self.entries.push(Entry {
            event: index,
            ..entry
        });
    }
}

/// Deals events to hours of ingestion; rows outside the window are left out.
pub(crate) fn collect(
    events: &[Event],
    recipes: &Recipes,
    transport: &Transport,
    window: Option<TimeRange>,
) -> Vec<(i64, Part)> {
    let mut hours: Vec<(i64, Part)> = Vec::new();
    let mut factors = HourFactors::default();
    for (number, event) in (1..).zip(events) {
        let id = event.id.bits();
        for kind in recipes.rows(event) {
            let Some(table) = recipes.table(kind, event) else {
                continue;
            };
            transport.arrivals(event, kind, table, &mut factors, |arrival| {
                if window.is_some_and(|window| !window.contains(arrival.ingestion)) {
                    return;
                }
                let ingestion = arrival.ingestion.ticks();
                let entry = Entry {
                    ingestion,
                    id,
                    kind,
                    copy: arrival.copy,
                    damage: arrival.damage,
                    first: arrival.first,
                    part: 0,
                    event: 0,
                };
                part_of(&mut hours, ingestion.div_euclid(HOUR)).push(entry, event, number);
            });
        }
    }
    hours
}

/// The part of an hour; hours come and go in waves, so the newest are looked at first.
fn part_of(hours: &mut Vec<(i64, Part)>, hour: i64) -> &mut Part {
    let index = hours.iter().rposition(|(known, _)| *known == hour);
    let index = index.unwrap_or_else(|| {
        hours.push((hour, Part::default()));
        hours.len() - 1
    });
    &mut hours[index].1
}
