//! `livefire check`: every fault of every file, with its place, before anything runs.

mod files;
mod needs;
mod timeline;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_generator::scenario::{Entry, Scenario};
use livefire_schema::spec::{Fault, FaultSeverity, Faults, Span};
use livefire_schema::table::Schema;
use serde::Serialize;

use self::files::FileKind;
use self::timeline::Timeline;
use crate::arguments::CheckArguments;
use crate::diagnostics::{self, FaultList};
use crate::exit::{Exit, Failure, Outcome};
use crate::generation;
use crate::input::{self, Known};
use crate::output::Output;

/// One checked file.
#[derive(Serialize)]
struct Checked {
    path: String,
    what: FileKind,
    /// `ok`, `warning` or `faulty`.
    state: &'static str,
    /// What the file amounts to, if it has no error.
    summary: String,
    /// With `--timeline`, what its campaigns do when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timeline: Vec<Timeline>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Report {
    files: Vec<Checked>,
    #[serde(flatten)]
    faults: FaultList,
}

/// Checks every file.
pub(crate) fn run(arguments: &CheckArguments, output: Output) -> Outcome {
    let faults = Faults::new("");
    let paths = files::under(&arguments.paths)?;
    if paths.is_empty() {
        return Err(Failure::nothing(
            "no scenario, kind, rule or table (*.yaml, *.json) under the given paths",
        ));
    }
    let kinds: Vec<FileKind> = paths.iter().map(|path| files::kind_of(path)).collect();
    check_folders(&paths, &kinds, &faults);
    let schema = Schema::embedded();
    let mut checked = Vec::new();
    for (path, what) in paths.iter().zip(kinds) {
        let mut file = Checked {
            path: path.display().to_string(),
            what,
            state: "ok",
            summary: String::new(),
            timeline: Vec::new(),
        };
        match what {
            FileKind::Scenario => check_scenario(path, arguments.timeline, &mut file, &faults),
            FileKind::Rule => file.summary = needs::of_file(path, &schema),
            FileKind::Kind if arguments.timeline => kind_timeline(path, &mut file, &faults),
            FileKind::Kind | FileKind::Table => {}
        }
        checked.push(file);
    }
    report(checked, &faults, output)
}

fn report(mut files: Vec<Checked>, faults: &Faults, output: Output) -> Outcome {
    diagnostics::print(faults);
    let list = FaultList::of(faults);
    add_unlisted(&mut files, &list.faults);
    let mut text = String::new();
    for file in &mut files {
        text.push_str(&timeline::text(Path::new(&file.path), &file.timeline));
    }
    for file in &mut files {
        file.state = state(&file.path, &list.faults);
        let line = format!("{:7} {}  {}", file.state, file.path, file.summary);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let found = list.summary();
    let found = if found.is_empty() { "no fault" } else { &found };
    let number = files.len();
    let ending = if number == 1 { "" } else { "s" };
    text.push_str(&format!("{number} file{ending} checked: {found}\n"));
    let exit = if list.errors > 0 {
        Failure::Faults(faults.clone()).exit()
    } else {
        Exit::Pass
    };
    output.human(&text)?;
    output.json(&Report {
        files,
        faults: list,
    })?;
    Ok(exit)
}

/// The worst that was said of a file.
fn state(path: &str, faults: &[Fault]) -> &'static str {
    let own = faults.iter().filter(|fault| *fault.file == *path);
    match own.map(|fault| fault.severity).min() {
        Some(FaultSeverity::Error) => "faulty",
        Some(FaultSeverity::Warning) => "warning",
        None => "ok",
    }
}

/// Lists the files beside a scenario, or included by it, that have faults, so that the lines say
/// what the total says.
fn add_unlisted(files: &mut Vec<Checked>, faults: &[Fault]) {
    for fault in faults {
        if files.iter().any(|file| *file.path == *fault.file) {
            continue;
        }
        files.push(Checked {
            path: fault.file.to_string(),
            what: files::kind_of(Path::new(&*fault.file)),
            state: "ok",
            summary: String::new(),
            timeline: Vec::new(),
        });
    }
}

fn check_scenario(path: &Path, wants_timeline: bool, file: &mut Checked, faults: &Faults) {
    let Some((scenario, known)) = input::scenario(path, faults) else {
        return;
    };
    match generation::planned(&scenario, &known) {
        Ok(plan) => {
            file.summary = summary(&scenario);
            if wants_timeline {
                file.timeline = timeline::of(&plan, &known);
            }
        }
        Err(Failure::Faults(found)) => faults.append(found),
        Err(Failure::Message(_, message)) => {
            let own = Faults::new(&file.path);
            own.error("LF-S016", Span::HEAD, message);
            faults.append(own);
        }
        Err(Failure::BrokenPipe) => {}
    }
}

fn summary(scenario: &Scenario) -> String {
    let count =
        |entries: &[Entry]| -> usize { entries.iter().map(|entry| entry.names().len()).sum() };
    let calendar = scenario.calendar();
    format!(
        "{} campaigns, {} look-alikes, {} of log after {} of baseline, {} users",
        count(scenario.campaigns()),
        count(scenario.look_alikes()),
        calendar.duration - calendar.baseline,
        calendar.baseline,
        scenario.population().users
    )
}

/// One campaign of a kind in a world with every default.
fn kind_timeline(path: &Path, file: &mut Checked, faults: &Faults) {
    // Without one, its own faults are noted already.
    if let Some((scenario, known)) = input::scenario_of_kind(path) {
        check_plan(&scenario, &known, file, faults);
    }
}

/// Plans a kind's only campaign; what is wrong with it is about the whole file.
fn check_plan(scenario: &Scenario, known: &Known, file: &mut Checked, faults: &Faults) {
    match generation::planned(scenario, known) {
        Ok(plan) => file.timeline = timeline::of(&plan, known),
        Err(failure) => {
            let own = Faults::new(&file.path);
            let message = match failure {
                Failure::Faults(found) => {
                    (found.sorted().first()).map_or_else(String::new, |fault| fault.message.clone())
                }
                Failure::Message(_, message) => message,
                Failure::BrokenPipe => return,
            };
            own.error("LF-S016", Span::HEAD, message);
            faults.append(own);
        }
    }
}

/// Kinds, rules and tables are read by folder, since files of one folder may name each other; of
/// what is found only that about the asked-for files is kept.
fn check_folders(paths: &[PathBuf], kinds: &[FileKind], faults: &Faults) {
    let mut folders: BTreeMap<(FileKind, &Path), Vec<String>> = BTreeMap::new();
    for (path, what) in paths.iter().zip(kinds) {
        let folder = path.parent().unwrap_or(Path::new(""));
        let asked = folders.entry((*what, folder)).or_default();
        asked.push(path.display().to_string());
    }
    for ((what, folder), asked) in folders {
        let found = Faults::new("");
        let is_here = folder.as_os_str().is_empty();
        let folder = if is_here { Path::new(".") } else { folder };
        match what {
            FileKind::Kind => Known::check_kinds(folder, &found),
            FileKind::Rule => Known::check_rules(folder, &found),
            FileKind::Table => Known::check_tables(folder, &found),
            FileKind::Scenario => continue,
        }
        for mut fault in found.sorted() {
            if let Some(plain) = fault.file.strip_prefix("./").filter(|_| is_here) {
                fault.file = Arc::from(plain);
            }
            if asked.iter().any(|path| **path == *fault.file) {
                faults.push(fault);
            }
        }
    }
}
