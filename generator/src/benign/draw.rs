//! Counts and gaps by key: Poisson, Gamma, and the tables that times of day are drawn from.

use crate::random::Key;

/// A Poisson count with this mean: by multiplication when small, by the normal limit when large.
pub(crate) fn poisson(mean: f64, key: Key) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > 60.0 {
        return whole(mean + libm::sqrt(mean) * key.normal() + 0.5);
    }
    let limit = libm::exp(-mean);
    let mut product = 1.0;
    let mut count = 0;
    loop {
        product *= key.index(count).uniform();
        if product <= limit || count > 1000 {
            return count;
        }
        count += 1;
    }
}

/// A Gamma value with this mean and shape, by Marsaglia and Tsang (2000).
pub(crate) fn gamma(mean: f64, shape: f64, key: Key) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(key.index(1).uniform(), 1.0 / shape);
        return mean / shape * standard_gamma(shape + 1.0, key.index(2)) * boost;
    }
    mean / shape * standard_gamma(shape, key.index(2))
}

fn standard_gamma(shape: f64, key: Key) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    for attempt in 0..64 {
        let key = key.index(attempt);
        let normal = key.index(1).normal();
        let root = 1.0 + c * normal;
        if root <= 0.0 {
            continue;
        }
        let cube = root * root * root;
        let u = 1.0 - key.index(2).uniform();
        let square = normal * normal;
        if u < 1.0 - 0.0331 * square * square
            || libm::log(u) < 0.5 * square + d * (1.0 - cube + libm::log(cube))
        {
            return d * cube;
        }
    }
    d
}

/// The non-negative whole part.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float-to-int casts saturate"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value as u64
}

/// A day's shape: weights by hour as a cumulative table.
#[derive(Clone, Debug)]
pub(crate) struct DayShape {
    cumulative: [f64; 25],
}

impl DayShape {
    pub(crate) fn new(weights: &[f64; 24]) -> Self {
        let total: f64 = weights.iter().sum();
        let mut cumulative = [0.0; 25];
        for (hour, weight) in weights.iter().enumerate() {
            cumulative[hour + 1] = cumulative[hour] + weight / total;
        }
        DayShape { cumulative }
    }

    /// Seconds since midnight for a uniform number.
    pub(crate) fn second(&self, u: f64) -> f64 {
        let hour = self.cumulative.partition_point(|share| *share <= u);
        let hour = hour.clamp(1, 24) - 1;
        let (from, to) = (self.cumulative[hour], self.cumulative[hour + 1]);
        let inside = if to > from {
            (u - from) / (to - from)
        } else {
            0.0
        };
        let hours = f64::from(u8::try_from(hour).unwrap_or(0)) + inside.clamp(0.0, 1.0);
        (hours * 3600.0).min(86_399.999)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has_moments(mean: f64, variance: f64, draw: impl Fn(Key) -> f64) {
        let draws: Vec<f64> = (0..40_000).map(|i| draw(Key::root(3).index(i))).collect();
        let count = 40_000.0;
        let found = draws.iter().sum::<f64>() / count;
        let spread = draws.iter().map(|x| (x - found) * (x - found)).sum::<f64>() / count;
        assert!(
            (found / mean - 1.0).abs() < 0.05,
            "mean {found}, not {mean}"
        );
        assert!(
            (spread / variance - 1.0).abs() < 0.1,
            "variance {spread}, not {variance}"
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    fn count(mean: f64, key: Key) -> f64 {
        poisson(mean, key) as f64
    }

    #[test]
    fn poisson_counts_have_equal_mean_and_variance() {
        has_moments(0.8, 0.8, |key| count(0.8, key));
        has_moments(12.0, 12.0, |key| count(12.0, key));
        has_moments(150.0, 150.0, |key| count(150.0, key));
    }

    #[test]
    fn gamma_values_have_the_shapes_variance() {
        has_moments(2.0, 4.0, |key| gamma(2.0, 1.0, key));
        has_moments(2.0, 8.0, |key| gamma(2.0, 0.5, key));
        has_moments(2.0, 1.0, |key| gamma(2.0, 4.0, key));
    }

    #[test]
    fn a_day_shape_gives_each_hour_its_weight() {
        let mut weights = [0.0; 24];
        weights[9] = 1.0;
        weights[15] = 3.0;
        let shape = DayShape::new(&weights);
        assert_eq!(shape.second(0.0), 9.0 * 3600.0);
        assert_eq!(shape.second(0.25), 15.0 * 3600.0);
        assert_eq!(shape.second(0.625), 15.5 * 3600.0);
    }
}
