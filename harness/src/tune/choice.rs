//! Which candidate is better: constraint first, then recall, then false incidents, then speed.

use std::cmp::Ordering;

use livefire_schema::time::TimeSpan;
use serde::Serialize;

use crate::experiment::PooledRow;

/// What the chosen values must meet.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Constraint {
    /// Most false incidents per day.
    pub max_false_per_day: Option<f64>,
    /// Longest 90th percentile of the time to detect.
    pub max_p90: Option<TimeSpan>,
}

/// The three figures that a candidate is compared by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    /// Higher is better.
    pub recall: f64,
    /// Lower is better.
    pub false_per_day: f64,
    /// Seconds; lower is better, `+inf` also for what the log is too short to tell.
    pub p90: f64,
}

impl Point {
    /// The point of pooled figures; nothing where recall or the rate is undefined.
    #[must_use]
    pub fn of(row: &PooledRow) -> Option<Self> {
        Some(Point {
            recall: row.recall.value.finite()?,
            false_per_day: row.false_per_day.value.finite()?,
            p90: row.p90.value().unwrap_or(f64::INFINITY),
        })
    }

    /// Whether it is at least as good as `other` in all three and better in one.
    #[must_use]
    pub fn dominates(&self, other: &Point) -> bool {
        let is_no_worse = self.recall >= other.recall
            && self.false_per_day <= other.false_per_day
            && self.p90 <= other.p90;
        is_no_worse && self != other
    }
}

impl Constraint {
    /// Whether a point meets it.
    #[must_use]
    pub fn is_met_by(&self, point: &Point) -> bool {
        self.max_false_per_day
            .is_none_or(|most| point.false_per_day <= most)
            && self
                .max_p90
                .is_none_or(|most| point.p90 <= most.seconds_f64())
    }

    /// How far a point is from meeting it, as a sum of relative excesses; 0 where it does.
    #[must_use]
    pub fn excess(&self, point: &Point) -> f64 {
        let over = |value: f64, most: f64| ((value - most) / most.max(1e-9)).max(0.0);
        let false_incidents = self.max_false_per_day;
        let false_incidents = false_incidents.map_or(0.0, |most| over(point.false_per_day, most));
        let slowness = self.max_p90;
        let slowness = slowness.map_or(0.0, |most| over(point.p90, most.seconds_f64()));
        false_incidents + slowness
    }

    /// `Less` if `left` is the better one.
    #[must_use]
    pub fn compare(&self, left: &Point, right: &Point) -> Ordering {
        let met = self.is_met_by(right).cmp(&self.is_met_by(left));
        met.then_with(|| {
            if self.is_met_by(left) {
                Ordering::Equal
            } else {
                self.excess(left).total_cmp(&self.excess(right))
            }
        })
        .then_with(|| right.recall.total_cmp(&left.recall))
        .then_with(|| left.false_per_day.total_cmp(&right.false_per_day))
        .then_with(|| left.p90.total_cmp(&right.p90))
    }
}

/// For each point whether it lies on the Pareto front.
#[must_use]
pub fn front(points: &[Point]) -> Vec<bool> {
    let is_on = |point: &Point| !points.iter().any(|other| other.dominates(point));
    points.iter().map(is_on).collect()
}
