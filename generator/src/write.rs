//! A log on disk: one file a table, `reference/`, `labels/` and a manifest, complete or not at all.
//!
//! Everything is written under a temporary name beside the folder and renamed at the end. A folder
//! that holds something else than an earlier log of ours is left alone.

mod csv_table;
mod hash;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use livefire_labels::io::{CoverageAccumulator, LabelError};
use livefire_labels::payload;
use livefire_labels::{Batch, BatchRow, EventSource, LabelBook, RowLabel, SourceError};
use livefire_schema::reference::io::ReferenceError;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange};
use serde::{Deserialize, Serialize};

use csv_table::CsvTable;
pub use hash::TableHash;

/// File that makes a folder recognisable as a log of ours.
pub const MANIFEST: &str = "manifest.json";
/// Folder of the ground truth.
pub const LABELS: &str = "labels";
/// Folder of the reference data.
pub const REFERENCE: &str = "reference";
/// What [`Manifest::program`] says.
const PROGRAM: &str = "livefire";
/// Batches that may wait for the writer; more would only hold memory.
const BATCHES_WAITING: usize = 2;

/// How tables are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line, `<Table>.ndjson`.
    #[default]
    Ndjson,
    /// Columns of the table's definition with a header, `<Table>.csv`; dynamic columns are JSON
    /// text. Cells that a spreadsheet would run as a formula get an apostrophe in front.
    Csv,
}

/// What one table's file holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TableSummary {
    /// Lines, damaged ones included.
    pub rows: u64,
    /// Hash of the table's NDJSON lines in order, whatever the format ([`TableHash`]).
    pub hash: String,
}

/// `manifest.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// `livefire`.
    pub program: String,
    /// Version that wrote the log.
    pub version: String,
    /// Scenario name.
    pub name: String,
    /// Seed, where generated.
    pub seed: Option<u64>,
    /// How tables are written.
    pub format: Format,
    /// Window of ingestion time, for a part of a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<TimeRange>,
    /// Tables by name.
    pub tables: BTreeMap<String, TableSummary>,
    /// The scenario as resolved, as text.
    pub scenario: String,
}

/// What to write besides the source's own lines.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// How tables are written.
    pub format: Format,
    /// The scenario as resolved, for the manifest.
    pub scenario: String,
    /// Window of ingestion time, if the source gives only that.
    pub window: Option<TimeRange>,
}

/// Why a log cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A file could not be written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The folder holds something that livefire did not write.
    #[error("{path} is not empty and holds no log of livefire's; choose a new folder")]
    Foreign {
        /// The folder.
        path: String,
    },
    /// The folder holds an earlier log and a file that is not part of it.
    #[error("{path} holds `{name}`, which livefire did not write; move it or choose a new folder")]
    Guest {
        /// The folder.
        path: String,
        /// The file or folder in it.
        name: String,
    },
    /// The source could not go on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The labels could not be written.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// The reference data could not be written.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

fn io_error(path: &Path, error: std::io::Error) -> WriteError {
    WriteError::Io {
        path: path.display().to_string(),
        error,
    }
}

/// Writes a whole source into `folder`; `progress` is told the ingestion clock and the rows so far.
///
/// An earlier log of livefire's in the folder is replaced, once the new one is complete.
///
/// # Errors
/// [`WriteError`]; the folder then is as it was before, and nothing partial remains.
pub fn write_dir(
    source: &mut dyn EventSource,
    schema: &Schema,
    folder: &Path,
    options: &WriteOptions,
    progress: &mut dyn FnMut(EventTime, u64),
) -> Result<Manifest, WriteError> {
    check_free(folder)?;
    let partial = beside(folder, "partial");
    remove(&partial)?;
    let written = write_into(source, schema, &partial, options, progress)
        .and_then(|manifest| replace(&partial, folder).map(|()| manifest));
    if written.is_err() {
        // The first fault is the one to report, whether or not the rest can be removed.
        let _ = remove(&partial);
    }
    written
}

/// Refuses a folder that holds something else than a log of ours.
fn check_free(folder: &Path) -> Result<(), WriteError> {
    let foreign = || WriteError::Foreign {
        path: folder.display().to_string(),
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(folder, error)),
    };
    let names: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(folder.join(MANIFEST)).map_err(|_| foreign())?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|_| foreign())?;
    let is_own = |name: &str| {
        let table = name.strip_suffix(".ndjson").or(name.strip_suffix(".csv"));
        matches!(name, MANIFEST | LABELS | REFERENCE)
            || table.is_some_and(|table| manifest.tables.contains_key(table))
    };
    match names.iter().find(|name| !name.to_str().is_some_and(is_own)) {
        None if manifest.program == PROGRAM => Ok(()),
        None => Err(foreign()),
        Some(name) => Err(WriteError::Guest {
            path: folder.display().to_string(),
            name: name.to_string_lossy().into_owned(),
        }),
    }
}

/// `.name.suffix` beside the folder.
fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(folder.file_name().unwrap_or_else(|| "log".as_ref()));
    name.push(".");
    name.push(suffix);
    folder.with_file_name(name)
}

fn remove(folder: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error(folder, error)),
        _ => Ok(()),
    }
}

/// Puts the complete folder in the place of the old one.
fn replace(partial: &Path, folder: &Path) -> Result<(), WriteError> {
    let old = beside(folder, "old");
    remove(&old)?;
    if folder.exists() {
        fs::rename(folder, &old).map_err(|error| io_error(folder, error))?;
    }
    if let Err(error) = fs::rename(partial, folder) {
        // Put the old log back, if there was one; what failed first is what to report.
        let _ = fs::rename(&old, folder);
        return Err(io_error(folder, error));
    }
    remove(&old)
}

fn write_into(
    source: &mut dyn EventSource,
    schema: &Schema,
    folder: &Path,
    options: &WriteOptions,
    progress: &mut dyn FnMut(EventTime, u64),
) -> Result<Manifest, WriteError> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    livefire_schema::reference::io::write(&folder.join(REFERENCE), &source.reference())?;
    let mut log = LogWriter {
        schema,
        folder,
        format: options.format,
        tables: Vec::new(),
        book: LabelBook::default(),
        coverage: CoverageAccumulator::default(),
    };
    pump(source, &mut log, progress)?;
    let payloads = source.payloads();
    log.book.campaigns = source.campaigns();
    log.book.groups = source.groups().to_vec();
    let extent = source.extent();
    let labels = folder.join(LABELS);
    let tables = log.finish(&labels, &extent)?;
    payload::write(&labels, &payloads).map_err(|error| io_error(&labels, error))?;
    let manifest = Manifest {
        program: PROGRAM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: extent.scenario,
        seed: extent.seed,
        format: options.format,
        window: options.window,
        tables,
        scenario: options.scenario.clone(),
    };
    let path = folder.join(MANIFEST);
    let mut text =
        serde_json::to_vec_pretty(&manifest).map_err(|error| io_error(&path, error.into()))?;
    text.push(b'\n');
    fs::write(&path, text).map_err(|error| io_error(&path, error))?;
    Ok(manifest)
}

/// Takes every batch of the source to the log, which is written in a thread of its own: the next
/// batch is made while the system takes the bytes of the last one.
fn pump(
    source: &mut dyn EventSource,
    log: &mut LogWriter<'_>,
    progress: &mut dyn FnMut(EventTime, u64),
) -> Result<(), WriteError> {
    let (sender, full) = mpsc::sync_channel::<Batch>(BATCHES_WAITING);
    let (give_back, empty) = mpsc::channel::<Batch>();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for batch in full {
                log.add(&batch)?;
                // Nobody takes it back once the source is at its end.
                let _ = give_back.send(batch);
            }
            Ok::<(), WriteError>(())
        });
        let mut rows = 0;
        let read = loop {
            let mut batch = empty.try_recv().unwrap_or_default();
            match source.next_batch(&mut batch) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
            rows += batch.rows.len() as u64;
            let clock = batch.clock;
            if sender.send(batch).is_err() {
                // The writer has stopped, and says why below.
                break Ok(());
            }
            progress(clock, rows);
        };
        drop(sender);
        // The writer's fault concerns earlier rows than the source's.
        let written = writer.join();
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(read?)
    })
}

/// All tables' files, and the labels gathered on the way.
struct LogWriter<'w> {
    schema: &'w Schema,
    folder: &'w Path,
    format: Format,
    /// By table id; a table without rows has no file.
    tables: Vec<Option<TableFile>>,
    book: LabelBook,
    coverage: CoverageAccumulator,
}

impl LogWriter<'_> {
    fn add(&mut self, batch: &Batch) -> Result<(), WriteError> {
        for row in &batch.rows {
            self.table(row)?.line(batch.line(row))?;
            self.coverage.add_row(row);
            if let Some(group) = row.group {
                let label = RowLabel {
                    item: row.item,
                    event: row.event,
                    time: row.time,
                    ingestion: row.ingestion,
                    group,
                };
                self.book.rows.insert(row.item, label);
            }
        }
        Ok(())
    }

    /// The file of a row's table, made with its first row.
    fn table(&mut self, row: &BatchRow) -> Result<&mut TableFile, WriteError> {
        let index = usize::from(row.table.0);
        if self.tables.len() <= index {
            self.tables.resize_with(index + 1, || None);
        }
        let slot = &mut self.tables[index];
        if slot.is_none() {
            let table = self.schema.table(row.table);
            *slot = Some(TableFile::create(self.folder, table, self.format)?);
        }
        Ok(slot.as_mut().expect("the slot was filled just now"))
    }

    fn finish(
        self,
        labels: &Path,
        extent: &livefire_labels::LogExtent,
    ) -> Result<BTreeMap<String, TableSummary>, WriteError> {
        let schema = self.schema;
        let coverage = self
            .coverage
            .finish(|table| schema.table(table).name.clone());
        livefire_labels::io::write(labels, &self.book, extent, Some(&coverage))?;
        let mut summaries = BTreeMap::new();
        for file in self.tables.into_iter().flatten() {
            let (name, summary) = file.finish()?;
            summaries.insert(name, summary);
        }
        Ok(summaries)
    }
}

/// One table's file.
struct TableFile {
    name: String,
    path: PathBuf,
    out: TableOutput,
    hash: TableHash,
}

enum TableOutput {
    Ndjson(BufWriter<File>),
    Csv(Box<CsvTable>),
}

impl TableFile {
    fn create(
        folder: &Path,
        table: &livefire_schema::table::Table,
        format: Format,
    ) -> Result<Self, WriteError> {
        let extension = match format {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        };
        let path = folder.join(format!("{}.{extension}", table.name));
        let file = File::create(&path).map_err(|error| io_error(&path, error))?;
        let out = match format {
            Format::Ndjson => TableOutput::Ndjson(BufWriter::with_capacity(1 << 18, file)),
            Format::Csv => {
                let csv = CsvTable::new(table, file).map_err(|error| io_error(&path, error))?;
                TableOutput::Csv(Box::new(csv))
            }
        };
        Ok(TableFile {
            name: table.name.clone(),
            path,
            out,
            hash: TableHash::default(),
        })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        self.hash.add(line);
        let written = match &mut self.out {
            TableOutput::Ndjson(out) => out.write_all(line).and_then(|()| out.write_all(b"\n")),
            TableOutput::Csv(out) => out.line(line),
        };
        written.map_err(|error| io_error(&self.path, error))
    }

    fn finish(self) -> Result<(String, TableSummary), WriteError> {
        let flushed = match self.out {
            TableOutput::Ndjson(mut out) => out.flush(),
            TableOutput::Csv(mut out) => out.flush(),
        };
        flushed.map_err(|error| io_error(&self.path, error))?;
        let summary = TableSummary {
            rows: self.hash.rows(),
            hash: self.hash.text(),
        };
        Ok((self.name, summary))
    }
}

#[cfg(test)]
mod tests;
