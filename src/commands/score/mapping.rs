//! Alerts exported from a SIEM, read through a mapping: a YAML file that says which column is what.
//!
//! The mapping names columns, never rows; the export is then read as if it were a file of alerts.
//! Its evidence are ids of rows, or of what rows report (a request, an alert), which the log or its
//! labels turn into rows. Mappings for Sentinel's own tables are shipped (`PRESETS`).

mod cells;
mod evidence;
mod export;
mod file;

use std::path::Path;

use livefire_labels::LabelBook;
use livefire_schema::alert::{Alert, sort_alerts};
use livefire_schema::rules::rule;
use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use self::cells::{entities, severity, texts, time};
use self::evidence::{Reference, Rows};
use self::export::{Export, Row};
use self::file::{Column, Mapping};
use crate::alerts;
use crate::exit::Failure;
use crate::output::Output;
use crate::verdict::grouped;

/// Faulty cells that are told one by one.
const SAMPLES: usize = 10;

/// An alert of the export, before its evidence is looked up.
struct Draft {
    fields: Map<String, Value>,
    references: Vec<Reference>,
    place: String,
}

/// Reads an export through a mapping, named or a file; logs in `folder` tell what its ids are.
///
/// # Errors
/// Every fault of the mapping with its place; cells of the export that do not hold what the
/// mapping says they do, as `file:line:column`.
pub(super) fn read(
    path: &Path,
    mapping: &Path,
    folder: &Path,
    book: &LabelBook,
    schema: &Schema,
    output: Output,
) -> Result<Vec<Alert>, Failure> {
    let mapping = file::load(mapping)?;
    let mut drafts = drafts(path, &mapping)?;
    follow_alerts(path, &mapping, &mut drafts)?;
    let wanted = drafts.iter().flat_map(|draft| &draft.references);
    let rows = Rows::find(wanted, folder, book, schema)?;
    require_known(path, &mapping, &drafts, &rows, folder)?;
    remarks(&mapping, &drafts, &rows, output);
    let mut faults = Vec::new();
    let mut alerts = Vec::new();
    for draft in drafts {
        let found = rows.of(&draft.references);
        let mut fields = draft.fields;
        fields.insert("evidence".to_owned(), found);
        match alerts::from_fields(&fields, book) {
            Ok(alert) => alerts.push(alert),
            Err(why) => faults.push(format!("{}: no alert: {why}", draft.place)),
        }
    }
    told(faults)?;
    sort_alerts(&mut alerts);
    Ok(alerts)
}

/// Alerts of the export, of versions the newest, in the order of the file.
fn drafts(path: &Path, mapping: &Mapping) -> Result<Vec<Draft>, Failure> {
    let export = Export::read(path)?;
    mapping.check_columns(&export)?;
    let mut faults = Vec::new();
    let mut kept: Vec<(Option<EventTime>, Draft)> = Vec::new();
    let mut known: FxHashMap<String, usize> = FxHashMap::default();
    for row in export.rows.iter().filter(|row| mapping.keeps(row)) {
        let read = draft(row, mapping, &export.name).and_then(|draft| {
            let version = mapping.newest.as_ref();
            let version = version.map(|column| instant(row, column, "newest", &export.name));
            Ok((version.transpose()?, draft))
        });
        let (version, draft) = match read {
            Ok(read) => read,
            Err(why) => {
                faults.push(why);
                continue;
            }
        };
        let id = draft.fields["id"].to_string();
        match known.get(&id) {
            None => {
                known.insert(id, kept.len());
                kept.push((version, draft));
            }
            Some(&earlier) if version.is_some() => {
                if version >= kept[earlier].0 {
                    kept[earlier] = (version, draft);
                }
            }
            Some(&earlier) => faults.push(format!(
                "{}: the alert {id} was there before, at {}; where an export has a row for each \
                 version, write `newest: COLUMN` in the mapping",
                draft.place, kept[earlier].1.place
            )),
        }
    }
    told(faults)?;
    Ok(kept.into_iter().map(|(_, draft)| draft).collect())
}

/// One row; the message of its first fault otherwise.
fn draft(row: &Row, mapping: &Mapping, file: &str) -> Result<Draft, String> {
    let mut fields = Map::new();
    let id = one(row, &mapping.id, "id", file)?;
    let name = one(row, &mapping.rule, "rule", file)?;
    let own = mapping.rules.get(&name);
    let called = own.map_or(&name, |own| &own.rule);
    let is_ours = rule(called.split('@').next().unwrap_or(called)).is_some();
    let threshold = own.and_then(|own| own.threshold);
    let threshold = threshold.or(mapping.threshold.filter(|_| !is_ours));
    if threshold.is_none() && !is_ours {
        return Err(format!(
            "{}: nothing says how many events the rule `{name}` asks for; write in the mapping \
             `threshold: 1`, or `rules: {{ \"{name}\": {{ threshold: 3 }} }}`",
            row.place(&mapping.rule.path, file)
        ));
    }
    let at = instant(row, &mapping.time, "time", file)?;
    fields.insert("id".to_owned(), json!(id));
    fields.insert("rule".to_owned(), json!(called));
    fields.insert("time".to_owned(), json!(at));
    if let Some(threshold) = threshold {
        fields.insert("threshold".to_owned(), json!(threshold));
    }
    if let Some(column) = &mapping.raised
        && row.has(&column.path)
    {
        let raised = instant(row, column, "raised", file)?;
        fields.insert("raised".to_owned(), json!(raised.max(at)));
    }
    if let Some(column) = &mapping.severity
        && let Some(text) = texts(&row.values(&column.path)).first()
    {
        let place = || row.place(&column.path, file);
        let severity = severity(text).ok_or_else(|| {
            format!(
                "{}: `severity`: `{text}` is none; write Informational, Low, Medium, High or Critical",
                place()
            )
        })?;
        fields.insert("severity".to_owned(), json!(severity));
    }
    let entities = mapping.entities.as_ref();
    let entities = entities.map_or_else(Vec::new, |column| entities_of(row, column));
    let key = match &mapping.key {
        Some(column) => texts(&row.values(&column.path)).join(", "),
        None => {
            let values: Vec<&str> = entities.iter().map(|entity| &*entity.value).collect();
            values.join(", ")
        }
    };
    fields.insert("key".to_owned(), json!(key));
    fields.insert("entities".to_owned(), json!(entities));
    Ok(Draft {
        fields,
        references: references(row, mapping),
        place: format!("{file}:{}:1", row.line),
    })
}

fn entities_of(row: &Row, column: &Column) -> Vec<livefire_schema::alert::Entity> {
    entities(&row.values(&column.path))
}

/// What the row says it rests on.
fn references(row: &Row, mapping: &Mapping) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    for (kind, column) in &mapping.evidence {
        for text in texts(&row.values(&column.path)) {
            let reference = Reference::new(*kind, text);
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
    }
    references
}

/// A cell's only text.
fn one(row: &Row, column: &Column, field: &str, file: &str) -> Result<String, String> {
    let values = row.values(&column.path);
    match &values[..] {
        [Value::String(text)] if !text.trim().is_empty() => Ok(text.clone()),
        [Value::Number(number)] => Ok(number.to_string()),
        _ => Err(format!(
            "{}: `{field}` is taken from column `{}`, which holds no text here",
            row.place(&column.path, file),
            column.path
        )),
    }
}

fn instant(row: &Row, column: &Column, field: &str, file: &str) -> Result<EventTime, String> {
    let text = one(row, column, field, file)?;
    time(&text).ok_or_else(|| {
        format!(
            "{}: `{field}` is taken from column `{}`, and `{text}` is no time; write ISO 8601 \
             (2026-03-09T10:12:00Z), or what the Azure portal writes (3/9/2026, 10:12:00.000 AM)",
            row.place(&column.path, file),
            column.path
        )
    })
}

/// Incidents name alerts: puts in their place what these rest on, if their export lies beside.
fn follow_alerts(path: &Path, mapping: &Mapping, drafts: &mut [Draft]) -> Result<(), Failure> {
    let Some(stem) = &mapping.alerts else {
        return Ok(());
    };
    let ends = ["csv", "ndjson", "json"];
    let beside = ends.map(|end| path.with_file_name(format!("{stem}.{end}")));
    let Some(beside) = beside
        .into_iter()
        .find(|beside| beside.is_file() && beside != path)
    else {
        return Ok(());
    };
    let alerts = self::drafts(&beside, &file::load(Path::new("security_alert"))?)?;
    let mut rest: FxHashMap<String, Vec<Reference>> = FxHashMap::default();
    for alert in alerts {
        if let Some(id) = alert.fields["id"].as_str() {
            rest.insert(id.to_ascii_lowercase(), alert.references);
        }
    }
    for draft in drafts {
        let mut followed: Vec<Reference> = Vec::new();
        for reference in std::mem::take(&mut draft.references) {
            let meant = rest.get(&reference.text.to_ascii_lowercase());
            let meant = meant.map_or_else(|| vec![reference], Clone::clone);
            for reference in meant {
                if !followed.contains(&reference) {
                    followed.push(reference);
                }
            }
        }
        draft.references = followed;
    }
    Ok(())
}

/// Refuses an export of which no id is in the log: its score would be about the ids.
fn require_known(
    path: &Path,
    mapping: &Mapping,
    drafts: &[Draft],
    rows: &Rows,
    folder: &Path,
) -> Result<(), Failure> {
    let mut references = drafts.iter().flat_map(|draft| &draft.references);
    let Some(first) = references.clone().next() else {
        return Ok(());
    };
    if !rows.are_all() || references.any(|reference| rows.knows(reference)) {
        return Ok(());
    }
    let advice = match &mapping.alerts {
        Some(stem) => format!(
            "lay the export of the alerts that they name beside it, as {stem}.csv or {stem}.ndjson"
        ),
        None => "is it an export of this log, and are the ids what `evidence` calls them?".into(),
    };
    Err(Failure::input(format!(
        "{}: none of the ids in evidence belongs to a row of {}, as `{}`: {advice}",
        path.display(),
        folder.display(),
        first.text
    )))
}

/// What was assumed, and what could not be found.
fn remarks(mapping: &Mapping, drafts: &[Draft], rows: &Rows, output: Output) {
    let counted = |number: usize| grouped(u64::try_from(number).unwrap_or(u64::MAX));
    let without = drafts.iter().filter(|draft| draft.references.is_empty());
    let without = without.count();
    if without > 0 {
        output.remark(&format!(
            "note: {} of {} alerts name no row that they counted",
            counted(without),
            counted(drafts.len())
        ));
    }
    let unknown = drafts.iter().flat_map(|draft| &draft.references);
    let mut unknown = unknown.filter(|reference| !rows.knows(reference));
    if let Some(first) = unknown.next() {
        output.remark(&format!(
            "note: {} of the ids in evidence belong to no row that is known, as `{}`; they count as benign",
            counted(1 + unknown.count()),
            first.text
        ));
    }
    if let Some(threshold) = mapping.threshold {
        let mut assumed: Vec<&str> = drafts
            .iter()
            .filter(|draft| draft.fields.get("threshold") == Some(&json!(threshold)))
            .filter_map(|draft| draft.fields["rule"].as_str())
            .filter(|name| !mapping.rules.values().any(|own| own.rule == *name))
            .collect();
        assumed.sort_unstable();
        assumed.dedup();
        if !assumed.is_empty() {
            output.remark(&format!(
                "note: a threshold of {threshold} is taken for {}; `rules` in the mapping says otherwise",
                assumed.join(", ")
            ));
        }
    }
}

/// All faults as one message, if there are any.
fn told(mut faults: Vec<String>) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let more = faults.len().saturating_sub(SAMPLES);
    faults.truncate(SAMPLES);
    if more > 0 {
        faults.push(format!("… {more} more"));
    }
    Err(Failure::input(faults.join("\n")))
}
