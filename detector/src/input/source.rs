//! One stream of rows, read ahead a few hundred rows at a time.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use livefire_schema::row::{CsvBinding, FieldSet, Slot};
use livefire_schema::spec::or_list;
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::EventTime;

use super::files::LogFile;
use super::lines::{LONGEST, Lines, Step};
use super::{InputError, SAMPLES, UnreadableLine};
use crate::census::{Census, LOOKED_AT};
use crate::projected::{Projected, ProjectedBatch};
use crate::projector::{LineError, Projector};

/// Rows read ahead per source.
const AHEAD: usize = 256;

/// One file or stream.
pub(super) struct Source<'p> {
    name: Arc<str>,
    body: Body<'p>,
    batch: ProjectedBatch,
    /// Next row of the batch.
    cursor: usize,
    is_over: bool,
    clock: EventTime,
    unreadable: Unreadable,
    looked_at: u64,
    strict: bool,
}

/// Lines that are no rows: how many, and the first few since they were last asked for.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    pub(super) count: u64,
    pub(super) samples: Vec<UnreadableLine>,
}

enum Body<'p> {
    Json(Box<Json<'p>>),
    Csv(Box<Csv<'p>>),
}

struct Json<'p> {
    lines: Lines<'p>,
    table: Option<TableId>,
    /// Reads `Type` alone.
    kind: FieldSet,
    slot: Slot,
    /// The table is to be compared with the first row's `Type`.
    is_unsure: bool,
    /// The table was read off the file's name.
    is_guess: bool,
}

struct Csv<'p> {
    records: csv::Reader<Box<dyn Read + 'p>>,
    record: csv::ByteRecord,
    table: TableId,
    binding: CsvBinding<'p>,
    /// Column of `Type`, where the first row's is to be compared.
    kind: Option<usize>,
    /// The table was read off the file's name.
    is_guess: bool,
}

impl<'p> Source<'p> {
    /// NDJSON lines.
    pub(super) fn json(
        name: &str,
        stream: Box<dyn Read + 'p>,
        table: Option<TableId>,
        strict: bool,
    ) -> Self {
        let mut kind = FieldSet::new();
        let slot = kind.slot("Type");
        Self::new(
            name,
            Body::Json(Box::new(Json {
                lines: Lines::new(stream),
                table,
                kind,
                slot,
                is_unsure: table.is_some(),
                is_guess: false,
            })),
            strict,
        )
    }

    /// Opens a file.
    pub(super) fn open(
        file: &LogFile,
        strict: bool,
        projector: &'p Projector,
    ) -> Result<Self, InputError> {
        let name = file.path.display().to_string();
        let stream: Box<dyn Read + 'p> = match File::open(&file.path) {
            Ok(stream) => Box::new(stream),
            Err(error) => return Err(InputError::Io { path: name, error }),
        };
        match file.table {
            Some(table) if file.is_csv => {
                let csv = Csv::new(&name, stream, table, file.is_guess, projector)?;
                Ok(Self::new(&name, Body::Csv(Box::new(csv)), strict))
            }
            table => {
                let mut source = Self::json(&name, stream, table, strict);
                if let Body::Json(json) = &mut source.body {
                    json.is_unsure = table.is_some();
                    json.is_guess = file.is_guess;
                }
                Ok(source)
            }
        }
    }

    fn new(name: &str, body: Body<'p>, strict: bool) -> Self {
        Source {
            name: Arc::from(name),
            body,
            batch: ProjectedBatch::new(),
            cursor: 0,
            is_over: false,
            clock: EventTime::MIN,
            unreadable: Unreadable::default(),
            looked_at: 0,
            strict,
        }
    }

    /// Ingestion time of the next row, never before that of an earlier one; `None` at the end.
    pub(super) fn head(
        &mut self,
        projector: &Projector,
        schema: &Schema,
        census: &mut Census,
    ) -> Result<Option<EventTime>, InputError> {
        while self.cursor >= self.batch.len() {
            if self.is_over {
                return Ok(None);
            }
            self.refill(projector, schema, census)?;
        }
        let row = self.batch.get(self.cursor);
        let ingestion = row.map_or(EventTime::MIN, |row| row.ingestion());
        self.clock = self.clock.max(ingestion);
        Ok(Some(self.clock))
    }

    /// The row that [`Source::head`] looked at.
    pub(super) fn take(&mut self) -> Option<Projected<'_>> {
        self.cursor += 1;
        self.batch.get(self.cursor - 1)
    }

    /// Lines found unreadable since the last call.
    pub(super) fn take_unreadable(&mut self) -> Unreadable {
        std::mem::take(&mut self.unreadable)
    }

    fn refill(
        &mut self,
        projector: &Projector,
        schema: &Schema,
        census: &mut Census,
    ) -> Result<(), InputError> {
        self.batch.clear();
        self.cursor = 0;
        while self.batch.len() < AHEAD {
            let step = match &mut self.body {
                Body::Json(json) => json.step(projector, schema, &self.name, &mut self.batch),
                Body::Csv(csv) => csv.step(projector, schema, &self.name, &mut self.batch),
            };
            match step? {
                Outcome::Row if self.looked_at < LOOKED_AT => {
                    self.looked_at += 1;
                    self.body.look(projector, &self.batch, census);
                }
                Outcome::Row => {}
                Outcome::Unreadable(line, message) => self.refuse(line, message)?,
                Outcome::End => {
                    self.is_over = true;
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Source<'_> {
    fn refuse(&mut self, line: u64, message: String) -> Result<(), InputError> {
        let path = Arc::clone(&self.name);
        let line = UnreadableLine {
            path,
            line,
            message,
        };
        if self.strict {
            return Err(InputError::Strict(line));
        }
        self.unreadable.count += 1;
        if self.unreadable.samples.len() < SAMPLES {
            self.unreadable.samples.push(line);
        }
        Ok(())
    }
}

/// What one step read.
enum Outcome {
    Row,
    Unreadable(u64, String),
    End,
}

impl Body<'_> {
    /// Counts the fields of the row that was just added to the batch.
    fn look(&self, projector: &Projector, batch: &ProjectedBatch, census: &mut Census) {
        let Some(last) = batch.len().checked_sub(1).and_then(|last| batch.get(last)) else {
            return;
        };
        let table = last.table();
        match self {
            Body::Json(json) => {
                if let Ok(row) = projector.fields(table).read_json(json.lines.line()) {
                    projector.look(table, &row, census);
                }
            }
            Body::Csv(csv) => {
                let cells = csv.record.iter().map(std::str::from_utf8);
                if let Ok(cells) = cells.collect::<Result<Vec<&str>, _>>() {
                    projector.look(table, &csv.binding.read(cells.into_iter()), census);
                }
            }
        }
    }
}

impl Json<'_> {
    fn step(
        &mut self,
        projector: &Projector,
        schema: &Schema,
        name: &str,
        batch: &mut ProjectedBatch,
    ) -> Result<Outcome, InputError> {
        let step = self.lines.advance().map_err(|error| io(name, error))?;
        let number = self.lines.number();
        match step {
            Step::End => return Ok(Outcome::End),
            Step::TooLong => {
                let message = format!("line longer than {} MiB", LONGEST >> 20);
                return Ok(Outcome::Unreadable(number, message));
            }
            Step::Line => {}
        }
        let line = self.lines.line();
        if self.is_unsure {
            let row = self.kind.read_json(line);
            let kind = row.as_ref().ok().and_then(|row| row.text(self.slot));
            check_table(kind, self.table, self.is_guess, schema, (name, number))?;
            self.is_unsure = row.is_err();
        }
        let table = match self.table {
            Some(table) => table,
            None => match self.stated_table(line, schema) {
                Ok(table) => table,
                Err(message) => return Ok(Outcome::Unreadable(number, message)),
            },
        };
        Ok(match projector.project(table, line, batch) {
            Ok(()) => Outcome::Row,
            Err(error) => Outcome::Unreadable(number, error.to_string()),
        })
    }

    fn stated_table(&self, line: &[u8], schema: &Schema) -> Result<TableId, String> {
        let row = self
            .kind
            .read_json(line)
            .map_err(|error| LineError::syntax(&error).to_string())?;
        let Some(kind) = row.text(self.slot) else {
            return Err("no `Type` that names the table; add it, or give --table".to_owned());
        };
        schema.find(kind).ok_or_else(|| {
            let names: Vec<&str> = schema
                .iter()
                .map(|(_, table)| table.name.as_str())
                .collect();
            let end = or_list(kind, "tables", names);
            let kind: String = kind.chars().take(60).collect();
            format!("`Type` names no known table: `{kind}`{end}")
        })
    }
}

impl<'p> Csv<'p> {
    fn new(
        name: &str,
        stream: Box<dyn Read + 'p>,
        table: TableId,
        is_guess: bool,
        projector: &'p Projector,
    ) -> Result<Self, InputError> {
        let mut records = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
        let header = records.headers().map_err(|error| io(name, error.into()))?;
        let columns: Vec<&str> = header.iter().collect();
        let kind = columns.iter().position(|column| *column == "Type");
        let binding = projector.bind_csv(table, &columns);
        Ok(Csv {
            binding,
            kind,
            is_guess,
            records,
            record: csv::ByteRecord::new(),
            table,
        })
    }

    fn step(
        &mut self,
        projector: &Projector,
        schema: &Schema,
        name: &str,
        batch: &mut ProjectedBatch,
    ) -> Result<Outcome, InputError> {
        let number = self.records.position().line();
        match self.records.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(Outcome::End),
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) => return Err(io(name, error)),
                other => return Ok(Outcome::Unreadable(number, format!("no record: {other:?}"))),
            },
        }
        let number = self.record.position().map_or(number, csv::Position::line);
        let cells: Result<Vec<&str>, _> = self.record.iter().map(std::str::from_utf8).collect();
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => return Ok(Outcome::Unreadable(number, format!("no row: {error}"))),
        };
        if let Some(kind) = self.kind.take() {
            let kind = cells.get(kind).copied();
            check_table(
                kind,
                Some(self.table),
                self.is_guess,
                schema,
                (name, number),
            )?;
        }
        let row = self.binding.read(cells.into_iter());
        let line = self.record.as_slice();
        Ok(match projector.project_row(self.table, &row, line, batch) {
            Ok(()) => Outcome::Row,
            Err(error) => Outcome::Unreadable(number, error.to_string()),
        })
    }
}

/// A row that names another known table stands in the wrong file.
fn check_table(
    kind: Option<&str>,
    table: Option<TableId>,
    is_guess: bool,
    schema: &Schema,
    (name, line): (&str, u64),
) -> Result<(), InputError> {
    let (Some(kind), Some(table)) = (kind, table) else {
        return Ok(());
    };
    if schema.find(kind).is_none_or(|found| found == table) {
        return Ok(());
    }
    Err(InputError::WrongTable {
        path: name.to_owned(),
        line,
        found: kind.to_owned(),
        expected: schema.table(table).name.clone(),
        remedy: if is_guess {
            "rename the file, or give --table"
        } else {
            "leave out --table, or give the table that they name"
        },
    })
}

fn io(name: &str, error: std::io::Error) -> InputError {
    InputError::Io {
        path: name.to_owned(),
        error,
    }
}
