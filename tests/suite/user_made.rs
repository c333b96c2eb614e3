//! A kind and a table that livefire does not ship, from a folder of a user's, all the way: through
//! the binary and through the library. Their faulty twins get every fault with line and column.

use std::fs;
use std::path::{Path, PathBuf};

use livefire_generator::kinds::{AttackLibrary, Source};
use livefire_labels::Phase;
use livefire_schema::table::Schema;
use serde_json::Value;

use crate::support::Work;
use crate::worlds::{Rules, World, same_lines};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(data(path)).expect("test data is there")
}

/// The user's scenario over the shipped tables and kinds and the user's.
fn vault() -> World {
    let schema = Schema::embedded().with_user_tables(&data("user_made/tables"));
    let schema = schema.expect("the user's table is valid");
    let kind = Source {
        path: "kinds/vault_raid.yaml".to_owned(),
        bytes: text("user_made/kinds/vault_raid.yaml").into_bytes(),
    };
    let library = AttackLibrary::load(&AttackLibrary::embedded_sources(), &[kind], &schema);
    let library = library.expect("the user's kind is valid");
    World::with(&text("user_made/scenario.yaml"), schema, library)
}

/// Asserts that rows of the user's table are what kind and table say, and gives their readers.
#[track_caller]
fn readers(rows: &[Value], expected: usize) -> Vec<String> {
    assert_eq!(rows.len(), expected);
    for row in rows {
        assert_eq!((&row["Pages"], &row["Granted"]), (&7.into(), &false.into()));
        let document = row["Document"].as_str().expect("is text");
        assert!(
            ["contract", "payroll", "offer, \"final\""].contains(&document),
            "{row}"
        );
        let address = row["ClientAddress"].as_str().expect("is text");
        assert!(address.parse::<std::net::IpAddr>().is_ok(), "{row}");
    }
    let mut readers: Vec<String> = rows
        .iter()
        .map(|row| row["Reader"].as_str().expect("is text").to_owned())
        .collect();
    readers.sort();
    readers.dedup();
    readers
}

#[test]
fn the_library_runs_a_users_kind_over_a_users_table() {
    let world = vault();
    let log = world.log();
    let table = world.schema.find("Vault_CL").expect("is the user's");
    let rows: Vec<Value> = (log.batch.rows.iter())
        .filter(|row| row.table == table)
        .map(|row| serde_json::from_slice(log.batch.line(row)).expect("is JSON"))
        .collect();
    // two campaigns of 12 documents, one of 40
    let readers = readers(&rows, 2 * 12 + 40);
    assert!((1..=3).contains(&readers.len()), "{readers:?}");
    let book = log.book();
    for row in log.batch.rows.iter().filter(|row| row.table == table) {
        let group = book.group_of(row.item).expect("is labelled");
        let campaign = book
            .campaign(group.caused_by.expect("is caused"))
            .expect("is there");
        assert_eq!((group.phase, &*group.stage), (Phase::Preparation, "try"));
        assert!(row.time < campaign.t0, "a row is no hostile request");
    }
    let outcome = world.run(&Rules::defaults());
    let caught: Vec<(&str, bool)> = (outcome.report.campaigns.iter())
        .map(|row| (row.id.as_str(), row.detected_as_expected))
        .collect();
    assert_eq!(
        caught,
        [("raid", true), ("raid-2", true), ("long-raid", true)]
    );
}

#[test]
fn a_users_campaign_only_adds_rows() {
    let world = vault();
    let whole = world.log();
    let less = world.log_of(&livefire_generator::assemble::Options {
        without: vec!["long-raid".to_owned()],
        ..Default::default()
    });
    let kept = whole
        .lines()
        .filter(|line| line.caused_by != Some("long-raid"));
    same_lines("without long-raid", less.lines(), kept);
    assert!(less.len() < whole.len());
}

#[test]
fn the_binary_runs_a_users_kind_over_a_users_table() {
    let work = Work::new();
    for file in [
        "scenario.yaml",
        "kinds/vault_raid.yaml",
        "tables/Vault_CL.json",
    ] {
        work.write(file, text(&format!("user_made/{file}")).as_bytes());
    }
    work.run("check scenario.yaml kinds tables")
        .exits(0)
        .prints("3 files checked: no fault");
    work.run("run scenario.yaml -o result")
        .exits(0)
        .prints("vault · seed 11");
    let campaigns = work.read("result/campaigns.csv");
    assert!(campaigns.contains("long-raid,vault_raid"), "{campaigns}");
    work.run("generate scenario.yaml -o logs")
        .exits(0)
        .prints("Vault_CL");
    let rows: Vec<Value> = (work.read("logs/Vault_CL.ndjson").lines())
        .map(|line| serde_json::from_str(line).expect("is JSON"))
        .collect();
    readers(&rows, 2 * 12 + 40);
    work.run("detect logs --tables tables -o alerts.ndjson")
        .exits(0);
    assert_eq!(
        work.read("alerts.ndjson"),
        work.read("result/alerts.ndjson")
    );
    work.run("generate scenario.yaml -o csv --format csv")
        .exits(0);
    let csv = work.read("csv/Vault_CL.csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 12 + 40);
    assert!(csv.contains("\"offer, \"\"final\"\"\""), "{csv}");
}

/// Places and what is said there, in the order in which they are drawn.
#[track_caller]
fn faults(work: &Work, path: &str, code: i32) -> Vec<String> {
    let report = work.run(&format!("check {path} --json")).exits(code).json();
    let faults = report["faults"].as_array().expect("a list");
    let told = faults.iter().map(|fault| {
        let (span, message) = (
            &fault["span"],
            fault["message"].as_str().unwrap_or_default(),
        );
        let head: String = message.chars().take(60).collect();
        format!("{}:{} {head}", span["line"], span["column"])
    });
    told.collect()
}

#[test]
fn every_fault_of_a_users_kind_is_told_with_its_place() {
    let work = Work::new();
    work.write(
        "tables/Vault_CL.json",
        text("user_made/tables/Vault_CL.json").as_bytes(),
    );
    let faulty = text("user_faulty/kinds/vault_rade.yaml");
    work.write("kinds/vault_rade.yaml", faulty.as_bytes());
    let told = faults(&work, "kinds/vault_rade.yaml", 2);
    let expected = [
        "4:8 unknown label `atack`; did you mean `attack`?",
        "5:25 `R99` is no rule",
        "7:25 default 500 is outside 1..100",
        "10:3 pool `lair` is never used",
        "16:5 unknown key `cuont` in stage `try`; did you mean `count`?",
        "17:12 Vault_CL has no column `Pagse`; did you mean `Pages`?",
        "19:12 `after: tyr`: no stage `tyr`; did you mean `try`?",
        "21:10 no pool `theif`; did you mean `thief`?",
        "23:12 `$questions` is no knob of this file",
        "24:15 outcome `locked` does not belong to `do: request`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
}

#[test]
fn every_fault_of_a_users_table_is_told_with_its_place() {
    let work = Work::new();
    let faulty = text("user_faulty/tables/Vault_CL.json");
    work.write("tables/Vault_CL.json", faulty.as_bytes());
    let told = faults(&work, "tables", 2);
    let expected = [
        "3:22 identity_column `Reder` is no column of the table; did you",
        "4:3 unknown key `time_colum` in the table; did you mean `time_co",
        "7:33 unknown type `text`",
        "8:15 column `Reader` is defined twice; remove one",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
    work.write("s.yaml", b"seed: 1\n");
    let answer = work.run("run s.yaml").exits(2);
    answer
        .says("tables/Vault_CL.json:3:22")
        .says("tables/Vault_CL.json:8:15");
    assert!(!work.has("results"), "nothing is written");
}
