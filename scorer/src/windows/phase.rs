//! The chance that tumbling bins of unknown phase split an attack, exactly.
//!
//! Bins are `[φ + jW, φ + (j+1)W)` with φ uniform on `[0, W)`. For evenly spaced events the phases
//! that keep k of them together are arcs on a circle of length W; for given times the outcome is
//! piecewise constant in φ. Neither is ever sampled. Times are seconds. Vectors `tumbling_miss`,
//! `phase_recall`, `evasion_frontier`.

use crate::measure::Measure;

/// Probability that no bin holds `threshold` of `events` even events, the first at 0 and the last
/// at `duration`.
#[must_use]
pub fn tumbling_miss(events: u64, duration: f64, bin: f64, threshold: u64) -> f64 {
    if events < threshold {
        return 1.0;
    }
    if threshold <= 1 {
        return 0.0;
    }
    let gap = duration / (events - 1) as f64;
    let (n, k) = (events as f64, threshold as f64);
    if k * gap <= bin {
        ((2.0 * k - 1.0 - n) * gap / bin).max(0.0)
    } else if events <= 2 * threshold - 2 {
        1.0 - (n - k + 1.0) * (1.0 - (k - 1.0) * gap / bin).max(0.0)
    } else {
        1.0 - covered_share(events, gap, bin, threshold)
    }
}

/// Share of the circle that the arcs `(t_{i+k−1} − W, t_i]` cover: the general form, of which
/// [`tumbling_miss`] uses closed forms where they hold.
///
/// For `2 ≤ threshold ≤ events`.
#[must_use]
pub fn covered_share(events: u64, gap: f64, bin: f64, threshold: u64) -> f64 {
    let length = bin - (threshold - 1) as f64 * gap;
    if length <= 0.0 || events < threshold {
        return 0.0;
    }
    if length >= bin {
        return 1.0;
    }
    let mut arcs = Vec::new();
    for index in 0..=(events - threshold) {
        let end = (index as f64 * gap).rem_euclid(bin);
        let start = end - length;
        arcs.push((start.max(0.0), end));
        if start < 0.0 {
            arcs.push((start + bin, bin));
        }
    }
    arcs.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (mut covered, mut reached) = (0.0, 0.0f64);
    for (start, end) in arcs {
        let start = start.max(reached);
        if end > start {
            covered += end - start;
            reached = end;
        }
    }
    (covered / bin).min(1.0)
}

/// Share of phases at which an attack is detected.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PhaseRecall {
    /// Some bin has `b < k ≤ n`.
    pub causal: f64,
    /// Some bin holds an attack event and has `n ≥ k`.
    pub overlap: f64,
}

/// Integrates detection over the phase for attack and benign event times under one key.
#[must_use]
pub fn phase_recall(attack: &[f64], benign: &[f64], bin: f64, threshold: usize) -> PhaseRecall {
    let mut events: Vec<(f64, bool)> = attack.iter().map(|&time| (time, true)).collect();
    events.extend(benign.iter().map(|&time| (time, false)));
    events.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut cuts: Vec<f64> = events
        .iter()
        .map(|(time, _)| time.rem_euclid(bin))
        .collect();
    cuts.push(0.0);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let ends = cuts.iter().skip(1).copied().chain([bin]);
    let mut recall = PhaseRecall {
        causal: 0.0,
        overlap: 0.0,
    };
    for (&start, end) in cuts.iter().zip(ends) {
        // constant inside the piece, so its middle stands for all of it
        let (causal, overlap) = detected_at((start + end) / 2.0, &events, bin, threshold);
        let share = (end - start) / bin;
        recall.causal += if causal { share } else { 0.0 };
        recall.overlap += if overlap { share } else { 0.0 };
    }
    recall
}

fn detected_at(phase: f64, events: &[(f64, bool)], bin: f64, threshold: usize) -> (bool, bool) {
    let bin_of = |time: f64| ((time - phase) / bin).floor();
    let (mut causal, mut overlap) = (false, false);
    for group in events.chunk_by(|left, right| bin_of(left.0) == bin_of(right.0)) {
        let benign = group.iter().filter(|(_, is_attack)| !is_attack).count();
        let is_reached = group.len() >= threshold;
        causal |= is_reached && benign < threshold;
        overlap |= is_reached && benign < group.len();
    }
    (causal, overlap)
}

/// Kind of window, for [`evasion_frontier`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowKind {
    /// Bins on a fixed grid.
    Tumbling,
    /// A window that ends at each event.
    Sliding,
}

/// T*(δ): the shortest duration in seconds from which an attacker with `events` even events is
/// detected with probability at most `delta`, over the phase.
#[must_use]
pub fn evasion_frontier(
    kind: WindowKind,
    events: u64,
    threshold: u64,
    window: f64,
    delta: f64,
) -> Measure {
    if events < threshold || delta >= 1.0 {
        return Measure::ZERO;
    }
    if threshold <= 1 {
        return Measure::INFINITE;
    }
    let (n, k) = (events as f64, threshold as f64);
    let gap = match kind {
        WindowKind::Sliding => window / (k - 1.0),
        WindowKind::Tumbling if events <= 2 * threshold - 2 => {
            if delta >= (n - k + 1.0) / k {
                window * (1.0 - delta) / (2.0 * k - 1.0 - n)
            } else {
                window / (k - 1.0) * (1.0 - delta / (n - k + 1.0))
            }
        }
        WindowKind::Tumbling => widest_detected_gap(events, threshold, window, delta),
    };
    Measure::number(gap * (n - 1.0))
}

/// `sup {g : covered share at gap g > delta}` for `events ≥ 2·threshold − 1`.
///
/// The share is 1 up to `W/k`, 0 from `W/(k−1)` on, and does not rise in between (each residue
/// class of arcs modulo k−1 forms one run, and the runs only part as the gap grows), so halving
/// the bracket finds the crossing to the last bit.
fn widest_detected_gap(events: u64, threshold: u64, window: f64, delta: f64) -> f64 {
    let mut low = window / threshold as f64;
    let mut high = window / (threshold - 1) as f64;
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if covered_share(events, middle, window, threshold) > delta {
            low = middle;
        } else {
            high = middle;
        }
    }
}
