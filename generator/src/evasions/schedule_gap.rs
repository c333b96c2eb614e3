//! `schedule_gap`: the events that complete a count are ingested late.
//!
//! Under each key of the kind's count rules one event less than the threshold arrives in time in
//! any window; each further one is delayed on its way to the log. A run that looks back over the
//! others has not received it yet, and a later run, which has, no longer looks back at them. A rule
//! that waits for late rows counts them all. Only ingestion is delayed; an event's time stays.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::counting::{CountRule, Keys};
use super::knobs::{KnobSet, duration};
use super::retime::by_time;
use super::{Aim, Component, Evasion};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;
use livefire_schema::time::{EventTime, TimeSpan};

/// The evasion.
#[derive(Debug)]
pub(super) struct ScheduleGap;

impl Evasion for ScheduleGap {
    fn name(&self) -> &'static str {
        "schedule_gap"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let minutes = TimeSpan::from_minutes;
        let help = "how much later a completing event is ingested";
        vec![(
            "extra_delay",
            duration(minutes(30), minutes(5), minutes(60), help),
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
        let mut in_time: FxHashMap<(usize, u64), VecDeque<(EventTime, u64)>> = FxHashMap::default();
        for planned in &mut draft.stages {
            for index in by_time(planned) {
                let event = &mut planned.events[index].event;
                let marks = keys.marks(&self.rules, event);
                let completes = marks.iter().any(|mark| {
                    let rule = &self.rules[mark.place.0];
                    let known = in_time.entry(mark.place).or_default();
                    while known
                        .front()
                        .is_some_and(|(at, _)| *at <= event.at - rule.window)
                    {
                        known.pop_front();
                    }
                    let mut units: Vec<u64> = known.iter().map(|(_, unit)| *unit).collect();
                    units.push(mark.unit);
                    units.sort_unstable();
                    units.dedup();
                    units.len() as u64 >= rule.threshold
                });
                if !completes {
                    for mark in &marks {
                        let known = in_time.entry(mark.place).or_default();
                        known.push_back((event.at, mark.unit));
                    }
                }
                if completes {
                    event.detail.get_or_insert_default().ingest_delay = Some(delay);
                }
            }
        }
    }
}
