//! Does a field that should carry no signal give the label away?
//!
//! Nuisance fields (ids, sub-second digits, order, delays, padding, casing, which pod served) are
//! compared between rows with `caused_by` and rows without. The unit is a *distinct* value, so that
//! one campaign's many rows count once; only the scored interval counts; logs of several seeds are
//! pooled. Beside the single fields, a logistic regression over all of them together must stay at
//! chance on rows that it was not fitted on. The statistic is `scorer`'s.

mod fields;
mod gather;
mod model;
mod report;
mod scenario;

#[cfg(test)]
mod tests;

use livefire_labels::{Batch, EventSource, SourceError};
use livefire_schema::table::Schema;
use livefire_scorer::evaluator::leak::LeakAudit;
use serde::Serialize;

use fields::Reader;
use gather::{Gathered, Seed};

pub use report::page;
pub use scenario::every_kind;

/// Level of the whole table.
const ALPHA: f64 = 0.01;
/// Distinct values a class that the audit wants.
const WANTED: usize = 5000;

/// One field, or one model over all fields of a table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Table and field, `SigninLogs Id, first digits`.
    pub field: String,
    /// Distinct values of rows that a campaign caused.
    pub attack: usize,
    /// Distinct values of other rows.
    pub benign: usize,
    /// What the values show.
    pub audit: LeakAudit,
}

impl Line {
    /// Whether both classes have as many values as the audit wants.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.attack.min(self.benign) >= WANTED
    }
}

/// All fields, and the models.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Table {
    /// Logs pooled.
    pub logs: u64,
    /// Single fields by name.
    pub fields: Vec<Line>,
    /// One model a table, over all its fields together.
    pub models: Vec<Line>,
}

impl Table {
    /// Fields and models that give the label away.
    pub fn leaks(&self) -> impl Iterator<Item = &Line> {
        self.fields
            .iter()
            .chain(&self.models)
            .filter(|line| line.audit.leak)
    }
}

/// Pools logs and audits them.
#[derive(Debug)]
pub struct Auditor<'a> {
    reader: Reader<'a>,
    gathered: Gathered,
    logs: u64,
}

impl<'a> Auditor<'a> {
    /// An auditor of logs of these tables.
    #[must_use]
    pub fn new(schema: &'a Schema) -> Self {
        Auditor {
            reader: Reader::new(schema),
            gathered: Gathered::default(),
            logs: 0,
        }
    }

    /// Adds a log, read to its end.
    ///
    /// # Errors
    /// [`SourceError`] where the source cannot go on.
    pub fn add(&mut self, source: &mut dyn EventSource) -> Result<(), SourceError> {
        let scored = source.extent().scored;
        let mut seed = Seed::new(self.logs);
        let mut batch = Batch::default();
        while source.next_batch(&mut batch)? {
            for row in &batch.rows {
                if row.malformed || !scored.contains(row.time) {
                    continue;
                }
                let groups = source.groups();
                let group = row.group.and_then(|index| usize::try_from(index.0).ok());
                let group = group.and_then(|index| groups.get(index));
                let campaign = group.and_then(|group| group.caused_by);
                if let Some(facts) = self.reader.read(batch.line(row), row) {
                    seed.push(facts, row, campaign.map(|campaign| campaign.0));
                }
            }
        }
        self.logs += 1;
        self.gathered.take(seed);
        Ok(())
    }

    /// The table of all logs together.
    #[must_use]
    pub fn finish(self) -> Table {
        let (fields, models) = self.gathered.lines(ALPHA);
        Table {
            logs: self.logs,
            fields,
            models,
        }
    }
}
