//! Row counts and a fingerprint for each table of a stream, from its delivered lines.
//!
//! The fingerprint is SipHash-1-3-128 over every line and its newline, in order: equal
//! fingerprints mean equal files.

use std::hash::Hasher;

use livefire_schema::table::{Schema, TableId};
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

/// What was delivered into one table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TableTally {
    /// Table name.
    pub table: String,
    /// Delivered rows.
    pub rows: u64,
    /// Bytes, newlines included.
    pub bytes: u64,
    /// Fingerprint, 32 hex digits.
    pub hash: String,
}

/// Counts and fingerprints of all tables; memory does not grow with rows.
#[derive(Debug)]
pub struct Tally {
    tables: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    rows: u64,
    bytes: u64,
    hash: SipHasher13,
}

impl Tally {
    /// An empty tally for every table of a schema.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let running = || Running {
            rows: 0,
            bytes: 0,
            hash: SipHasher13::new(),
        };
        Tally {
            tables: schema.iter().map(|_| running()).collect(),
        }
    }

    /// Adds one delivered line, given without its newline.
    pub fn add(&mut self, table: TableId, line: &[u8]) {
        if let Some(running) = self.tables.get_mut(usize::from(table.0)) {
            running.rows += 1;
            running.bytes += u64::try_from(line.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            running.hash.write(line);
            running.hash.write(b"\n");
        }
    }

    /// The tables that have rows, in schema order.
    #[must_use]
    pub fn tables(&self, schema: &Schema) -> Vec<TableTally> {
        let pairs = schema.iter().zip(&self.tables);
        pairs
            .filter(|(_, running)| running.rows > 0)
            .map(|((_, table), running)| TableTally {
                table: table.name.clone(),
                rows: running.rows,
                bytes: running.bytes,
                hash: format!("{:032x}", running.hash.finish128().as_u128()),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_line_borders_count() {
        let schema = Schema::embedded();
        let table = schema.find("ContainerLogV2").expect("is embedded");
        let hash = |lines: &[&str]| {
            let mut tally = Tally::new(&schema);
            lines
                .iter()
                .for_each(|line| tally.add(table, line.as_bytes()));
            tally.tables(&schema)[0].clone()
        };
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        assert_ne!(hash(&["a", "b"]).hash, hash(&["b", "a"]).hash);
        assert_ne!(hash(&["ab", ""]).hash, hash(&["a", "b"]).hash);
        assert_eq!(hash(&["a", "b"]).rows, 2);
    }
}
