//! Rule mutation score: would the scenarios notice a changed rule?
//!
//! A mutant is killed iff its (D, F) differs from the original's on at least one scenario. An
//! equivalent mutant that is killed was mislabelled and counts as killed. Vectors
//! `mutation_score`. Jia & Harman 2011.

use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined};

/// (D, F) of a rule on one scenario.
pub type DetectedAndFalse = (u64, u64);

/// A changed rule and what it scores.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutant {
    /// What was changed.
    pub id: String,
    /// Whether it is held to behave as the original; needs a written reason elsewhere.
    pub is_equivalent: bool,
    /// Results in the order of the original's scenarios.
    pub results: Vec<DetectedAndFalse>,
}

/// The mutation score of a rule.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MutationScore {
    /// Mutants that some scenario tells from the original.
    pub killed: u64,
    /// Mutants that none does, and that are not declared equivalent.
    pub survivors: Vec<String>,
    /// Mutants declared equivalent, yet killed.
    pub mislabelled: Vec<String>,
    /// killed / (mutants − equivalent).
    pub score: Measure,
}

/// Scores mutants against the original's results.
#[must_use]
pub fn mutation_score(original: &[DetectedAndFalse], mutants: &[Mutant]) -> MutationScore {
    let (killed, alive): (Vec<&Mutant>, Vec<&Mutant>) = mutants
        .iter()
        .partition(|mutant| mutant.results != original);
    let ids = |mutants: &[&Mutant], is_equivalent: bool| -> Vec<String> {
        mutants
            .iter()
            .filter(|mutant| mutant.is_equivalent == is_equivalent)
            .map(|mutant| mutant.id.clone())
            .collect()
    };
    let survivors = ids(&alive, false);
    let count = killed.len() as u64;
    MutationScore {
        killed: count,
        score: Measure::ratio(count, count + survivors.len() as u64, Undefined::NoMutants),
        mislabelled: ids(&killed, true),
        survivors,
    }
}
