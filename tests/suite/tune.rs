//! `tune`: one pass says what reruns say, choices are confirmed, files are changed by values alone.

use serde_json::Value;

use crate::support::Work;

/// Two attacks that R2 sees at its threshold of 3, and one that is too patient for it.
const SMALL: &str = "name: small\nduration: 4d\nbaseline: 1d\n\
                     population: { users: 30, applications: 3, sites: 1, service_callers: 2 }\n\
                     benign: { indicators: 50 }\n\
                     look_alikes: [clinical_legal_false_positives]\n\
                     campaigns:\n  - { kind: content_violation, name: plain, times: 2 }\n  \
                     - { kind: content_violation, name: patient, knobs: { events: 6, p_fail: 1 }, \
                     evasions: [low_and_slow] }\n";

fn small() -> Work {
    Work::with(&[("small.yaml", SMALL)])
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("is JSON")
}

#[test]
fn a_sweep_gives_for_each_threshold_what_runs_with_it_give() {
    let work = small();
    let tune = "tune small.yaml --rule R2 --parameter threshold=1..6 --seeds 2 --validate 0 --json";
    let report = work.run(tune).exits(5).json();
    let seeds = report["tuning_seeds"].as_array().expect("an array").clone();
    let evaluated = report["evaluated"].as_array().expect("an array");
    assert_eq!((seeds.len(), evaluated.len()), (2, 6));
    for threshold in [1_usize, 3, 5] {
        let (mut caught, mut false_incidents, mut alerts) = (0, 0, 0);
        for seed in &seeds {
            let options = format!("--rule R2 --param R2.threshold={threshold} --seed {seed}");
            work.run(&format!("run small.yaml {options} -o one"))
                .exits(0);
            let metrics = parsed(&work.read("one/metrics.json"));
            let rule = &metrics["rules"][0];
            caught += rule["caught"].as_u64().expect("a count");
            false_incidents += rule["false_incidents"].as_u64().expect("a count");
            alerts += rule["alerts"].as_u64().expect("a count");
        }
        let swept = &evaluated[threshold - 1];
        assert_eq!(swept["settings"][0]["value"], threshold.to_string());
        let figures = &swept["figures"];
        assert_eq!(figures["caught"], caught, "threshold {threshold}");
        assert_eq!(figures["false_incidents"], false_incidents);
        assert!(alerts > 0, "there is something to compare");
    }
    assert_eq!(evaluated[2]["is_current"], true);
}

#[test]
fn what_is_chosen_is_confirmed_and_written_as_a_diff() {
    let work = small();
    let tune = "tune small.yaml --rule R2 --parameter threshold=1..4 --seeds 2 --validate 2 \
                --max-fp-per-day 1000";
    work.run(tune)
        .exits(0)
        .prints("R2 · small · 2 tuning and 2 validation seeds · 4 candidates")
        .prints("chosen    threshold 1")
        .prints("confirmed on 2 other seeds")
        .prints("optimism")
        .prints("-  threshold: 3")
        .prints("+  threshold: 1")
        .prints("add --write");
    assert!(!work.has("rules/content_safety.yaml"), "only told");
    work.run(&format!("{tune} --write"))
        .exits(0)
        .prints("written to rules/content_safety.yaml");
    let written = work.read("rules/content_safety.yaml");
    assert!(written.contains("\n  threshold: 1\n") && written.contains("# Goal:"));
    work.run("check rules").exits(0);
    // The scenario's own folder of rules is in force from now on.
    work.run(tune)
        .exits(0)
        .prints("threshold 1: the values in force stay");
}

#[test]
fn a_choice_that_is_not_there_or_not_confirmed_fails_and_writes_nothing() {
    let work = small();
    work.run(
        "tune small.yaml --rule R2 --parameter threshold=1..3 --seeds 2 --validate 1 \
         --max-p90 1s --write",
    )
    .exits(1)
    .prints("FAIL")
    .prints("none of the measured values");
    assert!(!work.has("rules"));
}

#[test]
fn what_cannot_be_decided_is_inconclusive() {
    let work = small();
    work.run("tune small.yaml --rule R3 --seeds 2 --validate 1")
        .exits(5)
        .prints("INCONCLUSIVE no_campaigns");
    work.run("tune small.yaml --rule R2 --parameter threshold=3 --seeds 1 --validate 1")
        .exits(5)
        .prints("INCONCLUSIVE one_seed");
    work.run("tune small.yaml --rule R2 --parameter threshold=2..3 --seeds 2 --validate 0 --write")
        .exits(5)
        .prints("INCONCLUSIVE unconfirmed");
    assert!(!work.has("rules"));
}

#[test]
fn several_parameters_make_a_grid_and_a_budget_walks_it() {
    let work = small();
    let tune = "tune small.yaml --rule R2 --parameter threshold=2..6 --parameter \
                window=10m,1h,4h --seeds 2 --validate 1 --max-fp-per-day 1000 --json";
    let whole = work.run(tune);
    let whole = whole.json();
    assert_eq!(whole["grid"], 15);
    assert_eq!(whole["evaluated"].as_array().map(Vec::len), Some(15));
    let some = work.run(&format!("{tune} --budget 7")).json();
    assert_eq!(some["is_search"], true);
    let measured = some["evaluated"].as_array().expect("an array");
    assert!((1..=7).contains(&measured.len()));
    for row in measured {
        let same = whole["evaluated"].as_array().expect("an array").iter();
        let mut same = same.filter(|other| other["settings"] == row["settings"]);
        let same = same.next().expect("is in the grid");
        assert_eq!(same["figures"], row["figures"]);
    }
}

#[test]
fn wrong_use_says_what_to_write() {
    let work = small();
    let tune = "tune small.yaml --rule";
    work.run(&format!("{tune} R4")).exits(3).says("--parameter");
    work.run(&format!("{tune} R9")).exits(3).says("R9");
    work.run(&format!("{tune} R2 --parameter treshold=1..3"))
        .exits(3)
        .says("did you mean `threshold`?");
    work.run(&format!("{tune} R2 --parameter threshold=3..1"))
        .exits(3)
        .says("upwards");
    work.run(&format!("{tune} R2 --parameter threshold=1..500"))
        .exits(3)
        .says("--budget");
    work.run(&format!("{tune} R2 --max-fp-per-day -1")).exits(3);
    work.run("tune . --rule R2").exits(3).says("is a folder");
}
