//! `livefire bench`: figures of both detectors, scores beside them, ratios against an earlier result.

use serde_json::Value;

use crate::support::Work;

const SMALL: &str = "name: small\nduration: 8d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     campaigns:\n  - { kind: content_violation, times: 2, knobs: { p_fail: 1 } }\n";

/// The log in `logs/`, and the alerts of R2 as somebody else's program would print them.
fn logs() -> Work {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("generate small.yaml -o logs").exits(0);
    work.run("detect logs --rule R2 -o r2.ndjson").exits(0);
    work
}

fn bench(work: &Work, words: &[&str]) -> crate::support::Answer {
    let output = work.command().arg("bench").args(words).output();
    let output = output.expect("the command can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    crate::support::Answer {
        code: output.status.code().expect("the command was not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[track_caller]
fn detector<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["detectors"].as_array().expect("a list");
    let own = all.iter().find(|own| own["name"] == name);
    own.unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

#[test]
#[cfg(unix)]
fn ours_and_others_are_measured_and_scored_side_by_side() {
    let work = logs();
    let theirs = "test -d {input} && cat r2.ndjson";
    let words = [
        "logs",
        "--rule",
        "R2",
        "--cmd",
        theirs,
        "--json",
        "-o",
        "first.json",
    ];
    let report = bench(&work, &words).exits(0).json();
    assert_eq!(report["parse"].as_array().map(Vec::len), Some(5));
    for name in ["livefire, all rules", "livefire, R2 alone", theirs] {
        let own = detector(&report, name);
        let runs = own["runs"].as_array().expect("a list");
        assert_eq!(runs.len(), 5, "{name}");
        for run in runs {
            assert!(run["wall_seconds"].as_f64() > Some(0.0), "{name}: {run}");
            assert!(run["peak_bytes"].as_u64() > Some(100_000), "{name}: {run}");
        }
        assert_eq!(own["repeatable"], true, "{name}");
    }
    let [ours, theirs] = ["livefire, R2 alone", theirs].map(|name| detector(&report, name));
    assert_eq!(ours["caught"], serde_json::json!([2, 2]));
    assert_eq!(theirs["caught"], serde_json::json!([2, 2]));
    assert_eq!(theirs["alerts"], ours["alerts"]);
    let cpu = |own: &Value| own["runs"][0]["cpu_seconds"].as_f64();
    assert!(cpu(ours) > cpu(theirs), "cat is cheaper: {report:#}");
    let again = ["logs", "--rule", "R2", "--baseline", "first.json"];
    bench(&work, &again)
        .exits(0)
        .prints("bare parse")
        .prints("against the earlier result")
        .prints("the same");
    work.run("generate small.yaml -o others --seed 8").exits(0);
    bench(
        &work,
        &["others", "--rule", "R2", "--baseline", "first.json"],
    )
    .exits(2)
    .says("first.json: is of another log");
}

#[test]
#[cfg(unix)]
fn a_command_that_fails_is_named_with_what_it_said() {
    let work = logs();
    bench(
        &work,
        &[
            "logs",
            "--rule",
            "R2",
            "--cmd",
            "echo no {input} >&2; exit 7",
        ],
    )
    .exits(2)
    .says("ended with 7: no logs");
    bench(&work, &["logs", "--rule", "R2", "--cmd", "echo {input}"])
        .exits(2)
        .says("no alert");
}

#[test]
fn what_cannot_be_measured_is_wrong_use() {
    let work = Work::with(&[("small.yaml", SMALL), ("bad.json", "{}")]);
    bench(&work, &["small.yaml", "--repeat", "4"])
        .exits(3)
        .says("from 5");
    bench(&work, &["small.yaml", "--rule", "R99"])
        .exits(3)
        .says("R99");
    bench(&work, &["small.yaml", "--cmd", "true"])
        .exits(3)
        .says("{input}");
    bench(&work, &["small.yaml", "--baseline", "none.json"])
        .exits(3)
        .says("there is no such file");
    bench(&work, &["small.yaml", "--baseline", "bad.json"])
        .exits(2)
        .says("is no result of `livefire bench`");
    bench(&work, &["nothing_like_that"]).exits(3);
}
