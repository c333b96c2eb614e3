//! Texts behind the hashes that records carry, for as long as a rule may still ask.
//!
//! Two generations in arenas of their own: a text that was mentioned within the last `keep` of
//! clock time is found, and memory is that of the texts mentioned within twice that time.

use livefire_schema::ids::hash_text_lower;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use crate::record::TextRef;

/// A text by its [`hash_text_lower`].
#[derive(Debug)]
pub struct Names {
    young: Generation,
    old: Generation,
    turned: EventTime,
    keep: TimeSpan,
}

#[derive(Debug, Default)]
struct Generation {
    places: FxHashMap<u64, TextRef>,
    texts: String,
}

impl Generation {
    fn get(&self, hash: u64) -> Option<&str> {
        self.places.get(&hash).map(|place| place.of(&self.texts))
    }
}

impl Names {
    /// Keeps each text for at least `keep` after its last mention.
    #[must_use]
    pub fn new(keep: TimeSpan) -> Self {
        Names {
            young: Generation::default(),
            old: Generation::default(),
            turned: EventTime::MIN,
            keep,
        }
    }

    /// Mentions a text under its hash.
    pub fn mention(&mut self, hash: u64, text: &str) {
        let young = &mut self.young;
        if let std::collections::hash_map::Entry::Vacant(place) = young.places.entry(hash) {
            place.insert(TextRef::append(&mut young.texts, text));
        }
    }

    /// Mentions a text and gives its hash.
    pub fn add(&mut self, text: &str) -> u64 {
        let hash = hash_text_lower(text);
        self.mention(hash, text);
        hash
    }

    /// The text, as first spelt; `None` for 0 and for what was forgotten.
    #[must_use]
    pub fn get(&self, hash: u64) -> Option<&str> {
        self.young.get(hash).or_else(|| self.old.get(hash))
    }

    /// Forgets what was not mentioned for long.
    pub fn advance(&mut self, clock: EventTime) {
        if self.turned == EventTime::MIN {
            self.turned = clock;
        }
        if clock - self.turned >= self.keep {
            self.old = std::mem::take(&mut self.young);
            self.turned = clock;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_until_twice_the_time_has_passed_without_mention() {
        let at = EventTime::from_unix_seconds;
        let mut names = Names::new(TimeSpan::from_hours(1));
        names.advance(at(0));
        let ada = names.add("Ada");
        assert_eq!(hash_text_lower("ADA"), ada);
        names.advance(at(3600));
        assert_eq!(names.get(ada), Some("Ada"));
        names.advance(at(7200));
        assert_eq!(names.get(ada), None);
    }
}
