//! What somebody meets who has never used livefire: names half remembered, folders in the way,
//! an interrupt, windows without rows.

use livefire_schema::rules::{EVASIONS, RULES};

use crate::support::Work;

#[test]
fn a_shipped_scenario_is_not_shadowed_by_a_folder_of_its_name() {
    let work = Work::with(&[
        ("benign/notes.txt", "mine"),
        ("quick", "name: not this one\n"),
    ]);
    work.run("run quick -q -o result --rule R2").exits(0);
    let manifest = work.read("result/manifest.json");
    assert!(manifest.contains("\"name\": \"quick\""), "{manifest}");
    work.run("generate benign -o logs --from 2031-01-01T00:00:00Z")
        .exits(4)
        .says("`benign` is the shipped scenario; write ./benign for what stands here");
    work.run("run ./quick").exits(2);
    work.run("run ./benign").exits(2).says("benign");
    work.run("run --help").exits(0).prints("./WORD is yours");
}

#[test]
fn a_window_without_rows_writes_nothing() {
    let work = Work::with(&[("small.yaml", "name: small\nduration: 8d\nbaseline: 7d\n")]);
    work.run("generate small.yaml -o logs --from 2031-01-01T00:00:00Z")
        .exits(4)
        .says("nothing written");
    assert_eq!(std::fs::read_dir(work.path()).expect("is there").count(), 1);
}

#[test]
fn a_scenario_half_remembered_is_suggested() {
    let work = Work::new();
    let answer = work.run("run quik --json").exits(3);
    let error = answer.json();
    let message = error["error"]["message"].as_str().expect("is text");
    assert!(message.contains("did you mean `quick`?"), "{message}");
    work.run("generate nonesuch -o logs")
        .exits(3)
        .says("see: livefire list scenarios");
    work.run("run nonesuch.yaml").exits(2);
}

#[test]
fn every_listed_rule_and_evasion_is_shown() {
    let work = Work::new();
    let listed = work.run("list rules --json").exits(0).json();
    for (info, row) in RULES.iter().zip(listed.as_array().expect("a list")) {
        assert_eq!(row["rule"], info.id);
        let shown = work.run(&format!("show {}", info.id));
        shown.exits(0).prints(&format!("id: {}", info.id));
    }
    let listed = work.run("list evasions --json").exits(0).json();
    for (name, row) in EVASIONS.iter().zip(listed.as_array().expect("a list")) {
        assert_eq!(row["evasion"], *name);
        let shown = work.run(&format!("show {name}"));
        shown.exits(0).prints(&format!("{name}: "));
    }
}

#[test]
fn wrong_usage_is_told_to_programs_too() {
    let work = Work::new();
    let error = work.run("run --nonsense --json").exits(3).json();
    assert_eq!(error["error"]["exit"], 3);
    let message = error["error"]["message"].as_str().expect("is text");
    assert!(message.starts_with("unexpected argument"), "{message}");
    assert_eq!(work.run("run --nonsense").exits(3).out, "");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_half_written() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    for (command, partial) in [
        ("run default -o result", ".result.partial-"),
        ("generate default -o logs", ".logs.partial"),
    ] {
        let work = Work::new();
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("livefire"))
            .args(command.split(' '))
            .current_dir(work.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command can be run");
        let names = || {
            let entries = std::fs::read_dir(work.path()).expect("is there");
            let names = entries.map(|entry| entry.expect("is listed").file_name());
            names
                .map(|name| name.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let begun = Instant::now();
        while !names().iter().any(|name| name.starts_with(partial)) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{command} never began"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let killed = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(killed.expect("kill can be run").success());
        let ended = child.wait().expect("the command ends");
        assert_eq!(ended.code(), Some(130), "{command}");
        assert_eq!(names(), Vec::<String>::new(), "{command}");
    }
}

#[test]
fn a_kind_can_be_tried_without_a_scenario() {
    let work = Work::new();
    let answer = work.run("run --attack content_violation --evasion low_and_slow --stealth 0.2 --look-alike shared_template_prompts");
    answer
        .exits(0)
        .prints("R2    content_violation        should fire")
        .prints("raises it as published")
        .prints("written to results/content_violation-beside-shared_template_prompts");
    let found = work
        .run("run --attack content_violation --json -o loud")
        .exits(0)
        .json();
    let row = &found["expected"][0];
    assert_eq!(
        (&row["rule"], &row["expected"]),
        (&"R2".into(), &"should fire".into())
    );
    let caught = found["score"]["rules"].as_array().expect("a list");
    let r2 = caught.iter().find(|row| row["rule"] == "R2").expect("ran");
    assert_eq!(row["found"], format!("in {} of 3", r2["caught"]));
    let quiet = work
        .run("run --look-alike travel_vpn_mobile_handover --json -o quiet")
        .exits(0)
        .json();
    let rows = quiet["expected"].as_array().expect("a list");
    let high = rows
        .iter()
        .find(|row| row["rule"] == "R4.high")
        .expect("is asked");
    assert_eq!(high["expected"], "should not fire");
    assert_eq!(
        high["found"], "0 false incidents",
        "an R4 of medium is none"
    );
    for (wrong, say) in [
        (
            "--attack content_violatoin",
            "did you mean `content_violation`?",
        ),
        (
            "--attack content_violation --evasion just_undr",
            "did you mean `just_under`?",
        ),
        ("--look-alike content_violation", "no look-alike"),
        (
            "--attack content_violation --stealth 2",
            "from 0, loud, to 1",
        ),
        ("quick --attack content_violation", "cannot be used with"),
        ("", "<SCENARIO"),
    ] {
        work.run(&format!("run {wrong}")).exits(3).says(say);
    }
}

#[test]
fn a_kind_that_was_just_written_can_be_tried() {
    let work = Work::new();
    work.run("new attack my_attack").exits(0);
    work.run("run --attack my_attack -o by-id")
        .exits(0)
        .prints("my_attack");
    work.run("run --attack kinds/my_attack.yaml -o by-file")
        .exits(0);
    assert_eq!(
        work.read("by-id/metrics.json"),
        work.read("by-file/metrics.json")
    );
    work.run("run --attack elsewhere/my_attack.yaml")
        .exits(3)
        .says("in a folder called kinds/");
}
