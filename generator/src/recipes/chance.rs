//! The nuisances of a row: ids, durations, lengths, all drawn from the event's own key.
//!
//! Every draw has a named purpose below the event, so that no row depends on another. Log-normal
//! draws use tabled quantiles instead of two transcendental functions a row.

use std::sync::LazyLock;

use livefire_schema::ids::ItemId;

use crate::random::Key;

/// What a number below an event is for. The offset keeps clear of small indices that producers of
/// events may use below the same key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub(crate) enum Purpose {
    Request = 0x7265_6369_7065_0000,
    Correlation,
    Shared,
    Item,
    Duration,
    RequestLength,
    ResponseLength,
    RetryAfter,
    LogLag,
    Stream,
    ContentCategory,
    ContentSeverity,
    Alert,
    SecurityAlert,
    Report,
    SignIn,
    Started,
    Administrator,
    Member,
    CloudActivity,
    Watchlist,
    // telemetry
    Delay,
    Late,
    Lost,
    Duplicate,
    DuplicateDelay,
    Malformed,
    Damage,
    // service log
    Refused,
}

/// The place of `purpose` below `key`.
pub(crate) fn place(key: Key, purpose: Purpose) -> Key {
    key.index(purpose as u64)
}

/// A GUID of version 4's shape from a key.
pub(crate) fn guid(key: Key) -> ItemId {
    let bits = u128::from(key.bits()) << 64 | u128::from(key.index(1).bits());
    let version = 0xf000_u128 << 64;
    let variant = 0xc000_u128 << 48;
    ItemId(bits & !version & !variant | 0x4000_u128 << 64 | 0x8000_u128 << 48)
}

/// Standard normal quantiles at i / 4096, ends included; the tails end at share 1/16384 (±3.84).
static NORMAL: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let tail = 0.25 / 4096.0;
    (0u16..=4096)
        .map(|index| normal_quantile((f64::from(index) / 4096.0).clamp(tail, 1.0 - tail)))
        .collect()
});

/// A standard normal draw: one of 4096 equally likely steps, uniform inside the step.
pub(crate) fn normal(key: Key) -> f64 {
    let bits = key.bits();
    let index = usize::try_from(bits >> 52).unwrap_or(0);
    let table: &[f64] = &NORMAL;
    let (value, next) = (table[index], table[index + 1]);
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit exactly")]
    let inside = (bits & 0xffff_ffff) as f64 / 4_294_967_296.0;
    value + (next - value) * inside
}

/// A log-normal draw with this median and sigma of the logarithm.
pub(crate) fn lognormal(key: Key, median: f64, sigma: f64) -> f64 {
    median * libm::exp(sigma * normal(key))
}

/// The standard normal quantile (Acklam's rational approximation, relative error below 1.2e-9).
fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    let horner = |terms: &[f64], x: f64| terms.iter().fold(0.0, |sum, term| sum * x + term);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    if share < 0.024_25 {
        tail(share)
    } else if share > 1.0 - 0.024_25 {
        -tail(1.0 - share)
    } else {
        let q = share - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_the_normal_moments() {
        let draws: Vec<f64> = (0..40_000).map(|i| normal(Key::root(3).index(i))).collect();
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        let square = draws.iter().map(|x| x * x).sum::<f64>() / 40_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((square - 1.0).abs() < 0.03, "{square}");
        let above = draws.iter().filter(|x| **x > 1.6449).count();
        assert!((1800..2200).contains(&above), "{above} of 40,000 above p95");
    }

    #[test]
    fn guids_have_version_four() {
        let text = guid(Key::root(1)).to_string();
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]), "{text}");
    }
}
