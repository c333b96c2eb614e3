//! C2 `app_and_defender`: a failed request and a Defender for AI alert on one application.
//!
//! An interval join on the application, closed at the bound, in either order. An alert comes as one
//! row per entity in `AlertEvidence`; its rows are gathered first ([`gather`]): the resource row
//! gives the application through `APP_MAP`, the user row, where there is one, binds the pair to
//! that user.
//!
//! Record of a request: `key` application, `value` account, `other` prompt sample, `address` source
//! address. Of an alert's row: `key` account, `value` application, `other` resource, `address`
//! address, each 0 unless the row names it; `text` title.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Severity, Side};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::json;

use super::joined::{self, Failures};
use super::{Native, Plan, Rule, accounts, app_log, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{IntervalJoin, Match};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;

mod gather;
mod project;
#[cfg(test)]
mod tests;

use gather::Gather;

/// Table of the alerts.
const EVIDENCE: &str = "AlertEvidence";
/// A failed request.
const REQUEST: u8 = 0;
/// One entity row of an alert.
const ALERT: u8 = 1;
/// Flag: the record names an account.
const HAS_ACCOUNT: u8 = 1;

/// Parts of the titles that Defender for AI gives its alerts, the model scan's left out. Source:
/// `schema/data/defender_ai_alerts.json`.
const TITLES: &[&str] = &[
    "credential theft attempt",
    "jailbreak attempt",
    "phishing attempt",
    "phishing URL",
    "suspicious user agent",
    "ASCII smuggling",
    "access from a Tor IP",
    "access from suspicious IP",
    "suspected wallet attack",
    "access anomaly in AI resource",
    "(AI resources)",
    "exposed by an AI resource",
    "anomalous tool invocation",
    "LLM reconnaissance",
];

/// The registered rule.
pub(crate) struct AppAndDefender;

impl Native for AppAndDefender {
    fn id(&self) -> &'static str {
        "C2"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        vec![
            ParameterSpec::span("window", info.window, "longest gap of a pair, included"),
            ParameterSpec::span(
                "realert",
                info.realert,
                "an application (and user) alerts again after this long without a pair",
            ),
            Failures::parameter(),
            ParameterSpec::texts(
                "sources",
                &["Defender for AI"],
                "parts of DetectionSource that count, in any case of letters",
            ),
            ParameterSpec::texts(
                "titles",
                TITLES,
                "parts of titles that count where a row has no DetectionSource",
            ),
            ParameterSpec::texts(
                "not_titles",
                &["uploaded AI model"],
                "parts of titles that never count: findings about models",
            ),
            ParameterSpec::span(
                "resolve",
                TimeSpan::from_minutes(10),
                "how long rows of one alert wait for each other",
            ),
            ParameterSpec::severity(info.severity),
        ]
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, EVIDENCE],
            resolve: parameters.span("resolve"),
            horizon: parameters.span("window"),
            has_bins: false,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        Box::new(project::Project::new(parameters, fields))
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let window = parameters.span("window");
        Box::new(State {
            window,
            join: IntervalJoin::new(window, parameters.span("realert")),
            gather: Gather::new(reference, parameters.span("resolve")),
            severity: parameters.severity(),
        })
    }
}

struct State {
    window: TimeSpan,
    join: IntervalJoin,
    gather: Gather,
    severity: Severity,
}

/// An account as the join names people, for which 0 is nobody.
fn person(account: Option<u64>) -> u64 {
    account.map_or(0, |key| key.wrapping_add(1))
}

fn account(record: &Record, key: u64) -> Option<u64> {
    (record.flags & HAS_ACCOUNT != 0).then_some(key)
}

impl Rule for State {
    fn resolve(&mut self, record: &mut Record, text: &str, _context: &mut Context<'_>) -> bool {
        record.kind != ALERT || self.gather.add(record, text)
    }

    fn apply(&mut self, record: &Record, _text: &str, context: &mut Context<'_>) {
        self.raise(Some(record), context);
        if record.kind == REQUEST {
            let who = person(account(record, record.value));
            let sides = self.join.apply(Side::Left, record.key, who, record);
            context.level(record, record.key, sides, 2);
            return;
        }
        let Some(alert) = self.gather.get(record.event) else {
            return;
        };
        if alert.is_drill(context) {
            return;
        }
        let mut whole = *record;
        whole.available = alert.available();
        let who = person(alert.account());
        for &application in alert.applications(&self.gather).iter() {
            let sides = self.join.apply(Side::Right, application, who, &whole);
            context.level(record, application, sides, 2);
        }
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.raise(None, context);
        self.join.advance(watermark);
        self.gather.advance(watermark - self.window);
    }
}

impl State {
    fn raise(&mut self, next: Option<&Record>, context: &mut Context<'_>) {
        for found in self.join.take_closed(next) {
            let draft = self.describe(&found, context);
            context.raise(draft);
        }
    }

    fn describe(&self, found: &Match, context: &Context<'_>) -> AlertDraft {
        let requests = found.rows(Side::Left);
        let alerts = self.gather.rows_of(found.rows(Side::Right));
        let distinct = |rows: &[Record], of: fn(&Record) -> u64| {
            details::texts(&details::distinct(rows, of), context)
        };
        let application = context.name(found.key);
        let named = found.who.checked_sub(1);
        let named = named.map(|key| accounts::shown(key, context.reference, context.names));
        let mut users: Vec<String> = requests
            .iter()
            .filter_map(|row| account(row, row.value))
            .map(|key| accounts::shown(key, context.reference, context.names))
            .chain(named.clone())
            .collect();
        users.sort();
        users.dedup();
        let mut addresses = distinct(requests, |row| row.address);
        addresses.extend(distinct(&alerts, |row| row.address));
        addresses.sort();
        addresses.dedup();
        let resources = distinct(&alerts, |row| row.other);
        let key = match &named {
            Some(user) => format!("{application} · {user}"),
            None => application.clone(),
        };
        let mut draft = joined::draft(found, key, self.severity, context);
        draft.evidence = joined::evidence(requests, &alerts, context);
        draft.entities = details::entities("CloudApplication", &[application]);
        draft.entities.extend(details::entities("Account", &users));
        draft.entities.extend(details::entities("IP", &addresses));
        draft
            .entities
            .extend(details::entities("AzureResource", &resources));
        let carried = &mut draft.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        let titles = self.gather.titles_of(found.rows(Side::Right));
        set(
            "failed_requests",
            json!(details::event_times(requests).len()),
        );
        set(
            "defender_alerts",
            json!(details::event_times(&alerts).len()),
        );
        set(
            "completed_by",
            json!(if found.side == Side::Left {
                "request"
            } else {
                "alert"
            }),
        );
        set("alert_titles", json!(titles));
        set("alert_names_user", json!(named.is_some()));
        set("users", json!(users));
        set("addresses", json!(addresses));
        set("samples", json!(distinct(requests, |row| row.other)));
        draft
    }
}
