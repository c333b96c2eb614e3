//! When a user works: requests by quarter of an hour over the lookback.
//!
//! Time zones are offset by whole quarters, so that a quarter has one local hour. The window's
//! oldest edge is rounded down to a quarter. Memory is one entry per quarter with requests.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use livefire_schema::time::{EventTime, TimeSpan};

const QUARTER: TimeSpan = TimeSpan::from_minutes(15);

/// Requests of one user.
#[derive(Debug, Default)]
pub(super) struct Habit {
    quarters: VecDeque<(EventTime, u32)>,
}

impl Habit {
    /// Counts a request.
    pub(super) fn add(&mut self, time: EventTime, lookback: TimeSpan) {
        let quarter = time.bin(QUARTER);
        match self.quarters.back_mut() {
            Some((last, count)) if *last == quarter => *count += 1,
            _ => {
                self.forget(time, lookback);
                self.quarters.push_back((quarter, 1));
            }
        }
    }

    /// Share of the requests before `time` that fall into its local hour; `None` without requests.
    pub(super) fn share(
        &mut self,
        time: EventTime,
        lookback: TimeSpan,
        zone: &TimeZone,
    ) -> Option<f64> {
        self.forget(time, lookback);
        let hour = local_hour(time, zone);
        let (mut all, mut same) = (0u32, 0u32);
        for &(quarter, count) in &self.quarters {
            all += count;
            if local_hour(quarter, zone) == hour {
                same += count;
            }
        }
        (all > 0).then(|| f64::from(same) / f64::from(all))
    }

    fn forget(&mut self, time: EventTime, lookback: TimeSpan) {
        let oldest = (time - lookback).bin(QUARTER);
        while self
            .quarters
            .front()
            .is_some_and(|(quarter, _)| *quarter < oldest)
        {
            self.quarters.pop_front();
        }
    }
}

/// Hour of the day in a zone.
pub(super) fn local_hour(time: EventTime, zone: &TimeZone) -> i8 {
    zone.to_datetime(time.to_jiff()).hour()
}
