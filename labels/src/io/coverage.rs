//! Proof that every row of a log is accounted for.
//!
//! Labels are sparse: a row without one counts as benign. That holds only if the row is ours, so
//! for each table and hour of ingestion the number of rows and the xor of their hashed items are
//! kept. A row added, lost or exchanged changes one of the two. State grows with tables × hours.

use std::collections::BTreeMap;
use std::path::Path;

use livefire_schema::ids::{ItemId, hash_bytes};
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use crate::BatchRow;
use crate::io::{LabelError, Output, Table};

/// Rows of one table and hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CoverageCell {
    /// Number of rows.
    pub rows: u64,
    /// Xor of their hashed items.
    pub items: u64,
}

impl CoverageCell {
    fn add(&mut self, other: CoverageCell) {
        self.rows += other.rows;
        self.items ^= other.items;
    }
}

/// Collects rows as they are generated or read.
#[derive(Clone, Debug, Default)]
pub struct CoverageAccumulator {
    cells: FxHashMap<(TableId, EventTime), CoverageCell>,
}

impl CoverageAccumulator {
    /// Counts a row of a stream. A damaged line may not say when it was ingested, so all of them
    /// stand in one cell of their table, at the first hour there is.
    pub fn add_row(&mut self, row: &BatchRow) {
        let hour = if row.malformed {
            EventTime::default()
        } else {
            row.ingestion
        };
        self.add(row.table, hour, row.item);
    }

    /// Counts one delivered row.
    pub fn add(&mut self, table: TableId, ingestion: EventTime, item: ItemId) {
        let hour = ingestion.bin(TimeSpan::from_hours(1));
        self.cells
            .entry((table, hour))
            .or_default()
            .add(CoverageCell {
                rows: 1,
                items: hash_bytes(&item.0.to_le_bytes()),
            });
    }

    /// Adds what another accumulator has counted.
    pub fn merge(&mut self, other: &CoverageAccumulator) {
        for (key, cell) in &other.cells {
            self.cells.entry(*key).or_default().add(*cell);
        }
    }

    /// The finished coverage, with tables by name.
    #[must_use]
    pub fn finish(&self, name: impl Fn(TableId) -> String) -> Coverage {
        let mut coverage = Coverage::default();
        for (&(table, hour), cell) in &self.cells {
            let key = (name(table), hour);
            coverage.cells.entry(key).or_default().add(*cell);
        }
        coverage
    }
}

/// Rows per table and hour of ingestion.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    cells: BTreeMap<(String, EventTime), CoverageCell>,
}

/// A table and hour whose rows are not those that were written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "table {table}, hour {hour}: {}; labels and logs do not belong together, or rows were changed{}",
    difference(self),
    others(*further)
)]
pub struct CoverageError {
    /// The first table that differs.
    pub table: String,
    /// Its first hour that differs.
    pub hour: EventTime,
    /// What the labels account for.
    pub expected: CoverageCell,
    /// What the log holds.
    pub found: CoverageCell,
    /// How many further tables and hours differ.
    pub further: usize,
}

fn difference(error: &CoverageError) -> String {
    let (expected, found) = (error.expected.rows, error.found.rows);
    match found.cmp(&expected) {
        std::cmp::Ordering::Greater => format!(
            "{} rows unaccounted for ({found} in the log, {expected} in coverage.csv)",
            found - expected
        ),
        std::cmp::Ordering::Less => format!(
            "{} rows missing ({found} in the log, {expected} in coverage.csv)",
            expected - found
        ),
        std::cmp::Ordering::Equal => format!("{found} rows, but not the same ones"),
    }
}

fn others(further: usize) -> String {
    match further {
        0 => String::new(),
        further => format!(" ({further} more differ)"),
    }
}

impl Coverage {
    /// Rows in all.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.cells.values().map(|cell| cell.rows).sum()
    }

    /// Cells by table and hour.
    pub fn cells(&self) -> impl Iterator<Item = (&str, EventTime, CoverageCell)> {
        self.cells
            .iter()
            .map(|((table, hour), cell)| (table.as_str(), *hour, *cell))
    }

    /// Checks that a log holds exactly the rows that this coverage accounts for.
    ///
    /// # Errors
    /// [`CoverageError`] naming the first table and hour that differ.
    pub fn verify(&self, found: &Coverage) -> Result<(), CoverageError> {
        let cell = |coverage: &Coverage, key| coverage.cells.get(key).copied().unwrap_or_default();
        let mut differing: Vec<&(String, EventTime)> = self
            .cells
            .keys()
            .chain(found.cells.keys())
            .filter(|key| cell(self, key) != cell(found, key))
            .collect();
        differing.sort();
        differing.dedup();
        match differing.first() {
            None => Ok(()),
            Some(key) => Err(CoverageError {
                table: key.0.clone(),
                hour: key.1,
                expected: cell(self, key),
                found: cell(found, key),
                further: differing.len() - 1,
            }),
        }
    }
}

const COLUMNS: [&str; 4] = ["table", "hour", "rows", "items"];

pub(super) fn write(out: &mut Output, path: &Path, coverage: &Coverage) -> Result<(), LabelError> {
    let mut writer = csv::Writer::from_writer(out);
    let fail = |error| LabelError::csv(path, error);
    writer.write_record(COLUMNS).map_err(fail)?;
    for (table, hour, cell) in coverage.cells() {
        let record = [
            table,
            &hour.to_string(),
            &cell.rows.to_string(),
            &format!("{:016x}", cell.items),
        ];
        writer.write_record(record).map_err(fail)?;
    }
    writer.flush().map_err(|error| LabelError::io(path, error))
}

pub(super) fn read(path: &Path) -> Result<Coverage, LabelError> {
    let mut coverage = Coverage::default();
    Table::open(path, &COLUMNS)?.each(|fields| {
        let [table, hour, rows, items] = fields else {
            return Err("too few fields".to_owned());
        };
        let hour =
            EventTime::parse(hour).ok_or_else(|| format!("hour `{hour}`: write ISO 8601"))?;
        let cell = CoverageCell {
            rows: rows
                .parse()
                .map_err(|_| format!("rows `{rows}`: write a number"))?,
            items: u64::from_str_radix(items, 16)
                .map_err(|_| format!("items `{items}`: write 16 hexadecimal digits"))?,
        };
        let key = ((*table).to_owned(), hour);
        match coverage.cells.insert(key, cell) {
            Some(_) => Err(format!("table {table}, hour {hour} occurs twice")),
            None => Ok(()),
        }
    })?;
    Ok(coverage)
}
