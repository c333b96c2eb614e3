//! `livefire check` and its like on files that are not what they should be: every one is told, none
//! hangs, none gives away what it holds.

use crate::support::Work;

const KIND: &str = "format: 1\nid: ID\nlabel: attack\ncast: { a: { accounts: existing } }\n\
                    stages:\n  ask: { do: request, who: a, prompts: injection_direct, outcomes: injection }\n";

fn kind(id: &str) -> String {
    KIND.replace("ID", id)
}

#[test]
fn one_faulty_kind_does_not_hide_the_good_ones() {
    let work = Work::with(&[
        ("kinds/good.yaml", &kind("good")),
        ("kinds/bad.yaml", &kind("bad").replace("who: a", "who: b")),
        ("s.yaml", "campaigns: [good]\n"),
        ("t.yaml", "campaigns: [bad]\n"),
    ]);
    work.run("check kinds/good.yaml")
        .exits(0)
        .prints("1 file checked: no fault");
    let answer = work.run("check s.yaml").exits(2);
    assert!(
        !answer.err.contains("unknown attack kind"),
        "{}",
        answer.err
    );
    answer
        .says("kinds/bad.yaml:6:28")
        .prints("ok      s.yaml")
        .prints("faulty  kinds/bad.yaml")
        .prints("2 files checked: 1 error");
    let answer = work.run("check t.yaml").exits(2);
    assert!(
        !answer.err.contains("unknown attack kind"),
        "{}",
        answer.err
    );
}

#[test]
fn totals_count_what_the_lines_say() {
    let work = Work::with(&[
        ("kinds/good.yaml", &kind("good")),
        ("kinds/bad.yaml", "format: 2\n"),
    ]);
    let report = work.run("check kinds --json").exits(2).json();
    let states = report["files"].as_array().expect("a list").iter();
    let states: Vec<_> = states.map(|file| file["state"].as_str()).collect();
    assert_eq!(states, [Some("faulty"), Some("ok")]);
    let inside = work.path().join("kinds");
    let mut command = work.command();
    command.current_dir(inside).args(["check", "bad.yaml"]);
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(2), "a bare name is checked too");
}

#[test]
fn empty_files_are_faults() {
    let work = Work::with(&[
        ("rules/mine.yaml", ""),
        ("kinds/mine.yaml", "# nothing\n"),
        ("tables/T_CL.json", ""),
        ("empty.yaml", ""),
    ]);
    work.run("check rules").exits(2).says("the rule needs `id`");
    work.run("check kinds").exits(2).says("needs `format`");
    work.run("check tables").exits(2).says("not valid JSON");
    work.run("check empty.yaml")
        .exits(2)
        .says("the file is empty; a scenario begins with");
    work.run("run empty.yaml")
        .exits(2)
        .says("the file is empty");
}

#[test]
fn a_rule_file_is_known_by_its_id_and_told_its_name() {
    let work = Work::with(&[("mine.yaml", "id: R2\nparameters: { threshold: 4 }\n")]);
    work.run("check mine.yaml")
        .exits(2)
        .says("the rule needs `name`; write `name: content_safety`")
        .prints("faulty  mine.yaml");
}

#[test]
fn syntax_faults_are_drawn_where_they_are() {
    let work = Work::with(&[
        ("a.yaml", "name: x\nseed: 3\ncampaigns: ['abc\n"),
        ("b.yaml", "name: x\nbenign: office\n\tseed: 3\n"),
    ]);
    work.run("check a.yaml")
        .exits(2)
        .says("--> a.yaml:3:13")
        .says("the quote that opens here is never closed");
    work.run("check b.yaml")
        .exits(2)
        .says("--> b.yaml:3:1")
        .says("a tab; indent with spaces");
}

#[test]
fn table_files_are_told_in_the_words_of_a_user() {
    let table = |rest: &str| {
        format!(
            "{{\"name\": \"T_CL\", {rest} \"columns\": [{{\"name\": \"TimeGenerated\", \"type\": \"datetime\"}}]}}"
        )
    };
    let work = Work::with(&[(
        "tables/T_CL.json",
        &table("\"ingestion_delay_seconds\": {\"p50\": \"6\", \"p95\": 9},"),
    )]);
    let answer = work.run("check tables").exits(2);
    answer.says("expected a number without quotes, found the text \"6\"");
    work.write("tables/T_CL.json", table("\"kind\": 3,").as_bytes());
    let answer = work.run("check tables").exits(2);
    assert!(!answer.err.contains(" at line "), "{}", answer.err);
    answer.says("expected a text in quotes, found `3`");
}

#[test]
fn a_file_that_is_no_scenario_is_not_shown() {
    let secret = "root:x:0:0:secret\n";
    let work = Work::with(&[("passwd", secret), ("s.yaml", "include: passwd\n")]);
    let path = work.path().join("passwd").display().to_string();
    for call in ["run", "check"] {
        let answer = work.run(&format!("{call} {path}")).exits(2);
        assert!(!answer.err.contains("secret"), "{}", answer.err);
        answer.says("must end in .yaml");
    }
    let answer = work.run("check s.yaml").exits(2);
    assert!(!answer.err.contains("secret"), "{}", answer.err);
    answer.says("s.yaml:1:10");
    work.run("run passwd").exits(2).says("must end in .yaml");
}

#[cfg(unix)]
#[test]
fn pipes_are_refused_and_nothing_hangs() {
    let work = Work::with(&[("s.yaml", "seed: 1\n")]);
    let pipe = work.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    work.run("check pipe.yaml")
        .exits(2)
        .says("is a pipe or device");
    work.run("run pipe.yaml")
        .exits(2)
        .says("is a pipe or device");
    work.run("check .").exits(0).prints("1 file checked");
}

#[test]
fn names_that_mean_nothing_are_wrong_use() {
    let work = Work::new();
    for call in ["run", "check", "generate -o out", "show"] {
        work.run(&format!("{call} nothere"))
            .exits(3)
            .says("`nothere`");
    }
    work.run("run quik").exits(3).says("did you mean `quick`?");
    work.run("show quik").exits(3).says("did you mean `quick`?");
    work.run("run nothere.yaml").exits(2);
}

#[test]
fn wrong_use_is_data_for_programs_too() {
    let work = Work::new();
    for call in [
        "run --json",
        "check --json --nothing x",
        "list --json things",
    ] {
        let document = work.run(call).exits(3).json();
        assert_eq!(document["error"]["exit"], 3, "{call}");
        let message = document["error"]["message"].as_str().expect("is text");
        assert!(
            !message.is_empty() && !message.contains('\u{1b}'),
            "{message}"
        );
    }
    let document = work.run("run nothere --json").exits(3).json();
    assert_eq!(document["error"]["exit"], 3);
    let help = work.run("--help --json").exits(0);
    assert!(help.out.contains("Exit codes"));
}

#[test]
fn a_campaign_that_cannot_be_is_found_before_it_runs() {
    let text = "duration: 9d\nbaseline: 7d\npopulation: { users: 20 }\ncampaigns:\n  \
                - { kind: password_spray_low_slow, knobs: { targets: 2000 } }\n";
    let work = Work::with(&[("s.yaml", text)]);
    work.run("check s.yaml")
        .exits(2)
        .says("s.yaml:5:5")
        .says("in the population");
}
