//! C1 `failed_requests_and_sign_ins`: a failed request and a failed sign-in of one account.
//!
//! An interval join on the account, closed at the bound, in either order. Interrupts (a pending
//! second factor, a keep-me-signed-in prompt) are steps of a sign-in that goes on and no failures.
//! Severity asks whether the failed sign-in's address is new to the account, for which successful
//! sign-ins of the days before are remembered.
//!
//! Record: `key` account, `address` source address; a request has its application in `value` and
//! its prompt sample in `other`; a sign-in has its address key in `value`, a second spelling in
//! `other`, its result code in `number`, and whether its address is new in `flags`.

use std::sync::Arc;

use livefire_schema::address::address_key;
use livefire_schema::alert::{Mode, Severity, Side};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::json;

use super::accounts::{self, Aliases, SignIns};
use super::joined::{self, Failures};
use super::r4_new_source_ip::between;
use super::{Native, Plan, Rule, app_log, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Baseline, IntervalJoin, Match, Seen};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

#[cfg(test)]
mod tests;

/// A failed request.
const REQUEST: u8 = 0;
/// A failed interactive sign-in.
const FAILED: u8 = 1;
/// A successful sign-in of any kind.
const SUCCESS: u8 = 2;
/// Flag of a failed sign-in: its address is new to the account.
const NEW: u8 = 1;

/// Result codes of class `failure` in `entra_result_codes.json`.
const FAILURE_CODES: &[&str] = &[
    "50126", "50034", "50053", "50055", "50057", "53003", "500121",
];
/// How often old sightings are looked for.
const SWEEP: TimeSpan = TimeSpan::from_hours(6);

/// The registered rule.
pub(crate) struct FailedRequestsAndSignIns;

impl Native for FailedRequestsAndSignIns {
    fn id(&self) -> &'static str {
        "C1"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        vec![
            ParameterSpec::span("window", info.window, "longest gap of a pair, included"),
            ParameterSpec::span(
                "realert",
                info.realert,
                "an account alerts again after this long without a pair",
            ),
            Failures::parameter(),
            ParameterSpec::texts(
                "failure_codes",
                FAILURE_CODES,
                "result codes of sign-ins that count as failed",
            ),
            between(
                ParameterSpec::span(
                    "lookback",
                    TimeSpan::from_days(7),
                    "an address of a successful sign-in this long ago is still known",
                ),
                TimeSpan::from_days(1)..=TimeSpan::from_days(365),
            ),
            between(
                ParameterSpec::span(
                    "exclude",
                    TimeSpan::from_hours(1),
                    "the time just before a failed sign-in that makes no address known",
                ),
                TimeSpan::from_seconds(1)..=TimeSpan::from_hours(12),
            ),
            ParameterSpec::severity(info.severity),
        ]
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![
                app_log::TABLE,
                accounts::INTERACTIVE,
                accounts::NON_INTERACTIVE,
                accounts::LOGONS,
            ],
            resolve: TimeSpan::ZERO,
            horizon: parameters.span("window"),
            has_bins: false,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let failures = Failures::new(parameters, fields);
        let mut field = |name| app_log::field(fields, failures.log.table, name);
        let (address, application) = (field("source_ip"), field("application_name"));
        let sample = field("full_prompt_sample");
        let codes = parameters.texts("failure_codes").iter();
        let baseline = [accounts::NON_INTERACTIVE, accounts::LOGONS];
        Box::new(Project {
            failures,
            address,
            application,
            sample,
            interactive: SignIns::new(fields, accounts::INTERACTIVE),
            baseline: baseline.map(|table| SignIns::new(fields, table)),
            codes: codes.filter_map(|code| code.trim().parse().ok()).collect(),
            reference: Arc::clone(fields.reference()),
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            join: IntervalJoin::new(parameters.span("window"), parameters.span("realert")),
            severity: parameters.severity(),
            baseline: Baseline {
                lookback: parameters.span("lookback"),
                gap: parameters.span("exclude"),
            },
            sightings: FxHashMap::default(),
            aliases: Aliases::default(),
            next_sweep: EventTime::MIN,
        })
    }
}

struct Project {
    failures: Failures,
    address: Option<Slot>,
    application: Option<Slot>,
    sample: Option<Slot>,
    interactive: SignIns,
    baseline: [SignIns; 2],
    codes: FxHashSet<i64>,
    reference: Arc<Reference>,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.failures.log.holds(row) {
            self.request(row, sink);
        } else if self.interactive.table == Some(row.table) {
            self.sign_in(&self.interactive, row, sink);
        } else if let Some(table) = self.baseline.iter().find(|t| t.table == Some(row.table)) {
            self.sign_in(table, row, sink);
        }
    }
}

impl Project {
    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if !self.failures.holds(row) {
            return;
        }
        let Some(user) = row.text(self.failures.log.user) else {
            return;
        };
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = accounts::end_user(user, &self.reference, sink);
        let mut name = |slot| row.text(slot).map_or(0, |text| sink.name(text));
        record.address = name(self.address);
        record.value = name(self.application);
        record.other = name(self.sample);
        sink.push(record);
    }

    fn sign_in(&self, table: &SignIns, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let Some(code) = table.code(row) else { return };
        let is_interactive = table.table == self.interactive.table;
        let kind = match code {
            0 => SUCCESS,
            code if is_interactive && self.codes.contains(&code) => FAILED,
            _ => return,
        };
        let text = row.text(table.address);
        let address = text.and_then(|text| text.parse().ok());
        if kind == SUCCESS && address.is_none() {
            return;
        }
        let Some(account) = table.account(row, &self.reference, sink) else {
            return;
        };
        let mut record = sink.record();
        record.kind = kind;
        record.key = account.key;
        record.other = account.alias;
        record.value = address.map_or(0, address_key);
        record.number = i32::try_from(code).unwrap_or(0);
        if kind == FAILED {
            record.address = text.map_or(0, |text| sink.name(text));
        }
        sink.push(record);
    }
}

struct State {
    join: IntervalJoin,
    severity: Severity,
    baseline: Baseline,
    /// Successful sign-ins by account and address.
    sightings: FxHashMap<(u64, u64), Seen>,
    aliases: Aliases,
    next_sweep: EventTime,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, _text: &str, context: &mut Context<'_>) {
        self.raise(Some(record), context);
        let mut record = *record;
        if record.kind == REQUEST {
            record.key = self.aliases.resolve(record.key);
            self.pair(Side::Left, &record, context);
            return;
        }
        if self.aliases.learn(record.other, record.key, record.time) {
            self.join.rename(record.other, record.key);
        }
        record.key = self.aliases.resolve(record.key);
        let (place, baseline) = ((record.key, record.value), self.baseline);
        if record.kind == SUCCESS {
            self.sightings
                .entry(place)
                .or_default()
                .add(record.time, baseline);
            return;
        }
        let seen = self.sightings.get_mut(&place);
        let is_known = seen.is_some_and(|seen| seen.contains(record.time, baseline));
        // A row without a readable address claims nothing.
        if record.value != 0 && !is_known {
            record.flags = NEW;
        }
        self.pair(Side::Right, &record, context);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.raise(None, context);
        self.join.advance(watermark);
        if watermark >= self.next_sweep {
            self.next_sweep = watermark + SWEEP;
            let baseline = self.baseline;
            self.sightings
                .retain(|_, seen| !seen.is_over(watermark, baseline));
            self.aliases.advance(watermark, baseline.lookback);
        }
    }
}

impl State {
    fn pair(&mut self, side: Side, record: &Record, context: &mut Context<'_>) {
        let sides = self.join.apply(side, record.key, 0, record);
        context.level(record, record.key, sides, 2);
    }

    fn raise(&mut self, next: Option<&Record>, context: &mut Context<'_>) {
        for found in self.join.take_closed(next) {
            let draft = self.describe(&found, context);
            context.raise(draft);
        }
    }

    fn describe(&self, found: &Match, context: &Context<'_>) -> AlertDraft {
        let (requests, sign_ins) = (found.rows(Side::Left), found.rows(Side::Right));
        let is_new = sign_ins.iter().any(|row| row.flags & NEW != 0);
        let severity = if is_new { self.severity } else { Severity::Low };
        let account = accounts::shown(found.key, context.reference, context.names);
        let distinct = |rows: &[Record], of: fn(&Record) -> u64| {
            details::texts(&details::distinct(rows, of), context)
        };
        let from_requests = distinct(requests, |row| row.address);
        let from_sign_ins = distinct(sign_ins, |row| row.address);
        let applications = distinct(requests, |row| row.value);
        let mut codes: Vec<i32> = sign_ins.iter().map(|row| row.number).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut draft = joined::draft(found, account.clone(), severity, context);
        draft.entities = details::entities("Account", &[account]);
        draft
            .entities
            .extend(details::entities("IP", &from_requests));
        draft
            .entities
            .extend(details::entities("IP", &from_sign_ins));
        draft
            .entities
            .extend(details::entities("CloudApplication", &applications));
        let carried = &mut draft.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set(
            "failed_requests",
            json!(details::event_times(requests).len()),
        );
        set(
            "failed_sign_ins",
            json!(details::event_times(sign_ins).len()),
        );
        set(
            "completed_by",
            json!(if found.side == Side::Left {
                "request"
            } else {
                "sign_in"
            }),
        );
        set("result_codes", json!(codes));
        set("sign_in_address_is_new", json!(is_new));
        set("request_addresses", json!(from_requests));
        set("sign_in_addresses", json!(from_sign_ins));
        set(
            "places",
            json!(details::places(&from_sign_ins, context.reference)),
        );
        set("applications", json!(applications));
        set("samples", json!(distinct(requests, |row| row.other)));
        draft
    }
}
