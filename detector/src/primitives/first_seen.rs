//! "Was it seen in the baseline?", exactly, from three instants per thing.
//!
//! The baseline of an instant `t` is the closed interval `[t − lookback, t − gap]`. Keeping every
//! sighting of the last hour would cost memory with the rate; it is enough to keep the newest
//! sighting known to lie before the gap, and of those inside the gap the first and the last. What
//! is dropped lies between these two, so that the first one stands in for it: both are less than
//! two gaps old, and a lookback of at least two gaps holds both or neither. Queries and sightings
//! come in order of time.

use livefire_schema::time::{EventTime, TimeSpan};

/// The shape of a baseline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Baseline {
    /// A sighting this old still counts.
    pub lookback: TimeSpan,
    /// A sighting this old counts already; at most half of `lookback`.
    pub gap: TimeSpan,
}

/// The sightings of one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Newest sighting that is known to lie before the gap.
    settled: EventTime,
    /// First sighting after `settled`.
    first: EventTime,
    /// Last sighting.
    last: EventTime,
}

/// No sighting.
const NONE: EventTime = EventTime::MIN;

impl Default for Seen {
    fn default() -> Self {
        Seen {
            settled: NONE,
            first: NONE,
            last: NONE,
        }
    }
}

impl Seen {
    /// Notes a sighting.
    pub fn add(&mut self, time: EventTime, baseline: Baseline) {
        self.settle(time, baseline);
        if self.first == NONE {
            self.first = time;
        }
        self.last = time;
    }

    /// Whether some sighting lies in the baseline of `time`.
    pub fn contains(&mut self, time: EventTime, baseline: Baseline) -> bool {
        self.settle(time, baseline);
        self.settled != NONE && self.settled >= time - baseline.lookback
    }

    /// The newest sighting, whether in a baseline or not.
    #[must_use]
    pub fn newest(&self) -> Option<EventTime> {
        let newest = self.settled.max(self.last);
        (newest != NONE).then_some(newest)
    }

    /// Whether no baseline of `time` or later can hold it.
    #[must_use]
    pub fn is_over(&self, time: EventTime, baseline: Baseline) -> bool {
        self.newest()
            .is_none_or(|newest| newest < time - baseline.lookback)
    }

    fn settle(&mut self, time: EventTime, baseline: Baseline) {
        let edge = time - baseline.gap;
        if self.first == NONE || self.first > edge {
            return;
        }
        if self.last <= edge {
            self.settled = self.last;
            self.first = NONE;
        } else {
            self.settled = self.first;
            self.first = self.last;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3600;
    const BASELINE: Baseline = Baseline {
        lookback: TimeSpan::from_hours(6),
        gap: TimeSpan::from_hours(1),
    };

    #[track_caller]
    fn known(sighting: i64, query: i64, expected: bool) {
        let mut seen = Seen::default();
        seen.add(EventTime::from_unix_seconds(sighting), BASELINE);
        let query = EventTime::from_unix_seconds(query);
        assert_eq!(seen.contains(query, BASELINE), expected);
    }

    #[test]
    fn both_ends_of_the_baseline_are_closed() {
        known(0, HOUR - 1, false);
        known(0, HOUR, true);
        known(0, 6 * HOUR, true);
        known(0, 6 * HOUR + 1, false);
    }

    proptest! {
        #[test]
        fn three_instants_answer_as_all_sightings_do(
            steps in prop::collection::vec((0..2 * HOUR, any::<bool>()), 1..200),
            scale in prop::sample::select(vec![1, 10, 60]),
        ) {
            let (mut now, mut all, mut seen) = (0, Vec::new(), Seen::default());
            for (step, is_sighting) in steps {
                now += step / scale;
                let time = EventTime::from_unix_seconds(now);
                let expected = all.iter().any(|&s| now - 6 * HOUR <= s && s <= now - HOUR);
                prop_assert_eq!(seen.contains(time, BASELINE), expected);
                if is_sighting {
                    all.push(now);
                    seen.add(time, BASELINE);
                }
            }
        }
    }
}
