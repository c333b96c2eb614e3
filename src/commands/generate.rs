//! `livefire generate`: a scenario's logs as files, labels apart.

mod peek;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use livefire_generator::assemble::Options;
use livefire_generator::emit;
use livefire_generator::write::{self, Manifest, WriteError, WriteOptions, write_dir};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde_json::json;

use crate::arguments::{Format, GenerateArguments};
use crate::exit::{Exit, Failure, Outcome};
use crate::input;
use crate::output::{self, Output};
use crate::verdict::grouped;
use crate::{generation, interrupt, progress};

use self::peek::Peeked;

/// Writes the folder.
pub(crate) fn run(arguments: &GenerateArguments, output: Output) -> Outcome {
    let (mut scenario, known) = input::require_scenario(&arguments.scenario, output)?;
    if let Some(seed) = arguments.seed {
        scenario = scenario.with_seed(seed);
    }
    let window = match arguments.shard {
        Some((part, of)) => Some(emit::shard(&scenario.calendar(), part - 1, of)),
        None => window(arguments)?,
    };
    generation::use_threads(arguments.threads);
    let options = Options {
        threads: arguments.threads.map_or(0, usize::from),
        window,
        without: arguments.without.clone(),
    };
    let (source, notes) = generation::source(&scenario, &known, &options, output)?;
    let text: Vec<&str> = scenario
        .sources()
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    let options = WriteOptions {
        format: match arguments.format {
            Format::Ndjson => write::Format::Ndjson,
            Format::Csv => write::Format::Csv,
        },
        scenario: text.join("---\n"),
        window,
    };
    let source = Peeked::new(source).map_err(|error| failure(&error.into()))?;
    let Some(mut source) = source else {
        return Err(Failure::nothing(
            "nothing written: the window holds no rows",
        ));
    };
    let calendar = scenario.calendar();
    let hour = TimeSpan::from_hours(1).ticks();
    let hours = |span: TimeSpan| u64::try_from(span.ticks() / hour).unwrap_or(0);
    let bar = progress::bar(output, hours(calendar.duration), "writing");
    let [partial, old] = ["partial", "old"].map(|suffix| beside(&arguments.output, suffix));
    let _guard = interrupt::guard(&partial, &old, &arguments.output);
    let manifest = write_dir(
        &mut source,
        &known.schema,
        &arguments.output,
        &options,
        &mut |clock, _| bar.set_position(hours(clock - calendar.start)),
    );
    bar.finish_and_clear();
    tell(
        &manifest.map_err(|error| failure(&error))?,
        &notes,
        arguments,
        output,
    )
}

/// Where the writer of logs builds a folder, and sets an earlier one aside.
fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(folder.file_name().unwrap_or_default());
    name.push(".");
    name.push(suffix);
    folder.with_file_name(name)
}

fn failure(error: &WriteError) -> Failure {
    match error {
        WriteError::Source(_) => Failure::input(error.to_string()),
        _ => Failure::usage(error.to_string()),
    }
}

fn window(arguments: &GenerateArguments) -> Result<Option<TimeRange>, Failure> {
    let read = |option: &str, text: &Option<String>, default: EventTime| match text {
        None => Ok(default),
        Some(text) => EventTime::parse(text).ok_or_else(|| {
            Failure::usage(format!(
                "{option} {text}: write a time like 2026-03-09T00:00:00Z"
            ))
        }),
    };
    if arguments.from.is_none() && arguments.to.is_none() {
        return Ok(None);
    }
    let start = read("--from", &arguments.from, EventTime::MIN)?;
    let end = read("--to", &arguments.to, EventTime::MAX)?;
    if start >= end {
        return Err(Failure::usage("--from must lie before --to"));
    }
    Ok(Some(TimeRange { start, end }))
}

fn tell(
    manifest: &Manifest,
    notes: &[String],
    arguments: &GenerateArguments,
    output: Output,
) -> Outcome {
    output.json(&json!({
        "written": arguments.output, "notes": notes, "manifest": manifest,
    }))?;
    let rows: Vec<Vec<String>> = manifest
        .tables
        .iter()
        .map(|(name, table)| vec![name.clone(), grouped(table.rows), table.hash.clone()])
        .collect();
    let total: u64 = manifest.tables.values().map(|table| table.rows).sum();
    let mut text = output::table(&["table", "rows", "hash"], &rows, &[1]);
    text.push_str(&format!(
        "{} rows, written to {} - next: livefire detect {} -o alerts.ndjson\n",
        grouped(total),
        arguments.output.display(),
        arguments.output.display()
    ));
    output.human(&text)?;
    Ok(Exit::Pass)
}
