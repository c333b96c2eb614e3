//! H1 `suspicious_keywords`: a prompt contains a listed phrase, or its hash is listed.
//!
//! The phrases are looked for while projecting, so that only hits become records. One alert per
//! caller, phrase and UTC hour.
//!
//! Record: `key` caller (user, else source address), `value` phrase or prompt hash, `other`
//! application, `address` source address, `flags` whether the hash is listed; the prompt sample is
//! its text.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashSet;
use serde_json::json;

use super::{Native, Plan, Rule, app_log, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::phrases::{Matcher, Phrases};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

#[cfg(test)]
mod tests;

const HOUR: TimeSpan = TimeSpan::from_hours(1);
/// Flag of a record: the prompt's hash is listed.
const HASH: u8 = 1;

/// The registered rule.
pub(crate) struct SuspiciousKeywords;

impl Native for SuspiciousKeywords {
    fn id(&self) -> &'static str {
        "H1"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::phrases(
                "phrases",
                "lists to look for: builtin, or CSV files with a column phrase or prompt_hash",
            ),
            ParameterSpec::severity(info(self).severity),
        ]
    }

    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE],
            resolve: TimeSpan::ZERO,
            horizon: TimeSpan::ZERO,
            has_bins: false,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let log = fields.table(app_log::TABLE);
        let mut field = |name| app_log::field(fields, log, name);
        let phrases = parameters.phrases("phrases").clone();
        Box::new(Project {
            log,
            user: field("end_user_id"),
            address: field("source_ip"),
            application: field("application_name"),
            sample: field("full_prompt_sample"),
            hash: phrases.has_hashes().then(|| field("prompt_hash")).flatten(),
            matcher: Matcher::new(phrases.phrases()),
            phrases,
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            severity: parameters.severity(),
            hour: EventTime::MIN,
            alerted: FxHashSet::default(),
            open: Vec::new(),
        })
    }
}

struct Project {
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    sample: Option<Slot>,
    hash: Option<Slot>,
    phrases: Phrases,
    matcher: Matcher,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log != Some(row.table) {
            return;
        }
        let sample = row.text(self.sample);
        let found = sample.map(|sample| self.matcher.find(sample));
        let hash = row.text(self.hash).map(|hash| (hash, sink.name(hash)));
        let hash = hash.filter(|(_, hash)| self.phrases.holds_hash(*hash));
        let found = found.unwrap_or_default();
        if found.is_empty() && hash.is_none() {
            return;
        }
        let mut name = |slot| row.text(slot).map_or(0, |text| sink.name(text));
        let (user, address) = (name(self.user), name(self.address));
        let application = name(self.application);
        let mut record = sink.record();
        record.key = if user == 0 { address } else { user };
        record.other = application;
        record.address = address;
        record.text = sample.map_or_else(Default::default, |sample| sink.text(sample));
        for index in found {
            record.value = sink.name(self.matcher.phrase(index));
            sink.push(record);
        }
        if let Some((_, hash)) = hash {
            record.value = hash;
            record.flags = HASH;
            sink.push(record);
        }
    }
}

/// An alert whose event may still have copies to come.
struct Open {
    first: Record,
    rows: Vec<Record>,
    sample: String,
}

struct State {
    severity: Severity,
    /// The hour whose callers and phrases `alerted` holds.
    hour: EventTime,
    alerted: FxHashSet<(u64, u64)>,
    open: Vec<Open>,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        if self.open.iter().any(|open| open.first.time != record.time) {
            self.raise(context);
        }
        context.level(record, record.key, 1, 1);
        let same = self.open.iter_mut().find(|open| {
            let first = &open.first;
            (first.event, first.key, first.value) == (record.event, record.key, record.value)
        });
        if let Some(open) = same {
            open.rows.push(*record);
            return;
        }
        let hour = record.time.bin(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.alerted.clear();
        }
        if self.alerted.insert((record.key, record.value)) {
            self.open.push(Open {
                first: *record,
                rows: vec![*record],
                sample: text.to_owned(),
            });
        }
    }

    fn advance(&mut self, _watermark: EventTime, context: &mut Context<'_>) {
        self.raise(context);
    }
}

impl State {
    fn raise(&mut self, context: &mut Context<'_>) {
        for open in std::mem::take(&mut self.open) {
            let draft = self.describe(&open, context);
            context.raise(draft);
        }
    }

    fn describe(&self, open: &Open, context: &Context<'_>) -> AlertDraft {
        let first = open.first;
        let (caller, phrase) = (context.name(first.key), context.name(first.value));
        let rows = &open.rows;
        let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
        let applications = details::texts(&details::distinct(rows, |row| row.other), context);
        let available = rows.iter().map(|row| row.available).min();
        let available = available.unwrap_or(first.available);
        let is_hash = first.flags & HASH != 0;
        let mut carried = serde_json::Map::new();
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set("caller", json!(caller));
        set(
            if is_hash { "prompt_hash" } else { "phrase" },
            json!(phrase),
        );
        set("samples", json!([open.sample]));
        details::list(&mut carried, "address", &addresses);
        details::list(&mut carried, "application", &applications);
        let is_user = first.key != first.address;
        let mut entities = if is_user {
            details::entities("Account", std::slice::from_ref(&caller))
        } else {
            Vec::new()
        };
        entities.extend(details::entities("IP", &addresses));
        entities.extend(details::entities("CloudApplication", &applications));
        AlertDraft {
            semantics: Semantics::Trigger,
            key: format!("{caller} · {phrase}"),
            completing: first,
            threshold: 1,
            level: 1,
            window: TimeRange {
                start: first.time,
                end: first.time + TimeSpan::from_ticks(1),
            },
            available,
            raised: available,
            severity: self.severity,
            classes: Vec::new(),
            entities,
            evidence: rows.iter().map(|row| context.evidence(row)).collect(),
            details: carried,
        }
    }
}
