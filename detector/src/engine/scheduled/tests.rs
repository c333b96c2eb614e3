//! What each run of a schedule sees, raises and reports; a recount by its definition.

use std::collections::BTreeMap;

use livefire_schema::alert::{Alert, sort_alerts};
use livefire_schema::time::TimeSpan;
use proptest::prelude::*;
use serde_json::json;

use super::View;
use crate::engine::{Engine, Level, LevelObserver};
use crate::projected::ProjectedBatch;
use crate::projector::Projector;
use crate::schedule::{Schedule, ScheduleChoice};
use crate::testing::{Line, World, at};

const MINUTE: f64 = 60.0;

fn every(frequency: i64, period: i64) -> ScheduleChoice {
    let minutes = TimeSpan::from_minutes;
    ScheduleChoice::Every(Schedule::new(minutes(frequency), minutes(period)).expect("fits"))
}

/// A failed request of a user at a minute, delivered some minutes later.
fn fail(minute: f64, user: &str, delay: f64) -> Line {
    let fields = json!({
        "security_check_passed": "FAIL", "end_user_id": user, "prompt_hash": "p",
        "request_id": format!("{user}-{minute}"), "source_ip": "198.18.7.1",
    });
    Line::app(minute * MINUTE, &fields).delayed(delay * MINUTE)
}

/// A harmless request, to move the clock.
fn tick(minute: f64) -> Line {
    let fields = json!({
        "security_check_passed": "PASS", "end_user_id": "clock", "prompt_hash": "q",
        "request_id": format!("tick-{minute}"), "source_ip": "198.18.7.2",
    });
    Line::app(minute * MINUTE, &fields)
}

fn world(form: &str, choice: ScheduleChoice) -> World {
    let mut world = World::of(&[form]);
    world.options.schedules = choice.of_forms(&world.rules);
    world
}

fn run(form: &str, choice: ScheduleChoice, lines: &[Line]) -> Vec<Alert> {
    world(form, choice).run_counting(lines).0
}

/// The minutes at which alerts are raised, with the rows that each counted.
#[track_caller]
fn check(choice: ScheduleChoice, lines: &[Line], expected: &[(f64, usize)]) {
    let alerts = run("R2", choice, lines);
    let raised: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.raised, alert.evidence.len()))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|&(minute, rows)| (at(minute * MINUTE), rows))
        .collect();
    assert_eq!(raised, expected);
}

fn three(minutes: [f64; 3]) -> Vec<Line> {
    minutes.map(|minute| fail(minute, "ada", 0.0)).to_vec()
}

#[test]
fn a_run_executes_five_minutes_after_it_is_due() {
    let mut lines = three([1.0, 2.0, 3.0]);
    lines.push(tick(65.1));
    check(every(60, 60), &lines, &[(65.0, 3)]);
}

#[test]
fn a_run_that_the_log_does_not_reach_counts_for_nothing() {
    let mut lines = three([1.0, 2.0, 3.0]);
    lines.push(tick(64.9));
    check(every(60, 60), &lines, &[]);
}

#[test]
fn a_row_at_the_due_time_belongs_to_the_next_run() {
    let mut lines = three([0.0, 59.0, 60.0]);
    lines.push(tick(130.0));
    check(every(60, 60), &lines, &[]);
    let mut lines = three([0.0, 58.0, 59.0]);
    lines.push(tick(130.0));
    check(every(60, 60), &lines, &[(65.0, 3)]);
}

#[test]
fn what_arrives_with_the_run_is_seen_and_what_arrives_later_is_not() {
    let late = |delay| {
        vec![
            fail(1.0, "ada", 0.0),
            fail(2.0, "ada", 0.0),
            fail(50.0, "ada", delay),
            tick(200.0),
        ]
    };
    check(every(60, 60), &late(15.0), &[(65.0, 3)]);
    check(every(60, 60), &late(15.1), &[]);
}

#[test]
fn a_period_longer_than_the_frequency_gives_late_rows_another_chance() {
    let lines = [
        fail(1.0, "ada", 0.0),
        fail(2.0, "ada", 0.0),
        fail(50.0, "ada", 15.1),
        tick(200.0),
    ];
    check(every(60, 120), &lines, &[(125.0, 3)]);
}

#[test]
fn runs_that_overlap_raise_the_same_rows_again_under_ids_of_their_own() {
    let mut lines = three([1.0, 2.0, 3.0]);
    lines.push(tick(200.0));
    let alerts = run("R2", every(15, 60), &lines);
    let raised: Vec<_> = alerts.iter().map(|alert| alert.raised).collect();
    let expected = [20.0, 35.0, 50.0, 65.0].map(|minute| at(minute * MINUTE));
    assert_eq!(raised, expected);
    let mut ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(
        alerts[0].details.get("run"),
        Some(json!(at(15.0 * MINUTE).to_string()))
    );
}

#[test]
fn a_key_that_fires_in_two_bins_is_one_alert_a_run_the_unreported_first() {
    let mut lines = three([1.0, 2.0, 3.0]);
    lines.extend(three([61.0, 62.0, 63.0]));
    lines.extend([4.0, 5.0, 6.0].map(|minute| fail(minute, "bob", 0.0)));
    lines.push(tick(250.0));
    let alerts = run("R2", every(120, 120), &lines);
    let keys: Vec<&str> = alerts.iter().map(|alert| alert.key.as_str()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    let alerts = run("R2", every(60, 180), &lines);
    let ada: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.key == "ada")
        .map(|alert| alert.time)
        .collect();
    let expected = [3.0, 63.0, 63.0, 63.0].map(|minute| at(minute * MINUTE));
    assert_eq!(ada, expected);
}

#[test]
fn copies_of_an_event_count_once_on_a_schedule_too() {
    let lines = [
        fail(1.0, "ada", 0.0),
        fail(2.0, "ada", 0.0),
        fail(2.0, "ada", 1.0),
        tick(200.0),
    ];
    check(every(60, 60), &lines, &[]);
}

#[test]
fn rows_that_no_run_could_see_are_counted_as_late() {
    let lines = [tick(1.0), fail(2.0, "ada", 80.0), tick(200.0)];
    let (_, late) = world("R2", every(60, 60)).run_counting(&lines);
    assert_eq!(late.iter().map(|count| count.rows).sum::<u64>(), 1);
    let (_, late) = world("R2", every(60, 120)).run_counting(&lines);
    assert_eq!(late, []);
}

/// The highest level under each condition.
#[derive(Default)]
struct Highest(BTreeMap<View, u64>);

impl LevelObserver for Highest {
    fn level(&mut self, level: &Level<'_>) {
        let highest = self.0.entry(level.view).or_default();
        *highest = level.level.max(*highest);
    }
}

#[track_caller]
fn levels(choice: ScheduleChoice, lines: &[Line], expected: &[(View, u64)]) {
    let world = world("R2", choice);
    let projector = Projector::new(&world.rules, &world.schema, &world.reference);
    let mut engine = Engine::with_observer(
        &world.rules,
        &world.schema,
        &world.reference,
        &world.options,
        Highest::default(),
    );
    let mut lines = lines.to_vec();
    lines.sort_by(|a, b| a.ingested.total_cmp(&b.ingested));
    for line in &lines {
        let mut batch = ProjectedBatch::new();
        let table = world.schema.find(line.table).expect("is a table");
        let text = line.text();
        projector
            .project(table, text.as_bytes(), &mut batch)
            .expect("is a row");
        for row in batch.iter() {
            engine.advance(row.ingestion());
            engine.push(row);
        }
    }
    engine.finish();
    let expected: BTreeMap<View, u64> = expected.iter().copied().collect();
    assert_eq!(engine.into_observer().0, expected);
}

#[test]
fn an_observer_learns_what_kept_a_rule_from_firing() {
    let split = [
        fail(58.0, "ada", 0.0),
        fail(59.0, "ada", 0.0),
        fail(61.0, "ada", 0.0),
        tick(200.0),
    ];
    let seen = [(View::InRun, 2), (View::AnyWindow, 3)];
    levels(every(60, 60), &split, &seen);

    let late = [
        fail(1.0, "ada", 0.0),
        fail(2.0, "ada", 0.0),
        fail(3.0, "ada", 70.0),
        tick(200.0),
    ];
    let seen = [
        (View::InRun, 2),
        (View::WithoutDelay, 3),
        (View::AnyWindow, 3),
    ];
    levels(every(60, 60), &late, &seen);

    let mut ended = three([121.0, 122.0, 123.0]);
    ended.push(tick(1.0));
    let seen = [(View::AfterLogEnd, 3), (View::AnyWindow, 3)];
    levels(every(60, 60), &ended, &seen);
}

#[test]
fn no_window_is_longer_than_the_period() {
    let lines = [
        fail(1.0, "ada", 0.0),
        fail(20.0, "ada", 0.0),
        fail(40.0, "ada", 0.0),
        tick(200.0),
    ];
    let seen = [(View::InRun, 1), (View::AnyWindow, 1)];
    levels(every(15, 15), &lines, &seen);
}

#[test]
fn a_rule_with_a_history_reports_the_last_stretch_only() {
    let request = |minute: f64, address: &str| {
        let fields = json!({
            "security_check_passed": "PASS", "end_user_id": "ada", "prompt_hash": "p",
            "request_id": format!("r{minute}"), "source_ip": address,
        });
        Line::app(minute * MINUTE, &fields)
    };
    let lines = [
        request(0.0, "198.18.7.1"),
        request(100.0, "203.0.113.9"),
        request(400.0, "198.18.7.1"),
    ];
    let alerts = run("R4", every(60, 300), &lines);
    let raised: Vec<_> = alerts.iter().map(|alert| alert.raised).collect();
    assert_eq!(raised, [at(125.0 * MINUTE)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn alerts_are_those_of_a_recount(
        rows in prop::collection::vec((0u32..300, 0u32..40), 1..40),
        frequency in 1i64..5,
        further in 0i64..5,
    ) {
        let (frequency, period) = (frequency * 15, (frequency + further) * 15);
        let lines: Vec<Line> = rows
            .iter()
            .map(|&(minute, delay)| fail(f64::from(minute), "ada", f64::from(delay)))
            .chain([tick(700.0)])
            .collect();
        let mut found = run("R2", every(frequency, period), &lines);
        sort_alerts(&mut found);
        let found: Vec<i64> = found
            .iter()
            .map(|alert| (alert.raised - at(0.0)).ticks() / TimeSpan::from_minutes(1).ticks())
            .collect();
        prop_assert_eq!(found, recount(&rows, frequency, period));
    }
}

/// Minutes at which runs alert: three distinct events in one hour's bin, of those that a run sees.
fn recount(rows: &[(u32, u32)], frequency: i64, period: i64) -> Vec<i64> {
    let mut first: BTreeMap<i64, i64> = BTreeMap::new();
    for &(minute, delay) in rows {
        let arrived = i64::from(minute + delay);
        let known = first.entry(i64::from(minute)).or_insert(arrived);
        *known = (*known).min(arrived);
    }
    let dues = (1..).map(|run| run * frequency);
    dues.take_while(|due| due + 5 <= 700)
        .filter(|&due| {
            let mut bins: BTreeMap<i64, u32> = BTreeMap::new();
            for (&minute, &arrived) in &first {
                if (due - period..due).contains(&minute) && arrived <= due + 5 {
                    *bins.entry(minute / 60).or_default() += 1;
                }
            }
            bins.values().any(|&count| count >= 3)
        })
        .map(|due| due + 5)
        .collect()
}
