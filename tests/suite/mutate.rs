//! `livefire mutate` and `run --self-test`: is the evaluator, and are the scenarios, to be trusted?

use crate::support::Work;

/// Six loud campaigns that R2 sees.
const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     campaigns:\n  - { kind: content_violation, name: loud, times: 6, knobs: { p_fail: 1 } }\n";

#[test]
fn mutants_are_noticed_or_listed() {
    let work = Work::with(&[("small.yaml", SMALL)]);
    let call = "mutate small.yaml --rule R2 --rule R6 --markdown mutation.md";
    let report = work.run(&format!("{call} --json")).exits(0).json();
    let rules = report["rules"].as_array().expect("a list");
    let r2 = rules.iter().find(|row| row["rule"] == "R2").expect("ran");
    let survivors = r2["survivors"].as_array().expect("a list").len() as u64;
    let (mutants, killed) = (r2["mutants"].as_u64(), r2["killed"].as_u64());
    assert_eq!(mutants, Some(8), "{r2}");
    assert_eq!(killed.map(|killed| killed + survivors), mutants, "{r2}");
    // No campaign here expects R6: none of its mutants can be noticed.
    let r6 = rules.iter().find(|row| row["rule"] == "R6").expect("ran");
    assert_eq!(r6["killed"], 0, "{r6}");
    let page = work.read("mutation.md");
    assert!(page.contains("- `R6.window 1d → 12h`"), "{page}");
    work.run("mutate small.yaml --rule R6 --at-least 0.9")
        .exits(1)
        .prints("R6.window 1d → 12h")
        .prints("no campaign here tests it");
}

#[test]
fn the_edges_of_rules_are_noticed_by_one() {
    let work = Work::new();
    let rules = "--rule R3 --rule R6 --rule C3 --rule H2 --rule U1 --rule U2 --rule U4";
    let report = work
        .run(&format!("mutate boundary {rules} --json"))
        .exits(0)
        .json();
    let rows = report["rules"].as_array().expect("a list");
    let lists = |name: &str| -> Vec<&str> {
        let lists = rows.iter().filter_map(|row| row[name].as_array());
        lists.flatten().filter_map(|text| text.as_str()).collect()
    };
    // Whose key it is, other scenarios show.
    assert_eq!(lists("survivors"), ["R3.key caller → address"]);
    assert!(lists("mislabelled").is_empty());
    let u2 = rows.iter().find(|row| row["rule"] == "U2").expect("ran");
    assert_eq!((&u2["mutants"], &u2["killed"]), (&8.into(), &8.into()));
    assert_eq!(u2["equivalent"].as_array().map(Vec::len), Some(2), "{u2}");
}

#[test]
fn the_evaluator_is_tested_on_the_runs_own_truth() {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("run small.yaml --self-test")
        .exits(0)
        .prints("self-test: 6 campaigns")
        .prints("the evaluator scores all of them as it must");
    let json = work
        .run("run small.yaml --self-test --json")
        .exits(0)
        .json();
    let checks = json["self_test"]["evaluator"]["checks"].as_array();
    assert!(
        checks
            .expect("a list")
            .iter()
            .all(|check| check["holds"] == true)
    );
    let review = json["self_test"]["review"].as_array().expect("a list");
    let r2 = review.iter().find(|row| row["rule"] == "R2").expect("ran");
    assert_eq!(
        (&r2["caught"], &r2["advice"]),
        (&6.into(), &"keep".into()),
        "{r2}"
    );
}

#[test]
fn a_test_without_campaigns_says_that_it_tested_nothing() {
    let text = SMALL.split("campaigns:").next().expect("has a head");
    let work = Work::with(&[("none.yaml", text)]);
    work.run("run none.yaml --self-test")
        .exits(5)
        .prints("no campaign left rows, so nothing was tested");
}
