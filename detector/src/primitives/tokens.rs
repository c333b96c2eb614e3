//! What a count counts, and how many distinct ones there are.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::record::Record;

/// The thing of which distinct ones are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    /// Events: a row delivered twice counts once.
    Event,
    /// Delivered rows: duplicates count.
    Row,
    /// The record's `value`.
    Value,
}

impl Token {
    /// The token of a record.
    #[must_use]
    pub fn of(self, record: &Record) -> u64 {
        match self {
            Token::Event => record.event.0,
            Token::Row => {
                let bits = record.item.0 ^ (record.item.0 >> 64);
                u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0)
            }
            Token::Value => record.value,
        }
    }
}

/// A multiset of tokens that knows how many distinct ones it holds; linear while small.
#[derive(Clone, Debug)]
pub enum Tokens {
    /// Few distinct tokens with their multiplicities.
    Few(SmallVec<[(u64, u32); 8]>),
    /// Many.
    Many(FxHashMap<u64, u32>),
}

/// From this many distinct tokens on, a hash map is faster.
const FEW: usize = 24;

impl Default for Tokens {
    fn default() -> Self {
        Tokens::Few(SmallVec::new())
    }
}

impl Tokens {
    /// Distinct tokens held.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Tokens::Few(list) => list.len(),
            Tokens::Many(map) => map.len(),
        }
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one; `true` if it was not held yet.
    pub fn add(&mut self, token: u64) -> bool {
        match self {
            Tokens::Few(list) => {
                if let Some((_, count)) = list.iter_mut().find(|(known, _)| *known == token) {
                    *count += 1;
                    return false;
                }
                list.push((token, 1));
                if list.len() > FEW {
                    *self = Tokens::Many(list.drain(..).collect());
                }
                true
            }
            Tokens::Many(map) => {
                let count = map.entry(token).or_insert(0);
                *count += 1;
                *count == 1
            }
        }
    }

    /// Removes one that was added.
    pub fn remove(&mut self, token: u64) {
        match self {
            Tokens::Few(list) => {
                if let Some(index) = list.iter().position(|(known, _)| *known == token) {
                    list[index].1 -= 1;
                    if list[index].1 == 0 {
                        list.swap_remove(index);
                    }
                }
            }
            Tokens::Many(map) => {
                if let Some(count) = map.get_mut(&token) {
                    *count -= 1;
                    if *count == 0 {
                        map.remove(&token);
                    }
                }
            }
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Tokens::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_tokens_are_counted_with_their_multiplicity_at_any_size() {
        let mut tokens = Tokens::default();
        for token in 0..100 {
            assert!(tokens.add(token));
            assert!(!tokens.add(token));
        }
        assert_eq!(tokens.len(), 100);
        for token in 0..100 {
            tokens.remove(token);
        }
        assert_eq!(tokens.len(), 100);
        for token in 0..100 {
            tokens.remove(token);
        }
        assert!(tokens.is_empty());
    }
}
