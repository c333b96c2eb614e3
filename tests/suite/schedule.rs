//! Rules on a schedule through the command line: what a grid adds, repeats and loses.

use serde_json::Value;

use crate::support::Work;

/// Six loud campaigns that R2 sees.
const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     campaigns:\n  - { kind: content_violation, name: loud, times: 6, knobs: { p_fail: 1 } }\n";

fn small() -> Work {
    Work::with(&[("small.yaml", SMALL)])
}

#[track_caller]
fn refused(arguments: &str, part: &str) {
    let answer = small().run(&format!("run small.yaml --rule R2 {arguments}"));
    let text = answer.exits(3).err;
    assert!(text.contains(part), "{text}");
}

#[test]
fn wrong_schedules_say_what_to_write() {
    refused(
        "--schedule 1h/15m",
        "write a period of at least 1h, as 1h/1h",
    );
    refused("--schedule 0m/1h", "the frequency 0s is outside 5m..14d");
    refused("--schedule 5/1h", "write a number with its unit");
    refused(
        "--schedule often",
        "write ideal, sentinel or FREQUENCY/PERIOD",
    );
    refused("--schedule 30m/2d", "as 1h/2d");
    refused("--schedule 1h/1h --mode binned", "cannot be used with");
    refused("--schedule-sweep 5m,1h", "as 5m,15m,1h/1h,1d");
    refused("--schedule-sweep 1h/15m", "no pair of them is a schedule");
    refused("--suppress 2d", "write a span from 5m to 24h");
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("is a number")
}

#[test]
fn a_scheduled_run_tells_what_its_grid_cost() {
    let work = small();
    let call = "run small.yaml --rule R2 --schedule 1h/2h";
    work.run(call)
        .exits(0)
        .prints("schedule  1h/2h:")
        .prints("+ wait");
    let told = work.run(&format!("{call} --json")).exits(0).json();
    let figures = &told["schedule"];
    let parts = ["accumulate", "ingestion", "schedule_wait", "run"];
    let sum: f64 = parts
        .map(|part| number(&figures["parts"][part]))
        .iter()
        .sum();
    assert!((sum - number(&figures["mean_time_to_detect"])).abs() < 1e-6);
    assert!(number(&figures["parts"]["schedule_wait"]) > 0.0);
    assert!(number(&figures["duplicates"]) > 0.0, "{figures}");
    let manifest: Value =
        serde_json::from_str(&work.read("results/small/manifest.json")).expect("is JSON");
    assert_eq!(manifest["schedule"], "1h/2h");
}

#[test]
fn a_sweep_gives_each_schedule_what_a_run_of_its_own_gives() {
    let work = small();
    let call = "run small.yaml --rule R2 --schedule-sweep 15m,1h/15m,1h,2h";
    let swept = work.run(&format!("{call} --json")).exits(0).json();
    let rows = swept["schedules"].as_array().expect("a list");
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["schedule"].as_str())
        .collect();
    let expected = [
        "ideal", "sentinel", "15m/15m", "15m/1h", "15m/2h", "1h/1h", "1h/2h",
    ];
    assert_eq!(names, expected);
    assert_eq!(swept["refused"][0]["frequency"], "1h");
    let own = work.run("run small.yaml --rule R2 --schedule 15m/2h --json");
    assert_eq!(rows[4], own.exits(0).json()["schedule"]);
    let of = |name: &str, field: &str| {
        let row = rows.iter().find(|row| row["schedule"] == name);
        number(&row.expect("is a row")[field])
    };
    assert_eq!(of("1h/1h", "duplicates"), 0.0, "no run overlaps another");
    assert!(of("15m/2h", "duplicates") > of("15m/1h", "duplicates"));
    assert!(of("15m/1h", "mean_time_to_detect") > of("ideal", "mean_time_to_detect"));
    assert!(of("ideal", "detected") >= of("15m/15m", "detected"));
    work.run(call)
        .exits(0)
        .prints("= accumulate")
        .prints("left out: 1h/15m, the period 15m is shorter");
}

/// Caught by R3 on a schedule, of the campaigns that expect it.
fn caught_by_r3(work: &Work, scenario: &str, schedule: &str) -> (u64, u64) {
    let call = format!("run {scenario} --rule R3 --schedule {schedule} --json");
    let told = work.run(&call).exits(0).json();
    let rules = told["score"]["rules"].as_array().expect("a list");
    let row = rules.iter().find(|row| row["rule"] == "R3").expect("ran");
    let count = |field: &str| row[field].as_u64().expect("is a count");
    (count("credited"), count("expected"))
}

#[test]
fn schedule_gap_hides_from_a_schedule_and_not_from_a_rule_that_waits() {
    let storms = |evasion: &str| {
        SMALL.replace(
            "{ kind: content_violation, name: loud, times: 6, knobs: { p_fail: 1 } }",
            &format!("{{ kind: rate_limit_storm_bot, name: storm, times: 6{evasion} }}"),
        )
    };
    let (loud, late) = (storms(""), storms(", evasions: [schedule_gap]"));
    let work = Work::with(&[("loud.yaml", &loud), ("late.yaml", &late)]);
    assert_eq!(caught_by_r3(&work, "loud.yaml", "ideal"), (6, 6));
    assert_eq!(caught_by_r3(&work, "loud.yaml", "sentinel"), (6, 6));
    assert_eq!(caught_by_r3(&work, "late.yaml", "ideal"), (6, 6));
    let (caught, expected) = caught_by_r3(&work, "late.yaml", "sentinel");
    assert_eq!((caught, expected), (0, 6));
    // A period that overlaps by more than the delay sees it again.
    assert_eq!(caught_by_r3(&work, "late.yaml", "10m/1h"), (6, 6));
    let told = work.run("run late.yaml --rule R3 --schedule sentinel --json");
    let told = told.exits(0).json();
    let campaigns = told["score"]["campaigns"].as_array().expect("a list");
    let reasons = campaigns.iter().map(|row| row["miss"]["reason"].as_str());
    assert!(
        reasons
            .into_iter()
            .all(|reason| reason == Some("arrived_too_late"))
    );
}
