//! What a scenario can say about its own world: the user's prompts, how users are spelled, which
//! refused calls are logged, what attacks carry unseen. Each end to end, with the proofs that every
//! change of events needs: same bytes on any number of threads, and W minus an attack's rows is W
//! without the attack.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Work;

const TABLES: [&str; 2] = ["ContainerLogV2", "AzureDiagnostics"];

/// A small world with two attacks; `more` is added to its file.
fn scenario(more: &str) -> String {
    format!(
        "name: s\nseed: 5\nduration: 3d\nbaseline: 1d\npopulation: {{ users: 40, applications: 3 }}\n\
         campaigns:\n  - {{ kind: indirect_injection, name: hidden, knobs: {{ victims: 4, window: 1d }} }}\n  \
         - {{ kind: prompt_injection, name: plain }}\n{more}"
    )
}

/// Generates a scenario three ways and asserts the proofs; the whole log is in `all/`.
#[track_caller]
fn generated(work: &Work, more: &str) {
    work.write("s.yaml", scenario(more).as_bytes());
    work.run("generate s.yaml -o all --threads 1").exits(0);
    work.run("generate s.yaml -o many --threads 8").exits(0);
    work.run("generate s.yaml -o less --without hidden")
        .exits(0);
    let labels = work.read("all/labels/rows.csv");
    let caused = labels
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let caused: BTreeSet<&str> = caused
        .filter(|cells| cells[6] == "hidden")
        .map(|cells| cells[0])
        .collect();
    assert!(!caused.is_empty());
    for table in TABLES {
        let whole = work.read(&format!("all/{table}.ndjson"));
        assert!(
            whole == work.read(&format!("many/{table}.ndjson")),
            "{table}"
        );
        let kept: Vec<&str> = whole
            .lines()
            .filter(|line| {
                let row: Value = serde_json::from_str(line).unwrap_or_default();
                !row["_ItemId"]
                    .as_str()
                    .is_some_and(|item| caused.contains(item))
            })
            .collect();
        let less = work.read(&format!("less/{table}.ndjson"));
        assert!(
            kept == less.lines().collect::<Vec<_>>(),
            "{table} without `hidden`"
        );
    }
}

/// Readable rows of a table of the whole log.
fn rows(work: &Work, table: &str) -> Vec<Value> {
    let text = work.read(&format!("all/{table}.ndjson"));
    let rows = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    rows.collect()
}

/// One field of the application's lines.
fn messages(work: &Work, field: &str) -> Vec<String> {
    let rows = rows(work, "ContainerLogV2");
    let texts = rows
        .iter()
        .filter_map(|row| row["LogMessage"][field].as_str());
    texts.map(str::to_owned).collect()
}

#[test]
fn users_are_spelled_as_the_scenario_says() {
    let work = Work::new();
    let spelled = |word: &str| {
        generated(&work, &format!("benign: {{ end_user_id: {word} }}\n"));
        let users = messages(&work, "end_user_id");
        assert!(users.len() > 200);
        (users, messages(&work, "request_id"))
    };
    let (names, requests) = spelled("upn");
    assert!(names.iter().filter(|name| name.contains('@')).count() > names.len() / 2);
    let (hashes, same_requests) = spelled("hash");
    assert!(hashes.iter().any(|hash| hash.len() == 32));
    assert!(hashes.iter().all(|hash| !hash.contains('@')));
    assert_eq!(requests, same_requests, "nothing else changes");
    let distinct = |list: &[String]| list.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(&names), distinct(&hashes));
    work.run("check s.yaml")
        .exits(0)
        .says("joins with no table");
    work.write("t.yaml", b"benign: { end_user_id: uqn }\n");
    work.run("check t.yaml")
        .exits(2)
        .says("did you mean `upn`?");
}

#[test]
fn refused_calls_reach_the_resource_log_as_often_as_the_scenario_says() {
    let work = Work::new();
    let refused = |share: f64| {
        generated(
            &work,
            &format!("benign: {{ other_failures: 0.3, refused_logged: {share} }}\n"),
        );
        let of = |table, found: fn(&Value) -> bool| {
            rows(&work, table).iter().filter(|row| found(row)).count()
        };
        let said = of("ContainerLogV2", |row| {
            row["LogMessage"]["http_status"] == 401
        });
        let logged = of("AzureDiagnostics", |row| row["ResultSignature"] == "401");
        (said, logged)
    };
    let (said, none) = refused(0.0);
    assert_eq!(none, 0);
    let (same, half) = refused(0.5);
    assert_eq!(said, same);
    assert!(0 < half && half < said, "{half} of {said}");
    let (_, all) = refused(1.0);
    assert!(all > half);
}

#[test]
fn people_write_what_the_users_file_says() {
    let work = Work::with(&[(
        "lines.txt",
        "how do I book a moon lander\n\nplease translate my zeppelin manual\n",
    )]);
    generated(&work, "prompts: lines.txt\n");
    let samples = messages(&work, "full_prompt_sample");
    let own = |sample: &&String| sample.contains("moon") || sample.contains("zeppelin");
    let count = samples.iter().filter(own).count();
    assert!(count > samples.len() / 2, "{count} of {}", samples.len());
    let hashes = messages(&work, "prompt_hash");
    let distinct: BTreeSet<&String> = hashes.iter().collect();
    assert!(
        distinct.len() > hashes.len() / 2,
        "most stay their author's own"
    );
}

#[test]
fn a_kind_can_take_its_prompts_from_the_users_file() {
    let kind = "format: 1\nid: mine\nlabel: attack\ncast: { a: { accounts: existing } }\n\
        stages:\n  ask: { do: request, who: a, prompts: file, outcomes: injection, count: 5 }\n";
    let work = Work::with(&[
        ("kinds/mine.yaml", kind),
        ("lines.txt", "purple submarine\n"),
    ]);
    work.write("s.yaml", b"campaigns: [mine]\n");
    work.run("check s.yaml")
        .exits(2)
        .says("s.yaml:1:13")
        .says("write `prompts: my_lines.txt` in the scenario");
    work.write(
        "s.yaml",
        b"duration: 2d\nbaseline: 1d\npopulation: { users: 20 }\nprompts: lines.txt\ncampaigns: [mine]\n",
    );
    work.run("check s.yaml").exits(0);
    work.run("generate s.yaml -o all").exits(0);
    let samples = messages(&work, "full_prompt_sample");
    assert!(
        samples
            .iter()
            .any(|sample| sample.contains("purple submarine"))
    );
}

#[test]
fn a_file_of_prompts_that_cannot_be_read_is_a_fault_with_its_place() {
    let work = Work::with(&[("empty.txt", "\n \n"), ("lines.csv", "x\n")]);
    work.write("latin.txt", b"fine\n\xe4\n");
    let told = |name: &str, expected: &str| {
        work.write("s.yaml", format!("seed: 1\nprompts: {name}\n").as_bytes());
        work.run("check s.yaml")
            .exits(2)
            .says("s.yaml:2:10")
            .says(expected);
    };
    told("gone.txt", "there is no such file beside the scenario");
    told("empty.txt", "has no line of text");
    told("latin.txt", "line 2 is invalid UTF-8");
    told("lines.csv", "write the name of a .txt file");
    told("../secret.txt", "write the name of a .txt file");
    told("/etc/passwd", "write the name of a .txt file");
}

#[test]
fn what_attacks_carry_unseen_stands_beside_the_labels_only() {
    let work = Work::new();
    generated(&work, "");
    let payloads = work.read("all/labels/payloads.ndjson");
    let payloads: Vec<Value> = payloads
        .lines()
        .map(|line| serde_json::from_str(line).expect("is JSON"))
        .collect();
    assert!(payloads.len() >= 4, "{payloads:?}");
    let log = work.read("all/ContainerLogV2.ndjson");
    let requests: BTreeSet<String> = messages(&work, "request_id").into_iter().collect();
    let mut known = 0;
    for payload in &payloads {
        assert_eq!(
            (&payload["campaign"], &payload["stage"]),
            (&"hidden".into(), &"trigger".into())
        );
        let text = payload["payload"].as_str().expect("is text");
        assert!(!text.is_empty() && !log.contains(text), "{text}");
        known += usize::from(requests.contains(payload["request_id"].as_str().expect("is text")));
    }
    assert_eq!(
        known,
        payloads.len(),
        "each is of a row of the application log"
    );
    assert!(
        !work.has("less/labels/payloads.ndjson"),
        "W without the attack has none"
    );
    let again = work.read("many/labels/payloads.ndjson");
    assert_eq!(again, work.read("all/labels/payloads.ndjson"));
    work.run("run s.yaml -o result").exits(0);
    assert_eq!(work.read("result/labels/payloads.ndjson"), again);
}
