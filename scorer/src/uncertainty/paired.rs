//! Exact `McNemar` test of two detectors on the same campaigns.
//!
//! Only discordant pairs speak: under no difference the lost ones are binomial with chance ½.
//! Vectors `mcnemar`. Source: `McNemar` 1947.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

/// Exact p values.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct McNemar {
    /// `min(1, 2·P(X ≤ min))`.
    pub two_sided: f64,
    /// `P(X ≥ lost)`: small if the candidate is worse.
    pub regression: f64,
    /// `P(X ≥ gained)`: small if the candidate is better.
    pub improvement: f64,
}

/// Tests `lost` campaigns (baseline only) against `gained` ones (candidate only).
#[must_use]
pub fn mcnemar(lost: u64, gained: u64) -> McNemar {
    let regression = at_least(lost, gained);
    let improvement = at_least(gained, lost);
    McNemar {
        // P(X ≤ min) = P(X ≥ max), as ½ is symmetric
        two_sided: (2.0 * regression.min(improvement)).min(1.0),
        regression,
        improvement,
    }
}

/// `P(X ≥ hits)` for `X ~ Bin(hits + others, ½)`.
fn at_least(hits: u64, others: u64) -> f64 {
    if hits == 0 {
        1.0
    } else {
        beta_reg(hits as f64, others as f64 + 1.0, 0.5)
    }
}
