//! One seed for several candidate rule sets: the source is generated, read and parsed once, and all
//! candidates meet the same rows.

use livefire_detector::{EngineOptions, RuleSet};
use livefire_labels::EventSource;
use livefire_schema::table::Schema;
use livefire_scorer::{ScoreError, ScoreOptions};

use super::outcome::SeedOutcome;
use crate::scoring::score_with_subjects;
use crate::worlds::{RunError, Settings, run_side_by_side};

/// What candidates share.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// Tables.
    pub schema: &'a Schema,
    /// Modes and lateness.
    pub engine: &'a EngineOptions,
    /// How they are scored.
    pub scoring: &'a ScoreOptions,
}

/// Why candidates have no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CandidateError {
    /// The source could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A rule broke its contract.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Runs all candidates in one pass and gives the outcome of each, in their order.
///
/// # Errors
/// [`CandidateError`]; no candidate has an outcome then.
pub fn outcomes(
    source: &mut dyn EventSource,
    seed: u64,
    candidates: &[RuleSet],
    common: Common<'_>,
) -> Result<Vec<SeedOutcome>, CandidateError> {
    let (rules, sets) = RuleSet::side_by_side(candidates);
    let settings = Settings {
        schema: common.schema,
        rules: &rules,
        engine: common.engine,
        strict: false,
    };
    let (result, own) = run_side_by_side(source, settings, &sets, &mut |_, _| {})?;
    let scored = candidates.iter().zip(&own).map(|(rules, own)| {
        let options = common.scoring.clone();
        let (engine, schema) = (common.engine, common.schema);
        let scored = score_with_subjects(&result, Some(own), rules, engine, schema, options)?;
        Ok(SeedOutcome::of(seed, result.rows, &scored))
    });
    scored.collect()
}
