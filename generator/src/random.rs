//! Random numbers addressed by name: what is drawn never depends on how much was drawn before.
//!
//! A [`Key`] names a place (`seed / actor / day / purpose`); every place has its own stream.
//! Adding a campaign, a stage or a thread therefore moves nothing else. Hot paths take one number
//! per key ([`Key::uniform`]); anything longer takes a [`Key::stream`] of `ChaCha8`, which is
//! specified and so portable. Logarithms come from `libm`, so that bytes are equal everywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The address of a random place: a 64-bit hash of the names that lead to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(u64);

impl Key {
    /// The root of everything that a seed decides.
    #[must_use]
    pub fn root(seed: u64) -> Self {
        Key(finalize(seed ^ 0x6c69_7665_6669_7265))
    }

    /// The place called `name` below this one.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Key(finalize(
            self.0 ^ livefire_schema::ids::hash_bytes(name.as_bytes()),
        ))
    }

    /// The `index`-th place below this one; names and indices never meet by construction of
    /// different mixing constants.
    #[must_use]
    pub fn index(self, index: u64) -> Self {
        Key(finalize(
            self.0.rotate_left(23) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// 64 bits that this place stands for.
    #[must_use]
    pub fn bits(self) -> u64 {
        finalize(self.0 ^ 0xd1b5_4a32_d192_ed03)
    }

    /// Uniform in `[0, 1)`, with 53 bits.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub fn uniform(self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..bound`; 0 for a bound of 0. The bias is below `bound / 2⁶⁴`.
    #[must_use]
    pub fn below(self, bound: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True with probability `share`.
    #[must_use]
    pub fn chance(self, share: f64) -> bool {
        self.uniform() < share
    }

    /// Standard normal, by Box and Muller.
    #[must_use]
    pub fn normal(self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.index(1).uniform())
    }

    /// Log-normal with this median and sigma of the logarithm.
    #[must_use]
    pub fn lognormal(self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Exponential with this mean.
    #[must_use]
    pub fn exponential(self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.uniform())
    }

    /// A `ChaCha8` stream of this place, for distributions of `rand_distr`.
    #[must_use]
    pub fn stream(self) -> ChaCha8Rng {
        let mut seed = [0u8; 32];
        for (index, chunk) in (0u64..).zip(seed.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&self.index(index).bits().to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood 2014): a bijection with full avalanche.
fn finalize(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A keyed permutation of `0..size`, computed, not stored: a Feistel network with cycle walking.
#[derive(Clone, Copy, Debug)]
pub struct Permutation {
    key: Key,
    size: u64,
    half_bits: u32,
}

impl Permutation {
    /// The permutation of `0..size` that `key` stands for.
    #[must_use]
    pub fn new(key: Key, size: u64) -> Self {
        let bits = 64 - size.max(2).saturating_sub(1).leading_zeros();
        Permutation {
            key,
            size,
            half_bits: bits.div_ceil(2),
        }
    }

    /// The image of `index`, which must be below the size.
    ///
    /// # Panics
    /// If `index` is not below the size.
    #[must_use]
    pub fn at(&self, index: u64) -> u64 {
        assert!(
            index < self.size,
            "index {index} outside a permutation of {}",
            self.size
        );
        let mut value = index;
        loop {
            value = self.round_trip(value);
            if value < self.size {
                return value;
            }
        }
    }

    fn round_trip(&self, value: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for round in 0..4 {
            let mixed = self.key.index(round).index(right).bits() & mask;
            (left, right) = (right, left ^ mixed);
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stable() {
        let key = Key::root(7).named("actor").index(3);
        assert_eq!(key.bits(), Key::root(7).named("actor").index(3).bits());
        assert_ne!(key.bits(), Key::root(8).named("actor").index(3).bits());
        assert_ne!(Key::root(7).index(1).bits(), Key::root(7).index(2).bits());
    }

    #[test]
    fn a_permutation_hits_every_value_once() {
        for size in [1, 2, 3, 10, 64, 515, 1000] {
            let permutation = Permutation::new(Key::root(1), size);
            let mut seen: Vec<_> = (0..size).map(|index| permutation.at(index)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
    }

    #[test]
    fn draws_have_their_means() {
        let draws = |f: fn(Key) -> f64| {
            (0..20_000).map(|i| f(Key::root(5).index(i))).sum::<f64>() / 20_000.0
        };
        assert!((draws(Key::uniform) - 0.5).abs() < 0.01);
        assert!(draws(Key::normal).abs() < 0.03);
        assert!((draws(|key| key.exponential(4.0)) - 4.0).abs() < 0.15);
    }
}
