//! Behaviour of C3: which publication counts, validity, addresses, evidence.

use livefire_schema::alert::{Alert, Mode, Severity, Side};
use serde_json::{Value, json};

use crate::testing::{Line, World, at};

const DAY: f64 = 86_400.0;

fn request(time: f64, address: &str) -> Line {
    let fields = json!({
        "security_check_passed": "PASS", "end_user_id": "ada", "source_ip": address,
        "request_id": format!("r-{time}-{address}"),
    });
    Line::app(time, &fields)
}

/// An indicator, valid from ten days before to ten days after the start.
fn listed(time: f64, id: &str, value: &str) -> Line {
    let fields = json!({
        "Id": id, "ObservableKey": "ipv4-addr:value", "ObservableValue": value, "IsActive": true,
        "IsDeleted": false, "Revoked": false, "Confidence": 85, "SourceSystem": "feed",
        "ValidFrom": at(-10.0 * DAY).to_string(), "ValidUntil": at(10.0 * DAY).to_string(),
    });
    Line::new("ThreatIntelIndicators", time, fields)
}

fn with(mut line: Line, column: &str, value: Value) -> Line {
    line.fields[column] = value;
    line
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    World::of(&["C3"]).alerts_at(Mode::Streaming, lines, expected);
}

/// A request at 0 from the address of the given publications.
#[track_caller]
fn request_fires(publications: &[Line], expected: bool) {
    let mut lines = publications.to_vec();
    lines.push(request(0.0, "203.0.113.9"));
    fires(&lines, if expected { &[0.0] } else { &[] });
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = World::of(&["C3"]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

fn indicator(time: f64) -> Line {
    listed(time, "i", "203.0.113.9")
}

#[test]
fn validity_begins_included_and_ends_excluded() {
    let from = |offset: f64| with(indicator(-60.0), "ValidFrom", json!(at(offset).to_string()));
    let until = |offset: f64| {
        with(
            indicator(-600.0),
            "ValidUntil",
            json!(at(offset).to_string()),
        )
    };
    request_fires(&[until(-60.0)], false);
    request_fires(&[until(0.0)], false);
    request_fires(&[until(0.000_000_1)], true);
    request_fires(&[from(0.0)], true);
    request_fires(&[from(0.000_000_1)], false);
    request_fires(&[with(indicator(-60.0), "ValidUntil", Value::Null)], true);
}

#[test]
fn inactive_deleted_revoked_and_doubtful_indicators_do_not_count() {
    request_fires(&[indicator(-60.0)], true);
    request_fires(&[with(indicator(-60.0), "IsActive", json!(false))], false);
    request_fires(&[with(indicator(-60.0), "IsDeleted", json!(true))], false);
    request_fires(&[with(indicator(-60.0), "Revoked", json!(true))], false);
    request_fires(&[with(indicator(-60.0), "Confidence", json!(50))], true);
    request_fires(&[with(indicator(-60.0), "Confidence", json!(49))], false);
    request_fires(&[with(indicator(-60.0), "Confidence", Value::Null)], false);
}

#[test]
fn only_the_newest_publication_counts_whatever_the_older_ones_said() {
    let inactive = |time| with(indicator(time), "IsActive", json!(false));
    request_fires(&[indicator(-9.0 * DAY)], true);
    request_fires(&[indicator(-9.0 * DAY), inactive(-DAY)], false);
    request_fires(&[inactive(-9.0 * DAY), indicator(-DAY)], true);
    request_fires(
        &[
            indicator(-DAY),
            with(indicator(-60.0), "ValidUntil", json!(at(-30.0).to_string())),
        ],
        false,
    );
    request_fires(
        &[
            indicator(-DAY),
            with(indicator(-60.0), "ObservableValue", json!("203.0.113.10")),
        ],
        false,
    );
}

#[test]
fn publications_after_the_request_do_not_count_and_one_at_its_instant_does() {
    request_fires(&[indicator(0.000_000_1)], false);
    request_fires(
        &[
            indicator(-60.0),
            with(indicator(60.0), "IsActive", json!(false)),
        ],
        true,
    );
    for id in ["a", "b", "c", "d", "e", "f"] {
        request_fires(&[listed(0.0, id, "203.0.113.9")], true);
    }
}

#[test]
fn seven_copies_of_one_indicator_give_one_alert() {
    let copies: Vec<Line> = (1..8).map(|day| indicator(-DAY * f64::from(day))).collect();
    request_fires(&copies, true);
    let mut lines = copies;
    lines.push(request(0.0, "203.0.113.9"));
    let alert = only(&lines);
    assert_eq!(alert.evidence.len(), 2, "request and newest publication");
    assert_eq!(alert.evidence[0].time, at(-DAY));
}

#[test]
fn an_address_alerts_once_per_utc_hour() {
    let mut lines = vec![indicator(-60.0), listed(-60.0, "j", "203.0.113.0/24")];
    for offset in [10.0, 600.0, 3599.0, 3600.0, 3700.0] {
        lines.push(request(offset, "203.0.113.9"));
    }
    fires(&lines, &[10.0, 3600.0]);
    lines.push(request(700.0, "203.0.113.10"));
    fires(&lines, &[10.0, 700.0, 3600.0]);
}

#[test]
fn all_three_observable_keys_and_ranges_are_read() {
    let keyed =
        |key: &str, value: &str| with(listed(-60.0, "i", value), "ObservableKey", json!(key));
    request_fires(
        &[keyed("network-traffic:src_ref.value", "203.0.113.9")],
        true,
    );
    request_fires(&[keyed("ipv4-addr:value", "203.0.113.0/28")], true);
    request_fires(&[keyed("ipv4-addr:value", "203.0.113.16/28")], false);
    request_fires(&[keyed("domain-name:value", "203.0.113.9")], false);
    let lines = [
        keyed("ipv6-addr:value", "2001:db8::9"),
        request(0.0, "2001:DB8:0::9"),
        request(1.0, "2001:db8::8"),
        request(2.0, "gateway"),
    ];
    fires(&lines, &[0.0]);
}

#[test]
fn the_alert_carries_both_sides_and_is_raised_when_both_were_there() {
    let lines = [
        indicator(-60.0).delayed(500.0),
        request(0.0, "203.0.113.9").delayed(300.0),
        request(0.0, "203.0.113.9").delayed(20.0),
    ];
    let alert = only(&lines);
    assert_eq!(
        (alert.key.as_str(), alert.severity),
        ("203.0.113.9", Severity::High)
    );
    assert_eq!((alert.time, alert.raised), (at(0.0), at(440.0)));
    let sides: Vec<_> = alert
        .evidence
        .iter()
        .map(|row| (row.time, row.side))
        .collect();
    let left = (at(0.0), Some(Side::Left));
    assert_eq!(sides, [(at(-60.0), Some(Side::Right)), left, left]);
    let details = Value::Object(alert.details.to_map());
    assert_eq!(details["indicators"][0]["id"], "i");
    assert_eq!(details["indicators"][0]["feed"], "feed");
    assert_eq!(
        details["indicators"][0]["published"],
        json!(at(-60.0).to_string())
    );
    assert_eq!(details["user"], "ada");
}
