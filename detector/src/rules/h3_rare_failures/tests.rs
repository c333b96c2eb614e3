//! Behaviour of H3: count and span together, windows and bins, copies, eviction.

use livefire_schema::alert::{Alert, Mode, Severity};
use serde_json::json;

use crate::testing::{Line, World, at};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

fn fail(time: f64, application: &str) -> Line {
    let fields = json!({
        "request_id": format!("{application}-{time}"), "security_check_passed": "FAIL",
        "end_user_id": "ada", "source_ip": "198.18.7.41", "application_name": application,
    });
    Line::app(time, &fields)
}

fn fails(times: impl IntoIterator<Item = f64>) -> Vec<Line> {
    times
        .into_iter()
        .map(|time| fail(time, "Assistant"))
        .collect()
}

/// `count` times from `start` on, `gap` apart.
fn spaced(start: f64, gap: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |index| start + gap * f64::from(index))
}

#[track_caller]
fn fires(mode: Mode, lines: &[Line], expected: &[f64]) {
    World::of(&["H3"]).alerts_at(mode, lines, expected);
}

#[track_caller]
fn both(lines: &[Line], expected: &[f64]) {
    fires(Mode::Streaming, lines, expected);
    fires(Mode::Binned, lines, expected);
}

#[track_caller]
fn only(lines: &[Line]) -> Alert {
    let alerts = World::of(&["H3"]).run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

#[test]
fn ten_failures_over_exactly_a_day_fire_and_nine_or_less_than_a_day_do_not() {
    let gap = DAY / 9.0;
    both(
        &fails((0..10u32).map(|i| (f64::from(i) * gap).round())),
        &[DAY],
    );
    both(
        &fails((1..10u32).map(|i| (f64::from(i) * gap).round())),
        &[],
    );
    let mut close = fails(spaced(0.0, HOUR, 9));
    close.push(fail(DAY - 1.0, "Assistant"));
    both(&close, &[]);
}

#[test]
fn many_failures_fire_once_the_last_lies_a_day_after_the_first() {
    let mut lines = fails(spaced(0.0, 60.0, 40));
    both(&lines, &[]);
    lines.push(fail(DAY + 30.0, "Assistant"));
    both(&lines, &[DAY + 30.0]);
}

#[test]
fn a_failure_seven_days_old_has_left_the_window() {
    let rest = spaced(6.0 * DAY, 60.0, 9);
    let mut lines = fails(std::iter::once(0.0).chain(rest));
    fires(Mode::Streaming, &lines, &[6.0 * DAY + 480.0]);
    let rest = spaced(7.0 * DAY - 480.0, 60.0, 9);
    lines = fails(std::iter::once(0.0).chain(rest));
    fires(Mode::Streaming, &lines, &[]);
}

#[test]
fn bins_of_seven_days_stand_alone() {
    // Kusto's bins of 7 days begin on Mondays, and so does the world.
    let lines = fails(spaced(4.0 * DAY, 0.6 * DAY, 10));
    fires(Mode::Streaming, &lines, &[4.0 * DAY + 9.0 * 0.6 * DAY]);
    fires(Mode::Binned, &lines, &[]);
}

#[test]
fn applications_do_not_add_up_and_copies_count_once() {
    let mut lines = fails(spaced(0.0, 3.0 * HOUR, 9));
    lines.extend(
        fails(spaced(0.0, 3.0 * HOUR, 9))
            .into_iter()
            .map(|l| l.delayed(60.0)),
    );
    lines.push(fail(25.0 * HOUR, "Other"));
    both(&lines, &[]);
}

#[test]
fn the_alert_carries_the_rows_of_its_own_window_and_is_raised_with_the_completing_row() {
    let mut lines = fails(spaced(0.0, 3.0 * HOUR, 10));
    lines.push(fail(27.0 * HOUR, "Assistant").delayed(90.0));
    lines.push(fail(27.0 * HOUR + 1.0, "Assistant"));
    let alert = only(&lines);
    assert_eq!(
        (alert.time, alert.raised),
        (at(27.0 * HOUR), at(27.0 * HOUR))
    );
    assert_eq!((alert.level, alert.evidence.len()), (10, 11));
    assert_eq!(
        (alert.key.as_str(), alert.severity),
        ("Assistant", Severity::Low)
    );
    assert_eq!(alert.details.to_map()["span"], json!("27h"));
    assert_eq!(alert.details.to_map()["users"], json!(["ada"]));
}

#[test]
fn rows_that_leave_the_window_right_after_the_alert_are_still_evidence() {
    let mut lines = fails(spaced(0.0, 1.0, 9));
    lines.push(fail(7.0 * DAY - 1.0, "Assistant"));
    lines.push(fail(7.0 * DAY + 20.0, "Assistant"));
    let alert = only(&lines);
    assert_eq!(
        (alert.time, alert.evidence.len()),
        (at(7.0 * DAY - 1.0), 10)
    );
}

#[test]
fn an_unbroken_run_alerts_again_after_the_realert_time() {
    let lines = fails(spaced(0.0, HOUR, 30));
    fires(Mode::Streaming, &lines, &[24.0 * HOUR, 28.0 * HOUR]);
    fires(Mode::Binned, &lines, &[24.0 * HOUR]);
}

#[test]
fn applications_without_recent_failures_are_forgotten() {
    use livefire_schema::alert::Mode;
    use livefire_schema::ids::{EventId, ItemId};
    use livefire_schema::table::TableId;
    use livefire_schema::time::TimeSpan;

    let rules = World::of(&["H3"]).rules;
    let (_, form) = rules.forms().next().expect("is selected");
    let mut spread = super::Spread::new(form.parameters(), Mode::Streaming);
    for key in 0..100 {
        let time = at(60.0);
        spread.apply(&crate::record::Record {
            item: ItemId(u128::from(key)),
            time,
            available: time,
            event: EventId(key),
            key,
            value: 0,
            other: 0,
            address: 0,
            number: 0,
            text: crate::record::TextRef::default(),
            table: TableId(0),
            form: crate::ruleset::FormIndex(0),
            kind: 0,
            flags: 0,
        });
    }
    spread.forget(at(60.0) + TimeSpan::from_days(6));
    assert_eq!(spread.len(), 100);
    spread.forget(at(60.0) + TimeSpan::from_days(7));
    assert_eq!(spread.len(), 0);
}
