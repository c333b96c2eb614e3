//! Logs as they come: damaged, hostile, foreign. A clear message, the right exit code, and nothing
//! half-written under a final name.

use std::fmt::Write;

use crate::support::Work;

/// One row of the application log; three FAIL of one user within the hour are an R2 alert.
fn app_row(number: u32, second: u32, user: &str, prompt: &str) -> String {
    let prompt = serde_json::to_string(prompt).expect("text is JSON");
    let time = format!(
        "2026-03-10T10:{:02}:{:02}.0000000Z",
        second / 60,
        second % 60
    );
    format!(
        "{{\"TimeGenerated\":\"{time}\",\"IngestionTime\":\"{time}\",\"_ItemId\":\"00000000-0000-4000-8000-{number:012}\",\
         \"LogMessage\":{{\"timestamp\":\"{time}\",\"level\":\"WARNING\",\"message\":\"security check failed\",\
         \"request_id\":\"request-{number}\",\"session_id\":\"s\",\"prompt_hash\":\"{number:032x}\",\
         \"security_check_passed\":\"FAIL\",\"source_ip\":\"203.0.113.9\",\"end_user_id\":\"{user}\",\
         \"application_name\":\"assistant\",\"model_deployment\":\"m\",\"full_prompt_sample\":{prompt}}}}}\n"
    )
}

fn three_failures(user: &str, prompt: &str) -> String {
    (1..=3)
        .map(|number| app_row(number, number * 60, user, prompt))
        .collect()
}

/// Labels of a log in which nothing happened.
fn benign_labels(work: &Work) {
    work.write("labels/campaigns.json", b"[]");
    let extent = r#"{"scenario": "s", "seed": null, "requests": 3,
        "log": {"start": "2026-03-02", "end": "2026-03-12"},
        "scored": {"start": "2026-03-09", "end": "2026-03-12"}}"#;
    work.write("labels/extent.json", extent.as_bytes());
    let header = "item,event,table,time,ingestion,class,caused_by,phase,stage,actor,kind,\
                  hard_negative,technique,outcome\n";
    work.write("labels/rows.csv", header.as_bytes());
}

/// Alerts of a text on standard output.
fn alerts(out: &str) -> Vec<serde_json::Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).expect("alerts are JSON lines"))
        .collect()
}

#[test]
fn somebody_elses_log_raises_alerts() {
    let log = three_failures("ada@example.org", "x");
    let work = Work::with(&[("ContainerLogV2.ndjson", &log)]);
    let found = alerts(&work.run("detect ContainerLogV2.ndjson").exits(0).out);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["rule"], "R2");
    assert_eq!(found[0]["key"], "ada@example.org");
    let piped = work.run_with("detect - --table ContainerLogV2", log.as_bytes());
    assert_eq!(
        alerts(&piped.exits(0).out),
        found,
        "standard input gives the same"
    );
    work.run("detect . -o alerts.ndjson")
        .exits(0)
        .prints("3 rows, 1 alerts");
    assert_eq!(alerts(&work.read("alerts.ndjson")), found);
}

#[test]
fn only_the_asked_for_rules_run() {
    let log = three_failures("ada@example.org", "x");
    let work = Work::with(&[("ContainerLogV2.ndjson", &log)]);
    let rules = |arguments: &str| -> Vec<String> {
        let answer = work.run(&format!("detect . {arguments}")).exits(0);
        let found = alerts(&answer.out);
        found
            .iter()
            .map(|alert| format!("{} {}", alert["rule"], alert["mode"]))
            .collect()
    };
    assert_eq!(rules("--rule R5"), Vec::<String>::new());
    assert_eq!(
        rules("--rule R2@session --mode binned"),
        ["\"R2@session\" \"binned\""]
    );
    assert_eq!(rules("--rule R2 --mode both").len(), 2);
    work.run("detect . --rule R9").exits(3).says("R9");
    work.run("detect . --rule R2@adress")
        .exits(3)
        .says("session");
    work.run("detect . --rules gone")
        .exits(3)
        .says("no such folder of rules");
}

#[test]
fn a_users_rule_file_replaces_the_shipped_parameters() {
    let log = three_failures("ada@example.org", "x");
    let work = Work::with(&[("logs/ContainerLogV2.ndjson", &log)]);
    let shipped = work.run("show R2").exits(0).out;
    let strict = shipped
        .replace("threshold: 3 ", "threshold: 4 ")
        .replace("threshold: 3\n", "threshold: 4\n");
    work.write("mine/content_safety.yaml", strict.as_bytes());
    assert!(alerts(&work.run("detect logs --rules mine").exits(0).out).is_empty());
    work.write(
        "mine/content_safety.yaml",
        b"id: R2\nparameters: { treshold: 4, window: 5 }\n",
    );
    work.run("detect logs --rules mine")
        .exits(2)
        .says("did you mean `threshold`?")
        .says("mine/content_safety.yaml:2:");
}

#[test]
fn missing_and_empty_logs_are_told_apart() {
    let work = Work::with(&[("ContainerLogV2.ndjson", ""), ("notes.txt", "hello")]);
    work.run("detect gone.ndjson").exits(2).says("gone.ndjson");
    work.run("detect ContainerLogV2.ndjson")
        .exits(4)
        .says("nothing to evaluate");
    work.run("detect notes.txt").exits(2).says("notes.txt");
    work.run_with("detect - --table ContainerLogV2", b"")
        .exits(4);
    std::fs::create_dir(work.path().join("empty")).expect("can be made");
    work.run("detect empty").exits(4).says("empty");
}

#[test]
fn unknown_tables_are_refused_with_a_suggestion() {
    let work = Work::with(&[("ContainerLogV3.ndjson", &three_failures("a", "x"))]);
    work.run("detect ContainerLogV3.ndjson")
        .exits(2)
        .says("give --table");
    work.run("detect ContainerLogV3.ndjson --table ContainerLog")
        .exits(3)
        .says("did you mean `ContainerLogV2`?");
    work.run("detect ContainerLogV3.ndjson --table ContainerLogV2")
        .exits(0);
}

#[test]
fn damaged_lines_are_counted_and_sampled_and_fatal_only_if_strict() {
    let mut log = three_failures("ada", "x").into_bytes();
    log.extend_from_slice(b"{\"TimeGenerated\": \"2026-03-10T10:\n");
    log.extend_from_slice(b"not json\n\xff\xfe\n[1, 2]\n");
    let deep = format!(
        "{{\"LogMessage\":{}1{}}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    log.extend_from_slice(deep.as_bytes());
    let work = Work::new();
    work.write("logs/ContainerLogV2.ndjson", &log);
    let answer = work.run("detect logs -o a.ndjson").exits(0);
    answer
        .says("ContainerLogV2.ndjson:4:")
        .says("5 lines could not be read")
        .prints("3 rows, 1 alerts");
    work.run("detect logs -o b.ndjson --strict")
        .exits(2)
        .says("ContainerLogV2.ndjson:4:");
    assert!(!work.has("b.ndjson"), "a failed run leaves no file");
    let document = work.run("detect logs -o c.ndjson --json").exits(0).json();
    assert_eq!(
        (&document["unreadable"], &document["alerts"]),
        (&5.into(), &1.into())
    );
}

#[test]
fn a_log_without_one_readable_line_is_bad_input() {
    let work = Work::with(&[("ContainerLogV2.ndjson", "a\nb\n")]);
    work.run("detect .")
        .exits(2)
        .says("none of 2 lines could be read");
}

#[test]
fn a_very_long_line_is_no_danger() {
    let long = "x".repeat(10 * 1024 * 1024);
    let mut log = three_failures("ada", "x");
    log.push_str(&app_row(9, 600, "ada", &long));
    let work = Work::with(&[("ContainerLogV2.ndjson", &log)]);
    work.run("detect . -o alerts.ndjson").exits(0);
}

#[test]
fn duplicated_request_ids_count_once() {
    let copy =
        |number| app_row(number, 60, "ada", "x").replace(&format!("request-{number}"), "one");
    let log: String = (1..=5).map(copy).collect();
    let work = Work::with(&[("ContainerLogV2.ndjson", &log)]);
    assert!(alerts(&work.run("detect .").exits(0).out).is_empty());
    let rows = alerts(&work.run("detect . --rule R2@rows").exits(0).out);
    assert_eq!(rows.len(), 1, "the variant counts rows");
}

#[test]
fn a_clock_that_goes_backwards_changes_no_verdict() {
    let mut lines: Vec<String> = (1..=3)
        .map(|number| app_row(number, number * 60, "ada", "x"))
        .collect();
    lines.reverse();
    let work = Work::with(&[("ContainerLogV2.ndjson", &lines.concat())]);
    assert_eq!(alerts(&work.run("detect .").exits(0).out).len(), 1);
}

#[test]
fn csv_logs_are_read_too() {
    let mut csv = String::from("TimeGenerated,IngestionTime,LogMessage\n");
    for number in 1..=3 {
        let row: serde_json::Value =
            serde_json::from_str(&app_row(number, number * 60, "ada", "x")).expect("is JSON");
        let message = row["LogMessage"].to_string().replace('"', "\"\"");
        let time = row["TimeGenerated"].as_str().expect("is text");
        writeln!(csv, "{time},{time},\"{message}\"").expect("text grows");
    }
    let work = Work::with(&[("ContainerLogV2.csv", &csv)]);
    assert_eq!(alerts(&work.run("detect .").exits(0).out).len(), 1);
}

#[test]
fn alerts_that_are_none_are_refused_with_their_lines() {
    let work = Work::with(&[("alerts.ndjson", "{}\nnot json\n")]);
    benign_labels(&work);
    work.run("score . --alerts alerts.ndjson")
        .exits(2)
        .says("alerts.ndjson:1:")
        .says("alerts.ndjson:2:");
    work.write("alerts.ndjson", b"\n");
    work.run("score . --alerts alerts.ndjson")
        .exits(4)
        .says("nothing to evaluate");
    work.run("score . --alerts gone.ndjson")
        .exits(2)
        .says("no such file");
    work.run("score . --alerts alerts.ndjson --grouping hourly")
        .exits(3)
        .says("session:5h");
    work.run("score nowhere --alerts alerts.ndjson")
        .exits(2)
        .says("holds no labels");
}

#[test]
fn hostile_text_reaches_neither_terminal_nor_table_raw() {
    let user = "=cmd|' /C calc'!A0";
    let log = three_failures(user, "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}");
    let work = Work::with(&[("ContainerLogV2.ndjson", &log)]);
    let answer = work.run("detect . -o alerts.ndjson").exits(0);
    assert!(!answer.out.contains('\x1b') && !answer.err.contains('\x1b'));
    assert!(
        !work.read("alerts.ndjson").contains('\x1b'),
        "JSON escapes it"
    );
    benign_labels(&work);
    work.run("score . --alerts alerts.ndjson -o result")
        .exits(0)
        .prints("R2 content safety");
    let incidents = work.read("result/incidents.csv");
    assert!(incidents.contains(",'=cmd|"), "{incidents}");
    assert!(!incidents.contains(",=cmd"), "{incidents}");
}

#[test]
fn a_folder_of_somebody_elses_files_is_never_replaced() {
    let log = three_failures("ada", "x");
    let work = Work::with(&[
        ("logs/ContainerLogV2.ndjson", &log),
        ("result/thesis.txt", "years"),
    ]);
    benign_labels(&work);
    work.run("detect logs -o alerts.ndjson").exits(0);
    work.run("score . --alerts alerts.ndjson -o result")
        .exits(3)
        .says("holds `thesis.txt`, which livefire did not write");
    assert_eq!(work.read("result/thesis.txt"), "years");
    work.run("score . --alerts alerts.ndjson -o fresh").exits(0);
    work.run("score . --alerts alerts.ndjson -o fresh").exits(0);
    let left: Vec<_> = std::fs::read_dir(work.path())
        .expect("is there")
        .filter_map(Result::ok)
        .collect();
    assert!(
        left.iter()
            .all(|entry| !entry.file_name().to_string_lossy().contains("partial"))
    );
}
