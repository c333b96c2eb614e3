//! Which files to read, and which table each holds.

use std::path::{Path, PathBuf};

use livefire_schema::spec::or_list;
use livefire_schema::table::{Schema, TableId};

use super::{InputError, InputOptions};

/// A file to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    pub(super) is_csv: bool,
    /// `None`: each row says it in `Type`.
    pub(super) table: Option<TableId>,
    /// Whether the table was read off the file's name and rows may contradict it.
    pub(super) is_guess: bool,
}

/// What a path leads to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<LogFile>,
    pub(super) skipped: Vec<(String, String)>,
}

/// Folders beside the logs that hold none.
const NO_LOGS: &[&str] = &["reference", "labels", "results"];

/// The log files at a path: itself, or all below a folder in order of name.
pub(super) fn find(
    path: &Path,
    schema: &Schema,
    options: &InputOptions,
) -> Result<Found, InputError> {
    let mut found = Found::default();
    if path.is_dir() {
        walk(path, schema, options, &mut found)?;
        if found.files.is_empty() {
            let path = path.display().to_string();
            return Err(InputError::Nothing { path });
        }
    } else {
        found.files.push(named(path, schema, options)?);
    }
    Ok(found)
}

fn walk(
    folder: &Path,
    schema: &Schema,
    options: &InputOptions,
    found: &mut Found,
) -> Result<(), InputError> {
    let io = |error| InputError::Io {
        path: folder.display().to_string(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if !NO_LOGS.iter().any(|left_out| name == *left_out) {
                walk(&path, schema, options, found)?;
            }
            continue;
        }
        match named(&path, schema, options) {
            Ok(file) if file.table.is_some() || !has_ending(&path, "json") => {
                found.files.push(file);
            }
            Ok(_) => skip(found, &path, "no known table in its name"),
            Err(error) => skip(found, &path, &error.to_string()),
        }
    }
    Ok(())
}

fn skip(found: &mut Found, path: &Path, reason: &str) {
    let shown = path.display().to_string();
    let reason = reason.strip_prefix(&format!("{shown}: ")).unwrap_or(reason);
    found.skipped.push((shown, reason.to_owned()));
}

/// A file by its own name.
fn named(path: &Path, schema: &Schema, options: &InputOptions) -> Result<LogFile, InputError> {
    let is_csv = has_ending(path, "csv");
    let is_json = ["ndjson", "jsonl", "json"]
        .iter()
        .any(|ending| has_ending(path, ending));
    let shown = path.display().to_string();
    if !is_csv && !is_json {
        if let Err(error) = std::fs::metadata(path) {
            return Err(InputError::Io { path: shown, error });
        }
        return Err(InputError::Kind { path: shown });
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let guess = table_of(&stem, schema);
    let table = options.table.or(guess);
    if is_csv && table.is_none() {
        let names: Vec<&str> = schema
            .iter()
            .map(|(_, table)| table.name.as_str())
            .collect();
        let end = match or_list(&stem, "", names) {
            end if end.starts_with("; did") => end,
            _ => String::new(),
        };
        return Err(InputError::Table {
            path: shown,
            stem: stem.into_owned(),
            end,
        });
    }
    Ok(LogFile {
        path: path.to_owned(),
        is_csv,
        table,
        is_guess: options.table.is_none(),
    })
}

/// `Name`, `Name-2026-03`, `Name.part1`.
fn table_of(stem: &str, schema: &Schema) -> Option<TableId> {
    let end = stem.find(['-', '.', ' ']).unwrap_or(stem.len());
    schema.find(stem).or_else(|| schema.find(&stem[..end]))
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(ending))
}
