//! Which mutants there are, and how they are counted.

use livefire_detector::RuleSet;

use super::{Operator, mutant, mutations};

#[test]
fn every_rule_has_mutants_and_each_changes_one_value() {
    let rules = RuleSet::embedded();
    let all = mutations(&rules);
    for (_, form) in rules.forms() {
        let own = all.iter().filter(|mutation| mutation.rule == **form.name());
        // H1 is a list of phrases, which has no smaller change than another list.
        assert!(own.count() > 0 || &**form.name() == "H1", "{}", form.name());
    }
    for mutation in &all {
        let changed = mutant(&rules, mutation).expect("fits");
        let (_, form) = changed.forms().next().expect("one form");
        assert_eq!(changed.forms().count(), 1);
        let (_, original) = rules
            .forms()
            .find(|(_, own)| own.name() == form.name())
            .expect("is there");
        let pairs = form.parameters().iter().zip(original.parameters().iter());
        let differ = pairs.filter(|((_, new), (_, old))| new != old).count();
        assert_eq!(differ, 1, "{mutation}");
    }
}

#[test]
fn the_operators_are_those_of_the_definition() {
    let all = mutations(&RuleSet::embedded());
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    for text in [
        "R2.threshold 3 → 1",
        "R2.threshold 3 → 2",
        "R2.threshold 3 → 4",
        "R2.threshold 3 → 6",
        "R2.window 1h → 30m",
        "R2.window 1h → 2h",
        "R2.key user → session",
        "R2.counts events → rows",
        "C1.requests fail_or_warning → fail",
    ] {
        assert!(texts.iter().any(|known| known == text), "{text}: {texts:?}");
    }
    let of = |operator| all.iter().any(|mutation| mutation.operator == operator);
    assert!(of(Operator::Filter) && of(Operator::Side) && of(Operator::Key));
}

#[test]
fn equivalent_mutants_follow_from_the_other_parameters() {
    let mut rules = RuleSet::embedded();
    let held = |rules: &RuleSet| -> Vec<String> {
        let all = mutations(rules).into_iter();
        let held = all.filter(|mutation| mutation.equivalent.is_some());
        held.map(|mutation| format!("{}.{}", mutation.rule, mutation.parameter))
            .collect()
    };
    let of_u2 = ["U2.release_accounts", "U2.change_actions"];
    assert_eq!(
        held(&rules),
        ["R1.reasons", of_u2[0], of_u2[1], "U3.window"],
        "of U3 the longer window alone: in half a day nobody flies around half the Earth"
    );
    for (name, value) in [("R1.input", "app_log"), ("U3.speed_kmh", "400")] {
        rules.set(name, value).expect("fits");
    }
    assert_eq!(held(&rules), of_u2);
}
