//! Two worlds, one clock; lateness; timers; observers; bounded state.

use std::sync::Arc;

use livefire_schema::alert::Alert;
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;
use serde_json::json;

use super::{Engine, EngineOptions, Level, LevelObserver};
use crate::projected::ProjectedBatch;
use crate::projector::Projector;
use crate::ruleset::RuleSet;
use crate::testing::{Line, World, at};

fn fail(time: f64, user: &str, delay: f64) -> Line {
    let fields = json!({
        "security_check_passed": "FAIL", "end_user_id": user, "prompt_hash": "p",
        "request_id": format!("{user}-{time}"), "source_ip": "198.18.7.1",
    });
    Line::app(time, &fields).delayed(delay)
}

struct Setup {
    rules: RuleSet,
    schema: Schema,
    reference: Arc<Reference>,
    projector: Projector,
}

fn setup(forms: &[&str]) -> Setup {
    let world = World::of(forms);
    Setup {
        projector: Projector::new(&world.rules, &world.schema, &world.reference),
        rules: world.rules,
        schema: world.schema,
        reference: world.reference,
    }
}

impl Setup {
    fn engine(&self) -> Engine {
        Engine::new(
            &self.rules,
            &self.schema,
            &self.reference,
            &EngineOptions::default(),
        )
    }

    fn batch(&self, lines: &[Line]) -> ProjectedBatch {
        let mut batch = ProjectedBatch::new();
        for line in lines {
            let table = self.schema.find(line.table).expect("is a table");
            let text = line.text();
            self.projector
                .project(table, text.as_bytes(), &mut batch)
                .expect("is a row");
        }
        batch
    }
}

#[test]
fn a_withheld_row_still_moves_the_clock_so_that_both_worlds_judge_lateness_alike() {
    let setup = setup(&["R2"]);
    let lines = [
        fail(0.0, "ada", 0.0),
        fail(10.0, "ada", 0.0),
        fail(2000.0, "thief", 0.0),
        fail(20.0, "ada", 1990.0),
    ];
    let batch = setup.batch(&lines);
    let (mut world, mut benign) = (setup.engine(), setup.engine());
    for (index, row) in batch.iter().enumerate() {
        world.push(row);
        if index == 2 {
            benign.advance(row.ingestion());
        } else {
            benign.push(row);
        }
    }
    world.finish();
    benign.finish();
    assert_eq!(world.late(), benign.late());
    assert_eq!(world.late()[0].rows, 1);
    assert_eq!(world.take_alerts(), []);
}

#[test]
fn a_row_that_goes_back_in_ingestion_is_available_only_at_the_clock() {
    let setup = setup(&["R2"]);
    let lines = [
        fail(0.0, "ada", 0.0),
        fail(10.0, "ada", 100.0),
        fail(20.0, "ada", 5.0),
    ];
    let mut engine = setup.engine();
    for row in setup.batch(&lines).iter() {
        engine.push(row);
    }
    engine.finish();
    assert_eq!(engine.take_alerts()[0].raised, at(110.0));
}

fn ids(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.id.as_str()).collect()
}

#[test]
fn alerts_come_out_while_the_log_runs_and_how_often_one_asks_changes_nothing() {
    let setup = setup(&["R2"]);
    let mut lines: Vec<Line> = (0..3).map(|n| fail(f64::from(n), "ada", 0.0)).collect();
    lines.push(fail(3600.0 + 440.0 + 61.0, "bob", 0.0));
    lines.extend((0..3).map(|n| fail(20_000.0 + f64::from(n), "ada", 0.0)));
    let (mut once, mut often) = (setup.engine(), setup.engine());
    let mut collected = Vec::new();
    let mut early = 0;
    for (index, row) in setup.batch(&lines).iter().enumerate() {
        once.push(row);
        often.push(row);
        collected.extend(often.take_alerts());
        if index < 3 {
            early += collected.len();
        }
    }
    assert_eq!(
        (early, collected.len()),
        (0, 1),
        "held until the class is due"
    );
    once.finish();
    often.finish();
    collected.extend(often.take_alerts());
    let all = once.take_alerts();
    assert_eq!(ids(&all), ids(&collected));
    assert_eq!(all.len(), 2);
    assert_ne!(all[0].id, all[1].id);
}

#[derive(Default)]
struct Highest(Vec<(String, u64, u64)>);

impl LevelObserver for Highest {
    fn level(&mut self, level: &Level<'_>) {
        let key = level.text.unwrap_or("").to_owned();
        self.0.push((key, level.level, level.threshold));
    }
}

#[test]
fn an_observer_sees_the_level_of_every_record() {
    let setup = setup(&["R2", "R5"]);
    let options = EngineOptions::default();
    let mut engine = Engine::with_observer(
        &setup.rules,
        &setup.schema,
        &setup.reference,
        &options,
        Highest::default(),
    );
    let lines = [
        fail(0.0, "ada", 0.0),
        fail(1.0, "ada", 0.0),
        fail(2.0, "bob", 0.0),
    ];
    for row in setup.batch(&lines).iter() {
        engine.push(row);
    }
    engine.finish();
    let seen: Vec<_> = engine.into_observer().0;
    let seen: Vec<_> = seen
        .iter()
        .map(|(key, level, k)| (key.as_str(), *level, *k))
        .collect();
    assert_eq!(
        seen,
        [
            ("ada", 1, 3),
            ("ada", 2, 3),
            ("bob", 1, 3),
            ("", 1, 5),
            ("p", 1, 5),
            ("p", 2, 5),
        ]
    );
}

#[test]
fn waiting_records_are_bounded_by_lateness_however_long_the_log_is() {
    let setup = setup(&["R1@app_log", "R2", "R5"]);
    let mut engine = setup.engine();
    let mut most = [0; 2];
    for minute in 0..6_000 {
        let line = fail(f64::from(minute) * 60.0, &format!("u{}", minute % 7), 0.0);
        for row in setup.batch(&[line]).iter() {
            engine.push(row);
        }
        let half = usize::from(minute >= 3_000);
        most[half] = most[half].max(engine.waiting());
        engine.take_alerts();
    }
    assert_eq!(most[0], most[1]);
    assert!(most[0] < 120, "{most:?}");
}

#[test]
fn clocks_at_the_ends_of_time_do_not_overflow() {
    let setup = setup(&["R1", "R2", "R3", "R5"]);
    let mut engine = setup.engine();
    engine.advance(EventTime::from_ticks(0));
    for time in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"] {
        let line = format!(
            "{{\"TimeGenerated\":\"{time}\",\"LogMessage\":{{\"security_check_passed\":\"FAIL\",\
             \"end_user_id\":\"a\",\"prompt_hash\":\"p\",\"http_status\":429}}}}"
        );
        let mut batch = ProjectedBatch::new();
        let table = setup.schema.find("ContainerLogV2").expect("is a table");
        setup
            .projector
            .project(table, line.as_bytes(), &mut batch)
            .expect("is a row");
        for row in batch.iter() {
            engine.push(row);
        }
    }
    engine.finish();
    assert_eq!(engine.take_alerts(), []);
}
