//! Delays, duplicates, losses, damage and wrong clocks.

use livefire_labels::{BatchRow, EventSource};
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Traffic, generation, run};
use crate::emit::Generation;
use crate::event::{Action, Detail, Outcome};
use crate::recipes::fixture;
use crate::settings::Telemetry;

fn delays(telemetry: Telemetry, table: &str) -> Vec<f64> {
    let generation = Generation {
        producers: vec![Box::new(Traffic {
            actors: 10,
            per_day: 300,
        })],
        ..generation(telemetry)
    };
    let output = run(generation);
    let mut delays: Vec<f64> = output
        .of_table(table)
        .iter()
        .map(|(row, _)| (row.ingestion - row.time).seconds_f64())
        .collect();
    delays.sort_by(f64::total_cmp);
    delays
}

/// CALIBRATION G2: median 180–360 s and 95 % within 360–900 s.
fn is_g2(delays: &[f64]) -> bool {
    assert!(delays.len() >= 5000, "{}", delays.len());
    let at = |percent: usize| delays[delays.len() * percent / 100];
    (180.0..=360.0).contains(&at(50)) && (360.0..=900.0).contains(&at(95))
}

#[test]
fn resource_logs_are_as_late_as_published() {
    assert!(is_g2(&delays(Telemetry::default(), "AzureDiagnostics")));
    let none = Telemetry {
        no_delay: true,
        ..Telemetry::default()
    };
    assert!(
        !is_g2(&delays(none, "AzureDiagnostics")),
        "negative control"
    );
}

#[test]
fn delays_have_the_tables_median_and_stay_below_its_cut() {
    let delays = delays(Telemetry::default(), "ContainerLogV2");
    let median = delays[delays.len() / 2];
    assert!((38.0..53.0).contains(&median), "{median}");
    let cut = 4.0 * 110.0;
    assert!(delays.last().is_some_and(|last| *last <= cut));
}

#[test]
fn all_evidence_of_an_alert_arrives_at_once() {
    let output = run(generation(Telemetry::default()));
    let mut by_alert: FxHashMap<String, FxHashSet<EventTime>> = FxHashMap::default();
    for (row, value) in output.of_table("AlertEvidence") {
        let id = value["AlertId"].as_str().unwrap().to_owned();
        by_alert.entry(id).or_default().insert(row.ingestion);
    }
    assert!(by_alert.len() > 50);
    assert!(by_alert.values().all(|times| times.len() == 1));
}

#[test]
fn duplicates_are_the_same_event_under_another_item_later() {
    let telemetry = Telemetry {
        duplicates: 0.2,
        ..Telemetry::default()
    };
    let output = run(generation(telemetry));
    let rows = output.of_table("ContainerLogV2");
    let items: FxHashSet<_> = rows.iter().map(|(row, _)| row.item).collect();
    assert_eq!(items.len(), rows.len());
    let mut first: FxHashMap<_, (EventTime, String)> = FxHashMap::default();
    let mut again = 0;
    for (row, value) in &rows {
        let message = value["LogMessage"].to_string();
        match first.get(&row.event) {
            Some((ingestion, text)) => {
                again += 1;
                assert!(row.ingestion > *ingestion && *text == message);
            }
            None => {
                first.insert(row.event, (row.ingestion, message));
            }
        }
    }
    let share = f64::from(again) / first.len() as f64;
    assert!((0.15..0.25).contains(&share), "{share}");
    assert_eq!(output.source.extent().requests, distinct_scored(&rows));
}

fn distinct_scored(rows: &[(&BatchRow, serde_json::Value)]) -> u64 {
    let scored = fixture::start() + TimeSpan::from_days(1);
    let ids: FxHashSet<_> = rows
        .iter()
        .filter(|(row, _)| row.time >= scored)
        .map(|(row, _)| row.event)
        .collect();
    ids.len() as u64
}

#[test]
fn an_event_can_ask_for_copies_and_a_delay() {
    let mut event = fixture::event(Action::Request, Outcome::Injection);
    event.detail = Some(Box::new(Detail {
        copies: Some(3),
        ingest_delay: Some(TimeSpan::from_minutes(40)),
        ..Detail::default()
    }));
    let generation = Generation {
        producers: vec![Box::new(vec![event])],
        ..generation(Telemetry::default())
    };
    let output = run(generation);
    let rows = output.of_table("ContainerLogV2");
    assert_eq!(rows.len(), 3);
    for (row, _) in rows {
        assert!(row.ingestion - row.time > TimeSpan::from_minutes(40));
    }
}

#[test]
fn lost_rows_are_gone() {
    let all = run(generation(Telemetry::default())).lines.len() as f64;
    let telemetry = Telemetry {
        lost: 0.3,
        ..Telemetry::default()
    };
    let rest = run(generation(telemetry)).lines.len() as f64 / all;
    assert!((0.65..0.75).contains(&rest), "{rest}");
}

#[test]
fn malformed_lines_cannot_be_read_and_stay_in_the_truth() {
    let telemetry = Telemetry {
        malformed: 0.3,
        ..Telemetry::default()
    };
    let output = run(generation(telemetry));
    let mut damaged = FxHashSet::default();
    for (row, line) in &output.lines {
        let read = serde_json::from_slice::<serde_json::Map<_, _>>(line);
        assert_eq!(
            read.is_err(),
            row.malformed,
            "{}",
            String::from_utf8_lossy(line)
        );
        assert!(!line.contains(&b'\n'));
        if row.malformed {
            damaged.insert(row.item);
        }
    }
    let count = output.lines.iter().filter(|(row, _)| row.malformed).count();
    assert!(count > 300 && damaged.len() == count, "{count}");
}

#[test]
fn a_wrong_clock_moves_the_shown_time_only() {
    let telemetry = Telemetry {
        clock_skew: TimeSpan::from_seconds(60),
        ..Telemetry::default()
    };
    let (right, wrong) = (
        run(generation(Telemetry::default())),
        run(generation(telemetry)),
    );
    let mut moved = 0;
    for ((a, _), (b, line)) in right.lines.iter().zip(&wrong.lines) {
        assert_eq!((a.item, a.ingestion, a.time), (b.item, b.ingestion, b.time));
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        let shown = EventTime::parse(value["TimeGenerated"].as_str().unwrap()).unwrap();
        let known = matches!(
            value["Type"].as_str(),
            Some("ContainerLogV2" | "AzureDiagnostics")
        );
        assert!(known || shown == b.time);
        moved += usize::from(shown != b.time);
    }
    assert!(moved > 500, "{moved}");
}
