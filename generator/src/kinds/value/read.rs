//! Reading of values from nodes.

use std::sync::Arc;

use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, Spanned};

use super::{DayWindow, Form, Literal, Value, Weight};

impl Value {
    /// Reads any form of value; a fault and `None` if it is none.
    #[must_use]
    pub fn read(node: &Node, faults: &Faults) -> Option<Value> {
        let form = match &node.value {
            NodeValue::Null => {
                node.expected("a value", faults);
                return None;
            }
            NodeValue::Scalar { text, quoted } => scalar_form(text, *quoted),
            NodeValue::List(items) => list_form(node, items, faults)?,
            NodeValue::Map(entries) => match entries.first().map(|(key, _)| key.value.as_str()) {
                Some(name @ ("lognormal" | "gamma" | "exponential")) if entries.len() == 1 => {
                    distribution(name, &entries[0].1, faults)?
                }
                Some(_) => choice_form(entries, faults)?,
                None => {
                    node.expected("a choice like {a: 0.6, b: rest}", faults);
                    return None;
                }
            },
        };
        Some(Value {
            form,
            span: node.span,
        })
    }
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

fn scalar_form(text: &str, quoted: bool) -> Form {
    if let Some(name) = text.strip_prefix('$').filter(|_| !quoted) {
        return Form::Knob(Arc::from(name));
    }
    if !quoted && let Some((low, high)) = text.split_once("..") {
        if let (Some(from), Some(to)) = (minute_of_day(low), minute_of_day(high)) {
            return Form::Constant(Literal::Window(DayWindow { from, to }));
        }
        let ends = (
            Literal::read(low.trim(), false),
            Literal::read(high.trim(), false),
        );
        let uniform = match ends {
            (Literal::Integer(low), Literal::Number(high)) => {
                let low = Literal::Integer(low).as_number().unwrap_or(0.0);
                Some((Literal::Number(low), Literal::Number(high)))
            }
            (Literal::Number(low), Literal::Integer(high)) => {
                let high = Literal::Integer(high).as_number().unwrap_or(0.0);
                Some((Literal::Number(low), Literal::Number(high)))
            }
            ends @ ((Literal::Integer(_), Literal::Integer(_))
            | (Literal::Number(_), Literal::Number(_))
            | (Literal::Span(_), Literal::Span(_))) => Some(ends),
            _ => None,
        };
        if let Some((low, high)) = uniform {
            return Form::Uniform(low, high);
        }
    }
    Form::Constant(Literal::read(text, quoted))
}

fn list_form(node: &Node, items: &[Node], faults: &Faults) -> Option<Form> {
    if items.is_empty() {
        node.expected("at least one value", faults);
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    let share = Literal::Number(1.0 / items.len() as f64);
    let mut choices = Vec::with_capacity(items.len());
    for item in items {
        let NodeValue::Scalar { text, quoted } = &item.value else {
            item.expected("a plain value", faults);
            return None;
        };
        let weight = Weight::Fixed(Value::constant(share.clone()));
        choices.push((Literal::read(text, *quoted), weight));
    }
    Some(Form::Choice(choices))
}

fn choice_form(entries: &[(Spanned<String>, Node)], faults: &Faults) -> Option<Form> {
    let mut choices = Vec::with_capacity(entries.len());
    let mut rests = 0;
    for (key, node) in entries {
        let weight = match node.scalar() {
            Some("rest") => {
                rests += 1;
                Weight::Rest
            }
            Some(_) => Weight::Fixed(Value::read(node, faults)?),
            None => ramp(node, faults)?,
        };
        choices.push((Literal::read(&key.value, false), weight));
        if rests > 1 {
            faults.error(
                "LF-A004",
                node.span,
                "`rest` is written twice; once is enough",
            );
            return None;
        }
    }
    Some(Form::Choice(choices))
}

fn ramp(node: &Node, faults: &Faults) -> Option<Weight> {
    let what = "a weight {from: 0.1, to: 0.8}";
    let mut map = MapReader::open(node, what, faults)?;
    let from = map
        .require("from", "0.1")
        .and_then(|node| node.share(faults));
    let to = map.require("to", "0.8").and_then(|node| node.share(faults));
    map.finish();
    Some(Weight::Ramp(from?.value, to?.value))
}

fn distribution(name: &str, node: &Node, faults: &Faults) -> Option<Form> {
    let mut map = MapReader::open(node, name, faults)?;
    let mut part = |key: &'static str, example: &str| {
        let node = map.require(key, example)?;
        Value::read(node, faults).map(Box::new)
    };
    let form = match name {
        "lognormal" => (part("median", "60s"), part("sigma", "1.0")),
        "gamma" => (part("mean", "2s"), part("cv", "0.4")),
        _ => (part("mean", "60s"), None),
    };
    let cut = map.take("cut").and_then(|node| Value::read(node, faults));
    let cut = cut.map(Box::new);
    map.finish();
    Some(match name {
        "lognormal" => Form::Lognormal {
            median: form.0?,
            sigma: form.1?,
            cut,
        },
        "gamma" => Form::Gamma {
            mean: form.0?,
            cv: form.1?,
            cut,
        },
        _ => Form::Exponential { mean: form.0?, cut },
    })
}
