//! `low_and_slow`: one request per long gap.
//!
//! All runs of a stage become one process, so that accounts don't act together either: each event
//! comes a long gap after the one before, or at its own time if that is later. Gaps are lognormal
//! around the campaign's median. Runs of a day and runs that follow single events of another stage
//! are processes of their own, since what they follow already paces them.

use livefire_schema::time::{EventTime, TimeSpan};

use super::knobs::{KnobSet, duration};
use super::retime::{assign, by_time, retime, times};
use super::{Aim, Component, Evasion, is_attackers, is_call};
use crate::kinds::model::{Knob, Pick, Stage};
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// Sigma of the logarithm of the gaps: few are under a quarter of the median.
const SIGMA: f64 = 0.5;

/// The evasion.
#[derive(Debug)]
pub(super) struct LowAndSlow;

impl Evasion for LowAndSlow {
    fn name(&self) -> &'static str {
        "low_and_slow"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let hours = TimeSpan::from_hours;
        let help = "median gap between two events of a stage";
        vec![("gap_median", duration(hours(4), hours(2), hours(24), help))]
    }

    fn component(&self) -> Component {
        Component::Gap
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Slow(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Slow(KnobSet);

impl Transform for Slow {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let median = self.0.span("gap_median", key).seconds_f64();
        retime(draft, world, &mut |planned| {
            if is_attackers(planned) && planned.stage.action.is_some_and(is_call) {
                let new = slowed(planned, median);
                assign(planned, &new, world);
            }
        });
    }
}

fn slowed(planned: &StageDraft, median: f64) -> Vec<EventTime> {
    let old = times(planned);
    let mut new = old.clone();
    let is_apart = is_paced(&planned.stage);
    let mut last: Vec<Option<EventTime>> = vec![None; planned.runs.len().max(1)];
    for index in by_time(planned) {
        let draft = &planned.events[index];
        let process = if is_apart { draft.run } else { 0 };
        if draft.is_retry {
            // A client's retry stays as long after its cause as it was.
            let is_cause = |other: &usize| {
                let other = &planned.events[*other];
                !other.is_retry && other.run == draft.run && other.index == draft.index
            };
            if let Some(cause) = (0..index).rev().find(is_cause) {
                new[index] = new[cause] + (old[index] - old[cause]);
            }
            continue;
        }
        if let Some(before) = last[process] {
            let gap = draft.event.id.named("gap").lognormal(median, SIGMA);
            let at = before + TimeSpan::from_seconds_f64(gap.min(6.0 * median));
            new[index] = at.max(old[index]);
        }
        last[process] = Some(new[index]);
    }
    new
}

/// Whether something else decides when runs begin: a day, or single events of another stage.
fn is_paced(stage: &Stage) -> bool {
    let is_child = |pick| matches!(pick, Pick::Every | Pick::Run);
    stage.days.is_some()
        || stage
            .anchor
            .as_ref()
            .is_some_and(|anchor| is_child(anchor.pick))
}
