//! NDJSON lines → CSV records with the columns of a table's definition.
//!
//! A line that is no JSON object (a telemetry fault) becomes a record of one cell: as unreadable
//! there as it was before. Text that a spreadsheet would take for a formula gets an apostrophe.

use std::fs::File;
use std::io;

use livefire_schema::table::Table;
use serde_json::{Map, Value};

/// One table's CSV file.
pub(super) struct CsvTable {
    writer: csv::Writer<File>,
    columns: Vec<String>,
    record: Vec<String>,
}

impl CsvTable {
    /// Starts the file with its header.
    pub(super) fn new(table: &Table, file: File) -> io::Result<Self> {
        let mut columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        for added in ["_ItemId", "IngestionTime"] {
            if !columns.iter().any(|column| column == added) {
                columns.push(added.to_owned());
            }
        }
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_writer(file);
        writer.write_record(&columns)?;
        Ok(CsvTable {
            writer,
            columns,
            record: Vec::new(),
        })
    }

    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.record.clear();
        match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(row) => {
                let cells = self.columns.iter().map(|column| cell(row.get(column)));
                self.record.extend(cells);
            }
            Err(_) => self.record.push(guarded(&String::from_utf8_lossy(line))),
        }
        self.writer.write_record(&self.record)?;
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => guarded(text),
        Some(other) => other.to_string(),
    }
}

/// Text with an apostrophe where a spreadsheet would run it.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_nulls_are_empty() {
        for text in ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1"] {
            assert_eq!(cell(Some(&text.into())), format!("'{text}"));
        }
        assert_eq!(cell(Some(&"plain".into())), "plain");
        assert_eq!(cell(Some(&Value::Null)), "");
        assert_eq!(cell(None), "");
        assert_eq!(cell(Some(&(-3).into())), "-3");
        let nested = serde_json::json!({"a": "=1"});
        assert_eq!(cell(Some(&nested)), "{\"a\":\"=1\"}");
    }
}
