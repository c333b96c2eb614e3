//! What goes wrong for ordinary users: E1, E4 to E6.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use super::log::Log;
use super::{Reading, reading};

/// How soon a caller tries again after 429.
const RETRY: TimeSpan = TimeSpan::from_seconds(60);

/// E1: least and largest daily share of failed requests; n is the quietest day's.
pub(super) fn daily_failures(log: &Log) -> Reading {
    let mut days: FxHashMap<EventTime, (f64, f64)> = FxHashMap::default();
    for request in log.requests() {
        let day = days.entry(request.time.bin(TimeSpan::from_days(1)));
        let day = day.or_default();
        day.0 += 1.0;
        day.1 += f64::from(u8::from(request.status >= 400 || request.stopped));
    }
    let shares = days.values().map(|(all, failed)| failed / all);
    let (low, high) = shares.fold((f64::INFINITY, 0.0_f64), |(low, high), share| {
        (low.min(share), high.max(share))
    });
    let fewest = days
        .values()
        .map(|(all, _)| *all)
        .fold(f64::INFINITY, f64::min);
    let fewest = if fewest.is_finite() { fewest } else { 0.0 };
    super::counted(vec![low, high], fewest)
}

/// E4: share of people's prompts that the filter stopped.
pub(super) fn stopped(log: &Log) -> Reading {
    let count = log.human().count();
    let stopped = log.human().filter(|request| request.stopped).count();
    reading([stopped as f64 / count as f64], count)
}

/// E5: share of requests answered 429, and of those tried again by the same caller within a minute.
pub(super) fn throttled(log: &Log) -> Reading {
    let mut next: FxHashMap<u32, EventTime> = FxHashMap::default();
    let (mut throttled, mut again) = (0.0, 0.0);
    for request in log.requests().iter().rev() {
        let later = next.insert(request.principal, request.time);
        if request.status == 429 {
            throttled += 1.0;
            let soon = later.is_some_and(|later| later - request.time <= RETRY);
            again += f64::from(u8::from(soon));
        }
    }
    let count = log.requests().len();
    reading([throttled / count as f64, again / throttled], count)
}

/// E6: share of people's prompts that hold a phrase of injections.
pub(super) fn injection_like(log: &Log) -> Reading {
    let count = log.human().count();
    let alike = log.human().filter(|request| request.injection_like).count();
    reading([alike as f64 / count as f64], count)
}
