//! A generated log read back from its folder is the same stream: same alerts, same score.

use std::path::Path;
use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_generator::assemble::{self, Options};
use livefire_generator::kinds::AttackLibrary;
use livefire_generator::scenario::ScenarioSpec;
use livefire_generator::write::{WriteOptions, write_dir};
use livefire_harness::{FileSource, RunResult, Settings, run, score_run};
use livefire_labels::EventSource;
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;
use livefire_scorer::ScoreOptions;

const SCENARIO: &str = "
name: read-back
seed: 11
start: 2026-03-02T00:00:00Z
duration: 9d
baseline: 7d
population: { users: 40, sites: 1 }
benign: { indicators: 50 }
campaigns: [prompt_injection, content_violation]
telemetry: { duplicates: 0.5%, malformed: 1%, lost: 0.5%, clock_skew: 1s }
";

fn source(schema: &Arc<Schema>) -> impl EventSource {
    let library = AttackLibrary::embedded(schema);
    let faults = Faults::new("read-back.yaml");
    let read = |_: &Path| Ok(SCENARIO.as_bytes().to_vec());
    let spec = ScenarioSpec::load(Path::new("read-back.yaml"), &read, &faults);
    let scenario = spec.validate(&library, &faults);
    let scenario = scenario.unwrap_or_else(|| panic!("{faults}"));
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let plan = assemble::plan(&scenario, &library, &options).expect("plans");
    plan.source(schema, &options).expect("starts")
}

fn write(source: &mut dyn EventSource, schema: &Schema, target: &Path) {
    let options = WriteOptions::default();
    write_dir(source, schema, target, &options, &mut |_, _| {}).expect("writes");
}

fn outcome(source: &mut dyn EventSource, schema: &Schema) -> (RunResult, String) {
    let mut rules = RuleSet::embedded();
    rules.select_defaults();
    let engine = EngineOptions::default();
    let settings = Settings {
        schema,
        rules: &rules,
        engine: &engine,
        strict: false,
    };
    let result = run(source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs");
    let report = score_run(&result, &rules, &engine, schema, ScoreOptions::default());
    let report = serde_json::to_string_pretty(&report.expect("scores")).expect("is JSON");
    (result, report)
}

#[test]
fn a_log_read_from_its_folder_gives_the_same_alerts_and_score() {
    let schema = Arc::new(Schema::embedded());
    let folder = tempfile::tempdir().expect("makes a folder");
    let target = folder.path().join("log");
    let mut written = source(&schema);
    write(&mut written, &schema, &target);
    let (direct, direct_report) = outcome(&mut source(&schema), &schema);
    let mut files = FileSource::open(&target, &schema).expect("opens");
    assert!(files.has_labels());
    let (read, read_report) = outcome(&mut files, &schema);
    assert!(direct.alerts.len() > 3, "{} alerts", direct.alerts.len());
    assert_eq!(direct.alerts, read.alerts);
    assert_eq!(direct.benign_alerts, read.benign_alerts);
    let lines = direct_report.lines().zip(read_report.lines());
    let different: Vec<_> = lines.filter(|(direct, read)| direct != read).collect();
    assert!(different.is_empty(), "{different:#?}");
    assert_eq!(direct_report.len(), read_report.len());
}

#[test]
fn a_row_that_no_label_accounts_for_is_an_error() {
    let schema = Arc::new(Schema::embedded());
    let folder = tempfile::tempdir().expect("makes a folder");
    let target = folder.path().join("log");
    write(&mut source(&schema), &schema, &target);
    let path = target.join("SigninLogs.ndjson");
    let text = std::fs::read_to_string(&path).expect("reads");
    let fewer: Vec<_> = text.lines().skip(1).collect();
    std::fs::write(&path, fewer.join("\n")).expect("writes");
    let mut files = FileSource::open(&target, &schema).expect("opens");
    let mut batch = livefire_labels::Batch::default();
    let error = loop {
        match files.next_batch(&mut batch) {
            Ok(true) => {}
            Ok(false) => panic!("the missing row went unnoticed"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("SigninLogs"), "{error}");
}

#[test]
fn a_folder_without_logs_is_an_error() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let error = FileSource::open(folder.path(), &Schema::embedded()).expect_err("is empty");
    assert!(error.to_string().contains("no `<Table>.ndjson`"), "{error}");
}
