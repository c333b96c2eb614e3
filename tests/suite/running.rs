//! `livefire run` and `generate`: the whole way, on small worlds.

use std::fs;
use std::path::Path;

use crate::support::Work;

const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 40, applications: 3, sites: 1, service_callers: 2 }\n\
                     benign: { indicators: 50 }\n\
                     look_alikes: [shared_template_prompts]\n\
                     campaigns:\n  - { kind: prompt_injection, times: 2 }\n  - content_violation\n";

fn small() -> Work {
    Work::with(&[("small.yaml", SMALL)])
}

/// Every file under a folder by its path, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut open = vec![folder.to_path_buf()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .expect("is inside")
                    .display()
                    .to_string();
                found.push((name, fs::read(&path).expect("can be read")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_run_leaves_a_verdict_and_its_files() {
    let work = small();
    work.run("run small.yaml")
        .exits(0)
        .prints("small · seed 7 · 9 days, 7 of them baseline · 40 users")
        .prints("R1 prompt injection")
        .prints("all rules")
        .prints("targets   MTTD ≤ 15 min")
        .prints("written to results/small");
    for file in [
        "metrics.json",
        "alerts.ndjson",
        "incidents.csv",
        "campaigns.csv",
        "manifest.json",
        "labels/rows.csv",
        "labels/coverage.csv",
    ] {
        assert!(work.has(&format!("results/small/{file}")), "{file}");
    }
    let manifest = work.read("results/small/manifest.json");
    let place = work.path().display().to_string();
    assert!(
        !manifest.contains(&place),
        "a manifest names no path of this machine"
    );
}

#[test]
fn the_same_seed_gives_the_same_files_on_any_number_of_threads() {
    let work = small();
    work.run("run small.yaml -o one --threads 1").exits(0);
    work.run("run small.yaml -o three --threads 3").exits(0);
    assert!(files(&work.path().join("one")) == files(&work.path().join("three")));
    work.run("run small.yaml -o other --seed 8").exits(0);
    assert_ne!(
        work.read("one/manifest.json"),
        work.read("other/manifest.json")
    );
}

#[test]
fn generated_files_detected_and_scored_say_what_the_run_says() {
    let work = small();
    work.run("run small.yaml").exits(0);
    work.run("generate small.yaml -o logs")
        .exits(0)
        .prints("ContainerLogV2");
    work.run("detect logs -o alerts.ndjson").exits(0);
    assert_eq!(
        work.read("alerts.ndjson"),
        work.read("results/small/alerts.ndjson")
    );
    let run: serde_json::Value =
        serde_json::from_str(&work.read("results/small/metrics.json")).expect("is JSON");
    let scored = work
        .run("score logs --alerts alerts.ndjson --json")
        .exits(0)
        .json();
    assert!(
        run["masked"].is_array(),
        "the world without attacks was run"
    );
    for part in ["headline", "rules", "campaigns", "masked"] {
        assert_eq!(scored[part], run[part], "{part}");
    }
    fs::remove_file(work.path().join("logs/ContainerLogV2.ndjson")).expect("can be removed");
    let alone = work
        .run("score logs --alerts alerts.ndjson --json")
        .exits(0);
    assert!(alone.json()["masked"].is_null(), "alerts alone cannot tell");
}

#[test]
fn a_folder_of_logs_with_labels_runs_like_its_scenario() {
    let work = small();
    work.run("run small.yaml").exits(0);
    work.run("generate small.yaml -o logs").exits(0);
    work.run("run logs").exits(0).prints("small · seed 7");
    for file in [
        "alerts.ndjson",
        "metrics.json",
        "labels/rows.csv",
        "labels/coverage.csv",
    ] {
        let read = |name: &str| work.read(&format!("results/{name}/{file}"));
        assert!(read("logs") == read("small"), "{file}");
    }
    work.run("run logs --seed 3").exits(3).says("no seed");
    fs::remove_dir_all(work.path().join("logs/labels")).expect("can be removed");
    work.run("run logs").exits(2).says("livefire detect");
}

#[test]
fn a_log_with_a_row_that_nobody_accounts_for_is_not_scored() {
    let work = small();
    work.run("generate small.yaml -o logs").exits(0);
    work.run("detect logs -o alerts.ndjson").exits(0);
    let log = work.read("logs/ContainerLogV2.ndjson");
    let (first, _) = log.split_once('\n').expect("a line");
    let id = "\"_ItemId\":\"";
    let at = first.find(id).expect("an item id") + id.len();
    let forged = format!("{}00000000{}\n{log}", &first[..at], &first[at + 8..]);
    work.write("logs/ContainerLogV2.ndjson", forged.as_bytes());
    work.run("score logs --alerts alerts.ndjson")
        .exits(2)
        .says("ContainerLogV2");
    work.run("run logs").exits(2).says("ContainerLogV2");
    assert!(!work.has("results/logs"), "a failed run leaves no results");
}

#[test]
fn csv_logs_give_the_alerts_of_ndjson_logs() {
    let work = small();
    work.run("generate small.yaml -o ndjson").exits(0);
    work.run("generate small.yaml -o csv --format csv").exits(0);
    work.run("detect ndjson -o a.ndjson").exits(0);
    work.run("detect csv -o b.ndjson").exits(0);
    assert_eq!(work.read("a.ndjson"), work.read("b.ndjson"));
}

#[test]
fn slices_of_ingestion_time_concatenate_to_the_whole() {
    let work = small();
    work.run("generate small.yaml -o whole").exits(0);
    work.run("generate small.yaml -o first --to 2026-03-06T12:00:00Z")
        .exits(0);
    work.run("generate small.yaml -o second --from 2026-03-06T12:00:00Z")
        .exits(0);
    for table in ["ContainerLogV2", "AzureDiagnostics", "SigninLogs"] {
        let part = |folder: &str| work.read(&format!("{folder}/{table}.ndjson"));
        assert!(part("first") + &part("second") == part("whole"), "{table}");
    }
}

#[test]
fn shards_concatenate_to_the_whole_and_name_what_they_ask_for() {
    let work = small();
    work.run("generate small.yaml -o whole").exits(0);
    for part in 1..=3 {
        work.run(&format!(
            "generate small.yaml -o part-{part} --shard {part}/3"
        ))
        .exits(0);
    }
    let part = |folder: &str| work.read(&format!("{folder}/ContainerLogV2.ndjson"));
    assert!(part("part-1") + &part("part-2") + &part("part-3") == part("whole"));
    for wrong in ["0/3", "4/3", "1", "a/b"] {
        let refused = work.run(&format!("generate small.yaml -o no --shard {wrong}"));
        refused.exits(3).says("from 1/N to N/N");
    }
}

#[test]
fn a_part_of_a_log_is_not_scored_as_the_whole() {
    let work = small();
    work.run("generate small.yaml -o part --shard 2/2").exits(0);
    work.run("detect part -o alerts.ndjson").exits(0);
    work.run("score part --alerts alerts.ndjson")
        .exits(2)
        .says("holds only the rows ingested from");
    work.run("run part").exits(2).says("holds only the rows");
}

#[test]
fn files_that_a_user_put_into_our_folders_stay() {
    let work = small();
    work.run("generate small.yaml -o logs").exits(0);
    work.run("generate small.yaml -o logs").exits(0);
    work.write("logs/notes.txt", b"mine");
    work.run("generate small.yaml -o logs")
        .exits(3)
        .says("holds `notes.txt`, which livefire did not write");
    work.run("run small.yaml -o result").exits(0);
    work.run("run small.yaml -o result").exits(0);
    work.write("result/notes.txt", b"mine");
    work.run("run small.yaml -o result")
        .exits(3)
        .says("holds `notes.txt`, which livefire did not write");
    assert_eq!(
        work.read("logs/notes.txt") + &work.read("result/notes.txt"),
        "minemine"
    );
}

#[test]
fn leaving_out_a_campaign_removes_its_rows_and_no_other() {
    let work = small();
    work.run("generate small.yaml -o whole").exits(0);
    work.run("generate small.yaml -o less --without prompt_injection-2")
        .exits(0);
    let labels = work.read("whole/labels/rows.csv");
    let caused: Vec<&str> = labels
        .lines()
        .filter(|line| line.contains(",prompt_injection-2,"))
        .map(|line| line.split(',').next().expect("an item"))
        .collect();
    assert!(!caused.is_empty(), "the campaign has rows");
    let without: String = work
        .read("whole/ContainerLogV2.ndjson")
        .split_inclusive('\n')
        .filter(|line| !caused.iter().any(|item| line.contains(item)))
        .collect();
    assert!(without == work.read("less/ContainerLogV2.ndjson"));
    work.run("generate small.yaml -o x --without prompt_injection-3")
        .exits(3)
        .says("no campaign `prompt_injection-3`");
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let work = small();
    let answer = work.run("run small.yaml --json --quiet").exits(0);
    assert_eq!(answer.json()["score"]["headline"]["campaigns"], 3);
    assert_eq!(answer.err, "");
}

#[test]
fn a_users_own_kind_and_table_run_end_to_end() {
    let work = Work::new();
    work.write(
        "tables/Gateway_CL.json",
        br#"{"name": "Gateway_CL", "columns": [
            {"name": "TimeGenerated", "type": "datetime"}, {"name": "Verdict", "type": "string"},
            {"name": "UserId", "type": "string"}, {"name": "Address", "type": "string"}],
            "identity_column": "UserId", "address_column": "Address",
            "ingestion_delay_seconds": {"p50": 60, "p95": 120}}"#,
    );
    work.write(
        "kinds/gateway_probe.yaml",
        b"format: 1\nid: gateway_probe\ntitle: Probes a gateway\nlabel: attack\ngoal: find a way in\n\
          expected: { fires: [R2] }\ncast:\n  who: { accounts: existing }\n  place: { addresses: any }\n\
          stages:\n  knock:\n    do: row\n    table: Gateway_CL\n    who: who\n    from: place\n    count: 5\n    gap: human\n    \
          set: { Gateway_CL.Verdict: denied }\n  ask:\n    after: knock\n    delay: 1m\n    do: request\n    who: who\n    \
          from: place\n    prompts: injection_direct\n    count: 6\n    gap: human\n    outcomes: injection\n",
    );
    work.write(
        "mine.yaml",
        SMALL
            .replace("  - content_violation\n", "  - gateway_probe\n")
            .as_bytes(),
    );
    work.run("check mine.yaml kinds tables").exits(0);
    work.run("run mine.yaml -o result").exits(0);
    work.run("generate mine.yaml -o logs")
        .exits(0)
        .prints("Gateway_CL");
    let rows = work.read("logs/Gateway_CL.ndjson");
    assert_eq!(rows.lines().count(), 5, "{rows}");
    assert!(rows.contains("\"Verdict\":\"denied\""));
    assert!(work.read("result/campaigns.csv").contains("gateway_probe"));
}

#[test]
fn the_verdict_names_what_was_missed_and_how_near_a_rule_came() {
    let text = format!(
        "{SMALL}  - {{ kind: content_violation, name: two-only, knobs: {{ events: 2, window: 20m, p_fail: 1 }} }}\n"
    );
    let work = Work::with(&[("small.yaml", &text)]);
    let answer = work.run("run small.yaml").exits(0);
    answer
        .prints("missed    two-only  content_violation")
        .prints("R2: 2 of 3");
}

#[test]
fn a_target_that_is_not_ours_is_refused_before_anything_runs() {
    let work = small();
    work.write("results/small/thesis.txt", b"years of work");
    work.run("run small.yaml")
        .exits(3)
        .says("holds `thesis.txt`, which livefire did not write");
    assert_eq!(work.read("results/small/thesis.txt"), "years of work");
    work.run("generate small.yaml -o results/small").exits(3);
}
