//! Reading logs that are not ours: NDJSON and CSV files of known tables, folders of them, stdin.
//!
//! Files are merged by ingestion time, a few hundred rows of each in memory at a time. Within a
//! file a row that goes back in ingestion time counts as arriving at the current clock. A line
//! that is no row is counted and the first few are kept as samples; only with
//! [`InputOptions::strict`] does it end the run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeSpan};

use crate::census::Census;
use crate::projected::Projected;
use crate::projector::Projector;
use source::Source;

mod files;
mod lines;
mod source;
#[cfg(test)]
mod tests;

/// How input is read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct InputOptions {
    /// Table of all files; without it the file's name, else each row's `Type`, says it.
    pub table: Option<TableId>,
    /// End at the first line that is no row.
    pub strict: bool,
}

/// Why input cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A file or folder cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file that was named itself is of no known kind.
    #[error("{path}: not NDJSON or CSV; name it *.ndjson, *.jsonl, *.json or *.csv")]
    Kind {
        /// The file.
        path: String,
    },
    /// A CSV file does not say which table it holds.
    #[error("{path}: `{stem}` is no known table{end}; rename the file or give --table")]
    Table {
        /// The file.
        path: String,
        /// Its name without ending.
        stem: String,
        /// `; did you mean …?` or nothing.
        end: String,
    },
    /// The rows say that they are of another table than the file's name.
    #[error("{path}:{line}: rows of `{found}` read as `{expected}`; {remedy}")]
    WrongTable {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// The table that rows name in `Type`.
        found: String,
        /// The table of the file.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A line is no row, and the run is strict.
    #[error("{0}")]
    Strict(UnreadableLine),
    /// A folder holds nothing to read.
    #[error("{path}: no NDJSON or CSV file of a known table in it")]
    Nothing {
        /// The folder.
        path: String,
    },
}

/// A line that is no row.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct UnreadableLine {
    /// The file, or `stdin`.
    pub path: Arc<str>,
    /// Line, from 1; of CSV the line on which the record begins.
    pub line: u64,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// What was read so far.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct InputSummary {
    /// Rows by table name.
    pub rows: BTreeMap<String, u64>,
    /// Lines that are no rows.
    pub unreadable: u64,
    /// The first few of them.
    pub samples: Vec<UnreadableLine>,
    /// Files of folders that were left out, with the reason.
    pub skipped: Vec<(String, String)>,
    /// Rows ingested before a row that was read earlier.
    pub disordered: u64,
    /// The furthest that such a row went back.
    pub furthest_back: TimeSpan,
    /// The latest ingestion time that was read.
    pub clock: Option<EventTime>,
    /// Which fields the first rows of each source have.
    pub census: Census,
}

/// Unreadable lines kept as samples.
const SAMPLES: usize = 5;

/// Rows of several sources in ingestion order.
pub struct Reader<'p> {
    projector: &'p Projector,
    schema: &'p Schema,
    options: InputOptions,
    sources: Vec<Source<'p>>,
    /// The next row of each source that has one: (ingestion, source).
    heads: BinaryHeap<Reverse<(EventTime, usize)>>,
    /// Source of the row given last; its next row is looked at before the merge goes on.
    given: Option<usize>,
    rows: Vec<u64>,
    summary: InputSummary,
}

impl<'p> Reader<'p> {
    /// Opens files, folders and `-` (stdin).
    ///
    /// # Errors
    /// [`InputError`] for the first path that cannot be read.
    pub fn open(
        paths: &[PathBuf],
        schema: &'p Schema,
        projector: &'p Projector,
        options: InputOptions,
    ) -> Result<Self, InputError> {
        let mut reader = Self::empty(schema, projector, options);
        for path in paths {
            if path.as_os_str() == "-" {
                reader.add_stream("stdin", Box::new(std::io::stdin()))?;
            } else {
                reader.add_path(path)?;
            }
        }
        Ok(reader)
    }

    /// A reader without sources.
    #[must_use]
    pub fn empty(schema: &'p Schema, projector: &'p Projector, options: InputOptions) -> Self {
        Reader {
            projector,
            schema,
            options,
            sources: Vec::new(),
            heads: BinaryHeap::new(),
            given: None,
            rows: vec![0; schema.iter().count()],
            summary: InputSummary::default(),
        }
    }

    /// Adds NDJSON lines from anywhere; the table is [`InputOptions::table`], else each row's
    /// `Type`.
    ///
    /// # Errors
    /// [`InputError`] if its first lines cannot be read.
    pub fn add_stream(&mut self, name: &str, stream: Box<dyn Read + 'p>) -> Result<(), InputError> {
        let source = Source::json(name, stream, self.options.table, self.options.strict);
        self.add(source)
    }

    fn add_path(&mut self, path: &Path) -> Result<(), InputError> {
        let found = files::find(path, self.schema, &self.options)?;
        self.summary.skipped.extend(found.skipped);
        for file in found.files {
            let source = Source::open(&file, self.options.strict, self.projector)?;
            self.add(source)?;
        }
        Ok(())
    }

    fn add(&mut self, source: Source<'p>) -> Result<(), InputError> {
        self.sources.push(source);
        self.look(self.sources.len() - 1)
    }

    /// The next row in ingestion order; `None` at the end.
    ///
    /// # Errors
    /// [`InputError`] if a file cannot be read on, or a line is no row and the run is strict.
    pub fn next_row(&mut self) -> Result<Option<Projected<'_>>, InputError> {
        if let Some(given) = self.given.take() {
            self.look(given)?;
        }
        let Some(Reverse((_, index))) = self.heads.pop() else {
            return Ok(None);
        };
        self.given = Some(index);
        let row = self.sources[index].take();
        if let Some(row) = row {
            self.rows[usize::from(row.table().0)] += 1;
            let clock = self.summary.clock.get_or_insert(row.ingestion());
            if row.ingestion() < *clock {
                self.summary.disordered += 1;
                let back = *clock - row.ingestion();
                self.summary.furthest_back = self.summary.furthest_back.max(back);
            }
            *clock = row.ingestion().max(*clock);
        }
        Ok(row)
    }

    /// Puts the next row of a source into the merge.
    fn look(&mut self, index: usize) -> Result<(), InputError> {
        let source = &mut self.sources[index];
        let head = source.head(self.projector, self.schema, &mut self.summary.census)?;
        let unreadable = source.take_unreadable();
        self.summary.unreadable += unreadable.count;
        let room = SAMPLES - self.summary.samples.len();
        self.summary
            .samples
            .extend(unreadable.samples.into_iter().take(room));
        if let Some(ingestion) = head {
            self.heads.push(Reverse((ingestion, index)));
        }
        Ok(())
    }

    /// What was read so far.
    #[must_use]
    pub fn summary(&self) -> InputSummary {
        let mut summary = self.summary.clone();
        for (table, &rows) in self.schema.iter().zip(&self.rows) {
            if rows > 0 {
                summary.rows.insert(table.1.name.clone(), rows);
            }
        }
        summary
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}
