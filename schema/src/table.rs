//! Tables as data: one JSON file a table, from which readers, writers and views derive.
//!
//! A user's own file beside the scenario (`tables/<Name>.json`) joins the embedded ones without
//! recompiling. Column spelling is Log Analytics' own and case-sensitive.

mod faults;

use std::path::Path;

use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::time::TimeSpan;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");

/// Index of a table in a [`Schema`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableId(pub u16);

/// A Kusto column type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// UTF-8 text.
    String,
    /// An instant, ISO 8601 in NDJSON.
    Datetime,
    /// Any JSON value; also accepted as a JSON string.
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    Long,
    /// 64-bit float.
    Real,
    /// A GUID as text.
    Guid,
}

/// One column.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name, case-sensitive.
    pub name: String,
    /// Kusto type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Meaning.
    #[serde(default)]
    pub description: String,
    /// An example value.
    #[serde(default)]
    pub example: serde_json::Value,
    /// A trap or a deviation worth knowing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether livefire's generator fills it; the others are legal in a query and null.
    #[serde(default)]
    pub generated: bool,
}

/// Ingestion delay of a table, in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
}

/// One table as its file defines it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name, case-sensitive.
    pub name: String,
    /// `builtin` or `custom`.
    #[serde(default = "custom")]
    pub kind: String,
    /// What one row is.
    #[serde(default)]
    pub description: String,
    /// The column that holds the event time.
    #[serde(default = "time_generated")]
    pub time_column: String,
    /// Where the columns were read.
    #[serde(default)]
    pub source: String,
    /// State of the source.
    #[serde(default)]
    pub source_date: String,
    /// Whether the Logs Ingestion API accepts it.
    #[serde(default)]
    pub logs_ingestion_api: Option<bool>,
    /// The custom table to test with in a real workspace.
    #[serde(default)]
    pub test_table: String,
    /// Ingestion delay; absent for reference and snapshot tables.
    #[serde(default)]
    pub ingestion_delay_seconds: Option<Delay>,
    /// What the delay rests on.
    #[serde(default)]
    pub ingestion_delay_basis: String,
    /// Path of the field that names the *event*, so that a row delivered twice counts once
    /// (`CorrelationId`, `LogMessage.request_id`).
    #[serde(default)]
    pub duplicate_key: Option<String>,
    /// Column that takes the acting account's object id in `do: row`.
    #[serde(default)]
    pub identity_column: Option<String>,
    /// Column that takes the source address in `do: row`.
    #[serde(default)]
    pub address_column: Option<String>,
    /// Columns.
    pub columns: Vec<Column>,
}

fn custom() -> String {
    "custom".to_owned()
}

fn time_generated() -> String {
    "TimeGenerated".to_owned()
}

impl Table {
    /// A column by exact name, standard columns of every workspace table not included.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The longest ingestion delay: 4 × p95, never over 47 h (rows older than 2 days are
    /// re-stamped by Azure Monitor); zero for tables without a delay. Source: TABLES.md §1.
    #[must_use]
    pub fn delay_cut(&self) -> TimeSpan {
        self.ingestion_delay_seconds
            .map_or(TimeSpan::ZERO, |delay| {
                TimeSpan::from_seconds_f64((4.0 * delay.p95).min(47.0 * 3600.0))
            })
    }
}

/// A column that every workspace table has, whether or not its page lists it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StandardColumn {
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// Why table definitions cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file is no table definition.
    #[error("{path}:{line}:{column}: {message}")]
    Definition {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Two definitions have the same name.
    #[error("{path}: table `{name}` exists already ({origin}); choose another name")]
    Duplicate {
        /// The second file.
        path: String,
        /// The name.
        name: String,
        /// Where the first one comes from.
        origin: String,
    },
}

/// All tables known to a run: the embedded ones and the user's.
#[derive(Clone, Debug)]
pub struct Schema {
    tables: IndexMap<String, (Table, String)>,
    standard: Vec<StandardColumn>,
}

impl Schema {
    /// The tables that livefire ships.
    ///
    /// # Panics
    /// Never in a released binary: a test loads every embedded file.
    #[must_use]
    pub fn embedded() -> Self {
        let mut files: Vec<_> = EMBEDDED.files().collect();
        files.sort_by_key(|file| file.path());
        let mut tables = IndexMap::new();
        for file in files {
            let path = file.path().display().to_string();
            let table = parse(&path, file.contents()).expect("embedded tables are valid");
            tables.insert(table.name.clone(), (table, "embedded".to_owned()));
        }
        let standard = serde_json::from_str(include_str!("../data/standard_columns.json"))
            .expect("embedded standard columns are valid");
        Schema { tables, standard }
    }

    /// Adds every `*.json` of `folder`, in name order.
    ///
    /// # Errors
    /// Every fault found, not just the first; the schema is unchanged then.
    pub fn with_user_tables(self, folder: &Path) -> Result<Self, Vec<TableError>> {
        let (schema, faults) = self.with_good_user_tables(folder);
        if faults.is_empty() {
            Ok(schema)
        } else {
            Err(faults)
        }
    }

    /// As [`Schema::with_user_tables`], but leaves out the tables that have a fault: a faulty file
    /// says nothing about the others. All faults are given.
    #[must_use]
    pub fn with_good_user_tables(mut self, folder: &Path) -> (Self, Vec<TableError>) {
        let mut faults = Vec::new();
        for path in user_files(folder, &mut faults) {
            match read_table(&path) {
                Ok(table) => match self.tables.get(&table.name) {
                    Some((_, origin)) => faults.push(TableError::Duplicate {
                        path: path.display().to_string(),
                        name: table.name.clone(),
                        origin: origin.clone(),
                    }),
                    None => {
                        let origin = path.display().to_string();
                        self.tables.insert(table.name.clone(), (table, origin));
                    }
                },
                Err(mut found) => faults.append(&mut found),
            }
        }
        (self, faults)
    }

    /// Finds a table by exact name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TableId> {
        self.tables
            .get_index_of(name)
            .and_then(|index| u16::try_from(index).ok())
            .map(TableId)
    }

    /// A table by its id.
    ///
    /// # Panics
    /// If the id comes from another schema.
    #[must_use]
    pub fn table(&self, id: TableId) -> &Table {
        let entry = self.tables.get_index(usize::from(id.0));
        &entry
            .expect("a TableId is used with the schema that gave it")
            .1
            .0
    }

    /// Where a table's definition comes from: `embedded` or a path.
    #[must_use]
    pub fn origin(&self, id: TableId) -> &str {
        self.tables
            .get_index(usize::from(id.0))
            .map_or("", |(_, entry)| entry.1.as_str())
    }

    /// All tables in id order.
    pub fn iter(&self) -> impl Iterator<Item = (TableId, &Table)> {
        self.tables
            .values()
            .enumerate()
            .filter_map(|(index, entry)| {
                u16::try_from(index)
                    .ok()
                    .map(|index| (TableId(index), &entry.0))
            })
    }

    /// Columns that every workspace table has.
    #[must_use]
    pub fn standard_columns(&self) -> &[StandardColumn] {
        &self.standard
    }
}

fn user_files(folder: &Path, faults: &mut Vec<TableError>) -> Vec<std::path::PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let io = |error| TableError::Io {
        path: folder.display().to_string(),
        error,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(io(error));
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    paths
}

/// A user's table, or all that is wrong with its file.
fn read_table(path: &Path) -> Result<Table, Vec<TableError>> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        vec![TableError::Io {
            path: name.clone(),
            error,
        }]
    })?;
    let found = faults::find(&name, &bytes);
    if found.is_empty() {
        parse(&name, &bytes).map_err(|error| vec![error])
    } else {
        Err(found)
    }
}

fn parse(path: &str, bytes: &[u8]) -> Result<Table, TableError> {
    let fault = |line, column, message| TableError::Definition {
        path: path.to_owned(),
        line,
        column,
        message,
    };
    let table: Table = serde_json::from_slice(bytes)
        .map_err(|error| fault(error.line(), error.column(), faults::sentence(&error)))?;
    let mut seen = rustc_hash::FxHashSet::default();
    for column in &table.columns {
        if !seen.insert(column.name.as_str()) {
            return Err(fault(
                1,
                1,
                format!("column `{}` is defined twice", column.name),
            ));
        }
    }
    let timed = table.column(&table.time_column).map(|column| column.kind);
    if timed != Some(ColumnType::Datetime) && table.kind == "custom" {
        let message = format!(
            "time_column `{}` is no datetime column of it",
            table.time_column
        );
        return Err(fault(1, 1, message));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_table_loads() {
        let schema = Schema::embedded();
        assert_eq!(schema.iter().count(), 23);
        let id = schema.find("ContainerLogV2").expect("is embedded");
        assert_eq!(schema.table(id).delay_cut(), TimeSpan::from_seconds(440));
        assert_eq!(
            schema.find("containerlogv2"),
            None,
            "names are case-sensitive"
        );
    }

    #[test]
    fn no_embedded_table_has_a_fault() {
        for file in EMBEDDED.files() {
            let path = file.path().display().to_string();
            let found = faults::find(&path, file.contents());
            assert!(found.is_empty(), "{found:?}");
        }
    }

    #[track_caller]
    fn faults_are(text: &str, expected: &[&str]) {
        let found = faults::find("T_CL.json", text.as_bytes());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn is_told(text: &str, expected: &str) {
        let found = faults::find("T_CL.json", text.as_bytes());
        let found = match found.into_iter().next() {
            Some(error) => error.to_string(),
            None => match parse("T_CL.json", text.as_bytes()) {
                Err(error) => error.to_string(),
                Ok(_) => "no fault".to_owned(),
            },
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn json_is_told_in_the_words_of_a_user() {
        let good = "\"columns\": [{\"name\": \"TimeGenerated\", \"type\": \"datetime\"}]}";
        is_told(&format!("{{\"name\": \"T_CL\", {good}"), "no fault");
        is_told(
            "",
            "T_CL.json:1:1: not valid JSON: EOF while parsing a value",
        );
        is_told(
            "name: T_CL",
            "T_CL.json:1:2: not valid JSON: expected ident",
        );
        is_told(
            "{\"a\": 1,}",
            "T_CL.json:1:9: not valid JSON: key must be a string",
        );
        is_told(
            &format!("{{\"name\": \"T_CL\", \"description\": 5, {good}"),
            "T_CL.json:1:33: expected a text in quotes, found `5`",
        );
        is_told(
            &format!(
                "{{\"name\": \"T_CL\", \"ingestion_delay_seconds\": {{\"p50\": \"6\", \"p95\": 9}}, {good}"
            ),
            "T_CL.json:1:55: expected a number without quotes, found the text \"6\"",
        );
    }

    #[test]
    fn every_fault_of_a_table_is_found_with_its_place() {
        faults_are(
            "{\"name\": \"9 lives\",\n \"colums\": 1,\n \"columns\": [\n  {\"name\": \"When\", \"type\": \"date\"}]}",
            &[
                "T_CL.json:1:1: time_column `TimeGenerated` is no column of the table; columns: When",
                "T_CL.json:1:10: `9 lives` is no name of a table; write letters, digits and `_`, a letter first",
                "T_CL.json:2:2: unknown key `colums` in the table; did you mean `columns`?",
                "T_CL.json:4:28: unknown type `date`; known: string, datetime, dynamic, bool, int, long, real, guid",
            ],
        );
        faults_are(
            "{\"name\": \"T_CL\", \"address_column\": \"Ip\",\n \"columns\": [{\"name\": \"TimeGenerated\", \"type\": \"string\"}, {}]}",
            &[
                "T_CL.json:1:1: time_column `TimeGenerated` must be of type datetime",
                "T_CL.json:1:36: address_column `Ip` is no column of the table; columns: TimeGenerated",
                "T_CL.json:2:59: the column needs `name`; write `name: UserId`",
                "T_CL.json:2:59: the column needs `type`; write `type: string`",
            ],
        );
        faults_are(
            "[]",
            &["T_CL.json:1:1: expected a map (the table), found a list"],
        );
        assert_eq!(faults::find("T_CL.json", b"{\"name\": ").len(), 1);
    }

    #[test]
    fn the_delay_cut_stays_below_the_restamp_rule() {
        let schema = Schema::embedded();
        for (_, table) in schema.iter() {
            assert!(
                table.delay_cut() <= TimeSpan::from_hours(47),
                "{}",
                table.name
            );
        }
    }
}
