//! `run --seeds` and `--param`: pooled figures, what they rest on, and what they refuse to say.

use crate::support::Work;

const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 30, applications: 3, sites: 1, service_callers: 2 }\n\
                     benign: { indicators: 50 }\n\
                     look_alikes: [shared_template_prompts]\n\
                     campaigns:\n  - { kind: prompt_injection, times: 2 }\n  - content_violation\n";

fn small() -> Work {
    Work::with(&[("small.yaml", SMALL)])
}

#[test]
fn several_seeds_give_pooled_figures_and_the_first_seed_its_usual_files() {
    let work = small();
    work.run("run small.yaml --seeds 3 --production 2M/day --campaigns 0.2/week -o many")
        .exits(0)
        .prints("small · 3 seeds, 7 to 9")
        .prints("recall, 95 %")
        .prints("all rules")
        .prints("2,000,000 requests/day")
        .prints("0.2 a week")
        .prints("MTTD ≤ 15 min")
        .prints("MTTR < 4 h")
        .prints("fewer than 10");
    work.run("run small.yaml -o one").exits(0);
    for file in ["metrics.json", "alerts.ndjson", "manifest.json"] {
        assert_eq!(
            work.read(&format!("many/{file}")),
            work.read(&format!("one/{file}")),
            "{file}"
        );
    }
    assert!(!work.has("one/experiment.json"));
    work.run("run small.yaml --seed 8 -o eight").exits(0);
    let pooled: serde_json::Value =
        serde_json::from_str(&work.read("many/experiment.json")).expect("is JSON");
    let eight: serde_json::Value =
        serde_json::from_str(&work.read("eight/metrics.json")).expect("is JSON");
    let outcomes = pooled["outcomes"].as_array().expect("an array");
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[1]["seed"], 8);
    let (own, alone) = (&outcomes[1]["total"], &eight["headline"]);
    assert_eq!(own["caught"], alone["detected"]);
    assert_eq!(own["expected"], alone["campaigns"]);
    assert_eq!(own["false_incidents"], alone["false_incidents"]);
    let sum: u64 = outcomes
        .iter()
        .filter_map(|outcome| outcome["total"]["false_incidents"].as_u64())
        .sum();
    assert_eq!(pooled["total"]["false_incidents"], sum);
}

#[test]
fn pooled_figures_do_not_depend_on_threads_and_replace_earlier_results() {
    let work = small();
    work.run("run small.yaml --seeds 2 --threads 1 -o one")
        .exits(0);
    work.run("run small.yaml --seeds 2 --threads 3 -o three")
        .exits(0);
    assert!(work.read("one/experiment.json") == work.read("three/experiment.json"));
    work.run("run small.yaml -o one").exits(0);
    assert!(
        !work.has("one/experiment.json"),
        "nothing of the old run is left"
    );
}

#[test]
fn what_cannot_decide_is_inconclusive_and_never_passes() {
    let work = small();
    work.run("run small.yaml --seeds 1")
        .exits(5)
        .prints("INCONCLUSIVE one_seed");
    let quiet = SMALL.split("campaigns:").next().expect("has a head");
    work.write("quiet.yaml", quiet.replace("small", "quiet").as_bytes());
    let answer = work.run("run quiet.yaml --seeds 2 --json").exits(5);
    let told = answer.json();
    let why = told["experiment"]["inconclusive"][0].as_str();
    assert!(
        why.is_some_and(|why| why.starts_with("no_campaigns")),
        "{why:?}"
    );
    assert_eq!(
        told["experiment"]["total"]["recall"]["value"]["undefined"],
        "no_campaigns"
    );
}

#[test]
fn seeds_need_a_scenario_and_sites_need_seeds() {
    let work = small();
    work.run("run small.yaml --production 2M/day")
        .exits(3)
        .says("--seeds");
    work.run("run small.yaml --seeds 2 --production 2M")
        .exits(3)
        .says("2M/day");
    work.run("run small.yaml --seeds 2 --shifts 25x5")
        .exits(3)
        .says("8x5");
    work.run("run small.yaml --seeds 0").exits(3);
    work.run("generate small.yaml -o logs").exits(0);
    work.run("run logs --seeds 2").exits(3).says("no seed");
}

#[test]
fn parameters_are_listed_and_set_by_name() {
    let work = small();
    work.run("list params")
        .exits(0)
        .prints("R2.threshold")
        .prints("a whole number");
    work.run("run small.yaml --param R2.threshold=77 --rule R2 -o set")
        .exits(0)
        .prints("R2 content safety");
    let manifest: serde_json::Value =
        serde_json::from_str(&work.read("set/manifest.json")).expect("is JSON");
    assert_eq!(manifest["parameters"]["R2.threshold"], "77");
    assert_eq!(work.read("set/alerts.ndjson"), "");
    work.run("run small.yaml --param R2.treshold=7")
        .exits(3)
        .says("did you mean `threshold`?");
    work.run("run small.yaml --param R2.threshold")
        .exits(3)
        .says("RULE.NAME=VALUE");
    work.run("generate small.yaml -o logs").exits(0);
    work.run("detect logs --param R2.window=never")
        .exits(3)
        .says("a duration");
    let loud = work
        .run("detect logs --param R2.threshold=1 --rule R2")
        .exits(0);
    let plain = work.run("detect logs --rule R2").exits(0);
    assert!(loud.out.lines().count() > plain.out.lines().count());
}
