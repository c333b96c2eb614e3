//! Placing events so that no sliding window holds too many: the earliest instant that fits.
//!
//! A window is `(t − W, t]`, so an event exactly W old has left. What fits can only change when
//! a placed event leaves, so the earliest instant is the wanted one or some placed event plus W.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use super::counting::{CountRule, Mark, Marks};

/// Placed events by key, and how many distinct units a window may hold.
#[derive(Debug)]
pub(super) struct Bounds {
    rules: Vec<CountRule>,
    margin: u64,
    placed: FxHashMap<(usize, u64), Placed>,
}

/// What one key holds.
#[derive(Debug, Default)]
struct Placed {
    /// Instants and units, by time.
    events: Vec<(EventTime, u64)>,
    /// A span in which nothing new fits any more, found by an earlier search: placing more never
    /// makes room.
    full: Option<(EventTime, EventTime)>,
}

impl Bounds {
    /// At most `threshold − margin` (at least one) units in every window of every rule.
    pub(super) fn new(rules: Vec<CountRule>, margin: u64) -> Self {
        Bounds {
            rules,
            margin,
            placed: FxHashMap::default(),
        }
    }

    /// The rules.
    pub(super) fn rules(&self) -> &[CountRule] {
        &self.rules
    }

    /// The earliest instant from `from` on at which an event with these marks fits.
    pub(super) fn earliest(&mut self, marks: &Marks, from: EventTime) -> EventTime {
        let mut at = from;
        loop {
            let before = at;
            for mark in marks {
                at = self.earliest_for(mark, at);
            }
            if at == before {
                return at;
            }
        }
    }

    fn earliest_for(&mut self, mark: &Mark, from: EventTime) -> EventTime {
        let rule = self.rules[mark.place.0];
        let Some(placed) = self.placed.get_mut(&mark.place) else {
            return from;
        };
        let most = usize::try_from(rule.threshold.saturating_sub(self.margin).max(1));
        let most = most.unwrap_or(usize::MAX);
        let unit = rule.what.has_units().then_some(mark.unit);
        // A unit that is there already may fit where a new one does not.
        let known = placed
            .full
            .filter(|(first, last)| unit.is_none() && *first <= from && from <= *last);
        let (first, mut at) = known.unwrap_or((from, from));
        while !fits(&placed.events, unit, at, rule.window, most) {
            let left = placed
                .events
                .partition_point(|(time, _)| *time + rule.window <= at);
            match placed.events.get(left) {
                Some((time, _)) => at = *time + rule.window,
                None => return at,
            }
        }
        if unit.is_none() && first < at {
            placed.full = Some((first, at));
        }
        at
    }

    /// Records an event.
    pub(super) fn place(&mut self, marks: &Marks, at: EventTime) {
        for mark in marks {
            let placed = &mut self.placed.entry(mark.place).or_default().events;
            let index = placed.partition_point(|(time, _)| *time <= at);
            placed.insert(index, (at, mark.unit));
        }
    }
}

/// Whether every window with one more event at `at` in it holds at most `most` events, or, where
/// the new event's unit is given, units.
fn fits(
    placed: &[(EventTime, u64)],
    unit: Option<u64>,
    at: EventTime,
    window: TimeSpan,
    most: usize,
) -> bool {
    let first = placed.partition_point(|(time, _)| *time <= at - window);
    let last = placed.partition_point(|(time, _)| *time < at + window);
    let near = &placed[first..last];
    if near.len() < most {
        return true;
    }
    let Some(unit) = unit else {
        // Any `most` neighbours and the new one must not fit into one window.
        return near.windows(most).all(|group| {
            let (first, last) = (group[0].0.min(at), group[most - 1].0.max(at));
            last - first >= window
        });
    };
    let ends = near.iter().map(|(time, _)| *time).filter(|time| *time > at);
    std::iter::once(at).chain(ends).all(|end| {
        let inside = near
            .iter()
            .filter(|(time, _)| end - window < *time && *time <= end);
        let mut units: Vec<u64> = inside.map(|(_, unit)| *unit).collect();
        units.push(unit);
        units.sort_unstable();
        units.dedup();
        units.len() <= most
    })
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::evasions::counting::What;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_unix_seconds(seconds)
    }

    /// Places events one after another; where each came to lie.
    #[track_caller]
    fn places(what: What, margin: u64, wanted: &[(i64, u64)], expected: &[i64]) {
        let rule = CountRule {
            what,
            threshold: 3,
            window: TimeSpan::from_seconds(600),
        };
        let mut bounds = Bounds::new(vec![rule], margin);
        let found: Vec<i64> = wanted
            .iter()
            .map(|(seconds, unit)| {
                let marks: Marks = smallvec![Mark {
                    place: (0, 7),
                    unit: *unit
                }];
                let place = bounds.earliest(&marks, at(*seconds));
                bounds.place(&marks, place);
                place.unix_seconds()
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_event_waits_until_another_is_exactly_a_window_old() {
        places(
            What::Failures,
            1,
            &[(0, 1), (10, 2), (20, 3), (20, 4)],
            &[0, 10, 600, 610],
        );
        places(
            What::Failures,
            2,
            &[(0, 1), (10, 2), (20, 3)],
            &[0, 600, 1200],
        );
    }

    #[test]
    fn later_windows_count_too() {
        // 300 fits what lies before it but would be the third in (0, 600].
        places(
            What::Failures,
            1,
            &[(0, 1), (100, 2), (650, 3), (300, 4)],
            &[0, 100, 650, 700],
        );
    }

    #[test]
    fn a_unit_counts_once_in_a_window() {
        places(
            What::Users,
            1,
            &[(0, 1), (10, 1), (20, 2), (30, 3)],
            &[0, 10, 20, 610],
        );
    }
}
