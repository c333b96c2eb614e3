//! A sweep over twenty thresholds beside one run of the same rule and of all rules, one thread.
//!
//! The sweep must cost at most 1.3 × one run: twenty candidates share what is generated, read and
//! parsed. `cargo bench -p livefire-harness`.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use livefire_detector::{EngineOptions, RuleSet};
use livefire_generator::assemble::{Options, plan};
use livefire_generator::emit::GeneratorSource;
use livefire_generator::kinds::AttackLibrary;
use livefire_generator::scenario::ScenarioSpec;
use livefire_harness::experiment::{Common, outcomes};
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;
use livefire_scorer::ScoreOptions;

const SCENARIO: &str = include_str!("../../scenarios/quick.yaml");

/// The shipped scenario `quick` on one thread.
fn source(schema: &Arc<Schema>) -> GeneratorSource {
    let faults = Faults::new("quick.yaml");
    let read = |_: &Path| Ok(SCENARIO.as_bytes().to_vec());
    let library = AttackLibrary::embedded(schema);
    let spec = ScenarioSpec::load(Path::new("quick.yaml"), &read, &faults);
    let scenario = spec.validate(&library, &faults).expect("ships valid");
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let plan = plan(&scenario, &library, &options).expect("can be planned");
    plan.source(schema, &options).expect("starts")
}

fn rule(id: &str) -> RuleSet {
    let mut rules = RuleSet::embedded();
    rules
        .select(&[id.parse().expect("is a rule")])
        .expect("is built");
    rules
}

/// The rule with thresholds of 2 to 21.
fn sweep(id: &str) -> Vec<RuleSet> {
    let with = |threshold: u32| {
        let mut rules = rule(id);
        rules
            .set(&format!("{id}.threshold"), &threshold.to_string())
            .expect("is a threshold");
        rules
    };
    (2..22).map(with).collect()
}

fn bench(criterion: &mut Criterion) {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1);
    threads.build_global().expect("is the first pool");
    let schema = Arc::new(Schema::embedded());
    let (engine, scoring) = (EngineOptions::default(), ScoreOptions::default());
    let common = Common {
        schema: &schema,
        engine: &engine,
        scoring: &scoring,
    };
    let mut group = criterion.benchmark_group("tune");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(10));
    let mut measure = |name: &str, candidates: &[RuleSet]| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let outcomes = outcomes(&mut source(&schema), 7, candidates, common);
                black_box(outcomes.expect("runs"))
            });
        });
    };
    measure("all rules, one run", &[RuleSet::embedded()]);
    for id in ["R2", "R3", "R5"] {
        measure(&format!("{id}, one run"), &[rule(id)]);
        measure(&format!("{id}, twenty thresholds"), &sweep(id));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
