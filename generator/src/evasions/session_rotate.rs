//! `session_rotate`: a new session for each request.
//!
//! Splits the counts of rules that group by session; rules that group by user see the same.

use super::{Aim, Component, Evasion, KnobSet, is_attackers};
use crate::event::Action;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct SessionRotate;

impl Evasion for SessionRotate {
    fn name(&self) -> &'static str {
        "session_rotate"
    }

    fn component(&self) -> Component {
        Component::Session
    }

    fn build(&self, _knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Rotate)
    }
}

#[derive(Clone, Copy, Debug)]
struct Rotate;

impl Transform for Rotate {
    fn apply(&self, draft: &mut Draft, _key: Key, _world: &World) {
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            for draft in &mut planned.events {
                if matches!(draft.event.action, Action::Request | Action::ToolCall) {
                    draft.event.session = draft.event.id.named("session");
                }
            }
        }
    }
}
