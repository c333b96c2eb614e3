//! Stealth s of 0 to 1: one formula for every kind.
//!
//! Gaps become loud · (quiet / loud)^s with quiet 12 h for people and 10 min for machines; requests
//! come from 500^s networks; a prompt is mutated with probability s; a failure stays one with
//! probability 1 − 0.6 s; [`super::cover`] adds harmless requests. The chance of Defender alerts,
//! 1 − s, and the cap from s = 0.8 on are [`super::Tactics`]'. It quiets count rules only: an
//! address that threat intelligence lists, or that is the account's own, stays.

use std::sync::Arc;

use livefire_schema::address::Network;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashSet;

use super::explicit::Explicit;
use super::ip_rotate_across::Rotation;
use super::retime::{assign, by_time, retime, times};
use super::{is_attackers, is_call};
use crate::event::{Action, Detail, Event, Mutation, Outcome};
use crate::kinds::model::{Gap, Label, PoolChoice, Stage, Until};
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::kinds::value::Form;
use crate::random::Key;
use crate::world::World;

/// The pool of networks at full stealth.
const NETWORKS: f64 = 500.0;
/// How much of the failures full stealth takes away.
const FEWER_FAILURES: f64 = 0.6;

/// Fewer refusals.
#[derive(Clone, Debug)]
pub(super) struct Failures {
    pub(super) stealth: f64,
    pub(super) explicit: Explicit,
}

impl Transform for Failures {
    fn apply(&self, draft: &mut Draft, _key: Key, _world: &World) {
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            if self.explicit.failures.contains(&planned.stage.name) {
                continue;
            }
            for draft in &mut planned.events {
                let event = &mut draft.event;
                let is_avoided = event
                    .id
                    .named("avoided")
                    .chance(FEWER_FAILURES * self.stealth);
                if event.outcome.is_fail() && is_avoided {
                    pass(event);
                }
            }
        }
    }
}

/// Lets an event through the check.
pub(super) fn pass(event: &mut Event) {
    event.outcome = Outcome::Pass;
    if let Some(detail) = &mut event.detail {
        detail.content_severity = None;
        detail.content_category = None;
        if **detail == Detail::default() {
            event.detail = None;
        }
    }
}

/// Longer gaps.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    pub(super) stealth: f64,
    pub(super) explicit: Explicit,
}

impl Transform for Gaps {
    fn apply(&self, draft: &mut Draft, _key: Key, world: &World) {
        retime(draft, world, &mut |planned| {
            let stage = Arc::clone(&planned.stage);
            let is_paced = is_attackers(planned)
                && stage.action.is_some_and(is_call)
                && !matches!(stage.until, Some(Until::End | Until::Scenario))
                && !self.explicit.gaps.contains(&stage.name);
            if is_paced {
                let new = self.stretched(planned);
                assign(planned, &new, world);
            }
        });
    }
}

impl Gaps {
    fn stretched(&self, planned: &StageDraft) -> Vec<EventTime> {
        if matches!(planned.stage.gap, Some(Gap::Spread)) {
            return self.spread(planned);
        }
        let old = times(planned);
        let mut new = old.clone();
        let quiet = quiet(&planned.stage);
        let is_one = planned.stage.in_turn.is_some();
        // Per process, its last event's old and new time.
        let mut last: Vec<Option<(EventTime, EventTime)>> = vec![None; planned.runs.len().max(1)];
        for index in by_time(planned) {
            let draft = &planned.events[index];
            let process = if is_one { 0 } else { draft.run };
            if let Some((old_last, new_last)) = last[process] {
                let loud = old[index] - old_last;
                // A client's retry keeps its gap: it is no choice of the attacker's.
                let gap = if draft.is_retry {
                    loud
                } else {
                    TimeSpan::from_seconds_f64(longer(loud.seconds_f64(), quiet, self.stealth))
                };
                new[index] = new_last + gap;
            }
            last[process] = Some((old[index], new[index]));
        }
        new
    }

    /// Members spread over one span are one process; its mean gap is the loud one.
    fn spread(&self, planned: &StageDraft) -> Vec<EventTime> {
        let old = times(planned);
        let Some(run) = planned.runs.first() else {
            return old;
        };
        if planned.stage.days.is_some() {
            // A day's window decides, not a span.
            return old;
        }
        let extent = planned
            .extent()
            .map_or(TimeSpan::ZERO, |(first, last)| last - first);
        let over = planned.stage.over.as_ref();
        let over = over.map_or(extent, |over| over.span(run.key.named("over")));
        #[expect(clippy::cast_precision_loss, reason = "a campaign has few events")]
        let loud = over.seconds_f64() / planned.events.len().max(1) as f64;
        if loud <= 0.0 {
            return old;
        }
        let factor = longer(loud, quiet(&planned.stage), self.stealth) / loud;
        let moved = planned.events.iter().map(|draft| {
            let start = planned.runs[draft.run].start.min(draft.event.at);
            let offset = (draft.event.at - start).seconds_f64();
            start + TimeSpan::from_seconds_f64(offset * factor)
        });
        moved.collect()
    }
}

/// The quiet gap in seconds: 10 min for machines, 12 h for people.
fn quiet(stage: &Stage) -> f64 {
    if is_machine(stage) { 600.0 } else { 43_200.0 }
}

/// Whether a machine paces a stage.
pub(super) fn is_machine(stage: &Stage) -> bool {
    match &stage.gap {
        Some(Gap::Script | Gap::Fixed { .. } | Gap::Rate { .. }) => true,
        Some(Gap::Drawn(value)) => matches!(value.form, Form::Gamma { .. }),
        Some(_) => false,
        None => stage.action == Some(Action::KeyCall),
    }
}

/// loud · (quiet / loud)^s, never shorter than loud.
pub(super) fn longer(loud: f64, quiet: f64, stealth: f64) -> f64 {
    if loud <= 0.0 {
        return 0.0;
    }
    (loud * libm::pow(quiet / loud, stealth)).max(loud)
}

/// More networks.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    pub(super) stealth: f64,
    pub(super) explicit: Explicit,
}

impl Transform for Networks {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let wanted = libm::round(libm::pow(NETWORKS, self.stealth));
        let events = draft.stages.iter().flat_map(|planned| &planned.events);
        let indicators = events.filter(|draft| draft.event.action == Action::Indicator);
        let listed: FxHashSet<_> = indicators.map(|draft| draft.event.address).collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 500"
        )]
        let mut rotation = Rotation::new(wanted as u64, 1, key, world);
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            let is_explicit = self.explicit.networks.contains(&planned.stage.name);
            #[expect(clippy::cast_precision_loss, reason = "few networks")]
            let has_fewer = (networks(planned) as f64) < wanted;
            if has_fewer && !is_explicit && has_own_exit(&planned.stage) {
                rotation.stage(planned, &|address| !listed.contains(&address));
            }
        }
    }
}

/// Whether the attacker brings the addresses, rather than acting from the account's own.
pub(super) fn has_own_exit(stage: &Stage) -> bool {
    match &stage.from {
        Some(PoolChoice::Active(names)) => names.iter().all(|name| &*name.value != "own"),
        Some(PoolChoice::Weighted(_)) => true,
        None => false,
    }
}

fn networks(planned: &StageDraft) -> usize {
    let events = planned.events.iter();
    let networks = events.map(|draft| Network::of(draft.event.address.ip()).key());
    networks.collect::<FxHashSet<u64>>().len()
}

/// Mutated prompts.
#[derive(Clone, Debug)]
pub(super) struct Mutations {
    pub(super) stealth: f64,
    pub(super) explicit: Explicit,
}

impl Transform for Mutations {
    fn apply(&self, draft: &mut Draft, _key: Key, _world: &World) {
        for planned in draft.stages.iter_mut() {
            let is_attack = !matches!(planned.stage.label, Some(Label::Benign | Label::Cover));
            if !is_attack || self.explicit.mutations.contains(&planned.stage.name) {
                continue;
            }
            for draft in &mut planned.events {
                let place = draft.event.id.named("mutation");
                if let Some(prompt) = &mut draft.event.prompt
                    && prompt.mutation == Mutation::None
                    && place.chance(self.stealth)
                {
                    prompt.mutation = Mutation::TailNonce;
                    prompt.nonce = place.named("nonce");
                }
            }
        }
    }
}
