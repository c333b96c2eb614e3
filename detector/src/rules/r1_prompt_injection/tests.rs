//! Behaviour of R1: entity rows, titles, networks, variants, automated or manual.

use livefire_schema::alert::{Alert, Mode, Semantics};
use serde_json::{Value, json};

use crate::testing::{Line, World, at};

const JAILBREAK: &str = "A Jailbreak attempt on an Azure AI model deployment was blocked by Azure AI Content Safety Prompt Shields";

fn evidence(time: f64, id: &str, title: &str, mut entity: Value) -> Line {
    entity["AlertId"] = json!(id);
    entity["Title"] = json!(title);
    entity["DetectionSource"] = json!("Microsoft Defender for AI Services");
    Line::new("AlertEvidence", time, entity)
}

/// The three rows of one alert.
fn alert(time: f64, id: &str, address: &str) -> Vec<Line> {
    vec![
        evidence(
            time,
            id,
            JAILBREAK,
            json!({"EntityType": "CloudResource", "CloudResource": "aoai-1"}),
        ),
        evidence(
            time,
            id,
            JAILBREAK,
            json!({"EntityType": "Ip", "RemoteIP": address}),
        ),
        evidence(
            time,
            id,
            JAILBREAK,
            json!({"EntityType": "User", "AccountObjectId": format!("user-{id}")}),
        ),
    ]
}

fn alerts(sources: &[(f64, &str)]) -> Vec<Line> {
    let numbered = sources.iter().enumerate();
    numbered
        .flat_map(|(index, &(time, address))| alert(time, &format!("a{index}"), address))
        .collect()
}

#[track_caller]
fn only(form: &str, lines: &[Line]) -> Alert {
    let alerts = World::of(&[form]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn three_alerts_of_one_network_fire_with_all_their_entity_rows() {
    let sources = [
        (10.0, "198.18.7.1"),
        (20.0, "198.18.7.2"),
        (50.0, "198.18.7.200"),
    ];
    let alert = only("R1", &alerts(&sources));
    assert_eq!(alert.key, "198.18.7.0/24");
    assert_eq!((alert.level, alert.evidence.len()), (3, 9));
    assert_eq!((alert.time, alert.raised), (at(50.0), at(50.0)));
    let entities: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| entity.kind.as_str())
        .collect();
    assert_eq!(
        entities,
        [
            "Account",
            "Account",
            "Account",
            "AzureResource",
            "IP",
            "IP",
            "IP"
        ]
    );
    assert_eq!(alert.details.to_map()["titles"], json!([JAILBREAK]));
    assert_eq!(alert.classes, ["manual"]);
}

#[test]
fn exact_addresses_part_what_the_network_joins() {
    let sources = [
        (10.0, "198.18.7.1"),
        (20.0, "198.18.7.2"),
        (50.0, "198.18.7.3"),
    ];
    World::of(&["R1@exact_ip"]).alerts_at(Mode::Streaming, &alerts(&sources), &[]);
    let sources = [
        (10.0, "198.18.7.1"),
        (20.0, "198.18.7.1"),
        (50.0, "198.18.7.1"),
    ];
    World::of(&["R1@exact_ip"]).alerts_at(Mode::Streaming, &alerts(&sources), &[50.0]);
}

#[test]
fn ipv6_sources_are_grouped_by_64() {
    let sources = [
        (1.0, "2001:db8:1:2::1"),
        (2.0, "2001:db8:1:2:a::1"),
        (3.0, "2001:db8:1:2:b::1"),
    ];
    assert_eq!(only("R1", &alerts(&sources)).key, "2001:db8:1:2::/64");
}

#[test]
fn alerts_without_an_address_row_are_not_counted() {
    let sources = [
        (10.0, "198.18.7.1"),
        (20.0, "198.18.7.2"),
        (50.0, "198.18.7.3"),
    ];
    let mut lines = alerts(&sources);
    lines.remove(1);
    World::of(&["R1"]).alerts_at(Mode::Streaming, &lines, &[]);
}

#[test]
fn an_alert_is_available_when_its_address_is() {
    let sources = [
        (10.0, "198.18.7.1"),
        (20.0, "198.18.7.2"),
        (50.0, "198.18.7.3"),
    ];
    let mut lines = alerts(&sources);
    lines[1] = lines[1].clone().delayed(900.0);
    let alert = only("R1", &lines);
    assert_eq!((alert.time, alert.raised), (at(50.0), at(910.0)));
}

#[test]
fn other_titles_and_other_products_do_not_count() {
    let mut lines = alerts(&[(10.0, "198.18.7.1"), (20.0, "198.18.7.2")]);
    let ip = json!({"EntityType": "Ip", "RemoteIP": "198.18.7.3"});
    lines.push(evidence(30.0, "x", "Access from a Tor IP", ip.clone()));
    let mut foreign = evidence(40.0, "y", JAILBREAK, ip);
    foreign.fields["DetectionSource"] = json!("Microsoft Defender for Endpoint");
    lines.push(foreign);
    World::of(&["R1"]).alerts_at(Mode::Streaming, &lines, &[]);
}

#[test]
fn the_counted_titles_are_those_of_jailbreak_and_ascii_smuggling() {
    let file = include_str!("../../../../schema/data/defender_ai_alerts.json");
    let known: Vec<Value> = serde_json::from_str(file).expect("is JSON");
    for entry in known {
        let (id, title) = (entry["id"].as_str().expect("id"), entry["title"].as_str());
        let title = title.expect("title");
        let counted = id.starts_with("AI.Azure_Jailbreak") || id == "AI.Azure_ASCIISmuggling";
        let ip = || json!({"RemoteIP": "198.18.7.1"});
        let lines = ["a", "b", "c"].map(|alert| evidence(5.0, alert, title, ip()));
        let alerts = World::of(&["R1"]).run(Mode::Streaming, &lines);
        assert_eq!(alerts.len(), usize::from(counted), "{id}");
    }
}

#[test]
fn duplicates_count_only_in_the_variant_that_counts_rows() {
    let mut lines = alerts(&[(10.0, "198.18.7.1"), (20.0, "198.18.7.2")]);
    let copy = lines[1].clone().delayed(30.0);
    lines.push(copy);
    World::of(&["R1"]).alerts_at(Mode::Streaming, &lines, &[]);
    let alert = only("R1@rows", &lines);
    assert_eq!((alert.semantics, alert.level), (Semantics::RowCount, 3));
}

fn refused(time: f64, request: &str, message: &str, address: &str) -> Line {
    Line::app(
        time,
        &json!({
            "security_check_passed": "FAIL", "message": message, "request_id": request,
            "source_ip": address, "end_user_id": "ada", "full_prompt_sample": "ignore all",
        }),
    )
}

#[test]
fn the_application_log_counts_by_reason_not_by_verdict() {
    let message = "Security check failed: ";
    let mut lines: Vec<Line> = ["prompt injection", "jailbreak", "content safety"]
        .iter()
        .zip([1.0, 2.0, 3.0])
        .map(|(reason, time)| refused(time, reason, &format!("{message}{reason}"), "198.18.7.9"))
        .collect();
    World::of(&["R1@app_log"]).alerts_at(Mode::Streaming, &lines, &[]);
    let leak = format!("{message}instruction disclosure");
    lines.push(refused(4.0, "leak", &leak, "198.18.7.10"));
    let alert = only("R1@app_log", &lines);
    assert_eq!(alert.details.to_map()["samples"], json!(["ignore all"]));
    assert_eq!(alert.details.to_map()["user_count"], json!(1));
}

#[test]
fn regular_attempts_are_automated_also_by_what_follows_the_alert() {
    let sources: Vec<(f64, &str)> = (0..5)
        .map(|index| (f64::from(index) * 60.0, "198.18.7.1"))
        .collect();
    assert_eq!(only("R1", &alerts(&sources)).classes, ["automated"]);
    assert_eq!(only("R1", &alerts(&sources[..4])).classes, ["manual"]);
}
