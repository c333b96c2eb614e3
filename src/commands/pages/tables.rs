//! The page of tables.

use livefire_schema::table::Table;

use super::{code, table};
use crate::input::Known;

const HEAD: &str = "# Tables

Each is a file that `livefire show TABLE` prints; one of your own in `tables/` beside a scenario is
read and written like these. Delays are from `TimeGenerated` to ingestion.

";

/// The page.
pub(super) fn page(known: &Known) -> String {
    let mut tables: Vec<&Table> = known.schema.iter().map(|(_, table)| table).collect();
    tables.sort_by_key(|table| table.name.to_lowercase());
    let rows: Vec<Vec<String>> = tables.iter().map(|table| overview(table)).collect();
    let header = ["table", "one row is", "columns", "delay, median and 95 %"];
    let mut text = format!("{HEAD}{}", super::table(&header, &rows));
    for table in tables {
        text.push_str(&section(table));
    }
    text
}

fn overview(table: &Table) -> Vec<String> {
    let delay = table.ingestion_delay_seconds.map_or_else(
        || "–".to_owned(),
        |delay| format!("{} s, {} s", delay.p50, delay.p95),
    );
    vec![
        format!("[`{}`](#{})", table.name, table.name.to_lowercase()),
        table.description.clone(),
        table.columns.len().to_string(),
        delay,
    ]
}

fn section(one: &Table) -> String {
    let mut text = format!("\n## {}\n\n", one.name);
    text.push_str(&format!("- time: {}\n", code([&one.time_column])));
    if let Some(key) = &one.duplicate_key {
        text.push_str(&format!("- a row delivered twice shares {}\n", code([key])));
    }
    if !one.ingestion_delay_basis.is_empty() {
        text.push_str(&format!(
            "- delay rests on: {}\n",
            one.ingestion_delay_basis
        ));
    }
    if !one.source.is_empty() {
        text.push_str(&format!("- source: {} {}\n", one.source, one.source_date));
    }
    let rows: Vec<Vec<String>> = one
        .columns
        .iter()
        .map(|column| {
            let kind = serde_json::to_value(column.kind).unwrap_or_default();
            let meaning = format!("{} {}", column.description, column.note);
            vec![
                format!("`{}`", column.name),
                kind.as_str().unwrap_or_default().to_owned(),
                meaning,
            ]
        })
        .collect();
    text.push('\n');
    text.push_str(&table(&["column", "type", "meaning"], &rows));
    text
}
