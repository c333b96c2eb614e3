//! Figures of a benchmark: medians, and ratios with their spread.
//!
//! Times of two days on two machines are never compared. What is compared is how much dearer than
//! the bare parse of the same bytes a detector is: both are measured in the same round, so what
//! slows a machine down slows both.

use serde::{Deserialize, Serialize};

/// What one run of a detector took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// Seconds from its start to its end.
    pub wall_seconds: f64,
    /// Seconds of processor, of itself and what it started; absent where the system does not tell.
    pub cpu_seconds: Option<f64>,
    /// Most memory that it held at a time, in bytes; absent where the system does not tell.
    pub peak_bytes: Option<u64>,
}

impl Taken {
    /// What it cost: processor time, else elapsed time.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.cpu_seconds.unwrap_or(self.wall_seconds)
    }
}

/// A ratio, and the range in which four fifths of its repetitions lie.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// A tenth lies below.
    pub low: f64,
    /// A tenth lies above.
    pub high: f64,
}

impl Spread {
    /// Of some numbers; `None` if there are none, or one of them is no number.
    #[must_use]
    pub fn of(mut numbers: Vec<f64>) -> Option<Spread> {
        if numbers.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
            return None;
        }
        numbers.sort_by(f64::total_cmp);
        Some(Spread {
            median: quantile(&numbers, 1, 2),
            low: quantile(&numbers, 1, 10),
            high: quantile(&numbers, 9, 10),
        })
    }
}

/// The quantile `part / of` of sorted numbers, between two of them where it falls there.
fn quantile(sorted: &[f64], part: usize, of: usize) -> f64 {
    let place = (sorted.len() - 1) * part;
    let (index, rest) = (place / of, place % of);
    let low = sorted[index];
    let high = sorted.get(index + 1).copied().unwrap_or(low);
    let share = f64::from(u32::try_from(rest).unwrap_or(0))
        / f64::from(u32::try_from(of).unwrap_or(u32::MAX));
    low + (high - low) * share
}

/// The median of some numbers; `None` of none.
#[must_use]
pub fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    Spread::of(numbers.collect()).map(|spread| spread.median)
}

/// How many times the yardstick's cost each run had, round by round.
#[must_use]
pub fn against(runs: &[Taken], yardstick: &[Taken]) -> Vec<f64> {
    let pairs = runs.iter().zip(yardstick);
    pairs
        .filter(|(_, parse)| parse.cost() > 0.0)
        .map(|(run, parse)| run.cost() / parse.cost())
        .collect()
}

/// How many times the earlier figure the present one is: the spread over every pair of the two.
#[must_use]
pub fn change(now: &[f64], earlier: &[f64]) -> Option<Spread> {
    let pairs = now
        .iter()
        .flat_map(|now| earlier.iter().map(move |earlier| now / earlier));
    Spread::of(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(cpu: f64) -> Taken {
        Taken {
            wall_seconds: 9.0,
            cpu_seconds: Some(cpu),
            peak_bytes: None,
        }
    }

    #[test]
    fn medians_lie_between_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn a_slower_machine_changes_no_ratio() {
        let parse = [taken(1.0), taken(2.0), taken(1.0)];
        let now = [taken(3.0), taken(6.0), taken(3.0)];
        let slow: Vec<Taken> = parse.iter().map(|run| taken(run.cost() * 7.0)).collect();
        let old: Vec<Taken> = now.iter().map(|run| taken(run.cost() * 7.0)).collect();
        let change = change(&against(&now, &parse), &against(&old, &slow)).expect("is defined");
        assert!((change.median - 1.0).abs() < 1e-12 && change.low <= change.high);
    }

    #[test]
    fn what_became_dearer_shows_and_spread_is_ordered() {
        let parse = vec![taken(1.0); 3];
        let now = [taken(4.0), taken(4.4), taken(3.6)];
        let old = [taken(2.0), taken(2.2), taken(1.8)];
        let change = change(&against(&now, &parse), &against(&old, &parse)).expect("is defined");
        assert!((change.median - 2.0).abs() < 0.01, "{change:?}");
        assert!(change.low < 2.0 && change.high > 2.0, "{change:?}");
        assert_eq!(Spread::of(vec![f64::NAN]), None);
    }

    #[test]
    fn without_processor_time_the_clock_is_the_cost() {
        let run = Taken {
            cpu_seconds: None,
            ..taken(1.0)
        };
        assert_eq!(run.cost().to_bits(), 9.0_f64.to_bits());
    }
}
