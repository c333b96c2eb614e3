//! Cluster bootstrap over seeds: campaigns of one seed share benign traffic, so seeds are resampled.
//!
//! The statistic is a ratio of sums. Up to five seeds all S^S ordered resamples are enumerated and
//! the interval is exact; above, 10 000 come from a named random stream. Vectors
//! `cluster_bootstrap`, `paired_bootstrap`. Field & Welsh 2007.

use livefire_schema::ids::hash_bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined};

/// Resamples drawn where enumeration is too much.
pub const REPLICATES: usize = 10_000;
/// Most seeds for which all ordered resamples are enumerated.
pub const MOST_ENUMERATED_SEEDS: usize = 5;

/// One seed's share of a ratio of sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeedSums {
    /// Added into the numerator; negative in paired differences.
    pub numerator: i64,
    /// Added into the denominator.
    pub denominator: u64,
}

/// A bootstrap estimate.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The ratio over all seeds.
    pub point: Measure,
    /// Lower bound by nearest rank.
    pub low: Measure,
    /// Upper bound by nearest rank.
    pub high: Measure,
    /// Resamples kept.
    pub replicates: u64,
    /// Resamples dropped because their denominator was 0.
    pub dropped: u64,
}

/// Percentile interval of `Σ numerator / Σ denominator` over seeds; `stream` names the random
/// stream that is used above [`MOST_ENUMERATED_SEEDS`].
///
/// # Panics
/// If the confidence lies outside 1–99 %.
#[must_use]
pub fn cluster_bootstrap(seeds: &[SeedSums], confidence_percent: u32, stream: &str) -> Bootstrap {
    assert!(
        (1..100).contains(&confidence_percent),
        "a confidence level lies in 1–99 %"
    );
    let point = match ratio_of(seeds.iter()) {
        Some(value) => Measure::number(value),
        None => Measure::undefined(Undefined::NoCampaigns),
    };
    if seeds.len() < 2 {
        let reason = if seeds.is_empty() {
            Undefined::NoCampaigns
        } else {
            Undefined::OneSeed
        };
        return without_interval(point, reason, 0);
    }
    let mut values = Vec::new();
    let mut dropped = 0;
    let mut keep = |value: Option<f64>| match value {
        Some(value) => values.push(value),
        None => dropped += 1,
    };
    if seeds.len() <= MOST_ENUMERATED_SEEDS {
        enumerate(seeds, &mut keep);
    } else {
        draw(seeds, stream, &mut keep);
    }
    if values.is_empty() {
        return without_interval(point, Undefined::NoCampaigns, dropped);
    }
    values.sort_by(f64::total_cmp);
    let (count, percent) = (values.len(), confidence_percent as usize);
    let rank = |share: usize| Measure::number(values[(count * share).div_ceil(200).max(1) - 1]);
    Bootstrap {
        point,
        low: rank(100 - percent),
        high: rank(100 + percent),
        replicates: count as u64,
        dropped,
    }
}

/// Paired difference of recall `(Σ candidate − Σ baseline) / Σ campaigns` over seeds given as
/// (detected by baseline, detected by candidate, campaigns).
///
/// # Panics
/// As [`cluster_bootstrap`]; also for counts past `i64::MAX`.
#[must_use]
pub fn paired_bootstrap(
    seeds: &[(u64, u64, u64)],
    confidence_percent: u32,
    stream: &str,
) -> Bootstrap {
    let signed = |count| i64::try_from(count).expect("campaigns are counted far below i64::MAX");
    let differences: Vec<SeedSums> = seeds
        .iter()
        .map(|&(baseline, candidate, campaigns)| SeedSums {
            numerator: signed(candidate) - signed(baseline),
            denominator: campaigns,
        })
        .collect();
    cluster_bootstrap(&differences, confidence_percent, stream)
}

fn without_interval(point: Measure, reason: Undefined, dropped: u64) -> Bootstrap {
    Bootstrap {
        point,
        low: Measure::undefined(reason),
        high: Measure::undefined(reason),
        replicates: 0,
        dropped,
    }
}

fn ratio_of<'a>(seeds: impl Iterator<Item = &'a SeedSums>) -> Option<f64> {
    let (numerator, denominator) = seeds.fold((0i64, 0u64), |sums, seed| {
        (sums.0 + seed.numerator, sums.1 + seed.denominator)
    });
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// Every ordered resample: the digits of a number in base S.
fn enumerate(seeds: &[SeedSums], keep: &mut impl FnMut(Option<f64>)) {
    let count = seeds.len();
    let exponent = u32::try_from(count).expect("at most five seeds are enumerated");
    for code in 0..count.pow(exponent) {
        let mut rest = code;
        let digits = (0..count).map(|_| {
            let digit = rest % count;
            rest /= count;
            digit
        });
        keep(ratio_of(digits.map(|digit| &seeds[digit])));
    }
}

fn draw(seeds: &[SeedSums], stream: &str, keep: &mut impl FnMut(Option<f64>)) {
    let mut random = ChaCha8Rng::seed_from_u64(hash_bytes(stream.as_bytes()));
    let count = seeds.len() as u128;
    for _ in 0..REPLICATES {
        let picks: Vec<&SeedSums> = (0..seeds.len())
            .map(|_| {
                let scaled = (u128::from(random.next_u64()) * count) >> 64;
                &seeds[usize::try_from(scaled).expect("scaled below the number of seeds")]
            })
            .collect();
        keep(ratio_of(picks.into_iter()));
    }
}
