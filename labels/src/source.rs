//! The event source: a stream of log lines in ingestion order, with labels beside them.
//!
//! Two implementations exist: the generator, and files. Nothing downstream may assume that rows
//! without a label are ours.

use std::sync::Arc;

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::table::TableId;
use livefire_schema::time::EventTime;

use crate::book::{Campaign, GroupIndex, LabelGroup, LogExtent};

/// One line of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchRow {
    /// Table that the line belongs to.
    pub table: TableId,
    /// First byte of the line in [`Batch::bytes`].
    pub start: usize,
    /// One past the line's last byte (its newline is not part of it).
    pub end: usize,
    /// Ingestion time; rows of a source never go back in it.
    pub ingestion: EventTime,
    /// Event time of the row, before any fault changed its text.
    pub time: EventTime,
    /// The delivered row.
    pub item: ItemId,
    /// The event that the row reports.
    pub event: EventId,
    /// Its label group; `None` for a plainly benign or unlabelled row.
    pub group: Option<GroupIndex>,
    /// Whether a telemetry fault made the line unreadable.
    pub malformed: bool,
}

/// Some consecutive lines of the stream, NDJSON without newlines between ranges being assumed.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The lines' bytes.
    pub bytes: Vec<u8>,
    /// The lines in ingestion order.
    pub rows: Vec<BatchRow>,
    /// The ingestion clock after this batch: no later row is ingested before it.
    pub clock: EventTime,
}

impl Batch {
    /// Empties the batch, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }

    /// The bytes of a row of this batch.
    #[must_use]
    pub fn line(&self, row: &BatchRow) -> &[u8] {
        self.bytes.get(row.start..row.end).unwrap_or(&[])
    }
}

impl Default for BatchRow {
    fn default() -> Self {
        BatchRow {
            table: TableId(0),
            start: 0,
            end: 0,
            ingestion: EventTime::MIN,
            time: EventTime::MIN,
            item: ItemId(0),
            event: EventId(0),
            group: None,
            malformed: false,
        }
    }
}

/// Why a source cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line or file is not what its table asks for.
    #[error("{path}:{line}: {message}")]
    Line {
        /// The file.
        path: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// The source's own plan is impossible.
    #[error("{0}")]
    Plan(String),
}

/// A stream of log lines in ingestion order.
pub trait EventSource {
    /// Fills `batch` with the next lines; `false` at the end, with an empty batch.
    ///
    /// # Errors
    /// [`SourceError`] where the stream cannot go on; nothing already given becomes invalid.
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError>;

    /// Reference data that rules may read.
    fn reference(&self) -> Arc<Reference>;

    /// Label groups known so far; indices never change, later calls may return more.
    fn groups(&self) -> &[LabelGroup];

    /// Campaigns; final once the stream has ended.
    fn campaigns(&self) -> Vec<Campaign>;

    /// What events carried that no log shows, by campaign and time; most sources know of none.
    fn payloads(&self) -> Vec<crate::payload::Payload> {
        Vec::new()
    }

    /// What the log covers; final once the stream has ended.
    fn extent(&self) -> LogExtent;
}
