//! `livefire audit leak`: no nuisance field of our logs gives the label away.

use std::fs;
use std::path::Path;

use livefire_generator::assemble::Options;
use livefire_harness::audit::leak::{Auditor, Table, every_kind};
use livefire_schema::table::Schema;

use crate::support::Work;
use crate::worlds::World;

/// Seeds that are pooled; the command takes more.
const SEEDS: u64 = 2;

fn audited() -> Table {
    let schema = Schema::embedded();
    let mut auditor = Auditor::new(&schema);
    for seed in 1..=SEEDS {
        let library = livefire_generator::kinds::AttackLibrary::embedded(&schema);
        let world = World::read(&every_kind(&library, seed));
        let mut source = world.source(&Options::default());
        auditor.add(&mut source).expect("the log can be read");
    }
    auditor.finish()
}

#[test]
fn no_field_and_no_model_of_them_gives_the_label_away() {
    let table = audited();
    let leaks: Vec<_> = table.leaks().collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    for field in [
        "ContainerLogV2 request_id, first digits",
        "ContainerLogV2 _ItemId, last digits",
        "ContainerLogV2 TimeGenerated, below a second",
        "SigninLogs Id, first digits",
        "AzureDiagnostics CorrelationId, first digits",
    ] {
        let line = table.fields.iter().find(|line| line.field == field);
        let line = line.expect("the field is audited");
        assert!(line.is_large(), "{line:?}");
    }
    assert_eq!(table.models.len(), 3);
    assert!(table.models.iter().all(|line| line.attack > 500));
}

/// Every attack's line of a written log gets a session id that begins with 0.
fn plant(folder: &Path) {
    let labels = fs::read_to_string(folder.join("labels/rows.csv")).expect("the labels are there");
    let path = folder.join("ContainerLogV2.ndjson");
    let text = fs::read_to_string(&path).expect("the log is there");
    let changed = text.lines().map(|line| {
        let item = line
            .split("\"_ItemId\":\"")
            .nth(1)
            .map_or("", |rest| &rest[..36]);
        if labels.contains(item) {
            line.replacen("\"session_id\":\"s-", "\"session_id\":\"s-0", 1)
        } else {
            line.to_owned()
        }
    });
    let changed: String = changed.map(|line| line + "\n").collect();
    fs::write(path, changed).expect("the log can be written");
}

#[test]
fn a_leak_planted_in_files_is_found_and_fails_the_command() {
    let work = Work::with(&[(
        "storm.yaml",
        "name: storm\nduration: 6d\nbaseline: 1d\npopulation: { users: 60 }\ncampaigns:\n\
         - { kind: jailbreak_campaign, times: 12 }\n- { kind: prompt_injection, times: 30 }\n",
    )]);
    work.run("generate storm.yaml -o logs").exits(0);
    work.run("audit leak logs").exits(0);
    plant(&work.path().join("logs"));
    work.run("audit leak logs")
        .exits(1)
        .prints("session_id, first digits");
    let unlabelled = Work::with(&[(
        "logs/SigninLogs.ndjson",
        "{\"TimeGenerated\":\"2026-03-02T08:00:00Z\",\"UserId\":\"a\",\"ResultType\":\"0\"}\n",
    )]);
    unlabelled.run("audit leak logs").exits(4).says("labelled");
}
