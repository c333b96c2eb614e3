//! `livefire check`: every fault of every file at once, drawn under its line.

use crate::support::Work;

#[test]
fn every_shipped_scenario_is_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let answer = Work::new().run(&format!("check {folder}")).exits(0);
    assert!(
        answer.out.ends_with("files checked: no fault\n"),
        "{}",
        answer.out
    );
}

#[test]
fn faults_are_drawn_under_their_lines_all_at_once() {
    let work = Work::with(&[(
        "bad.yaml",
        "nam: x\nduration: 9q\ncampaigns:\n  - kind: prompt_injection\n    knobs: { evnts: 3 }\n    evasions: [jist_under]\n",
    )]);
    let answer = work.run("check bad.yaml").exits(2);
    let expected = "\
error[LF-Y003]: unknown key `nam` in the scenario; did you mean `name`?
 --> bad.yaml:1:1
  |
1 | nam: x
  | ^^^
";
    let answer = answer.says(expected).says(" --> bad.yaml:2:11").says("9q");
    answer
        .says("bad.yaml:5:14")
        .says("did you mean `events`?")
        .says("bad.yaml:6:16")
        .says("did you mean `just_under`?")
        .prints("faulty  bad.yaml")
        .prints("1 file checked: 4 errors");
}

#[test]
fn faults_are_data_for_programs() {
    let work = Work::with(&[("bad.yaml", "seed: -1\n")]);
    let report = work.run("check bad.yaml --json").exits(2).json();
    assert_eq!(report["errors"], 1);
    assert_eq!(report["faults"][0]["code"], "LF-Y006");
    assert_eq!(report["faults"][0]["span"]["line"], 1);
    assert_eq!(report["faults"][0]["span"]["column"], 7);
}

#[test]
fn every_shipped_kind_is_verified_and_gives_no_warning() {
    let work = Work::with(&[("s.yaml", "campaigns: [llmjacking]\n")]);
    let answer = work.run("check s.yaml").exits(0);
    assert!(!answer.err.contains("LF-S009"), "{}", answer.err);
}

#[test]
fn missing_files_and_empty_folders_are_told_apart() {
    let work = Work::new();
    work.run("check gone.yaml")
        .exits(2)
        .says("gone.yaml: there is no such file");
    work.run("check .")
        .exits(4)
        .says("no scenario, kind, rule or table");
    work.run("run gone.yaml")
        .exits(2)
        .says("gone.yaml:1:1 there is no such file");
}

#[test]
fn files_that_are_no_yaml_get_a_place() {
    let work = Work::with(&[
        ("a.yaml", "campaigns: [\nseed: 1\n"),
        ("b.yaml", "a: 1\n---\nb: 2\n"),
    ]);
    work.write("c.yaml", b"name: \xff\n");
    work.run("check a.yaml").exits(2).says("a.yaml:");
    work.run("check b.yaml").exits(2).says("second document");
    work.run("check c.yaml").exits(2).says("invalid UTF-8");
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let work = Work::with(&[(
        "s.yaml",
        "\"na\\e[31mme\": x\ncampaigns: [\"\\e]0;title\\a\"]\n",
    )]);
    let answer = work.run("check s.yaml").exits(2);
    assert!(
        !answer.err.contains('\x1b') && !answer.err.contains('\x07'),
        "{:?}",
        answer.err
    );
}

#[test]
fn a_users_own_kind_and_table_are_read_from_beside_the_scenario() {
    let work = Work::new();
    work.run("new attack my_attack").exits(0);
    work.write("s.yaml", b"campaigns: [my_attack]\n");
    work.write(
        "tables/MyApp_CL.json",
        br#"{"name": "MyApp_CL", "columns": [{"name": "TimeGenerated", "type": "datetime"}]}"#,
    );
    work.run("check s.yaml kinds tables")
        .exits(0)
        .prints("no fault");
    work.run("list attacks --folder .")
        .exits(0)
        .prints("kinds/my_attack.yaml");
    work.run("list tables --folder .")
        .exits(0)
        .prints("MyApp_CL");
    work.run("show my_attack --folder .")
        .exits(0)
        .prints("id: my_attack");
}

#[test]
fn faults_of_a_users_kind_and_table_have_their_places() {
    let work = Work::new();
    work.run("new attack my_attack").exits(0);
    let kind = work
        .read("kinds/my_attack.yaml")
        .replace("gap: human", "gpa: human");
    work.write("kinds/my_attack.yaml", kind.as_bytes());
    work.write(
        "tables/Bad_CL.json",
        b"{\"name\": \"Bad_CL\",\n \"colums\": []}",
    );
    work.write("s.yaml", b"campaigns: [my_attack]\n");
    work.run("check s.yaml")
        .exits(2)
        .says("unknown key `gpa`")
        .says("kinds/my_attack.yaml:")
        .says("tables/Bad_CL.json:2:")
        .says("colums");
}

#[test]
fn a_shipped_name_is_not_taken_silently() {
    let work = Work::new();
    let shipped = work.run("show prompt_injection").exits(0).out;
    work.write(
        "kinds/prompt_injection.yaml",
        format!("{shipped}\n# mine\n").as_bytes(),
    );
    work.run("check kinds")
        .exits(2)
        .says("`prompt_injection` is a shipped kind");
}

#[test]
fn a_checked_rule_says_which_tables_and_columns_it_needs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    Work::new()
        .run(&format!("check {folder}"))
        .exits(0)
        .prints("R2 reads ContainerLogV2 (LogMessage.security_check_passed")
        .prints("files checked: no fault");
}
