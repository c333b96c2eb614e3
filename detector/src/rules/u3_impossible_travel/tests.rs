//! Behaviour of U3: distance and speed, which pairs count, VPN ranges, evidence, eviction.

use livefire_schema::alert::{Alert, Mode, Semantics, Severity, Side};
use livefire_schema::reference::{Identity, Place, Reference};
use livefire_schema::time::TimeSpan;
use serde_json::json;

use super::sightings::Sightings;
use super::spots::Spots;
use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
/// Berlin.
const HOME: &str = "198.18.1.9";
/// Berlin, another network.
const OFFICE: &str = "198.18.2.9";
/// 500 km east of Berlin along the equator's degrees, see [`geography`].
const NEAR: &str = "198.18.3.9";
/// New York, 6385 km away: 7 h 5.7 min by airliner.
const AWAY: &str = "203.0.113.9";

fn place(network: &str, latitude: f64, longitude: f64, usage: &str, provider: &str) -> Place {
    Place {
        network: network.into(),
        latitude,
        longitude,
        usage: usage.into(),
        provider: provider.into(),
        country: "XX".into(),
        ..Place::default()
    }
}

fn geography() -> Reference {
    let ada = Identity {
        object_id: "ada".into(),
        upn: "ada@contoso.example".into(),
        ..Identity::default()
    };
    let places = vec![
        place("198.18.1.0/24", 52.52, 13.40, "home", "Broadband"),
        place("198.18.2.0/24", 52.52, 13.40, "office", "Business"),
        place("198.18.3.0/24", 52.52, 20.0, "home", "Broadband"),
        place("203.0.113.0/24", 40.71, -74.01, "hosting", "Cloud"),
        place("198.18.5.0/24", 52.52, 13.40, "vpn", "Tunnel 1"),
        place("198.18.6.0/24", 40.71, -74.01, "VPN", "tunnel 1"),
        place("198.18.7.0/24", 40.71, -74.01, "vpn", "Tunnel 2"),
    ];
    Reference::new(vec![ada], vec![], vec![], vec![], places)
}

fn request(time: f64, user: &str, address: &str) -> Line {
    let fields = json!({
        "request_id": format!("{user}-{time}-{address}"), "end_user_id": user, "source_ip": address,
    });
    Line::app(time, &fields)
}

fn sign_in(time: f64, user: &str, address: &str, code: &str) -> Line {
    let fields = json!({
        "Id": format!("s-{time}"), "UserId": user, "IPAddress": address, "ResultType": code,
    });
    Line::new("SigninLogs", time, fields)
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    let world = World::of(&["U3"]).knowing(geography());
    world.alerts_at(Mode::Streaming, lines, expected);
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let world = World::of(&["U3"]).knowing(geography());
    let alerts = world.run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

/// Two requests of a user, `gap` apart.
#[track_caller]
fn pair(from: &str, to: &str, gap: f64, expected: bool) {
    let expected = expected.then_some(gap);
    for (first, second) in [(from, to), (to, from)] {
        let lines = [request(0.0, "ada", first), request(gap, "ada", second)];
        fires(&lines, expected.as_slice());
    }
}

#[test]
fn faster_than_an_airliner_fires_and_slower_does_not() {
    pair(HOME, AWAY, 60.0, true);
    pair(HOME, AWAY, 7.0 * HOUR, true);
    pair(HOME, AWAY, 7.0 * HOUR + 12.0 * 60.0, false);
    pair(HOME, AWAY, 30.0 * HOUR, false);
}

#[test]
fn near_places_never_fire() {
    pair(HOME, OFFICE, 1.0, false);
    pair(HOME, NEAR, 1.0, false);
    let world = World::of(&["U3"]).knowing(geography());
    let lines = [request(0.0, "ada", HOME), request(60.0, "ada", NEAR)];
    world
        .with("U3.distance_km", "440")
        .alerts_at(Mode::Streaming, &lines, &[60.0]);
}

#[test]
fn exits_of_one_vpn_are_one_place_and_those_of_two_are_not() {
    pair("198.18.5.9", "198.18.6.9", 60.0, false);
    pair("198.18.5.9", "198.18.7.9", 60.0, true);
    pair(HOME, "198.18.6.9", 60.0, true);
}

#[test]
fn unknown_networks_and_texts_that_are_no_address_say_nothing() {
    pair(HOME, "192.0.2.9", 60.0, false);
    pair(HOME, "gateway", 60.0, false);
}

#[test]
fn a_sign_in_and_a_request_pair_in_either_order_and_two_sign_ins_do_not() {
    fires(
        &[sign_in(0.0, "ada", HOME, "0"), request(60.0, "ada", AWAY)],
        &[60.0],
    );
    fires(
        &[request(0.0, "ada", HOME), sign_in(60.0, "ada", AWAY, "0")],
        &[60.0],
    );
    fires(
        &[
            sign_in(0.0, "ada", HOME, "0"),
            sign_in(60.0, "ada", AWAY, "0"),
        ],
        &[],
    );
    fires(
        &[
            request(0.0, "ada", HOME),
            sign_in(60.0, "ada", AWAY, "50126"),
        ],
        &[],
    );
}

#[test]
fn spellings_of_one_account_are_one_user_and_users_do_not_pair() {
    let lines = [
        request(0.0, "ADA@contoso.example", HOME),
        request(60.0, "ada", AWAY),
    ];
    assert_eq!(only(&lines).key, "ada");
    fires(
        &[request(0.0, "ada", HOME), request(60.0, "bob", AWAY)],
        &[],
    );
}

#[test]
fn a_stop_on_the_way_hides_nothing() {
    let lines = [
        request(0.0, "ada", HOME),
        request(1800.0, "ada", NEAR),
        request(3600.0, "ada", AWAY),
    ];
    let alert = only(&lines);
    assert_eq!((alert.time, alert.evidence.len()), (at(3600.0), 3));
}

#[test]
fn a_user_alerts_again_after_an_hour_without_a_pair() {
    let lines: Vec<Line> = [0.0, 600.0, 3600.0, 7300.0, 10_900.0]
        .iter()
        .flat_map(|&time| [request(time, "ada", HOME), request(time + 1.0, "ada", AWAY)])
        .collect();
    fires(&lines, &[1.0, 7300.0]);
}

#[test]
fn the_alert_carries_both_sides_and_both_places() {
    let lines = [
        sign_in(0.0, "ada", HOME, "0").delayed(900.0),
        request(300.0, "ada", HOME),
        request(600.0, "ada", AWAY).delayed(90.0),
        request(600.0, "ada", AWAY).delayed(30.0),
    ];
    let alert = only(&lines);
    assert_eq!(
        (alert.semantics, alert.severity),
        (Semantics::Join, Severity::High)
    );
    assert_eq!((alert.level, alert.raised), (2, at(630.0)));
    let sides: Vec<_> = alert.evidence.iter().map(|row| row.side).collect();
    let (left, right) = (Some(Side::Left), Some(Side::Right));
    assert_eq!(sides, [right, right, left, left]);
    assert_eq!(alert.details.to_map()["distance_km"], json!(6385.0));
    assert_eq!(alert.details.to_map()["apart"], json!("5m"));
    assert_eq!(alert.details.to_map()["to"]["usage"], json!("hosting"));
}

#[test]
fn users_who_were_not_seen_for_a_day_are_forgotten() {
    let rules = World::of(&["U3"]).rules;
    let (_, form) = rules.forms().next().expect("is selected");
    let mut sightings = Sightings::new(form.parameters(), Spots::new(&geography()));
    let schema = livefire_schema::table::Schema::embedded();
    let reference = std::sync::Arc::new(geography());
    let projector = crate::Projector::new(&rules, &schema, &reference);
    let mut batch = crate::ProjectedBatch::new();
    let table = schema.find("ContainerLogV2").expect("is embedded");
    for index in 0..50 {
        let line = request(60.0, &format!("u{index}"), HOME).text();
        let projected = projector.project(table, line.as_bytes(), &mut batch);
        projected.expect("is a row");
    }
    for record in batch.iter().flat_map(|row| row.records()) {
        sightings.apply(record);
    }
    sightings.forget(at(60.0) + TimeSpan::from_hours(24));
    assert_eq!(sightings.len(), 50);
    sightings.forget(at(60.0) + TimeSpan::from_hours(31));
    assert_eq!(sightings.len(), 0);
}
