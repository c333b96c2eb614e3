//! `schedule_gap`: the event that completes a count is ingested late.
//!
//! Of the events that the kind's count rules see under one key, each k-th is delayed on its way to
//! the log: a run that looks back over the others has not received it yet, and a later run, which
//! has, no longer looks back at them. Only ingestion is delayed; the event's own time stays.

use rustc_hash::FxHashMap;

use super::counting::{CountRule, Keys, Mark};
use super::knobs::{KnobSet, duration};
use super::retime::by_time;
use super::{Aim, Component, Evasion};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;
use livefire_schema::time::TimeSpan;

/// The evasion.
#[derive(Debug)]
pub(super) struct ScheduleGap;

impl Evasion for ScheduleGap {
    fn name(&self) -> &'static str {
        "schedule_gap"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let minutes = TimeSpan::from_minutes;
        let help = "how much later the completing event is ingested";
        vec![(
            "extra_delay",
            duration(minutes(20), minutes(5), minutes(60), help),
        )]
    }

    fn component(&self) -> Component {
        Component::Ingestion
    }

    fn build(&self, knobs: &KnobSet, aim: &Aim) -> Box<dyn Transform> {
        Box::new(Late {
            knobs: knobs.clone(),
            rules: CountRule::all(&aim.lost),
        })
    }
}

#[derive(Clone, Debug)]
struct Late {
    knobs: KnobSet,
    rules: Vec<CountRule>,
}

impl Transform for Late {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let delay = self.knobs.span("extra_delay", key);
        let mut keys = Keys::new(world);
        let mut seen: FxHashMap<(usize, u64), u64> = FxHashMap::default();
        for planned in &mut draft.stages {
            for index in by_time(planned) {
                let event = &mut planned.events[index].event;
                let mut completes = false;
                for Mark { place, .. } in keys.marks(&self.rules, event) {
                    let count = seen.entry(place).or_insert(0);
                    *count += 1;
                    completes |= count.is_multiple_of(self.rules[place.0].threshold);
                }
                if completes {
                    event.detail.get_or_insert_default().ingest_delay = Some(delay);
                }
            }
        }
    }
}
