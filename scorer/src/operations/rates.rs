//! False incidents per day with their exact interval, and precision at a site's own attack rate.
//!
//! Precision on a benchmark is an artefact of its attack density. Vectors `false_rate`,
//! `base_rate`. Garwood 1936, Axelsson 2000.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, Gamma};

use crate::measure::{Measure, Undefined};

/// False incidents per day.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct FalseRate {
    /// F / T.
    pub rate: Measure,
    /// Exact lower bound.
    pub low: Measure,
    /// Exact upper bound.
    pub high: Measure,
    /// The rate at a site with `volume_ratio` times the volume.
    pub site_rate: Measure,
}

/// F false incidents in `days` days, with the exact Poisson interval.
///
/// # Panics
/// If the confidence lies outside (0, 1) or `days` is negative or NaN.
#[must_use]
pub fn false_rate(
    false_incidents: u64,
    days: f64,
    confidence: f64,
    volume_ratio: f64,
) -> FalseRate {
    assert!(
        confidence > 0.0 && confidence < 1.0,
        "a confidence level lies in (0, 1)"
    );
    assert!(days >= 0.0, "time does not run backwards");
    if days == 0.0 {
        let undefined = Measure::undefined(Undefined::NoExposure);
        return FalseRate {
            rate: undefined,
            low: undefined,
            high: undefined,
            site_rate: undefined,
        };
    }
    let count = false_incidents as f64;
    let tail = (1.0 - confidence) / 2.0;
    let low = if false_incidents == 0 {
        0.0
    } else {
        gamma_quantile(count, tail) / days
    };
    FalseRate {
        rate: Measure::number(count / days),
        low: Measure::number(low),
        high: Measure::number(gamma_quantile(count + 1.0, 1.0 - tail) / days),
        site_rate: Measure::number(count / days * volume_ratio),
    }
}

/// Quantile of the gamma distribution with this shape and rate 1, which is half that of χ² with
/// twice as many degrees of freedom.
fn gamma_quantile(shape: f64, probability: f64) -> f64 {
    let gamma = Gamma::new(shape, 1.0).expect("a shape of at least 1 is valid");
    let mut quantile = gamma.inverse_cdf(probability);
    // The library stops early; two Newton steps give the last digits.
    for _ in 0..2 {
        let step = (gamma.cdf(quantile) - probability) / gamma.pdf(quantile);
        if step.is_finite() && step < quantile {
            quantile -= step;
        }
    }
    quantile
}

/// What a detector would be like at a site.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Projection {
    /// `λ_c R / (λ_c R + λ_F)`.
    pub precision: Measure,
    /// `λ_c R · redundancy + λ_F`.
    pub incidents_per_day: Measure,
    /// Most false incidents per day at which the wanted precision holds.
    pub false_budget: Measure,
}

/// Projects to `campaigns_per_day` real campaigns; all rates are per day and at least 0.
#[must_use]
pub fn project(
    campaigns_per_day: f64,
    recall: f64,
    false_per_day: f64,
    redundancy: f64,
    wanted_precision: f64,
) -> Projection {
    let found = campaigns_per_day * recall;
    let share = |part: f64, whole: f64| {
        if whole == 0.0 && part == 0.0 {
            Measure::undefined(Undefined::NoBaseRate)
        } else {
            Measure::number(part / whole)
        }
    };
    Projection {
        precision: share(found, found + false_per_day),
        incidents_per_day: Measure::number(found * redundancy + false_per_day),
        false_budget: share(found * (1.0 - wanted_precision), wanted_precision),
    }
}
