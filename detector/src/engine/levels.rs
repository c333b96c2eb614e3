//! The levels that rules reach, and who may be told of them.

use livefire_schema::alert::Mode;
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::time::EventTime;

use crate::ruleset::FormIndex;

/// The conditions under which a level was reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum View {
    /// By a rule that consumes rows as they arrive.
    AsRun,
    /// On a schedule: by one of its runs.
    InRun,
    /// On a schedule: had every row arrived at once.
    WithoutDelay,
    /// On a schedule: by a run due after the log's end.
    AfterLogEnd,
    /// On a schedule: by the same rule streaming, whatever the grid and the delays.
    AnyWindow,
}

/// The level of one key at one record, before the threshold was applied.
#[derive(Clone, Copy, Debug)]
pub struct Level<'a> {
    /// The rule form.
    pub form: FormIndex,
    /// Its mode.
    pub mode: Mode,
    /// Under which conditions.
    pub view: View,
    /// Event time of the record.
    pub time: EventTime,
    /// When the record could be seen.
    pub available: EventTime,
    /// Row of the record.
    pub item: ItemId,
    /// Event of the record.
    pub event: EventId,
    /// Events, rows or distinct values in the window; for joins how many sides are met.
    pub level: u64,
    /// The threshold that it is held against.
    pub threshold: u64,
    /// Hash of the key.
    pub key: u64,
    /// The key's text, where known.
    pub text: Option<&'a str>,
}

/// Told every level that a rule reaches: for the nearest approach of what was missed, and for
/// whether benign rows come near a rule at all.
pub trait LevelObserver {
    /// `false` lets the engine skip all reporting.
    fn is_enabled(&self) -> bool {
        true
    }

    /// Whether it matters under which other conditions this row would have counted.
    fn follows(&self, item: ItemId) -> bool {
        let _ = item;
        true
    }

    /// One level.
    fn level(&mut self, level: &Level<'_>);
}

/// Nobody asks for levels.
#[derive(Clone, Copy, Default, Debug)]
pub struct Unobserved;

impl LevelObserver for Unobserved {
    fn is_enabled(&self) -> bool {
        false
    }

    fn level(&mut self, _: &Level<'_>) {}
}
