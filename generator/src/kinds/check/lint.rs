//! What works, but perhaps not as meant: warnings about users' files.
//!
//! Two habits spoil an attack: a count that every member repeats, so that all runs look alike and
//! their sum is a multiple of what was written; and a constant in a column that names somebody or
//! something, which no benign row has, so that a rule needs nothing else to find the attack.

use std::sync::Arc;

use livefire_schema::spec::Span;
use livefire_schema::table::ColumnType;

use super::Context;
use super::benign::BenignValues;
use crate::event::Action;
use crate::kinds::model::{Bounds, Name, PoolBody, Setting, Stage};
use crate::kinds::value::{Form, Literal, Value};

/// Parts of the names of columns that say who or what it was.
const NAMING: [&str; 16] = [
    "id",
    "name",
    "agent",
    "address",
    "ip",
    "user",
    "account",
    "device",
    "host",
    "client",
    "application",
    "resource",
    "computer",
    "principal",
    "session",
    "upn",
];

impl Context<'_> {
    /// Warns about every stage of the file as it is written.
    pub(crate) fn lints(&self) {
        let traps = self.written.traps.values().flat_map(|trap| &trap.stages);
        let stages: Vec<&Stage> = self.written.stages.values().chain(traps).collect();
        let mut constants = Vec::new();
        for stage in stages {
            self.equal_runs(stage);
            constants.extend(self.constants(stage));
        }
        if constants.is_empty() {
            return;
        }
        let benign = BenignValues::sample(self.schema, constants.iter().map(|found| &*found.table));
        for constant in constants {
            self.tell(&constant, &benign);
        }
    }

    /// `count: $knob` under `each` or `days`.
    fn equal_runs(&self, stage: &Stage) {
        let Some((Form::Knob(knob), span)) =
            stage.count.as_ref().map(|count| (&count.form, count.span))
        else {
            return;
        };
        let (what, who) = match (&stage.each, &stage.days) {
            (Some(pool), _) if self.most_members(&pool.value, 0) > 1.0 => {
                (format!("`each: {}`", pool.value), "member")
            }
            (_, Some(_)) => ("`days`".to_owned(), "day"),
            _ => return,
        };
        let message = format!(
            "stage `{}`: `count: ${knob}` under {what} gives every {who} the same number of events, \
             `${knob}` times their number in all; write `count: {{ lognormal: {{ median: ${knob}, \
             sigma: 0.5 }} }}` for runs that differ",
            stage.name
        );
        self.faults.warning("LF-A017", span, message);
    }

    /// How many members a pool can have at default knobs.
    fn most_members(&self, name: &str, depth: u8) -> f64 {
        let most = |count: Option<&Value>| count.map_or(1.0, |count| self.ends(count, 0).1);
        let Some(pool) = self.kind.cast.get(name).filter(|_| depth < 8) else {
            return 1.0;
        };
        match &pool.body {
            PoolBody::Accounts(accounts) if accounts.share.is_some() => f64::INFINITY,
            PoolBody::Accounts(accounts) => most(accounts.count.as_ref()),
            PoolBody::Addresses(addresses) if addresses.per_account.is_some() => f64::INFINITY,
            PoolBody::Addresses(addresses) => most(addresses.count.as_ref()),
            PoolBody::Things(things) => most(things.count.as_ref()),
            PoolBody::Texts(_) => 1.0,
            PoolBody::Subset { of, count: None } => self.most_members(&of.value, depth + 1),
            PoolBody::Subset { count, .. } => most(count.as_ref()),
        }
    }

    /// The fields of a stage that have one value for all of a campaign's rows.
    fn constants(&self, stage: &Stage) -> Vec<Constant> {
        let action = self.inlined(stage).and_then(|stage| stage.action);
        let found = stage.set.iter().filter_map(|(field, setting)| {
            let Setting::Value(value) = setting else {
                return None;
            };
            let (table, column) = self.column_of(field, action)?;
            let values = self.shared_values(value);
            (!values.is_empty()).then(|| Constant {
                table,
                column,
                field: field.value.clone(),
                span: value.span,
                values,
            })
        });
        found.collect()
    }

    /// The column that names somebody or something, if a field sets one.
    fn column_of(&self, field: &Name, action: Option<Action>) -> Option<(String, String)> {
        let named = |table: &str, column: &str| Some((table.to_owned(), column.to_owned()));
        match (&*field.value, action) {
            ("tool", _) => named("ContainerLogV2", "LogMessage.tool_name"),
            ("client", Some(Action::SignIn)) => named("SigninLogs", "UserAgent"),
            ("client", Some(Action::Change)) => named("CloudAppEvents", "UserAgent"),
            (path, _) => {
                let (table, column) = path.split_once('.')?;
                let found = self.schema.table(self.schema.find(table)?).column(column)?;
                let lower = column.to_lowercase();
                let is_naming = NAMING.iter().any(|part| lower.contains(part));
                (is_naming && found.kind == ColumnType::String)
                    .then(|| (table.to_owned(), column.to_owned()))
            }
        }
    }

    /// What a constant is, or a knob may be: one for the whole campaign.
    fn shared_values(&self, value: &Value) -> Vec<String> {
        let literals: Vec<&Literal> = match &value.form {
            Form::Constant(literal) => vec![literal],
            Form::Knob(name) => match self.kind.knobs.get(name) {
                Some(knob) => match &knob.bounds {
                    Bounds::OneOf(list) => list.iter().collect(),
                    _ => knob.default.literals(),
                },
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        literals.into_iter().map(Literal::show).collect()
    }

    fn tell(&self, constant: &Constant, benign: &BenignValues) {
        let Some(known) = benign.of(&constant.table, &constant.column) else {
            return;
        };
        if constant.values.iter().any(|value| known.contains(value)) {
            return;
        }
        let example = known.iter().find(|value| !value.is_empty());
        let instead = example.map_or_else(
            || "leave it out".to_owned(),
            |example| format!("write one that they have, such as `{example}`, or leave it out"),
        );
        let message = format!(
            "`{}: {}` is a tell: all rows of the campaign share it, and no benign row of {} has it \
             in {}; {instead}",
            constant.field,
            constant.values.join(" or "),
            constant.table,
            constant.column
        );
        self.faults.warning("LF-A018", constant.span, message);
    }
}

/// A field with one value for all of a campaign's rows.
struct Constant {
    table: String,
    column: String,
    field: Arc<str>,
    span: Span,
    /// The value, or what it may be.
    values: Vec<String>,
}
