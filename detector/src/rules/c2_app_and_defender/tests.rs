//! Behaviour of C2: the bound, which application, which user, which alerts, evidence.

use std::sync::Arc;

use livefire_schema::alert::{Alert, Mode, Severity, Side};
use livefire_schema::reference::{Application, Reference};
use serde_json::{Value, json};

use super::TITLES;
use crate::testing::{Line, World, at};

fn request(time: f64, user: &str, application: &str) -> Line {
    let fields = json!({
        "security_check_passed": "FAIL", "level": "WARNING", "end_user_id": user,
        "request_id": format!("r-{time}-{user}"), "source_ip": "198.18.7.41",
        "application_name": application, "full_prompt_sample": "ignore all rules",
    });
    Line::app(time, &fields)
}

fn row(time: f64, alert: &str, mut fields: Value) -> Line {
    fields["AlertId"] = json!(alert);
    fields["Title"] = json!("A Jailbreak attempt on your deployment was blocked");
    fields["DetectionSource"] = json!("Microsoft Defender for AI Services");
    Line::new("AlertEvidence", time, fields)
}

fn resource(time: f64, alert: &str, name: &str) -> Line {
    row(
        time,
        alert,
        json!({"EntityType": "CloudResource", "CloudResource": name}),
    )
}

fn user(time: f64, alert: &str, name: &str) -> Line {
    row(
        time,
        alert,
        json!({"EntityType": "User", "AccountObjectId": name, "AccountUpn": ""}),
    )
}

fn address(time: f64, alert: &str) -> Line {
    row(
        time,
        alert,
        json!({"EntityType": "Ip", "RemoteIP": "203.0.113.9"}),
    )
}

fn world() -> World {
    let map = |application: &str, resource: &str| Application {
        application: application.into(),
        resource: resource.into(),
    };
    let applications = vec![
        map("Assistant", "aoai-prod"),
        map("Helper", "aoai-help"),
        map("Twin", "aoai-help"),
    ];
    let mut world = World::of(&["C2"]);
    world.reference = Arc::new(Reference::new(vec![], applications, vec![], vec![], vec![]));
    world
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    world().alerts_at(Mode::Streaming, lines, expected);
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = world().run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[track_caller]
fn gap(seconds: f64, expected: bool) {
    let times: &[f64] = if expected { &[seconds] } else { &[] };
    fires(
        &[
            request(0.0, "ada", "Assistant"),
            resource(seconds, "a", "aoai-prod"),
        ],
        times,
    );
    fires(
        &[
            resource(0.0, "a", "AOAI-PROD"),
            request(seconds, "ada", "assistant"),
        ],
        times,
    );
}

#[test]
fn a_pair_on_one_application_within_an_hour_fires_in_either_order() {
    gap(0.0, true);
    gap(3600.0, true);
    gap(3_600.000_000_1, false);
}

#[test]
fn an_alert_on_another_or_an_unknown_resource_does_not_pair() {
    fires(
        &[
            request(0.0, "ada", "Assistant"),
            resource(60.0, "a", "aoai-help"),
        ],
        &[],
    );
    fires(
        &[
            request(0.0, "ada", "Assistant"),
            resource(60.0, "a", "storage"),
        ],
        &[],
    );
    fires(&[request(0.0, "ada", "Assistant"), address(60.0, "a")], &[]);
}

#[test]
fn a_resource_of_two_applications_pairs_with_both() {
    let lines = [
        request(0.0, "ada", "Helper"),
        request(1.0, "bob", "Twin"),
        resource(60.0, "a", "/subscriptions/x/accounts/aoai-help"),
    ];
    let alerts = world().run(Mode::Streaming, &lines);
    let mut keys: Vec<_> = alerts.iter().map(|alert| alert.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["Helper", "Twin"]);
}

#[test]
fn an_alert_may_name_its_application_itself() {
    let mut named = resource(60.0, "a", "unlisted");
    named.fields["Application"] = json!("Assistant");
    fires(&[request(0.0, "ada", "Assistant"), named], &[60.0]);
}

#[test]
fn where_the_alert_names_a_user_only_that_users_requests_pair() {
    let alert = [
        resource(60.0, "a", "aoai-prod"),
        address(60.0, "a"),
        user(60.0, "a", "ADA"),
    ];
    let with = |who: &str| {
        let mut lines = alert.to_vec();
        lines.push(request(0.0, who, "Assistant"));
        lines
    };
    fires(&with("bob"), &[]);
    fires(&with("ada"), &[60.0]);
    assert_eq!(only(&with("ada")).key, "Assistant · ada");
}

#[test]
fn rows_of_one_alert_are_gathered_for_ten_minutes() {
    let lines = |delay: f64| {
        [
            request(0.0, "bob", "Assistant"),
            resource(60.0, "a", "aoai-prod"),
            user(60.0 + delay, "a", "ada"),
        ]
    };
    fires(&lines(600.0), &[]);
    fires(&lines(600.1), &[60.0]);
    fires(&lines(1300.0), &[60.0]);
}

#[test]
fn users_and_the_application_alone_alert_apart() {
    let lines = [
        request(0.0, "ada", "Assistant"),
        resource(10.0, "a", "aoai-prod"),
        resource(20.0, "b", "aoai-prod"),
        user(20.0, "b", "ada"),
        resource(30.0, "c", "aoai-prod"),
        user(40.0, "d", "ada"),
        resource(40.0, "d", "aoai-prod"),
    ];
    fires(&lines, &[10.0, 20.0]);
}

#[test]
fn an_application_alerts_again_after_an_hour_without_a_pair() {
    let mut lines = vec![
        request(0.0, "ada", "Assistant"),
        resource(10.0, "a", "aoai-prod"),
    ];
    lines.push(request(3609.0, "ada", "Assistant"));
    fires(&lines, &[10.0]);
    lines.pop();
    lines.push(request(3610.0, "ada", "Assistant"));
    fires(&lines, &[10.0, 3610.0]);
}

#[track_caller]
fn counts(title: &str, detection: Option<&str>, expected: bool) {
    let mut alert = resource(60.0, "a", "aoai-prod");
    alert.fields["Title"] = json!(title);
    alert.fields["DetectionSource"] = json!(detection);
    let times: &[f64] = if expected { &[60.0] } else { &[] };
    fires(&[request(0.0, "ada", "Assistant"), alert], times);
}

#[test]
fn any_defender_for_ai_alert_counts_but_the_model_scans() {
    let list = include_str!("../../../../schema/data/defender_ai_alerts.json");
    let list: Vec<Value> = serde_json::from_str(list).expect("is a list");
    assert!(list.len() > TITLES.len());
    for alert in &list {
        let title = alert["title"].as_str().expect("has a title");
        let expected = alert["id"] != "AI.AIModelScan_MalwareDetected";
        counts(title, Some("Microsoft Defender for AI Services"), expected);
        counts(title.trim_start_matches("(Preview) "), None, expected);
        counts(title, Some("Microsoft Defender for Storage"), false);
    }
    counts("Malware in a storage account", None, false);
}

#[test]
fn the_alert_carries_every_row_of_both_sides_and_waits_for_the_rows_that_name() {
    let lines = [
        request(0.0, "ada", "Assistant").delayed(30.0),
        resource(60.0, "a", "aoai-prod").delayed(900.0),
        user(60.0, "a", "ada").delayed(1000.0),
        address(60.0, "a").delayed(1200.0),
    ];
    let alert = only(&lines);
    assert_eq!((alert.time, alert.raised), (at(60.0), at(1060.0)));
    assert_eq!((alert.severity, alert.level), (Severity::Critical, 1));
    let sides: Vec<_> = alert.evidence.iter().filter_map(|row| row.side).collect();
    assert_eq!(sides, [Side::Left, Side::Right, Side::Right, Side::Right]);
    let entities: Vec<_> = alert
        .entities
        .iter()
        .map(|e| (e.kind.as_str(), e.value.as_str()))
        .collect();
    let expected = [
        ("Account", "ada"),
        ("AzureResource", "aoai-prod"),
        ("CloudApplication", "Assistant"),
        ("IP", "198.18.7.41"),
        ("IP", "203.0.113.9"),
    ];
    assert_eq!(entities, expected);
    let details = Value::Object(alert.details.to_map());
    assert_eq!(
        details["alert_titles"],
        json!(["A Jailbreak attempt on your deployment was blocked"])
    );
}
