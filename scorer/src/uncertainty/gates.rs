//! Gates: from measured figures to PASS, FAIL or INCONCLUSIVE.
//!
//! Undefined never passes a gate and never fails one. The fixed gate needs its sample size chosen
//! beforehand; looking after each batch calls for the sequential one. Vectors `fixed_gate`,
//! `sequential_gate`, `budget_gate`, `gate_combine`. Wald 1945.

use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined};
use crate::uncertainty::intervals::{Interval, Proportion, wilson};

/// What a gate says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// Good enough.
    Pass,
    /// Not good enough.
    Fail,
    /// The data decide neither.
    Inconclusive,
}

/// Decision of an interval against a floor, with the reason where the interval is undefined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FixedGate {
    /// The decision.
    pub decision: Decision,
    /// Why the interval is undefined.
    pub reason: Option<Undefined>,
}

/// PASS if the interval lies at or above `floor`, FAIL if below it.
#[must_use]
pub fn interval_gate(interval: Interval, floor: f64) -> FixedGate {
    let reason = interval.low.reason().or(interval.high.reason());
    let decision = match (interval.low.value(), interval.high.value()) {
        (Some(low), Some(_)) if low >= floor => Decision::Pass,
        (Some(_), Some(high)) if high < floor => Decision::Fail,
        _ => Decision::Inconclusive,
    };
    FixedGate { decision, reason }
}

/// [`interval_gate`] of Wilson's interval, for one campaign per seed and n chosen in advance.
///
/// # Panics
/// As [`wilson`].
#[must_use]
pub fn fixed_gate(proportion: Proportion, floor: f64, confidence: f64) -> FixedGate {
    interval_gate(wilson(proportion, confidence), floor)
}

/// Error rates of a sequential gate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ErrorRates {
    /// α: chance of PASS for a bad detector.
    pub alpha: f64,
    /// β: chance of FAIL for a good one.
    pub beta: f64,
}

/// Parameters that define no test.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The error rates leave no room between the bounds.
    #[error(
        "error rates alpha {alpha} and beta {beta}: each must be above 0 and their sum below 1"
    )]
    ErrorRates {
        /// α as given.
        alpha: f64,
        /// β as given.
        beta: f64,
    },
    /// The chances are not ordered.
    #[error("chances {bad} (bad) and {good} (good): write 0 < bad < good < 1")]
    Chances {
        /// `p_bad` as given.
        bad: f64,
        /// `p_good` as given.
        good: f64,
    },
    /// The rates are not ordered.
    #[error("false incidents per day {good} (good) and {bad} (bad): write 0 < good < bad")]
    Rates {
        /// `λ_good` as given.
        good: f64,
        /// `λ_bad` as given.
        bad: f64,
    },
}

/// Wald's bounds on the log-likelihood ratio.
struct Bounds {
    pass: f64,
    fail: f64,
}

impl ErrorRates {
    fn bounds(self) -> Result<Bounds, GateError> {
        let ErrorRates { alpha, beta } = self;
        if alpha > 0.0 && beta > 0.0 && alpha + beta < 1.0 {
            Ok(Bounds {
                pass: libm::log((1.0 - beta) / alpha),
                fail: libm::log(beta / (1.0 - alpha)),
            })
        } else {
            Err(GateError::ErrorRates { alpha, beta })
        }
    }
}

impl Bounds {
    fn decide(&self, score: f64) -> Decision {
        if score >= self.pass {
            Decision::Pass
        } else if score <= self.fail {
            Decision::Fail
        } else {
            Decision::Inconclusive
        }
    }
}

/// Result of a sequential gate.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct SequentialResult {
    /// The decision.
    pub decision: Decision,
    /// Outcomes used; later ones were not looked at.
    pub used: u64,
    /// Log-likelihood ratio then.
    pub score: f64,
}

/// Wald's test of recall `good` against `bad`; it stops at the first decision or after `most` outcomes.
///
/// # Errors
/// [`GateError`] unless `0 < bad < good < 1`, both error rates are positive and sum to less than 1.
pub fn sequential_gate(
    bad: f64,
    good: f64,
    rates: ErrorRates,
    most: usize,
    outcomes: impl IntoIterator<Item = bool>,
) -> Result<SequentialResult, GateError> {
    if !(0.0 < bad && bad < good && good < 1.0) {
        return Err(GateError::Chances { bad, good });
    }
    let bounds = rates.bounds()?;
    let hit = libm::log(good / bad);
    let miss = libm::log((1.0 - good) / (1.0 - bad));
    let mut result = SequentialResult {
        decision: Decision::Inconclusive,
        used: 0,
        score: 0.0,
    };
    for detected in outcomes.into_iter().take(most) {
        result.score += if detected { hit } else { miss };
        result.used += 1;
        result.decision = bounds.decide(result.score);
        if result.decision != Decision::Inconclusive {
            break;
        }
    }
    Ok(result)
}

/// Result of the budget gate.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct BudgetResult {
    /// The decision.
    pub decision: Decision,
    /// Log-likelihood ratio.
    pub score: f64,
}

/// Wald's test of a false-incident rate per day, Poisson form: `good` against `bad`.
///
/// # Errors
/// [`GateError`] unless `0 < good < bad`, both error rates are positive and sum to less than 1.
pub fn budget_gate(
    good: f64,
    bad: f64,
    rates: ErrorRates,
    false_incidents: u64,
    days: f64,
) -> Result<BudgetResult, GateError> {
    if !(0.0 < good && good < bad && bad.is_finite()) {
        return Err(GateError::Rates { good, bad });
    }
    let bounds = rates.bounds()?;
    let score = (bad - good) * days - false_incidents as f64 * libm::log(bad / good);
    Ok(BudgetResult {
        decision: bounds.decide(score),
        score,
    })
}

/// Any FAIL fails; all PASS, at least one, pass; else inconclusive.
#[must_use]
pub fn combine(decisions: &[Decision]) -> Decision {
    if decisions.contains(&Decision::Fail) {
        Decision::Fail
    } else if !decisions.is_empty() && decisions.iter().all(|&one| one == Decision::Pass) {
        Decision::Pass
    } else {
        Decision::Inconclusive
    }
}

/// Whether a measure is at least `floor`: undefined gives INCONCLUSIVE.
#[must_use]
pub fn floor_gate(measure: Measure, floor: f64) -> Decision {
    match measure.value() {
        Some(value) if value >= floor => Decision::Pass,
        Some(_) => Decision::Fail,
        None => Decision::Inconclusive,
    }
}
