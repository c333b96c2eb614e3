//! `livefire score` as somebody meets it who brings alerts of their own.

use serde_json::{Value, json};

use crate::support::Work;

/// Two campaigns that R2 sees, one after the other.
const SMALL: &str = "name: small\nduration: 8d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     campaigns:\n  - { kind: content_violation, times: 2, knobs: { p_fail: 1 } }\n";

/// The log in `logs/`, the alerts of all rules over it in `alerts.ndjson` and as rows.
fn detected() -> (Work, Vec<Value>) {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("generate small.yaml -o logs").exits(0);
    work.run("detect logs -o alerts.ndjson").exits(0);
    let text = work.read("alerts.ndjson");
    let rows = text.lines().map(serde_json::from_str);
    let rows: Result<Vec<Value>, _> = rows.collect();
    (work, rows.expect("alerts are JSON lines"))
}

fn write(work: &Work, name: &str, alerts: &[Value]) {
    let lines: Vec<String> = alerts
        .iter()
        .map(|alert| alert.to_string() + "\n")
        .collect();
    work.write(name, lines.concat().as_bytes());
}

#[test]
fn no_alerts_are_nothing_to_evaluate() {
    let (work, _) = detected();
    work.write("none.ndjson", b"\n");
    work.run("score logs --alerts none.ndjson -o result")
        .exits(4)
        .says("holds no alerts: nothing to evaluate");
    assert!(!work.has("result"));
}

#[test]
fn alerts_with_a_clock_of_another_year_are_credited_with_nothing() {
    let (work, mut alerts) = detected();
    let later = |alert: &mut Value| {
        for field in ["time", "available", "raised"] {
            let time = alert[field]
                .as_str()
                .expect("is text")
                .replace("2026", "2031");
            alert[field] = json!(time);
        }
    };
    later(alerts.last_mut().expect("an alert"));
    write(&work, "one.ndjson", &alerts);
    work.run("score logs --alerts one.ndjson")
        .exits(0)
        .prints("remarks   1  alerts nowhere near the log");
    alerts.pop();
    alerts.iter_mut().for_each(later);
    write(&work, "all.ndjson", &alerts);
    work.run("score logs --alerts all.ndjson -o result")
        .exits(4)
        .says("alerts lie nowhere near the log, whose scored part is 2026-03-09");
    assert!(!work.has("result"));
}

#[test]
fn alerts_of_another_log_are_refused() {
    let (work, _) = detected();
    work.run("generate small.yaml -o others --seed 8").exits(0);
    work.run("score others --alerts alerts.ndjson")
        .exits(2)
        .says("the alerts are of another log");
}

#[test]
fn a_rule_of_somebody_elses_needs_five_fields_and_has_no_expectations() {
    let (work, alerts) = detected();
    let least = |alert: &Value| {
        let rows = alert["evidence"].as_array().expect("a list").iter();
        let items: Vec<&Value> = rows.map(|row| &row["item"]).collect();
        json!({
            "id": alert["id"], "rule": "TooManyRefusals", "time": alert["time"],
            "threshold": alert["threshold"], "evidence": items,
        })
    };
    let r2 = alerts.iter().filter(|alert| alert["rule"] == "R2");
    let r2: Vec<Value> = r2.map(least).collect();
    write(&work, "mine.ndjson", &r2);
    let answer = work.run("score logs --alerts mine.ndjson").exits(0);
    let answer = answer.prints("TooManyRefusals       2 ");
    assert!(
        !answer.out.contains("R1 prompt"),
        "none of ours ran: {}",
        answer.out
    );
    answer
        .prints("all rules           2/2")
        .prints("left out  R2  expected by content_violation, content_violation-2");
    let loaded = work
        .run("score logs --alerts mine.ndjson --rule R2")
        .exits(0);
    loaded.prints("R2 content safety           0/2");
}

#[test]
fn rules_that_alerted_in_bins_only_are_not_said_to_have_slept() {
    let (work, _) = detected();
    work.run("detect logs --rule R2 --mode binned -o binned.ndjson")
        .exits(0);
    let answer = work.run("score logs --alerts binned.ndjson").exits(0);
    assert!(
        !answer.out.contains("R2 content safety   "),
        "{}",
        answer.out
    );
    answer
        .prints("R2 content safety, binned")
        .prints("R2 ran in bins only");
}

#[test]
fn cells_of_incidents_are_free_of_what_moves_a_cursor() {
    let (work, alerts) = detected();
    let mut alert = alerts.last().expect("an alert").clone();
    alert["key"] = json!("eve\u{1b}[2J\nroot");
    write(&work, "bad.ndjson", &[alert]);
    work.run("score logs --alerts bad.ndjson -o result")
        .exits(0);
    let cells = work.read("result/incidents.csv");
    assert!(cells.contains("eve\\u{1b}[2J\\u{a}root"), "{cells}");
}
