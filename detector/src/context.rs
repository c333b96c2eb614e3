//! What a rule may ask and do while it consumes: texts, reference data, levels, alerts.

use std::sync::Arc;

use livefire_schema::alert::{Alert, Entity, EvidenceRow, Mode, Semantics, Severity, Side};
use livefire_schema::ids::hash_bytes;
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeRange};

use crate::engine::{Level, LevelObserver, View};
use crate::names::Names;
use crate::record::Record;
use crate::ruleset::FormIndex;

/// The surroundings of one rule form in one mode, handed to each of its calls.
pub struct Context<'a> {
    /// Texts behind hashes; a rule may mention composed texts itself.
    pub names: &'a mut Names,
    /// Reference data.
    pub reference: &'a Reference,
    pub(crate) form: &'a FormHead,
    pub(crate) tables: &'a [Arc<str>],
    pub(crate) alerts: &'a mut Vec<Alert>,
    /// The form of each alert.
    pub(crate) origins: &'a mut Vec<FormIndex>,
    pub(crate) observer: Option<&'a mut dyn LevelObserver>,
}

/// What does not change between calls.
#[derive(Clone, Debug)]
pub(crate) struct FormHead {
    pub(crate) index: FormIndex,
    /// The forms that it raises alerts for, by sink; empty if for itself alone.
    pub(crate) sinks: Arc<[FormIndex]>,
    pub(crate) name: Arc<str>,
    pub(crate) mode: Mode,
    /// Under which conditions its levels arise.
    pub(crate) view: View,
    /// Earliest event time of a record that may reach a level or complete an alert.
    pub(crate) since: EventTime,
}

/// An alert as its rule knows it; id, rule name and mode are filled in by [`Context::raise`].
#[derive(Clone, Debug)]
pub struct AlertDraft {
    /// Attribution semantics.
    pub semantics: Semantics,
    /// The grouping key as shown to a person; empty for a rule without a key.
    pub key: String,
    /// The record that completed the threshold; its time is the alert's.
    pub completing: Record,
    /// Threshold k.
    pub threshold: u64,
    /// The level reached.
    pub level: u64,
    /// Window, bin, or span of the evidence.
    pub window: TimeRange,
    /// Earliest instant at which the evidence was available.
    pub available: EventTime,
    /// When it is raised.
    pub raised: EventTime,
    /// Severity after the update.
    pub severity: Severity,
    /// Classes after the update, in any order.
    pub classes: Vec<String>,
    /// Entities, in any order, repeated or not.
    pub entities: Vec<Entity>,
    /// The rows that the rule counted.
    pub evidence: Vec<EvidenceRow>,
    /// What else the rule must carry.
    pub details: serde_json::Map<String, serde_json::Value>,
}

impl Context<'_> {
    /// The text of a hash, or the hash in hexadecimal if it has been forgotten; empty for 0.
    #[must_use]
    pub fn name(&self, hash: u64) -> String {
        match self.names.get(hash) {
            Some(text) => text.to_owned(),
            None if hash == 0 => String::new(),
            None => format!("{hash:016x}"),
        }
    }

    /// A record as evidence.
    #[must_use]
    pub fn evidence(&self, record: &Record) -> EvidenceRow {
        let table = self.tables.get(usize::from(record.table.0));
        EvidenceRow {
            table: table.map_or_else(|| Arc::from(""), Arc::clone),
            item: record.item,
            event: record.event,
            time: record.time,
            available: record.available,
            distinct: None,
            side: None,
        }
    }

    /// A record as evidence of a join.
    #[must_use]
    pub fn side(&self, record: &Record, side: Side) -> EvidenceRow {
        EvidenceRow {
            side: Some(side),
            ..self.evidence(record)
        }
    }

    /// Reports the level that a key reached at a record. `key` is only called if somebody asks.
    pub fn level(&mut self, record: &Record, key: u64, level: u64, threshold: u64) {
        if record.time < self.form.since {
            return;
        }
        if let Some(observer) = self.observer.as_deref_mut() {
            let names = &*self.names;
            observer.level(&Level {
                form: self.form.index,
                mode: self.form.mode,
                view: self.form.view,
                time: record.time,
                available: record.available,
                item: record.item,
                event: record.event,
                level,
                threshold,
                key,
                text: names.get(key),
            });
        }
    }

    /// The mode of the form that is running.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.form.mode
    }

    /// As [`Context::raise`], for the form of a sink: of the thresholds given to
    /// [`Rule::fan_out`](crate::rules::Rule::fan_out) the one at this position.
    pub fn raise_of(&mut self, sink: usize, draft: AlertDraft) {
        self.raise(draft);
        if let (Some(origin), Some(form)) = (self.origins.last_mut(), self.form.sinks.get(sink)) {
            *origin = *form;
        }
    }

    /// Emits an alert. Its id depends on rule, mode, key, completing time and event only.
    pub fn raise(&mut self, draft: AlertDraft) {
        let form = self.form;
        if draft.completing.time < form.since {
            return;
        }
        let mode = match form.mode {
            Mode::Streaming => "streaming",
            Mode::Binned => "binned",
        };
        let identity = format!(
            "{}\u{1f}{mode}\u{1f}{}\u{1f}{}\u{1f}{:016x}",
            form.name,
            draft.key.to_lowercase(),
            draft.completing.time.ticks(),
            draft.completing.event.0
        );
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list.dedup();
            list
        };
        let mut entities = draft.entities;
        entities.sort();
        entities.dedup();
        self.origins.push(form.index);
        self.alerts.push(Alert {
            id: format!("{}-{:016x}", form.name, hash_bytes(identity.as_bytes())),
            rule: form.name.to_string(),
            mode: form.mode,
            semantics: draft.semantics,
            key: draft.key,
            threshold: draft.threshold,
            level: draft.level,
            window: draft.window,
            time: draft.completing.time,
            available: draft.available,
            raised: draft.raised,
            severity: draft.severity,
            classes: sorted(draft.classes),
            entities,
            evidence: draft.evidence,
            details: draft.details.into(),
        });
    }
}

/// A Sentinel entity, or none if its value is empty.
#[must_use]
pub fn entity(kind: &str, value: &str) -> Option<Entity> {
    (!value.is_empty()).then(|| Entity {
        kind: kind.to_owned(),
        value: value.to_owned(),
    })
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("form", &self.form).finish()
    }
}
