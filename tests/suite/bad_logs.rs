//! Bad logs and hostile texts through every command that meets them: `detect`, `generate`, `run`
//! and `score` over generated folders that were damaged, truncated, swapped or poisoned.
//!
//! `bad_input` has hand-made lines; here a generated log is harmed in one way each, and the answer
//! is held to message, exit code and what stands under the final name.

use std::fmt::Write;

use crate::support::Work;

/// A small scenario with one campaign that R2 sees.
const SMALL: &str = "name: small\nduration: 8d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     campaigns:\n  - { kind: content_violation, knobs: { p_fail: 1 } }\n";
const LOG: &str = "logs/ContainerLogV2.ndjson";

/// The small scenario's log in `logs/`, with the alerts over it as it was.
fn generated() -> (Work, String) {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("generate small.yaml -o logs").exits(0);
    let alerts = work.run("detect logs").exits(0).out;
    assert!(alerts.contains("\"rule\":\"R2\""), "{alerts}");
    (work, alerts)
}

/// Replaces the application log by what `harm` makes of its lines.
fn harm(work: &Work, harm: impl FnOnce(Vec<String>) -> Vec<u8>) {
    let lines = work.read(LOG).lines().map(str::to_owned).collect();
    work.write(LOG, &harm(lines));
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

/// Keys of R2's alerts.
fn r2_keys(alerts: &str) -> Vec<String> {
    let rows = alerts.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).expect("alerts are JSON lines");
        row
    });
    let r2 = rows.filter(|row| row["rule"] == "R2");
    r2.map(|row| row["key"].as_str().expect("is text").to_owned())
        .collect()
}

#[test]
fn lines_of_garbage_between_rows_change_no_alert() {
    let (work, alerts) = generated();
    harm(&work, |mut lines| {
        lines.insert(0, "{".to_owned());
        lines.insert(100, "\u{0}\u{1b}[2J".to_owned());
        let deep = format!(
            "{{\"LogMessage\":{}{}}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        lines.insert(200, deep);
        let mut bytes = joined(&lines);
        bytes.extend_from_slice(b"{\"LogMessage\": \"\xc3\x28\xff\"}\n{\"TimeGen");
        bytes
    });
    let answer = work
        .run("detect logs")
        .exits(0)
        .says("5 lines could not be read");
    assert_eq!(answer.out, alerts);
    assert!(!answer.err.contains('\u{1b}') && !answer.err.contains('\u{0}'));
    let answer = work.run("detect logs -o strict.ndjson --strict").exits(2);
    answer.says("ContainerLogV2.ndjson:1:");
    assert!(!work.has("strict.ndjson"));
}

#[test]
fn a_line_of_ten_megabytes_is_read_or_left_out_and_ends_nothing() {
    let (work, alerts) = generated();
    let long = |bytes: usize| format!("{{\"LogMessage\":{{\"pad\":\"{}\"}}}}", "x".repeat(bytes));
    harm(&work, |mut lines| {
        lines.insert(10, long(9 << 20));
        lines.insert(20, long(11 << 20));
        joined(&lines)
    });
    let answer = work.run("detect logs").exits(0);
    assert_eq!(answer.out, alerts);
    answer
        .says("ContainerLogV2.ndjson:21:")
        .says("longer than 10 MiB");
    work.run("detect logs --strict -o a.ndjson").exits(2);
    assert!(!work.has("a.ndjson"));
}

/// Event time of the first alert.
#[track_caller]
fn first_time(alerts: &str) -> String {
    let line = alerts.lines().next().expect("an alert");
    let row: serde_json::Value = serde_json::from_str(line).expect("alerts are JSON lines");
    row["time"].as_str().expect("is text").to_owned()
}

#[test]
fn a_whole_log_delivered_twice_raises_the_same_alerts_of_event_counts() {
    let (work, alerts) = generated();
    harm(&work, |lines| {
        let copy = |line: &String| line.replace("\"_ItemId\":\"", "\"_ItemId\":\"copy-");
        let twice = lines.iter().flat_map(|line| [line.clone(), copy(line)]);
        joined(&twice.collect::<Vec<_>>())
    });
    let twice = work.run("detect logs").exits(0).out;
    assert_eq!(r2_keys(&twice), r2_keys(&alerts));
    let events = work.run("detect logs --rule R2").exits(0).out;
    let rows = work.run("detect logs --rule R2@rows").exits(0).out;
    assert!(first_time(&rows) < first_time(&events), "rows count twice");
}

#[test]
fn rows_out_of_order_within_a_minute_raise_the_same_alerts() {
    let (work, alerts) = generated();
    let minute = |line: &String| {
        let row: serde_json::Value = serde_json::from_str(line).expect("is JSON");
        row["IngestionTime"].as_str().expect("is text")[..16].to_owned()
    };
    harm(&work, |mut lines| {
        let before = lines.clone();
        let minutes = lines.chunk_by_mut(|left, right| minute(left) == minute(right));
        minutes.for_each(<[String]>::reverse);
        assert_ne!(lines, before);
        joined(&lines)
    });
    assert_eq!(
        r2_keys(&work.run("detect logs").exits(0).out),
        r2_keys(&alerts)
    );
}

#[test]
fn a_log_sorted_newest_first_is_refused_and_leaves_no_alerts() {
    let (work, _) = generated();
    harm(&work, |lines| {
        let late = lines.iter().rev().cloned();
        joined(&late.collect::<Vec<_>>())
    });
    work.run("detect logs -o alerts.ndjson")
        .exits(2)
        .says("go back in ingestion time")
        .says("oldest first");
    assert!(!work.has("alerts.ndjson"));
}

#[test]
fn one_row_from_the_far_future_does_not_pass_for_an_empty_result() {
    let (work, _) = generated();
    harm(&work, |mut lines| {
        lines.insert(0, r#"{"TimeGenerated":"9999-12-31T23:59:59Z"}"#.to_owned());
        joined(&lines)
    });
    work.run("detect logs -o alerts.ndjson")
        .exits(2)
        .says("the latest row was ingested at 9999-12-31");
    assert!(!work.has("alerts.ndjson"));
}

#[test]
fn alerts_are_not_written_over_a_log_that_is_read() {
    let (work, _) = generated();
    let before = work.read("logs/SigninLogs.ndjson");
    for output in ["logs/SigninLogs.ndjson", "logs/ContainerLogV2.ndjson"] {
        work.run(&format!("detect logs -o {output}"))
            .exits(3)
            .says("is one of the logs to read");
    }
    assert_eq!(work.read("logs/SigninLogs.ndjson"), before);
}

#[test]
fn rows_of_another_table_are_refused_before_anything_is_written() {
    let (work, _) = generated();
    let sign_ins = work.read("logs/SigninLogs.ndjson");
    work.write(LOG, sign_ins.as_bytes());
    work.run("detect logs -o alerts.ndjson")
        .exits(2)
        .says("ContainerLogV2.ndjson:1: rows of `SigninLogs` read as `ContainerLogV2`");
    assert!(!work.has("alerts.ndjson"));
}

#[test]
fn an_earlier_result_outlives_a_run_that_fails() {
    let (work, _) = generated();
    work.run("detect logs -o alerts.ndjson").exits(0);
    let before = work.read("alerts.ndjson");
    harm(&work, |mut lines| {
        lines.push("not json".to_owned());
        joined(&lines)
    });
    work.run("detect logs -o alerts.ndjson --strict").exits(2);
    assert_eq!(work.read("alerts.ndjson"), before);
    work.run("run small.yaml -o result").exits(0);
    let before = work.read("result/manifest.json");
    work.write(
        "small.yaml",
        SMALL
            .replace("content_violation", "content_volation")
            .as_bytes(),
    );
    work.run("run small.yaml -o result").exits(2);
    work.run("generate small.yaml -o logs").exits(2);
    assert_eq!(work.read("result/manifest.json"), before);
    assert!(work.has("logs/manifest.json"));
    let left = std::fs::read_dir(work.path()).expect("is there");
    let names = left.map(|entry| entry.expect("can be listed").file_name());
    for name in names {
        assert!(!name.to_string_lossy().contains("partial"), "{name:?}");
    }
}

#[test]
fn an_empty_log_is_nothing_to_evaluate() {
    let (work, _) = generated();
    for table in std::fs::read_dir(work.path().join("logs")).expect("is there") {
        let path = table.expect("can be listed").path();
        if path.extension().is_some_and(|end| end == "ndjson") {
            std::fs::write(path, b"").expect("can be written");
        }
    }
    work.run("detect logs -o a.ndjson")
        .exits(4)
        .says("nothing to evaluate");
    assert!(!work.has("a.ndjson"));
    work.run("detect logs/gone.ndjson -o a.ndjson")
        .exits(2)
        .says("gone.ndjson");
    work.run("score logs --alerts gone.ndjson")
        .exits(2)
        .says("gone.ndjson");
    work.run("run gone.yaml").exits(2).says("gone.yaml");
    assert!(!work.has("results"));
}

#[test]
fn alerts_of_another_log_and_broken_labels_are_told() {
    let (work, _) = generated();
    work.run("detect logs -o alerts.ndjson").exits(0);
    let alerts = work.read("alerts.ndjson");
    work.write("twice.ndjson", format!("{alerts}{alerts}").as_bytes());
    work.run("score logs --alerts twice.ndjson -o result")
        .exits(2)
        .says("used twice");
    assert!(!work.has("result"));
    let labels = work.read("logs/labels/rows.csv");
    work.write(
        "logs/labels/rows.csv",
        labels.replace(",hostile,", ",hostil,").as_bytes(),
    );
    work.run("score logs --alerts alerts.ndjson -o result")
        .exits(2)
        .says("labels/rows.csv:")
        .says("hostil");
    assert!(!work.has("result"));
}

/// A kind of a user's whose prompts attack whoever reads them.
fn poisoned() -> Work {
    let prompts = [
        "\\e]0;owned\\a\\e[2J\\u009B31mgone",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1:A9)",
        "\\u202Etxt.exe",
        "<script>alert(1)</script>",
    ];
    let mut list = String::new();
    for prompt in prompts {
        write!(list, "\"{prompt}\", ").expect("text grows");
    }
    let kind = format!(
        "format: 1\nid: poisoned\ntitle: Prompts that attack their readers\nlabel: attack\n\
         goal: run on the analyst's machine\nexpected: {{ fires: [R2] }}\ncast:\n  \
         who: {{ accounts: existing }}\n  texts: {{ lines: [{list}], count: 7, deal: random }}\n\
         stages:\n  ask:\n    do: request\n    who: who\n    prompts: texts\n    count: 40\n    \
         gap: human\n    outcomes: content\n"
    );
    let work = Work::new();
    work.write("kinds/poisoned.yaml", kind.as_bytes());
    work.write(
        "small.yaml",
        SMALL
            .replace("content_violation, knobs: { p_fail: 1 }", "poisoned")
            .as_bytes(),
    );
    work
}

/// Asserts that nothing in it moves a cursor, hides or reorders text.
#[track_caller]
fn is_harmless(text: &str) {
    let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let found = text.chars().find(|c| bad(*c));
    assert_eq!(found, None, "{text}");
}

#[test]
fn prompts_that_attack_their_readers_reach_neither_terminal_nor_cells_raw() {
    let work = poisoned();
    let answer = work.run("run small.yaml -o result").exits(0);
    is_harmless(&answer.out);
    is_harmless(&answer.err);
    work.run("generate small.yaml -o logs").exits(0);
    let log = work.read(LOG);
    assert!(
        log.contains("\\u001b]0;owned\\u0007"),
        "the prompts are in the log"
    );
    assert!(!log.contains('\u{1b}'), "JSON escapes them");
    let answer = work.run("detect logs -o alerts.ndjson").exits(0);
    is_harmless(&answer.out);
    is_harmless(&answer.err);
    // a pipe gets the alerts as they are; JSON escapes what moves a cursor
    assert!(!work.run("detect logs").exits(0).out.contains('\u{1b}'));
    for file in ["incidents.csv", "campaigns.csv"] {
        no_formulas(&work.read(&format!("result/{file}")));
    }
    work.run("generate small.yaml -o csv --format csv").exits(0);
    let csv = work.read("csv/ContainerLogV2.csv");
    assert!(csv.contains("cmd|"), "the prompts are in the table");
    no_formulas(&csv);
}

/// Asserts that no cell begins as a formula does, and that none holds a raw escape.
#[track_caller]
fn no_formulas(text: &str) {
    assert!(!text.contains('\u{1b}'), "{text}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.expect("is CSV") {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(
                is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell}"
            );
        }
    }
}
