//! Alert files that `score` reads: ours, or anybody's with the few fields that scoring needs.
//!
//! A line needs `id`, `rule`, `time` and `evidence`; of a rule that is not ours also `threshold`.
//! Evidence is what decides: the `_ItemId` of each row that the rule counted. Everything else has
//! a default, so that an export of a SIEM needs a line of `jq`, not a program.

use std::fs;
use std::path::Path;

use livefire_labels::LabelBook;
use livefire_schema::alert::{
    Alert, Details, EvidenceRow, Mode, Semantics, Severity, Side, sort_alerts,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::rules::rule;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::exit::Failure;

/// Faulty lines that are told one by one.
const SAMPLES: usize = 10;

/// Reads alerts in the order in which everything downstream reads them; what a line leaves out of
/// its evidence rows, the labels may know.
///
/// # Errors
/// If the file cannot be read, or lines of it are no alerts.
pub(crate) fn read(path: &Path, book: &LabelBook) -> Result<Vec<Alert>, Failure> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::input(format!("{name}: there is no such file")),
        _ => Failure::input(format!("{name}: cannot be read: {error}")),
    })?;
    let mut alerts = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match alert(line, book) {
            Ok(alert) => alerts.push(alert),
            Err(why) => faults.push(format!("{name}:{}: no alert: {why}", index + 1)),
        }
    }
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(SAMPLES);
        faults.truncate(SAMPLES);
        if more > 0 {
            faults.push(format!("… {more} more"));
        }
        return Err(Failure::input(faults.join("\n")));
    }
    sort_alerts(&mut alerts);
    Ok(alerts)
}

/// One line; a message that names the field otherwise.
fn alert(line: &[u8], book: &LabelBook) -> Result<Alert, String> {
    let fields: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    from_fields(&fields, book)
}

/// An alert from the fields of a line, wherever they come from.
///
/// # Errors
/// A message that names the first faulty field.
pub(crate) fn from_fields(fields: &Map<String, Value>, book: &LabelBook) -> Result<Alert, String> {
    let fields = Fields(fields);
    let id: String = fields.required("id", "a text, unique in the file")?;
    let name: String = fields.required("rule", "the rule's name")?;
    let time: EventTime =
        fields.required("time", "when the last counted event happened, ISO 8601")?;
    let info = rule(name.split('@').next().unwrap_or(&name));
    let threshold = fields.optional("threshold", "a whole number")?;
    let threshold = threshold.or(info.map(|info| info.threshold)).ok_or(
        "`threshold` is missing: how many events the rule asks for; 1 where one row is enough",
    )?;
    let evidence = fields.evidence(time, book)?;
    let raised = fields.optional("raised", "ISO 8601")?;
    let seen = evidence.iter().map(|row| row.available).max();
    let raised = raised.unwrap_or_else(|| seen.unwrap_or(time).max(time));
    let window = TimeRange {
        start: time - info.map_or(TimeSpan::ZERO, |info| info.window),
        end: time,
    };
    let counted = u64::try_from(evidence.len()).unwrap_or(u64::MAX);
    Ok(Alert {
        id,
        mode: fields.or("mode", "streaming or binned", Mode::Streaming)?,
        semantics: fields.or(
            "semantics",
            "count, row_count, distinct, join, trigger or baseline",
            info.map_or(Semantics::Count, |info| info.semantics),
        )?,
        key: fields.or("key", "a text", String::new())?,
        threshold,
        level: fields.or("level", "a whole number", counted)?,
        window: fields.or("window", "an object with start and end", window)?,
        time,
        available: fields.or("available", "ISO 8601", raised)?,
        raised,
        severity: fields.or(
            "severity",
            "Informational, Low, Medium, High or Critical",
            info.map_or(Severity::Medium, |info| info.severity),
        )?,
        classes: fields.or("classes", "a list of texts", Vec::new())?,
        entities: fields.or(
            "entities",
            "a list of objects with kind and value",
            Vec::new(),
        )?,
        evidence,
        details: fields.or("details", "an object", Details::default())?,
        rule: name,
    })
}

/// The fields of a line or of an evidence row.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn optional<T: DeserializeOwned>(&self, name: &str, want: &str) -> Result<Option<T>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match T::deserialize(value) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(format!("`{name}`: {error}; write {want}")),
            },
        }
    }

    fn required<T: DeserializeOwned>(&self, name: &str, want: &str) -> Result<T, String> {
        let value = self.optional(name, want)?;
        value.ok_or_else(|| format!("`{name}` is missing: {want}"))
    }

    fn or<T: DeserializeOwned>(&self, name: &str, want: &str, default: T) -> Result<T, String> {
        Ok(self.optional(name, want)?.unwrap_or(default))
    }

    /// The rows that the rule counted: objects as ours, or just the `_ItemId` of each.
    fn evidence(&self, time: EventTime, book: &LabelBook) -> Result<Vec<EvidenceRow>, String> {
        const WANT: &str = "a list of the `_ItemId` of each row that the rule counted";
        let rows: Vec<Value> = self.required("evidence", WANT)?;
        let row = |value: &Value| match value {
            Value::String(item) => Ok(bare_row(ItemId::from_text(item), time, book)),
            Value::Object(fields) => full_row(&Fields(fields), time, book),
            _ => Err(format!("`evidence`: write {WANT}")),
        };
        rows.iter().map(row).collect()
    }
}

/// A row of which only the id is told: a labelled one is known, any other is an event of its own
/// at the alert's time.
fn bare_row(item: ItemId, time: EventTime, book: &LabelBook) -> EvidenceRow {
    let label = book.rows.get(&item);
    let table = book.group_of(item).map_or("", |group| &group.table);
    EvidenceRow {
        table: table.into(),
        item,
        event: label.map_or_else(|| EventId::from_item(item), |label| label.event),
        time: label.map_or(time, |label| label.time),
        available: label.map_or(time, |label| label.ingestion.max(label.time)),
        distinct: None,
        side: None,
    }
}

fn full_row(fields: &Fields<'_>, time: EventTime, book: &LabelBook) -> Result<EvidenceRow, String> {
    let bare = bare_row(fields.required("item", "the row's `_ItemId`")?, time, book);
    let time = fields.or("time", "ISO 8601", bare.time)?;
    let side: Option<Side> = fields.optional("side", "left or right")?;
    Ok(EvidenceRow {
        table: fields.or("table", "the table's name", bare.table)?,
        event: fields.or("event", "16 hexadecimal digits", bare.event)?,
        available: fields.or("available", "ISO 8601", bare.available.max(time))?,
        distinct: fields.optional("distinct", "the counted value's hash")?,
        item: bare.item,
        time,
        side,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(line: &str, want: &str) {
        let why = alert(line.as_bytes(), &LabelBook::default()).expect_err("is no alert");
        assert!(why.contains(want), "{why}");
    }

    const LEAST: &str = r#"{"id":"1","rule":"Mine","time":"2026-03-09T10:00:00Z","threshold":1,
        "evidence":["4d2651c6-6e88-4b22-a45a-ae8c3557488e"]}"#;

    #[test]
    fn few_fields_are_enough() {
        let read = alert(LEAST.as_bytes(), &LabelBook::default()).expect("is an alert");
        assert_eq!(read.raised, read.time);
        assert_eq!((read.level, read.semantics), (1, Semantics::Count));
        let ours = LEAST.replace("Mine", "R5").replace("\"threshold\":1,", "");
        let read = alert(ours.as_bytes(), &LabelBook::default()).expect("is an alert");
        assert_eq!((read.threshold, read.semantics), (5, Semantics::Distinct));
    }

    #[test]
    fn our_own_alerts_are_read_as_they_were_written() {
        let read = alert(LEAST.as_bytes(), &LabelBook::default()).expect("is an alert");
        let text = serde_json::to_vec(&read).expect("is JSON");
        assert_eq!(alert(&text, &LabelBook::default()), Ok(read));
    }

    #[test]
    fn faults_name_the_field_and_what_to_write() {
        refuses("{}", "`id` is missing");
        refuses("[1]", "invalid type");
        refuses(&LEAST.replace("10:00", "25:00"), "`time`: ");
        refuses(
            &LEAST.replace("\"threshold\":1,", ""),
            "`threshold` is missing",
        );
        refuses(
            &LEAST.replace("\"threshold\":1", "\"threshold\":\"x\""),
            "whole number",
        );
        refuses(
            &LEAST.replace("[\"", "\"").replace("\"]", "\""),
            "`evidence`",
        );
        refuses(
            &LEAST.replace("\"id\"", "\"mode\":\"hourly\",\"id\""),
            "streaming or binned",
        );
    }
}
