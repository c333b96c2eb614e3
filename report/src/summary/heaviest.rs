//! The heaviest keys of a stream in bounded memory.
//!
//! The table may grow to twice its capacity and is then cut back to the heaviest half, so that a
//! key costs constant time on average. What is cut off is forgotten: a key that comes (back) after
//! a cut may miss up to the weight that was cut last, and says so. A key that is heavier than that
//! from its first cut on is never lost. In the manner of Manku & Motwani's lossy counting, 2002.

use rustc_hash::FxHashMap;

/// Values by key, of which the heaviest are kept.
#[derive(Debug)]
pub struct Heaviest<V> {
    capacity: usize,
    entries: FxHashMap<u64, Entry<V>>,
    /// The greatest weight that was ever cut.
    cut: u64,
}

/// One key's place.
#[derive(Debug)]
pub struct Entry<V> {
    /// The key as text.
    pub key: String,
    /// Its weight so far.
    pub weight: u64,
    /// How much weight it may miss.
    pub may_miss: u64,
    /// What is kept of it.
    pub value: V,
}

impl<V: Default> Heaviest<V> {
    /// A table that keeps `capacity` keys, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Heaviest {
            capacity: capacity.max(1),
            entries: FxHashMap::default(),
            cut: 0,
        }
    }

    /// Adds weight to a key and gives what is kept of it.
    ///
    /// # Panics
    /// Never: the key was put in place just before.
    pub fn add(&mut self, key: &str, weight: u64) -> &mut V {
        let hash = livefire_schema::ids::hash_bytes(key.as_bytes());
        if self.entries.len() >= 2 * self.capacity && !self.entries.contains_key(&hash) {
            self.shrink();
        }
        let may_miss = self.cut;
        let entry = self.entries.entry(hash).or_insert_with(|| Entry {
            key: key.to_owned(),
            weight: 0,
            may_miss,
            value: V::default(),
        });
        entry.weight += weight;
        &mut entry.value
    }

    fn shrink(&mut self) {
        let mut weights: Vec<(u64, u64)> = self
            .entries
            .iter()
            .map(|(hash, entry)| (entry.weight, *hash))
            .collect();
        // The hash is part of the order, so that equal weights fall the same way every time.
        let (_, first_kept, _) = weights.select_nth_unstable(self.capacity);
        let first_kept = *first_kept;
        let cut = &mut self.cut;
        self.entries.retain(|hash, entry| {
            let stays = (entry.weight, *hash) >= first_kept;
            if !stays {
                *cut = (*cut).max(entry.weight);
            }
            stays
        });
    }

    /// Every kept key, by key.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Entry<V>> {
        let mut entries: Vec<Entry<V>> = self.entries.into_values().collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        entries
    }

    /// How many keys are kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_while_everything_fits() {
        let mut table = Heaviest::<()>::new(3);
        for key in ["a", "b", "a", "c"] {
            table.add(key, 1);
        }
        let entries = table.into_sorted();
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.weight, entry.may_miss))
            .collect();
        assert_eq!(told, [("a", 2, 0), ("b", 1, 0), ("c", 1, 0)]);
    }

    #[test]
    fn a_heavy_key_survives_any_number_of_light_ones() {
        let mut table = Heaviest::<()>::new(8);
        for number in 0..10_000 {
            table.add(&format!("light-{number}"), 1);
            table.add("heavy", 1);
            assert!(table.len() <= 16, "memory is bounded");
        }
        let entries = table.into_sorted();
        let heavy = entries.iter().find(|entry| entry.key == "heavy");
        assert_eq!(
            heavy.map(|entry| (entry.weight, entry.may_miss)),
            Some((10_000, 0))
        );
    }

    #[test]
    fn a_key_that_comes_back_says_what_it_may_miss() {
        let mut table = Heaviest::<()>::new(2);
        for key in ["a", "b", "b", "c", "c", "d", "d", "e", "a"] {
            table.add(key, 1);
        }
        let entries = table.into_sorted();
        let back = entries.iter().find(|entry| entry.key == "a");
        assert!(back.is_some_and(|entry| entry.weight + entry.may_miss >= 2));
    }
}
