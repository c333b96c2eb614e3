//! Whether the fields that rules read are there at all: a log whose lines have another form gives
//! no alerts, and nobody would know why.
//!
//! The first rows of every source are looked at once more. A field that none of them has, or that
//! is never text where rules compare text, is a [`Gap`].

use std::collections::BTreeMap;

use livefire_schema::row::{Row, Slot, Value};
use livefire_schema::table::{Schema, TableId};

use crate::projector::Projector;
use crate::ruleset::RuleSet;

/// Rows of each source that are looked at.
pub const LOOKED_AT: u64 = 1_000;

/// How often the fields of each table were filled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    tables: BTreeMap<TableId, Tally>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Tally {
    rows: u64,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Field {
    filled: u64,
    text: u64,
    /// What stood there last that was no text.
    other: &'static str,
}

/// What some rules read of a table and no row has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The table's name.
    pub table: String,
    /// How many of its rows were looked at.
    pub rows: u64,
    /// The field's path, e.g. `LogMessage.end_user_id`.
    pub path: String,
    /// What stands there instead of text; `None` if nothing does.
    pub found: Option<&'static str>,
    /// The rule forms that read it.
    pub rules: Vec<String>,
}

/// What a census found missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gaps {
    /// Fields, by table and path.
    pub fields: Vec<Gap>,
    /// No rule has a single field that it reads: nothing can be detected.
    pub is_total: bool,
}

impl Census {
    /// Counts the fields of one row.
    pub(crate) fn look(&mut self, table: TableId, row: &Row<'_>, slots: &[Slot]) {
        let tally = self.tables.entry(table).or_default();
        tally.rows += 1;
        tally.fields.resize(slots.len(), Field::default());
        for (field, &slot) in tally.fields.iter_mut().zip(slots) {
            let other = match row.value(slot) {
                Value::Null => continue,
                Value::Text(text) if text.is_empty() => continue,
                Value::Text(_) => "",
                Value::Bool(_) => "true or false",
                Value::Int(_) | Value::Real(_) => "a number",
                Value::Json(_) => "an object or array",
            };
            field.filled += 1;
            if other.is_empty() {
                field.text += 1;
            } else {
                field.other = other;
            }
        }
    }

    /// What is missing of what the rules read.
    ///
    /// Fields that rules compare as text are told one by one, others only if the rule finds none
    /// of all that it reads of the table.
    #[must_use]
    pub fn gaps(&self, projector: &Projector, rules: &RuleSet, schema: &Schema) -> Gaps {
        let mut found: BTreeMap<(TableId, usize), Vec<String>> = BTreeMap::new();
        let mut is_total = !self.tables.is_empty();
        for (index, form) in rules.forms() {
            for (&table, tally) in &self.tables {
                let asked: Vec<_> = projector.asked(table, index).collect();
                let is_empty = |position: usize| tally.fields[position].filled == 0;
                let is_blind = asked.iter().all(|&(position, _)| is_empty(position));
                is_total &= is_blind;
                for (position, is_text) in asked {
                    let field = tally.fields[position];
                    let is_missing = field.filled == 0 && (is_text || is_blind);
                    if is_missing || (is_text && field.text == 0) {
                        let rules = found.entry((table, position)).or_default();
                        rules.push(form.name().to_string());
                    }
                }
            }
        }
        let fields = found.into_iter().map(|((table, position), rules)| {
            let tally = &self.tables[&table];
            let other = tally.fields[position].other;
            Gap {
                table: schema.table(table).name.clone(),
                rows: tally.rows,
                path: projector.path(table, position).to_owned(),
                found: (!other.is_empty()).then_some(other),
                rules,
            }
        });
        Gaps {
            fields: fields.collect(),
            is_total,
        }
    }
}
