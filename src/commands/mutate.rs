//! `livefire mutate`: which small changes of rules would no scenario notice?

mod text;

use std::path::Path;

use livefire_detector::RuleSet;
use livefire_harness::mutate::{AT_ONCE, Mutation, MutationReport, mutations, run_mutants};
use livefire_schema::spec::Faults;
use livefire_scorer::ScoreReport;
use livefire_scorer::evaluator::mutation::DetectedAndFalse;

use super::gate::{open, score_options};
use crate::arguments::MutateArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{Known, rule_tokens};
use crate::output::Output;
use crate::results::write_file;
use crate::{generation, progress};

pub(super) use self::text::reviewed;

/// Mutates and tells.
pub(crate) fn run(arguments: &MutateArguments, output: Output) -> Outcome {
    generation::use_threads(arguments.threads);
    let mut reports: Vec<ScoreReport> = Vec::new();
    let mut results: Vec<Vec<DetectedAndFalse>> = Vec::new();
    let mut changes: Option<Vec<Mutation>> = None;
    for path in &arguments.scenarios {
        let (report, found) = scenario(path, arguments, &mut changes, output)?;
        reports.push(report);
        results.push(found);
    }
    let report = MutationReport::of(&reports, &changes.unwrap_or_default(), &results);
    if report.mutants == 0 {
        return Err(Failure::nothing("nothing to mutate: no rule has mutants"));
    }
    if let Some(path) = &arguments.markdown {
        write_file(path, text::markdown(&report).as_bytes())?;
    }
    output.json(&report)?;
    output.human(&text::report(&report))?;
    let enough = arguments.at_least.is_none_or(|least| {
        let score = report.score.value();
        score.is_some_and(|score| score >= least)
    });
    Ok(if enough { Exit::Pass } else { Exit::Failed })
}

/// One scenario: the score of the unchanged rules, and what every mutant gave.
fn scenario(
    path: &Path,
    arguments: &MutateArguments,
    changes: &mut Option<Vec<Mutation>>,
    output: Output,
) -> Result<(ScoreReport, Vec<DetectedAndFalse>), Failure> {
    let (subject, known) = open(path, output)?;
    let rules = rules(&known, arguments)?;
    // All scenarios run the same mutants: those of the first one's rules.
    let changes = changes.get_or_insert_with(|| mutations(&rules));
    let seed = subject.seeds(None, None, 1)?.pop().flatten();
    let original = subject.run(&known, &rules, seed)?;
    let bar = progress::bar(output, changes.len() as u64, "mutants");
    let mut found = Vec::new();
    for some in changes.chunks(AT_ONCE) {
        let (mut source, grouping, _) = subject.source(&known, seed)?;
        let options = score_options(grouping);
        let ran = run_mutants(&mut *source, &known.schema, &rules, some, &options);
        found.extend(ran.map_err(|error| Failure::internal(error.to_string()))?);
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    let report = ScoreReport {
        alerts: Vec::new(),
        incidents: Vec::new(),
        ..original.report
    };
    Ok((report, found))
}

fn rules(known: &Known, arguments: &MutateArguments) -> Result<RuleSet, Failure> {
    let mut rules = known.rules.clone();
    if let Some(folder) = &arguments.rules {
        if !folder.is_dir() {
            return Err(Failure::usage(format!(
                "{}: there is no such folder of rules",
                folder.display()
            )));
        }
        rules = rules.with_folder(folder).map_err(|found| {
            let faults = Faults::new("");
            found.into_iter().for_each(|fault| faults.push(fault));
            Failure::Faults(faults)
        })?;
    }
    let tokens = rule_tokens(&arguments.only)?;
    if !tokens.is_empty() {
        let selected = rules.select(&tokens);
        selected.map_err(|error| Failure::usage(format!("--rule: {error}")))?;
    }
    Ok(rules)
}
