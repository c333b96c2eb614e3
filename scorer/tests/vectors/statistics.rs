//! Groups about intervals, gates, operations and the evaluator itself.

use livefire_scorer::evaluator::leak;
use livefire_scorer::evaluator::mutation::{self, Mutant};
use livefire_scorer::evaluator::reference::expected_scores;
use livefire_scorer::operations::queue::{self, Job};
use livefire_scorer::operations::rates;
use livefire_scorer::uncertainty::bootstrap::{self, SeedSums};
use livefire_scorer::uncertainty::gates::{self, ErrorRates};
use livefire_scorer::uncertainty::intervals::{self, Better, Proportion};
use livefire_scorer::uncertainty::paired;
use livefire_scorer::uncertainty::sample_size as sizes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::field;

fn number(input: &Value, name: &str) -> f64 {
    field(input, name)
}

pub(crate) fn wilson(input: &Value) -> Value {
    let proportion: Proportion = serde_json::from_value(input.clone()).expect("reads");
    json!(intervals::wilson(proportion, number(input, "confidence")))
}

pub(crate) fn optimism_gap(input: &Value) -> Value {
    let gap = |first, second| {
        intervals::optimism_gap(
            field(input, first),
            field(input, second),
            number(input, "confidence"),
            Better::Higher,
        )
    };
    json!({
        "tune_validation": gap("tune", "validation"),
        "validation_lockbox": gap("validation", "lockbox"),
    })
}

pub(crate) fn cluster_bootstrap(input: &Value) -> Value {
    let seeds: Vec<SeedSums> = field::<Vec<(i64, u64)>>(input, "seeds")
        .into_iter()
        .map(|(numerator, denominator)| SeedSums {
            numerator,
            denominator,
        })
        .collect();
    json!(bootstrap::cluster_bootstrap(
        &seeds,
        field(input, "confidence_percent"),
        "vectors"
    ))
}

pub(crate) fn paired_bootstrap(input: &Value) -> Value {
    json!(bootstrap::paired_bootstrap(
        &field::<Vec<(u64, u64, u64)>>(input, "seeds"),
        field(input, "confidence_percent"),
        "vectors"
    ))
}

pub(crate) fn mcnemar(input: &Value) -> Value {
    json!(paired::mcnemar(
        field(input, "lost"),
        field(input, "gained")
    ))
}

fn error_rates(input: &Value) -> ErrorRates {
    ErrorRates {
        alpha: number(input, "alpha"),
        beta: number(input, "beta"),
    }
}

pub(crate) fn sequential_gate(input: &Value) -> Value {
    let outcomes: Vec<u8> = field(input, "outcomes");
    let result = gates::sequential_gate(
        number(input, "p_bad"),
        number(input, "p_good"),
        error_rates(input),
        field(input, "n_max"),
        outcomes.iter().map(|&outcome| outcome == 1),
    );
    json!(result.expect("the parameters define a test"))
}

pub(crate) fn fixed_gate(input: &Value) -> Value {
    let proportion: Proportion = serde_json::from_value(input.clone()).expect("reads");
    json!(gates::fixed_gate(
        proportion,
        number(input, "floor"),
        number(input, "confidence")
    ))
}

pub(crate) fn budget_gate(input: &Value) -> Value {
    let result = gates::budget_gate(
        number(input, "rate_good"),
        number(input, "rate_bad"),
        error_rates(input),
        field(input, "false_incidents"),
        number(input, "days"),
    );
    json!(result.expect("the parameters define a test"))
}

pub(crate) fn gate_combine(input: &Value) -> Value {
    json!({"verdict": gates::combine(&field::<Vec<gates::Decision>>(input, "verdicts"))})
}

pub(crate) fn sample_size(input: &Value) -> Value {
    let n = match field::<String>(input, "method").as_str() {
        "zero_failure" => sizes::zero_failure(number(input, "recall"), number(input, "alpha")),
        "wilson_half_width" => sizes::wilson_half_width(
            number(input, "p"),
            number(input, "half_width"),
            number(input, "confidence"),
        ),
        "min_discordant" => sizes::fewest_discordant(number(input, "alpha")),
        "design_effect" => {
            let effective = sizes::effective(
                number(input, "n"),
                number(input, "per_seed"),
                number(input, "correlation"),
            );
            return json!({ "n_effective": effective });
        }
        other => panic!("method `{other}`"),
    };
    json!({ "n": n })
}

pub(crate) fn false_rate(input: &Value) -> Value {
    json!(rates::false_rate(
        field(input, "false_incidents"),
        number(input, "days"),
        number(input, "confidence"),
        number(input, "volume_ratio")
    ))
}

pub(crate) fn base_rate(input: &Value) -> Value {
    json!(rates::project(
        number(input, "campaigns_per_day"),
        number(input, "recall"),
        number(input, "false_per_day"),
        number(input, "redundancy"),
        number(input, "wanted_precision")
    ))
}

pub(crate) fn mmc_queue(input: &Value) -> Value {
    let queue = queue::mmc(
        number(input, "arrivals_per_hour"),
        number(input, "handled_per_hour"),
        field(input, "analysts"),
    );
    json!({
        "utilization": queue.utilization,
        "p_wait": queue.p_wait,
        "mean_wait_h": queue.mean_wait,
        "p90_wait_h": queue.p90_wait,
        "mean_response_h": queue.mean_response,
    })
}

pub(crate) fn coverage_wait(input: &Value) -> Value {
    let wait = queue::coverage_wait(&field::<Vec<(f64, f64)>>(input, "open_hours"));
    json!({"mean_wait_h": wait.mean_wait, "share_closed": wait.share_closed})
}

pub(crate) fn fifo_queue(input: &Value) -> Value {
    let jobs: Vec<Job> = field::<Vec<(f64, f64)>>(input, "jobs")
        .into_iter()
        .map(|(arrival, handling)| Job { arrival, handling })
        .collect();
    let open: Vec<(f64, f64)> = field(input, "open");
    json!(queue::fifo(&jobs, field(input, "analysts"), &open))
}

pub(crate) fn reference_detectors(input: &Value) -> Value {
    let cells: Vec<u64> = field(input, "cells_per_campaign");
    let scores = expected_scores(&cells, field(input, "benign_cells"), number(input, "q"));
    json!({
        "oracle": {"precision": scores.oracle_precision, "recall": scores.oracle_recall},
        "null": {"precision": scores.null_precision, "recall": scores.null_recall},
        "always": {
            "precision": scores.always_precision,
            "recall": scores.always_recall,
            "overlap_recall": scores.always_overlap_recall,
            "false_alerts": scores.always_false_alerts,
        },
        "random": {
            "recall": scores.random_recall,
            "expected_overlap_recall": scores.random_expected_overlap_recall,
            "expected_false_alerts": scores.random_expected_false_alerts,
        },
    })
}

pub(crate) fn leak_audit(input: &Value) -> Value {
    json!(leak::audit(
        &field::<Vec<f64>>(input, "attack"),
        &field::<Vec<f64>>(input, "benign"),
        field(input, "fields"),
        number(input, "alpha")
    ))
}

pub(crate) fn mutation_score(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Given {
        id: String,
        equivalent: bool,
        results: Vec<(u64, u64)>,
    }
    let mutants: Vec<Mutant> = field::<Vec<Given>>(input, "mutants")
        .into_iter()
        .map(|given| Mutant {
            id: given.id,
            is_equivalent: given.equivalent,
            results: given.results,
        })
        .collect();
    let original: Vec<(u64, u64)> = field(input, "original");
    json!(mutation::mutation_score(&original, &mutants))
}
