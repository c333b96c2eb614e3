//! Behaviour of R3: who the caller is, bot or human, defects of a client.

use livefire_schema::alert::{Alert, Mode, Severity};
use serde_json::json;

use crate::testing::{Line, World, at};

fn service(time: f64, request: &str) -> Line {
    Line::new(
        "AzureDiagnostics",
        time,
        json!({
            "ResultSignature": "429", "CorrelationId": request, "Resource": "AOAI-PROD",
            "CallerIPAddress": "10.0.0.***",
        }),
    )
}

fn request(time: f64, request: &str, user: &str, prompt: &str) -> Line {
    Line::app(
        time,
        &json!({
            "http_status": 429, "request_id": request, "end_user_id": user,
            "source_ip": "198.18.7.41", "application_name": "Assistant", "prompt_hash": prompt,
        }),
    )
}

/// Both rows of each refusal.
fn refusals(user: &str, offsets: &[f64]) -> Vec<Line> {
    let numbered = offsets.iter().enumerate();
    numbered
        .flat_map(|(index, &time)| {
            let id = format!("{user}-{index}");
            [service(time, &id), request(time, &id, user, "p")]
        })
        .collect()
}

#[track_caller]
fn only(form: &str, lines: &[Line]) -> Alert {
    let alerts = World::of(&[form]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn the_caller_is_the_user_of_the_same_request() {
    let alert = only("R3", &refusals("ada", &[0.0, 60.0, 120.0, 180.0, 240.0]));
    assert_eq!(alert.key, "ada · Assistant");
    assert_eq!((alert.level, alert.evidence.len()), (5, 5));
    assert_eq!(alert.time, at(240.0));
    assert_eq!(
        (alert.severity, alert.classes),
        (Severity::High, vec!["bot".to_owned()])
    );
    assert_eq!(alert.details.to_map()["duration"], json!("4m"));
    let entities: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| entity.value.as_str())
        .collect();
    assert_eq!(entities, ["ada", "Assistant", "198.18.7.41"]);
}

#[test]
fn two_users_behind_one_gateway_do_not_add_up() {
    let mut lines = refusals("ada", &[0.0, 60.0, 120.0]);
    lines.extend(refusals("bob", &[1.0, 61.0, 121.0]));
    World::of(&["R3"]).alerts_at(Mode::Streaming, &lines, &[]);
    assert_eq!(only("R3@address", &lines).key, "198.18.7.41");
}

#[test]
fn without_an_application_row_resource_and_network_stand_for_the_caller() {
    let lines: Vec<Line> = (0..5)
        .map(|index| service(f64::from(index) * 60.0, &index.to_string()))
        .collect();
    assert_eq!(only("R3", &lines).key, "AOAI-PROD 10.0.0.0/24 · AOAI-PROD");
}

#[test]
fn a_refusal_is_available_once_both_rows_are_and_partners_come_in_any_order() {
    let mut lines = refusals("ada", &[0.0, 60.0, 120.0, 180.0, 240.0]);
    lines[0] = lines[0].clone().delayed(300.0);
    lines[9] = lines[9].clone().delayed(400.0);
    let alert = only("R3", &lines);
    assert_eq!((alert.time, alert.raised), (at(240.0), at(640.0)));
}

#[test]
fn refusals_by_other_services_and_of_other_categories_do_not_count() {
    for (column, value) in [
        ("ResourceProvider", "MICROSOFT.APIMANAGEMENT"),
        ("Category", "Audit"),
        ("ResultSignature", "200"),
    ] {
        let mut lines = refusals("ada", &[0.0, 60.0, 120.0, 180.0, 240.0]);
        lines[0].fields[column] = json!(value);
        World::of(&["R3"]).alerts_at(Mode::Streaming, &lines, &[]);
    }
    let mut lines = refusals("ada", &[0.0, 60.0, 120.0, 180.0, 240.0]);
    lines[0].fields["ResourceProvider"] = json!("Microsoft.CognitiveServices");
    World::of(&["R3"]).alerts_at(Mode::Streaming, &lines, &[240.0]);
}

#[test]
fn requests_that_succeeded_name_nobody() {
    let mut lines = refusals("ada", &[0.0, 60.0, 120.0, 180.0, 240.0]);
    for line in &mut lines {
        if line.table == "ContainerLogV2" {
            line.fields["LogMessage"]["http_status"] = json!(200);
        }
    }
    assert!(only("R3", &lines).key.starts_with("AOAI-PROD"));
}

#[track_caller]
fn pace(offsets: &[f64], class: &str, severity: Severity) {
    let alert = &World::of(&["R3"]).run(Mode::Streaming, &refusals("ada", offsets))[0];
    assert_eq!((&*alert.classes[0], alert.severity), (class, severity));
}

#[test]
fn growing_gaps_are_human_steady_ones_a_bot() {
    pace(
        &[0.0, 5.0, 15.0, 38.0, 88.0, 200.0, 440.0],
        "human",
        Severity::Low,
    );
    pace(&[0.0, 2.0, 4.0, 6.0, 8.0], "bot", Severity::High);
    pace(&[0.0, 10.0, 23.0, 39.9, 61.87], "human", Severity::Low);
    pace(&[0.0, 10.0, 22.0, 36.4, 53.7], "bot", Severity::High);
}

#[test]
fn the_librarys_own_two_retries_say_nothing() {
    let pressed_thrice = [0.0, 0.4, 1.2, 20.0, 20.4, 21.2];
    pace(&pressed_thrice, "undecided", Severity::Medium);
    let hammering = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0];
    pace(&hammering, "bot", Severity::High);
    let growing = [0.0, 0.4, 1.2, 6.0, 6.4, 7.2, 20.0, 20.4, 50.0, 50.4, 120.0];
    pace(&growing, "human", Severity::Low);
}

#[test]
fn a_chain_ends_where_the_prompt_changes() {
    let mut lines = Vec::new();
    for index in 0..5 {
        let (time, id) = (f64::from(index), index.to_string());
        lines.push(service(time, &id));
        lines.push(request(time, &id, "ada", &format!("prompt {index}")));
    }
    assert_eq!(only("R3", &lines).classes, ["bot"]);
}

#[test]
fn rows_after_the_alert_still_decide_the_class() {
    pace(&[0.0, 0.4, 1.2, 20.0, 20.5], "undecided", Severity::Medium);
    let offsets = [0.0, 0.4, 1.2, 20.0, 20.5, 60.0, 100.0, 140.0, 180.0];
    pace(&offsets, "bot", Severity::High);
}

#[test]
fn ten_bots_of_one_application_are_a_defect_of_its_client() {
    let storm = |callers: u32| {
        let mut lines = Vec::new();
        for caller in 0..callers {
            let start = f64::from(caller);
            let offsets: Vec<f64> = (0..6).map(|n| start + f64::from(n) * 3.0).collect();
            lines.extend(refusals(&format!("user-{caller}"), &offsets));
        }
        World::of(&["R3"]).run(Mode::Streaming, &lines)
    };
    let alerts = storm(9);
    assert_eq!(alerts.len(), 9);
    assert!(alerts.iter().all(|alert| alert.severity == Severity::High));
    let alerts = storm(10);
    assert_eq!(alerts.len(), 10);
    for alert in alerts {
        assert_eq!((alert.severity, alert.classes.len()), (Severity::Low, 2));
        assert_eq!(alert.details.to_map()["cause"], json!("client_defect"));
    }
}
