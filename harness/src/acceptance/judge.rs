//! What a number of seeds says of a promise.
//!
//! A promise asks for 17 of 20 seeds, a share of 85 %. Twenty seeds and more are counted. Fewer are
//! a sample: one that holds the share keeps the promise, one that does not breaks it only where a
//! kind that keeps it would show as little in less than one of a hundred samples (a one-sided
//! binomial test). Two seeds therefore never say that a promise is broken.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Verdict;

/// Seeds on which a promise is counted, not tested.
pub(super) const FULL: usize = 20;
/// A promise is kept on at least this many of them.
const OF_FULL: usize = 17;
/// How rarely a kept promise may be called broken.
const ERROR: f64 = 0.01;

/// Seeds of `of` on which a promise must hold.
#[must_use]
pub fn required(of: usize) -> usize {
    (of * OF_FULL).div_ceil(FULL)
}

/// The verdict on a promise that was reached on `reached` of `of` seeds.
#[must_use]
pub fn judge(reached: usize, of: usize) -> Verdict {
    if reached >= required(of) {
        return Verdict::Kept;
    }
    if of >= FULL || at_most(reached, of) < ERROR {
        return Verdict::Broken;
    }
    Verdict::TooFew
}

/// Chance that a promise which holds on just its share of seeds is reached on at most `reached` of
/// `of` seeds.
///
/// # Panics
/// Never: the share lies between 0 and 1.
fn at_most(reached: usize, of: usize) -> f64 {
    let share = OF_FULL as f64 / FULL as f64;
    let binomial = Binomial::new(share, of as u64).expect("the share is a probability");
    binomial.cdf(reached as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventeen_of_twenty_seeds_keep_a_promise() {
        assert_eq!(
            [1, 2, 8, 20, 100].map(required),
            [1, 2, 7, 17, 85],
            "the threshold is scaled and rounded up"
        );
    }

    #[track_caller]
    fn says(reached: usize, of: usize, expected: Verdict) {
        assert_eq!(judge(reached, of), expected, "{reached} of {of}");
    }

    #[test]
    fn twenty_seeds_are_counted() {
        says(17, 20, Verdict::Kept);
        says(16, 20, Verdict::Broken);
        says(84, 100, Verdict::Broken);
    }

    #[test]
    fn few_seeds_break_a_promise_only_where_chance_would_not() {
        says(1, 2, Verdict::TooFew);
        says(0, 2, Verdict::TooFew);
        says(0, 3, Verdict::Broken);
        says(1, 3, Verdict::TooFew);
        says(7, 8, Verdict::Kept);
        says(6, 8, Verdict::TooFew);
        says(4, 8, Verdict::TooFew);
        says(3, 8, Verdict::Broken);
    }

    #[test]
    fn chances_are_binomial() {
        // 0.15², 1 − 0.85², 0.15³.
        let expected = [
            (0, 2, 0.0225),
            (1, 2, 0.2775),
            (0, 3, 0.003_375),
            (3, 3, 1.0),
        ];
        for (reached, of, chance) in expected {
            assert!(
                (at_most(reached, of) - chance).abs() < 1e-12,
                "{reached} of {of}"
            );
        }
    }
}
