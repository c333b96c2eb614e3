//! Which tables do a kind's campaigns write, and are they the ones that it lists?

use std::collections::BTreeSet;
use std::fmt;

use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::plan::CampaignPlan;
use livefire_generator::recipes::Recipes;

/// A table whose listing and rows disagree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TableFault {
    /// Listed, but no campaign wrote it.
    Unwritten(String),
    /// Written, but not listed.
    Unlisted(String),
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableFault::Unwritten(table) => write!(f, "no campaign wrote {table}, which is listed"),
            TableFault::Unlisted(table) => write!(f, "{table} was written and is not listed"),
        }
    }
}

/// Tables of a plan's rows, with the number of rows.
pub(super) fn written(plan: &CampaignPlan, recipes: &Recipes) -> (BTreeSet<String>, usize) {
    let mut tables = BTreeSet::new();
    let mut count = 0;
    for event in &plan.events {
        for row in recipes.rows(event) {
            if let Some(table) = recipes.table(row, event) {
                tables.insert(recipes.schema().table(table).name.clone());
                count += 1;
            }
        }
    }
    (tables, count)
}

/// Compares what a kind lists with what its campaigns wrote together.
#[must_use]
pub fn unwritten_tables(kind: &AttackKind, written: &BTreeSet<String>) -> Vec<TableFault> {
    let listed: BTreeSet<String> = kind.tables().into_iter().collect();
    let missing = listed.difference(written).cloned();
    let extra = written.difference(&listed).cloned();
    let missing = missing.map(TableFault::Unwritten);
    missing.chain(extra.map(TableFault::Unlisted)).collect()
}
