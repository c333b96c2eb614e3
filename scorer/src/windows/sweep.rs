//! All thresholds of a tumbling count rule in one pass.
//!
//! A (rule, key, bin) group with n events, b of them benign, gives a false alert for every k in
//! `[1, b]` and a true one for every k in `[b + 1, n]`; difference arrays add all groups at once.
//! Vectors `threshold_sweep`. Grouping is `none`: with sessions, incidents merge differently at
//! each k and are recomputed at the [`breakpoints`].

use std::collections::BTreeMap;

use crate::headline::ratios;
use crate::measure::Measure;

/// One (rule, key, bin) group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SweepGroup<C> {
    /// n.
    pub events: u64,
    /// b, at most n.
    pub benign: u64,
    /// The campaign that caused the others.
    pub campaign: Option<C>,
}

/// Figures for k = 1 … `k_max`; index 0 is k = 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Sweep {
    /// False alerts, which are the false incidents F.
    pub false_alerts: Vec<u64>,
    /// True alerts.
    pub true_alerts: Vec<u64>,
    /// Detected campaigns D.
    pub detected: Vec<u64>,
    /// `D / (D + F)`.
    pub precision: Vec<Measure>,
    /// `D / N`.
    pub recall: Vec<Measure>,
}

/// Sweeps k over `1 ..= k_max` for N = `campaigns`.
///
/// # Panics
/// If more campaigns occur in the groups than `campaigns` says.
#[must_use]
pub fn sweep<C: Ord + Clone>(groups: &[SweepGroup<C>], campaigns: u64, k_max: usize) -> Sweep {
    let mut false_alerts = vec![0i64; k_max + 2];
    let mut true_alerts = vec![0i64; k_max + 2];
    let mut spans: BTreeMap<&C, Vec<(u64, u64)>> = BTreeMap::new();
    for group in groups {
        add_span(&mut false_alerts, 1, group.benign);
        add_span(&mut true_alerts, group.benign + 1, group.events);
        if let Some(campaign) = &group.campaign {
            let span = (group.benign + 1, group.events);
            spans.entry(campaign).or_default().push(span);
        }
    }
    let mut detected = vec![0i64; k_max + 2];
    for spans in spans.values_mut() {
        spans.sort_unstable();
        let mut covered = 0;
        for &(low, high) in spans.iter() {
            add_span(&mut detected, low.max(covered + 1), high);
            covered = covered.max(high);
        }
    }
    let [false_alerts, true_alerts, detected] =
        [false_alerts, true_alerts, detected].map(|steps| prefix_sums(&steps, k_max));
    let figures = || {
        let pairs = detected.iter().zip(&false_alerts);
        pairs.map(|(&found, &wrong)| {
            let missed = campaigns
                .checked_sub(found)
                .expect("no more campaigns are detected than there are");
            ratios(found, wrong, missed)
        })
    };
    Sweep {
        precision: figures().map(|at_k| at_k.precision).collect(),
        recall: figures().map(|at_k| at_k.recall).collect(),
        false_alerts,
        true_alerts,
        detected,
    }
}

/// The thresholds at which the set of firing groups changes: distinct `b + 1` and `n + 1`.
#[must_use]
pub fn breakpoints<C>(groups: &[SweepGroup<C>]) -> Vec<u64> {
    let mut points: Vec<u64> = groups
        .iter()
        .flat_map(|group| [group.benign + 1, group.events + 1])
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// Adds 1 over `[low, high]`, cut to the array; index k holds the step at k.
fn add_span(steps: &mut [i64], low: u64, high: u64) {
    let k_max = steps.len() - 2;
    let high = usize::try_from(high).map_or(k_max, |high| high.min(k_max));
    match usize::try_from(low) {
        Ok(low) if low <= high => {
            steps[low] += 1;
            steps[high + 1] -= 1;
        }
        _ => {}
    }
}

fn prefix_sums(steps: &[i64], k_max: usize) -> Vec<u64> {
    let mut sum = 0;
    let running = steps[1..=k_max].iter().map(|step| {
        sum += step;
        u64::try_from(sum).expect("every span that ends has begun")
    });
    running.collect()
}
