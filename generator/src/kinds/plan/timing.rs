//! The instants of one run: a gap process in open time, filled to a span or cut at an end.

use livefire_schema::time::{EventTime, TimeSpan};

use super::clock::Open;
use crate::kinds::model::Gap;
use crate::random::Key;

/// Events of a run without a count, before anything stops it.
const UNBOUNDED: u64 = 100_000;

/// One run's gap process.
pub(crate) struct Process<'a> {
    /// The resolved gap.
    pub(crate) gap: &'a Gap,
    /// Events, if limited.
    pub(crate) count: Option<u64>,
    /// No more than these are ever made, whatever the count.
    pub(crate) most: u64,
    /// Wall time to fill.
    pub(crate) over: Option<TimeSpan>,
    /// Nothing happens at or after this instant.
    pub(crate) limit: Option<EventTime>,
    /// Windows.
    pub(crate) open: &'a Open<'a>,
    /// Place of the run.
    pub(crate) key: Key,
}

/// The instants of a run and how many events its limit cut off.
#[derive(Debug, Default)]
pub(crate) struct Instants {
    /// In order.
    pub(crate) times: Vec<EventTime>,
    /// Counted events that did not happen.
    pub(crate) dropped: u64,
}

impl Process<'_> {
    /// The run's instants from `start` on.
    pub(crate) fn run(&self, start: EventTime) -> Instants {
        match self.gap {
            Gap::Spread => self.spread(start),
            Gap::Rate {
                peak,
                per,
                is_working,
                climb,
            } => {
                let per_second = peak.number(self.key.named("peak")) / per.seconds_f64().max(1e-9);
                let climb = climb
                    .as_ref()
                    .map_or(TimeSpan::ZERO, |climb| climb.span(self.key.named("climb")));
                self.rate(start, per_second, *is_working, climb.seconds_f64())
            }
            _ => self.gaps(start),
        }
    }

    /// The gap before event `index` (from 1), in seconds.
    pub(crate) fn gap(&self, index: u64) -> f64 {
        let key = self.key.index(index).named("gap");
        let jittered = |base: f64, cv: f64, floor: f64| base * (1.0 + cv * key.normal()).max(floor);
        match self.gap {
            Gap::Script => 0.5 + 2.5 * key.uniform(),
            Gap::Drawn(value) => value.span(key).seconds_f64(),
            Gap::Fixed { every, jitter } => {
                let every = every.span(self.key.named("every")).seconds_f64();
                jittered(every, jitter.number(self.key.named("jitter")), 0.05)
            }
            Gap::Growing {
                first,
                factor,
                jitter,
            } => {
                let first = first.span(self.key.named("first")).seconds_f64();
                let factor = factor.number(self.key.named("factor"));
                #[expect(clippy::cast_precision_loss, reason = "runs are short")]
                let grown = first * libm::pow(factor, index.saturating_sub(1) as f64);
                jittered(grown, jitter.number(self.key.named("jitter")), 0.1)
            }
            Gap::Human | Gap::Spread | Gap::Rate { .. } => key.lognormal(60.0, 1.15).min(1800.0),
        }
        .max(0.0)
    }

    fn gaps(&self, start: EventTime) -> Instants {
        let count = self.count.unwrap_or(UNBOUNDED).min(self.most);
        let mut found = Instants::default();
        if count == 0 {
            return found;
        }
        if let Some(over) = self.over {
            return self.filled(start, count, over);
        }
        let mut time = start;
        for index in 0..count {
            if index > 0 {
                let gap = TimeSpan::from_seconds_f64(self.gap(index));
                time = self.open.advance(time, gap);
            }
            if self.limit.is_some_and(|limit| time >= limit) {
                if let Some(count) = self.count {
                    found.dropped = count.saturating_sub(index);
                }
                break;
            }
            found.times.push(time);
        }
        found
    }

    /// Gaps scaled by one factor so that the last event falls at the span's end.
    fn filled(&self, start: EventTime, count: u64, over: TimeSpan) -> Instants {
        let open = self.open.open_between(start, start + over).seconds_f64();
        let mut offsets = vec![0.0];
        let mut sum = 0.0;
        for index in 1..count {
            sum += self.gap(index);
            offsets.push(sum);
        }
        let factor = if sum > 0.0 { open / sum } else { 0.0 };
        let times = offsets
            .into_iter()
            .map(|offset| {
                let span = TimeSpan::from_seconds_f64(offset * factor);
                self.open.advance(start, span)
            })
            .collect();
        self.cut(times)
    }

    /// Uniform over the open parts of the span.
    fn spread(&self, start: EventTime) -> Instants {
        let end = match (self.over, self.limit) {
            (Some(over), _) => start + over,
            (None, Some(limit)) => limit,
            (None, None) => start,
        };
        let open = self.open.open_between(start, end).seconds_f64();
        let mut times: Vec<EventTime> = (0..self.count.unwrap_or(1).min(self.most))
            .map(|index| {
                let share = self.key.index(index).named("gap").uniform();
                let span = TimeSpan::from_seconds_f64(open * share);
                self.open.advance(start, span)
            })
            .collect();
        times.sort_unstable();
        self.cut(times)
    }

    /// A Poisson process whose rate rises linearly to its peak, by thinning.
    fn rate(&self, start: EventTime, per_second: f64, is_working: bool, climb: f64) -> Instants {
        let count = self.count.unwrap_or(UNBOUNDED).min(self.most);
        let mut found = Instants::default();
        if per_second <= 0.0 {
            return found;
        }
        let mut elapsed = 0.0;
        let mut candidate = 0;
        while (found.times.len() as u64) < count && candidate < UNBOUNDED * 20 {
            let key = self.key.index(candidate).named("gap");
            candidate += 1;
            elapsed += key.exponential(1.0 / per_second);
            let share = if climb > 0.0 {
                (elapsed / climb).min(1.0)
            } else {
                1.0
            };
            let time = self
                .open
                .advance(start, TimeSpan::from_seconds_f64(elapsed));
            if self.limit.is_some_and(|limit| time >= limit) {
                break;
            }
            let is_in_hours = !is_working || self.open.is_office_hours(time);
            if is_in_hours && key.named("kept").chance(share) {
                found.times.push(time);
            }
        }
        found
    }

    fn cut(&self, mut times: Vec<EventTime>) -> Instants {
        let before = times.len();
        if let Some(limit) = self.limit {
            times.retain(|time| *time < limit);
        }
        Instants {
            dropped: (before - times.len()) as u64,
            times,
        }
    }
}
