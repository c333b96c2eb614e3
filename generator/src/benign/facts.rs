//! Calibration facts as functions from plain observations to numbers, each with its band.
//!
//! Ids and bands are those of CALIBRATION.md; the observations may come from our events, from rows
//! or from a user's own export. A fact that cannot fail teaches nothing, so each has a negative
//! control among the tests.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

/// A band that a measured number must lie in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// Id of the fact.
    pub id: &'static str,
    /// Lower end, included.
    pub from: f64,
    /// Upper end, included.
    pub to: f64,
}

impl Band {
    /// Whether a number lies in the band; NaN never does.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.from <= value && value <= self.to
    }
}

const fn band(id: &'static str, from: f64, to: f64) -> Band {
    Band { id, from, to }
}

/// A8: first percentile of ten-minute totals, relative to their mean.
pub const A8_LOW: Band = band("A8.p1", 0.1, 0.5);
/// A8: 99th percentile of ten-minute totals, relative to their mean.
pub const A8_HIGH: Band = band("A8.p99", 1.6, 3.0);
/// E1: share of requests that fail for any reason, on each day.
pub const E1: Band = band("E1", 0.008, 0.08);
/// G2: median delay of resource logs, seconds.
pub const G2_MEDIAN: Band = band("G2.p50", 180.0, 360.0);
/// G2: 95th percentile of the delay of resource logs, seconds.
pub const G2_TAIL: Band = band("G2.p95", 360.0, 900.0);
/// I5: 90th percentile of new addresses per user and week.
pub const I5_ADDRESSES: Band = band("I5.addresses", 2.0, 6.0);
/// I5: share of user-weeks with a new country.
pub const I5_COUNTRIES: Band = band("I5.countries", 0.002, 0.01);
/// S1: mean turns of a conversation.
pub const S1: Band = band("S1", 2.0, 3.5);
/// S4: share of conversations over ten turns, relative to a geometric law of the same mean.
pub const S4: Band = band("S4", 2.5, 12.0);
/// U1: share of requests from the most active tenth of principals.
pub const U1: Band = band("U1", 0.5, 0.9);
/// U7: share of prompt hashes that two or more users sent.
pub const U7: Band = band("U7", 0.02, 0.15);

/// Ten-minute totals relative to their mean: first and 99th percentile (A8).
///
/// Windows without a request count as zero; the range runs from the first to the last window.
#[must_use]
pub fn total_rate_tails(times: &[EventTime]) -> (f64, f64) {
    let width = TimeSpan::from_minutes(10);
    let window = |time: &EventTime| time.bin(width).ticks() / width.ticks();
    let (Some(first), Some(last)) = (
        times.iter().map(window).min(),
        times.iter().map(window).max(),
    ) else {
        return (f64::NAN, f64::NAN);
    };
    let count = usize::try_from(last - first + 1).unwrap_or(1);
    let mut totals = vec![0.0; count];
    for time in times {
        totals[usize::try_from(window(time) - first).unwrap_or(0)] += 1.0;
    }
    let mean = totals.iter().sum::<f64>() / count as f64;
    totals.sort_by(f64::total_cmp);
    (
        quantile(&totals, 0.01) / mean,
        quantile(&totals, 0.99) / mean,
    )
}

/// Smallest and largest share of failed requests over UTC days (E1).
#[must_use]
pub fn daily_failure_shares(requests: impl IntoIterator<Item = (EventTime, bool)>) -> (f64, f64) {
    let mut days: FxHashMap<EventTime, (f64, f64)> = FxHashMap::default();
    for (time, failed) in requests {
        let day = days.entry(time.bin(TimeSpan::from_days(1))).or_default();
        day.0 += 1.0;
        day.1 += f64::from(u8::from(failed));
    }
    let shares = days.values().map(|(all, failed)| failed / all);
    shares.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), share| {
        (low.min(share), high.max(share))
    })
}

/// Share of conversations over ten turns, divided by what a geometric law of the same mean gives
/// (S4), and the mean itself (S1).
#[must_use]
pub fn long_conversations(turns: &[u64]) -> (f64, f64) {
    let count = turns.len() as f64;
    let mean = turns.iter().map(|turns| *turns as f64).sum::<f64>() / count;
    let long = turns.iter().filter(|turns| **turns > 10).count() as f64 / count;
    let geometric = libm::pow(1.0 - 1.0 / mean, 10.0);
    (long / geometric, mean)
}

/// Share of all requests that the most active tenth of principals made (U1).
#[must_use]
pub fn top_tenth_share(requests: &[u64]) -> f64 {
    let mut sorted: Vec<u64> = requests.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let top = sorted.len().div_ceil(10);
    sorted[..top].iter().sum::<u64>() as f64 / sorted.iter().sum::<u64>() as f64
}

/// Share of distinct texts that two or more users sent (U7); pairs of (text, user) hashes.
#[must_use]
pub fn shared_text_share(pairs: impl IntoIterator<Item = (u64, u64)>) -> f64 {
    let mut texts: FxHashMap<u64, (u64, bool)> = FxHashMap::default();
    for (text, user) in pairs {
        let entry = texts.entry(text).or_insert((user, false));
        entry.1 |= entry.0 != user;
    }
    texts.values().filter(|(_, shared)| *shared).count() as f64 / texts.len() as f64
}

/// The value at a share of an ascending list (nearest rank); NaN for an empty one.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank within the list"
)]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    match sorted.get(rank.max(1) - 1) {
        Some(value) => *value,
        None => f64::NAN,
    }
}
