//! Runs of rules on a scenario's seeds, or on logs, as sides of a gate.

use std::path::Path;

use livefire_detector::{EngineOptions, RuleSet, ScheduleChoice};
use livefire_generator::assemble::Options;
use livefire_generator::scenario::{Grouping, Scenario};
use livefire_harness::scoring::score_run;
use livefire_harness::{FileSource, Settings};
use livefire_labels::EventSource;
use livefire_scorer::{ScoreOptions, incidents};

use super::sides::{Origin, Side};
use crate::exit::Failure;
use crate::generation;
use crate::input::{self, Known};
use crate::output::Output;
use crate::results::require_whole_log;
use crate::shipped;

/// What is run: a scenario with any seed, or a folder of logs with labels.
pub(crate) enum Subject {
    /// A scenario.
    Scenario(Box<Scenario>),
    /// Logs.
    Logs(std::path::PathBuf),
}

/// Opens what a path names.
///
/// # Errors
/// Every fault of a scenario or of the files beside it; a folder that is a part of a log.
pub(crate) fn open(path: &Path, output: Output) -> Result<(Subject, Known), Failure> {
    if path.is_dir() && !shipped::is_name(path) {
        require_whole_log(path)?;
        let known = Known::load(Some(path))?;
        return Ok((Subject::Logs(path.to_path_buf()), known));
    }
    let (scenario, known) = input::require_scenario(path, output)?;
    Ok((Subject::Scenario(Box::new(scenario)), known))
}

/// A log, how its alerts become incidents, and the scenario's text.
pub(crate) type Log = (Box<dyn EventSource>, Grouping, Vec<String>);

impl Subject {
    /// The seeds that a call runs; one nameless seed for logs.
    ///
    /// # Errors
    /// Wrong use if seeds are asked of logs.
    pub(crate) fn seeds(
        &self,
        first: Option<u64>,
        number: Option<u16>,
        usual: u16,
    ) -> Result<Vec<Option<u64>>, Failure> {
        match self {
            Subject::Logs(_) if first.is_some() || number.is_some() => Err(Failure::usage(
                "--seed, --seeds: logs in files have no seed; name a scenario",
            )),
            Subject::Logs(_) => Ok(vec![None]),
            Subject::Scenario(scenario) => {
                let first = first.unwrap_or(scenario.seed());
                let steps = 0..u64::from(number.unwrap_or(usual));
                Ok(steps.map(|step| Some(first.wrapping_add(step))).collect())
            }
        }
    }

    /// The log of one seed.
    ///
    /// # Errors
    /// If the log cannot be made or read.
    pub(crate) fn source(&self, known: &Known, seed: Option<u64>) -> Result<Log, Failure> {
        match self {
            Subject::Scenario(scenario) => {
                let scenario = match seed {
                    Some(seed) => scenario.clone().with_seed(seed),
                    None => (**scenario).clone(),
                };
                // What planning had to clamp is no news on the tenth seed.
                let silent = Output {
                    json: false,
                    quiet: true,
                };
                let options = Options {
                    threads: rayon::current_num_threads(),
                    ..Options::default()
                };
                let (source, _) = generation::source(&scenario, known, &options, silent)?;
                let texts = scenario.sources().iter().map(|(_, text)| text.clone());
                let texts = texts.collect();
                Ok((Box::new(source), scenario.grouping(), texts))
            }
            Subject::Logs(folder) => {
                let source = FileSource::open(folder, &known.schema)
                    .map_err(|error| Failure::input(error.to_string()))?;
                if !source.has_labels() {
                    return Err(Failure::input(format!(
                        "{}: holds no labels, so nothing can be scored",
                        folder.display()
                    )));
                }
                Ok((Box::new(source), Grouping::default(), Vec::new()))
            }
        }
    }

    /// Runs rules on one seed.
    ///
    /// # Errors
    /// If the log cannot be made or read.
    pub(crate) fn run(
        &self,
        known: &Known,
        rules: &RuleSet,
        seed: Option<u64>,
    ) -> Result<Side, Failure> {
        let (mut source, grouping, texts) = self.source(known, seed)?;
        score(&mut *source, known, rules, grouping, texts)
    }
}

/// Options of scoring with a scenario's grouping.
pub(crate) fn options(grouping: Grouping) -> ScoreOptions {
    ScoreOptions {
        grouping: match grouping {
            Grouping::Session(gap) => incidents::Grouping::Session(gap),
            Grouping::Anchored(gap) => incidents::Grouping::Anchored(gap),
            Grouping::None => incidents::Grouping::None,
        },
        ..ScoreOptions::default()
    }
}

fn score(
    source: &mut dyn EventSource,
    known: &Known,
    rules: &RuleSet,
    grouping: Grouping,
    scenario: Vec<String>,
) -> Result<Side, Failure> {
    let engine = EngineOptions::default();
    let settings = Settings {
        schema: &known.schema,
        rules,
        engine: &engine,
        strict: false,
    };
    let ran = livefire_harness::run(source, settings, &mut |_, _| {}, &mut |_| Ok(()));
    let result = ran.map_err(|error| Failure::input(error.to_string()))?;
    if result.rows == 0 {
        return Err(Failure::nothing("nothing to evaluate: the log has no rows"));
    }
    let report = score_run(&result, rules, &engine, &known.schema, options(grouping))
        .map_err(|error| Failure::internal(error.to_string()))?;
    let seed = report
        .seed
        .map_or(String::new(), |seed| format!(" seed {seed}"));
    Ok(Side {
        place: format!("{}{seed}", report.scenario),
        report,
        alerts: result.alerts,
        book: Some(result.book),
        origin: Origin {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schedule: ScheduleChoice::Ideal.to_string(),
            scenario,
            tables: result.tables,
        },
    })
}
