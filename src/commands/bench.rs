//! `livefire bench`: what detectors cost on this machine, ours and others, beside what they find.
//!
//! Every run is a process of its own, so that memory and processor time are its own. Rounds are
//! interleaved: in each, every detector runs once, beginning with another one.

pub(crate) mod child;
mod measure;
mod told;

use std::path::{Path, PathBuf};
use std::process::Command;

use livefire_harness::bench::Taken;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::measure::{Bench, Size};
use crate::arguments::BenchArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::progress;
use crate::results;

/// A benchmark's result, as `--json` prints and `--baseline` reads it.
#[derive(Serialize, Deserialize, Debug)]
struct Report {
    /// `livefire`, which marks the file as ours.
    program: String,
    version: String,
    /// Scenario or folder.
    subject: String,
    log: Size,
    repeat: usize,
    /// The bare parse of the same bytes.
    parse: Vec<Taken>,
    detectors: Vec<Measured>,
    /// By detector that the earlier result has too; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<told::Change>>,
}

/// One detector.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Measured {
    name: String,
    runs: Vec<Taken>,
    alerts: u64,
    /// Whether each run gave the same bytes.
    repeatable: bool,
    /// Attacks caught and expected: by a single rule those that expect it, else all.
    caught: Option<(u64, u64)>,
    precision: Option<f64>,
}

/// Measures, scores and compares.
pub(crate) fn run(arguments: &BenchArguments, output: Output) -> Outcome {
    let earlier = arguments.baseline.as_deref().map(baseline).transpose()?;
    let place = tempfile::tempdir()
        .map_err(|error| Failure::usage(format!("no temporary folder can be made: {error}")))?;
    let logs = logs(arguments, place.path())?;
    let bench = Bench::new(arguments, &logs, place.path())?;
    let log = bench.size()?;
    if let Some((path, earlier)) = &earlier
        && earlier.log != log
    {
        return Err(Failure::input(format!(
            "{}: is of another log ({} rows, {} bytes); ratios of different logs say nothing",
            path.display(),
            earlier.log.rows,
            earlier.log.bytes
        )));
    }
    let bar = progress::spinner(output, "measuring");
    let rounds = bench.rounds(arguments.repeat, &mut |runs| bar.set_position(runs));
    bar.finish_and_clear();
    let mut runs = rounds?;
    let parse = runs.remove(0);
    let mut detectors = Vec::new();
    for (index, runs) in runs.into_iter().enumerate() {
        detectors.push(bench.scored(index, runs)?);
    }
    let mut report = Report {
        program: "livefire".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: arguments.subject.display().to_string(),
        log,
        repeat: arguments.repeat,
        parse,
        detectors,
        changes: None,
    };
    report.changes = earlier.map(|(_, earlier)| told::changes(&report, &earlier));
    if let Some(path) = &arguments.output {
        let mut text = serde_json::to_vec_pretty(&report).map_err(std::io::Error::other)?;
        text.push(b'\n');
        results::write_file(path, &text)?;
    }
    output.json(&report)?;
    output.human(&told::text(&report))?;
    Ok(Exit::Pass)
}

/// The folder of logs: the one that is named, or the scenario's, generated.
fn logs(arguments: &BenchArguments, place: &Path) -> Result<PathBuf, Failure> {
    let subject = &arguments.subject;
    if subject.is_dir() && !crate::shipped::is_name(subject) {
        if !subject.join("labels").is_dir() {
            return Err(Failure::input(format!(
                "{}: holds no labels; name a scenario, or a folder that `livefire generate` wrote",
                subject.display()
            )));
        }
        return Ok(subject.clone());
    }
    crate::input::require_name(subject)?;
    let logs = place.join("logs");
    let mut command = own()?;
    command.arg("generate").arg(subject).arg("-q");
    command.arg("-o").arg(&logs);
    finish(&mut command, "livefire generate")?;
    Ok(logs)
}

/// This program again.
fn own() -> Result<Command, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::internal(format!("livefire does not find itself: {error}")))?;
    Ok(Command::new(path))
}

/// Runs a command of ours to its end and gives what it printed; its failure is ours.
fn finish(command: &mut Command, what: &str) -> Result<Vec<u8>, Failure> {
    let done = command
        .output()
        .map_err(|error| Failure::usage(format!("{what}: cannot be started: {error}")))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.trim_end().trim_start_matches("livefire: ");
    Err(Failure::Message(
        match done.status.code() {
            Some(3) => Exit::Usage,
            Some(4) => Exit::Nothing,
            _ => Exit::BadInput,
        },
        format!("{what}: {said}"),
    ))
}

/// An earlier result.
fn baseline(path: &Path) -> Result<(PathBuf, Report), Failure> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(format!(
            "--baseline {name}: there is no such file; write one with `livefire bench … -o {name}`"
        )),
        _ => Failure::input(format!("{name}: cannot be read: {error}")),
    })?;
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::input(format!(
            "{name}: is no result of `livefire bench`: {error}; write one with \
             `livefire bench … -o {name}`"
        ))
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(&error))?;
    let report = Report::deserialize(value).map_err(|error| wrong(&error))?;
    Ok((path.to_path_buf(), report))
}
