//! A hash of a table's lines in order: tells whether two logs are the same, byte by byte.
//!
//! Folded multiplication of 64-bit words, as fast as memory, equal on every platform. It guards
//! against accidents, not against somebody who wants two logs to collide.

const A: u64 = 0x9e37_79b9_7f4a_7c15;
const B: u64 = 0xe703_7ed1_a0b4_28db;
const C: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The running hash of one table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TableHash {
    state: u64,
    rows: u64,
}

impl TableHash {
    /// Takes in the next line, without its newline.
    pub fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.state = fold(self.state ^ hash_line(line), A ^ self.rows);
    }

    /// Lines so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The hash as sixteen hex digits.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:016x}", fold(self.state ^ B, self.rows ^ C))
    }
}

fn hash_line(line: &[u8]) -> u64 {
    // Two lanes, so that the multiplications overlap.
    let (mut left, mut right) = (A ^ line.len() as u64, B);
    let (blocks, rest) = line.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        left = fold(left ^ word(words[0]), C ^ word(words[1]));
        right = fold(right ^ word(words[2]), C ^ word(words[3]));
    }
    let (words, last) = rest.as_chunks::<8>();
    for &bytes in words {
        left = fold(left ^ word(bytes), C);
    }
    if !last.is_empty() {
        let mut padded = [0u8; 8];
        padded[..last.len()].copy_from_slice(last);
        left = fold(left ^ word(padded), C);
    }
    fold(left ^ A, right.rotate_left(17) ^ C)
}

/// Eight bytes, little-endian.
fn word(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

/// Both halves of the 128-bit product, mixed.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let high = u64::try_from(product >> 64).unwrap_or(0);
    let low = u64::try_from(product & u128::from(u64::MAX)).unwrap_or(0);
    high ^ low
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
    fn the_hash_is_stable() {
        let text = hash(&["{\"a\":1}", &"x".repeat(100)]);
        assert_eq!(text, hash(&["{\"a\":1}", &"x".repeat(100)]));
        assert_eq!(text.len(), 16);
    }

    #[test]
    fn order_borders_and_every_byte_count() {
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
        let long: Vec<u8> = vec![7; 200];
        for position in 0..long.len() {
            let mut changed = long.clone();
            changed[position] = 8;
            assert_ne!(hash_line(&changed), hash_line(&long), "{position}");
        }
    }
}
