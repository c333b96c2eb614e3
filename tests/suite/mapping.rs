//! Alerts that a SIEM exported: `score --mapping`, with the worked example of the documentation.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Work};

const NAME: &str = "GenAI: repeated refusals";

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).expect("it is part of the repository")
}

/// Code blocks of a language in the documentation, without the indent of their list.
fn blocks(language: &str) -> Vec<String> {
    let text = shipped("docs/score-siem-alerts.md");
    let parts = text.split("```").skip(1).step_by(2);
    let own = parts.filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n'));
    own.map(|block| {
        let indent = block.len() - block.trim_start_matches(' ').len();
        let lines = block.lines().map(|line| line.get(indent..).unwrap_or(""));
        lines.collect::<Vec<_>>().join("\n")
    })
    .collect()
}

/// One alert of R2, as the SIEM knows it.
struct Known {
    id: String,
    time: String,
    key: String,
    items: Vec<String>,
    requests: Vec<String>,
}

/// The log of the documentation's scenario in `logs/`, and what R2 finds in it.
fn detected() -> (Work, Vec<Known>) {
    let work = Work::with(&[("small.yaml", &blocks("yaml")[0])]);
    work.run(&blocks("sh")[0].replace("livefire ", "")).exits(0);
    work.run("detect logs --rule R2 -o own.ndjson").exits(0);
    let log = work.read("logs/ContainerLogV2.ndjson");
    let rows = log.lines().filter_map(|line| {
        let row: Value = serde_json::from_str(line).ok()?;
        let message = match &row["LogMessage"] {
            Value::String(text) => serde_json::from_str(text).ok()?,
            message => message.clone(),
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&row["_ItemId"])?, text(&message["request_id"])?))
    });
    let requests: HashMap<String, String> = rows.collect();
    let alerts = work.read("own.ndjson");
    let known = alerts.lines().map(|line| {
        let alert: Value = serde_json::from_str(line).expect("is JSON");
        let text = |name: &str| alert[name].as_str().expect("is text").to_owned();
        let rows = alert["evidence"].as_array().expect("is a list").iter();
        let items: Vec<String> = rows
            .map(|row| row["item"].as_str().expect("is text").to_owned())
            .collect();
        Known {
            id: text("id"),
            time: text("time"),
            key: text("key"),
            requests: items.iter().map(|item| requests[item].clone()).collect(),
            items,
        }
    });
    let known: Vec<Known> = known.collect();
    assert!(known.len() >= 2, "{} alerts", known.len());
    (work, known)
}

/// The export of the documentation with the log's own requests in it.
fn export(known: &[Known]) -> String {
    let header = blocks("csv")[0]
        .lines()
        .next()
        .expect("a header")
        .to_owned();
    let line = |(number, alert): (usize, &Known)| {
        format!(
            "{number},{NAME},{},{},high,{},\"{}\"\n",
            alert.time,
            alert.time,
            alert.key,
            alert.requests.join(", ")
        )
    };
    let lines: String = known.iter().enumerate().map(line).collect();
    format!("{header}\n{lines}")
}

/// Rows of `SecurityAlert`: each alert as first written, then as resolved, and one of Defender's.
fn security_alerts(known: &[Known]) -> String {
    let row = |alert: &Known, version: &str, details: Value| {
        let details = json!({ "Custom Details": details.to_string() });
        let entities = json!([{ "$id": "1", "Type": "account", "Name": alert.key }]);
        json!({
            "TimeGenerated": version, "SystemAlertId": alert.id, "AlertName": NAME,
            "ProviderName": "ASI Scheduled Alerts", "AlertSeverity": "High",
            "EndTime": alert.time, "ProcessingEndTime": alert.time,
            "Entities": entities.to_string(), "ExtendedProperties": details.to_string(),
        })
        .to_string()
            + "\n"
    };
    let mut text = String::new();
    for alert in known {
        let full = json!({ "request_id": alert.requests });
        text.push_str(&row(alert, "2026-03-20T00:00:00Z", full));
        text.push_str(&row(alert, "2026-03-19T00:00:00Z", json!({})));
    }
    let defender = row(&known[0], "2026-03-21T00:00:00Z", json!({}));
    text + &defender.replace("ASI Scheduled Alerts", "Azure Security Center")
}

#[test]
fn the_worked_example_of_the_documentation_works() {
    let (work, known) = detected();
    work.write("export.csv", export(&known).as_bytes());
    work.write("mapping.yaml", blocks("yaml")[1].as_bytes());
    let command = blocks("sh")[1].replace("livefire ", "");
    let answer = work.run(&command).exits(0);
    answer
        .prints("TooManyRefusals       2 ")
        .prints("all rules           2/2");
    let plain = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        plain(&shipped("examples/siem/mapping.yaml")),
        blocks("yaml")[1].trim_end(),
        "the example's file is the one that is shown"
    );
}

#[test]
fn a_mapped_export_scores_as_the_alerts_themselves() {
    let (work, known) = detected();
    let mapping = "columns: { id: n, rule: r, time: t, key: k }\nevidence: { _ItemId: rows }\n";
    work.write("mapping.yaml", mapping.as_bytes());
    let line = |alert: &Known| {
        json!({ "n": alert.id, "r": "R2", "t": alert.time, "k": alert.key, "rows": alert.items })
            .to_string()
            + "\n"
    };
    let lines: String = known.iter().map(line).collect();
    work.write("export.ndjson", lines.as_bytes());
    let campaigns = |answer: &Answer| answer.json()["campaigns"].clone();
    let own = work
        .run("score logs --alerts own.ndjson --rule R2 --json")
        .exits(0);
    let mapped = "score logs --alerts export.ndjson --mapping mapping.yaml --rule R2 --json";
    let mapped = work.run(mapped).exits(0);
    assert_eq!(campaigns(&mapped), campaigns(&own));
    assert_ne!(campaigns(&own), Value::Null);
}

#[test]
fn security_alert_takes_the_newest_version_of_rules_alerts_only() {
    let (work, known) = detected();
    work.write("SecurityAlert.ndjson", security_alerts(&known).as_bytes());
    work.run("score logs --alerts SecurityAlert.ndjson --mapping security_alert")
        .exits(0)
        .says("a threshold of 1 is taken for GenAI: repeated refusals")
        .prints("all rules                    2/2");
    let base = format!("base: security_alert\nrules:\n  \"{NAME}\": {{ rule: R2 }}\n");
    work.write("mine.yaml", base.as_bytes());
    let answer = work.run("score logs --alerts SecurityAlert.ndjson --mapping mine.yaml");
    let answer = answer
        .exits(0)
        .prints("R2 content safety                   2/2");
    assert!(!answer.err.contains("threshold"), "{}", answer.err);
}

#[test]
fn incidents_rest_on_what_their_alerts_rest_on() {
    let (work, known) = detected();
    work.write("SecurityAlert.ndjson", security_alerts(&known).as_bytes());
    let incident = |(number, alert): (usize, &Known)| {
        let ids = json!([alert.id]).to_string().replace('"', "\"\"");
        format!(
            "\"3/20/2026, 10:00:00.000 AM\",{number},{NAME},High,{},{},\"{ids}\"\n",
            alert.time, alert.time
        )
    };
    let rows: String = known.iter().enumerate().map(incident).collect();
    let header =
        "TimeGenerated [UTC],IncidentNumber,Title,Severity,LastActivityTime,CreatedTime,AlertIds";
    work.write("incidents.csv", format!("{header}\n{rows}").as_bytes());
    let command = "score logs --alerts incidents.csv --mapping security_incident";
    work.run(command)
        .exits(0)
        .prints("all rules                    2/2");
    fs::remove_file(work.path().join("SecurityAlert.ndjson")).expect("it is there");
    work.run(command)
        .exits(2)
        .says("none of the ids in evidence belongs to a row of logs")
        .says("SecurityAlert.csv");
}

#[test]
fn labels_alone_know_the_rows_of_attacks() {
    let (work, known) = detected();
    work.write("export.csv", export(&known).as_bytes());
    work.write("mapping.yaml", blocks("yaml")[1].as_bytes());
    fs::remove_file(work.path().join("logs/ContainerLogV2.ndjson")).expect("it is there");
    work.run("score logs --alerts export.csv --mapping mapping.yaml")
        .exits(0)
        .prints("all rules           2/2");
}

/// Scores the documentation's export, changed, through its mapping, changed.
fn scored(change: impl Fn(&str) -> String, mapping: impl Fn(&str) -> String) -> Answer {
    let work = Work::with(&[("small.yaml", &blocks("yaml")[0])]);
    work.run("generate small.yaml -o logs").exits(0);
    work.write("export.csv", change(&blocks("csv")[0]).as_bytes());
    work.write("mapping.yaml", mapping(&blocks("yaml")[1]).as_bytes());
    work.run("score logs --alerts export.csv --mapping mapping.yaml")
}

fn same(text: &str) -> String {
    text.to_owned()
}

#[test]
fn cells_that_are_wrong_are_named_by_line_and_column() {
    let wrong_time = |csv: &str| csv.replacen("2026-03-09T10:12:00Z", "noon", 1);
    scored(wrong_time, same)
        .exits(2)
        .says("export.csv:2:30: `time` is taken from column `last_event`, and `noon` is no time");
    let wrong_severity = |csv: &str| csv.replacen(",high,", ",urgent,", 1);
    scored(wrong_severity, same)
        .exits(2)
        .says("export.csv:2:72: `severity`: `urgent` is none");
    let twice = |csv: &str| format!("{csv}\n{}", csv.lines().last().expect("a line"));
    scored(twice, same).exits(2).says("`newest: COLUMN`");
    let short = |csv: &str| format!("{csv}\n1,2\n");
    scored(short, same)
        .exits(2)
        .says("has 2 fields, its header 7");
}

#[test]
fn mappings_that_are_wrong_are_named_by_line_and_column() {
    let says = |mapping: fn(&str) -> String, text: &str, place: &str| {
        scored(same, mapping).exits(2).says(text).says(place);
    };
    says(
        |yaml| yaml.replace("time: last_event", "time: last_evnt"),
        "did you mean `last_event`?",
        "mapping.yaml:4:9",
    );
    says(
        |yaml| yaml.replace("severity:", "severty:"),
        "unknown key `severty`",
        "mapping.yaml:6:3",
    );
    says(
        |yaml| yaml.replace("  id: alert_number\n", ""),
        "needs `id`",
        "mapping.yaml:2",
    );
    says(
        |yaml| yaml.replace("evidence:\n  request_id: requests\n", ""),
        "needs `evidence`",
        "mapping.yaml:1",
    );
    says(
        |yaml| yaml.replace("threshold: 3", "threshold: three"),
        "threshold: three",
        "mapping.yaml:11",
    );
    let without = |yaml: &str| yaml.replace(", threshold: 3", "");
    scored(same, without)
        .exits(2)
        .says("export.csv:2:5: nothing says how many events the rule");
}

#[test]
fn a_mapping_that_is_not_there_is_wrong_use() {
    let (work, _) = detected();
    work.run("score logs --alerts own.ndjson --mapping security_alerts")
        .exits(3)
        .says("did you mean `security_alert`?");
}
