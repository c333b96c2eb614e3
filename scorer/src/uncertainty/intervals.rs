//! Wilson's score interval and Newcombe's difference of two proportions built on it.
//!
//! Vectors `wilson`, `optimism_gap`. Wilson 1927, Newcombe 1998.

use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined};
use crate::uncertainty::two_sided_z;

/// An interval, closed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: Measure,
    /// Upper bound.
    pub high: Measure,
}

impl Interval {
    /// No interval, because of `reason`.
    #[must_use]
    pub fn undefined(reason: Undefined) -> Self {
        Interval {
            low: Measure::undefined(reason),
            high: Measure::undefined(reason),
        }
    }
}

/// Successes in trials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proportion {
    /// x.
    pub successes: u64,
    /// n, at least x.
    pub trials: u64,
}

/// Wilson's interval of a proportion.
///
/// # Panics
/// If there are more successes than trials, or the confidence lies outside (0, 1).
#[must_use]
pub fn wilson(proportion: Proportion, confidence: f64) -> Interval {
    match bounds(proportion, confidence) {
        Some((low, high)) => Interval {
            low: Measure::number(low),
            high: Measure::number(high),
        },
        None => Interval::undefined(Undefined::NoTrials),
    }
}

fn bounds(proportion: Proportion, confidence: f64) -> Option<(f64, f64)> {
    let Proportion { successes, trials } = proportion;
    assert!(successes <= trials, "no more successes than trials");
    if trials == 0 {
        return None;
    }
    let (x, n) = (successes as f64, trials as f64);
    let squared = two_sided_z(confidence).powi(2);
    let centre = (x + squared / 2.0) / (n + squared);
    let half = half_width(x, n, squared);
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == trials {
        1.0
    } else {
        centre + half
    };
    Some((low.max(0.0), high.min(1.0)))
}

/// Half-width of Wilson's interval for real x and the square of z.
pub(crate) fn half_width(x: f64, n: f64, squared: f64) -> f64 {
    squared.sqrt() / (n + squared) * (x * (n - x) / n + squared / 4.0).sqrt()
}

/// A difference of proportions between two splits of seeds.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// `p1 − p2`, sign flipped where lower is better.
    pub gap: Measure,
    /// Newcombe's lower bound.
    pub low: Measure,
    /// Newcombe's upper bound.
    pub high: Measure,
    /// Whether the lower bound is above 0: the first split flatters.
    pub optimistic: bool,
}

/// Which direction of a metric is the better one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Recall and its like.
    Higher,
    /// Error rates.
    Lower,
}

/// The optimism gap `first − second` with Newcombe's interval.
///
/// # Panics
/// As [`wilson`].
#[must_use]
pub fn optimism_gap(first: Proportion, second: Proportion, confidence: f64, better: Better) -> Gap {
    let (first, second) = match better {
        Better::Higher => (first, second),
        Better::Lower => (second, first),
    };
    let (Some((l1, u1)), Some((l2, u2))) = (bounds(first, confidence), bounds(second, confidence))
    else {
        let undefined = Measure::undefined(Undefined::NoTrials);
        return Gap {
            gap: undefined,
            low: undefined,
            high: undefined,
            optimistic: false,
        };
    };
    let share = |proportion: Proportion| proportion.successes as f64 / proportion.trials as f64;
    let (p1, p2) = (share(first), share(second));
    let gap = p1 - p2;
    let low = gap - (p1 - l1).hypot(u2 - p2);
    let high = gap + (u1 - p1).hypot(p2 - l2);
    Gap {
        gap: Measure::number(gap),
        low: Measure::number(low),
        high: Measure::number(high),
        optimistic: low > 0.0,
    }
}
