//! Behaviour of R2: threshold, duplicates, variants, severity, evidence.

use livefire_schema::alert::{Alert, Mode, Semantics, Severity};
use serde_json::json;

use crate::testing::{Line, World, at};

fn fail(time: f64, user: &str, request: &str) -> Line {
    Line::app(
        time,
        &json!({
            "security_check_passed": "FAIL", "end_user_id": user, "request_id": request,
            "session_id": format!("s-{request}"), "source_ip": "198.18.7.41",
            "application_name": "Assistant", "full_prompt_sample": format!("sample {request}"),
            "content_severity": 2,
        }),
    )
}

fn fails(offsets: &[f64]) -> Vec<Line> {
    let numbered = offsets.iter().enumerate();
    numbered
        .map(|(index, &offset)| fail(offset, "ada", &format!("r{index}")))
        .collect()
}

#[track_caller]
fn only(alerts: Vec<Alert>) -> Alert {
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn the_third_failure_of_a_user_alerts_with_its_rows_and_samples() {
    let alert = only(World::of(&["R2"]).run(Mode::Streaming, &fails(&[0.0, 10.0, 30.0])));
    assert_eq!((alert.rule.as_str(), alert.key.as_str()), ("R2", "ada"));
    assert_eq!((alert.threshold, alert.level), (3, 3));
    assert_eq!((alert.time, alert.raised), (at(30.0), at(30.0)));
    assert_eq!(alert.evidence.len(), 3);
    assert_eq!(&*alert.evidence[0].table, "ContainerLogV2");
    assert_eq!(alert.severity, Severity::Medium);
    assert_eq!(alert.classes, ["isolated"]);
    assert_eq!(
        alert.details.to_map()["samples"],
        json!(["sample r0", "sample r1", "sample r2"])
    );
    let kinds: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| entity.kind.as_str())
        .collect();
    assert_eq!(kinds, ["Account", "CloudApplication", "IP"]);
    assert!(alert.window.contains(at(30.0)) && !alert.window.contains(at(30.0 - 3600.0)));
}

#[test]
fn passes_and_other_users_do_not_count() {
    let mut lines = fails(&[0.0, 10.0]);
    lines.push(fail(20.0, "bob", "b"));
    lines.push(Line::app(
        25.0,
        &json!({"security_check_passed": "PASS", "end_user_id": "ada", "request_id": "p"}),
    ));
    World::of(&["R2"]).alerts_at(Mode::Streaming, &lines, &[]);
}

#[test]
fn a_row_delivered_twice_counts_once_but_is_evidence() {
    let mut lines = fails(&[0.0, 10.0]);
    lines.push(fail(10.0, "ada", "r1").delayed(60.0));
    let world = World::of(&["R2", "R2@rows"]);
    let alert = only(world.run(Mode::Streaming, &lines));
    assert_eq!(
        (alert.rule.as_str(), alert.semantics),
        ("R2@rows", Semantics::RowCount)
    );
    lines.push(fail(20.0, "ada", "r2"));
    let alert = only(World::of(&["R2"]).run(Mode::Streaming, &lines));
    assert_eq!((alert.level, alert.evidence.len()), (3, 4));
}

#[test]
fn the_published_keys_split_the_count_when_the_session_rotates() {
    World::of(&["R2@session"]).alerts_at(Mode::Streaming, &fails(&[0.0, 1.0, 2.0, 3.0]), &[]);
}

#[test]
fn raised_is_when_three_rows_of_the_window_were_available() {
    let lines = [
        fail(0.0, "ada", "a").delayed(300.0),
        fail(10.0, "ada", "b").delayed(20.0),
        fail(20.0, "ada", "c").delayed(30.0),
    ];
    let alert = only(World::of(&["R2"]).run(Mode::Streaming, &lines));
    assert_eq!((alert.time, alert.raised), (at(20.0), at(300.0)));
    let alert = only(World::of(&["R2"]).run(Mode::Binned, &lines));
    assert_eq!((alert.time, alert.raised), (at(20.0), at(3600.0)));
}

#[track_caller]
fn severity(offsets: &[f64], expected: Severity, class: &str) {
    let alerts = World::of(&["R2"]).run(Mode::Streaming, &fails(offsets));
    assert_eq!(
        (alerts[0].severity, &*alerts[0].classes[0]),
        (expected, class)
    );
}

#[test]
fn severity_follows_the_count_until_an_hour_after_the_alert() {
    severity(&[0.0, 1.0, 2.0, 3.0], Severity::Medium, "isolated");
    severity(&[0.0, 1.0, 2.0, 3.0, 4.0], Severity::High, "isolated");
    severity(
        &[0.0, 1.0, 2.0, 3602.0, 3602.0],
        Severity::High,
        "persistent",
    );
    severity(
        &[0.0, 1.0, 2.0, 3602.0, 3602.1],
        Severity::Medium,
        "persistent",
    );
    let ten: Vec<f64> = (0..10).map(|index| f64::from(index) * 100.0).collect();
    severity(&ten, Severity::Critical, "isolated");
    severity(&[0.0, 1.0, 900.0], Severity::Medium, "isolated");
    severity(&[0.0, 1.0, 900.1], Severity::Medium, "persistent");
}

#[test]
fn the_highest_content_severity_is_critical_at_any_count() {
    let mut lines = fails(&[0.0, 1.0, 2.0]);
    lines[1].fields["LogMessage"]["content_severity"] = json!(6);
    let alert = only(World::of(&["R2"]).run(Mode::Streaming, &lines));
    assert_eq!(alert.severity, Severity::Critical);
}

#[test]
fn an_unbroken_run_alerts_again_after_realert_and_a_broken_one_at_its_edge() {
    let world = World::of(&["R2"]);
    let run: Vec<f64> = (0..16).map(|index| f64::from(index) * 1000.0).collect();
    world.alerts_at(Mode::Streaming, &fails(&run), &[2000.0]);
    let run: Vec<f64> = (0..18).map(|index| f64::from(index) * 1000.0).collect();
    world.alerts_at(Mode::Streaming, &fails(&run), &[2000.0, 17000.0]);
    let broken = [0.0, 1.0, 2.0, 3601.5, 3601.6, 3601.7];
    world.alerts_at(Mode::Streaming, &fails(&broken), &[2.0, 3601.6]);
}

#[test]
fn rows_later_than_the_delay_cut_are_dropped_and_counted() {
    let mut lines = fails(&[0.0, 10.0]);
    lines.push(fail(20.0, "ada", "late").delayed(440.1));
    let (alerts, late) = World::of(&["R2"]).run_counting(&lines);
    let modes: Vec<_> = alerts.iter().map(|alert| alert.mode).collect();
    assert_eq!(modes, [Mode::Binned], "bins know no lateness");
    assert_eq!(
        (late.len(), late[0].rows, late[0].mode),
        (1, 1, Mode::Streaming)
    );
    lines[2] = fail(20.0, "ada", "late").delayed(440.0);
    assert_eq!(World::of(&["R2"]).run(Mode::Streaming, &lines).len(), 1);
    let strict = World::of(&["R2"]).with("R2.allowed_lateness", "1m");
    assert_eq!(strict.run(Mode::Streaming, &lines).len(), 0);
}

#[test]
fn event_order_decides_whatever_the_order_of_arrival() {
    let lines = [
        fail(100.0, "ada", "a"),
        fail(50.0, "ada", "b").delayed(200.0),
        fail(10.0, "ada", "c").delayed(400.0),
    ];
    World::of(&["R2"]).alerts_at(Mode::Streaming, &lines, &[100.0]);
}

#[test]
fn requests_of_an_announced_drill_do_not_count() {
    let drill = |application: &str| {
        let drill = livefire_schema::reference::Drill {
            account: "ada".into(),
            address: "198.18.7.41".into(),
            application: application.into(),
            from: at(0.0),
            to: at(60.0),
        };
        livefire_schema::reference::Reference::new(vec![], vec![], vec![], vec![drill], vec![])
    };
    let run = |reference, lines: &[Line]| {
        let world = World::of(&["R2"]).knowing(reference);
        world.run(Mode::Streaming, lines).len()
    };
    let during = fails(&[0.0, 10.0, 59.0]);
    assert_eq!(run(drill("assistant"), &during), 0);
    assert_eq!(run(drill("Translator"), &during), 1);
    let overrun = fails(&[0.0, 10.0, 60.0, 70.0, 80.0]);
    assert_eq!(run(drill("Assistant"), &overrun), 1);
}
