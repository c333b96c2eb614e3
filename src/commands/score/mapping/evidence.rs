//! Ids in an export's evidence, and the rows that they mean.
//!
//! An id names a row (`_ItemId`), or an event that rows report (a request, an alert): then it means
//! the first row of it that arrived. Logs know every row; labels alone only those of attacks and
//! look-alikes, so that an id that they do not know is somebody's ordinary row.

use std::path::Path;

use livefire_harness::FileSource;
use livefire_labels::{Batch, EventSource, LabelBook};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use crate::exit::Failure;

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IdKind {
    /// A row.
    Item,
    /// What rows report.
    Event,
}

/// One id as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reference {
    pub(super) kind: IdKind,
    pub(super) text: String,
}

impl Reference {
    pub(super) fn new(kind: IdKind, text: String) -> Self {
        Reference { kind, text }
    }

    fn item(&self) -> ItemId {
        ItemId::from_text(&self.text)
    }

    fn event(&self) -> EventId {
        EventId::from_text(&self.text)
    }
}

/// A row that is known.
#[derive(Clone, Debug)]
struct Found {
    table: String,
    item: ItemId,
    event: EventId,
    time: EventTime,
    ingestion: EventTime,
}

/// Rows by what names them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    items: FxHashMap<ItemId, Found>,
    events: FxHashMap<EventId, Found>,
    /// Whether every row of the log was looked at.
    all: bool,
}

impl Rows {
    /// Looks ids up in the labels and, where they stand beside, in the logs.
    ///
    /// # Errors
    /// If the logs cannot be read.
    pub(super) fn find<'a>(
        wanted: impl Iterator<Item = &'a Reference>,
        folder: &Path,
        book: &LabelBook,
        schema: &Schema,
    ) -> Result<Rows, Failure> {
        let (mut items, mut events) = (FxHashSet::default(), FxHashSet::default());
        for reference in wanted {
            match reference.kind {
                IdKind::Item => items.insert(reference.item()),
                IdKind::Event => events.insert(reference.event().0),
            };
        }
        let has_logs = folder.join("ContainerLogV2.ndjson").is_file();
        let mut rows = Rows {
            all: has_logs,
            ..Rows::default()
        };
        let mut add = |found: Found| {
            if items.contains(&found.item) {
                rows.items
                    .entry(found.item)
                    .or_insert_with(|| found.clone());
            }
            if events.contains(&found.event.0) {
                rows.events.entry(found.event).or_insert(found);
            }
        };
        if has_logs {
            in_logs(folder, schema, &mut add)?;
        } else {
            in_labels(book, &mut add);
        }
        Ok(rows)
    }

    /// Whether an id that is not known is in no row of the log.
    pub(super) fn are_all(&self) -> bool {
        self.all
    }

    fn get(&self, reference: &Reference) -> Option<&Found> {
        match reference.kind {
            IdKind::Item => self.items.get(&reference.item()),
            IdKind::Event => self.events.get(&reference.event()),
        }
    }

    /// Whether an id means a row.
    pub(super) fn knows(&self, reference: &Reference) -> bool {
        self.get(reference).is_some()
    }

    /// Evidence as a file of alerts has it; an id that is not known is a row of its own.
    pub(super) fn of(&self, references: &[Reference]) -> Value {
        let row = |reference: &Reference| match (self.get(reference), reference.kind) {
            (Some(found), _) => json!({
                "table": found.table,
                "item": found.item,
                "event": found.event,
                "time": found.time,
                "available": found.ingestion.max(found.time),
            }),
            (None, IdKind::Item) => json!({ "item": reference.item() }),
            (None, IdKind::Event) => json!({
                "item": reference.item(),
                "event": reference.event(),
            }),
        };
        references.iter().map(row).collect()
    }
}

fn in_logs(folder: &Path, schema: &Schema, add: &mut dyn FnMut(Found)) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::input(error.to_string());
    let mut source = FileSource::open(folder, schema).map_err(|error| wrong(&error))?;
    let mut batch = Batch::default();
    while source
        .next_batch(&mut batch)
        .map_err(|error| wrong(&error))?
    {
        for row in &batch.rows {
            add(Found {
                table: schema.table(row.table).name.clone(),
                item: row.item,
                event: row.event,
                time: row.time,
                ingestion: row.ingestion,
            });
        }
    }
    Ok(())
}

fn in_labels(book: &LabelBook, add: &mut dyn FnMut(Found)) {
    let mut labels: Vec<_> = book.rows.values().collect();
    labels.sort_unstable_by_key(|label| (label.ingestion, label.item));
    for label in labels {
        let group = book.group_of(label.item);
        add(Found {
            table: group.map_or_else(String::new, |group| group.table.clone()),
            item: label.item,
            event: label.event,
            time: label.time,
            ingestion: label.ingestion,
        });
    }
}
