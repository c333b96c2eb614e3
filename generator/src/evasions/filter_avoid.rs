//! `filter_avoid`: wording that passes the security check.
//!
//! The share of requests that the check stops falls to the knob's, stage by stage: each refusal
//! becomes a success unless it is among those that stay. Nothing else of the campaign changes, so
//! what a rule loses by it is exactly its refusals, and the alerts that refusals cause.

use super::knobs::{KnobSet, share};
use super::stealth::pass;
use super::{Aim, Component, Evasion, is_attackers};
use crate::event::Action;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct FilterAvoid;

impl Evasion for FilterAvoid {
    fn name(&self) -> &'static str {
        "filter_avoid"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "share of requests that the check still stops";
        vec![("p_fail", share(0.0, 0.0, 0.2, help))]
    }

    fn component(&self) -> Component {
        Component::Failures
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Avoid(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Avoid(KnobSet);

impl Transform for Avoid {
    fn apply(&self, draft: &mut Draft, key: Key, _world: &World) {
        let wanted = self.0.number("p_fail", key);
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            let judged = planned.events.iter().map(|draft| &draft.event);
            let judged = judged.filter(|event| is_judged(event.action));
            let failed = judged.clone().filter(|event| event.outcome.is_fail());
            #[expect(clippy::cast_precision_loss, reason = "a stage has few events")]
            let (judged, failed) = (judged.count() as f64, failed.count() as f64);
            if failed == 0.0 {
                continue;
            }
            let kept = (wanted * judged / failed).min(1.0);
            for draft in &mut planned.events {
                let event = &mut draft.event;
                let is_kept = event.id.named("kept").chance(kept);
                if event.outcome.is_fail() && !is_kept {
                    pass(event);
                }
            }
        }
    }
}

/// Whether the security check looks at it.
fn is_judged(action: Action) -> bool {
    matches!(action, Action::Request | Action::ToolCall)
}
