//! Does a kind do what its file says? Every promise of a kind, measured over seeds.
//!
//! For each case (an attack, a look-alike alone, one of its traps) and each seed a log of its own
//! is derived: 7 days of history, the campaign's whole extent and the longest window of the rules
//! that it names; in it only the benign rows of the accounts, applications and deployments that
//! the campaign uses, ingestion delay and no other fault. The rules run over it, streaming and
//! binned, and a promise is reached on a seed where an alert meets its token.
//!
//! A promise asks for a share of all seeds, so that a few of them can show that it is broken only
//! where they miss it more often than chance allows; else they are too few to tell ([`judge`]).
//! What is measured is the kind's file, not the rules: a kind that misses is edited.

mod cases;
mod derived;
mod judge;
mod order;
mod plans;
mod report;
mod scale;
mod tables;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use livefire_detector::RuleSet;
use livefire_generator::kinds::{AttackKind, AttackLibrary};
use livefire_schema::rules::RuleToken;
use livefire_schema::table::Schema;
use rayon::prelude::*;
use serde::Serialize;

pub use cases::{Case, Tactic, cases_of};
pub use judge::{judge, required};
pub use order::out_of_order;
pub use plans::{PlanCheck, check_plans};
pub use report::Report;
pub use tables::{TableFault, unwritten_tables};
pub use world::SeedWorld;

/// What a kind's file says about a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// An attack at its default knobs is credited by the rule.
    Fires,
    /// It may be; measured, never judged.
    May,
    /// A quiet attack is not.
    Lost,
    /// A look-alike's rows stand in an alert of the rule: what the plain threshold costs.
    Literal,
    /// A tuned rule keeps quiet on a look-alike; measured, never judged.
    MustNotFire,
    /// A trap is credited by at least one of its rules.
    MustFire,
}

impl Promise {
    /// Whether it is judged, not only measured.
    #[must_use]
    pub fn is_judged(self) -> bool {
        !matches!(self, Promise::May | Promise::MustNotFire)
    }
}

/// Whether a promise is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Kept,
    /// It is not.
    Broken,
    /// Missed, but on so few seeds that chance may have done it.
    TooFew,
    /// Only measured.
    Measured,
}

/// One promise of one case, over all seeds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Attack kind or look-alike.
    pub kind: String,
    /// What was run of it: `default`, `trap at_night`, `stealth 0.9`, `evasion office_exit`.
    pub case: String,
    /// What is promised.
    pub promise: Promise,
    /// The rules; one, or for a trap all of which one must fire.
    pub rules: Vec<RuleToken>,
    /// Seeds with a streaming alert that meets it.
    pub streaming: usize,
    /// Seeds with a binned one; equal to `streaming` for rules without bins.
    pub binned: usize,
    /// Seeds run.
    pub of: usize,
    /// Whether it is kept.
    pub verdict: Verdict,
}

/// All promises of some cases.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Table {
    /// Lines in the order of kinds, cases and promises.
    pub lines: Vec<Line>,
    /// Seeds on which a case could not be run, with the reason.
    pub faults: Vec<String>,
    /// Most rows that one campaign wrote, by case.
    pub most_rows: Vec<(String, usize)>,
}

/// What acceptance reads.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Kinds.
    pub library: AttackLibrary,
    /// Tables.
    pub schema: Arc<Schema>,
    /// Rules; which of their forms run is decided by each case.
    pub rules: RuleSet,
}

impl Setup {
    /// The shipped kinds, tables and rules.
    #[must_use]
    pub fn embedded() -> Self {
        let schema = Schema::embedded();
        Setup {
            library: AttackLibrary::embedded(&schema),
            schema: Arc::new(schema),
            rules: RuleSet::embedded(),
        }
    }
}

/// Whether a rule's binned form differs from its streaming one.
fn has_bins(setup: &Setup, rule: &str) -> bool {
    let mut forms = setup.rules.forms();
    forms.any(|(_, form)| form.info().id == rule && form.plan().has_bins)
}

/// Measures every promise of the kinds on the seeds.
///
/// Seeds run in parallel, the cases of one seed share its world and benign traffic; the result
/// depends on neither the number of threads nor the other kinds.
#[must_use]
pub fn measure(setup: &Setup, kinds: &[&AttackKind], seeds: &[u64]) -> Table {
    let cases: Vec<Case> = kinds.iter().flat_map(|kind| cases_of(kind)).collect();
    measure_cases(setup, &cases, seeds)
}

/// Measures the promises of some cases on the seeds, as [`measure`] does those of whole kinds.
#[must_use]
pub fn measure_cases(setup: &Setup, cases: &[Case], seeds: &[u64]) -> Table {
    let runs: Vec<Vec<Result<derived::Seen, String>>> = seeds
        .par_iter()
        .map(|seed| {
            let world = SeedWorld::new(*seed);
            let run = |case: &Case| derived::run(setup, case, &world);
            cases.iter().map(run).collect()
        })
        .collect();
    let mut table = Table::default();
    for (index, case) in cases.iter().enumerate() {
        let mut seen = Vec::new();
        for (seed, run) in seeds.iter().zip(&runs) {
            match &run[index] {
                Ok(one) => seen.push(one),
                Err(error) => table.faults.push(format!("{case}, seed {seed}: {error}")),
            }
        }
        let most = seen.iter().map(|one| one.rows).max();
        table.most_rows.push((case.to_string(), most.unwrap_or(0)));
        report::lines(setup, case, &seen, seeds.len(), &mut table.lines);
    }
    table
}
