//! Chooses values of a rule's parameters by measuring them, and says how much to believe of it.
//!
//! A parameter is a named value of any rule; nothing here knows one by name. Candidates run side
//! by side: each seed is generated and parsed once for all of them ([`crate::experiment::candidates`]),
//! so that a sweep costs little more than a run, and every candidate meets the same bytes. What is
//! chosen on tuning seeds flatters itself; it is measured again on validation seeds that had no
//! part in the choice, and the difference is told (the optimism gap). Seeds are split by a hash,
//! never by result. EVALUATION.md §7.

pub mod axis;
pub mod choice;
pub mod search;
pub mod split;

use livefire_scorer::uncertainty::intervals::{Better, Gap, Interval, Proportion, optimism_gap};
use livefire_scorer::{Measure, Undefined};
use serde::Serialize;

pub use axis::{Axis, AxisError, Setting};
pub use choice::{Constraint, Point};
pub use search::{Grid, Plan, search};
pub use split::split_seeds;

use crate::experiment::PooledRow;

/// One candidate with what it gave on the tuning seeds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Evaluated {
    /// The values of the swept parameters.
    pub settings: Vec<Setting>,
    /// Whether these are the values in force.
    pub is_current: bool,
    /// Whether no other candidate is at least as good in recall, false incidents per day and P90,
    /// and better in one of them.
    pub on_front: bool,
    /// Whether it meets the constraint.
    pub meets: bool,
    /// Pooled figures of the rule.
    pub figures: PooledRow,
}

/// The chosen values on seeds that had no part in the choice.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Validation {
    /// The chosen values.
    pub chosen: PooledRow,
    /// The values in force.
    pub current: PooledRow,
    /// Recall on tuning less recall on validation seeds.
    pub recall_gap: Gap,
    /// False incidents per day on validation less those on tuning seeds.
    pub false_gap: Gap,
    /// Whether the chosen values meet the constraint here too; nothing where undefined.
    pub confirmed: Option<bool>,
}

/// How a tuning ends.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "conclusion", content = "reason")]
pub enum Conclusion {
    /// The chosen values meet the constraint on validation seeds.
    Confirmed,
    /// They do not.
    NotConfirmed,
    /// No candidate meets the constraint on tuning seeds.
    NoneMeets,
    /// What is measured does not decide.
    Inconclusive(String),
}

/// What a tuning found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TuneReport {
    /// Scenario.
    pub scenario: String,
    /// The rule form.
    pub rule: String,
    /// What was asked of it.
    pub constraint: Constraint,
    /// Whether the constraint is the current rate of false incidents, as none was given.
    pub constraint_is_current: bool,
    /// The swept parameters.
    pub axes: Vec<Axis>,
    /// Points of the grid.
    pub grid: u64,
    /// Whether only a part of the grid was measured.
    pub is_search: bool,
    /// Tuning seeds.
    pub tuning_seeds: Vec<u64>,
    /// Validation seeds.
    pub validation_seeds: Vec<u64>,
    /// Measured candidates, in the order of the grid.
    pub evaluated: Vec<Evaluated>,
    /// Position of the values in force.
    pub current: usize,
    /// Position of the chosen ones.
    pub chosen: Option<usize>,
    /// What validation seeds say of them.
    pub validation: Option<Validation>,
    /// How it ends.
    #[serde(flatten)]
    pub conclusion: Conclusion,
}

impl Validation {
    /// Compares tuning and validation figures of the chosen values.
    #[must_use]
    pub fn of(
        tuning: &PooledRow,
        chosen: PooledRow,
        current: PooledRow,
        constraint: &Constraint,
        confidence: f64,
    ) -> Self {
        let caught = |row: &PooledRow| Proportion {
            successes: row.caught,
            trials: row.expected,
        };
        let (first, second) = (caught(tuning), caught(&chosen));
        let confirmed = Point::of(&chosen).map(|point| constraint.is_met_by(&point));
        Validation {
            recall_gap: optimism_gap(first, second, confidence, Better::Higher),
            false_gap: rate_gap(tuning, &chosen),
            confirmed,
            chosen,
            current,
        }
    }
}

/// The difference of two rates with bounds recovered from their own (Newcombe's construction,
/// with Poisson's exact intervals in place of Wilson's).
fn rate_gap(tuning: &PooledRow, validation: &PooledRow) -> Gap {
    let of = |row: &PooledRow| {
        let Interval { low, high } = row.false_per_day.independent;
        let rate = row.false_per_day.value.finite()?;
        Some((rate, low.finite()?, high.finite()?))
    };
    let (Some((r1, l1, u1)), Some((r2, l2, u2))) = (of(tuning), of(validation)) else {
        let undefined = Measure::undefined(Undefined::NoExposure);
        return Gap {
            gap: undefined,
            low: undefined,
            high: undefined,
            optimistic: false,
        };
    };
    let gap = r2 - r1;
    let low = gap - (r2 - l2).hypot(u1 - r1);
    let high = gap + (u2 - r2).hypot(r1 - l1);
    Gap {
        gap: Measure::number(gap),
        low: Measure::number(low),
        high: Measure::number(high),
        optimistic: low > 0.0,
    }
}

#[cfg(test)]
mod tests;
