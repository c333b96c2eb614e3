//! How many campaigns a claim needs. Vectors `sample_size`.

use crate::uncertainty::intervals::half_width;
use crate::uncertainty::two_sided_z;

/// Least n with `recall^n ≤ alpha`: n campaigns without a miss prove that recall.
///
/// Nothing where no n does (recall ≥ 1 or alpha ≤ 0).
#[must_use]
pub fn zero_failure(recall: f64, alpha: f64) -> Option<u64> {
    let reaches = |n: u64| libm::pow(recall, n as f64) <= alpha;
    least(1, reaches)
}

/// Least n at which Wilson's half-width is at most `half_width` at the (real) proportion `p`.
///
/// Nothing where no n does (`width` ≤ 0).
///
/// # Panics
/// If the confidence lies outside (0, 1).
#[must_use]
pub fn wilson_half_width(p: f64, width: f64, confidence: f64) -> Option<u64> {
    let squared = two_sided_z(confidence).powi(2);
    least(1, |n| {
        let n = n as f64;
        half_width(p * n, n, squared) <= width
    })
}

/// Fewest discordant pairs that can reach `alpha` two-sided: least m with `2·2⁻ᵐ ≤ alpha`.
///
/// Nothing where no m does (alpha ≤ 0).
#[must_use]
pub fn fewest_discordant(alpha: f64) -> Option<u64> {
    least(0, |m| 2.0 * libm::pow(2.0, -(m as f64)) <= alpha)
}

/// Campaigns that count as independent: `n / (1 + (per_seed − 1)·correlation)`.
#[must_use]
pub fn effective(n: f64, per_seed: f64, correlation: f64) -> f64 {
    n / (1.0 + (per_seed - 1.0) * correlation)
}

/// The least number from `from` on that a monotone condition accepts, if one up to 2^53 does.
fn least(from: u64, accepts: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = from.max(1);
    while !accepts(high) {
        high = high.checked_mul(2).filter(|&next| next <= 1 << 53)?;
    }
    let mut low = from;
    while low < high {
        let middle = low + (high - low) / 2;
        if accepts(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
