//! Behaviour of U1: floor and factor, cold start, departments, copies, spellings.

use livefire_schema::alert::{Alert, Mode, Semantics, Severity};
use livefire_schema::reference::{Identity, Reference};
use serde_json::json;

use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

fn request(time: f64, user: &str) -> Line {
    let fields = json!({
        "request_id": format!("{user}-{time}"), "end_user_id": user, "source_ip": "198.18.7.41",
        "application_name": "Assistant",
    });
    Line::app(time, &fields)
}

/// `count` requests of `user`, ten seconds apart.
fn burst(user: &str, start: f64, count: u32) -> Vec<Line> {
    (0..count)
        .map(|index| request(start + 10.0 * f64::from(index), user))
        .collect()
}

/// Seven days of `count` requests in one hour a day.
fn week(user: &str, count: u32) -> Vec<Line> {
    (0..7u32)
        .flat_map(|day| burst(user, f64::from(day) * DAY + 9.0 * HOUR, count))
        .collect()
}

#[track_caller]
fn fires(lines: &[Line], expected: &[f64]) {
    World::of(&["U1"]).alerts_at(Mode::Streaming, lines, expected);
}

#[track_caller]
fn only(world: &World, lines: &[Line]) -> Alert {
    let alerts = world.run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn a_user_of_ten_a_day_who_sends_a_hundred_in_an_hour_fires_at_ten_times_the_past() {
    let mut lines = week("ada", 10);
    let start = 7.0 * DAY + 9.0 * HOUR;
    lines.extend(burst("ada", start, 99));
    fires(&lines, &[]);
    lines.extend(burst("ada", start, 100).split_off(99));
    let alert = only(&World::of(&["U1"]), &lines);
    assert_eq!(alert.time, at(start + 990.0));
    assert_eq!((alert.level, alert.threshold), (100, 100));
    assert_eq!(
        (alert.semantics, alert.severity),
        (Semantics::Baseline, Severity::High)
    );
    assert_eq!(alert.evidence.len(), 100);
    assert_eq!(
        alert.details.to_map()["baseline_mean_per_active_hour"],
        json!(10.0)
    );
    // The first day's hour began before the past did.
    assert_eq!(alert.details.to_map()["baseline_active_days"], json!(6));
    assert_eq!(alert.details.to_map()["median_gap_seconds"], json!(10.0));
}

#[test]
fn the_floor_holds_for_users_of_little() {
    let mut lines = week("ada", 1);
    let start = 7.0 * DAY + 9.0 * HOUR;
    lines.extend(burst("ada", start, 49));
    fires(&lines, &[]);
    lines.extend(burst("ada", start, 50).split_off(49));
    fires(&lines, &[start + 490.0]);
}

#[test]
fn without_three_active_days_the_floor_counts_alone_or_nothing_does() {
    let lines = burst("ada", 0.0, 60);
    fires(&lines, &[490.0]);
    let world = World::of(&["U1"]).with("U1.without_baseline", "ignore");
    world.alerts_at(Mode::Streaming, &lines, &[]);
}

#[test]
fn the_hour_before_is_no_past() {
    // Without the gap, the first half of the burst would excuse the second.
    let mut lines = week("ada", 10);
    lines.extend(burst("ada", 7.0 * DAY + 9.0 * HOUR, 400));
    fires(&lines, &[7.0 * DAY + 9.0 * HOUR + 990.0]);
}

#[test]
fn copies_count_once_and_are_evidence() {
    let mut lines = burst("ada", 0.0, 49);
    lines.extend(
        burst("ada", 0.0, 49)
            .into_iter()
            .map(|line| line.delayed(60.0)),
    );
    fires(&lines, &[]);
    lines.push(request(490.0, "ada").delayed(30.0));
    lines.push(request(490.0, "ada").delayed(5.0));
    let alert = only(&World::of(&["U1"]), &lines);
    assert_eq!((alert.level, alert.evidence.len()), (50, 100));
    assert_eq!(alert.raised, at(495.0));
}

fn staff(department: &str, count: u32) -> Reference {
    let identities = (0..count).map(|index| Identity {
        object_id: format!("u{index}"),
        upn: format!("u{index}@contoso.example"),
        department: department.into(),
        ..Identity::default()
    });
    Reference::new(identities.collect(), vec![], vec![], vec![], vec![])
}

#[track_caller]
fn severities(department: &str, users: u32, start: f64, apart: f64, expected: Severity) {
    let world = World::of(&["U1"]).knowing(staff(department, 9));
    let lines: Vec<Line> = (0..users)
        .flat_map(|user| burst(&format!("u{user}"), start + apart * f64::from(user), 55))
        .collect();
    let alerts = world.run(Mode::Streaming, &lines);
    assert_eq!(alerts.len(), users as usize);
    for alert in alerts {
        assert_eq!(alert.severity, expected, "{}", alert.key);
    }
}

#[test]
fn five_of_one_department_over_their_floor_in_one_hour_make_it_low() {
    severities("finance", 5, 0.0, 30.0, Severity::Low);
    severities("finance", 4, 0.0, 30.0, Severity::High);
    severities("", 5, 0.0, 30.0, Severity::High);
    severities("finance", 5, 0.0, HOUR, Severity::High);
}

#[test]
fn object_id_and_upn_are_one_user_and_users_do_not_add_up() {
    let world = World::of(&["U1"]).knowing(staff("", 2));
    let mut lines = burst("u0", 0.0, 25);
    lines.extend(burst("U0@contoso.example", 5.0, 25));
    let alert = only(&world, &lines);
    assert_eq!(alert.key, "u0");
    let mut lines = burst("u0", 0.0, 25);
    lines.extend(burst("u1", 5.0, 25));
    world.alerts_at(Mode::Streaming, &lines, &[]);
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let mut lines = week("ada", 10);
    lines.extend(burst("ada", 7.0 * DAY + 9.0 * HOUR, 150));
    let delayed: Vec<Line> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            line.clone()
                .delayed(if index % 3 == 0 { 200.0 } else { 1.0 })
        })
        .collect();
    let strip = |lines: &[Line]| {
        let mut alerts = World::of(&["U1"]).run(Mode::Streaming, lines);
        for alert in &mut alerts {
            (alert.raised, alert.available) = (alert.time, alert.time);
            alert.evidence.clear();
        }
        alerts
    };
    assert_eq!(strip(&lines), strip(&delayed));
    assert_eq!(strip(&lines).len(), 1);
}
