//! R2 `content_safety`: one user fails the content check again and again.
//!
//! Counts distinct FAIL requests of one user. The published query also groups by session, address,
//! machine and application, so that rotating any of them splits the count: variant `session`.
//!
//! Record: `key` user and `value` session (variant `session`: `key` the published keys and `value`
//! user), `other` application, `address` source address, `number` content severity, `text` prompt
//! sample.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::app_log::{self, AppLog};
use super::details;
use super::{Native, Plan, Rule, counted, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Closed, KeyedCount};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

/// The registered rule.
pub(crate) struct ContentSafety;

impl Native for ContentSafety {
    fn id(&self) -> &'static str {
        "R2"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "failed requests that raise an alert");
        specs.extend([
            ParameterSpec::word(
                "key",
                &["user", "session"],
                "user, or as published: user, session, address, machine and application",
            ),
            ParameterSpec::word("counts", &["events", "rows"], "rows: duplicates count"),
            ParameterSpec::span(
                "class_hold",
                TimeSpan::from_hours(1),
                "how long after the alert rows still decide severity and class",
            ),
            ParameterSpec::count("high_from", 5, "failed requests from which it is High"),
            ParameterSpec::count(
                "critical_from",
                10,
                "failed requests from which it is Critical",
            ),
            ParameterSpec::count(
                "critical_content_severity",
                6,
                "a content severity that makes it Critical at once",
            ),
            ParameterSpec::span(
                "persistent_after",
                TimeSpan::from_minutes(15),
                "a longer span from first to last is `persistent`",
            ),
        ]);
        specs
    }

    fn sink(&self) -> Option<&'static str> {
        Some("threshold")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE],
            resolve: TimeSpan::ZERO,
            horizon: parameters.span("window") * 2 + parameters.span("class_hold"),
            has_bins: true,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let log = AppLog::new(fields);
        let mut field = |name| app_log::field(fields, log.table, name);
        let (session, address) = (field("session_id"), field("source_ip"));
        let (application, sample) = (field("application_name"), field("full_prompt_sample"));
        let severity = field("content_severity");
        let published = parameters.word("key") == "session";
        let computer = published
            .then(|| fields.slot(log.table, "Computer"))
            .flatten();
        Box::new(Project {
            log,
            session,
            address,
            application,
            sample,
            severity,
            computer,
            published,
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let counting = counted::counting(parameters, mode);
        let realert = parameters.span("realert");
        Box::new(State {
            count: KeyedCount::new(counting, parameters.count("threshold"), realert),
            published: parameters.word("key") == "session",
            semantics: counted::semantics(parameters),
            high_from: parameters.count("high_from"),
            critical_from: parameters.count("critical_from"),
            critical_content: parameters.count("critical_content_severity"),
            persistent_after: parameters.span("persistent_after"),
        })
    }
}

#[cfg(test)]
mod tests;

struct Project {
    log: AppLog,
    session: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    sample: Option<Slot>,
    severity: Option<Slot>,
    computer: Option<Slot>,
    published: bool,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if !self.log.holds(row) || !self.log.is_fail(row) {
            return;
        }
        let Some(user) = row.text(self.log.user) else {
            return;
        };
        let mut record = sink.record();
        if self.published {
            record.key = sink.name_made(&self.published_key(row, user));
            record.value = sink.name(user);
        } else {
            record.key = sink.name(user);
            record.value = row.text(self.session).map_or(0, |text| sink.name(text));
        }
        record.other = row.text(self.application).map_or(0, |text| sink.name(text));
        record.address = row.text(self.address).map_or(0, |text| sink.name(text));
        let severity = row.integer(self.severity).unwrap_or(0);
        record.number = i32::try_from(severity).unwrap_or(0);
        record.text = row
            .text(self.sample)
            .map_or_else(Default::default, |text| sink.text(text));
        sink.push(record);
    }
}

impl Project {
    fn published_key(&self, row: &RowView<'_, '_>, user: &str) -> String {
        let part = |slot| row.text(slot).unwrap_or("-");
        format!(
            "{user} · {} · {} · {} · {}",
            part(self.session),
            part(self.address),
            part(self.computer),
            part(self.application)
        )
    }
}

struct State {
    count: KeyedCount,
    published: bool,
    semantics: Semantics,
    high_from: u64,
    critical_from: u64,
    critical_content: u64,
    persistent_after: TimeSpan,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        self.count.apply(record, text, context);
    }

    fn fan_out(&mut self, thresholds: &[u64]) {
        self.count.fan_out(thresholds);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for closed in self.count.take_closed(watermark) {
            let draft = self.describe(&closed, context);
            context.raise_of(closed.sink, draft);
        }
        self.count.forget(watermark);
    }
}

impl State {
    fn describe(&self, closed: &Closed, context: &Context<'_>) -> AlertDraft {
        let rows = &closed.extended;
        let times = details::event_times(rows);
        let failures = u64::try_from(times.len()).unwrap_or(u64::MAX);
        let span = match (times.first(), times.last()) {
            (Some(&first), Some(&last)) => last - first,
            _ => TimeSpan::ZERO,
        };
        let worst = rows.iter().map(|row| row.number).max().unwrap_or(0);
        let class = if span > self.persistent_after {
            "persistent"
        } else {
            "isolated"
        };
        let values = details::texts(&details::distinct(rows, |row| row.value), context);
        let (users, sessions) = if self.published {
            (values, Vec::new())
        } else {
            (vec![context.name(closed.key)], values)
        };
        let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
        let applications = details::texts(&details::distinct(rows, |row| row.other), context);
        let mut carried = Map::new();
        carried.insert("failures".to_owned(), json!(failures));
        carried.insert("span".to_owned(), json!(span.to_string()));
        carried.insert("worst_content_severity".to_owned(), json!(worst));
        carried.insert("samples".to_owned(), json!(closed.samples));
        let places = details::places(&addresses, context.reference);
        carried.insert("places".to_owned(), json!(places));
        details::list(&mut carried, "session", &sessions);
        details::list(&mut carried, "address", &addresses);
        details::list(&mut carried, "application", &applications);
        let mut entities = details::entities("Account", &users);
        entities.extend(details::entities("IP", &addresses));
        entities.extend(details::entities("CloudApplication", &applications));
        let mut draft = closed.draft(self.semantics, context);
        draft.severity = self.severity(failures, worst);
        draft.classes = vec![class.to_owned()];
        draft.entities = entities;
        draft.details = carried;
        draft
    }

    fn severity(&self, failures: u64, worst: i32) -> Severity {
        let is_worst = u64::try_from(worst).is_ok_and(|worst| worst >= self.critical_content);
        if is_worst || failures >= self.critical_from {
            Severity::Critical
        } else if failures >= self.high_from {
            Severity::High
        } else {
            Severity::Medium
        }
    }
}
