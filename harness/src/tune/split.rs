//! Which seeds choose and which confirm: by a hash of the seed, whatever they show.
//!
//! Six in ten are for tuning, three for validation; the tenth is a lockbox that no tuning ever
//! opens. A seed's part does not depend on how many are asked for. EVALUATION.md §7.

use livefire_schema::ids::hash_bytes;

/// Changes only with a release that starts all comparisons anew.
const SALT: &str = "livefire/split/1";

/// What a seed is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Choosing.
    Tuning,
    /// Confirming.
    Validation,
    /// Neither: kept for releases.
    Lockbox,
}

/// What a seed is for.
#[must_use]
pub fn part_of(seed: u64) -> Part {
    match hash_bytes(format!("{SALT}/{seed}").as_bytes()) % 10 {
        0..=5 => Part::Tuning,
        6..=8 => Part::Validation,
        _ => Part::Lockbox,
    }
}

/// The first so many tuning and validation seeds from `first` on.
#[must_use]
pub fn split_seeds(first: u64, tuning: usize, validation: usize) -> (Vec<u64>, Vec<u64>) {
    let of = |part: Part, number: usize| {
        let seeds = (0..).map(|step| first.wrapping_add(step));
        seeds
            .filter(|seed| part_of(*seed) == part)
            .take(number)
            .collect()
    };
    (of(Part::Tuning, tuning), of(Part::Validation, validation))
}
