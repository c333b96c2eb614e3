//! What each shipped scenario generates and how it ends, held as text: rows and hash of every table.
//!
//! Large scenarios run shortened, which the file's first line says. `LIVEFIRE_UPDATE=1` rewrites
//! the files (`just update-fingerprints`), on purpose and in a commit that does nothing else.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::worlds::{Rules, World, folder, shipped, shortened};

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fingerprints")
}

fn is_update() -> bool {
    std::env::var_os("LIVEFIRE_UPDATE").is_some()
}

/// The fingerprint of a scenario: its tables, and what the default rules make of it.
fn fingerprint(name: &str) -> String {
    let world = shortened(name);
    let full = folder().join(format!("{name}.yaml"));
    let full = World::read(&format!("include: [{}]\n", full.display()));
    let users = world.scenario.population().users;
    let outcome = world.run(&Rules::defaults());
    let mut text = format!("{name}, {users} users");
    if users < full.scenario.population().users {
        write!(text, " of {}: shortened", full.scenario.population().users).expect("text grows");
    }
    text.push('\n');
    for table in &outcome.result.tables {
        let (name, rows, hash) = (&table.table, table.rows, &table.hash);
        writeln!(text, "{name:<34}{rows:>9}  {hash}").expect("text grows");
    }
    let headline = &outcome.report.headline;
    let (detected, campaigns) = (headline.detected, headline.campaigns);
    let (incidents, alerts) = (headline.false_incidents, headline.counts.alerts);
    writeln!(
        text,
        "detected {detected} of {campaigns}, false incidents {incidents}, alerts {alerts}"
    )
    .expect("text grows");
    text
}

#[test]
fn every_scenario_is_as_it_was() {
    let mut changed = Vec::new();
    for name in shipped() {
        let got = fingerprint(&name);
        let path = place().join(format!("{name}.txt"));
        if is_update() {
            fs::create_dir_all(place()).expect("can be made");
            fs::write(&path, &got).expect("can be written");
        }
        let want = fs::read_to_string(&path).unwrap_or_default();
        if got != want {
            changed.push(format!("--- was\n{want}--- is\n{got}"));
        }
    }
    assert!(
        changed.is_empty(),
        "if on purpose: just update-fingerprints\n{}",
        changed.concat()
    );
}

#[test]
fn every_fingerprint_has_its_scenario() {
    let names = shipped();
    for entry in fs::read_dir(place()).expect("the fingerprints are there") {
        let path = entry.expect("can be listed").path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        assert!(names.iter().any(|name| name == stem), "{}", path.display());
    }
}
