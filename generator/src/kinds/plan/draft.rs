//! A campaign in the making: events by stage and run, before labels are sealed.
//!
//! Evasions and stealth change drafts ([`Transform`]); alerts are raised afterwards, so that they
//! follow what really happened.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeRange};

use crate::event::{AccountRef, Event};
use crate::kinds::model::Stage;
use crate::random::Key;
use crate::world::World;

/// One event of a draft.
#[derive(Clone, Debug)]
pub struct DraftEvent {
    /// The event; its origin is set at the end.
    pub event: Event,
    /// Position of its run in [`StageDraft::runs`].
    pub run: usize,
    /// Position in its run; retries share their cause's.
    pub index: u64,
    /// Whether a client's retry of the event before it.
    pub is_retry: bool,
}

/// One pass of a stage's gap process.
#[derive(Clone, Debug)]
pub struct RunDraft {
    /// Whose run it is, with `each` or `in_turn` over accounts.
    pub account: Option<AccountRef>,
    /// Position of the member in its pool.
    pub ordinal: u64,
    /// Number of the day, with `days`.
    pub day: Option<u32>,
    /// Place of the run.
    pub key: Key,
    /// When it was planned to start.
    pub start: EventTime,
}

/// One stage of a draft.
#[derive(Clone, Debug)]
pub struct StageDraft {
    /// The stage, every knob resolved.
    pub stage: Arc<Stage>,
    /// Runs in order of member and day.
    pub runs: Vec<RunDraft>,
    /// Events in order of run and time.
    pub events: Vec<DraftEvent>,
    /// Events that windows and ends cut off.
    pub dropped: u64,
    /// The trap that the stage belongs to.
    pub trap: Option<Arc<str>>,
    /// Spans in which an `alter` stage changes benign traffic.
    pub altered: Vec<TimeRange>,
}

/// A draft of one campaign or look-alike.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Stages in the order in which they were planned.
    pub stages: Vec<StageDraft>,
}

/// Changes a campaign after its stages are planned: an evasion, or stealth.
pub trait Transform: std::fmt::Debug + Send + Sync {
    /// Changes the draft; must depend on the draft, the key and the world only.
    fn apply(&self, draft: &mut Draft, key: Key, world: &World);
}

impl StageDraft {
    /// First and last instant of its events; `None` without any.
    #[must_use]
    pub fn extent(&self) -> Option<(EventTime, EventTime)> {
        let times = self.events.iter().map(|draft| draft.event.at);
        Some((times.clone().min()?, times.max()?))
    }
}

impl Draft {
    /// A stage by name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&StageDraft> {
        self.stages.iter().find(|draft| &*draft.stage.name == name)
    }

    /// Number of events.
    #[must_use]
    pub fn events(&self) -> usize {
        self.stages.iter().map(|stage| stage.events.len()).sum()
    }
}
