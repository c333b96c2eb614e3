//! When requests come: A1 to A10.
//!
//! *Steady hours* are 10–11 and 14–15 of working days in the time zone that most people have; a
//! figure for an hour is the median over them, and its n that of the middle hour.

use std::collections::BTreeMap;

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use super::log::Log;
use super::statistics::{correlation, gaps, mean, median, quantiles, variance, variation};
use super::{Reading, reading};

/// Gaps above this are silence, not bursts (A3).
const SILENCE_SECONDS: f64 = 5.0;
/// Least requests of a window whose spread is measured.
const LEAST_IN_WINDOW: usize = 10;
const MINUTE: TimeSpan = TimeSpan::from_minutes(1);
const WINDOW: TimeSpan = TimeSpan::from_minutes(10);

/// Requests of one class of application in one steady hour.
type Hours = Vec<Vec<EventTime>>;

fn hours(log: &Log, code: bool) -> Hours {
    let mut hours: BTreeMap<(i64, u32), Vec<EventTime>> = BTreeMap::new();
    for request in log.of_class(code) {
        let local = log.clock().local(request.time);
        if local.weekday() < 5 && [10, 14].contains(&local.hour()) {
            let hour = hours.entry((local.day, local.hour())).or_default();
            hour.push(request.time);
        }
    }
    hours.into_values().collect()
}

/// The median of a figure over steady hours.
fn over_hours(hours: &Hours, figure: impl Fn(&[EventTime]) -> f64) -> f64 {
    let figures = hours.iter().map(|hour| figure(hour));
    median(figures.filter(|figure| figure.is_finite()).collect())
}

fn middle_size(hours: &Hours) -> usize {
    let mut sizes: Vec<usize> = hours.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

/// A1: CV of a chat hour's gaps.
pub(super) fn chat_hour(log: &Log) -> Reading {
    let hours = hours(log, false);
    let value = over_hours(&hours, |hour| variation(&gaps(hour)));
    reading([value], middle_size(&hours))
}

/// A2: median CV of gaps in five-minute windows of chat hours.
pub(super) fn chat_windows(log: &Log) -> Reading {
    let mut variations = Vec::new();
    for hour in hours(log, false) {
        let same = |a: &EventTime, b: &EventTime| window_of(*a) == window_of(*b);
        for window in hour.chunk_by(same) {
            if window.len() > 3 * LEAST_IN_WINDOW {
                variations.push(variation(&gaps(window)));
            }
        }
    }
    let count = variations.len();
    reading([median(variations)], count)
}

fn window_of(time: EventTime) -> EventTime {
    time.bin(TimeSpan::from_minutes(5))
}

/// A3: CV of a code hour's gaps, silences removed.
pub(super) fn code_hour(log: &Log) -> Reading {
    let hours = hours(log, true);
    let value = over_hours(&hours, |hour| {
        let mut gaps = gaps(hour);
        gaps.retain(|gap| *gap <= SILENCE_SECONDS);
        variation(&gaps)
    });
    reading([value], middle_size(&hours))
}

/// Counts of an hour's minutes, empty ones included.
fn minutes(hour: &[EventTime]) -> Vec<f64> {
    let Some(first) = hour.first() else {
        return Vec::new();
    };
    let start = first.bin(TimeSpan::from_hours(1));
    let mut counts = vec![0.0; 60];
    for time in hour {
        let minute = (*time - start).ticks() / MINUTE.ticks();
        if let Some(count) = usize::try_from(minute)
            .ok()
            .and_then(|minute| counts.get_mut(minute))
        {
            *count += 1.0;
        }
    }
    counts
}

/// A figure of minute counts, for chat and for code.
fn over_minutes(log: &Log, figure: fn(&[f64]) -> f64) -> Reading {
    let classes = [false, true].map(|code| hours(log, code));
    let values = classes
        .each_ref()
        .map(|hours| over_hours(hours, |hour| figure(&minutes(hour))));
    let least = classes.iter().map(|hours| hours.len() * 60).min();
    reading(values, least.unwrap_or(0))
}

/// A4: busiest minute against the mean one.
pub(super) fn peak_minute(log: &Log) -> Reading {
    over_minutes(log, |counts| {
        counts.iter().copied().fold(0.0, f64::max) / mean(counts)
    })
}

/// A5: variation of minute counts beyond Poisson's.
pub(super) fn excess_variation(log: &Log) -> Reading {
    over_minutes(log, |counts| {
        let mean = mean(counts);
        (variance(counts) / mean - 1.0) / mean
    })
}

/// CV of each principal's gaps in each ten-minute window of at least ten requests.
fn client_windows(log: &Log) -> Vec<f64> {
    let mut windows: FxHashMap<(u32, EventTime), Vec<EventTime>> = FxHashMap::default();
    for request in log.requests() {
        let window = (request.principal, request.time.bin(WINDOW));
        windows.entry(window).or_default().push(request.time);
    }
    let large = windows
        .into_values()
        .filter(|times| times.len() >= LEAST_IN_WINDOW);
    large.map(|times| variation(&gaps(&times))).collect()
}

/// A6: median and 90th percentile of the spread of principals' windows.
pub(super) fn client_spread(log: &Log) -> Reading {
    let variations = client_windows(log);
    let count = variations.len();
    reading(quantiles(variations, [0.5, 0.9]), count)
}

/// A7: share of principals' windows that are burstier than Poisson.
pub(super) fn bursty_windows(log: &Log) -> Reading {
    let variations = client_windows(log);
    let bursty = variations.iter().filter(|cv| **cv > 1.0).count();
    reading([bursty as f64 / variations.len() as f64], variations.len())
}

/// Requests in each window of the log's span, empty ones included.
fn totals(log: &Log, width: TimeSpan) -> Vec<f64> {
    let (Some(first), Some(last)) = (log.requests().first(), log.requests().last()) else {
        return Vec::new();
    };
    let start = first.time.bin(width);
    let count = (last.time - start).ticks() / width.ticks() + 1;
    let mut totals = vec![0.0; usize::try_from(count).unwrap_or(0)];
    for request in log.requests() {
        let index = (request.time - start).ticks() / width.ticks();
        totals[usize::try_from(index).unwrap_or(0)] += 1.0;
    }
    totals
}

/// A8: quietest and busiest ten minutes against the mean.
pub(super) fn rate_tails(log: &Log) -> Reading {
    let totals = totals(log, WINDOW);
    let (mean, count) = (mean(&totals), totals.len());
    reading(quantiles(totals, [0.01, 0.99]).map(|x| x / mean), count)
}

/// A9: correlation of the log rate with itself ten minutes later; an empty window counts as half a
/// request.
pub(super) fn rate_memory(log: &Log) -> Reading {
    let totals = totals(log, WINDOW);
    let logs: Vec<f64> = totals.iter().map(|total| total.max(0.5).ln()).collect();
    let pairs: Vec<(f64, f64)> = logs.windows(2).map(|pair| (pair[0], pair[1])).collect();
    reading([correlation(&pairs)], totals.len())
}

/// A10: least and busiest day against the mean.
pub(super) fn day_tails(log: &Log) -> Reading {
    let totals = totals(log, TimeSpan::from_days(1));
    let mean = mean(&totals);
    let least = totals.iter().copied().fold(f64::INFINITY, f64::min);
    let most = totals.iter().copied().fold(0.0, f64::max);
    reading([least / mean, most / mean], totals.len())
}
