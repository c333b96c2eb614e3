//! `livefire why` says what the run did, and no more.

use serde_json::Value;

use crate::support::Work;

/// A loud attack, a patient one that R2 misses, and a look-alike.
const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 60, applications: 3, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     look_alikes: [shared_template_prompts]\n\
                     campaigns:\n  \
                     - { kind: prompt_injection, name: loud, knobs: { p_fail: 1 } }\n  \
                     - { kind: content_violation, name: patient, knobs: { events: 6, p_fail: 1 }, evasions: [low_and_slow] }\n";

fn run() -> (Work, Value) {
    let work = Work::with(&[("small.yaml", SMALL)]);
    let answer = work.run("run small.yaml --rule R1 --rule R2 --rule R4 --rule R5");
    answer
        .exits(0)
        .prints("next: livefire why results/small patient");
    let metrics = work.read("results/small/metrics.json");
    (work, serde_json::from_str(&metrics).expect("is JSON"))
}

/// The row of a list whose field has a value.
#[track_caller]
fn row<'a>(list: &'a Value, field: &str, value: &str) -> &'a Value {
    let rows = list.as_array().expect("a list").iter();
    let mut rows = rows.filter(|row| row[field] == value);
    rows.next()
        .unwrap_or_else(|| panic!("no {field} {value} in {list}"))
}

#[test]
fn a_caught_campaign_is_explained_by_its_first_alert() {
    let (work, metrics) = run();
    let why = work.run("why small loud --json").exits(0).json();
    let campaign = row(&metrics["campaigns"], "id", "loud");
    let found = &why["found"];
    assert_eq!(why["about"], "campaign");
    assert_eq!(why["time_to_detect"], campaign["time_to_detect"]);
    assert_eq!(found["alert"], campaign["first"]["alert"]);
    assert_eq!(found["parts"], campaign["first"]["parts"]);
    let parts = found["parts"].as_object().expect("an object").values();
    let sum: f64 = parts.map(|part| part.as_f64().expect("a number")).sum();
    let whole = why["time_to_detect"].as_f64().expect("a number");
    assert!((sum - whole).abs() < 1e-6, "{sum} {whole}");
    // The rows are those of the alert, and the last of the attack's completes it.
    let alert = found["alert"].as_str().expect("is text");
    let lines = work.read("results/small/alerts.ndjson");
    let line = lines
        .lines()
        .find(|line| line.contains(alert))
        .expect("it was written");
    let line: Value = serde_json::from_str(line).expect("is JSON");
    let evidence = found["evidence"].as_array().expect("a list");
    assert_eq!(
        evidence.len(),
        line["evidence"].as_array().expect("a list").len()
    );
    let labels = work.read("results/small/labels/rows.csv");
    for one in evidence {
        assert_eq!(one["completes"], one["time"] == line["time"]);
        let item = one["item"].as_str().expect("is text");
        assert_eq!(
            one["origin"] == "attack",
            labels.contains(&format!("{item},")),
            "{one}"
        );
    }
    let text = work.run("why results/small loud").exits(0);
    text.prints("delay     accumulate").prints("completes it");
}

#[test]
fn a_missed_campaign_is_explained_by_the_nearest_approach() {
    let (work, metrics) = run();
    let why = work.run("why small patient --json").exits(0).json();
    let campaign = row(&metrics["campaigns"], "id", "patient");
    assert_eq!(campaign["miss"]["reason"], why["reason"]);
    let rule = row(&why["rules"], "rule", "R2");
    assert_eq!(rule["outcome"], "missed");
    let missed = row(&campaign["rule_misses"], "rule", "R2");
    assert_eq!(rule["nearest"], missed["nearest"]);
    work.run("why small patient")
        .exits(0)
        .prints("missed: never enough events together")
        .prints("of 3 under `");
}

#[test]
fn what_is_said_to_be_enough_is_enough() {
    let work = Work::with(&[(
        "small.yaml",
        &SMALL.replace("evasions: [low_and_slow]", "evasions: [just_under]"),
    )]);
    work.run("run small.yaml --rule R2").exits(0);
    let why = work.run("why small patient --json").exits(0).json();
    let rule = row(&why["rules"], "rule", "R2");
    let remedy = row(&rule["would_have"], "change", "threshold");
    let text = remedy["text"].as_str().expect("is text");
    let (threshold, _) = text.split_once(" instead of 3").expect("a threshold");
    let rule = work.run("show R2").exits(0).out;
    assert!(rule.contains("threshold: 3"), "{rule}");
    let tuned = rule.replacen("threshold: 3", &format!("threshold: {threshold}"), 1);
    work.write("rules/content_safety.yaml", tuned.as_bytes());
    work.run("run small.yaml --rule R2 -o tuned").exits(0);
    let why = work.run("why tuned patient --json").exits(0).json();
    assert_eq!(why["detected"], true);
}

#[test]
fn a_false_incident_is_explained_by_its_rows() {
    let (work, metrics) = run();
    let incidents = metrics["incidents"].as_array().expect("a list");
    let of_look_alike = |row: &&Value| row["look_alike"] == "shared_template_prompts";
    let incident = incidents
        .iter()
        .find(of_look_alike)
        .expect("a false incident");
    let id = incident["alerts"][0].as_str().expect("is text");
    let why = work.run(&format!("why small {id} --json")).exits(0).json();
    assert_eq!(why["about"], "incident");
    for field in [
        "rule",
        "key",
        "is_true",
        "false_class",
        "look_alike",
        "first",
        "last",
    ] {
        assert_eq!(why[field], incident[field], "{field}");
    }
    let evidence = why["evidence"].as_array().expect("a list");
    assert!(
        evidence.iter().any(|row| row["origin"] == "look_alike"),
        "{why}"
    );
    work.run(&format!("why small {id}"))
        .exits(0)
        .prints("it needed the look-alike shared_template_prompts");
}

#[test]
fn what_nobody_knows_is_suggested() {
    let (work, _) = run();
    work.run("why small patent")
        .exits(3)
        .says("did you mean `patient`?");
    work.run("why nowhere patient")
        .exits(3)
        .says("is no results folder of `livefire run`");
}

#[test]
fn benign_data_stands_beside_precision() {
    let (work, metrics) = run();
    let reach = |rule: &str| row(&metrics["rules"], "rule", rule)["benign_data"].clone();
    // every request of the benign world is one that R4 looks at, none carries an injection alert
    assert_eq!(reach("R4")["class"], "measured");
    assert_eq!(reach("R1")["class"], "blind", "{}", reach("R1"));
    work.run("run small.yaml --rule R1 -o one")
        .exits(0)
        .prints("false/day of R1 proves little");
}
