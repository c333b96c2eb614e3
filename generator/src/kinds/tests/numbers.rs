//! Numbers that make no sense are faults, in files and in what a scenario sets, in one wording.

use livefire_schema::spec::{Faults, MapReader, parse};

use super::{GOOD, faults_of, finds, load};

const WHOLE: &str = "expected a whole number like 12, a range 2..5, a distribution or a $knob";

#[test]
fn counts_are_whole_not_negative_and_bounded() {
    finds(
        "count: 3\n",
        "count: -3\n",
        "19:12 -3 is outside 0..2000000",
    );
    finds(
        "count: 3\n",
        "count: 99_999_999_999\n",
        "19:12 99999999999 is outside 0..2000000",
    );
    finds(
        "count: 3\n",
        "count: 2.7\n",
        &format!("19:12 {WHOLE}, found `2.7`"),
    );
    finds(
        "count: 3\n",
        "count: 5..3\n",
        "19:12 the range 5..3 ends before it starts; swap its ends",
    );
    finds(
        "count: 3\n",
        "count: { exponential: { mean: 1e12 } }\n",
        "19:35 1000000000000 is outside 0..2000000",
    );
    finds(
        "range: 1..30",
        "range: -30..30",
        "35:12 the range -30..30 of knob `$days` is outside 0..2000000",
    );
}

#[test]
fn other_numbers_have_bounds_too() {
    finds("mean: 2s", "mean: -2s", "20:27 -2s is outside 0s..800d");
    finds("cv: 0.4", "cv: -0.4", "20:35 -0.4 is outside 0..10");
    finds(
        "count: 1 }",
        "count: -1 }",
        "12:30 -1 is outside 0..2000000",
    );
    finds("over: 2h", "over: 900d", "37:11 900d is outside 0s..800d");
    finds(
        "SigninLogs.ResultType: \"50126\"",
        "copies: 1000",
        "22:20 1000 is outside 1..100",
    );
    finds(
        "range: 1..30",
        "range: 30..1",
        "7:30 the range 30..1 ends before it starts; swap its ends",
    );
}

#[test]
fn a_kind_without_stages_does_nothing() {
    let head = &GOOD[..GOOD.find("stages:").expect("is there")];
    let message = "the attack kind: `stages` is empty; write at least one, like \
                   `ask: { do: request, who: attacker }`";
    let found = faults_of(&format!("{head}stages: {{}}\n"));
    assert!(found.contains(&format!(":14:1 {message}\n")), "{found}");
    assert!(faults_of(head).contains("the attack kind: has no `stages`"));
}

/// What is wrong with a scenario's knobs for the kind.
#[track_caller]
fn knobs(text: &str, expected: &str) {
    let library = load(GOOD).expect("has no fault");
    let kind = library.get("my_spray").expect("is loaded");
    let faults = Faults::new("s");
    let node = parse(text.as_bytes(), &faults).expect("is YAML");
    let mut map = MapReader::open(&node, "the entry", &faults).expect("is a map");
    let _ = kind.overrides(map.entries("knobs"), &faults);
    assert_eq!(faults.to_string().trim_end(), expected);
}

#[test]
fn what_a_scenario_sets_is_held_to_the_same_rules() {
    knobs("knobs: { targets: 3..9 }", "");
    knobs(
        "knobs: { targets: { lognormal: { median: 60, sigma: 1 } } }",
        "",
    );
    knobs(
        "knobs: { targets: 9..3 }",
        "s:1:19 the range 9..3 ends before it starts; swap its ends",
    );
    knobs(
        "knobs: { targets: 2.5 }",
        &format!("s:1:19 {WHOLE}, found `2.5`"),
    );
    knobs("knobs: { targets: 900 }", "s:1:19 900 is outside 1..200");
    knobs("knobs: { p_wrong: 1.5 }", "s:1:19 1.5 is outside 0..1");
    knobs(
        "knobs: { p_wrong: many }",
        "s:1:19 expected a number like 0.5, a range, a distribution or a $knob, found `many`",
    );
    knobs(
        "knobs: { targets: { exponential: { mean: -4 } } }",
        "s:1:42 -4 is outside 0..",
    );
    knobs(
        "knobs: { mode: slwo }",
        "s:1:16 `slwo` is not one of its values; did you mean `slow`?",
    );
}
