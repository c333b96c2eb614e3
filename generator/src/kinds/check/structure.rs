//! What keys of a stage need of each other, and that anchors form no cycle.

use std::sync::Arc;

use livefire_schema::spec::Span;

use super::{Context, pool_type};
use crate::event::Action;
use crate::kinds::model::{Gap, Label, Pick, Stage, Until};
use crate::kinds::visit::PoolType;

impl Context<'_> {
    /// Checks one inlined stage.
    pub(crate) fn structure(&self, stage: &Stage) {
        match (stage.action, &stage.alter) {
            (Some(action), None) => self.emitting(stage, action),
            (None, Some(_)) => self.altering(stage),
            _ => {
                let message = format!(
                    "stage `{}` needs exactly one of `do`, `use`, `alter`",
                    stage.name
                );
                self.faults.error("LF-A013", stage.span, message);
            }
        }
        self.child_delay(stage);
    }

    fn emitting(&self, stage: &Stage, action: Action) {
        let error = |span: Span, message: String| self.faults.error("LF-A013", span, message);
        self.actor(stage, action);
        if let Some((span, key)) = alter_only(stage) {
            error(span, format!("`{key}` is for `alter` only; remove it"));
        }
        if action == Action::Row && stage.table.is_none() {
            error(
                stage.span,
                "`do: row` needs `table: Name` and `set:`".into(),
            );
        }
        if let Some(table) = &stage.table {
            if action != Action::Row {
                error(
                    table.span,
                    "`table` is for `do: row` only; remove it".into(),
                );
            } else if self.schema.find(&table.value).is_none() {
                let names: Vec<&str> = self.schema.iter().map(|(_, t)| t.name.as_str()).collect();
                let end = livefire_schema::spec::or_list(&table.value, "tables", names);
                error(table.span, format!("no table `{}`{end}", table.value));
            }
        }
        if let Some(name) = stage.payload.iter().flatten().next()
            && !matches!(action, Action::Request | Action::ToolCall)
        {
            error(
                name.span,
                "`payload` is what a request carries; `do: request` or `do: tool_call` only".into(),
            );
        }
        self.gaps(stage, action);
    }

    fn gaps(&self, stage: &Stage, action: Action) {
        let error = |span: Span, message: String| self.faults.error("LF-A013", span, message);
        let has_default = matches!(
            action,
            Action::Request | Action::SignIn | Action::ToolCall | Action::KeyCall
        );
        let most = stage
            .count
            .as_ref()
            .map_or(1.0, |count| self.ends(count, 0).1);
        let repeats = most > 1.0 || stage.in_turn.is_some() || stage.until.is_some();
        if repeats && stage.gap.is_none() && !has_default {
            let span = stage.count.as_ref().map_or(stage.span, |count| count.span);
            error(
                span,
                "`count` above 1 needs `gap`, or `gap: spread` with `over`".into(),
            );
        }
        let is_spread = matches!(stage.gap, Some(Gap::Spread));
        if is_spread && stage.over.is_none() && stage.days.is_none() {
            error(
                stage.span,
                format!(
                    "stage `{}`: `gap: spread` needs `over`, or `days`",
                    stage.name
                ),
            );
        }
        if let (Some(over), Some(Until::Span(_))) = (&stage.over, &stage.until) {
            error(
                over.span,
                "`over` fills a span and `until` cuts one off: write one of them".into(),
            );
        }
        if is_spread && stage.until.is_some() && stage.over.is_none() && stage.days.is_none() {
            error(stage.span, "`gap: spread` fills `over`, not `until`".into());
        }
    }

    /// Whether every event of the stage knows who acts.
    fn actor(&self, stage: &Stage, action: Action) {
        let is_child = stage
            .anchor
            .as_ref()
            .is_some_and(|anchor| matches!(anchor.pick, Pick::Every | Pick::Run));
        let needs = !matches!(action, Action::Indicator | Action::Finding | Action::Row);
        let iterated = stage.each.as_ref().or(stage.in_turn.as_ref());
        let gives = |wanted: PoolType| {
            iterated.is_some_and(|pool| pool_type(&pool.value, &self.kind.cast) == Some(wanted))
        };
        if needs && stage.who.is_none() && !is_child && !gives(PoolType::Accounts) {
            let message = format!(
                "stage `{}`: `do: {}` needs `who:` (or `each:`) with a pool of accounts",
                stage.name,
                crate::kinds::vocabulary::action_word(action)
            );
            self.faults.error("LF-A013", stage.span, message);
        }
        if action == Action::Indicator && stage.from.is_none() && !gives(PoolType::Addresses) {
            let message = format!(
                "stage `{}`: `do: indicator` needs `from:`, the listed addresses",
                stage.name
            );
            self.faults.error("LF-A013", stage.span, message);
        }
    }

    fn altering(&self, stage: &Stage) {
        if self.written.label == Label::Attack {
            let span = stage.alter.as_ref().map_or(stage.span, |alter| alter.span);
            let message = "`alter` is for look-alikes only: attacks only add rows; use `do`";
            self.faults.error("LF-A013", span, message);
        }
        let foreign = [
            (stage.count.is_some(), "count"),
            (stage.gap.is_some(), "gap"),
            (stage.over.is_some(), "over"),
            (stage.who.is_some(), "who"),
            (stage.each.is_some(), "each"),
            (stage.in_turn.is_some(), "in_turn"),
            (stage.from.is_some(), "from"),
            (stage.prompts.is_some(), "prompts"),
            (stage.alerts.is_some(), "alerts"),
            (stage.first.is_some() || stage.last.is_some(), "first/last"),
        ];
        for (_, key) in foreign.iter().filter(|(is_written, _)| *is_written) {
            let message = format!("stage `{}`: `alter` has no `{key}`", stage.name);
            self.faults.error("LF-A013", stage.span, message);
        }
        if stage.until.is_none() && stage.days.is_none() {
            let message = format!("stage `{}`: `alter` needs `until` or `days`", stage.name);
            self.faults.error("LF-A013", stage.span, message);
        }
    }

    /// Children follow their parent: their delay cannot be negative.
    fn child_delay(&self, stage: &Stage) {
        let (Some(anchor), Some(delay)) = (&stage.anchor, &stage.delay) else {
            return;
        };
        let knob_decides = matches!(delay.form, crate::kinds::value::Form::Knob(_));
        if self.ends(delay, 0).0 < 0.0 && !(anchor.is_before && knob_decides) {
            let message = "a delay cannot be negative; write `before:` to go back in time";
            self.faults.error("LF-A013", delay.span, message);
        }
    }

    /// Reports anchors that wait for each other.
    pub(crate) fn cycles(&self) {
        let traps = self.kind.traps.values().flat_map(|trap| &trap.stages);
        let all: Vec<&Stage> = self.kind.stages.values().chain(traps).collect();
        let mut reported: Vec<Arc<str>> = Vec::new();
        for start in &all {
            let mut chain: Vec<Arc<str>> = vec![Arc::clone(&start.name)];
            let mut current: &Stage = start;
            while let Some(anchor) = &current.anchor {
                let next = &anchor.stage.value;
                if let Some(at) = chain.iter().position(|name| name == next) {
                    let cycle = &chain[at..];
                    if !cycle.iter().any(|name| reported.contains(name)) {
                        let names: Vec<&str> =
                            cycle.iter().chain([next]).map(AsRef::as_ref).collect();
                        let message = format!("cycle: {}", names.join(" -> "));
                        self.faults.error("LF-A005", anchor.stage.span, message);
                        reported.extend(cycle.iter().cloned());
                    }
                    break;
                }
                chain.push(Arc::clone(next));
                match all.iter().find(|stage| stage.name == *next) {
                    Some(stage) => current = stage,
                    None => break,
                }
            }
        }
    }
}

fn alter_only(stage: &Stage) -> Option<(Span, &'static str)> {
    if let Some(volume) = &stage.volume {
        return Some((volume.span, "volume"));
    }
    if stage.share.is_some() {
        return Some((stage.span, "share"));
    }
    stage.is_drop.then_some((stage.span, "drop"))
}
