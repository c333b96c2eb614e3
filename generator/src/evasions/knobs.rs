//! Knobs of evasions: read from a scenario, checked against type and range, drawn per campaign.
//!
//! They take the same values as knobs of attack kinds (constants, ranges, choices) and the same
//! checks; only `$names` are refused, as there is nothing that they could stand for.

use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, Span, Spanned};
use livefire_schema::time::TimeSpan;

use super::Evasion;
use crate::kinds::model::{Bounds, Knob};
use crate::kinds::value::{Kind, Literal, Value};
use crate::random::Key;

/// The values of one evasion's knobs, the defaults filled in.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct KnobSet(Vec<(&'static str, Value)>);

impl KnobSet {
    /// Every default of an evasion.
    #[must_use]
    pub fn defaults(evasion: &dyn Evasion) -> Self {
        let knobs = evasion.knobs().into_iter();
        KnobSet(knobs.map(|(name, knob)| (name, knob.default)).collect())
    }

    /// Reads what a scenario sets, which stands at `span`.
    ///
    /// Faults: unknown knobs (with a suggestion), wrong types, values outside a range, `$names`.
    #[must_use]
    pub fn read(
        evasion: &dyn Evasion,
        span: Span,
        entries: &[(Spanned<String>, Node)],
        faults: &Faults,
    ) -> Self {
        let node = Node {
            span,
            value: NodeValue::Map(entries.to_vec()),
        };
        let mut set = KnobSet::defaults(evasion);
        let what = format!("evasion `{}`", evasion.name());
        let Some(mut map) = MapReader::open(&node, what, faults) else {
            return set;
        };
        for (name, knob) in evasion.knobs() {
            let Some(value) = map.take(name).and_then(|node| read_value(node, faults)) else {
                continue;
            };
            if knob.check("", &value, faults) {
                set.put(name, value);
            }
        }
        map.finish();
        set
    }

    /// Sets a knob to a constant, for tests and derived scenarios.
    #[must_use]
    pub fn with(self, name: &'static str, literal: Literal) -> Self {
        self.with_value(name, Value::constant(literal))
    }

    /// Sets a knob to a value that each campaign draws.
    #[must_use]
    pub fn with_value(mut self, name: &'static str, value: Value) -> Self {
        self.put(name, value);
        self
    }

    fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The value of a knob.
    ///
    /// # Panics
    /// If the evasion declares no such knob.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.expect("evasions ask for knobs that they declare").1
    }

    /// A count, drawn once per campaign at the transform's place.
    pub(super) fn count(&self, name: &str, key: Key) -> u64 {
        self.get(name).count(key.named("knob").named(name))
    }

    /// A number, drawn likewise.
    pub(super) fn number(&self, name: &str, key: Key) -> f64 {
        self.get(name).number(key.named("knob").named(name))
    }

    /// A duration, drawn likewise.
    pub(super) fn span(&self, name: &str, key: Key) -> TimeSpan {
        self.get(name).span(key.named("knob").named(name))
    }

    /// A word, drawn likewise.
    pub(super) fn word(&self, name: &str, key: Key) -> std::sync::Arc<str> {
        self.get(name).word(key.named("knob").named(name), 0.0)
    }
}

fn read_value(node: &Node, faults: &Faults) -> Option<Value> {
    let value = Value::read(node, faults)?;
    let mut references = Vec::new();
    value.knobs(&mut references);
    if let Some((name, span)) = references.first() {
        let message = format!("`${name}`: an evasion's knobs take values, not knobs");
        faults.error("LF-A003", *span, message);
        return None;
    }
    Some(value)
}

/// A knob for a whole number.
pub(super) fn integer(default: i64, low: i64, high: i64, help: &str) -> Knob {
    let literal = Literal::Integer;
    ranged(
        literal(default),
        literal(low),
        literal(high),
        Kind::Integer,
        help,
    )
}

/// A knob for a share.
pub(super) fn share(default: f64, low: f64, high: f64, help: &str) -> Knob {
    let literal = Literal::Number;
    ranged(
        literal(default),
        literal(low),
        literal(high),
        Kind::Share,
        help,
    )
}

/// A knob for a duration.
pub(super) fn duration(default: TimeSpan, low: TimeSpan, high: TimeSpan, help: &str) -> Knob {
    let literal = Literal::Span;
    ranged(
        literal(default),
        literal(low),
        literal(high),
        Kind::Duration,
        help,
    )
}

/// A knob for one of some words, the first by default.
pub(super) fn word(words: &[&str], help: &str) -> Knob {
    let literals: Vec<Literal> = words
        .iter()
        .map(|word| Literal::Word((*word).into()))
        .collect();
    let default = literals.first().cloned().unwrap_or(Literal::Flag(false));
    Knob {
        default: Value::constant(default),
        bounds: Bounds::OneOf(literals),
        kind: Kind::Word,
        unit: String::new(),
        help: help.to_owned(),
        is_hidden: false,
    }
}

fn ranged(default: Literal, low: Literal, high: Literal, kind: Kind, help: &str) -> Knob {
    Knob {
        default: Value::constant(default),
        bounds: Bounds::Range(low, high),
        kind,
        unit: String::new(),
        help: help.to_owned(),
        is_hidden: false,
    }
}
