//! Behaviour of U2: distance, least requests, releases, window and past, eviction.

use livefire_schema::alert::{Alert, Mode, Semantics, Severity};
use livefire_schema::reference::{Identity, Reference};
use livefire_schema::time::TimeSpan;
use serde_json::json;

use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

fn request(time: f64, application: &str, model: &str) -> Line {
    let fields = json!({
        "request_id": format!("{application}-{model}-{time}"), "application_name": application,
        "model_deployment": model, "end_user_id": "ada",
    });
    Line::app(time, &fields)
}

/// `count` requests of the assistant to a model, ten seconds apart.
fn sends(model: &str, start: f64, count: u32) -> Vec<Line> {
    let times = (0..count).map(|index| start + 10.0 * f64::from(index));
    times
        .map(|time| request(time, "Assistant", model))
        .collect()
}

fn change(time: f64, account: &str, action: &str) -> Line {
    let fields = json!({
        "ActionType": action, "AccountObjectId": account, "ReportId": format!("c-{time}"),
        "RawEventData": {"application": "Assistant", "deployment": "b"},
    });
    Line::new("CloudAppEvents", time, fields)
}

/// Hours in which the past lies, and the day of the switch.
const PAST: f64 = DAY;
const NOW: f64 = 4.0 * DAY;

/// 100 requests to `a` in the past, then `kept` more, then `switched` to `b`.
fn switch(kept: u32, switched: u32) -> Vec<Line> {
    let mut lines = sends("a", PAST, 100);
    lines.extend(sends("a", NOW, kept));
    lines.extend(sends("b", NOW + HOUR, switched));
    lines
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    World::of(&["U2"]).alerts_at(Mode::Streaming, lines, expected);
}

fn world() -> World {
    let robot = Identity {
        object_id: "robot".into(),
        upn: "robot@contoso.example".into(),
        service: true,
        ..Identity::default()
    };
    let admin = Identity {
        object_id: "admin".into(),
        upn: "admin@contoso.example".into(),
        ..Identity::default()
    };
    let reference = Reference::new(vec![robot, admin], vec![], vec![], vec![], vec![]);
    World::of(&["U2"]).knowing(reference)
}

#[track_caller]
fn only(world: &World, lines: &[Line]) -> Alert {
    let alerts = world.run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn a_distance_of_exactly_one_half_fires() {
    fires(&switch(50, 49), &[]);
    fires(&switch(50, 50), &[NOW + HOUR + 490.0]);
}

#[test]
fn both_sides_need_fifty_requests() {
    fires(&switch(0, 49), &[]);
    fires(&switch(0, 50), &[NOW + HOUR + 490.0]);
    let mut lines = sends("a", PAST, 49);
    lines.extend(sends("b", NOW, 200));
    fires(&lines, &[]);
    lines.push(request(PAST + 600.0, "Assistant", "a"));
    fires(&lines, &[NOW + 490.0]);
}

#[test]
fn window_and_past_meet_and_the_past_is_seven_days_long() {
    // Requests of the last 24 h are not past, those of more than 8 d are no longer.
    let of = |past: f64| {
        let mut lines = sends("a", past, 60);
        lines.extend(sends("b", 9.0 * DAY, 60));
        lines
    };
    fires(&of(9.0 * DAY - 24.0 * HOUR), &[]);
    fires(&of(9.0 * DAY - 26.0 * HOUR), &[9.0 * DAY + 490.0]);
    fires(&of(DAY + HOUR), &[9.0 * DAY + 490.0]);
    fires(&of(DAY), &[]);
}

#[test]
fn the_alert_says_what_changed() {
    let alert = only(&world(), &switch(50, 50));
    assert_eq!(
        (alert.key.as_str(), alert.severity),
        ("Assistant", Severity::High)
    );
    assert_eq!(
        (alert.semantics, alert.threshold),
        (Semantics::Baseline, 500)
    );
    assert_eq!((alert.level, alert.evidence.len()), (500, 100));
    let models = json!([
        {"model": "a", "requests": 50, "baseline_requests": 100},
        {"model": "b", "requests": 50, "baseline_requests": 0},
    ]);
    assert_eq!(alert.details.to_map()["models"], models);
    assert_eq!(alert.details.to_map()["release"], json!(false));
}

#[track_caller]
fn severity(changed: Line, expected: Severity) {
    let mut lines = switch(0, 50);
    lines.push(changed);
    assert_eq!(only(&world(), &lines).severity, expected);
}

#[test]
fn a_change_by_a_release_account_within_a_day_makes_it_low() {
    let fired = NOW + HOUR + 490.0;
    severity(
        change(fired - DAY, "robot", "Write Deployments"),
        Severity::Low,
    );
    severity(
        change(fired - DAY - 1.0, "robot", "Write Deployments"),
        Severity::High,
    );
    severity(
        change(NOW, "ROBOT@contoso.example", "Write Application Settings"),
        Severity::Low,
    );
    severity(change(NOW, "admin", "Write Deployments"), Severity::High);
    severity(change(NOW, "robot", "Write Models"), Severity::High);
    severity(
        change(fired + 1.0, "robot", "Write Deployments"),
        Severity::High,
    );
    let named = world().with("U2.release_accounts", "admin@contoso.example");
    let mut lines = switch(0, 50);
    lines.push(change(NOW, "admin", "Write Deployments"));
    assert_eq!(only(&named, &lines).severity, Severity::Low);
}

#[test]
fn copies_count_once_and_applications_stand_alone() {
    let mut lines = switch(50, 49);
    lines.extend(switch(50, 49).into_iter().map(|line| line.delayed(30.0)));
    lines.push(request(NOW + 2.0 * HOUR, "Other", "b"));
    fires(&lines, &[]);
    lines.push(request(NOW + 2.0 * HOUR, "Assistant", "b").delayed(20.0));
    lines.push(request(NOW + 2.0 * HOUR, "Assistant", "b").delayed(3.0));
    let alert = only(&World::of(&["U2"]), &lines);
    assert_eq!(
        (
            alert.evidence.len(),
            alert.details.to_map()["requests"].clone()
        ),
        (200, json!(100))
    );
    assert_eq!(alert.raised, at(NOW + 2.0 * HOUR + 3.0));
}

#[test]
fn a_lasting_switch_alerts_again_after_the_realert_time() {
    let mut lines = switch(0, 50);
    lines.extend(sends("b", NOW + 5.0 * HOUR, 90));
    fires(&lines, &[NOW + HOUR + 490.0, NOW + 5.0 * HOUR + 490.0]);
}

#[test]
fn applications_without_requests_are_forgotten() {
    let rules = World::of(&["U2"]).rules;
    let (_, form) = rules.forms().next().expect("is selected");
    let mut mix = super::Mix::new(form.parameters());
    let schema = livefire_schema::table::Schema::embedded();
    let reference = std::sync::Arc::new(Reference::default());
    let projector = crate::Projector::new(&rules, &schema, &reference);
    let mut batch = crate::ProjectedBatch::new();
    let table = schema.find("ContainerLogV2").expect("is embedded");
    for index in 0..50 {
        let line = request(60.0, &format!("app{index}"), "a").text();
        let projected = projector.project(table, line.as_bytes(), &mut batch);
        projected.expect("is a row");
    }
    for row in batch.iter() {
        row.records().iter().for_each(|record| {
            mix.apply(record, String::new);
        });
    }
    mix.forget(at(60.0) + TimeSpan::from_days(7));
    assert_eq!(mix.len(), 50);
    mix.forget(at(60.0) + TimeSpan::from_days(9));
    assert_eq!(mix.len(), 0);
}
