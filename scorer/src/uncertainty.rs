//! Intervals, paired comparisons, gates and sample sizes. EVALUATION.md §7.

pub mod bootstrap;
pub mod gates;
pub mod intervals;
pub mod paired;
pub mod sample_size;

/// Standard normal quantile of a two-sided confidence level in (0, 1).
///
/// # Panics
/// If the level lies outside (0, 1).
#[must_use]
pub fn two_sided_z(confidence: f64) -> f64 {
    assert!(
        confidence > 0.0 && confidence < 1.0,
        "a confidence level lies in (0, 1)"
    );
    // Φ⁻¹(1 − α/2) = √2 · erfc⁻¹(α): no loss of digits for levels near 1
    std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(1.0 - confidence)
}
