//! `just_under` and the cap of stealth: never more than k − margin in any sliding window.
//!
//! Events are delayed, never dropped, and keep their outcomes: each to the earliest instant at which
//! no count rule that the kind loses sees more than it may, under the rule's own key. An event that
//! another of its run would overtake keeps its gap to it. R1 counts Defender alerts; those that
//! would break its bound are not raised ([`super::Tactics::finish`]).

use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;

use super::bounds::Bounds;
use super::counting::{CountRule, Keys};
use super::knobs::{KnobSet, integer};
use super::retime::{by_time, retime};
use super::windows::Windows;
use super::{Aim, Component, Evasion};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct JustUnder;

impl Evasion for JustUnder {
    fn name(&self) -> &'static str {
        "just_under"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "how far below the threshold counts stay";
        vec![("margin", integer(1, 1, 2, help))]
    }

    fn component(&self) -> Component {
        Component::Cap
    }

    fn build(&self, knobs: &KnobSet, aim: &Aim) -> Box<dyn Transform> {
        Box::new(Cap {
            rules: CountRule::all(&aim.lost),
            margin: Margin::Drawn(knobs.clone()),
        })
    }
}

/// How far below thresholds counts stay.
#[derive(Clone, Debug)]
enum Margin {
    Fixed(u64),
    Drawn(KnobSet),
}

/// Delays events until every window holds few enough.
#[derive(Clone, Debug)]
pub(super) struct Cap {
    rules: Vec<CountRule>,
    margin: Margin,
}

impl Cap {
    /// The cap of stealth: at most k − 1.
    pub(super) fn of_stealth(aim: &Aim) -> Self {
        Cap {
            rules: CountRule::all(&aim.lost),
            margin: Margin::Fixed(1),
        }
    }
}

/// The margin that a campaign's knobs draw.
pub(super) fn margin(knobs: &KnobSet, key: Key) -> u64 {
    knobs.count("margin", key)
}

impl Transform for Cap {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        if self.rules.is_empty() {
            return;
        }
        let margin = match &self.margin {
            Margin::Fixed(margin) => *margin,
            Margin::Drawn(knobs) => margin(knobs, key),
        };
        let mut bounds = Bounds::new(self.rules.clone(), margin);
        let mut keys = Keys::new(world);
        retime(draft, world, &mut |planned| {
            delay(planned, &mut bounds, &mut keys, world);
        });
    }
}

fn delay(planned: &mut StageDraft, bounds: &mut Bounds, keys: &mut Keys<'_>, world: &World) {
    let stage = std::sync::Arc::clone(&planned.stage);
    let windows = Windows::new(world, &stage);
    // Per run, the last event's time as planned and as it is now.
    let mut last: FxHashMap<usize, (EventTime, EventTime)> = FxHashMap::default();
    for index in by_time(planned) {
        let draft = &planned.events[index];
        let planned_at = draft.event.at;
        let mut at = match last.get(&draft.run) {
            Some((old, new)) if *new > planned_at => *new + (planned_at - *old),
            _ => planned_at,
        };
        let marks = keys.marks(bounds.rules(), &draft.event);
        loop {
            at = windows.opening(draft.event.account, at);
            let free = bounds.earliest(&marks, at);
            if free == at {
                break;
            }
            at = free;
        }
        bounds.place(&marks, at);
        last.insert(draft.run, (planned_at, at));
        planned.events[index].event.at = at;
    }
}
