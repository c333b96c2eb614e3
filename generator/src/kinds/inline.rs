//! `use:` — another kind's stages become this file's own, with its pools and knobs bound.
//!
//! Their pools that `cast` does not bind become pools `kind.pool` of this file, shared by all of
//! its uses of that kind; their knobs become hidden ones, `stage:knob` where `knobs` fixes it,
//! else `kind.knob`. The random streams of an inlined stage go by the caller's stage name.

mod anchor;
mod binding;

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_schema::spec::{Faults, or_list};

use self::anchor::resolve_anchors;
use self::binding::Binding;
use super::model::{Stage, Use};
use super::read::KindSpec;
use super::value::Value;

/// Deepest chain of kinds that use kinds.
const MAX_DEPTH: usize = 3;

/// Inlines kinds in dependency order, remembering those that are done.
pub(crate) struct Inliner<'a> {
    specs: &'a IndexMap<Arc<str>, (KindSpec, Faults)>,
    done: IndexMap<Arc<str>, KindSpec>,
    stack: Vec<Arc<str>>,
}

impl<'a> Inliner<'a> {
    /// For these kinds.
    pub(crate) fn new(specs: &'a IndexMap<Arc<str>, (KindSpec, Faults)>) -> Self {
        Inliner {
            specs,
            done: IndexMap::new(),
            stack: Vec::new(),
        }
    }

    /// The kind with every `use` inlined and every anchor resolved; faults go to its own file.
    pub(crate) fn kind(&mut self, id: &Arc<str>) -> Option<KindSpec> {
        if let Some(done) = self.done.get(id) {
            return Some(done.clone());
        }
        let (written, faults) = self.specs.get(id)?;
        self.stack.push(Arc::clone(id));
        let mut spec = written.clone();
        spec.stages.clear();
        let scale = written.delay_scale.clone();
        for stage in written.stages.values() {
            for inlined in self.stage(stage, &scale, &mut spec, faults) {
                spec.stages.insert(Arc::clone(&inlined.name), inlined);
            }
        }
        for (key, trap) in &written.traps {
            let stages: Vec<Stage> = trap
                .stages
                .iter()
                .flat_map(|stage| self.stage(stage, &scale, &mut spec, faults))
                .collect();
            if let Some(trap) = spec.traps.get_mut(key) {
                trap.stages = stages;
            }
        }
        resolve_anchors(&mut spec, faults);
        self.stack.pop();
        self.done.insert(Arc::clone(id), spec.clone());
        Some(spec)
    }

    fn stage(
        &mut self,
        written: &Stage,
        scale: &Option<Value>,
        spec: &mut KindSpec,
        faults: &Faults,
    ) -> Vec<Stage> {
        let mut written = written.clone();
        if written.delay.is_some() {
            written.scale = scale.iter().cloned().collect();
        }
        let Some(using) = written.using.take() else {
            return vec![written];
        };
        if written.action.is_some() || written.alter.is_some() {
            let message = "`use` excludes `do` and `alter`; what the used stage does stays";
            faults.error("LF-A013", using.target.span, message);
        }
        if let Some(base) = spec.stages.get(&using.target.value) {
            let mut base = base.clone();
            base.name = Arc::clone(&written.name);
            return vec![override_stage(base, written)];
        }
        let (kind, inner) = match using.target.value.split_once('.') {
            Some((kind, inner)) => (Arc::from(kind), Some(inner)),
            None => (Arc::clone(&using.target.value), None),
        };
        match self.used_kind(&kind, &using, spec, faults) {
            Some(used) => bind(&used, inner, &using, written, spec, faults),
            None => Vec::new(),
        }
    }

    fn used_kind(
        &mut self,
        kind: &Arc<str>,
        using: &Use,
        spec: &KindSpec,
        faults: &Faults,
    ) -> Option<KindSpec> {
        let span = using.target.span;
        if self.stack.contains(kind) {
            let mut chain: Vec<&str> = self.stack.iter().map(AsRef::as_ref).collect();
            chain.push(kind);
            faults.error(
                "LF-A006",
                span,
                format!("kinds use each other: {}", chain.join(" -> ")),
            );
            return None;
        }
        if self.stack.len() > MAX_DEPTH {
            let message = format!("`use` goes more than {MAX_DEPTH} kinds deep");
            faults.error("LF-A006", span, message);
            return None;
        }
        if !self.specs.contains_key(kind) {
            let kinds = self.specs.keys().map(AsRef::as_ref);
            let known = spec.stages.keys().map(AsRef::as_ref).chain(kinds);
            let end = or_list(kind, "known", known);
            let message = format!(
                "`use: {}`: no kind or stage `{kind}`{end}",
                using.target.value
            );
            faults.error("LF-A006", span, message);
            return None;
        }
        self.kind(kind)
    }
}

/// Binds the used kind's stages to the caller's pools and knobs and applies the overrides.
fn bind(
    used: &KindSpec,
    inner: Option<&str>,
    using: &Use,
    written: Stage,
    spec: &mut KindSpec,
    faults: &Faults,
) -> Vec<Stage> {
    check_bindings(used, using, spec, faults);
    let binding = Binding {
        used,
        using,
        stage: Arc::clone(&written.name),
    };
    let stages: Vec<Stage> = match inner {
        Some(inner) => {
            let Some(base) = used.stages.get(inner) else {
                let end = or_list(inner, "stages", used.stages.keys().map(AsRef::as_ref));
                let message = format!("kind `{}` has no stage `{inner}`{end}", used.id.value);
                faults.error("LF-A006", using.target.span, message);
                return Vec::new();
            };
            let mut base = binding.stage(base);
            // Its anchor belongs to the used kind; the caller places it.
            base.anchor = None;
            if written.written_anchor.is_none() && written.delay.is_none() {
                base.delay = None;
                base.scale.clear();
            }
            base.name = Arc::clone(&written.name);
            vec![override_stage(base, written)]
        }
        None => {
            check_whole(&written, used, using, faults);
            let stages = used.stages.values();
            stages
                .map(|base| whole_kind_stage(binding.stage(base), &written))
                .collect()
        }
    };
    for stage in &stages {
        binding.bring_along(stage, spec);
    }
    stages
}

/// A whole used kind is placed and bound; what its stages do is changed one stage at a time.
fn check_whole(written: &Stage, used: &KindSpec, using: &Use, faults: &Faults) {
    let foreign = [
        (written.outcomes.is_some(), "outcomes"),
        (written.who.is_some(), "who"),
        (written.each.is_some(), "each"),
        (written.in_turn.is_some(), "in_turn"),
        (written.app.is_some(), "app"),
        (written.deployment.is_some(), "deployment"),
        (written.resource.is_some(), "resource"),
        (written.prompts.is_some(), "prompts"),
        (written.session.is_some(), "session"),
        (written.chance.is_some(), "chance"),
        (written.count.is_some(), "count"),
        (written.gap.is_some(), "gap"),
        (written.over.is_some(), "over"),
        (written.until.is_some(), "until"),
        (written.hours.is_some() || written.on.is_some(), "hours/on"),
        (written.days.is_some(), "days"),
        (written.retry.is_some(), "retry"),
        (written.alerts.is_some(), "alerts"),
        (written.phase.is_some(), "phase"),
    ];
    let stages: Vec<&str> = used.stages.keys().map(AsRef::as_ref).collect();
    for (_, key) in foreign.iter().filter(|(is_written, _)| *is_written) {
        let message = format!(
            "`{key}` cannot change a whole kind; use one stage, `use: {}.{}` (stages: {})",
            used.id.value,
            stages.first().unwrap_or(&"stage"),
            stages.join(", ")
        );
        faults.error("LF-A006", using.target.span, message);
    }
}

fn check_bindings(used: &KindSpec, using: &Use, spec: &KindSpec, faults: &Faults) {
    for (theirs, ours) in &using.cast {
        let Some(pool) = used.cast.get(&theirs.value) else {
            let end = or_list(&theirs.value, "pools", used.cast.keys().map(AsRef::as_ref));
            let message = format!(
                "kind `{}` has no pool `{}`{end}",
                used.id.value, theirs.value
            );
            faults.error("LF-A007", theirs.span, message);
            continue;
        };
        let ours_type = super::check::pool_type(&ours.value, &spec.cast);
        let theirs_type = super::check::pool_type(&pool.name.value, &used.cast);
        if let (Some(ours_type), Some(theirs_type)) = (ours_type, theirs_type)
            && ours_type != theirs_type
        {
            let message = format!(
                "pool `{}` holds {}, but `{}` of `{}` needs {}",
                ours.value,
                ours_type.name(),
                theirs.value,
                used.id.value,
                theirs_type.name()
            );
            faults.error("LF-A007", ours.span, message);
        }
    }
    let open = |knob: &&Arc<str>| !used.knobs[*knob].is_hidden;
    for (theirs, value) in &using.knobs {
        match used.knobs.get(&theirs.value).filter(|knob| !knob.is_hidden) {
            Some(knob) => {
                knob.check("", value, faults);
            }
            None => {
                let known = used.knobs.keys().filter(open).map(AsRef::as_ref);
                let end = or_list(&theirs.value, "knobs", known);
                let message = format!(
                    "kind `{}` has no knob `{}`{end}",
                    used.id.value, theirs.value
                );
                faults.error("LF-A007", theirs.span, message);
            }
        }
    }
}

/// One used stage: every key written by the caller replaces its own.
fn override_stage(mut base: Stage, written: Stage) -> Stage {
    macro_rules! replace {
        ($($key:ident)*) => { $(if written.$key.is_some() { base.$key = written.$key; })* };
    }
    if written.each.is_some() || written.in_turn.is_some() {
        base.each = None;
        base.in_turn = None;
        base.who = None;
    }
    if written.written_anchor.is_some() {
        base.anchor = None;
    }
    if written.delay.is_some() {
        base.scale = written.scale;
    }
    if !written.set.is_empty() {
        base.set = written.set;
    }
    base.when.extend(written.when);
    base.file = written.file;
    base.span = written.span;
    replace!(outcomes first last who each in_turn from app deployment resource prompts payload);
    replace!(session written_anchor delay chance count gap over until hours on days retry label);
    replace!(technique phase alerts table volume share);
    base
}

/// A stage of a whole used kind: placed by the caller where it has no anchor of its own.
fn whole_kind_stage(mut base: Stage, written: &Stage) -> Stage {
    let qualified = |name: &str| -> Arc<str> { Arc::from(format!("{}.{name}", written.name)) };
    base.name = qualified(&base.name);
    base.file = Arc::clone(&written.file);
    base.span = written.span;
    match &mut base.anchor {
        Some(anchor) => anchor.stage.value = qualified(&anchor.stage.value),
        None => {
            base.written_anchor.clone_from(&written.written_anchor);
            if written.delay.is_some() {
                base.delay.clone_from(&written.delay);
                base.scale.clone_from(&written.scale);
            }
        }
    }
    base.when.extend(written.when.iter().cloned());
    if base.action.is_some() {
        if written.from.is_some() {
            base.from.clone_from(&written.from);
        }
        for (field, setting) in &written.set {
            base.set.retain(|(name, _)| name.value != field.value);
            base.set.push((field.clone(), setting.clone()));
        }
    }
    if written.label.is_some() {
        base.label = written.label;
    }
    if written.technique.is_some() {
        base.technique.clone_from(&written.technique);
    }
    base
}
