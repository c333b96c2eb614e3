//! A hash of a table's lines in order: tells whether two logs are the same, byte by byte.
//!
//! XXH3 with 128 bits over every line and its newline, as over the table's NDJSON file itself
//! (`xxh128sum`). It guards against accidents, not against somebody who wants two logs to collide.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// The running hash of one table.
#[derive(Clone, Default)]
pub struct TableHash {
    state: Box<Xxh3>,
    rows: u64,
}

impl fmt::Debug for TableHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableHash")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl TableHash {
    /// Takes in the next line, without its newline.
    pub fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.state.update(line);
        self.state.update(b"\n");
    }

    /// Lines so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The hash as 32 hex digits.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:032x}", self.state.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(lines: &[&str]) -> String {
        let mut hash = TableHash::default();
        for line in lines {
            hash.add(line.as_bytes());
        }
        hash.text()
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        // XXH3_128bits of no bytes, as the algorithm's own test vectors give it.
        assert_eq!(hash(&[]), "99aa06d3014798d86001c324468d497f");
        let whole = xxhash_rust::xxh3::xxh3_128(b"{\"a\":1}\n{}\n");
        assert_eq!(hash(&["{\"a\":1}", "{}"]), format!("{whole:032x}"));
    }

    #[test]
    fn order_and_borders_count() {
        let base = hash(&["ab", "cd"]);
        for other in [
            vec!["cd", "ab"],
            vec!["abc", "d"],
            vec!["ab", "cd", ""],
            vec!["ab", "ce"],
            vec!["ab"],
        ] {
            assert_ne!(hash(&other), base, "{other:?}");
        }
    }
}
