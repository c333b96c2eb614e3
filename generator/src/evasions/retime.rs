//! Changing when events happen, so that what waits for them still waits for them.
//!
//! Stages are gone through in planning order. Each first follows its anchor (a run moves by as much
//! as the event that it waits for has moved), then its own change is made. Events only ever move
//! to later times, more so the later they are, so no stage comes to lie before what it depends on.

use livefire_schema::time::{EventTime, TimeSpan};

use super::windows::Windows;
use crate::kinds::model::{Anchor, Pick, Stage};
use crate::kinds::plan::draft::{Draft, DraftEvent, StageDraft};
use crate::random::Key;
use crate::world::World;

/// Goes through all stages: follow, then change.
pub(super) fn retime(draft: &mut Draft, world: &World, change: &mut dyn FnMut(&mut StageDraft)) {
    let before: Vec<Vec<EventTime>> = draft.stages.iter().map(times).collect();
    for number in 0..draft.stages.len() {
        let (earlier, rest) = draft.stages.split_at_mut(number);
        let planned = &mut rest[0];
        follow(planned, earlier, &before, world);
        change(planned);
    }
}

/// Times of a stage's events, in their order.
pub(super) fn times(planned: &StageDraft) -> Vec<EventTime> {
    planned.events.iter().map(|draft| draft.event.at).collect()
}

/// Positions of a stage's events by time.
pub(super) fn by_time(planned: &StageDraft) -> Vec<usize> {
    let mut order: Vec<usize> = (0..planned.events.len()).collect();
    order.sort_by_key(|at| {
        let event = &planned.events[*at].event;
        (event.at, event.id.bits())
    });
    order
}

/// Gives events new times; where a stage has windows, what falls outside them waits for the next
/// opening and the rest of its run with it.
pub(super) fn assign(planned: &mut StageDraft, new: &[EventTime], world: &World) {
    let stage = std::sync::Arc::clone(&planned.stage);
    let windows = Windows::new(world, &stage);
    let mut order: Vec<usize> = (0..new.len()).collect();
    order.sort_by_key(|at| (planned.events[*at].run, new[*at], *at));
    let mut run = usize::MAX;
    let mut carried = TimeSpan::ZERO;
    for at in order {
        let draft = &mut planned.events[at];
        if draft.run != run {
            run = draft.run;
            carried = TimeSpan::ZERO;
        }
        let wanted = new[at] + carried;
        let open = windows.opening(draft.event.account, wanted);
        carried = carried + (open - wanted);
        draft.event.at = open;
    }
}

/// Moves each run by as much as the event that it waits for has moved.
fn follow(
    planned: &mut StageDraft,
    earlier: &[StageDraft],
    before: &[Vec<EventTime>],
    world: &World,
) {
    let stage = std::sync::Arc::clone(&planned.stage);
    let Some(anchor) = &stage.anchor else { return };
    let named = |planned: &StageDraft| planned.stage.name == anchor.stage.value;
    let targets: Vec<usize> = match earlier.iter().position(named) {
        Some(target) => vec![target],
        // The anchor was left out; what it waited for lies somewhere before.
        None => (0..earlier.len()).collect(),
    };
    let moved = Moved {
        stage: &stage,
        anchor,
        earlier,
        before,
        targets,
    };
    let shifts: Vec<TimeSpan> = (0..planned.runs.len())
        .map(|run| moved.shift(planned, run))
        .collect();
    if shifts.iter().all(|shift| *shift == TimeSpan::ZERO) {
        return;
    }
    let new: Vec<EventTime> = planned
        .events
        .iter()
        .map(|draft| draft.event.at + shifts[draft.run])
        .collect();
    for (run, shift) in planned.runs.iter_mut().zip(&shifts) {
        run.start = run.start + *shift;
    }
    assign(planned, &new, world);
}

/// Finds how far anchors have moved.
struct Moved<'a> {
    stage: &'a Stage,
    anchor: &'a Anchor,
    earlier: &'a [StageDraft],
    before: &'a [Vec<EventTime>],
    targets: Vec<usize>,
}

impl Moved<'_> {
    fn shift(&self, planned: &StageDraft, run: usize) -> TimeSpan {
        let own: Vec<(EventTime, EventTime)> = self.fitting(Some((planned, run)));
        let all = if own.is_empty() {
            self.fitting(None)
        } else {
            own
        };
        let start = planned.runs[run].start;
        // Where the delay is drawn at the run's own place, the anchor's instant is known exactly.
        let waited = start - self.delay(planned.runs[run].key);
        let exact = all.iter().find(|(old, _)| *old == waited);
        let last = all.iter().max_by_key(|(old, _)| *old);
        let first = all.iter().min_by_key(|(old, _)| *old);
        let found = if self.anchor.is_before {
            first
        } else {
            match self.anchor.pick {
                Pick::End if self.targets.len() == 1 => last,
                Pick::Start | Pick::First => first,
                _ => {
                    let earlier = all.iter().filter(|(old, _)| *old <= start);
                    exact
                        .or_else(|| earlier.max_by_key(|(old, _)| *old))
                        .or(first)
                }
            }
        };
        found.map_or(TimeSpan::ZERO, |(old, new)| *new - *old)
    }

    /// Old and new times of the anchor's events; only those of a run's own account where the
    /// stage's members wait for their own.
    fn fitting(&self, own: Option<(&StageDraft, usize)>) -> Vec<(EventTime, EventTime)> {
        let is_child = matches!(self.anchor.pick, Pick::Every | Pick::Run);
        let is_by_member = self.stage.each.is_some() || is_child;
        let fits = |draft: &DraftEvent| {
            let outcome = self.anchor.outcome;
            !draft.is_retry && outcome.is_none_or(|outcome| draft.event.outcome == outcome)
        };
        let mut found = Vec::new();
        for target in &self.targets {
            let planned = &self.earlier[*target];
            for (draft, old) in planned.events.iter().zip(&self.before[*target]) {
                let is_own = own.is_none_or(|(waiting, run)| {
                    let run = &waiting.runs[run];
                    let same_day = run.day.is_none() || {
                        let theirs = planned.runs[draft.run].day;
                        theirs.is_none() || theirs == run.day
                    };
                    is_by_member && draft.event.account == run.account && same_day
                });
                if is_own && fits(draft) {
                    found.push((*old, draft.event.at));
                }
            }
        }
        found
    }

    fn delay(&self, key: Key) -> TimeSpan {
        let Some(delay) = &self.stage.delay else {
            return TimeSpan::ZERO;
        };
        let factors = self.stage.scale.iter();
        let factor: f64 = factors
            .map(|scale| scale.number(key.named("scale")))
            .product();
        TimeSpan::from_seconds_f64(delay.span(key.named("delay")).seconds_f64() * factor)
    }
}
