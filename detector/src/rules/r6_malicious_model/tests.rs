//! Behaviour of R6: what is a finding, what is a use, the window, days, late findings.

use std::sync::Arc;

use livefire_schema::alert::{Alert, Mode, Severity, Side};
use livefire_schema::reference::{Model, Reference};
use livefire_schema::time::TimeSpan;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const ASSET: &str = "/registries/reg1/models/classifier/versions/3";

fn world() -> World {
    let model = |model: &str, deployment: &str, asset_id: &str| Model {
        model: model.into(),
        deployment: deployment.into(),
        asset_id: asset_id.into(),
    };
    let models = vec![
        model("classifier:3", "classifier-3", ASSET),
        model("classifier:3", "classifier-3-eu", ASSET),
        model(
            "writer:1",
            "writer",
            "/registries/reg1/models/writer/versions/1",
        ),
    ];
    let mut world = World::of(&["R6"]);
    world.reference = Arc::new(Reference::new(vec![], vec![], models, vec![], vec![]));
    world
}

fn log_use(time: f64, deployment: &str) -> Line {
    let fields = json!({
        "model_deployment": deployment, "application_name": "Assistant", "end_user_id": "ada",
        "source_ip": "198.18.7.41", "request_id": format!("r-{time}"),
    });
    Line::app(time, &fields)
}

fn scan(time: f64) -> Line {
    let fields = json!({
        "SystemAlertId": format!("a-{time}"), "AlertType": "AI.AIModelScan_MalwareDetected",
        "AlertName": "Malicious content detected in uploaded AI model",
        "CompromisedEntity": "classifier:3", "ResourceId": ASSET,
    });
    Line::new("SecurityAlert", time, fields)
}

fn recommendation(time: f64, state: &str) -> Line {
    let fields = json!({
        "AssessedResourceId": ASSET, "RecommendationState": state,
        "RecommendationDisplayName": "Model contains unsafe content",
    });
    Line::new("SecurityRecommendation", time, fields)
}

fn with(mut line: Line, column: &str, value: Value) -> Line {
    line.fields[column] = value;
    line
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    let alerts = world().run(Mode::Streaming, lines);
    let mut times: Vec<_> = alerts.iter().map(|alert| alert.time).collect();
    times.sort_unstable();
    assert_eq!(
        times,
        expected.iter().map(|&time| at(time)).collect::<Vec<_>>()
    );
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = world().run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn a_flagged_model_that_nobody_uses_is_silent() {
    fires(&[scan(0.0)], &[]);
    fires(
        &[
            scan(0.0),
            log_use(60.0, "writer"),
            log_use(60.0, "unmapped"),
        ],
        &[],
    );
}

#[test]
fn forty_uses_two_hours_before_the_finding_are_reported_at_the_finding() {
    let mut lines: Vec<Line> = (0..40)
        .map(|index| log_use(f64::from(index), "classifier-3"))
        .collect();
    lines.push(scan(39.0 + 7200.0));
    let alert = only(&lines);
    assert_eq!(alert.time, at(39.0 + 7200.0));
    assert_eq!(alert.details.to_map()["uses"]["application_log"], 40);
}

#[test]
fn a_use_counts_from_a_day_before_the_finding_and_any_time_after() {
    for (gap, expected) in [
        (DAY, true),
        (DAY + 0.000_001, false),
        (0.0, true),
        (1.0, true),
    ] {
        let found = [scan(2.5 * DAY), log_use(2.5 * DAY - gap, "classifier-3")];
        fires(&found, if expected { &[2.5 * DAY] } else { &[] });
    }
    let later = 40.0 * DAY + 5.0;
    fires(&[scan(0.0), log_use(later, "Classifier-3")], &[later]);
}

#[test]
fn a_model_alerts_once_per_utc_day() {
    let mut lines = vec![scan(10.0 * HOUR), scan(12.0 * HOUR), scan(34.0 * HOUR)];
    for hour in [9.0, 11.0, 23.9, 24.1, 30.0, 49.0, 50.0] {
        lines.push(log_use(hour * HOUR, "classifier-3"));
        lines.push(log_use(hour * HOUR + 1.0, "classifier-3-eu"));
    }
    fires(&lines, &[10.0 * HOUR, 24.1 * HOUR, 49.0 * HOUR]);
}

#[test]
fn uses_come_from_all_three_tables() {
    let tables = [
        (
            "AzureDiagnostics",
            json!({
            "CorrelationId": "c", "properties_s": r#"{"modelDeploymentName":"classifier-3"}"#}),
        ),
        (
            "AmlOnlineEndpointTrafficLog",
            json!({"XRequestId": "x", "DeploymentName": "classifier-3"}),
        ),
    ];
    for (table, fields) in tables {
        fires(&[scan(0.0), Line::new(table, 60.0, fields)], &[60.0]);
    }
}

#[track_caller]
fn flags(finding: Line, expected: bool) {
    fires(
        &[finding, log_use(60.0, "classifier-3")],
        if expected { &[60.0] } else { &[] },
    );
}

#[test]
fn findings_are_scan_alerts_and_unhealthy_recommendations_about_a_mapped_model() {
    flags(scan(0.0), true);
    flags(
        with(scan(0.0), "AlertType", json!("AIModelScan_MalwareDetected")),
        true,
    );
    flags(
        with(scan(0.0), "AlertType", json!("AI.Azure_AccessAnomaly")),
        false,
    );
    flags(
        with(scan(0.0), "ProviderName", json!("ASI Scheduled Alerts")),
        false,
    );
    flags(
        with(scan(0.0), "CompromisedEntity", json!("workspace")),
        true,
    );
    let unnamed = with(
        with(scan(0.0), "CompromisedEntity", json!("x")),
        "ResourceId",
        json!("y"),
    );
    flags(unnamed.clone(), false);
    let entities =
        format!(r#"[{{"$id":"1","Type":"azure-resource","ResourceId":"/sub/s{ASSET}"}}]"#);
    flags(with(unnamed.clone(), "Entities", json!(entities)), true);
    flags(with(unnamed, "Entities", json!("no json")), false);
    flags(recommendation(0.0, "Unhealthy"), true);
    flags(recommendation(0.0, "Healthy"), false);
    flags(
        with(
            recommendation(0.0, "Unhealthy"),
            "AssessedResourceId",
            json!("/vm/1"),
        ),
        false,
    );
}

#[test]
fn a_late_recommendation_gives_the_days_that_it_would_have_given_in_time() {
    let uses = [5.0, 20.0, 26.0, 40.0].map(|hour| log_use(hour * HOUR, "classifier-3"));
    let lines = |delay: f64| {
        let mut lines = uses.to_vec();
        lines.push(recommendation(10.0 * HOUR, "Unhealthy").delayed(delay));
        lines
    };
    for delay in [0.0, 40.0 * HOUR] {
        fires(&lines(delay), &[10.0 * HOUR, 26.0 * HOUR]);
    }
    let alerts = world().run(Mode::Streaming, &lines(40.0 * HOUR));
    let raised: Vec<_> = alerts.iter().map(|alert| alert.raised).collect();
    assert_eq!(raised, [at(50.0 * HOUR), at(50.0 * HOUR)]);
    let first = alerts.iter().find(|alert| alert.time == at(10.0 * HOUR));
    let rows = first.map(|alert| alert.evidence.len());
    assert_eq!(rows, Some(2), "finding and the use before it");
    let mut unused_before = lines(40.0 * HOUR);
    unused_before.remove(0);
    fires(&unused_before, &[20.0 * HOUR, 26.0 * HOUR]);
}

#[test]
fn the_alert_carries_both_sides_and_who_used_the_model() {
    let lines = [
        log_use(0.0, "classifier-3").delayed(400.0),
        log_use(0.0, "classifier-3").delayed(30.0),
        scan(-60.0).delayed(900.0),
    ];
    let alert = only(&lines);
    assert_eq!(
        (alert.key.as_str(), alert.severity),
        ("classifier:3", Severity::Medium)
    );
    assert_eq!((alert.time, alert.raised), (at(0.0), at(840.0)));
    let sides: Vec<_> = alert.evidence.iter().filter_map(|row| row.side).collect();
    assert_eq!(sides, [Side::Right, Side::Left, Side::Left]);
    assert_eq!(
        alert.window.span(),
        TimeSpan::from_seconds(60) + TimeSpan::from_ticks(1)
    );
    let details = Value::Object(alert.details.to_map());
    assert_eq!(details["users"], json!(["ada"]));
    assert_eq!(details["addresses"], json!(["198.18.7.41"]));
    assert_eq!(
        details["deployments"],
        json!(["classifier-3", "classifier-3-eu"])
    );
    assert_eq!(details["findings"][0]["table"], "SecurityAlert");
    let kinds: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| entity.kind.as_str())
        .collect();
    assert_eq!(
        kinds,
        ["Account", "AzureResource", "CloudApplication", "IP"]
    );
}

/// The days that alert, by definition.
fn days(uses: &[i64], findings: &[(i64, i64)]) -> Vec<i64> {
    let mut days = std::collections::BTreeSet::new();
    for &(found, _) in findings {
        for &used in uses {
            if used >= found - 24 {
                days.insert(used.max(found).div_euclid(24));
            }
        }
    }
    days.into_iter().collect()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers of hours")]
fn hours(hours: i64) -> f64 {
    hours as f64 * HOUR
}

proptest! {
    /// Uses and findings at whole hours, findings up to 47 h late.
    #[test]
    fn the_days_that_alert_are_those_of_the_definition(
        uses in prop::collection::vec(0..200i64, 0..12),
        findings in prop::collection::vec((0..200i64, 0..47i64), 0..4),
    ) {
        let mut lines: Vec<Line> =
            uses.iter().map(|&used| log_use(hours(used), "classifier-3")).collect();
        lines.extend(findings.iter().map(|&(found, delay)| {
            recommendation(hours(found), "Unhealthy").delayed(hours(delay))
        }));
        let alerts = world().run(Mode::Streaming, &lines);
        let start = at(0.0);
        let mut found: Vec<i64> = alerts
            .iter()
            .map(|alert| (alert.time - start).ticks().div_euclid(TimeSpan::from_days(1).ticks()))
            .collect();
        found.sort_unstable();
        prop_assert_eq!(found, days(&uses, &findings));
    }
}
