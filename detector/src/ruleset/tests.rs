//! Rules as files: what ships agrees with the registry, overrides win, faults say where.

use livefire_schema::rules;
use livefire_schema::time::TimeSpan;

use super::RuleSet;

#[test]
fn shipped_values_are_the_registrys_defaults_and_every_parameter_is_written_out() {
    let rules = RuleSet::embedded();
    for (_, form) in rules.forms() {
        let (info, parameters) = (form.info(), form.parameters());
        let (source, origin) = rules.source(info.id).expect("is loaded");
        assert_eq!(origin, "embedded", "{}", info.id);
        for (spec, value) in parameters.iter() {
            assert!(
                source.contains(&format!("\n  {}:", spec.name)),
                "{} leaves out {}",
                info.id,
                spec.name
            );
            assert_eq!(*value, spec.default, "{}.{}", info.id, spec.name);
        }
        let has = |name| parameters.spec(name).is_some();
        if has("threshold") {
            assert_eq!(parameters.count("threshold"), info.threshold, "{}", info.id);
        }
        if has("window") {
            assert_eq!(parameters.span("window"), info.window, "{}", info.id);
        }
    }
}

#[test]
fn every_native_rule_ships_all_its_variants_and_a_complete_header() {
    let rules = RuleSet::embedded();
    for (info, variants) in rules.rules() {
        let mut declared = info.variants.to_vec();
        let mut shipped = variants;
        declared.sort_unstable();
        shipped.sort_unstable();
        assert_eq!(shipped, declared, "{}", info.id);
        let (source, _) = rules.source(info.id).expect("is loaded");
        for section in [
            "# Goal: ",
            "# Technique: ",
            "# Data needed: ",
            "# Logic: ",
            "# Blind spots: ",
            "# False positives: ",
            "# Tuning: ",
            "# Validation: ",
            "# Source: ",
        ] {
            assert!(source.contains(section), "{} lacks {section}", info.id);
        }
    }
}

#[test]
fn the_rules_of_the_registry_exist_in_its_order() {
    let known: Vec<_> = rules::RULES.iter().map(|rule| rule.id).collect();
    let loaded: Vec<_> = RuleSet::embedded()
        .rules()
        .map(|(info, _)| info.id)
        .collect();
    assert_eq!(loaded, known);
}

#[track_caller]
fn fails(name: &str, value: &str, expected: &str) {
    let error = RuleSet::embedded().set(name, value).expect_err("fails");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn parameters_are_set_by_name_and_checked() {
    let mut rules = RuleSet::embedded();
    rules.set("R1.window", "20m").expect("fits");
    let row = |name: &str| {
        let rows = rules.parameters();
        rows.into_iter()
            .find(|row| row.name == name)
            .map(|row| row.value)
    };
    assert_eq!(row("R1.window").as_deref(), Some("20m"));
    assert_eq!(row("R2.window").as_deref(), Some("1h"));
    fails(
        "window",
        "20m",
        "`window` is no parameter; write RULE.NAME, such as R1.threshold",
    );
    fails(
        "R9.window",
        "20m",
        "`R9` is no loaded rule; did you mean `R1`?",
    );
    fails(
        "R1.windw",
        "20m",
        "rule R1 has no parameter `windw`; did you mean `window`?",
    );
    fails(
        "R2@sesion.window",
        "20m",
        "`R2@sesion` is no loaded rule; did you mean `session`?",
    );
    fails(
        "R1.threshold",
        "0",
        "R1.threshold: expected a whole number of 1..1000000000, found `0`",
    );
}

#[test]
fn a_variant_follows_its_rule_in_all_that_it_does_not_change_itself() {
    let mut rules = RuleSet::embedded();
    rules
        .select(&[
            "R2".parse().expect("token"),
            "R2@rows".parse().expect("token"),
        ])
        .expect("exist");
    rules.set("R2.window", "2h").expect("fits");
    rules.set("R2@rows.threshold", "7").expect("fits");
    let values: Vec<_> = rules
        .forms()
        .map(|(_, form)| {
            let parameters = form.parameters();
            (
                form.name().to_string(),
                parameters.span("window"),
                parameters.count("threshold"),
            )
        })
        .collect();
    let window = TimeSpan::from_hours(2);
    assert_eq!(
        values,
        [("R2".into(), window, 3), ("R2@rows".into(), window, 7)]
    );
}

#[test]
fn a_folder_overrides_by_rule_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("content_safety.yaml");
    std::fs::write(
        &path,
        "id: R2\nname: content_safety\nparameters: {threshold: 8}\n",
    )
    .expect("is written");
    let rules = RuleSet::embedded()
        .with_folder(folder.path())
        .expect("loads");
    let form = rules
        .forms()
        .find(|(_, form)| &**form.name() == "R2")
        .expect("is selected")
        .1;
    assert_eq!(form.parameters().count("threshold"), 8);
    assert_eq!(form.parameters().span("window"), TimeSpan::from_hours(1));
    assert_eq!(
        rules.source("R2").expect("is loaded").1,
        path.display().to_string()
    );
}

#[test]
fn faults_of_a_file_come_all_at_once_with_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "id: R2\nname: content_safty\nparameter: {}\nparameters:\n  treshold: 3\n  window: soon\n  \
                counts: [events]\nvariants:\n  sesion: {key: session}\n  rows: {counts: row}\n";
    std::fs::write(folder.path().join("a.yaml"), text).expect("is written");
    std::fs::write(folder.path().join("b.yaml"), "id: R0\nname: x\n").expect("is written");
    let faults = RuleSet::embedded()
        .with_folder(folder.path())
        .expect_err("fails");
    let prefix = format!("{}/", folder.path().display());
    let shown: Vec<_> = faults
        .iter()
        .map(|fault| fault.to_string().replace(&prefix, ""))
        .collect();
    assert_eq!(
        shown,
        [
            "a.yaml:2:7 rule R2 is named `content_safety`, not `content_safty`",
            "a.yaml:3:1 unknown key `parameter` in the rule; did you mean `parameters`?",
            "a.yaml:5:3 rule R2 has no parameter `treshold`; did you mean `threshold`?",
            "a.yaml:6:11 `window`: expected a duration like 10m, of 1s..3650d, found `soon`",
            "a.yaml:7:11 `counts`: expected one of events, rows, found a list",
            "a.yaml:9:3 rule R2 has no variant `sesion`; did you mean `session`?",
            "a.yaml:10:18 `counts`: unknown word `row`; did you mean `rows`?",
            "b.yaml:1:5 `R0` is no native rule; did you mean `R1`?",
        ]
    );
}
