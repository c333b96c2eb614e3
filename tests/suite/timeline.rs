//! `livefire check --timeline`: campaigns on the scenario's clock, as `generate` then makes them.

use crate::support::Work;

const SCENARIO: &str = "name: s\nseed: 3\nduration: 4d\nbaseline: 2d\npopulation: { users: 60 }\n\
    telemetry: { lost: 0, duplicates: 0, malformed: 0 }\n\
    campaigns:\n  - { kind: prompt_injection, times: 2 }\n\
    look_alikes: [rate_limit_human_retry]\n";

#[test]
fn the_timeline_says_what_generate_makes() {
    let work = Work::with(&[("s.yaml", SCENARIO)]);
    let report = work.run("check s.yaml --timeline --json").exits(0).json();
    let timeline = report["files"][0]["timeline"].as_array().expect("a list");
    let names: Vec<_> = timeline.iter().map(|one| one["name"].as_str()).collect();
    let expected = [
        "rate_limit_human_retry",
        "prompt_injection",
        "prompt_injection-2",
    ];
    assert_eq!(names, expected.map(Some));
    work.run("generate s.yaml -o logs").exits(0);
    let campaigns: serde_json::Value =
        serde_json::from_str(&work.read("logs/labels/campaigns.json")).expect("is JSON");
    let rows = work.read("logs/labels/rows.csv");
    for campaign in campaigns.as_array().expect("a list") {
        let id = campaign["id"].as_str().expect("is text");
        let told = timeline.iter().find(|one| one["name"] == id).expect(id);
        assert_eq!(told["t0"], campaign["t0"], "{id}");
        let stages = told["stages"].as_array().expect("a list");
        let sum: u64 = stages
            .iter()
            .filter_map(|stage| stage["rows"].as_u64())
            .sum();
        let made = rows.lines().filter(|row| row.split(',').nth(6) == Some(id));
        assert_eq!(made.count() as u64, sum, "{id}");
        assert!(
            stages.iter().any(|stage| stage["part"] == "hostile"),
            "{id}"
        );
    }
}

#[test]
fn a_kind_is_shown_by_one_campaign_of_it() {
    let work = Work::new();
    work.run("new attack my_attack").exits(0);
    work.run("check kinds/my_attack.yaml --timeline")
        .exits(0)
        .prints("my_attack · t0 ")
        .prints("stage ")
        .prints("hostile");
    let again = work.run("check kinds/my_attack.yaml --timeline").out;
    assert_eq!(again, work.run("check kinds/my_attack.yaml --timeline").out);
}
