//! What each shipped scenario generates and how it ends, held as text: rows and hash of every table.
//!
//! Scenarios run shortened: the same file, included, with fewer users. `LIVEFIRE_UPDATE=1` rewrites
//! the files, on purpose and in a commit that does nothing else.

use std::fs;
use std::path::PathBuf;

use crate::support::Work;

/// The shipped scenario with so many users, or as it is.
fn shortened(name: &str, users: Option<u32>) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let population = users.map_or(String::new(), |users| {
        format!("population: {{ users: {users}, sites: 1, service_callers: 3 }}\n")
    });
    format!("include: [{root}/scenarios/{name}.yaml]\n{population}")
}

fn fingerprint(name: &str, users: Option<u32>) -> String {
    let work = Work::new();
    work.write("short.yaml", shortened(name, users).as_bytes());
    work.run("run short.yaml -o result").exits(0);
    let manifest: serde_json::Value =
        serde_json::from_str(&work.read("result/manifest.json")).expect("is JSON");
    let metrics: serde_json::Value =
        serde_json::from_str(&work.read("result/metrics.json")).expect("is JSON");
    let users = users.map_or(String::new(), |users| format!(", with {users} users"));
    let mut text = format!("{name}{users}\n");
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
fn holds(name: &str, users: Option<u32>) {
    let got = fingerprint(name, users);
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
    holds("quick", None);
}

#[test]
fn default_is_as_it_was() {
    holds("default", Some(80));
}

#[test]
fn benign_is_as_it_was() {
    holds("benign", Some(60));
}

#[test]
fn kill_chain_is_as_it_was() {
    holds("kill_chain", Some(60));
}

#[test]
fn evasion_is_as_it_was() {
    holds("evasion", Some(60));
}
