//! How a rule may be changed: one declared value at a time.
//!
//! Only values that decide whether a rule fires: classes, severities and the pause after an alert
//! change neither the campaigns that it catches nor its incidents.

use std::fmt;

use livefire_detector::RuleSet;
use livefire_detector::parameters::{Bounds, Parameters, Value};
use livefire_schema::time::TimeSpan;
use serde::Serialize;

use super::equivalent;

/// Numbers that a rule compares with.
const THRESHOLDS: [&str; 9] = [
    "threshold",
    "floor",
    "factor",
    "requests",
    "distance",
    "distance_km",
    "speed_kmh",
    "confidence",
    "active_days",
];
/// Stretches of time that a rule counts or joins over.
const WINDOWS: [&str; 1] = ["window"];

/// Texts that class an alert and decide nothing.
const CLASSES: [&str; 1] = ["time_zone"];

/// Kind of change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// A number that is compared with.
    Threshold,
    /// A counting or join window.
    Window,
    /// Another grouping key.
    Key,
    /// Events for rows or back.
    Count,
    /// A condition dropped or replaced.
    Filter,
    /// Another input, or other rows of a join's side.
    Side,
}

/// One change of one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Mutation {
    /// The rule.
    pub rule: String,
    /// Its parameter.
    pub parameter: String,
    /// Kind of change.
    pub operator: Operator,
    /// The value as it was.
    pub from: String,
    /// The value put in its place.
    pub value: String,
    /// Why no log can show the change, if none can.
    pub equivalent: Option<&'static str>,
}

/// `R1.threshold 3 → 4`.
impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.value.is_empty() {
            "nothing"
        } else {
            &self.value
        };
        let (rule, parameter) = (&self.rule, &self.parameter);
        write!(f, "{rule}.{parameter} {} → {value}", self.from)
    }
}

/// Every mutation of the selected rules in their default form.
#[must_use]
pub fn mutations(rules: &RuleSet) -> Vec<Mutation> {
    let forms = rules.forms().map(|(_, form)| form);
    let forms = forms.filter(|form| !form.name().contains('@'));
    forms
        .flat_map(|form| of_form(form.name(), form.parameters()))
        .collect()
}

fn of_form(rule: &str, parameters: &Parameters) -> Vec<Mutation> {
    let mut all = Vec::new();
    for (spec, value) in parameters.iter() {
        let (operator, values) = changed(spec.name, &spec.bounds, value);
        for changed in values {
            // A value that the declaration refuses is no rule that anybody could write.
            let fits = spec.parse(&changed);
            if let Some(fits) = fits.ok().filter(|fits| fits != value) {
                all.push(Mutation {
                    equivalent: equivalent::reason(rule, spec.name, &fits, parameters),
                    rule: rule.to_owned(),
                    parameter: spec.name.to_owned(),
                    operator,
                    from: value.to_string(),
                    value: changed,
                });
            }
        }
    }
    all
}

fn changed(name: &str, bounds: &Bounds, value: &Value) -> (Operator, Vec<String>) {
    match (bounds, value) {
        (_, Value::Count(count)) if THRESHOLDS.contains(&name) => {
            let mut values = vec![count.saturating_sub(1), count + 1, count / 2, count * 2];
            values.sort_unstable();
            values.dedup();
            let values = values.iter().map(ToString::to_string);
            (Operator::Threshold, values.collect())
        }
        (_, Value::Ratio(ratio)) if THRESHOLDS.contains(&name) => {
            let values = [ratio / 2.0, ratio * 2.0];
            let values = values.iter().map(ToString::to_string);
            (Operator::Threshold, values.collect())
        }
        (_, Value::Span(span)) if WINDOWS.contains(&name) => {
            let half = TimeSpan::from_ticks(span.ticks() / 2);
            let values = [half, *span * 2];
            let values = values.iter().map(ToString::to_string);
            (Operator::Window, values.collect())
        }
        (Bounds::Words(words), Value::Word(word)) if name != "severity" => {
            let operator = match name {
                "key" => Operator::Key,
                "counts" => Operator::Count,
                "input" | "requests" => Operator::Side,
                _ => Operator::Filter,
            };
            let others = words.iter().filter(|other| *other != word);
            (operator, others.map(ToString::to_string).collect())
        }
        (Bounds::Texts, Value::Texts(texts)) if !texts.is_empty() && !CLASSES.contains(&name) => {
            (Operator::Filter, vec![String::new()])
        }
        _ => (Operator::Filter, Vec::new()),
    }
}
