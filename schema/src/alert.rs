//! The one type of alert, whatever made it: a native rule, a KQL rule or a SIEM's export.

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, ItemId};
use crate::time::{EventTime, TimeRange};

mod details;

pub use details::Details;

/// How severe an alert is, as Sentinel names it; ordered from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Severity {
    /// Worth a look, no incident.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Above Sentinel's scale; RULES.md uses it for C2 and for R2 at its highest counts.
    Critical,
}

impl Severity {
    /// The class token of this severity (`R4.high`).
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// The time semantics under which an alert arose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Sliding windows on event time behind a watermark; raised when available.
    Streaming,
    /// Tumbling bins aligned as Kusto's `bin()`; raised at the bin's end.
    Binned,
}

/// What the rule decides on, and so how its alerts are attributed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantics {
    /// `count(distinct event) ≥ k`.
    Count,
    /// `count(rows) ≥ k`: duplicates count (variants `@rows`).
    RowCount,
    /// `count(distinct value) ≥ k`; evidence carries the values.
    Distinct,
    /// A pair of rows within a bound; evidence carries the side of each row.
    Join,
    /// One triggering row (first seen, phrase): k = 1.
    Trigger,
    /// A window against a baseline: decided by twin worlds.
    Baseline,
}

/// Which side of a join an evidence row stands on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The application's request.
    Left,
    /// What it is matched with: sign-in, Defender alert, indicator, finding.
    Right,
}

/// A row that the rule counted or matched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Table of the row.
    pub table: std::sync::Arc<str>,
    /// The delivered row.
    pub item: ItemId,
    /// The event that the row reports; duplicates share it.
    pub event: EventId,
    /// Event time of the row.
    pub time: EventTime,
    /// When the row could be seen: `max(IngestionTime, time)`.
    pub available: EventTime,
    /// The counted value's hash, for [`Semantics::Distinct`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// The side, for [`Semantics::Join`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
}

/// A Sentinel entity of an alert.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Entity {
    /// Sentinel's entity type: `Account`, `IP`, `CloudApplication`, `AzureResource` …
    pub kind: String,
    /// Its identifying value.
    pub value: String,
}

/// One alert.
///
/// It is raised at once, with class `pending` where its class needs rows that come later, and
/// updated once under the same id; what is written out is the updated form.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Unique and stable: depends on rule, key and time only, never on thread or map order.
    pub id: String,
    /// Rule id with its variant, e.g. `R1` or `R1@app_log`.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Attribution semantics.
    pub semantics: Semantics,
    /// The grouping key as shown to a person; empty for a rule without a key.
    pub key: String,
    /// Threshold k (`count > t` is k = t + 1); 1 for joins and triggers.
    pub threshold: u64,
    /// The level n reached at the alert: events, rows or distinct values in the window.
    pub level: u64,
    /// The window or bin; for joins the span of the evidence.
    pub window: TimeRange,
    /// Event time of the completing event (binned: of the bin's k-th event).
    pub time: EventTime,
    /// Earliest instant at which the evidence that completes the threshold was available.
    pub available: EventTime,
    /// When the alert is raised: streaming `available`, binned the bin's end.
    pub raised: EventTime,
    /// Severity after the update.
    pub severity: Severity,
    /// Classes after the update (`bot`, `botnet`, `after_hours` …), sorted.
    pub classes: Vec<String>,
    /// Entities, sorted.
    pub entities: Vec<Entity>,
    /// The rows that the rule counted at the alert's own time, in event order.
    pub evidence: Vec<EvidenceRow>,
    /// What else RULES.md asks this rule to carry: samples, geography, spans.
    pub details: Details,
}

impl Alert {
    /// The rule's id without its variant.
    #[must_use]
    pub fn base_rule(&self) -> &str {
        self.rule.split('@').next().unwrap_or(&self.rule)
    }

    /// Whether the alert meets an expected token `<rule>[.<class>][@<variant>]`: same rule and
    /// variant, and the class, where named, is one of its classes or its severity.
    #[must_use]
    pub fn meets(&self, token: &crate::rules::RuleToken) -> bool {
        let (base, variant) = match self.rule.split_once('@') {
            Some((base, variant)) => (base, Some(variant)),
            None => (self.rule.as_str(), None),
        };
        base == token.rule
            && variant == token.variant.as_deref()
            && token.class.as_ref().is_none_or(|class| {
                self.severity.token() == class || self.classes.iter().any(|own| own == class)
            })
    }
}

/// Sorts alerts by (raised, id): the order in which everything downstream reads them.
pub fn sort_alerts(alerts: &mut [Alert]) {
    alerts.sort_by(|a, b| (a.raised, &a.id).cmp(&(b.raised, &b.id)));
}
