//! Numbers from lists of numbers, each NaN where it is undefined.

use livefire_generator::benign::facts;
use livefire_schema::time::EventTime;

/// Arithmetic mean.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance, the mean square distance from the mean.
pub(super) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    squares / values.len() as f64
}

/// Coefficient of variation.
pub(super) fn variation(values: &[f64]) -> f64 {
    variance(values).sqrt() / mean(values)
}

/// The values at some shares of a list (nearest rank).
pub(super) fn quantiles<const N: usize>(mut values: Vec<f64>, shares: [f64; N]) -> [f64; N] {
    values.sort_by(f64::total_cmp);
    shares.map(|share| facts::quantile(&values, share))
}

/// The middle value.
pub(super) fn median(values: Vec<f64>) -> f64 {
    quantiles(values, [0.5])[0]
}

/// Seconds between neighbours of an ascending list of instants.
pub(super) fn gaps(times: &[EventTime]) -> Vec<f64> {
    let pairs = times.windows(2);
    pairs
        .map(|pair| (pair[1] - pair[0]).seconds_f64())
        .collect()
}

/// Correlation of pairs.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (x, y) = (mean(&xs), mean(&ys));
    let together: f64 = pairs.iter().map(|(a, b)| (a - x) * (b - y)).sum();
    together / pairs.len() as f64 / (variance(&xs) * variance(&ys)).sqrt()
}

/// Spearman's correlation: of ranks, ties sharing their mean rank.
pub(super) fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ranks: Vec<(f64, f64)> = ranks(&xs).into_iter().zip(ranks(&ys)).collect();
    correlation(&ranks)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = below as f64 + (tied.len() as f64 - 1.0) / 2.0;
        tied.iter().for_each(|index| ranks[*index] = rank);
        below += tied.len();
    }
    ranks
}

/// Slope of a straight line through points.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let (x, y) = (mean(&xs), mean(&ys));
    let together: f64 = points.iter().map(|(a, b)| (a - x) * (b - y)).sum();
    let own: f64 = xs.iter().map(|a| (a - x) * (a - x)).sum();
    together / own
}

/// Gini coefficient of counts.
pub(super) fn gini(mut counts: Vec<f64>) -> f64 {
    counts.sort_by(f64::total_cmp);
    let total: f64 = counts.iter().sum();
    let size = counts.len() as f64;
    let weighted: f64 = (1..)
        .zip(&counts)
        .map(|(rank, x)| f64::from(rank) * x)
        .sum();
    2.0 * weighted / (size * total) - (size + 1.0) / size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-9, "{got} instead of {want}");
    }

    #[test]
    fn moments_are_those_of_the_list() {
        near(mean(&[1.0, 2.0, 6.0]), 3.0);
        near(variance(&[1.0, 3.0]), 1.0);
        near(variation(&[1.0, 3.0]), 0.5);
        near(median(vec![5.0, 1.0, 3.0]), 3.0);
        assert!(mean(&[]).is_nan());
    }

    #[test]
    fn spearman_sees_order_alone_and_shares_tied_ranks() {
        near(spearman(&[(1.0, 1.0), (2.0, 8.0), (3.0, 9.0)]), 1.0);
        near(spearman(&[(1.0, 9.0), (2.0, 8.0), (3.0, 1.0)]), -1.0);
        near(
            spearman(&[(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0)]),
            0.0,
        );
    }

    #[test]
    fn equal_counts_have_no_gini_and_one_owner_nearly_all() {
        near(gini(vec![4.0; 10]), 0.0);
        near(gini(vec![0.0, 0.0, 0.0, 1.0]), 0.75);
    }

    #[test]
    fn a_line_has_its_slope() {
        near(slope(&[(0.0, 1.0), (1.0, -1.0), (2.0, -3.0)]), -2.0);
    }
}
