//! Checks of one kind after inlining: names, types, weights, anchors, and what must go together.
//!
//! Values and names are checked on the stage as its file wrote it, so that places are exact;
//! structure is checked on the inlined stage and reported where the caller wrote its name.

mod benign;
mod lint;
mod names;
mod structure;
mod values;

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_schema::spec::{Faults, Span, or_list};
use livefire_schema::table::Schema;

use super::model::{Pool, PoolBody, Stage, ThingKind};
use super::read::KindSpec;
use super::visit::PoolType;
use super::vocabulary;
use crate::event::{Action, Outcome};

/// What the checks of one file need.
pub(crate) struct Context<'a> {
    /// The file as written.
    pub(crate) written: &'a KindSpec,
    /// The same after inlining.
    pub(crate) kind: &'a KindSpec,
    /// Tables, for `Table.Column`.
    pub(crate) schema: &'a Schema,
    /// Ids of all kinds with their label.
    pub(crate) ids: &'a [(Arc<str>, super::model::Label)],
    /// Whether the file is the user's; ours were looked at.
    pub(crate) is_user: bool,
    /// Where faults go.
    pub(crate) faults: &'a Faults,
}

/// Runs every check of one kind.
pub(crate) fn check(context: &Context<'_>) {
    context.twins();
    let written = &context.written;
    for pool in written.cast.values() {
        context.pool(pool);
    }
    if let Some(scale) = &written.delay_scale {
        context.value(scale, super::place::Place::number(1000.0));
    }
    let traps = written.traps.values().flat_map(|trap| &trap.stages);
    for stage in written.stages.values().chain(traps) {
        context.stage_values(stage);
        context.stage_names(stage);
    }
    for trap in written.traps.values() {
        context.trap(trap);
    }
    let traps = context.kind.traps.values().flat_map(|trap| &trap.stages);
    for stage in context.kind.stages.values().chain(traps) {
        context.structure(stage);
    }
    context.cycles();
    context.unused_pools();
    if context.is_user && !context.faults.has_errors() {
        context.lints();
    }
}

impl Context<'_> {
    /// The inlined form of a written stage; for a whole used kind its first stage.
    pub(crate) fn inlined(&self, written: &Stage) -> Option<&Stage> {
        let prefix = format!("{}.", written.name);
        let traps = self.kind.traps.values().flat_map(|trap| &trap.stages);
        let mut all = self.kind.stages.values().chain(traps);
        all.find(|stage| stage.name == written.name || stage.name.starts_with(&prefix))
    }

    fn twins(&self) {
        let known = || self.ids.iter().map(|(id, _)| id.as_ref());
        let twins = self.written.twin.iter().chain(&self.written.twin_of);
        for twin in twins.filter(|twin| !known().any(|id| *id == *twin.value)) {
            let ids: Vec<&str> = known().collect();
            let end = or_list(&twin.value, "kinds", ids);
            let message = format!("no kind `{}`{end}", twin.value);
            self.faults.error("LF-A008", twin.span, message);
        }
    }

    fn trap(&self, trap: &super::model::Trap) {
        if trap.must_fire.is_empty() {
            let message = format!("trap `{}` needs `must_fire: [R2]`", trap.name.value);
            self.faults.error("LF-A013", trap.name.span, message);
        }
        if let Some(credited) = &trap.credited_to {
            let name = &credited.value;
            let mut is_known = self.kind.cast.contains_key(name);
            // The pool of a used kind may be meant, as it is called there.
            let uses = self.written.traps.get(&trap.name.value);
            for stage in uses.iter().flat_map(|trap| &trap.stages) {
                let casts = stage.using.iter().flat_map(|using| &using.cast);
                is_known |= casts.into_iter().any(|(theirs, _)| theirs.value == *name);
            }
            if !is_known {
                let end = or_list(name, "pools", self.kind.cast.keys().map(AsRef::as_ref));
                let message = format!("`credited_to`: no pool `{name}`{end}");
                self.faults.error("LF-A007", credited.span, message);
            }
        }
    }
}

/// The type of a pool's members; `None` if it or a pool that it is part of does not exist.
pub(crate) fn pool_type(name: &str, cast: &IndexMap<Arc<str>, Pool>) -> Option<PoolType> {
    let mut name = name;
    for _ in 0..=cast.len() {
        match &cast.get(name)?.body {
            PoolBody::Accounts(_) => return Some(PoolType::Accounts),
            PoolBody::Addresses(_) => return Some(PoolType::Addresses),
            PoolBody::Things(things) => {
                return Some(match things.kind {
                    ThingKind::Application => PoolType::Applications,
                    ThingKind::Deployment => PoolType::Deployments,
                    ThingKind::Resource => PoolType::Resources,
                });
            }
            PoolBody::Texts(_) => return Some(PoolType::Texts),
            PoolBody::Subset { of, .. } => name = &of.value,
        }
    }
    None
}

/// The outcome of a word, checked to belong to the action.
pub(crate) fn outcome_of(
    word: &str,
    action: Action,
    span: Span,
    faults: &Faults,
) -> Option<Outcome> {
    let possible = vocabulary::outcomes(action);
    if let Some(outcome) = possible.iter().find(|outcome| outcome.name() == word) {
        return Some(*outcome);
    }
    let names: Vec<&str> = possible.iter().map(|outcome| outcome.name()).collect();
    let list = match names.len() {
        0 => "it has none".to_owned(),
        1..=9 => format!("it has: {}", names.join(", ")),
        _ => format!("it has: {}, …", names[..9].join(", ")),
    };
    let message = format!(
        "outcome `{word}` does not belong to `do: {}`; {list}",
        vocabulary::action_word(action)
    );
    faults.error("LF-A009", span, message);
    None
}
