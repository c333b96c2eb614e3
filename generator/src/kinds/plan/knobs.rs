//! One value for every knob of a campaign, drawn once, each at its own place.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::kinds::kind::{AttackKind, KnobOverrides};
use crate::kinds::model::{Bounds, Knob};
use crate::kinds::value::{Form, Kind, Literal, Value};
use crate::random::Key;

/// Drawn knobs by name.
pub(crate) type KnobValues = FxHashMap<Arc<str>, Literal>;

/// Draws every knob: the scenario's value where it sets one, else the default.
pub(crate) fn draw(kind: &AttackKind, overrides: &KnobOverrides, key: Key) -> KnobValues {
    let mut drawn = KnobValues::default();
    for name in kind.all_knobs().keys() {
        draw_one(name, kind, overrides, key, &mut drawn, 0);
    }
    drawn
}

fn draw_one(
    name: &Arc<str>,
    kind: &AttackKind,
    overrides: &KnobOverrides,
    key: Key,
    drawn: &mut KnobValues,
    depth: u8,
) {
    let Some(knob) = kind.all_knobs().get(name).filter(|_| depth < 8) else {
        return;
    };
    if drawn.contains_key(name) {
        return;
    }
    let set = overrides.0.iter().rev().find(|(set, _)| set == name);
    let value = set.map_or(&knob.default, |(_, value)| value);
    // A hidden knob may stand for one of the caller's.
    let mut needed = Vec::new();
    value.knobs(&mut needed);
    for (other, _) in needed {
        draw_one(other, kind, overrides, key, drawn, depth + 1);
    }
    let literal = match &value.form {
        Form::Knob(other) => drawn.get(other).cloned(),
        _ => Some(value.resolve(drawn).draw(key.named(name), 0.0)),
    };
    let literal = literal.unwrap_or(Literal::Integer(0));
    drawn.insert(Arc::clone(name), fitted(knob, value, literal));
}

/// Rounds counts and keeps distributions inside the knob's range.
fn fitted(knob: &Knob, value: &Value, literal: Literal) -> Literal {
    let literal = match (&knob.bounds, literal.as_number()) {
        (Bounds::Range(low, high), Some(number)) if value.literals().is_empty() => {
            match (low.as_number(), high.as_number()) {
                (Some(least), _) if number < least => low.clone(),
                (_, Some(most)) if number > most => high.clone(),
                _ => literal,
            }
        }
        _ => literal,
    };
    match literal {
        #[expect(clippy::cast_possible_truncation, reason = "knobs are far below 2^53")]
        Literal::Number(number) if knob.kind == Kind::Integer => {
            Literal::Integer(number.round() as i64)
        }
        other => other,
    }
}
