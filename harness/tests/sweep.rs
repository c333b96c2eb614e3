//! Thresholds of every counting rule, swept over one state: alert for alert what a rerun per value
//! gives, on a generated log.

use std::path::Path;
use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet, Schedule};
use livefire_generator::assemble::{Options, plan};
use livefire_generator::emit::GeneratorSource;
use livefire_generator::kinds::AttackLibrary;
use livefire_generator::scenario::ScenarioSpec;
use livefire_harness::worlds::{OwnAlerts, run_side_by_side};
use livefire_harness::{Settings, run};
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;
use livefire_schema::time::TimeSpan;

/// Attacks that every counting rule sees, with rows that come twice, late or not at all.
const SCENARIO: &str = "\
name: sweep
seed: 11
duration: 4d
baseline: 2d
population: { users: 30, applications: 3, sites: 1, service_callers: 1 }
benign: { indicators: 20 }
campaigns:
  - { kind: prompt_injection, times: 4 }
  - { kind: content_violation, times: 4, knobs: { p_fail: 1 } }
  - { kind: rate_limit_storm_bot, times: 3, knobs: { events: 120 } }
  - { kind: coordinated_prompt_hash, times: 4, knobs: { accounts: 8..20 } }
telemetry: { delay: log_analytics, duplicates: 5%, lost: 1%, clock_skew: 2s }
";

const THRESHOLDS: [u64; 10] = [7, 1, 2, 3, 4, 5, 9, 14, 30, 5];

fn source(schema: &Arc<Schema>) -> GeneratorSource {
    let faults = Faults::new("sweep.yaml");
    let read = |_: &Path| Ok(SCENARIO.as_bytes().to_vec());
    let library = AttackLibrary::embedded(schema);
    let spec = ScenarioSpec::load(Path::new("sweep.yaml"), &read, &faults);
    let scenario = spec.validate(&library, &faults).expect("is valid");
    let plan = plan(&scenario, &library, &Options::default()).expect("can be planned");
    plan.source(schema, &Options::default()).expect("starts")
}

fn candidate(form: &str, threshold: u64) -> RuleSet {
    let mut rules = RuleSet::embedded();
    rules
        .select(&[form.parse().expect("is a rule")])
        .expect("is built");
    // A variant takes the rule's threshold.
    let rule = form.split('@').next().unwrap_or(form);
    rules
        .set(&format!("{rule}.threshold"), &threshold.to_string())
        .expect("is a threshold");
    rules
}

#[track_caller]
fn equals_reruns(form: &str, is_binned: bool) {
    let schema = Arc::new(Schema::embedded());
    let engine = EngineOptions {
        streaming: !is_binned,
        binned: is_binned,
        ..EngineOptions::default()
    };
    let settings = |rules| Settings {
        schema: &schema,
        rules,
        engine: &engine,
        strict: true,
    };
    let candidates: Vec<RuleSet> = THRESHOLDS.iter().map(|&k| candidate(form, k)).collect();
    let (all, sets) = RuleSet::side_by_side(&candidates);
    let together = run_side_by_side(&mut source(&schema), settings(&all), &sets, &mut |_, _| {});
    let (_, own) = together.expect("runs");
    let mut counts = Vec::new();
    for (k, (rules, own)) in THRESHOLDS.iter().zip(candidates.iter().zip(&own)) {
        let alone = run(
            &mut source(&schema),
            settings(rules),
            &mut |_, _| {},
            &mut |_| Ok(()),
        );
        let alone = alone.expect("runs");
        let alone = OwnAlerts {
            alerts: alone.alerts,
            benign_alerts: alone.benign_alerts,
        };
        assert_eq!(own.alerts.len(), alone.alerts.len(), "{form} from {k}");
        assert!(*own == alone, "{form} from {k}");
        counts.push(own.alerts.len());
    }
    assert!(counts[1] > counts[5] && counts[5] > 0, "{form}: {counts:?}");
    assert_eq!(counts[5], counts[9], "two sinks of one threshold");
}

#[test]
fn every_counting_rule_sweeps_as_reruns_over_sliding_windows() {
    for form in ["R1", "R1@rows", "R2", "R3", "R3@address", "R5", "R5@sample"] {
        equals_reruns(form, false);
    }
}

#[test]
fn every_counting_rule_sweeps_as_reruns_in_bins() {
    for form in ["R1@app_log", "R2@session", "R3", "R5", "H2"] {
        equals_reruns(form, true);
    }
}

#[test]
fn high_volume_sweeps_as_reruns_over_sliding_windows() {
    equals_reruns("H2", false);
}

#[test]
fn forms_on_a_grid_run_for_themselves_beside_those_without() {
    let schema = Arc::new(Schema::embedded());
    let hour = TimeSpan::from_hours(1);
    let grid = Schedule::new(hour, hour).expect("is a grid");
    let schedules = [None, Some(grid), None, Some(grid)];
    let engine = |schedules: &[Option<Schedule>]| EngineOptions {
        schedules: schedules.to_vec(),
        ..EngineOptions::default()
    };
    let candidates: Vec<RuleSet> = [3, 3, 4, 2].map(|k| candidate("R2", k)).to_vec();
    for order in [[0, 1, 2, 3], [1, 3, 0, 2]] {
        let sets: Vec<RuleSet> = order.iter().map(|&one| candidates[one].clone()).collect();
        let own_schedules = order.map(|one| schedules[one]);
        let (all, ranges) = RuleSet::side_by_side(&sets);
        let together = engine(&own_schedules);
        let settings = |rules, engine| Settings {
            schema: &schema,
            rules,
            engine,
            strict: true,
        };
        let source_of = || source(&schema);
        let ran = run_side_by_side(
            &mut source_of(),
            settings(&all, &together),
            &ranges,
            &mut |_, _| {},
        );
        let (_, own) = ran.expect("runs");
        for ((rules, schedule), own) in sets.iter().zip(own_schedules).zip(&own) {
            let alone = engine(&[schedule]);
            let (_, one) = run_side_by_side(
                &mut source_of(),
                Settings {
                    rules,
                    engine: &alone,
                    ..settings(&all, &together)
                },
                std::slice::from_ref(&(0..1)),
                &mut |_, _| {},
            )
            .expect("runs");
            assert!(!own.alerts.is_empty());
            assert!(*own == one[0], "{rules:?} {schedule:?}");
        }
    }
}
