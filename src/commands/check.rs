//! `livefire check`: every fault of every file, with its place, before anything runs.

mod needs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use livefire_generator::scenario::Scenario;
use livefire_schema::spec::{self, Faults, NodeValue};
use livefire_schema::table::Schema;
use serde::Serialize;

use crate::arguments::CheckArguments;
use crate::diagnostics::{self, FaultList};
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::Output;
use crate::shipped;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum FileKind {
    Scenario,
    Kind,
    Rule,
    Table,
}

/// One checked file.
#[derive(Serialize)]
struct Checked {
    path: String,
    what: FileKind,
    /// What the file amounts to, if it has no error.
    summary: String,
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
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files)?;
    }
    for path in &mut files {
        if let Ok(plain) = path.strip_prefix(".") {
            *path = plain.to_path_buf();
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(Failure::nothing(
            "no scenario, kind, rule or table (*.yaml, *.json) under the given paths",
        ));
    }
    let mut checked = Vec::new();
    let mut folders = BTreeSet::new();
    let schema = Schema::embedded();
    for path in files {
        let what = kind_of(&path);
        let summary = match what {
            FileKind::Scenario => check_scenario(&path, &faults),
            _ => {
                let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
                if folders.insert((what, folder.clone())) {
                    check_folder(what, &folder, &faults);
                }
                match what {
                    FileKind::Rule => needs::of_file(&path, &schema),
                    _ => String::new(),
                }
            }
        };
        checked.push(Checked {
            path: path.display().to_string(),
            what,
            summary,
        });
    }
    report(checked, &faults, output)
}

fn report(files: Vec<Checked>, faults: &Faults, output: Output) -> Outcome {
    diagnostics::print(faults);
    let list = FaultList::of(faults);
    let mut text = String::new();
    for file in &files {
        let has = |severity| {
            let own = |fault: &&spec::Fault| *fault.file == *file.path;
            let mut own = list.faults.iter().filter(own);
            own.any(|fault| fault.severity == severity)
        };
        let state = if has(spec::FaultSeverity::Error) {
            "faulty "
        } else if has(spec::FaultSeverity::Warning) {
            "warning"
        } else {
            "ok     "
        };
        let line = format!("{state} {}  {}", file.path, file.summary);
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

/// Files to check under a path: the path itself, or what a folder holds, hidden ones left out.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        if !path.exists() && shipped::read(path).is_err() {
            return Err(Failure::input(format!(
                "{}: there is no such file or folder",
                path.display()
            )));
        }
        files.push(path.to_path_buf());
        return Ok(());
    }
    let failed = |error| Failure::input(format!("{}: cannot be read: {error}", path.display()));
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        let name = entry.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.starts_with('.')) {
            continue;
        }
        let end = entry.extension().and_then(|end| end.to_str());
        let is_table = end == Some("json") && folder_is(&entry, "tables");
        if entry.is_dir() || is_table || matches!(end, Some("yaml" | "yml")) {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

fn folder_is(path: &Path, name: &str) -> bool {
    let parent = path.parent().and_then(Path::file_name);
    parent.is_some_and(|parent| parent == name)
}

/// What a file is, by its end, its folder, or the keys at its top.
fn kind_of(path: &Path) -> FileKind {
    if path.extension().is_some_and(|end| end == "json") {
        return FileKind::Table;
    }
    if folder_is(path, "kinds") {
        return FileKind::Kind;
    }
    let bytes = fs::read(path).unwrap_or_default();
    let node = spec::parse(&bytes, &Faults::new(""));
    let has = |key: &str| {
        let Some(NodeValue::Map(entries)) = node.as_ref().map(|node| &node.value) else {
            return false;
        };
        entries.iter().any(|(name, _)| name.value == key)
    };
    if has("stages") || has("label") {
        FileKind::Kind
    } else if has("parameters") || has("variants") || has("rule") {
        FileKind::Rule
    } else {
        FileKind::Scenario
    }
}

fn check_scenario(path: &Path, faults: &Faults) -> String {
    match input::scenario(path, faults) {
        Some((scenario, _)) => summary(&scenario),
        None => String::new(),
    }
}

fn summary(scenario: &Scenario) -> String {
    let count = |entries: &[livefire_generator::scenario::Entry]| -> usize {
        entries.iter().map(|entry| entry.names().len()).sum()
    };
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

/// Kinds, rules and tables are checked by folder, since files of one folder may name each other.
fn check_folder(what: FileKind, folder: &Path, faults: &Faults) {
    match what {
        FileKind::Kind => Known::check_kinds(folder, faults),
        FileKind::Rule => Known::check_rules(folder, faults),
        FileKind::Table => Known::check_tables(folder, faults),
        FileKind::Scenario => {}
    }
}
