//! Behaviour of H2: who the caller is, windows and bins, calls without an application.

use livefire_schema::alert::{Alert, Mode, Severity};
use serde_json::json;

use crate::testing::{Line, World, at};

fn call(time: f64, request: &str) -> Line {
    let fields = json!({
        "ResultSignature": "200", "CorrelationId": request, "Resource": "AOAI-PROD",
        "CallerIPAddress": "10.0.0.***", "Category": "RequestResponse",
    });
    Line::new("AzureDiagnostics", time, fields)
}

fn request(time: f64, request: &str, user: Option<&str>) -> Line {
    let fields = json!({
        "request_id": request, "end_user_id": user, "source_ip": "198.18.7.41",
        "application_name": "Assistant",
    });
    Line::app(time, &fields)
}

/// `count` requests of `user`, `gap` seconds apart from `start` on.
fn requests(user: &str, start: f64, gap: f64, count: u32) -> Vec<Line> {
    (0..count)
        .map(|index| {
            let time = start + gap * f64::from(index);
            request(time, &format!("{user}-{time}"), Some(user))
        })
        .collect()
}

#[track_caller]
fn fires(mode: Mode, lines: &[Line], expected: &[f64]) {
    World::of(&["H2"]).alerts_at(mode, lines, expected);
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = World::of(&["H2"]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn the_fiftieth_request_within_an_hour_fires() {
    fires(Mode::Streaming, &requests("ada", 0.0, 60.0, 49), &[]);
    fires(Mode::Streaming, &requests("ada", 0.0, 60.0, 50), &[2940.0]);
    fires(Mode::Binned, &requests("ada", 0.0, 60.0, 50), &[2940.0]);
}

#[test]
fn a_request_exactly_an_hour_old_has_left_the_window() {
    let mut lines = requests("ada", 0.0, 1.0, 49);
    lines.push(request(3600.0, "last", Some("ada")));
    fires(Mode::Streaming, &lines, &[]);
    lines[49] = request(3599.9, "last", Some("ada"));
    fires(Mode::Streaming, &lines, &[3599.9]);
}

#[test]
fn an_hour_over_a_bins_edge_fires_streaming_only() {
    let lines = requests("ada", 2400.0, 40.0, 50);
    fires(Mode::Streaming, &lines, &[2400.0 + 49.0 * 40.0]);
    fires(Mode::Binned, &lines, &[]);
}

#[test]
fn both_rows_of_one_request_and_copies_count_once() {
    let mut lines = requests("ada", 0.0, 60.0, 49);
    let calls: Vec<Line> = (0..49u32)
        .map(|index| {
            let time = f64::from(index) * 60.0;
            call(time + 2.0, &format!("ada-{time}")).delayed(300.0)
        })
        .collect();
    lines.extend(calls.iter().cloned());
    lines.extend(
        requests("ada", 0.0, 60.0, 49)
            .into_iter()
            .map(|l| l.delayed(100.0)),
    );
    fires(Mode::Streaming, &lines, &[]);
    fires(Mode::Binned, &lines, &[]);
}

#[test]
fn a_call_before_its_request_waits_for_it() {
    let lines: Vec<Line> = (0..60u32)
        .flat_map(|index| {
            let (time, id) = (f64::from(index) * 50.0, format!("r{index}"));
            let user = format!("u{index}");
            [call(time, &id), request(time + 590.0, &id, Some(&user))]
        })
        .collect();
    fires(Mode::Streaming, &lines, &[]);
}

#[test]
fn calls_without_an_application_are_keyed_by_resource_and_network() {
    let lines: Vec<Line> = (0..50u32)
        .map(|index| call(f64::from(index) * 10.0, &format!("r{index}")).delayed(330.0))
        .collect();
    let alert = only(&lines);
    assert_eq!(alert.key, "AOAI-PROD 10.0.0.0/24");
    assert_eq!((alert.level, alert.severity), (50, Severity::Low));
    assert_eq!((alert.time, alert.raised), (at(490.0), at(820.0)));
    assert_eq!(alert.details.to_map()["resources"], json!(["AOAI-PROD"]));
}

#[test]
fn without_a_user_the_source_address_is_the_caller() {
    let lines: Vec<Line> = (0..50u32)
        .map(|index| request(f64::from(index), &format!("r{index}"), None))
        .collect();
    let alert = only(&lines);
    assert_eq!(alert.key, "198.18.7.41");
    assert_eq!(alert.details.to_map()["applications"], json!(["Assistant"]));
    assert_eq!(alert.details.to_map()["median_gap_seconds"], json!(1.0));
}

#[test]
fn audit_rows_and_rows_of_other_services_are_no_calls() {
    let with = |column: &str, value: &str| -> Vec<Line> {
        let numbered = 0..50u32;
        let line = |index| {
            let mut line = call(f64::from(index), &format!("r{index}"));
            line.fields[column] = json!(value);
            line
        };
        numbered.map(line).collect()
    };
    fires(Mode::Streaming, &with("Category", "Audit"), &[]);
    let other = with("ResourceProvider", "MICROSOFT.KEYVAULT");
    fires(Mode::Streaming, &other, &[]);
}

#[test]
fn an_unbroken_run_alerts_again_after_the_realert_time() {
    let lines = requests("ada", 0.0, 60.0, 320);
    fires(Mode::Streaming, &lines, &[2940.0, 2940.0 + 4.0 * 3600.0]);
}
