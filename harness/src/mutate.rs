//! Rule mutation: would the scenarios notice if a rule were changed?
//!
//! Each mutant is one rule with one value changed (`operators`). It is killed if the campaigns that
//! the rule catches or its false incidents differ from the original's on any scenario; what
//! survives is a change that nobody would see in the figures. Those that no log could show
//! (`equivalent`) are listed with the reason and not counted. Mutants of all rules run beside each
//! other in one pass, each as a rule set of its own. EVALUATION.md §9.

mod equivalent;
pub mod operators;
pub mod review;
#[cfg(test)]
mod tests;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_labels::EventSource;
use livefire_schema::rules::RuleToken;
use livefire_schema::table::Schema;
use livefire_scorer::evaluator::mutation::{DetectedAndFalse, Mutant, mutation_score};
use livefire_scorer::{Measure, ScoreError, ScoreOptions, ScoreReport, Undefined};
use serde::Serialize;

pub use operators::{Mutation, Operator, mutations};
pub use review::{Advice, RuleReview, review};

use crate::scoring::score_with_subjects;
use crate::worlds::{RunError, Settings, run_side_by_side};

/// Mutants that run in one pass: their alerts are in memory together.
pub const AT_ONCE: usize = 24;

/// Why mutants cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutateError {
    /// The log could not be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A rule broke its contract.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// What one rule form caught and raised falsely: (D, F).
#[must_use]
pub fn detected_and_false(report: &ScoreReport, rule: &str) -> DetectedAndFalse {
    let row = report.rules.iter().find(|row| row.rule == rule);
    row.map_or((0, 0), |row| (row.credited, row.false_incidents))
}

/// The rule alone, changed as a mutation says; nothing where the changed value does not fit.
#[must_use]
pub fn mutant(rules: &RuleSet, mutation: &Mutation) -> Option<RuleSet> {
    let mut rules = rules.clone();
    let token = RuleToken {
        rule: mutation.rule.clone(),
        class: None,
        variant: None,
    };
    rules.select(&[token]).ok()?;
    let name = format!("{}.{}", mutation.rule, mutation.parameter);
    rules.set(&name, &mutation.value).ok()?;
    Some(rules)
}

/// Runs up to [`AT_ONCE`] mutants on one log; (D, F) of each, in their order.
///
/// # Errors
/// [`MutateError`].
pub fn run_mutants(
    source: &mut dyn EventSource,
    schema: &Schema,
    rules: &RuleSet,
    mutations: &[Mutation],
    options: &ScoreOptions,
) -> Result<Vec<DetectedAndFalse>, MutateError> {
    let sets: Vec<RuleSet> = mutations
        .iter()
        .map(|mutation| mutant(rules, mutation).unwrap_or_else(|| rules.clone()))
        .collect();
    let (all, ranges) = RuleSet::side_by_side(&sets);
    let engine = EngineOptions::default();
    let settings = Settings {
        schema,
        rules: &all,
        engine: &engine,
        strict: false,
    };
    let (result, own) = run_side_by_side(source, settings, &ranges, &mut |_, _| {})?;
    let mut found = Vec::new();
    for ((mutation, set), own) in mutations.iter().zip(&sets).zip(&own) {
        let options = options.clone();
        let scored = score_with_subjects(&result, Some(own), set, &engine, schema, options)?;
        found.push(detected_and_false(&scored.report, &mutation.rule));
    }
    Ok(found)
}

/// The mutation score of one rule.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RuleMutation {
    /// The rule.
    pub rule: String,
    /// (D, F) of the unchanged rule on each scenario.
    pub original: Vec<DetectedAndFalse>,
    /// Mutants, without equivalent ones.
    pub mutants: u64,
    /// Mutants that some scenario tells from the original.
    pub killed: u64,
    /// killed / mutants.
    pub score: Measure,
    /// The others.
    pub survivors: Vec<String>,
    /// Mutants that no log can tell from the original, which are not counted.
    pub equivalent: Vec<Equivalent>,
    /// Mutants held to be equivalent that a scenario tells all the same; counted as killed.
    pub mislabelled: Vec<String>,
}

impl RuleMutation {
    fn of(
        rule: String,
        reports: &[ScoreReport],
        mutations: &[Mutation],
        results: &[Vec<DetectedAndFalse>],
    ) -> Self {
        let original: Vec<DetectedAndFalse> = reports
            .iter()
            .map(|report| detected_and_false(report, &rule))
            .collect();
        let own = mutations.iter().enumerate();
        let own: Vec<(usize, &Mutation)> =
            own.filter(|(_, mutation)| mutation.rule == rule).collect();
        let mutants: Vec<Mutant> = own
            .iter()
            .map(|(index, mutation)| Mutant {
                id: mutation.to_string(),
                is_equivalent: mutation.equivalent.is_some(),
                results: results.iter().map(|one| one[*index]).collect(),
            })
            .collect();
        let score = mutation_score(&original, &mutants);
        let held = own.iter().filter_map(|(_, mutation)| {
            Some(Equivalent {
                mutant: mutation.to_string(),
                why: mutation.equivalent?,
            })
        });
        RuleMutation {
            rule,
            original,
            mutants: score.killed + score.survivors.len() as u64,
            killed: score.killed,
            score: score.score,
            equivalent: held
                .filter(|one| !score.mislabelled.contains(&one.mutant))
                .collect(),
            survivors: score.survivors,
            mislabelled: score.mislabelled,
        }
    }
}

/// A mutant that behaves as the original.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Equivalent {
    /// The change.
    pub mutant: String,
    /// Why no log can show it.
    pub why: &'static str,
}

/// Mutation scores of all rules.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MutationReport {
    /// Scenarios, in order.
    pub scenarios: Vec<String>,
    /// Mutants, without equivalent ones.
    pub mutants: u64,
    /// Killed ones.
    pub killed: u64,
    /// killed / mutants.
    pub score: Measure,
    /// One row per rule that has mutants.
    pub rules: Vec<RuleMutation>,
    /// Whether each rule earns its place.
    pub review: Vec<RuleReview>,
}

impl MutationReport {
    /// Puts scores together: `reports` of the unchanged rules and `results` of every mutation, both
    /// by scenario.
    #[must_use]
    pub fn of(
        reports: &[ScoreReport],
        mutations: &[Mutation],
        results: &[Vec<DetectedAndFalse>],
    ) -> Self {
        let mut rules: Vec<String> = Vec::new();
        for mutation in mutations {
            if !rules.contains(&mutation.rule) {
                rules.push(mutation.rule.clone());
            }
        }
        let of_rule = |rule: String| RuleMutation::of(rule, reports, mutations, results);
        let rules: Vec<RuleMutation> = rules.into_iter().map(of_rule).collect();
        let killed = rules.iter().map(|rule| rule.killed).sum();
        let mutants = rules.iter().map(|rule| rule.mutants).sum();
        MutationReport {
            scenarios: reports
                .iter()
                .map(|report| report.scenario.clone())
                .collect(),
            mutants,
            killed,
            score: Measure::ratio(killed, mutants, Undefined::NoMutants),
            rules,
            review: review(reports),
        }
    }
}
