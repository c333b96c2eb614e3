//! Exit codes, streams and forms of output: the contract that scripts rely on.

use crate::support::Work;

#[test]
fn help_and_version_pass() {
    Work::new()
        .run("--help")
        .exits(0)
        .prints("livefire run quick");
    Work::new().run("--version").exits(0).prints("livefire ");
    Work::new().run("run --help").exits(0).prints("--seed");
}

#[test]
fn wrong_usage_is_three_and_says_how() {
    let work = Work::new();
    work.run("").exits(3).says("Usage: livefire");
    work.run("run").exits(3).says("<SCENARIO>");
    work.run("rnu quick")
        .exits(3)
        .says("unrecognized subcommand");
    work.run("list attack").exits(3).says("attacks");
    work.run("run quick --threads 0").exits(3).says("--threads");
    work.run("completions cobol")
        .exits(3)
        .says("possible values");
}

#[test]
fn lists_are_tables_for_people_and_arrays_for_programs() {
    let work = Work::new();
    work.run("list evasions")
        .exits(0)
        .prints("just_under")
        .prints("xff_spoof");
    let evasions = work.run("list evasions --json").exits(0).json();
    assert_eq!(evasions.as_array().map(Vec::len), Some(19));
    assert_eq!(evasions[0]["evasion"], "just_under");
    let rules = work.run("list rules --json").exits(0).json();
    assert_eq!(rules.as_array().map(Vec::len), Some(16));
    assert_eq!(rules[0]["rule"], "R1");
    let tables = work.run("list tables --json").exits(0).json();
    assert_eq!(tables.as_array().map(Vec::len), Some(23));
    work.run("list scenarios").exits(0).prints("quick");
    work.run("list parameters")
        .exits(0)
        .prints("benign.requests_per_day");
}

#[test]
fn every_listed_kind_can_be_shown_and_says_whether_it_is_verified() {
    let work = Work::new();
    for (what, key, number) in [("attacks", "kind", 32), ("look-alikes", "look-alike", 25)] {
        let kinds = work.run(&format!("list {what} --json")).exits(0).json();
        let kinds = kinds.as_array().expect("an array");
        assert_eq!(kinds.len(), number);
        for kind in kinds {
            assert_ne!(kind["state"], "yours");
            assert_eq!(kind["origin"], "embedded");
        }
        let first = kinds[0][key].as_str().expect("a name");
        work.run(&format!("show {first}"))
            .exits(0)
            .prints(&format!("id: {first}"));
    }
    let listed = work.run("list attacks").exits(0).prints("verified");
    assert!(!listed.out.contains("not yet verified"), "{}", listed.out);
}

#[test]
fn quiet_prints_nothing_for_people() {
    let answer = Work::new().run("list attacks --quiet").exits(0);
    assert_eq!((answer.out.as_str(), answer.err.as_str()), ("", ""));
}

#[test]
fn showing_something_unknown_suggests_what_was_meant() {
    let work = Work::new();
    work.run("show prompt_injectoin")
        .exits(3)
        .says("did you mean `prompt_injection`?");
    let answer = work.run("show zzzzzzzz --json").exits(3);
    assert_eq!(answer.json()["error"]["exit"], 3);
}

#[test]
fn shown_files_are_as_they_were_written() {
    let work = Work::new();
    let rule = work.run("show R2").exits(0).out;
    assert!(rule.contains("# Blind spots:") && rule.contains("id: R2"));
    assert_eq!(work.run("show content_safety").exits(0).out, rule);
    let table = work.run("show ContainerLogV2").exits(0).json();
    assert_eq!(table["name"], "ContainerLogV2");
    let quick = work.run("show quick").exits(0).out;
    assert!(quick.starts_with("# ") && quick.contains("name: quick"));
}

#[test]
fn completions_are_a_script() {
    Work::new()
        .run("completions bash")
        .exits(0)
        .prints("_livefire()");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::process::{Command, Stdio};
    let binary = assert_cmd::cargo::cargo_bin("livefire");
    let mut child = Command::new(binary)
        .args(["list", "tables"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn new_files_are_valid_as_they_are_written_and_never_replace_others() {
    let work = Work::new();
    work.run("new scenario my-first")
        .exits(0)
        .prints("my-first.yaml");
    work.run("new attack my_attack")
        .exits(0)
        .prints("livefire check");
    work.run("check my-first.yaml kinds")
        .exits(0)
        .prints("2 files checked: no fault");
    work.run("new scenario my-first")
        .exits(3)
        .says("exists already");
    work.run("new scenario ../up")
        .exits(3)
        .says("cannot be used as a name");
    work.run("new attack my-attack")
        .exits(3)
        .says("cannot be used as a name");
    work.run("new scenario other --attack coordinated_prompt_hash")
        .exits(0);
    assert!(
        work.read("other.yaml")
            .contains("kind: coordinated_prompt_hash")
    );
}

#[test]
fn colour_is_for_terminals_only() {
    let work = Work::with(&[("bad.yaml", "sede: 1\n")]);
    let answer = work.run("check bad.yaml").exits(2);
    assert!(!answer.err.contains('\x1b') && !answer.out.contains('\x1b'));
}

#[test]
fn every_attack_kind_has_a_scenario_of_its_own() {
    let work = Work::new();
    let kinds = work.run("list attacks --json").exits(0).json();
    for kind in kinds.as_array().expect("an array") {
        let kind = kind["kind"].as_str().expect("a name");
        work.run(&format!("new scenario of_{kind} --attack {kind}"))
            .exits(0);
    }
    work.run("check .").exits(0).prints("32 files checked");
    work.run("new scenario x --attack prompt_injectoin")
        .exits(3)
        .says("did you mean `prompt_injection`?");
    work.run("new scenario x --attack nat_office_ip").exits(3);
}
