//! Row counts and a fingerprint for each table of a stream, from its delivered lines.
//!
//! The fingerprint is the one of a written log's manifest ([`TableHash`]): a run and a log folder
//! with equal fingerprints hold the same lines in the same order.

use livefire_generator::write::TableHash;
use livefire_schema::table::{Schema, TableId};
use serde::{Deserialize, Serialize};

/// What was delivered into one table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TableTally {
    /// Table name.
    pub table: String,
    /// Delivered rows.
    pub rows: u64,
    /// Bytes, newlines included.
    pub bytes: u64,
    /// Fingerprint, in hex digits.
    pub hash: String,
}

/// Counts and fingerprints of all tables; memory does not grow with rows.
#[derive(Debug)]
pub struct Tally {
    /// Bytes, newlines included, and hash, in schema order.
    tables: Vec<(u64, TableHash)>,
}

impl Tally {
    /// An empty tally for every table of a schema.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let tables = schema.iter().map(|_| (0, TableHash::default()));
        Tally {
            tables: tables.collect(),
        }
    }

    /// Adds one delivered line, given without its newline.
    pub fn add(&mut self, table: TableId, line: &[u8]) {
        if let Some((bytes, hash)) = self.tables.get_mut(usize::from(table.0)) {
            *bytes += line.len() as u64 + 1;
            hash.add(line);
        }
    }

    /// The tables that have rows, in schema order.
    #[must_use]
    pub fn tables(&self, schema: &Schema) -> Vec<TableTally> {
        let pairs = schema.iter().zip(&self.tables);
        pairs
            .filter(|(_, (_, hash))| hash.rows() > 0)
            .map(|((_, table), (bytes, hash))| TableTally {
                table: table.name.clone(),
                rows: hash.rows(),
                bytes: *bytes,
                hash: hash.text(),
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
