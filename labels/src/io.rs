//! The `labels/` folder: ground truth on disk, apart from the logs.
//!
//! - `rows.csv`: one line per labelled row; rows that are plainly benign have none
//! - `campaigns.json`: the campaigns; `extent.json`: what the log covers
//! - `coverage.csv`: rows per table and hour of ingestion, with a check sum over their items, which
//!   proves that every row without a label is ours ([`coverage`])
//!
//! Each file is written under a temporary name and renamed when complete, so none is ever partial
//! under its final name. Errors name file and line.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::book::{Campaign, LabelBook, LogExtent};

pub mod coverage;
mod rows;

pub use coverage::{Coverage, CoverageAccumulator, CoverageError};

/// File of the labelled rows.
pub const ROWS: &str = "rows.csv";
/// File of the campaigns.
pub const CAMPAIGNS: &str = "campaigns.json";
/// File of the extent.
pub const EXTENT: &str = "extent.json";
/// File of the coverage.
pub const COVERAGE: &str = "coverage.csv";

/// What a `labels/` folder holds.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Campaigns, groups and labelled rows.
    pub book: LabelBook,
    /// What the log covers.
    pub extent: LogExtent,
    /// The proof of coverage; nothing where the folder has none, as with labels made by hand.
    pub coverage: Option<Coverage>,
}

/// Why labels cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line is not what the format asks for.
    #[error("{path}:{line}: {message}")]
    Line {
        /// The file.
        path: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// A book refers to a group or campaign that it does not hold.
    #[error("row {item} refers to {what}, which the label book does not hold")]
    Dangling {
        /// The row.
        item: livefire_schema::ids::ItemId,
        /// What is missing.
        what: String,
    },
}

impl LabelError {
    fn io(path: &Path, error: std::io::Error) -> Self {
        LabelError::Io {
            path: path.display().to_string(),
            error,
        }
    }

    fn line(path: &Path, line: u64, message: impl Into<String>) -> Self {
        LabelError::Line {
            path: path.display().to_string(),
            line,
            message: message.into(),
        }
    }

    fn csv(path: &Path, error: csv::Error) -> Self {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::io(path, error),
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => Self::line(
                path,
                line,
                format!("{len} fields; write the {expected_len} that the header names"),
            ),
            csv::ErrorKind::Utf8 { .. } => {
                Self::line(path, line, "not UTF-8; write the file in UTF-8")
            }
            other => Self::line(path, line, format!("{other:?}")),
        }
    }
}

/// Writes a `labels/` folder, creating it if need be; rows are sorted by (ingestion, item).
///
/// # Errors
/// [`LabelError`] if a file cannot be written, or the book refers to what it does not hold.
pub fn write(
    folder: &Path,
    book: &LabelBook,
    extent: &LogExtent,
    coverage: Option<&Coverage>,
) -> Result<(), LabelError> {
    fs::create_dir_all(folder).map_err(|error| LabelError::io(folder, error))?;
    write_whole(&folder.join(ROWS), |out, path| rows::write(out, path, book))?;
    write_json(&folder.join(CAMPAIGNS), &book.campaigns)?;
    write_json(&folder.join(EXTENT), extent)?;
    if let Some(coverage) = coverage {
        write_whole(&folder.join(COVERAGE), |out, path| {
            coverage::write(out, path, coverage)
        })?;
    }
    Ok(())
}

/// Reads a `labels/` folder.
///
/// # Errors
/// [`LabelError`] naming file and line of the first fault; a missing `coverage.csv` is none.
pub fn read(folder: &Path) -> Result<Labels, LabelError> {
    let campaigns: Vec<Campaign> = read_json(&folder.join(CAMPAIGNS))?;
    let extent: LogExtent = read_json(&folder.join(EXTENT))?;
    let book = rows::read(&folder.join(ROWS), campaigns)?;
    let path = folder.join(COVERAGE);
    let coverage = if path.exists() {
        Some(coverage::read(&path)?)
    } else {
        None
    };
    Ok(Labels {
        book,
        extent,
        coverage,
    })
}

type Output = BufWriter<File>;

/// Writes a file under a temporary name beside it and renames it; a failure leaves no file.
fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut Output, &Path) -> Result<(), LabelError>,
) -> Result<(), LabelError> {
    let partial = partial_name(path);
    let written = (|| {
        let file = File::create(&partial).map_err(|error| LabelError::io(&partial, error))?;
        let mut out = BufWriter::new(file);
        content(&mut out, path)?;
        let flushed = out.flush();
        flushed.map_err(|error| LabelError::io(&partial, error))?;
        fs::rename(&partial, path).map_err(|error| LabelError::io(path, error))
    })();
    if written.is_err() {
        // the first fault is the one to report, whether or not the rest can be removed
        let _ = fs::remove_file(&partial);
    }
    written
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".partial");
    path.with_file_name(name)
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), LabelError> {
    write_whole(path, |out, path| {
        serde_json::to_writer_pretty(&mut *out, value)
            .map_err(|error| LabelError::io(path, error.into()))?;
        let ended = out.write_all(b"\n");
        ended.map_err(|error| LabelError::io(path, error))
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LabelError> {
    let bytes = fs::read(path).map_err(|error| LabelError::io(path, error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| LabelError::line(path, error.line() as u64, error.to_string()))
}

/// A CSV file with a header, read line by line.
struct Table {
    reader: csv::Reader<File>,
    path: PathBuf,
    columns: Vec<usize>,
}

impl Table {
    /// Opens a file and finds the wanted columns by name.
    fn open(path: &Path, wanted: &[&str]) -> Result<Self, LabelError> {
        let file = File::open(path).map_err(|error| LabelError::io(path, error))?;
        let mut reader = csv::Reader::from_reader(file);
        let header = reader
            .headers()
            .map_err(|error| LabelError::csv(path, error))?;
        let columns = wanted
            .iter()
            .map(|name| {
                let found = header.iter().position(|column| column == *name);
                found.ok_or_else(|| {
                    let message = format!(
                        "column `{name}` is missing; write the header {}",
                        wanted.join(",")
                    );
                    LabelError::line(path, 1, message)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Table {
            reader,
            path: path.to_owned(),
            columns,
        })
    }

    /// Gives each line to `read`, which returns what is wrong with it.
    fn each(
        mut self,
        mut read: impl FnMut(&[&str]) -> Result<(), String>,
    ) -> Result<(), LabelError> {
        let mut record = csv::StringRecord::new();
        loop {
            let more = self.reader.read_record(&mut record);
            if !more.map_err(|error| LabelError::csv(&self.path, error))? {
                return Ok(());
            }
            let fields: Vec<&str> = self.columns.iter().map(|&at| &record[at]).collect();
            let line = record.position().map_or(0, csv::Position::line);
            read(&fields).map_err(|message| LabelError::line(&self.path, line, message))?;
        }
    }
}
