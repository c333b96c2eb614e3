//! H3 `rare_failures`: one application fails checks now and then, over days.
//!
//! Counts distinct FAIL requests of an application in a long window, and asks that the first and
//! the last of them lie far apart: what is spread so thin stays under every short window.
//!
//! Record: `key` application, `value` user, `address` source address.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use serde_json::{Map, json};

use super::app_log::{self, AppLog};
use super::{Native, Plan, Rule, counted, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;
use spread::{Reached, Spread};

mod spread;
#[cfg(test)]
mod tests;

/// The registered rule.
pub(crate) struct RareFailures;

impl Native for RareFailures {
    fn id(&self) -> &'static str {
        "H3"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "failed requests that raise an alert");
        specs.extend([
            ParameterSpec::span(
                "span",
                TimeSpan::from_hours(24),
                "least time between the first and the last of them",
            ),
            ParameterSpec::severity(info.severity),
        ]);
        specs
    }

    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE],
            resolve: TimeSpan::ZERO,
            horizon: TimeSpan::ZERO,
            has_bins: true,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let log = AppLog::new(fields);
        Box::new(Project {
            log,
            address: app_log::field(fields, log.table, "source_ip"),
            application: app_log::field(fields, log.table, "application_name"),
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            spread: Spread::new(parameters, mode),
            severity: parameters.severity(),
            names: FxHashMap::default(),
            keep: parameters.span("window") * 2,
            next_sweep: EventTime::MIN,
        })
    }
}

struct Project {
    log: AppLog,
    address: Option<Slot>,
    application: Option<Slot>,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if !self.log.holds(row) || !self.log.is_fail(row) {
            return;
        }
        let Some(application) = row.text(self.application) else {
            return;
        };
        let mut record = sink.record();
        record.key = sink.name(application);
        record.value = row.text(self.log.user).map_or(0, |text| sink.name(text));
        record.address = row.text(self.address).map_or(0, |text| sink.name(text));
        sink.push(record);
    }
}

struct State {
    spread: Spread,
    severity: Severity,
    /// Texts of failed requests, which are few, with when they were last mentioned: an alert prints
    /// what lies days back, and nobody else keeps texts that long.
    names: FxHashMap<u64, (Box<str>, EventTime)>,
    keep: TimeSpan,
    next_sweep: EventTime,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        for hash in [record.key, record.value, record.address] {
            let text = || context.name(hash).into_boxed_str();
            let name = self.names.entry(hash);
            name.or_insert_with(|| (text(), record.time)).1 = record.time;
        }
        let level = self.spread.apply(record);
        context.level(record, record.key, level, self.spread.threshold());
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for reached in self.spread.take_closed(watermark) {
            let draft = self.describe(&reached, context);
            context.raise(draft);
        }
        self.spread.forget(watermark);
        if watermark >= self.next_sweep {
            self.next_sweep = watermark + TimeSpan::from_hours(6);
            let old = watermark - self.keep;
            self.names.retain(|_, (_, last)| *last >= old);
        }
    }
}

impl State {
    fn texts(&self, rows: &[Record], of: impl Fn(&Record) -> u64) -> Vec<String> {
        let hashes = details::distinct(rows, of);
        let known = hashes.iter().filter_map(|hash| self.names.get(hash));
        let mut texts: Vec<String> = known.map(|(text, _)| text.to_string()).collect();
        texts.sort();
        texts
    }

    fn describe(&self, reached: &Reached, context: &Context<'_>) -> AlertDraft {
        let rows = &reached.rows;
        let application = self.texts(&[reached.completing], |row| row.key).concat();
        let users = self.texts(rows, |row| row.value);
        let addresses = self.texts(rows, |row| row.address);
        let mut carried = Map::new();
        carried.insert("failures".to_owned(), json!(reached.level));
        carried.insert("span".to_owned(), json!(reached.span.to_string()));
        details::list(&mut carried, "user", &users);
        details::list(&mut carried, "address", &addresses);
        let mut entities =
            details::entities("CloudApplication", std::slice::from_ref(&application));
        entities.extend(details::entities("Account", &users));
        AlertDraft {
            semantics: Semantics::Count,
            key: application,
            completing: reached.completing,
            threshold: self.spread.threshold(),
            level: reached.level,
            window: reached.window,
            available: reached.available,
            raised: reached.raised,
            severity: self.severity,
            classes: Vec::new(),
            entities,
            evidence: rows.iter().map(|row| context.evidence(row)).collect(),
            details: carried,
        }
    }
}
