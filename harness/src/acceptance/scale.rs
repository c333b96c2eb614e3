//! Knobs that keep a run small: whole numbers of things are scaled down together.

use livefire_generator::kinds::model::Bounds;
use livefire_generator::kinds::value::{Kind, Literal};
use livefire_generator::kinds::{AttackKind, KnobOverrides};
use livefire_schema::spec::{Faults, Node, NodeValue, Spanned, parse};

/// Rows that one campaign may write in a derived log.
pub(super) const MOST_ROWS: usize = 2000;
/// Numbers below this are the kind's shape, not its size.
const LEAST: i64 = 12;

/// Knob values as a scenario writes them, for a size that is `factor` of the default one; empty
/// for 1.
pub(super) fn entries(kind: &AttackKind, factor: f64) -> Vec<(Spanned<String>, Node)> {
    let mut text = String::new();
    for (name, knob) in kind.knobs().filter(|_| factor < 1.0) {
        if knob.kind != Kind::Integer {
            continue;
        }
        let least = match &knob.bounds {
            Bounds::Range(Literal::Integer(least), _) => *least,
            _ => 0,
        };
        let literals = knob.default.literals();
        let scaled: Vec<String> = literals
            .iter()
            .filter_map(|literal| literal.as_number())
            .map(|number| shrunk(number, factor, least).to_string())
            .collect();
        let largest = literals.iter().filter_map(|literal| literal.as_number());
        let is_size = largest.fold(0.0, f64::max) > 20.0;
        if is_size && !scaled.is_empty() {
            text.push_str(&format!("{name}: {}\n", scaled.join("..")));
        }
    }
    if text.is_empty() {
        return Vec::new();
    }
    let faults = Faults::new("acceptance");
    match parse(text.as_bytes(), &faults).map(|node| node.value) {
        Some(NodeValue::Map(entries)) => entries,
        _ => Vec::new(),
    }
}

/// The same as overrides; values outside a knob's range were not made.
pub(super) fn overrides(kind: &AttackKind, entries: &[(Spanned<String>, Node)]) -> KnobOverrides {
    kind.overrides(entries, &Faults::new("acceptance"))
}

#[expect(clippy::cast_possible_truncation, reason = "knobs are far below 2^53")]
fn shrunk(number: f64, factor: f64, least: i64) -> i64 {
    let whole = number.round() as i64;
    let smaller = (number * factor).round() as i64;
    smaller.max(least).max(LEAST).min(whole)
}
