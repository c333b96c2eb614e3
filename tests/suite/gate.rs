//! `livefire gate`: what passes, what fails, what is not decided, and what is refused.

use livefire_schema::spec::{self, Faults, Node, NodeValue};
use serde_json::Value;

use crate::support::{Answer, Work};

/// Six loud campaigns that R2 sees.
const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
                     benign: { indicators: 20 }\n\
                     campaigns:\n  - { kind: content_violation, name: loud, times: 6, knobs: { p_fail: 1 } }\n";

/// R2 made deaf.
const DEAF: &str = "id: R2\nname: content_safety\nparameters:\n  threshold: 1000\n";

/// Results of R2 in `good/`, and of a rule that sees nothing of this in `deaf/`.
fn results() -> Work {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("run small.yaml --rule R2 -o good").exits(0);
    work.run("run small.yaml --rule R6 -o deaf").exits(0);
    work
}

/// The scenario, and rules in `deaf/`.
fn rules() -> Work {
    Work::with(&[("small.yaml", SMALL), ("deaf/content_safety.yaml", DEAF)])
}

#[test]
fn equal_results_never_fail() {
    let work = results();
    work.run("gate good good")
        .exits(0)
        .prints("the same alerts, one by one")
        .prints("\nPASS\n");
    work.run("gate deaf deaf").exits(0);
}

#[test]
fn lost_campaigns_fail_and_are_named_with_their_rows() {
    let work = results();
    let answer = work.run("gate good deaf").exits(1);
    let answer = answer
        .prints("lost    seed 7 loud · content_violation")
        .prints("lost    seed 7 loud-6 ·")
        .prints("the baseline caught it by R2 after")
        .prints("ContainerLogV2")
        .prints("FAIL          recall: 6 lost and 0 gained of 6");
    assert!(answer.out.ends_with("\n\nFAIL\n"), "{}", answer.out);
    let json = work.run("gate good deaf --json").exits(1).json();
    assert_eq!(json["decision"], "FAIL");
    let lost = &json["comparison"]["seeds"][0]["lost"];
    assert_eq!(lost.as_array().map(Vec::len), Some(6));
    let rows = &lost[0]["found"]["evidence"];
    assert!(
        rows.as_array().is_some_and(|rows| rows.len() >= 3),
        "{lost}"
    );
}

#[test]
fn one_seed_that_only_gains_is_not_decided() {
    let work = results();
    work.run("gate deaf good")
        .exits(5)
        .prints("gained  seed 7 loud ·")
        .prints("(one_seed)");
    work.run("gate deaf good --max-lost 0").exits(0);
    work.run("gate good deaf --max-lost 5").exits(1);
    work.run("gate good deaf --max-lost 6").exits(0);
}

#[test]
fn without_campaigns_nothing_is_decided() {
    let text = SMALL.split("campaigns:").next().expect("has a head");
    let work = Work::with(&[("none.yaml", text)]);
    work.run("run none.yaml --rule R2 -o none").exits(0);
    work.run("gate none none").exits(5).prints("(no_campaigns)");
}

#[test]
fn results_of_another_log_are_refused_unless_told() {
    let work = results();
    work.run("run small.yaml --rule R2 --seed 8 -o other")
        .exits(0);
    work.run("gate good other")
        .exits(2)
        .says("are not runs of the same log under the same settings: seed: 7 and 8")
        .says("--allow-different");
    let answer = work.run("gate good other --allow-different");
    assert_ne!(answer.code, 2, "{}", answer.err);
    answer.prints("note: good and other are not runs of the same log");
    work.run("gate missing good")
        .exits(2)
        .says("missing: holds no results");
    work.run("gate good").exits(3).says("nothing to decide");
}

#[test]
fn runs_on_different_schedules_are_refused_unless_told() {
    let work = results();
    work.run("run small.yaml --rule R2 --schedule 1h/24h -o grid")
        .exits(0);
    work.run("gate good grid")
        .exits(2)
        .says("schedule: ideal and 1h/1d");
    let told = work.run("gate good grid --allow-different");
    assert_ne!(told.code, 2, "{}", told.err);
    work.run("gate grid grid").exits(0);
    work.run("run small.yaml --rule R2 --suppress 5h -o quiet")
        .exits(0);
    work.run("gate good quiet").exits(2).says("suppression: ");
}

#[track_caller]
fn expects(work: &Work, text: &str, code: i32) -> Answer {
    work.write("expect.yaml", text.as_bytes());
    work.run("gate good --expect expect.yaml").exits(code)
}

#[test]
fn expectations_hold_or_not_and_failures_come_last() {
    let work = results();
    expects(&work, "rules: { R2: { recall: { exactly: 1 } } }\n", 0)
        .prints("PASS          expected: R2 recall exactly 1; it is 1");
    let mixed = "rules:\n  R2: { alerts: { at_most: 1 }, false_per_day: { at_most: 99 } }\n\
                 campaigns: { loud: { within: 1s }, loud-2: { caught: true } }\n";
    let answer = expects(&work, mixed, 1);
    let last: Vec<&str> = answer.out.trim_end().lines().rev().take(4).collect();
    assert_eq!((last[0], last[1]), ("FAIL", ""), "{}", answer.out);
    assert!(last[2].starts_with("FAIL          expected: campaign loud within 1s"));
    assert!(last[3].starts_with("FAIL          expected: R2 alerts at most 1"));
    let json = work.run("gate good --expect expect.yaml --json").exits(1);
    assert_eq!(json.json()["expectations"][0]["line"], 2);
}

#[test]
fn a_rule_that_is_named_but_absent_is_an_error() {
    let work = results();
    expects(&work, "rules: { R22: { recall: { at_least: 1 } } }\n", 2)
        .says("expect.yaml:1:10")
        .says("`R22` is no rule of these results");
    expects(&work, "campaigns: { laud: { within: 15m } }\n", 2).says("did you mean `loud`?");
    expects(&work, "rules: { R2: { recall: { at_last: 1 } } }\n", 2).says("at_least");
    work.run("gate good --expect none.yaml")
        .exits(2)
        .says("none.yaml");
}

#[test]
fn an_expectation_without_a_figure_is_not_decided() {
    let work = results();
    work.write(
        "expect.yaml",
        b"rules: { R6: { recall: { at_least: 0.5 } } }\n",
    );
    work.run("gate deaf --expect expect.yaml")
        .exits(5)
        .prints("undefined (no_campaigns)");
}

#[test]
fn rules_are_compared_over_seeds_and_told_everywhere() {
    let work = rules();
    let call = "gate small.yaml --candidate deaf --rule R2 --seeds 2 --markdown gate.md --junit \
                gate.xml --sarif gate.sarif --annotations";
    work.run(call)
        .exits(1)
        .prints("small · 2 seeds · 12 campaigns")
        .prints("::error title=gate%3A recall::12 lost and 0 gained of 12")
        .prints("::error file=deaf/content_safety.yaml,line=1,col=1,title=lost campaign");
    let page = work.read("gate.md");
    assert!(page.starts_with("## ❌ livefire gate: FAIL\n"), "{page}");
    assert!(page.contains("### Lost: 12"), "{page}");
    let junit = work.read("gate.xml");
    assert!(
        junit.contains("<failure type=\"FAIL\" message=\"12 lost"),
        "{junit}"
    );
    let sarif: Value = serde_json::from_str(&work.read("gate.sarif")).expect("is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    assert!(results.iter().any(|result| {
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        result["ruleId"] == "lost-campaign" && *place == "deaf/content_safety.yaml"
    }));
    // The same rules on both sides are equal on every seed.
    work.run("gate small.yaml --baseline deaf --candidate deaf --seeds 2")
        .exits(0);
}

#[test]
fn results_can_be_the_baseline_of_rules() {
    let work = rules();
    work.run("run small.yaml -o before").exits(0);
    work.write(
        "same/content_safety.yaml",
        work.run("show R2").exits(0).out.as_bytes(),
    );
    work.run("gate small.yaml --baseline before --candidate same")
        .exits(0)
        .prints("the same alerts");
    work.run("gate small.yaml --baseline before --candidate deaf")
        .exits(1)
        .prints("lost    seed 7 loud");
    work.run("gate small.yaml --baseline before --candidate deaf --seeds 3")
        .exits(3)
        .says("results as baseline have their seeds already");
}

#[test]
fn only_changed_rules_are_compared() {
    let work = rules();
    let git = |arguments: &str| {
        let mut command = std::process::Command::new("git");
        let names = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
        let words = arguments.split_whitespace();
        let status = command
            .current_dir(work.path())
            .args(names)
            .args(words)
            .output();
        assert!(
            status.expect("git is there").status.success(),
            "{arguments}"
        );
    };
    git("init -q");
    git("add .");
    git("commit -q -m rules");
    let call = "gate small.yaml --candidate deaf --seeds 1 --changed-since HEAD";
    work.run(call)
        .exits(0)
        .prints("no rule file changed since HEAD");
    work.write(
        "deaf/content_safety.yaml",
        format!("{DEAF}  window: 2h\n").as_bytes(),
    );
    work.run(call).exits(1).prints("only R2 compared");
    work.run("gate small.yaml --candidate deaf --changed-since nowhere")
        .exits(3)
        .says("--changed-since: ");
}

/// The values of every key of that name, anywhere in a document.
fn texts<'n>(node: &'n Node, key: &str, found: &mut Vec<&'n str>) {
    match &node.value {
        NodeValue::Map(entries) => {
            for (name, value) in entries {
                if name.value == key {
                    found.extend(value.scalar());
                }
                texts(value, key, found);
            }
        }
        NodeValue::List(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

#[test]
fn the_example_workflow_is_yaml_and_its_gate_runs() {
    let text = include_bytes!("../../examples/ci/github.yml");
    let faults = Faults::new("github.yml");
    let node = spec::parse(text, &faults).expect("is YAML");
    assert!(faults.is_empty(), "{faults}");
    let mut runs = Vec::new();
    texts(&node, "run", &mut runs);
    let script = runs
        .iter()
        .find_map(|run| run.split_once("livefire gate "))
        .expect("calls the gate");
    let call = script
        .1
        .split(" ||")
        .next()
        .expect("a call")
        .replace("--seeds 10", "--seeds 1");
    let work = Work::with(&[
        ("scenarios/office.yaml", SMALL),
        ("base/rules/content_safety.yaml", DEAF),
        ("rules/content_safety.yaml", DEAF),
        (
            "expectations.yaml",
            "total: { false_per_day: { at_most: 1000 } }\n",
        ),
    ]);
    work.run(&format!("gate {call}")).exits(0);
    for file in ["gate.md", "gate.xml", "gate.sarif"] {
        assert!(
            work.has(file),
            "{file} is written, as the workflow reads it"
        );
    }
}

#[test]
fn the_example_expectations_hold_for_the_first_run() {
    let text = include_bytes!("../../examples/ci/expectations.yaml");
    let work = Work::new();
    work.write("expectations.yaml", text);
    work.run("gate quick --expect expectations.yaml").exits(0);
}
