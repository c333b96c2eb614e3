//! Which phrases a text contains, in one pass over its bytes.
//!
//! A table of the first two bytes of all phrases rules nearly every position out with one look; the
//! few that are left are compared. Case is folded as Unicode's lower case does.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Longest text looked at, in bytes; a prompt sample is 80 characters.
const LONGEST: usize = 1024;

/// Looks for phrases.
#[derive(Clone, Debug)]
pub struct Matcher {
    phrases: Arc<[String]>,
    /// One bit for each pair of bytes that begins a phrase.
    begins: Box<[u64; 1024]>,
    /// Indices of phrases by their first two bytes.
    by_begin: FxHashMap<[u8; 2], SmallVec<[u16; 4]>>,
}

fn bit(first: u8, second: u8) -> (usize, u64) {
    let pair = usize::from(first) << 8 | usize::from(second);
    (pair >> 6, 1 << (pair & 63))
}

impl Matcher {
    /// For phrases in lower case of at least two bytes each; 65,536 at most.
    #[must_use]
    pub fn new(phrases: &Arc<[String]>) -> Self {
        let mut begins = Box::new([0; 1024]);
        let mut by_begin: FxHashMap<[u8; 2], SmallVec<[u16; 4]>> = FxHashMap::default();
        for (index, phrase) in (0..=u16::MAX).zip(phrases.iter()) {
            if let [first, second, ..] = *phrase.as_bytes() {
                let (word, mask) = bit(first, second);
                begins[word] |= mask;
                by_begin.entry([first, second]).or_default().push(index);
            }
        }
        Matcher {
            phrases: Arc::clone(phrases),
            begins,
            by_begin,
        }
    }

    /// The phrase at an index.
    #[must_use]
    pub fn phrase(&self, index: u16) -> &str {
        self.phrases
            .get(usize::from(index))
            .map_or("", String::as_str)
    }

    /// Indices of the phrases in a text, in order and each once.
    #[must_use]
    pub fn find(&self, text: &str) -> SmallVec<[u16; 4]> {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let mut lower: SmallVec<[u8; 512]> = SmallVec::new();
        if text.is_ascii() {
            lower.extend_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
        } else {
            for character in text.chars().flat_map(char::to_lowercase) {
                lower.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let mut found: SmallVec<[u16; 4]> = SmallVec::new();
        for (start, pair) in lower.windows(2).enumerate() {
            let (word, mask) = bit(pair[0], pair[1]);
            if self.begins[word] & mask == 0 {
                continue;
            }
            let candidates = self.by_begin.get(&[pair[0], pair[1]]);
            for &index in candidates.into_iter().flatten() {
                if lower[start..].starts_with(self.phrase(index).as_bytes()) {
                    found.push(index);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matcher(phrases: &[&str]) -> Matcher {
        let phrases: Vec<String> = phrases.iter().map(|&text| text.to_owned()).collect();
        Matcher::new(&phrases.into())
    }

    #[track_caller]
    fn finds(text: &str, expected: &[&str]) {
        let matcher = matcher(&["dan mode", "grüße", "ignore all", "ignore", "über"]);
        let found = matcher.find(text);
        let found: Vec<&str> = found.iter().map(|&index| matcher.phrase(index)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn phrases_are_found_in_any_case_and_anywhere() {
        finds("", &[]);
        finds("i", &[]);
        finds("Please IGNORE all of it", &["ignore all", "ignore"]);
        finds("enter DAN Mode", &["dan mode"]);
        finds("enter DAN  Mode", &[]);
        finds("ÜBER Grüße", &["grüße", "über"]);
        finds("ignor", &[]);
        finds("ignore ignore", &["ignore"]);
    }

    proptest! {
        #[test]
        fn the_same_phrases_are_found_as_by_looking_for_each(text in "[abAB ]{0,40}") {
            let phrases = ["aba", "ab ", "bb", "aabb", "b a"];
            let expected: Vec<u16> = (0..).zip(phrases)
                .filter(|(_, phrase)| text.to_lowercase().contains(phrase))
                .map(|(index, _)| index)
                .collect();
            prop_assert_eq!(matcher(&phrases).find(&text).to_vec(), expected);
        }
    }
}
