//! The boundary cases of the count rules, streaming and binned, from `tests/data`.

use livefire_schema::alert::Mode;
use serde::Deserialize;
use serde_json::json;

use super::{Line, World};

#[derive(Deserialize)]
struct Cases {
    threshold: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    rule: String,
    window_s: f64,
    k: u64,
    events: Vec<Event>,
    fires_streaming: bool,
    fires_binned: bool,
    why: String,
}

#[derive(Deserialize)]
struct Event {
    offset_s: f64,
    value: Option<String>,
}

/// The rows of one event of a case, for the given rule form.
fn rows(form: &str, index: usize, event: &Event) -> Vec<Line> {
    let (time, id) = (event.offset_s, format!("event-{index}"));
    let user = event.value.as_deref().unwrap_or("ada");
    let mut log = json!({
        "request_id": id, "end_user_id": user, "source_ip": "198.18.7.41",
        "application_name": "Assistant", "prompt_hash": "p",
    });
    match form {
        "R1" => vec![Line::new(
            "AlertEvidence",
            time,
            json!({
                "AlertId": id, "RemoteIP": "198.18.7.41",
                "Title": "ASCII Smuggling prompt injection detected",
            }),
        )],
        "R3" => {
            log["http_status"] = json!(429);
            let service = json!({"ResultSignature": "429", "CorrelationId": id});
            vec![
                Line::new("AzureDiagnostics", time, service),
                Line::app(time, &log),
            ]
        }
        _ => {
            log["security_check_passed"] = json!("FAIL");
            log["message"] = json!("Security check failed: jailbreak");
            vec![Line::app(time, &log)]
        }
    }
}

#[track_caller]
fn check(case: &Case, form: &str) {
    let info = livefire_schema::rules::rule(&case.rule).expect("is a rule");
    assert_eq!(info.threshold, case.k, "{}", case.id);
    assert!(
        (info.window.seconds_f64() - case.window_s).abs() < 1e-9,
        "{}",
        case.id
    );
    let numbered = case.events.iter().enumerate();
    let lines: Vec<Line> = numbered
        .flat_map(|(index, event)| rows(form, index, event))
        .collect();
    let world = World::of(&[form]);
    let fires = |mode| !world.run(mode, &lines).is_empty();
    let expected = (case.fires_streaming, case.fires_binned);
    let found = (fires(Mode::Streaming), fires(Mode::Binned));
    assert_eq!(found, expected, "{form} {}: {}", case.id, case.why);
}

#[test]
fn every_threshold_case_gives_the_listed_verdict() {
    let text = include_str!("../../tests/data/boundary_cases.json");
    let cases: Cases = serde_json::from_str(text).expect("is JSON of cases");
    let mut checked = 0;
    for case in &cases.threshold {
        if ["R1", "R2", "R3", "R5"].contains(&case.rule.as_str()) {
            check(case, &case.rule);
            checked += 1;
        }
        if case.rule == "R1" {
            check(case, "R1@app_log");
        }
    }
    assert_eq!(checked, 20);
}
