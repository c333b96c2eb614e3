//! What a run is about: a scenario to generate, or a folder of logs with their truth.

use std::path::Path;

use livefire_generator::assemble::Options;
use livefire_generator::scenario::{Grouping, Scenario};
use livefire_harness::FileSource;
use livefire_labels::EventSource;
use livefire_schema::time::{EventTime, TimeSpan};

use super::derived;
use crate::arguments::RunArguments;
use crate::exit::Failure;
use crate::generation;
use crate::input::{self, Known};
use crate::output::Output;
use crate::results::require_whole_log;
use crate::shipped;
use crate::verdict::Heading;

/// The subject of a run; everything that the results say of it.
pub(super) struct Subject {
    /// Name of the results.
    pub(super) name: String,
    /// Seed, where generated.
    pub(super) seed: Option<u64>,
    /// How alerts become incidents.
    pub(super) grouping: Grouping,
    /// First instant of the log.
    pub(super) start: EventTime,
    /// Length of the log.
    pub(super) duration: TimeSpan,
    /// What stands above the verdict.
    pub(super) heading: Heading,
    /// The scenario's files as text, included ones first; none for logs.
    pub(super) text: Vec<String>,
    /// What planning had to clamp or cut.
    pub(super) notes: Vec<String>,
    /// Names of the campaigns, entry by entry; none for logs.
    pub(super) entries: Vec<Vec<String>>,
    /// The scenario with the seed of this run; none for logs.
    pub(super) scenario: Option<Scenario>,
}

/// Opens what the arguments name.
///
/// # Errors
/// Every fault of a scenario; a folder without logs or labels.
pub(super) fn open(
    arguments: &RunArguments,
    output: Output,
) -> Result<(Subject, Known, Box<dyn EventSource>), Failure> {
    let (scenario, known) = match arguments.scenario.as_deref() {
        Some(folder) if folder.is_dir() && !shipped::is_name(folder) => {
            return files(folder, arguments);
        }
        Some(path) => input::require_scenario(path, output)?,
        None => derived::scenario(arguments, output)?,
    };
    let scenario = match arguments.seed {
        Some(seed) => scenario.with_seed(seed),
        None => scenario,
    };
    let options = Options {
        threads: arguments.threads.map_or(0, usize::from),
        ..Options::default()
    };
    let (source, notes) = generation::source(&scenario, &known, &options, output)?;
    Ok((
        Subject::generated(&scenario, notes),
        known,
        Box::new(source),
    ))
}

fn files(
    folder: &Path,
    arguments: &RunArguments,
) -> Result<(Subject, Known, Box<dyn EventSource>), Failure> {
    require_whole_log(folder)?;
    if arguments.seed.is_some() || arguments.several.seeds.is_some() {
        return Err(Failure::usage(
            "--seed, --seeds: logs in files have no seed; name a scenario",
        ));
    }
    let known = Known::load(Some(folder))?;
    let source = FileSource::open(folder, &known.schema)
        .map_err(|error| Failure::input(error.to_string()))?;
    if !source.has_labels() {
        return Err(Failure::input(format!(
            "{}: holds no labels, so nothing can be scored; for alerts alone: livefire detect",
            folder.display()
        )));
    }
    Ok((Subject::logs(folder, &source), known, Box::new(source)))
}

impl Subject {
    fn generated(scenario: &Scenario, notes: Vec<String>) -> Self {
        let calendar = scenario.calendar();
        let sources = scenario.sources().iter();
        let entries = scenario.campaigns().iter();
        Subject {
            name: scenario.name().to_owned(),
            seed: Some(scenario.seed()),
            grouping: scenario.grouping(),
            start: calendar.start,
            duration: calendar.duration,
            heading: Heading {
                users: Some(scenario.population().users),
                baseline_days: Some(days(calendar.baseline)),
                ..Heading::default()
            },
            text: sources.map(|(_, text)| text.clone()).collect(),
            notes,
            entries: entries.map(|entry| entry.names().to_vec()).collect(),
            scenario: Some(scenario.clone()),
        }
    }

    fn logs(folder: &Path, source: &FileSource) -> Self {
        let extent = source.extent();
        let name = folder.file_name().unwrap_or(extent.scenario.as_ref());
        Subject {
            name: name.to_string_lossy().into_owned(),
            seed: extent.seed,
            grouping: Grouping::default(),
            start: extent.log.start,
            duration: extent.log.span(),
            heading: Heading {
                baseline_days: Some(days(extent.scored.start - extent.log.start)),
                ..Heading::default()
            },
            text: Vec::new(),
            notes: Vec::new(),
            entries: Vec::new(),
            scenario: None,
        }
    }
}

fn days(span: TimeSpan) -> f64 {
    span.seconds_f64() / 86_400.0
}
