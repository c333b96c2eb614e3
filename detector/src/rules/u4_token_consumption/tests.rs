//! Behaviour of U4: where tokens and callers come from, floor and past.

use livefire_schema::alert::{Alert, Mode, Severity};
use serde_json::{Value, json};

use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

fn request(time: f64, id: &str, user: &str, tokens: Option<u32>) -> Line {
    let mut fields = json!({
        "request_id": id, "end_user_id": user, "source_ip": "198.18.7.41",
        "application_name": "Assistant", "model_deployment": "gpt",
    });
    if let Some(tokens) = tokens {
        fields["prompt_tokens"] = json!(tokens / 4);
        fields["completion_tokens"] = json!(tokens - tokens / 4);
    }
    Line::app(time, &fields)
}

fn call(time: f64, id: &str, status: &str, bytes: u32) -> Line {
    let properties = json!({
        "modelDeploymentName": "gpt", "requestLength": bytes / 2, "responseLength": bytes - bytes / 2,
    });
    let fields = json!({
        "ResultSignature": status, "CorrelationId": id, "Resource": "AOAI-PROD",
        "CallerIPAddress": "10.0.0.***", "properties_s": properties.to_string(),
    });
    Line::new("AzureDiagnostics", time, fields)
}

/// `count` things a minute apart from `start` on.
fn each(start: f64, count: u32, line: impl Fn(f64, &str) -> Line) -> Vec<Line> {
    (0..count)
        .map(|index| {
            let time = start + 60.0 * f64::from(index);
            line(time, &format!("r{time}"))
        })
        .collect()
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    World::of(&["U4"]).alerts_at(Mode::Streaming, lines, expected);
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = World::of(&["U4"]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn fifty_thousand_tokens_in_an_hour_fire_and_one_less_does_not() {
    let ada = |time, id: &str| request(time, id, "ada", Some(10_000));
    let mut lines = each(0.0, 4, ada);
    lines.push(request(600.0, "last", "ada", Some(9_999)));
    fires(&lines, &[]);
    lines[4] = request(600.0, "last", "ada", Some(10_000));
    let alert = only(&lines);
    assert_eq!(
        (alert.key.as_str(), alert.severity),
        ("ada · gpt", Severity::High)
    );
    assert_eq!(
        (alert.time, alert.level, alert.threshold),
        (at(600.0), 50_000, 50_000)
    );
    assert_eq!(alert.details.to_map()["requests"], json!(5));
    assert_eq!(
        alert.details.to_map()["baseline_mean_per_active_hour"],
        Value::Null
    );
}

#[test]
fn a_past_of_many_tokens_raises_the_threshold() {
    let mut lines = Vec::new();
    for day in 0..7u32 {
        let start = f64::from(day) * DAY + 9.0 * HOUR;
        lines.extend(each(start, 2, |time, id| {
            request(time, id, "ada", Some(10_000))
        }));
    }
    let start = 7.0 * DAY + 9.0 * HOUR;
    lines.extend(each(start, 20, |time, id| {
        request(time, id, "ada", Some(9_999))
    }));
    fires(&lines, &[]);
    lines.push(request(start + 1300.0, "last", "ada", Some(30)));
    let alert = only(&lines);
    assert_eq!((alert.time, alert.threshold), (at(start + 1300.0), 200_000));
}

#[test]
fn the_call_of_a_request_that_states_its_tokens_adds_nothing() {
    let mut lines = each(0.0, 4, |time, id| request(time, id, "ada", Some(10_000)));
    lines.extend(each(0.0, 4, |time, id| call(time + 5.0, id, "200", 40_000)));
    lines.extend(each(0.0, 4, |time, id| call(time - 5.0, id, "200", 40_000)));
    fires(&lines, &[]);
}

#[test]
fn without_token_columns_the_calls_bytes_count_for_the_requests_user() {
    let mut lines = each(0.0, 5, |time, id| request(time, id, "ada", None));
    lines.extend(each(0.0, 5, |time, id| call(time + 3.0, id, "200", 40_000)));
    let alert = only(&lines);
    assert_eq!(alert.key, "ada · gpt");
    assert_eq!((alert.time, alert.level), (at(243.0), 50_000));
    assert_eq!(alert.details.to_map()["from_bytes"], json!(true));
}

#[test]
fn calls_without_an_application_are_keyed_by_resource_and_network() {
    let lines = each(0.0, 5, |time, id| {
        call(time, id, "200", 40_000).delayed(330.0)
    });
    let alert = only(&lines);
    assert_eq!(alert.key, "AOAI-PROD 10.0.0.0/24 · gpt");
    assert_eq!((alert.time, alert.raised), (at(240.0), at(570.0)));
}

#[test]
fn refused_calls_consume_nothing() {
    fires(
        &each(0.0, 30, |time, id| call(time, id, "429", 40_000)),
        &[],
    );
}

#[test]
fn callers_and_deployments_do_not_add_up_and_copies_count_once() {
    let mut lines = each(0.0, 4, |time, id| request(time, id, "ada", Some(10_000)));
    lines.extend(each(0.0, 4, |time, id| {
        request(time, id, "ada", Some(10_000)).delayed(50.0)
    }));
    lines.push(request(400.0, "bob", "bob", Some(40_000)));
    let mut other = request(500.0, "other", "ada", Some(40_000));
    other.fields["LogMessage"]["model_deployment"] = json!("gpt-mini");
    lines.push(other);
    fires(&lines, &[]);
}

#[test]
fn only_the_last_hour_counts() {
    let mut lines = each(0.0, 1, |time, id| request(time, id, "ada", Some(40_000)));
    lines.push(request(HOUR, "last", "ada", Some(10_000)));
    fires(&lines, &[]);
    lines[1] = request(HOUR - 1.0, "last", "ada", Some(10_000));
    fires(&lines, &[HOUR - 1.0]);
}
