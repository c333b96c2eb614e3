//! What each gate says of a few hand-made pairs, and how expectations are read.

use livefire_schema::spec::Faults;
use livefire_schema::time::EventTime;
use livefire_scorer::uncertainty::gates::Decision;
use livefire_scorer::{Measure, Undefined};

use super::pairing::{Change, RulePair, SeedPair};
use super::{Expectations, GateOptions, GateReport, compare};

/// A campaign that one side missed.
pub(super) fn change(number: usize) -> Change {
    Change {
        seed: Some(1),
        campaign: format!("c{number}"),
        kind: "prompt_injection".into(),
        t0: EventTime::from_unix_seconds(0),
        t_end: EventTime::from_unix_seconds(60),
        caught_by: vec!["R1".into()],
        time_to_detect: Measure::number(60.0),
        found: None,
        reason: None,
        nearest: Vec::new(),
    }
}

/// One seed with its campaigns lost and gained, and its false incidents on both sides.
pub(super) fn seed(campaigns: u64, lost: usize, gained: usize, falses: (u64, u64)) -> SeedPair {
    SeedPair {
        seed: Some(1),
        campaigns,
        baseline: campaigns - gained as u64,
        candidate: campaigns - lost as u64,
        lost: (0..lost).map(change).collect(),
        gained: (0..gained).map(change).collect(),
        unpaired: Vec::new(),
        restricted_seconds: (0.0, 0.0),
        rules: vec![RulePair {
            rule: "R1".into(),
            mode: livefire_schema::alert::Mode::Streaming,
            lost: lost as u64,
            gained: gained as u64,
            false_baseline: falses.0,
            false_candidate: falses.1,
            in_totals: true,
        }],
        days: 10.0,
        identical: false,
    }
}

#[track_caller]
fn says(seeds: Vec<SeedPair>, recall: Decision, falses: Decision) {
    let compared = compare(seeds, GateOptions::default());
    let decisions: Vec<Decision> = compared.verdicts.iter().map(|gate| gate.decision).collect();
    assert_eq!(decisions, [recall, falses], "{:?}", compared.verdicts);
}

#[test]
fn nothing_passes_without_evidence() {
    use Decision::{Inconclusive, Pass};
    says(Vec::new(), Inconclusive, Inconclusive);
    says(vec![seed(0, 0, 0, (0, 0))], Inconclusive, Pass);
    says(vec![seed(100, 0, 0, (0, 0))], Inconclusive, Pass);
    says(vec![seed(5, 0, 0, (0, 0)); 2], Inconclusive, Pass);
    says(vec![seed(20, 0, 0, (0, 0)); 2], Pass, Pass);
}

#[test]
fn undefined_has_its_reason() {
    let reason = |seeds| compare(seeds, GateOptions::default()).verdicts[0].reason;
    assert_eq!(reason(Vec::new()), Some(Undefined::NoCampaigns));
    assert_eq!(
        reason(vec![seed(10, 0, 1, (0, 0))]),
        Some(Undefined::OneSeed)
    );
}

#[test]
fn a_loss_on_one_seed_fails_once_chance_cannot_explain_it() {
    use Decision::{Fail, Inconclusive, Pass};
    says(vec![seed(13, 4, 0, (0, 0))], Inconclusive, Pass);
    says(vec![seed(13, 5, 0, (0, 0))], Fail, Pass);
    says(vec![seed(13, 5, 5, (0, 0))], Inconclusive, Pass);
}

#[test]
fn one_bad_seed_of_many_is_no_regression() {
    use Decision::{Inconclusive, Pass};
    let mut seeds = vec![seed(10, 0, 0, (3, 3)); 9];
    seeds.push(seed(10, 9, 0, (3, 3)));
    says(seeds, Inconclusive, Pass);
}

#[test]
fn false_incidents_have_a_budget() {
    use Decision::{Fail, Inconclusive, Pass};
    let seeds = |falses| vec![seed(20, 0, 0, falses); 10];
    says(seeds((0, 1)), Pass, Pass);
    says(seeds((30, 42)), Pass, Fail);
    says(seeds((42, 30)), Pass, Pass);
    says(vec![seed(20, 0, 0, (0, 3)); 2], Pass, Inconclusive);
}

#[test]
fn equal_alerts_pass_unless_there_was_nothing_to_catch() {
    let identical = |campaigns| SeedPair {
        identical: true,
        ..seed(campaigns, 0, 0, (2, 2))
    };
    says(vec![identical(3)], Decision::Pass, Decision::Pass);
    says(vec![identical(0)], Decision::Inconclusive, Decision::Pass);
}

#[test]
fn a_fixed_corpus_may_count_instead() {
    let options = GateOptions {
        most_lost: Some(1),
        ..GateOptions::default()
    };
    let decision = |lost| compare(vec![seed(5, lost, 0, (0, 0))], options).verdicts[0].decision;
    assert_eq!([decision(1), decision(2)], [Decision::Pass, Decision::Fail]);
}

#[test]
fn no_gate_at_all_is_inconclusive() {
    let report = GateReport::of("x", None, Vec::new(), Vec::new());
    assert_eq!(report.decision, Decision::Inconclusive);
}

#[track_caller]
fn is_refused(text: &str, fault: &str) {
    let faults = Faults::new("e.yaml");
    assert!(Expectations::read(text.as_bytes(), &faults).is_none());
    assert_eq!(faults.to_string(), format!("e.yaml:{fault}\n"));
}

#[test]
fn expectations_are_read_with_their_places() {
    let faults = Faults::new("e.yaml");
    let text = b"total: { recall: { at_least: 80% } }\nrules:\n  R1: { alerts: { exactly: 3 } }\n\
                 campaigns:\n  loud: { within: 15m }\n  patient: { caught: false }\n";
    assert!(Expectations::read(text, &faults).is_some(), "{faults}");
    is_refused(
        "rules: {}",
        "1:1 nothing is expected here; write `rules: { R1: { recall: { at_least: 0.9 } } }`",
    );
    is_refused(
        "rules:\n  R1: {}",
        "2:7 rule `R1` expects nothing; write `recall: { at_least: 0.9 }`",
    );
    is_refused(
        "campaigns:\n  loud: { within: 15m, caught: false }",
        "2:19 campaign `loud` cannot be caught in time and not be caught",
    );
    is_refused(
        "rules:\n  R1: { recal: { at_least: 0.9 } }",
        "2:9 unknown key `recal` in rule `R1`; did you mean `recall`?",
    );
}
