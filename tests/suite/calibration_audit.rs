//! `livefire audit calibration`: the facts that a scenario of 500 users is large enough for, on its
//! rows and on the same rows read from files; facts about attackers on samples of their kinds.

use std::sync::Arc;

use livefire_generator::assemble::Options as Generation;
use livefire_generator::kinds::AttackLibrary;
use livefire_harness::FileSource;
use livefire_harness::audit::calibration::{
    Observed, Options, Report, Status, Table, Verdict, samples,
};
use livefire_schema::table::Schema;

use crate::support::Work;
use crate::worlds::{World, folder};

/// Facts that need more people than the test's world has.
const LARGE: &[&str] = &["A1", "A3", "A6", "A7", "E1"];

fn observed(text: &str) -> Observed {
    let benign = folder().join("benign.yaml");
    let world = World::read(&format!(
        "include: [{}]\nbaseline: 0d\n{text}",
        benign.display()
    ));
    let mut source = world.source(&Generation::default());
    Observed::read(&mut source, &world.schema, &Options::default()).expect("the log can be read")
}

#[track_caller]
fn all_hold(table: &Table, is_excused: impl Fn(&str) -> bool) {
    let broken: Vec<_> = table
        .broken()
        .filter(|line| !is_excused(&line.id))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[track_caller]
fn verdict(table: &Table, id: &str) -> Verdict {
    table.line(id).expect("is a fact with a check").verdict
}

#[test]
fn the_benign_scenario_holds_every_fact_that_it_is_large_enough_for() {
    let observed = observed("");
    let report = Report::new(&observed, None);
    // Minutes of one hour hold too few requests here to tell their spread from Poisson's.
    all_hold(&report.own, |id| ["A4", "A5"].contains(&id));
    for id in ["A2", "A8", "A9", "A10", "T1", "T2", "T3", "T4", "T5"] {
        assert_eq!(verdict(&report.own, id), Verdict::Holds, "{id}");
    }
    for id in ["U1", "U2", "U3", "U4", "U5", "U7", "S1", "S2", "S4"] {
        assert_eq!(verdict(&report.own, id), Verdict::Holds, "{id}");
    }
    for id in ["G1", "G2", "G4", "G5", "G7"] {
        assert_eq!(verdict(&report.own, id), Verdict::Holds, "{id}");
    }
    for id in LARGE {
        assert_eq!(verdict(&report.own, id), Verdict::TooFew, "{id}");
    }
    for id in ["T6", "U8", "E2", "G3", "J2", "I6", "L1"] {
        let line = report.own.line(id).expect("is a fact with a check");
        assert_eq!(line.verdict, Verdict::NotApplicable, "{id}");
        assert!(!line.note.is_empty(), "{id} says why");
    }
}

#[test]
fn facts_about_attackers_hold_on_samples_of_their_kinds() {
    let schema = Schema::embedded();
    let library = AttackLibrary::embedded(&schema);
    let table = samples(&library, &Arc::new(schema)).expect("the kinds take the samples' knobs");
    for id in ["J2", "J4", "I6", "L1", "L3", "L5", "L6"] {
        assert_eq!(verdict(&table, id), Verdict::Holds, "{:?}", table.line(id));
    }
}

#[test]
fn a_small_share_of_attacks_changes_no_benign_fact() {
    let attacks = "campaigns:\n  - { kind: prompt_injection, times: 3 }\n  - content_violation\n";
    let observed = observed(attacks);
    let report = Report::new(&observed, None);
    assert!(
        report.caused > 0.0 && report.caused < 0.01,
        "{}",
        report.caused
    );
    let mixed = report.mixed.as_ref().expect("attacks are few");
    all_hold(mixed, |id| ["A4", "A5"].contains(&id));
    let own = observed.without_campaigns();
    assert!(own.requests.len() < observed.requests.len());
    assert_eq!(
        report.own.line("J6").map(|line| line.status),
        Some(Status::A)
    );
    assert_eq!(verdict(&report.own, "J6"), Verdict::Holds);
}

#[test]
fn files_give_the_numbers_of_the_log_that_they_hold() {
    let work = Work::with(&[(
        "small.yaml",
        "name: small\nduration: 3d\nbaseline: 0d\npopulation: { users: 80 }\n\
         telemetry: { delay: log_analytics }\n",
    )]);
    work.run("generate small.yaml -o logs").exits(0);
    let schema = Schema::embedded();
    let mut source = FileSource::open(&work.path().join("logs"), &schema).expect("is a log");
    let observed =
        Observed::read(&mut source, &schema, &Options::default()).expect("the log can be read");
    let from_files = Report::new(&observed, None);
    let document = work.run("audit calibration logs --json");
    let facts = |id: &str| from_files.own.line(id).map(|line| line.values.clone());
    let lines = document.json()["own"]["lines"].clone();
    let lines = lines.as_array().expect("a list of facts").clone();
    let said = |id: &str| lines.iter().find(|line| line["id"] == id).cloned();
    for id in ["T1", "U1", "S1", "G2"] {
        let values = said(id).expect("the fact is there")["values"].to_string();
        let own = serde_json::to_string(&facts(id)).expect("numbers are JSON");
        assert_eq!(values, own, "{id}");
    }
    let unlabelled = work.run("audit calibration small.yaml --json").json();
    let of_scenario = unlabelled["own"]["lines"]
        .as_array()
        .expect("a list")
        .clone();
    let t1 = of_scenario.iter().find(|line| line["id"] == "T1");
    assert_eq!(t1, said("T1").as_ref());
}

#[test]
fn a_log_without_requests_is_nothing_to_evaluate() {
    let work = Work::with(&[(
        "logs/SigninLogs.ndjson",
        "{\"TimeGenerated\":\"2026-03-02T08:00:00Z\",\"UserId\":\"a\",\"ResultType\":\"0\"}\n",
    )]);
    work.run("audit calibration logs")
        .exits(4)
        .says("no request");
    work.run("audit calibration logs --seed 3")
        .exits(3)
        .says("--seed");
}
