//! Types, knobs, weights and outcomes of values.

use livefire_schema::spec::or_list;
use livefire_schema::table::{Column, ColumnType};

use super::{Context, outcome_of};
use crate::event::Action;
use crate::kinds::model::{Bounds, KEEP, Knob, Name, Pool, Setting, Stage};
use crate::kinds::place::{self, Place};
use crate::kinds::value::{Form, Kind, Literal, Value, Weight};
use crate::kinds::{visit, vocabulary};

impl Context<'_> {
    /// Checks the values of a pool and the words that they may hold.
    pub(crate) fn pool(&self, pool: &Pool) {
        use crate::kinds::model::PoolBody as B;
        let mut copy = pool.clone();
        visit::pool_values(&mut copy, &mut |value, place| self.value(value, place));
        visit::pool_pools(&mut copy, &mut |name, place| self.pool_name(name, place));
        let mutations: Vec<&str> = vocabulary::mutations().iter().map(String::as_str).collect();
        match &pool.body {
            B::Addresses(addresses) => {
                self.words(
                    addresses.country.as_ref(),
                    "country",
                    &["same", "other", "any"],
                );
            }
            B::Texts(texts) => {
                self.words(texts.mutate.as_ref(), "mutation", &mutations);
                let orders = ["random", "sequential", "shuffled"];
                self.words(texts.order.as_ref(), "order", &orders);
            }
            _ => {}
        }
        self.guard(&pool.when);
    }

    /// Checks that every word of a value is known.
    pub(crate) fn words(&self, value: Option<&Value>, what: &str, known: &[&str]) {
        let Some(value) = value else { return };
        for literal in self.all_literals(value) {
            let word = literal.show();
            if !known.contains(&word.as_str()) {
                let end = or_list(&word, "known", known.iter().copied());
                let message = format!("unknown {what} `{word}`{end}");
                self.faults.error("LF-Y007", value.span, message);
            }
        }
    }

    /// The literals of a value, those of its knob's range included.
    fn all_literals<'a>(&'a self, value: &'a Value) -> Vec<&'a Literal> {
        match &value.form {
            Form::Knob(name) => match self.kind.knobs.get(name) {
                Some(Knob {
                    bounds: Bounds::OneOf(list),
                    ..
                }) => list.iter().collect(),
                _ => Vec::new(),
            },
            _ => value.literals(),
        }
    }

    /// Checks the values of a written stage.
    pub(crate) fn stage_values(&self, written: &Stage) {
        let mut copy = written.clone();
        copy.scale.clear();
        visit::stage_values(&mut copy, &mut |value, place| self.value(value, place));
        for (_, value) in written.using.iter().flat_map(|using| &using.knobs) {
            let mut knobs = Vec::new();
            value.knobs(&mut knobs);
            for (name, span) in knobs {
                self.knob(&Name::new(name.clone(), span));
            }
        }
        let action = self.inlined(written).and_then(|stage| stage.action);
        if let Some(action) = action {
            self.outcomes(written, action);
        }
        if let (Some(_), Some(outcomes)) = (&written.alter, &written.outcomes) {
            let mut words: Vec<&str> = vocabulary::outcomes(Action::Request)
                .iter()
                .map(|o| o.name())
                .collect();
            words.push(KEEP);
            self.words(Some(outcomes), "outcome", &words);
        }
        let styles = ["none", "sdk", "at_once", "human"];
        self.words(written.retry.as_ref(), "retry", &styles);
        for (field, setting) in &written.set {
            self.field(field, setting, action, written.alter.is_some());
        }
        self.guard(&written.when);
        for alert in written.alerts.iter().flatten() {
            self.guard(&alert.when);
            if let (Some(outcome), Some(action)) = (alert.outcome, action) {
                outcome_of(outcome.name(), action, alert.kind.span, self.faults);
            }
        }
    }

    fn outcomes(&self, written: &Stage, action: Action) {
        if let Some(value) = &written.outcomes {
            for literal in self.all_literals(value) {
                outcome_of(&literal.show(), action, value.span, self.faults);
            }
        }
        use crate::kinds::model::Until;
        let until = match &written.until {
            Some(Until::Outcome(outcome)) => Some(*outcome),
            _ => None,
        };
        for outcome in [written.first, written.last, until].into_iter().flatten() {
            outcome_of(outcome.name(), action, written.span, self.faults);
        }
    }

    /// Checks one value against its place.
    pub(crate) fn value(&self, value: &Value, place: Place) {
        place::check(value, place, "", self.faults, &mut |name, place| {
            self.knob_in(name, place);
        });
        if let Form::Choice(choices) = &value.form {
            self.weights(value, choices);
        }
    }

    /// Finds a knob by name, a fault if there is none.
    pub(crate) fn knob(&self, name: &Name) -> Option<&Knob> {
        let knob = self.kind.knobs.get(&name.value);
        if knob.is_none() {
            let open = self.written.knobs.keys().map(AsRef::as_ref);
            let known: Vec<&str> = open.collect();
            let end = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("knobs: {}", known.join(", "))
            };
            let near = livefire_schema::spec::did_you_mean(&name.value, known);
            let near = near.map_or(String::new(), |near| format!(" (did you mean `${near}`?)"));
            let message = format!("`${}` is no knob of this file; {end}{near}", name.value);
            self.faults.error("LF-A003", name.span, message);
        }
        knob
    }

    fn knob_in(&self, name: &Name, place: Place) {
        let Some(knob) = self.knob(name) else { return };
        let is_good = match place.kind {
            Kind::Integer => matches!(knob.kind, Kind::Integer | Kind::Number),
            Kind::Number => matches!(knob.kind, Kind::Integer | Kind::Number | Kind::Share),
            Kind::Share => {
                let inside = |literal: &Literal| Kind::Share.takes(literal);
                match &knob.bounds {
                    Bounds::Range(low, high) => inside(low) && inside(high),
                    _ => knob.kind == Kind::Share,
                }
            }
            Kind::Word => matches!(knob.kind, Kind::Word | Kind::Flag),
            kind => knob.kind == kind,
        };
        if !is_good {
            let message = format!(
                "knob `${}` is of type {}; here a {} is needed",
                name.value,
                knob.kind.name(),
                place.kind.name()
            );
            self.faults.error("LF-A003", name.span, message);
            return;
        }
        if let Bounds::Range(low, high) = &knob.bounds {
            let is_inside = |end: &Literal| end.as_number().is_none_or(|end| place.holds(end));
            if !(is_inside(low) && is_inside(high)) {
                let (low, high) = (low.show(), high.show());
                let lead = format!("the range {low}..{high} of knob ");
                let message = place::outside(&lead, &format!("`${}`", name.value), place);
                self.faults.error("LF-Y006", name.span, message);
            }
        }
    }

    /// Checks the sum of weights at both ends of every weight, knobs at their defaults.
    fn weights(&self, value: &Value, choices: &[(Literal, Weight)]) {
        let ends = |weight: &Weight| match weight {
            Weight::Fixed(value) => self.ends(value, 0),
            Weight::Ramp(from, to) => (from.min(*to), from.max(*to)),
            Weight::Rest => (0.0, 0.0),
        };
        let (low, high) = choices
            .iter()
            .map(|(_, weight)| ends(weight))
            .fold((0.0, 0.0), |(low, high), (least, most)| {
                (low + least, high + most)
            });
        let has_rest = choices.iter().any(|(_, weight)| *weight == Weight::Rest);
        let message = if has_rest && high > 1.0 + 1e-9 {
            format!(
                "weights add up to {} at default knobs; with `rest` they must stay at or below 1",
                rounded(high)
            )
        } else if !has_rest && (low < 1.0 - 1e-6 || high > 1.0 + 1e-6) {
            let sum = if low < 1.0 - 1e-6 { low } else { high };
            format!(
                "weights add up to {} at default knobs; make them 1 or give one of them `rest`",
                rounded(sum)
            )
        } else {
            return;
        };
        self.faults.error("LF-A004", value.span, message);
    }

    /// Least and greatest number that a value can give, knobs at their defaults.
    pub(crate) fn ends(&self, value: &Value, depth: u8) -> (f64, f64) {
        match &value.form {
            Form::Knob(name) => match self.kind.knobs.get(name).filter(|_| depth < 8) {
                Some(knob) => self.ends(&knob.default, depth + 1),
                None => (0.0, 0.0),
            },
            _ => value
                .literals()
                .iter()
                .filter_map(|literal| literal.as_number())
                .fold(None, |ends: Option<(f64, f64)>, number| match ends {
                    Some((low, high)) => Some((low.min(number), high.max(number))),
                    None => Some((number, number)),
                })
                .unwrap_or((0.0, 0.0)),
        }
    }

    fn field(&self, field: &Name, setting: &Setting, action: Option<Action>, is_alter: bool) {
        if let Some((table, column)) = field.value.split_once('.') {
            self.column(field, table, column, setting);
            return;
        }
        let plain = vocabulary::FIELDS.iter().map(|(name, _)| *name);
        let known: Vec<&str> = plain
            .chain(vocabulary::POOL_FIELDS.iter().copied())
            .collect();
        if !known.contains(&&*field.value) {
            let end = or_list(&field.value, "fields", known);
            let message = format!(
                "`set` has no field `{}`{end} (columns: `Table.Column`)",
                field.value
            );
            self.faults.error("LF-A014", field.span, message);
            return;
        }
        let is_alters = ["address", "deployment", "prompts"].contains(&&*field.value);
        if is_alters && !is_alter && action.is_some() {
            let instead = match &*field.value {
                "address" => "from",
                other => other,
            };
            let message = format!(
                "`set: {}` is for `alter`; here write `{instead}:`",
                field.value
            );
            self.faults.error("LF-A014", field.span, message);
        }
        if let (Setting::Value(value), "mutate") = (setting, &*field.value) {
            let known: Vec<&str> = vocabulary::mutations().iter().map(String::as_str).collect();
            self.words(Some(value), "mutation", &known);
        }
    }

    fn column(&self, field: &Name, table: &str, column: &str, setting: &Setting) {
        let Some(id) = self.schema.find(table) else {
            let names: Vec<&str> = self.schema.iter().map(|(_, t)| t.name.as_str()).collect();
            let end = or_list(table, "tables", names);
            let message = format!("no table `{table}`{end}");
            self.faults.error("LF-A014", field.span, message);
            return;
        };
        let Setting::Value(value) = setting else {
            return;
        };
        let table = self.schema.table(id);
        let Some(found) = table.column(column) else {
            let names = table.columns.iter().map(|column| column.name.as_str());
            let near = livefire_schema::spec::did_you_mean(column, names);
            let near_column = near.and_then(|near| table.column(near));
            let hint = near_column.map_or(String::new(), |near| {
                let advice = advice(near, value);
                format!("; did you mean `{}`?{advice}", near.name)
            });
            let message = format!("{} has no column `{column}`{hint}", table.name);
            self.faults.error("LF-A014", field.span, message);
            return;
        };
        for literal in self.all_literals(value) {
            if !column_takes(found.kind, literal) {
                let message = format!(
                    "{}.{column} is {}{}",
                    table.name,
                    type_name(found.kind),
                    advice(found, value)
                );
                self.faults.error("LF-A014", value.span, message);
            }
        }
    }
}

fn rounded(sum: f64) -> f64 {
    (sum * 1e6).round() / 1e6
}

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::String => "string",
        ColumnType::Datetime => "datetime",
        ColumnType::Dynamic => "dynamic",
        ColumnType::Bool => "bool",
        ColumnType::Int => "int",
        ColumnType::Long => "long",
        ColumnType::Real => "real",
        ColumnType::Guid => "guid",
    }
}

fn advice(column: &Column, value: &Value) -> String {
    let literal = value.literals().first().map(|literal| literal.show());
    match (column.kind, literal) {
        (ColumnType::String, Some(literal)) => format!(" (string, so write \"{literal}\")"),
        (kind, _) => format!(" ({})", type_name(kind)),
    }
}

fn column_takes(kind: ColumnType, literal: &Literal) -> bool {
    match kind {
        ColumnType::String => matches!(literal, Literal::Word(_)),
        ColumnType::Guid | ColumnType::Datetime => matches!(literal, Literal::Word(_)),
        ColumnType::Bool => matches!(literal, Literal::Flag(_)),
        ColumnType::Int | ColumnType::Long => matches!(literal, Literal::Integer(_)),
        ColumnType::Real => matches!(literal, Literal::Integer(_) | Literal::Number(_)),
        ColumnType::Dynamic => true,
    }
}
