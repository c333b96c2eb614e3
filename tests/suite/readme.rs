//! README.md says what is so: its files and commands work as they are printed.

use std::fs;
use std::path::Path;

use crate::support::Work;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    fs::read_to_string(path).expect("README.md is there")
}

/// Code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let parts = text.split("```").skip(1).step_by(2);
    let own = parts.filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n'));
    own.map(str::to_owned).collect()
}

#[test]
fn the_users_own_attack_is_valid_and_runs() {
    let yaml = blocks("yaml");
    assert_eq!(yaml.len(), 2, "an attack and its scenario");
    let work = Work::new();
    work.write("kinds/my_attack.yaml", yaml[0].as_bytes());
    work.write("mine.yaml", yaml[1].as_bytes());
    work.run("check mine.yaml kinds")
        .exits(0)
        .prints("2 files checked: no fault");
    work.run("run mine.yaml").exits(0).prints("mine · seed 7");
    let campaigns = work.read("results/mine/campaigns.csv");
    assert_eq!(campaigns.lines().count(), 4, "three campaigns: {campaigns}");
}

#[test]
fn the_users_own_table_is_read() {
    let work = Work::new();
    work.write("tables/Vault_CL.json", blocks("json")[0].as_bytes());
    work.run("check tables").exits(0);
    work.run("list tables --folder .")
        .exits(0)
        .prints("Vault_CL");
}

#[test]
fn the_users_own_alert_is_scored() {
    let work = Work::with(&[(
        "small.yaml",
        "name: small\nduration: 8d\nbaseline: 7d\n\
         population: { users: 20, applications: 2, sites: 1, service_callers: 1 }\n\
         campaigns:\n  - { kind: content_violation, knobs: { p_fail: 1 } }\n",
    )]);
    work.run("generate small.yaml -o logs").exits(0);
    let labels = work.read("logs/labels/rows.csv");
    let is_request = |line: &&str| line.contains("ContainerLogV2") && line.contains(",hostile,");
    let of_attack = labels.lines().filter(is_request);
    let rows: Vec<Vec<&str>> = of_attack.map(|line| line.split(',').collect()).collect();
    let mut alert: serde_json::Value =
        serde_json::from_str(&blocks("json")[1]).expect("the example is JSON");
    let items: Vec<&str> = rows.iter().take(3).map(|row| row[0]).collect();
    assert_eq!(items.len(), 3, "{labels}");
    alert["evidence"] = serde_json::json!(items);
    alert["time"] = serde_json::json!(rows[2][3]);
    work.write("alerts.ndjson", alert.to_string().as_bytes());
    work.run("score logs --alerts alerts.ndjson")
        .exits(0)
        .prints("TooManyRefusals       1")
        .prints("all rules           1/1");
}

#[test]
fn the_attack_takes_twenty_lines() {
    let attack = &blocks("yaml")[0];
    assert!(attack.lines().count() <= 24, "{}", attack.lines().count());
}

#[test]
fn every_printed_option_exists() {
    let work = Work::new();
    let mut checked = 0;
    for line in blocks("sh").concat().lines() {
        let Some(at) = line.find("livefire ").or_else(|| line.find("-- run ")) else {
            continue;
        };
        let command = line[at..].split('#').next().unwrap_or("");
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let help = work.run(&format!("{} --help", words[0])).exits(0).out;
        for option in words
            .iter()
            .filter(|word| word.starts_with('-') && word.len() > 1)
        {
            assert!(help.contains(option), "{option} of `{command}`");
        }
        checked += 1;
    }
    assert!(checked >= 5);
}

const BEGIN: &str = "<!-- verdict:begin (regenerate: just update-fingerprints) -->\n```text\n";
const END: &str = "```\n<!-- verdict:end -->";

#[test]
fn the_verdict_is_what_the_first_command_prints() {
    let text = readme();
    let (head, rest) = text.split_once(BEGIN).expect("the block begins");
    let (shown, tail) = rest.split_once(END).expect("the block ends");
    let printed = Work::new().run("run quick").exits(0).out;
    if std::env::var_os("LIVEFIRE_UPDATE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, format!("{head}{BEGIN}{printed}{END}{tail}")).expect("can be written");
        return;
    }
    assert_eq!(without_time(shown), without_time(&printed));
}

/// The verdict without how long it took.
fn without_time(verdict: &str) -> String {
    let (first, rest) = verdict.split_once('\n').expect("a first line");
    let first = first.split(" rows in ").next().unwrap_or(first);
    format!("{first}\n{rest}")
}
