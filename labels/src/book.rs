//! Campaigns, label groups and labelled rows.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::rules::RuleToken;
use livefire_schema::time::{EventTime, TimeRange};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

/// Truth class of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Harmless; with `caused_by` set it is *collateral* (cover, victims' own rows).
    Benign,
    /// An attack's own row.
    Campaign,
    /// A look-alike's row.
    HardNegative,
}

/// Whether a campaign's row prepares or attacks; t0 is the first hostile event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Prewarming, listing, ordinary traffic brought along.
    Preparation,
    /// The attack.
    Hostile,
}

/// Index of a campaign in [`LabelBook::campaigns`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignIndex(pub u32);

/// Index of a group in [`LabelBook::groups`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupIndex(pub u32);

/// What rows of one origin have in common; rows refer to it by [`GroupIndex`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LabelGroup {
    /// Truth class.
    pub class: Class,
    /// The campaign without which the row would not exist.
    pub caused_by: Option<CampaignIndex>,
    /// The look-alike that the row belongs to.
    pub hard_negative: Option<String>,
    /// Phase; [`Phase::Preparation`] for look-alikes.
    pub phase: Phase,
    /// Stage name of the kind.
    pub stage: String,
    /// Acting account, by object id; empty where there is none.
    pub actor: String,
    /// Attack kind or look-alike id.
    pub kind: String,
    /// Technique id of the stage, or empty.
    pub technique: String,
    /// Table of the row.
    pub table: String,
    /// Outcome of the causing event; for alert tables the alert type without `AI.`.
    pub outcome: String,
}

impl LabelGroup {
    /// An *attack event* of EVALUATION.md §4: class campaign and phase hostile.
    #[must_use]
    pub fn is_attack(&self) -> bool {
        self.class == Class::Campaign && self.phase == Phase::Hostile
    }
}

/// The label of one delivered row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowLabel {
    /// The row.
    pub item: ItemId,
    /// The event that it reports.
    pub event: EventId,
    /// Event time.
    pub time: EventTime,
    /// Ingestion time.
    pub ingestion: EventTime,
    /// Its group.
    pub group: GroupIndex,
}

/// One stage of a campaign as it happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageExtent {
    /// Stage name.
    pub name: String,
    /// Event time of its first event.
    pub first: EventTime,
    /// Event time of its last event.
    pub last: EventTime,
    /// Events (not rows).
    pub events: u64,
}

/// One campaign: the unit of truth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Name in the scenario; `<look-alike>/<trap>` for a trap.
    pub id: String,
    /// Attack kind, or look-alike id for a trap.
    pub kind: String,
    /// Acting account of the first hostile event, by object id.
    pub actor: String,
    /// Stages in order of their first event.
    pub stages: Vec<StageExtent>,
    /// Rules that are expected to fire (`fires`, or a trap's `must_fire`).
    pub expected: Vec<RuleToken>,
    /// Rules that may fire.
    pub may: Vec<RuleToken>,
    /// First hostile event.
    pub t0: EventTime,
    /// Last hostile event.
    pub t_end: EventTime,
    /// Whether the log ended before the campaign did.
    pub cut: bool,
}

/// What the log covers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogExtent {
    /// Scenario name, or the folder's name for foreign logs.
    pub scenario: String,
    /// Seed, where generated.
    pub seed: Option<u64>,
    /// From first to last instant of event time.
    pub log: TimeRange,
    /// The part that is scored: the log less its baseline days.
    pub scored: TimeRange,
    /// Distinct application requests in the scored interval.
    pub requests: u64,
}

/// All truth of one log. Grows with campaigns, never with benign rows.
#[derive(Clone, Debug, Default)]
pub struct LabelBook {
    /// Campaigns; [`CampaignIndex`] points here.
    pub campaigns: Vec<Campaign>,
    /// Groups; [`GroupIndex`] points here.
    pub groups: Vec<LabelGroup>,
    /// Labelled rows by item.
    pub rows: HashMap<ItemId, RowLabel, BuildHasherDefault<FxHasher>>,
}

impl LabelBook {
    /// The group of a row, or `None` for a plainly benign row.
    #[must_use]
    pub fn group_of(&self, item: ItemId) -> Option<&LabelGroup> {
        self.rows.get(&item).and_then(|row| self.group(row.group))
    }

    /// A group by index.
    #[must_use]
    pub fn group(&self, index: GroupIndex) -> Option<&LabelGroup> {
        self.groups.get(usize::try_from(index.0).ok()?)
    }

    /// A campaign by index.
    #[must_use]
    pub fn campaign(&self, index: CampaignIndex) -> Option<&Campaign> {
        self.campaigns.get(usize::try_from(index.0).ok()?)
    }
}
