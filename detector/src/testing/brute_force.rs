//! Sliding and binned alerts against a recount of the whole log from its definition.

use std::collections::BTreeSet;

use livefire_schema::alert::{Alert, Mode};
use livefire_schema::time::{EventTime, TimeSpan};
use proptest::prelude::*;
use serde_json::json;

use super::{Line, World, at};

/// One generated row: second, user, event, delay.
#[derive(Clone, Copy, Debug)]
struct Row {
    time: u32,
    user: u8,
    event: u8,
    delay: u32,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0u32..4000, 0u8..3, 0u8..60, 0u32..440).prop_map(|(time, user, event, delay)| Row {
        // Copies of an event report the same instant.
        time: (u32::from(event) * 67 + time / 500) % 4000,
        user: user.min(event % 3),
        event,
        delay,
    });
    prop::collection::vec(row, 1..80).prop_map(|mut rows| {
        let mut fixed = [None; 60];
        for row in &mut rows {
            let first = fixed[usize::from(row.event)].get_or_insert((row.time, row.user));
            (row.time, row.user) = *first;
        }
        rows
    })
}

fn line(row: &Row) -> Line {
    let fields = json!({
        "security_check_passed": "FAIL", "end_user_id": format!("u{}", row.user),
        "request_id": format!("e{}", row.event), "prompt_hash": "p",
        "http_status": 429, "application_name": "a",
    });
    Line::app(f64::from(row.time), &fields).delayed(f64::from(row.delay))
}

/// (user, second of the completing event) of each alert.
fn found(alerts: &[Alert]) -> BTreeSet<(String, i64)> {
    let seconds = |alert: &Alert| (alert.time - at(0.0)).ticks() / 10_000_000;
    alerts
        .iter()
        .map(|alert| (alert.key.clone(), seconds(alert)))
        .collect()
}

/// Distinct events of a user by their first copy: (second, event).
fn events(rows: &[Row], user: u8) -> BTreeSet<(u32, u8)> {
    let own = rows.iter().filter(|row| row.user == user);
    own.map(|row| (row.time, row.event)).collect()
}

const WINDOW: u32 = 600;
const K: usize = 3;

fn world() -> World {
    World::of(&["R2"])
        .with("R2.window", "10m")
        .with("R2.realert", "15m")
        .with("R2.class_hold", "20m")
}

/// EVALUATION.md §6, word for word, over the events of one user in order.
fn sliding(rows: &[Row], user: u8) -> BTreeSet<(String, i64)> {
    let events: Vec<_> = events(rows, user).into_iter().collect();
    let mut alerts = BTreeSet::new();
    let mut last: Option<u32> = None;
    // Events of one second have no given order here, so the level is taken once per second.
    let seconds: BTreeSet<u32> = events.iter().map(|(time, _)| *time).collect();
    for second in seconds {
        let inside = |time: u32| time <= second && time + WINDOW > second;
        let after = events.iter().filter(|(time, _)| inside(*time)).count();
        let before = events
            .iter()
            .filter(|(time, _)| inside(*time) && *time < second)
            .count();
        let is_edge = before < K && after >= K;
        let is_again = before >= K && last.is_some_and(|last| second - last >= 900);
        if is_edge || is_again {
            alerts.insert((format!("u{user}"), i64::from(second)));
            last = Some(second);
        }
    }
    alerts
}

fn binned(rows: &[Row], user: u8) -> BTreeSet<(String, i64)> {
    let events = events(rows, user);
    let bins: BTreeSet<u32> = events.iter().map(|(time, _)| time / WINDOW).collect();
    let completing = bins.iter().filter_map(|bin| {
        let times = events.iter().filter(|(time, _)| time / WINDOW == *bin);
        times.map(|(time, _)| *time).nth(K - 1)
    });
    completing
        .map(|time| (format!("u{user}"), i64::from(time)))
        .collect()
}

fn check_alert(alert: &Alert, rows: &[Row]) -> Result<(), TestCaseError> {
    let second = |time: EventTime| {
        u32::try_from((time - at(0.0)).ticks() / 10_000_000).expect("is after the start")
    };
    let user: u8 = alert.key[1..].parse().expect("a number");
    let inside = |row: &&Row| {
        let (start, end) = match alert.mode {
            Mode::Streaming => (
                i64::from(second(alert.time)) - i64::from(WINDOW),
                second(alert.time),
            ),
            Mode::Binned => {
                let bin = second(alert.time) / WINDOW * WINDOW;
                (i64::from(bin) - 1, bin + WINDOW - 1)
            }
        };
        row.user == user && i64::from(row.time) > start && row.time <= end
    };
    let own: Vec<&Row> = rows.iter().filter(inside).collect();
    prop_assert_eq!(alert.evidence.len(), own.len());
    let distinct: BTreeSet<u8> = own.iter().map(|row| row.event).collect();
    prop_assert_eq!(alert.level, distinct.len() as u64);
    let mut available: Vec<u32> = distinct
        .iter()
        .filter_map(|event| {
            let copies = own.iter().filter(|row| row.event == *event);
            copies.map(|row| row.time + row.delay).min()
        })
        .collect();
    available.sort_unstable();
    let expected = match alert.mode {
        Mode::Streaming => at(f64::from(available[K - 1])),
        Mode::Binned => {
            alert.time.bin(TimeSpan::from_seconds(i64::from(WINDOW)))
                + TimeSpan::from_seconds(i64::from(WINDOW))
        }
    };
    prop_assert_eq!(alert.raised, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn alerts_equal_a_recount_from_the_definition(rows in rows()) {
        let lines: Vec<Line> = rows.iter().map(line).collect();
        let (alerts, late) = world().run_counting(&lines);
        prop_assert_eq!(late.len(), 0);
        for (mode, recount) in [
            (Mode::Streaming, sliding as fn(&[Row], u8) -> _),
            (Mode::Binned, binned),
        ] {
            let own: Vec<Alert> = alerts.iter().filter(|alert| alert.mode == mode).cloned().collect();
            let expected: BTreeSet<_> = (0..3).flat_map(|user| recount(&rows, user)).collect();
            prop_assert_eq!(found(&own), expected, "{:?}", mode);
            for alert in &own {
                check_alert(alert, &rows)?;
            }
        }
    }

    #[test]
    fn the_order_of_arrival_changes_nothing_but_when_it_is_raised(rows in rows()) {
        let delayed: Vec<Line> = rows.iter().map(line).collect();
        let prompt: Vec<Line> = rows.iter().map(|row| line(&Row { delay: 0, ..*row })).collect();
        let world = World::of(&["R2", "R5"]).with("R5.threshold", "2");
        let strip = |lines: &[Line]| {
            let (mut alerts, _) = world.run_counting(lines);
            for alert in &mut alerts {
                (alert.raised, alert.available) = (alert.time, alert.time);
                alert.evidence.clear();
            }
            alerts.sort_by(|a, b| a.id.cmp(&b.id));
            alerts
        };
        prop_assert_eq!(strip(&delayed), strip(&prompt));
    }

    #[test]
    fn a_world_without_some_rows_has_no_alert_that_their_key_never_touched(
        rows in rows(),
        gone in 0u8..3,
    ) {
        let all: Vec<Line> = rows.iter().map(line).collect();
        let kept: Vec<Line> = rows.iter().filter(|row| row.user != gone).map(line).collect();
        let others = |lines: &[Line]| {
            let mut found = found(&world().run(Mode::Streaming, lines));
            found.retain(|(key, _)| *key != format!("u{gone}"));
            found
        };
        prop_assert_eq!(others(&all), others(&kept));
    }
}
