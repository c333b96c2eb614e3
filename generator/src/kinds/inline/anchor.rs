//! What `after:` and `before:` name: a stage, one of its events, an outcome.

use std::sync::Arc;

use livefire_schema::spec::{Faults, Spanned, or_list};

use crate::kinds::check::outcome_of;
use crate::kinds::model::{Anchor, Name, Pick, Stage};
use crate::kinds::read::KindSpec;

/// Resolves what `after:` and `before:` name, now that all stages are there.
pub(crate) fn resolve_anchors(spec: &mut KindSpec, faults: &Faults) {
    let main: Vec<(Arc<str>, Stage)> = spec
        .stages
        .iter()
        .map(|(name, stage)| (Arc::clone(name), stage.clone()))
        .collect();
    for stage in spec.stages.values_mut() {
        resolve_anchor(stage, &main, "", faults);
    }
    for trap in spec.traps.values_mut() {
        let own = trap
            .stages
            .iter()
            .map(|stage| (Arc::clone(&stage.name), stage.clone()));
        let known: Vec<(Arc<str>, Stage)> = own.chain(main.iter().cloned()).collect();
        let prefix = format!("{}.", trap.name.value);
        for stage in &mut trap.stages {
            resolve_anchor(stage, &known, &prefix, faults);
        }
    }
}

fn resolve_anchor(stage: &mut Stage, known: &[(Arc<str>, Stage)], prefix: &str, faults: &Faults) {
    if let Some((is_before, text)) = stage.written_anchor.take() {
        stage.anchor = anchor(is_before, &text, known, prefix, faults);
    }
}

fn anchor(
    is_before: bool,
    text: &Spanned<String>,
    known: &[(Arc<str>, Stage)],
    prefix: &str,
    faults: &Faults,
) -> Option<Anchor> {
    let key = if is_before { "before" } else { "after" };
    let parts: Vec<&str> = text.value.split('.').collect();
    let found = (1..=parts.len()).rev().find_map(|length| {
        let name = parts[..length].join(".");
        let qualified = format!("{prefix}{name}");
        let is = |wanted: &str| known.iter().find(|(name, _)| &**name == wanted);
        is(&qualified)
            .or_else(|| is(&name))
            .map(|found| (length, found))
    });
    let Some((length, (name, target))) = found else {
        let end = or_list(parts[0], "stages", known.iter().map(|(name, _)| &**name));
        let message = format!("`{key}: {}`: no stage `{}`{end}", text.value, parts[0]);
        faults.error("LF-A005", text.span, message);
        return None;
    };
    let mut rest = parts[length..].iter();
    let pick = match rest.next() {
        None => Pick::End,
        Some(&"start") => Pick::Start,
        Some(&"first") => Pick::First,
        Some(&"random") => Pick::Random,
        Some(&"every") => Pick::Every,
        Some(&"run") => Pick::Run,
        Some(word) => {
            let message = format!(
                "`{key}: {}`: no pick `{word}`; picks: start, first, random, every, run (none = end)",
                text.value
            );
            faults.error("LF-A005", text.span, message);
            return None;
        }
    };
    let outcome = match (rest.next(), rest.next()) {
        (None, _) => None,
        (Some(word), None) => {
            let action = target.action?;
            Some(outcome_of(word, action, text.span, faults)?)
        }
        (Some(_), Some(word)) => {
            let message = format!(
                "`{key}: {}`: nothing may follow an outcome, found `{word}`",
                text.value
            );
            faults.error("LF-A005", text.span, message);
            return None;
        }
    };
    if is_before && pick != Pick::End {
        let message = format!(
            "`before: {}`: `before` takes a stage only; it means its start",
            text.value
        );
        faults.error("LF-A005", text.span, message);
        return None;
    }
    Some(Anchor {
        is_before,
        stage: Name::new(Arc::clone(name), text.span),
        pick,
        outcome,
    })
}
