//! Label leak audit: fields that should carry no signal are scored against the label.
//!
//! AUC by the rank-sum statistic with ties at ½, its normal test with tie-corrected variance, and
//! Bonferroni over the fields. A leak needs both: significance and an AUC away from ½ by more than
//! 0.02. Vectors `leak_audit`. Arp et al. 2022.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::measure::{Measure, Undefined};

/// Distance from ½ that matters.
const LEAST_EFFECT: f64 = 0.02;

/// The audit of one field.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeakAudit {
    /// Chance that an attack value exceeds a benign one, ties ½.
    pub auc: Measure,
    /// Two-sided p value times the number of fields, at most 1.
    pub p: Measure,
    /// Whether the field gives the label away.
    pub leak: bool,
}

/// Audits one of `fields` fields from its values in both classes, at level `alpha`.
///
/// # Panics
/// If a value is NaN.
#[must_use]
pub fn audit(attack: &[f64], benign: &[f64], fields: u64, alpha: f64) -> LeakAudit {
    if attack.is_empty() || benign.is_empty() {
        let undefined = Measure::undefined(Undefined::OneClass);
        return LeakAudit {
            auc: undefined,
            p: undefined,
            leak: false,
        };
    }
    let mut values: Vec<(f64, bool)> = attack.iter().map(|&value| (value, true)).collect();
    values.extend(benign.iter().map(|&value| (value, false)));
    values.sort_by(|left, right| {
        left.0
            .partial_cmp(&right.0)
            .expect("field values are numbers")
    });
    let (attacks, benigns) = (attack.len() as f64, benign.len() as f64);
    let total = attacks + benigns;
    let (mut wins, mut benign_below, mut ties) = (0.0, 0.0, 0.0);
    for tied in values.chunk_by(|left, right| left.0 == right.0) {
        let size = tied.len() as f64;
        let attacks_here = tied.iter().filter(|(_, is_attack)| *is_attack).count() as f64;
        let benign_here = size - attacks_here;
        wins += attacks_here * (benign_below + benign_here / 2.0);
        benign_below += benign_here;
        ties += size * size * size - size;
    }
    let auc = wins / (attacks * benigns);
    let variance = attacks * benigns / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)));
    let p = if ties == total * total * total - total {
        1.0
    } else {
        let z = (wins - attacks * benigns / 2.0).abs() / variance.sqrt();
        (erfc(z / std::f64::consts::SQRT_2) * fields as f64).min(1.0)
    };
    LeakAudit {
        auc: Measure::number(auc),
        p: Measure::number(p),
        leak: p < alpha && (auc - 0.5).abs() > LEAST_EFFECT,
    }
}
