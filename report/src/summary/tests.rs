//! What a collector makes of rows: statuses, accounts, places, bounds.

use std::sync::Arc;

use livefire_labels::{Batch, BatchRow};
use livefire_schema::reference::{Identity, Place, Reference};
use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;
use serde_json::json;

use super::{Collector, StatusCounts, Summary};

fn reference() -> Arc<Reference> {
    let identity = Identity {
        object_id: "id-ada".to_owned(),
        upn: "ada@corp.example".to_owned(),
        department: "research".to_owned(),
        country: "DE".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        created: None,
        service: false,
    };
    let place = Place {
        network: "192.0.2.0/24".to_owned(),
        country: "DE".to_owned(),
        city: "Berlin".to_owned(),
        latitude: 52.5,
        longitude: 13.4,
        asn: 1,
        provider: String::new(),
        usage: String::new(),
    };
    let places = vec![place];
    Arc::new(Reference::new(
        vec![identity],
        Vec::new(),
        Vec::new(),
        Vec::new(),
        places,
    ))
}

/// One request by account, check and level.
fn request(user: &str, check: &str, level: &str, message: &str) -> String {
    let row = json!({ "LogMessage": {
        "end_user_id": user, "security_check_passed": check, "level": level, "message": message,
        "session_id": "s-1", "application_name": "desk", "source_ip": "192.0.2.7",
        "prompt_hash": "h-1", "full_prompt_sample": "Hello",
    }});
    row.to_string()
}

fn summary(lines: &[(&str, String)], actors: &[&str]) -> Summary {
    let schema = Schema::embedded();
    let mut batch = Batch::default();
    for (index, (table, line)) in lines.iter().enumerate() {
        let start = batch.bytes.len();
        batch.bytes.extend_from_slice(line.as_bytes());
        batch.rows.push(BatchRow {
            table: schema.find(table).expect("a known table"),
            start,
            end: batch.bytes.len(),
            time: EventTime::from_unix_seconds(60 * i64::try_from(index).expect("few rows")),
            ..BatchRow::default()
        });
    }
    let mut collector = Collector::new(&schema, reference());
    collector.add(&batch);
    collector.finish(actors.iter().copied())
}

#[test]
fn requests_are_told_apart_by_check_level_and_message() {
    let app = "ContainerLogV2";
    let found = summary(
        &[
            (app, request("id-ada", "PASS", "INFO", "Request completed")),
            (
                app,
                request("id-ada", "FAIL", "WARNING", "Security check failed"),
            ),
            (
                app,
                request("id-ada", "PASS", "ERROR", "Upstream rate limit"),
            ),
            (
                app,
                request("id-ada", "PASS", "ERROR", "Upstream unavailable"),
            ),
            (app, "{ damaged".to_owned()),
            (
                app,
                json!({ "LogMessage": "a line of a library" }).to_string(),
            ),
            (
                "AzureDiagnostics",
                json!({ "ResultSignature": "429" }).to_string(),
            ),
            (
                "AzureDiagnostics",
                json!({ "ResultSignature": "200" }).to_string(),
            ),
        ],
        &[],
    );
    let each = StatusCounts {
        passed: 1,
        blocked: 1,
        rate_limited: 1,
        failed: 1,
    };
    assert_eq!((found.requests, found.service_rate_limited), (each, 1));
    assert_eq!(found.applications[0].counts, each);
    assert_eq!(
        (found.places[0].city.as_str(), found.unlocated),
        ("Berlin", 0)
    );
}

#[test]
fn accounts_are_told_as_people_write_them() {
    let line = request("id-ada", "FAIL", "WARNING", "");
    let found = summary(&[("ContainerLogV2", line)], &["id-ada"]);
    let activity = &found.activities[0];
    assert_eq!(activity.user, "ada@corp.example");
    assert!(activity.is_campaign_actor);
    assert_eq!(activity.sessions[0].counts.blocked, 1);
    assert_eq!(found.users[0].department, "research");
}

#[test]
fn many_names_and_long_ones_are_bounded() {
    let long = "x".repeat(1_000);
    let names = (0..6_000).map(|number| format!("user-{number}-{long}"));
    let lines: Vec<(&str, String)> = names
        .map(|name| ("ContainerLogV2", request(&name, "PASS", "INFO", "")))
        .collect();
    let found = summary(&lines, &[]);
    assert_eq!(found.requests.passed, 6_000);
    assert!(found.users.len() <= 25 && found.activities.len() <= 12);
    assert!(found.users.iter().all(|user| user.name.len() <= 160));
    let size = serde_json::to_string(&found).expect("is JSON").len();
    assert!(size < 200_000, "{size} bytes");
}
