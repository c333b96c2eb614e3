//! A baseline against a candidate on the same campaigns: PASS, FAIL or INCONCLUSIVE.
//!
//! Both sides saw the same rows, so only the campaigns that one caught and the other did not speak
//! of a difference: they are paired by seed and id, never compared as two shares. A gate is also
//! honest about what it cannot know: without campaigns, on a single seed, or with too few trials
//! it is INCONCLUSIVE, and says what is lacking. Undefined never passes. EVALUATION.md §7.

pub mod decision;
pub mod expectations;
pub mod pairing;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use livefire_scorer::uncertainty::gates::{Decision, combine};
use serde::Serialize;

pub use decision::{Comparison, GateOptions, Verdict, compare};
pub use expectations::{Checked, Expectations};
pub use pairing::{Change, Ran, RulePair, SeedPair, pair};

/// Everything that a gate has to say.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GateReport {
    /// Scenario, or the logs' name.
    pub scenario: String,
    /// All gates together.
    pub decision: Decision,
    /// Candidate against baseline, where there is a baseline.
    pub comparison: Option<Comparison>,
    /// Every expectation of the file, in its order.
    pub expectations: Vec<Checked>,
    /// What qualifies the decision.
    pub notes: Vec<String>,
}

impl GateReport {
    /// Puts the gates together: any FAIL fails, all PASS, at least one, pass.
    #[must_use]
    pub fn of(
        scenario: &str,
        comparison: Option<Comparison>,
        expectations: Vec<Checked>,
        notes: Vec<String>,
    ) -> Self {
        let gates = comparison.iter().flat_map(|all| &all.verdicts);
        let decisions = gates.map(|gate| gate.decision);
        let expected = expectations.iter().map(|checked| checked.decision);
        let decisions: Vec<Decision> = decisions.chain(expected).collect();
        GateReport {
            scenario: scenario.to_owned(),
            decision: combine(&decisions),
            comparison,
            expectations,
            notes,
        }
    }
}
