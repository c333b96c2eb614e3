//! The axes of a sweep: frequencies and periods, and which of their pairs Sentinel accepts.

use livefire_detector::ScheduleChoice;
use livefire_detector::schedule::{Schedule, ScheduleError, span};
use livefire_schema::time::TimeSpan;

/// Frequencies × periods, as `5m,15m,1h/1h,1d`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes {
    /// In order, without repetition.
    frequencies: Vec<TimeSpan>,
    periods: Vec<TimeSpan>,
}

/// Why a text names no sweep.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AxesError {
    /// Not two lists.
    #[error("`{0}` is no sweep; write frequencies, a slash and periods, as 5m,15m,1h/1h,1d")]
    Form(String),
    /// One of the spans is none, or too short or too long.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// No pair is left.
    #[error("no pair of them is a schedule: {0}")]
    NoPair(ScheduleError),
}

impl Axes {
    /// Every pair, by period within frequency: a schedule, or why Sentinel refuses it.
    pub fn pairs(
        &self,
    ) -> impl Iterator<Item = (TimeSpan, TimeSpan, Result<Schedule, ScheduleError>)> {
        self.frequencies.iter().flat_map(|&frequency| {
            let periods = self.periods.iter();
            periods.map(move |&period| (frequency, period, Schedule::new(frequency, period)))
        })
    }

    /// The schedules to run: without a grid, each rule's own, then every pair that is one.
    #[must_use]
    pub fn choices(&self) -> Vec<ScheduleChoice> {
        let pairs = self.pairs().filter_map(|(_, _, schedule)| schedule.ok());
        [ScheduleChoice::Ideal, ScheduleChoice::Sentinel]
            .into_iter()
            .chain(pairs.map(ScheduleChoice::Every))
            .collect()
    }
}

impl std::str::FromStr for Axes {
    type Err = AxesError;

    fn from_str(text: &str) -> Result<Self, AxesError> {
        let form = || AxesError::Form(text.to_owned());
        let (frequencies, periods) = text.split_once('/').ok_or_else(form)?;
        let axes = Axes {
            frequencies: list(frequencies)?,
            periods: list(periods)?,
        };
        for &one in axes.frequencies.iter().chain(&axes.periods) {
            // Each must be within the limits by itself: a typing error is no refused pair.
            Schedule::new(one, one)?;
        }
        if axes.pairs().all(|(_, _, schedule)| schedule.is_err())
            && let Some((_, _, Err(error))) = axes.pairs().next()
        {
            return Err(AxesError::NoPair(error));
        }
        Ok(axes)
    }
}

fn list(text: &str) -> Result<Vec<TimeSpan>, AxesError> {
    let mut spans = text.split(',').map(span).collect::<Result<Vec<_>, _>>()?;
    spans.sort_unstable();
    spans.dedup();
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let axes = text.parse::<Axes>();
        let read = axes.map_or_else(
            |error| error.to_string(),
            |axes| {
                let choices: Vec<String> = axes.choices().iter().map(ToString::to_string).collect();
                choices.join(" ")
            },
        );
        assert!(read.contains(expected), "{read}");
    }

    #[test]
    fn pairs_that_sentinel_refuses_are_left_out_and_typing_errors_are_told() {
        check("5m,1h/15m,1d", "ideal sentinel 5m/15m 5m/1d 1h/1d");
        check("1h,5m,5m/1h,7d", "ideal sentinel 5m/1h 1h/1h 1h/7d");
        check("5m", "is no sweep; write frequencies, a slash and periods");
        check("5m,/1h", "`` is no span");
        check("5/1h", "`5` is no span");
        check("1m/1h", "frequency 1m is outside 5m..14d");
        check("1h/15m,20d", "20d is outside");
        check(
            "1h/15m",
            "no pair of them is a schedule: the period 15m is shorter",
        );
    }
}
