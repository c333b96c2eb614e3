//! Whether benign traffic comes near a rule at all: only then does an absence of false alerts say
//! anything. EVALUATION.md §10.

use livefire_schema::alert::Mode;
use serde::{Deserialize, Serialize};

/// From so many benign rows near a rule on, its false alerts count as measured.
const ENOUGH: u64 = 30;

/// How many benign rows came near a rule form; the caller counts, scoring prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BenignReach {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Rows of the world without campaigns that met all but one of the rule's conditions.
    pub near_rows: u64,
}

/// What the benign traffic of a run says about a rule's false alerts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachClass {
    /// No benign row meets even all but one of the rule's conditions: zero false alerts prove
    /// nothing.
    Blind,
    /// Fewer than 30 do.
    Thin,
    /// Enough do.
    Measured,
}

/// The class with its count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reachability {
    /// The class.
    pub class: ReachClass,
    /// Benign rows that met all but one of the rule's conditions.
    pub near_rows: u64,
}

impl Reachability {
    /// From the number of rows.
    #[must_use]
    pub fn of(near_rows: u64) -> Self {
        let class = match near_rows {
            0 => ReachClass::Blind,
            1..ENOUGH => ReachClass::Thin,
            _ => ReachClass::Measured,
        };
        Reachability { class, near_rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_rows_are_a_measurement() {
        let classes = [0, 1, 29, 30].map(|rows| Reachability::of(rows).class);
        let [blind, thin, still_thin, measured] = classes;
        assert_eq!(blind, ReachClass::Blind);
        assert_eq!((thin, still_thin), (ReachClass::Thin, ReachClass::Thin));
        assert_eq!(measured, ReachClass::Measured);
    }
}
