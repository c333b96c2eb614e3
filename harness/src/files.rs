//! A folder of NDJSON logs as an event source, with the truth of its `labels/` where it has one.
//!
//! One file a table (`SigninLogs.ndjson`), each in the order of ingestion as exports are; they are
//! merged line by line, so memory does not grow with the log. Rows without a label are *unlabelled*,
//! not ours; where the labels bring a proof of coverage, it is checked at the end.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_labels::io::{self, Coverage, CoverageAccumulator};
use livefire_labels::{
    Batch, BatchRow, Campaign, EventSource, LabelBook, LabelGroup, LogExtent, SourceError,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::{self, Reference};
use livefire_schema::row::{FieldSet, Slot};
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeRange};

/// Rows of one batch.
const ROWS_PER_BATCH: usize = 4096;

/// A folder of NDJSON files, one a table.
#[derive(Debug)]
pub struct FileSource {
    files: Vec<TableFile>,
    book: LabelBook,
    extent: LogExtent,
    reference: Arc<Reference>,
    covered: Option<Coverage>,
    found: CoverageAccumulator,
    names: Vec<String>,
    has_labels: bool,
}

#[derive(Debug)]
struct TableFile {
    path: PathBuf,
    table: TableId,
    lines: BufReader<File>,
    fields: Fields,
    number: u64,
    line: Vec<u8>,
    head: Option<BatchRow>,
    clock: EventTime,
    repeats: u64,
}

#[derive(Debug)]
struct Fields {
    set: FieldSet,
    time: Slot,
    ingestion: Slot,
    received: Slot,
    item: Slot,
    event: Option<Slot>,
}

impl FileSource {
    /// Opens the files of a folder, with its `labels/` and `reference/` where they exist.
    ///
    /// # Errors
    /// [`SourceError`] if the folder holds no NDJSON file of a known table, or one of its files
    /// cannot be read.
    pub fn open(folder: &Path, schema: &Schema) -> Result<Self, SourceError> {
        let mut files = Vec::new();
        for (id, table) in schema.iter() {
            let path = folder.join(format!("{}.ndjson", table.name));
            if path.is_file() {
                let mut file = TableFile::open(path, id, Fields::new(schema, id))?;
                file.advance()?;
                files.push(file);
            }
        }
        if files.is_empty() {
            return Err(SourceError::Plan(format!(
                "{}: holds no `<Table>.ndjson` of a known table",
                folder.display()
            )));
        }
        let labels = folder.join("labels");
        let has_labels = labels.join(io::CAMPAIGNS).is_file();
        let plan = |error: &dyn std::fmt::Display| SourceError::Plan(error.to_string());
        let (book, extent, covered) = if has_labels {
            let read = io::read(&labels).map_err(|error| plan(&error))?;
            (read.book, read.extent, read.coverage)
        } else {
            (LabelBook::default(), unknown_extent(folder), None)
        };
        let tables = folder.join("reference");
        let reference = if tables.is_dir() {
            reference::io::read(&tables).map_err(|error| plan(&error))?
        } else {
            Reference::default()
        };
        Ok(FileSource {
            files,
            book,
            extent,
            reference: Arc::new(reference),
            covered,
            found: CoverageAccumulator::default(),
            names: schema.iter().map(|(_, table)| table.name.clone()).collect(),
            has_labels,
        })
    }

    /// Whether the folder brought labels.
    #[must_use]
    pub fn has_labels(&self) -> bool {
        self.has_labels
    }

    fn verify(&self) -> Result<(), SourceError> {
        let Some(covered) = &self.covered else {
            return Ok(());
        };
        let name = |table: TableId| {
            self.names
                .get(usize::from(table.0))
                .cloned()
                .unwrap_or_default()
        };
        let found = self.found.finish(name);
        covered
            .verify(&found)
            .map_err(|error| SourceError::Plan(error.to_string()))
    }
}

/// A log without labels is scored nowhere: its extent is all of time.
fn unknown_extent(folder: &Path) -> LogExtent {
    let all = TimeRange {
        start: EventTime::MIN,
        end: EventTime::MAX,
    };
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    LogExtent {
        scenario: name.to_string_lossy().into_owned(),
        seed: None,
        log: all,
        scored: all,
        requests: 0,
    }
}

impl Fields {
    fn new(schema: &Schema, id: TableId) -> Self {
        let table = schema.table(id);
        let mut set = FieldSet::new();
        Fields {
            time: set.slot(&table.time_column),
            ingestion: set.slot("IngestionTime"),
            received: set.slot("_TimeReceived"),
            item: set.slot("_ItemId"),
            event: table.duplicate_key.as_deref().map(|path| set.slot(path)),
            set,
        }
    }
}

impl TableFile {
    fn open(path: PathBuf, table: TableId, fields: Fields) -> Result<Self, SourceError> {
        let file = File::open(&path).map_err(|error| SourceError::Io {
            path: path.display().to_string(),
            error,
        })?;
        Ok(TableFile {
            path,
            table,
            lines: BufReader::with_capacity(1 << 18, file),
            fields,
            number: 0,
            line: Vec::new(),
            head: None,
            clock: EventTime::MIN,
            repeats: 0,
        })
    }

    /// Reads the next line that is not blank; an unreadable one stands where it was found.
    fn advance(&mut self) -> Result<(), SourceError> {
        loop {
            let before = std::mem::take(&mut self.line);
            self.line.reserve(before.len());
            let read = self.lines.read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| SourceError::Io {
                path: format!("{}:{}", self.path.display(), self.number + 1),
                error,
            })?;
            if read == 0 {
                self.head = None;
                return Ok(());
            }
            self.number += 1;
            // Only the line's end goes: a damaged line is known by its bytes, spaces included.
            for end in [b'\n', b'\r'] {
                if self.line.last() == Some(&end) {
                    self.line.pop();
                }
            }
            if self.line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.repeats = if before == self.line {
                self.repeats + 1
            } else {
                0
            };
            self.head = Some(self.row());
            return Ok(());
        }
    }

    fn row(&mut self) -> BatchRow {
        let own = ItemId::hashed(&self.line, self.repeats);
        let read = self.fields.set.read_json(&self.line).ok();
        let fields = &self.fields;
        let time = read.as_ref().and_then(|row| row.time(fields.time));
        let stated = read.as_ref().and_then(|row| {
            row.time(fields.ingestion)
                .or_else(|| row.time(fields.received))
        });
        let item = read.as_ref().and_then(|row| row.text(fields.item));
        let item = item.map_or(own, ItemId::from_text);
        let event = fields.event.and_then(|slot| read.as_ref()?.text(slot));
        let event = event.map_or_else(|| EventId::from_item(item), EventId::from_text);
        // A row that goes back in ingestion time counts as arriving now.
        self.clock = self.clock.max(stated.or(time).unwrap_or(self.clock));
        BatchRow {
            table: self.table,
            start: 0,
            end: self.line.len(),
            ingestion: self.clock,
            time: time.unwrap_or(self.clock),
            item,
            event,
            group: None,
            malformed: time.is_none(),
        }
    }
}

impl EventSource for FileSource {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        while batch.rows.len() < ROWS_PER_BATCH {
            // Few files: a scan for the earliest is as fast as a heap.
            let heads = self.files.iter().enumerate();
            let next = heads
                .filter_map(|(index, file)| Some((file.head?.ingestion, index)))
                .min();
            let Some((_, index)) = next else { break };
            let file = &mut self.files[index];
            let Some(mut row) = file.head.take() else {
                break;
            };
            row.start = batch.bytes.len();
            batch.bytes.extend_from_slice(&file.line);
            row.end = batch.bytes.len();
            if let Some(label) = self.book.rows.get(&row.item) {
                // The truth also knows what a damaged line no longer says.
                (row.group, row.event, row.time) = (Some(label.group), label.event, label.time);
            }
            self.found.add_row(&row);
            batch.clock = batch.clock.max(row.ingestion);
            batch.rows.push(row);
            file.advance()?;
        }
        if batch.rows.is_empty() {
            self.verify()?;
        }
        Ok(!batch.rows.is_empty())
    }

    fn reference(&self) -> Arc<Reference> {
        Arc::clone(&self.reference)
    }

    fn groups(&self) -> &[LabelGroup] {
        &self.book.groups
    }

    fn campaigns(&self) -> Vec<Campaign> {
        self.book.campaigns.clone()
    }

    fn extent(&self) -> LogExtent {
        self.extent.clone()
    }
}
