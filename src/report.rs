//! The files of a result: metrics as JSON, incidents and campaigns as CSV that a spreadsheet can
//! open safely.

use std::io::{self, Write};

use livefire_detector::LateCount;
use livefire_schema::alert::{Alert, Mode};
use livefire_scorer::ScoreReport;
use livefire_scorer::score::report::{CampaignRow, IncidentRow};
use serde_json::json;

use crate::escape::{csv_cell, terminal};
use crate::exit::Failure;
use crate::results::ResultsFolder;
use crate::verdict::{rules_that_slept, why_missed};

/// Writes `metrics.json`, `incidents.csv` and `campaigns.csv`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write(folder: &ResultsFolder, report: &ScoreReport) -> Result<(), Failure> {
    folder.write_with("metrics.json", |file| {
        serde_json::to_writer_pretty(&mut *file, report)?;
        file.write_all(b"\n")
    })?;
    let incidents = report.incidents.iter().map(|row| incident(row, report));
    folder.write("incidents.csv", &csv(INCIDENTS, incidents)?)?;
    let measured = report.masked.is_some();
    let campaigns = report.campaigns.iter();
    let campaigns = campaigns.map(|row| campaign(row, measured));
    folder.write("campaigns.csv", &csv(CAMPAIGNS, campaigns)?)
}

/// Alerts as NDJSON.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn alerts(file: &mut dyn Write, alerts: &[Alert]) -> io::Result<()> {
    for alert in alerts {
        serde_json::to_writer(&mut *file, alert)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Rows that came too late for one rule form, as every command's JSON tells it.
pub(crate) fn late(late: &LateCount) -> serde_json::Value {
    json!({ "rule": *late.rule, "mode": late.mode, "table": *late.table, "rows": late.rows })
}

fn csv<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::internal(format!("CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(header)
        .map_err(|error| failed(&error))?;
    for row in rows {
        // A cell may be shown by `cat` as well as by a spreadsheet.
        let cells = row.iter().map(|cell| terminal(cell).into_owned());
        let cells = cells.map(|cell| csv_cell(&cell).into_owned());
        writer.write_record(cells).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

const INCIDENTS: [&str; 12] = [
    "rule",
    "mode",
    "key",
    "in_totals",
    "first",
    "last",
    "alerts",
    "verdict",
    "false_class",
    "look_alike",
    "credited",
    "first_alert",
];

fn incident(row: &IncidentRow, report: &ScoreReport) -> [String; 12] {
    let names = row.credited.iter().filter_map(|index| {
        let campaigns = report.campaigns.iter();
        campaigns
            .clone()
            .find(|campaign| campaign.index == *index)
            .map(|campaign| campaign.id.as_str())
    });
    let names: Vec<&str> = names.collect();
    [
        row.rule.clone(),
        mode(row.mode).to_owned(),
        row.key.clone(),
        row.in_totals.to_string(),
        row.first.to_string(),
        row.last.to_string(),
        row.alerts.len().to_string(),
        match (row.is_true, row.false_class) {
            (true, _) => "true",
            (false, Some(_)) => "false",
            (false, None) => "collateral",
        }
        .to_owned(),
        row.false_class.map_or_else(String::new, code),
        row.look_alike.clone().unwrap_or_default(),
        names.join(" "),
        row.alerts.first().cloned().unwrap_or_default(),
    ]
}

const CAMPAIGNS: [&str; 17] = [
    "id",
    "kind",
    "actor",
    "t0",
    "t_end",
    "detected",
    "seconds_to_detect",
    "first_rule",
    "credited_rules",
    "expected",
    "detected_as_expected",
    "not_loaded",
    "miss_reason",
    "miss",
    "rules_missed",
    "cut",
    "attack_events",
];

/// `measured` tells whether nearest approaches were, as in a run.
fn campaign(row: &CampaignRow, measured: bool) -> [String; 17] {
    let tokens = |tokens: &[livefire_schema::rules::RuleToken]| {
        let texts: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        texts.join(" ")
    };
    let first = row.first.as_ref();
    let events = row.observable_events + row.scaffolding_events;
    [
        row.id.clone(),
        row.kind.clone(),
        row.actor.clone(),
        row.t0.to_string(),
        row.t_end.to_string(),
        row.detected.to_string(),
        if row.detected {
            row.time_to_detect.to_string()
        } else {
            "inf".to_owned()
        },
        first.map_or_else(String::new, |first| first.rule.clone()),
        row.credited_rules.join(" "),
        tokens(&row.expected),
        row.detected_as_expected.to_string(),
        tokens(&row.left_out),
        row.miss
            .as_ref()
            .map_or_else(String::new, |miss| miss.reason.code().to_owned()),
        why_missed(row, measured),
        rules_that_slept(row, measured),
        row.cut.to_string(),
        events.to_string(),
    ]
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Streaming => "streaming",
        Mode::Binned => "binned",
    }
}

fn code(class: livefire_scorer::attribution::FalseClass) -> String {
    let value = serde_json::to_value(class).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_file_cannot_be_formulas() {
        let rows = [["=1+1".to_owned(), "a,b".to_owned()]].into_iter();
        let bytes = csv(["x", "y"], rows).expect("can be written");
        assert_eq!(String::from_utf8_lossy(&bytes), "x,y\n'=1+1,\"a,b\"\n");
    }

    #[test]
    fn cells_of_a_file_cannot_move_a_cursor() {
        let rows = [["a\x1b[2J".to_owned(), "two\nlines".to_owned()]].into_iter();
        let bytes = csv(["x", "y"], rows).expect("can be written");
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "x,y\na\\u{1b}[2J,two\\u{a}lines\n"
        );
    }
}
