//! `human_pacing`: the gaps of a person in place of a script's.
//!
//! A run of a machine's stage becomes sittings: think time after an answer, after each refusal for
//! volume (429) a longer wait than after the one before, and a break once refusals end in an answer,
//! patience is out, or the sitting is over. Stages that people pace already stay. No event is
//! dropped or comes earlier, so the run takes longer, and a rule that counts sees it wherever a
//! person would be counted.

use livefire_schema::time::{EventTime, TimeSpan};

use super::retime::{assign, by_time, retime, times};
use super::stealth::is_machine;
use super::{Aim, Component, Evasion, KnobSet, is_attackers, is_call};
use crate::event::Outcome;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// Think time: median, sigma of its logarithm, and cut, as of the format's `human` gap.
const THINK: (f64, f64, f64) = (60.0, 1.15, 1800.0);
/// The first wait after a 429, and by how much each next one grows, with its spread.
const FIRST_WAIT: f64 = 5.0;
const GROWTH: f64 = 2.2;
const WAIT_SIGMA: f64 = 0.15;
/// The longest wait that a person has the patience for.
const PATIENCE: f64 = 600.0;
/// Mean requests of a sitting: a long one, as there is work to do.
const TURNS: f64 = 8.0;
/// Breaks between sittings: median, sigma, and the shortest.
const BREAK: (f64, f64, f64) = (1800.0, 0.6, 700.0);

/// The evasion.
#[derive(Debug)]
pub(super) struct HumanPacing;

impl Evasion for HumanPacing {
    fn name(&self) -> &'static str {
        "human_pacing"
    }

    fn component(&self) -> Component {
        Component::Gap
    }

    fn build(&self, _knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Paced)
    }
}

#[derive(Clone, Copy, Debug)]
struct Paced;

impl Transform for Paced {
    fn apply(&self, draft: &mut Draft, _key: Key, world: &World) {
        retime(draft, world, &mut |planned| {
            let is_called = planned.stage.action.is_some_and(is_call);
            if is_attackers(planned) && is_called && is_machine(&planned.stage) {
                let new = paced(planned);
                assign(planned, &new, world);
            }
        });
    }
}

/// Where a process stands in its sitting.
#[derive(Clone, Copy)]
struct Sitting {
    /// Its last event as planned and as it is now.
    last: (EventTime, EventTime),
    /// Whether that was answered 429.
    is_refused: bool,
    /// 429 since the sitting began.
    refusals: i32,
}

fn paced(planned: &StageDraft) -> Vec<EventTime> {
    let old = times(planned);
    let mut new = old.clone();
    let is_one = planned.stage.in_turn.is_some();
    let mut sittings: Vec<Option<Sitting>> = vec![None; planned.runs.len().max(1)];
    for index in by_time(planned) {
        let draft = &planned.events[index];
        let process = if is_one { 0 } else { draft.run };
        let mut refusals = 0;
        if let Some(sitting) = &sittings[process] {
            let loud = old[index] - sitting.last.0;
            refusals = sitting.refusals;
            // A client's retry keeps its gap: it is no choice of a person's.
            let gap = if draft.is_retry {
                loud
            } else {
                let (gap, is_break) = gap(draft.event.id.named("pace"), sitting);
                refusals = if is_break { 0 } else { refusals };
                TimeSpan::from_seconds_f64(gap).max(loud)
            };
            new[index] = sitting.last.1 + gap;
        }
        let is_refused = draft.event.outcome == Outcome::Throttled;
        sittings[process] = Some(Sitting {
            last: (old[index], new[index]),
            is_refused,
            refusals: refusals + i32::from(is_refused),
        });
    }
    new
}

/// The next gap of a sitting in seconds, and whether it is a break.
fn gap(place: Key, sitting: &Sitting) -> (f64, bool) {
    let (median, sigma, least) = BREAK;
    let pause = || {
        let drawn = place.named("break").lognormal(median, sigma);
        (drawn.max(least), true)
    };
    if sitting.is_refused {
        let grown = FIRST_WAIT * libm::pow(GROWTH, f64::from(sitting.refusals - 1));
        let wait = place.named("wait").lognormal(grown, WAIT_SIGMA);
        return if wait > PATIENCE {
            pause()
        } else {
            (wait, false)
        };
    }
    // Who got an answer at last turns to something else.
    if sitting.refusals > 0 || place.named("over").chance(1.0 / TURNS) {
        return pause();
    }
    let (median, sigma, cut) = THINK;
    let drawn = place.named("think").lognormal(median, sigma);
    (drawn.min(cut), false)
}
