//! Gaps between events: is this a machine?

use livefire_schema::time::{EventTime, TimeSpan};

/// The gaps of a series of instants, in order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Gaps {
    seconds: Vec<f64>,
}

impl Gaps {
    /// Of instants in ascending order.
    #[must_use]
    pub fn of(times: &[EventTime]) -> Self {
        Gaps {
            seconds: times
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).seconds_f64())
                .collect(),
        }
    }

    /// How many gaps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// The gaps in seconds, in order of time.
    #[must_use]
    pub fn seconds(&self) -> &[f64] {
        &self.seconds
    }

    /// Median in seconds (mean of the middle two), or `None` without gaps.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        median(self.seconds.clone())
    }

    /// Standard deviation over mean (population form), or `None` without gaps or with mean 0.
    #[must_use]
    pub fn coefficient_of_variation(&self) -> Option<f64> {
        let count = f64::from(u32::try_from(self.seconds.len()).ok()?);
        let mean = self.seconds.iter().sum::<f64>() / count;
        if self.seconds.is_empty() || mean == 0.0 {
            return None;
        }
        let squares = self.seconds.iter().map(|gap| (gap - mean) * (gap - mean));
        Some((squares.sum::<f64>() / count).sqrt() / mean)
    }
}

/// The median of some numbers.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(values[middle - 1], upper))
}

/// RULES.md "automated": at least `least` gaps and (median under `fast`, or variation under
/// `regular`).
#[must_use]
pub fn is_automated(gaps: &Gaps, least: u64, fast: TimeSpan, regular: f64) -> bool {
    let enough = u64::try_from(gaps.len()).is_ok_and(|count| count >= least);
    let is_fast = gaps.median().is_some_and(|gap| gap < fast.seconds_f64());
    let variation = gaps.coefficient_of_variation();
    enough && (is_fast || variation.is_some_and(|variation| variation < regular))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn automated(offsets: &[i64], expected: bool) {
        let times: Vec<_> = offsets
            .iter()
            .map(|&s| EventTime::from_unix_seconds(s))
            .collect();
        let fast = TimeSpan::from_seconds(5);
        assert_eq!(is_automated(&Gaps::of(&times), 4, fast, 0.3), expected);
    }

    #[test]
    fn machines_are_fast_or_regular_over_at_least_four_gaps() {
        automated(&[0, 1, 2, 3], false);
        automated(&[0, 1, 2, 3, 4], true);
        automated(&[0, 4, 6, 106, 206], false);
        automated(&[0, 60, 120, 181, 240], true);
        automated(&[0, 5, 10, 40, 45], false);
        automated(&[0, 4, 8, 38, 42], true);
    }

    #[test]
    fn an_even_number_of_gaps_has_the_mean_of_the_middle_two_as_median() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
