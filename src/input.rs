//! What a command knows: tables, kinds and rules, the shipped ones and those of a user's folder.

mod kinds;
mod rules;

use std::path::Path;

use livefire_detector::RuleSet;
use livefire_generator::kinds::AttackLibrary;
use livefire_generator::kinds::model::Label;
use livefire_generator::scenario::{Scenario, ScenarioSpec};
use livefire_schema::rules::RULES;
use livefire_schema::spec::{Fault, Faults, Span};
use livefire_schema::table::{Schema, TableError};
use livefire_schema::time::TimeSpan;

use crate::exit::Failure;
use crate::output::Output;
use crate::shipped;
use crate::suggest::unknown;

pub(crate) use self::kinds::KindRow;
pub(crate) use self::rules::{select as select_rules, tokens as rule_tokens};

/// Tables, kinds and rules of a call.
pub(crate) struct Known {
    pub(crate) schema: Schema,
    pub(crate) rules: RuleSet,
    pub(crate) kinds: AttackLibrary,
}

impl Known {
    /// The shipped ones, and those in `kinds/`, `tables/` and `rules/` of a folder.
    ///
    /// # Errors
    /// Every fault of the folder's files.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Known, Failure> {
        let faults = Faults::new("");
        if let Some(folder) = folder
            && !folder.is_dir()
        {
            return Err(Failure::usage(format!(
                "{}: there is no such folder",
                folder.display()
            )));
        }
        let known = Known::read(folder, &faults);
        if faults.has_errors() {
            return Err(Failure::Faults(faults));
        }
        Ok(known)
    }

    /// The shipped ones, and the tables of a folder.
    ///
    /// # Errors
    /// Every fault of its files; wrong use if there is no such folder.
    pub(crate) fn load_tables(folder: Option<&Path>) -> Result<Known, Failure> {
        let mut known = Known::load(None)?;
        let Some(folder) = folder else {
            return Ok(known);
        };
        if !folder.is_dir() {
            return Err(Failure::usage(format!(
                "{}: there is no such folder of tables",
                folder.display()
            )));
        }
        let faults = Faults::new("");
        known.schema = read_tables(Some(folder), &faults);
        if faults.has_errors() {
            return Err(Failure::Faults(faults));
        }
        Ok(known)
    }

    /// As [`Known::load`]; faults are noted, and what is faulty is left out.
    fn read(folder: Option<&Path>, faults: &Faults) -> Known {
        let inside = |name: &str| folder.map(|folder| folder.join(name));
        let schema = read_tables(inside("tables").as_deref(), faults);
        Known {
            kinds: kinds::read(inside("kinds").as_deref(), &schema, faults),
            rules: read_rules(inside("rules").as_deref(), faults),
            schema,
        }
    }

    /// Attack kinds or look-alikes.
    pub(crate) fn kind_rows(&self, attacks: bool) -> Vec<KindRow> {
        kinds::rows(&self.kinds, attacks)
    }

    /// A kind's title, or nothing for an unknown one.
    pub(crate) fn title(&self, kind: &str) -> String {
        let kind = self.kinds.get(kind);
        kind.map_or_else(String::new, |kind| kind.title().to_owned())
    }

    /// The longest ingestion delay of any table.
    pub(crate) fn largest_delay(&self) -> TimeSpan {
        let cuts = self.schema.iter().map(|(_, table)| table.delay_cut());
        cuts.max().unwrap_or(TimeSpan::ZERO)
    }

    /// Origin and text of a kind's file.
    pub(crate) fn kind_text(&self, id: &str) -> Option<(String, String)> {
        kinds::text(&self.kinds, id)
    }

    /// Origin and text of a rule's parameter file, by id or name.
    pub(crate) fn rule_text(&self, name: &str) -> Option<(String, String)> {
        let info = RULES
            .iter()
            .find(|rule| rule.id == name || rule.name == name)?;
        let (text, origin) = self.rules.source(info.id)?;
        (!text.is_empty()).then(|| (origin.to_owned(), text.to_owned()))
    }

    /// Where a rule's parameters come from; empty for a rule that is not built.
    pub(crate) fn rule_origin(&self, id: &str) -> String {
        let source = self.rules.source(id);
        source.map_or_else(String::new, |(_, origin)| origin.to_owned())
    }

    /// Checks a folder of kinds beside its `tables/`.
    pub(crate) fn check_kinds(folder: &Path, faults: &Faults) {
        kinds::read(Some(folder), &tables_beside(folder), faults);
    }

    /// Checks a folder of rules.
    pub(crate) fn check_rules(folder: &Path, faults: &Faults) {
        read_rules(Some(folder), faults);
    }

    /// Checks a folder of tables.
    pub(crate) fn check_tables(folder: &Path, faults: &Faults) {
        read_tables(Some(folder), faults);
    }
}

/// Reads a scenario and what stands beside it; `None` if anything is wrong, which is noted.
pub(crate) fn scenario(path: &Path, faults: &Faults) -> Option<(Scenario, Known)> {
    let spec = ScenarioSpec::load(path, &shipped::read, faults);
    let folder = spec.folder.clone();
    // A bare name stands beside the current folder, whose rules/ and tables/ are somebody else's.
    let is_bare = shipped::is_name(path) || (folder.as_os_str().is_empty() && !path.exists());
    let mut known = Known::read((!is_bare).then_some(&*folder), faults);
    if is_bare {
        known.kinds = kinds::shipped(&known.schema, faults);
    }
    let scenario = spec.validate(&known.kinds, faults)?;
    Some((scenario, known))
}

/// The tables beside a folder of kinds.
fn tables_beside(kinds: &Path) -> Schema {
    let is_here = kinds.as_os_str().is_empty() || kinds == Path::new(".");
    let up = if is_here {
        Some(Path::new(".."))
    } else {
        kinds.parent()
    };
    let tables = up.map(|up| up.join("tables"));
    read_tables(tables.as_deref(), &Faults::new(""))
}

/// A scenario that runs the kind of a file once, traps on, everything else by default; `None` if
/// the kind has a fault.
pub(crate) fn scenario_of_kind(path: &Path) -> Option<(Scenario, Known)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let faults = Faults::new("");
    let schema = tables_beside(folder);
    let known = Known {
        kinds: kinds::read(Some(folder), &schema, &faults),
        rules: RuleSet::embedded(),
        schema,
    };
    let kind = known.kinds.get(path.file_stem()?.to_str()?)?;
    let id = kind.id();
    let entry = if kind.label() == Label::Attack {
        format!("campaigns: [{id}]\n")
    } else {
        let traps: Vec<&str> = kind.traps().keys().map(AsRef::as_ref).collect();
        let traps = traps.join(", ");
        format!("look_alikes:\n  - {{ kind: {id}, traps: [{traps}] }}\n")
    };
    let text = format!("name: timeline\n{entry}").into_bytes();
    let faults = Faults::new("");
    let spec = ScenarioSpec::load(Path::new("timeline"), &|_| Ok(text.clone()), &faults);
    let scenario = spec.validate(&known.kinds, &faults)?;
    Some((scenario, known))
}

/// A scenario that stands in no file, by the name that it would have.
///
/// # Errors
/// Every fault.
pub(crate) fn require_text(
    path: &Path,
    text: &str,
    known: Known,
    output: Output,
) -> Result<(Scenario, Known), Failure> {
    let faults = Faults::new("");
    let read = |asked: &Path| match asked == path {
        true => Ok(text.as_bytes().to_vec()),
        false => shipped::read(asked),
    };
    let spec = ScenarioSpec::load(path, &read, &faults);
    let scenario = spec.validate(&known.kinds, &faults);
    if !faults.is_empty() && !output.quiet && scenario.is_some() {
        crate::diagnostics::print(&faults);
    }
    match scenario {
        Some(scenario) => Ok((scenario, known)),
        None => Err(Failure::Faults(faults)),
    }
}

/// As [`scenario`], for a command that needs it; warnings are drawn.
///
/// # Errors
/// Every fault; wrong use for a word that names neither a file nor a shipped scenario.
pub(crate) fn require_scenario(path: &Path, output: Output) -> Result<(Scenario, Known), Failure> {
    if shipped::is_name(path) && path.exists() {
        let name = path.display();
        output.remark(&format!(
            "note: `{name}` is the shipped scenario; write ./{name} for what stands here"
        ));
    }
    require_name(path)?;
    let faults = Faults::new("");
    match scenario(path, &faults) {
        Some(read) => {
            if !faults.is_empty() && !output.quiet {
                crate::diagnostics::print(&faults);
            }
            Ok(read)
        }
        None => Err(Failure::Faults(faults)),
    }
}

/// Checks that a bare name, without folder and end, is a shipped scenario's or a folder's.
///
/// # Errors
/// Wrong use, with the name that was probably meant; bad input if such a file is there.
pub(crate) fn require_name(path: &Path) -> Result<(), Failure> {
    let is_word = path.extension().is_none() && path.components().count() == 1;
    let Some(name) = path.to_str().filter(|_| is_word && !path.is_dir()) else {
        return Ok(());
    };
    if shipped::is_name(path) {
        return Ok(());
    }
    if path.exists() {
        return Err(Failure::input(format!(
            "{name}: is no scenario: the name of its file must end in .yaml"
        )));
    }
    let scenarios = shipped::scenarios();
    let known = scenarios.iter().map(|(name, _)| *name);
    let what = "scenario file, and no shipped scenario";
    Err(Failure::usage(unknown(
        what,
        name,
        known,
        "livefire list scenarios",
    )))
}

fn read_tables(folder: Option<&Path>, faults: &Faults) -> Schema {
    let Some(folder) = folder else {
        return Schema::embedded();
    };
    let (schema, errors) = Schema::embedded().with_good_user_tables(folder);
    errors
        .iter()
        .for_each(|error| faults.push(table_fault(error)));
    schema
}

fn table_fault(error: &TableError) -> Fault {
    let (path, line, column, message) = match error {
        TableError::Io { path, error } => (path, 1, 1, format!("cannot be read: {error}")),
        TableError::Definition {
            path,
            line,
            column,
            message,
        } => (path, *line, *column, message.clone()),
        TableError::Duplicate { path, .. } => (path, 1, 1, error.to_string()),
        _ => return Faults::new("tables").fault("LF-T001", Span::HEAD, error.to_string()),
    };
    let span = span_at(path, line, column);
    Faults::new(path).fault("LF-T001", span, message)
}

/// A place of a file by its line and column, with its first byte, for drawing.
pub(crate) fn span_at(path: &str, line: usize, column: usize) -> Span {
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut span = Span {
        line: small(line),
        column: small(column),
        ..Span::HEAD
    };
    if let Some(text) = shipped::read(Path::new(path))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    {
        let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
        let before: usize = lines.map(str::len).sum();
        span.start = (before + column.saturating_sub(1)).min(text.len());
        span.end = span.start;
    }
    span
}

fn read_rules(folder: Option<&Path>, faults: &Faults) -> RuleSet {
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        return RuleSet::embedded();
    };
    RuleSet::embedded()
        .with_folder(folder)
        .unwrap_or_else(|found| {
            found.into_iter().for_each(|fault| faults.push(fault));
            RuleSet::embedded()
        })
}
