//! What each shipped scenario generates and how it ends, held as text: rows and hash of every table.
//!
//! Scenarios run shortened: the same file, included, with fewer users. `LIVEFIRE_UPDATE=1` rewrites
//! the files, on purpose and in a commit that does nothing else.

use std::fs;
use std::path::PathBuf;

use crate::support::Work;

/// A scenario over a shipped one with so many users, and other lines.
fn shortened(name: &str, users: u32, more: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!(
        "include: [{root}/scenarios/{name}.yaml]\npopulation: {{ users: {users}, sites: 1, service_callers: 3 }}\n{more}"
    )
}

fn fingerprint(name: &str, users: u32, more: &str) -> String {
    let work = Work::new();
    work.write("short.yaml", shortened(name, users, more).as_bytes());
    work.run("run short.yaml -o result").exits(0);
    let manifest: serde_json::Value =
        serde_json::from_str(&work.read("result/manifest.json")).expect("is JSON");
    let metrics: serde_json::Value =
        serde_json::from_str(&work.read("result/metrics.json")).expect("is JSON");
    let mut text = format!("{name}, {users} users\n");
    for table in manifest["tables"].as_array().expect("a list of tables") {
        let cell = |key: &str| table[key].to_string().trim_matches('"').to_owned();
        text.push_str(&format!(
            "{:<34}{:>9}  {}\n",
            cell("table"),
            cell("rows"),
            cell("hash")
        ));
    }
    let headline = &metrics["headline"];
    text.push_str(&format!(
        "detected {} of {}, false incidents {}, alerts {}\n",
        headline["detected"],
        headline["campaigns"],
        headline["false_incidents"],
        headline["counts"]["alerts"]
    ));
    text
}

#[track_caller]
fn holds(name: &str, users: u32, more: &str) {
    let got = fingerprint(name, users, more);
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fingerprints/{name}.txt"));
    if std::env::var_os("LIVEFIRE_UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("can be made");
        fs::write(&path, &got).expect("can be written");
        return;
    }
    let want = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        got, want,
        "output of `{name}` changed; if on purpose: just update-fingerprints"
    );
}

#[test]
fn quick_is_as_it_was() {
    holds("quick", 60, "");
}

#[test]
fn default_is_as_it_was() {
    holds("default", 80, "");
}

#[test]
fn benign_is_as_it_was() {
    holds("benign", 60, "");
}

#[test]
fn kill_chain_is_as_it_was() {
    holds("kill_chain", 60, "");
}

#[test]
fn evasion_is_as_it_was() {
    holds("evasion", 60, "");
}
