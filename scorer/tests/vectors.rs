//! Runs every worked case of `test_vectors.json` through the definition that its group pins.
//!
//! A group without a function here fails, and so does a case that gives fewer fields than the
//! file expects. The tolerance is the file's own and is never loosened.

#[path = "vectors/alerts.rs"]
mod alerts;
#[path = "vectors/statistics.rs"]
mod statistics;
#[path = "vectors/windows.rs"]
mod windows;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    input: Value,
    expected: Value,
}

type Function = fn(&Value) -> Value;

/// Every group and the function that answers it.
const GROUPS: &[(&str, Function)] = &[
    ("ratio_metrics", alerts::ratio_metrics),
    ("event_alert_metrics", alerts::event_alert_metrics),
    ("causal_attribution", alerts::causal_attribution),
    ("distinct_attribution", alerts::distinct_attribution),
    ("incident_grouping", alerts::incident_grouping),
    ("campaign_score", alerts::campaign_score),
    ("threshold_sweep", windows::threshold_sweep),
    ("ttd_parts", windows::ttd_parts),
    ("ttd_summary", windows::ttd_summary),
    ("kaplan_meier", windows::kaplan_meier),
    ("tumbling_miss", windows::tumbling_miss),
    ("phase_recall", windows::phase_recall),
    ("sliding_alerts", windows::sliding_alerts),
    ("suppression", windows::suppression),
    ("evasion_frontier", windows::evasion_frontier),
    ("wilson", statistics::wilson),
    ("optimism_gap", statistics::optimism_gap),
    ("cluster_bootstrap", statistics::cluster_bootstrap),
    ("paired_bootstrap", statistics::paired_bootstrap),
    ("mcnemar", statistics::mcnemar),
    ("sequential_gate", statistics::sequential_gate),
    ("fixed_gate", statistics::fixed_gate),
    ("budget_gate", statistics::budget_gate),
    ("gate_combine", statistics::gate_combine),
    ("sample_size", statistics::sample_size),
    ("false_rate", statistics::false_rate),
    ("base_rate", statistics::base_rate),
    ("mmc_queue", statistics::mmc_queue),
    ("coverage_wait", statistics::coverage_wait),
    ("fifo_queue", statistics::fifo_queue),
    ("reference_detectors", statistics::reference_detectors),
    ("leak_audit", statistics::leak_audit),
    ("mutation_score", statistics::mutation_score),
];

/// Reads an input field into the type that a definition takes.
#[track_caller]
fn field<T: DeserializeOwned>(input: &Value, name: &str) -> T {
    serde_json::from_value(input[name].clone())
        .unwrap_or_else(|error| panic!("field `{name}`: {error}"))
}

/// Where `got` differs from `want`, if it does; fields that only `got` has are free.
fn difference(path: &str, got: &Value, want: &Value) -> Option<String> {
    let differs = || Some(format!("{path}: got {got}, want {want}"));
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => want.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            match got.get(key) {
                Some(got) => difference(&path, got, value),
                None => Some(format!("{path}: missing")),
            }
        }),
        (Value::Array(got), Value::Array(want)) if got.len() == want.len() => got
            .iter()
            .zip(want)
            .enumerate()
            .find_map(|(index, (got, want))| difference(&format!("{path}[{index}]"), got, want)),
        (Value::Number(got), Value::Number(want)) => {
            let (got, want) = (got.as_f64()?, want.as_f64()?);
            let is_close = (got - want).abs() <= 1e-9 * want.abs().max(1.0);
            if is_close { None } else { differs() }
        }
        (got, want) if got == want => None,
        _ => differs(),
    }
}

#[test]
fn every_case_of_every_group_is_met() {
    let file: File = serde_json::from_str(include_str!("test_vectors.json")).expect("reads");
    let mut faults = Vec::new();
    for group in &file.groups {
        let function = GROUPS.iter().find(|(name, _)| *name == group.name);
        let Some((_, function)) = function else {
            faults.push(format!("{}: no function answers this group", group.name));
            continue;
        };
        for case in &group.cases {
            faults.extend(difference(&case.id, &function(&case.input), &case.expected));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(file.groups.len(), GROUPS.len(), "a group has vanished");
}

#[test]
fn the_comparison_tells_values_apart() {
    let want = serde_json::json!({"a": [1, "inf"], "b": {"undefined": "no_alerts"}});
    assert_eq!(difference("", &want, &want), None);
    for got in [
        serde_json::json!({"a": [1.000_001, "inf"], "b": {"undefined": "no_alerts"}}),
        serde_json::json!({"a": [1], "b": {"undefined": "no_alerts"}}),
        serde_json::json!({"a": [1, "inf"], "b": {"undefined": "no_events"}}),
        serde_json::json!({"a": [1, "inf"]}),
        serde_json::json!({"a": [1, 2], "b": 0}),
    ] {
        assert!(difference("", &got, &want).is_some(), "{got}");
    }
}
