//! U4 `token_consumption`: a caller's tokens of an hour lie far above their own past.
//!
//! The comparison is in [`super::unusual_volume`]. Tokens stand in the application's row, which
//! also names the caller. Where it states none, the call of the same id in the resource log gives
//! them by its bytes; a call without any application's row is counted under resource and masked
//! network. What the application states is counted at once and what only the call says after it has
//! waited for a row, hence apart; an application states tokens always or never.
//!
//! Record: `kind` tells the two tables apart; `key` caller and deployment, `value` caller, `other`
//! caller as shown, `address` deployment, `number` tokens. Of a call at first: `other` resource,
//! `address` network, `key` deployment.

use std::sync::Arc;

use livefire_schema::alert::Mode;
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::Map;
use serde_json::json;

use super::requests::Requests;
use super::service_log::{self, ServiceLog};
use super::unusual_volume::{self, Pending, Said, UnusualVolume};
use super::{Native, Plan, Rule, accounts, app_log, details, info};
use crate::context::Context;
use crate::parameters::{ParameterSpec, Parameters};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

#[cfg(test)]
mod tests;

/// A request of the application log that states its tokens.
const REQUEST: u8 = 0;
/// A request that does not, but names the caller of the call.
const CALLER: u8 = 1;
/// A call of the resource log.
const CALL: u8 = 2;
/// Bytes of a token.
const BYTES: i64 = 4;

/// The registered rule.
pub(crate) struct TokenConsumption;

impl Native for TokenConsumption {
    fn id(&self) -> &'static str {
        "U4"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let mut specs =
            unusual_volume::parameters(info(self), "fewer tokens in the window never alert");
        specs.push(ParameterSpec::span(
            "resolve",
            TimeSpan::from_minutes(10),
            "how long a call waits for the application's row of the same request",
        ));
        specs
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, service_log::TABLE],
            resolve: parameters.span("resolve"),
            horizon: unusual_volume::horizon(parameters) + parameters.span("resolve"),
            has_bins: false,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        Box::new(Project::new(fields))
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            requests: Requests::new(parameters.span("resolve")),
            stated: UnusualVolume::new(parameters, reference),
            measured: UnusualVolume::new(parameters, reference),
        })
    }
}

struct Project {
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    deployment: Option<Slot>,
    prompt: Option<Slot>,
    completion: Option<Slot>,
    service: ServiceLog,
    called: Option<Slot>,
    sent: Option<Slot>,
    received: Option<Slot>,
    reference: Arc<Reference>,
}

impl Project {
    fn new(fields: &mut FieldPlan<'_>) -> Self {
        let log = fields.table(app_log::TABLE);
        let mut field = |name| app_log::field(fields, log, name);
        let (user, address) = (field("end_user_id"), field("source_ip"));
        let deployment = field("model_deployment");
        let (prompt, completion) = (field("prompt_tokens"), field("completion_tokens"));
        let service = ServiceLog::new(fields);
        let mut property = |name: &str| fields.slot(service.table, &format!("properties_s.{name}"));
        Project {
            log,
            user,
            address,
            deployment,
            prompt,
            completion,
            service,
            called: property("modelDeploymentName"),
            sent: property("requestLength"),
            received: property("responseLength"),
            reference: Arc::clone(fields.reference()),
        }
    }

    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let mut record = sink.record();
        let (user, address) = (row.text(self.user), row.text(self.address));
        let Some(shown) = user.or(address) else {
            return;
        };
        record.other = sink.name(shown);
        record.value = match user {
            Some(user) => accounts::end_user(user, &self.reference, sink),
            None => record.other,
        };
        record.address = row.text(self.deployment).map_or(0, |text| sink.name(text));
        record.key = key(record.value, record.address);
        let (prompt, completion) = (row.integer(self.prompt), row.integer(self.completion));
        record.kind = REQUEST;
        if prompt.is_none() && completion.is_none() {
            record.kind = CALLER;
        }
        record.number = whole(prompt.unwrap_or(0).saturating_add(completion.unwrap_or(0)));
        sink.push(record);
    }

    fn call(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let is_answered = row.integer(self.service.status) == Some(200);
        if !is_answered || !self.service.is_model_call(row) {
            return;
        }
        let bytes = |slot| row.integer(slot).unwrap_or(0).max(0);
        let sum = bytes(self.sent).saturating_add(bytes(self.received));
        let mut record = self.service.record(row, sink);
        record.kind = CALL;
        record.key = row.text(self.called).map_or(0, |text| sink.name(text));
        record.number = whole(sum / BYTES);
        sink.push(record);
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log == Some(row.table) {
            self.request(row, sink);
        } else if self.service.holds(row) {
            self.call(row, sink);
        }
    }
}

/// Tokens of one request, not negative.
fn whole(tokens: i64) -> i32 {
    i32::try_from(tokens.max(0)).unwrap_or(i32::MAX)
}

/// The key of a caller and a deployment, spread over 64 bits.
fn key(caller: u64, deployment: u64) -> u64 {
    let mut mixed = caller ^ deployment.rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What the application's row says of a request.
#[derive(Clone, Copy, Debug)]
struct Partner {
    states_tokens: bool,
    caller: u64,
    shown: u64,
    deployment: u64,
    available: EventTime,
}

struct State {
    requests: Requests<Partner>,
    /// Tokens that applications state.
    stated: UnusualVolume,
    /// Tokens measured by the bytes of calls.
    measured: UnusualVolume,
}

impl State {
    fn is_stated(&self, record: &Record) -> bool {
        let partner = self.requests.get(record.event);
        partner.is_some_and(|partner| partner.states_tokens)
    }
}

impl Rule for State {
    fn resolve(&mut self, record: &mut Record, _: &str, context: &mut Context<'_>) -> bool {
        if record.kind == CALL {
            return !self.is_stated(record);
        }
        let states_tokens = record.kind == REQUEST;
        let partner = Partner {
            states_tokens,
            caller: record.value,
            shown: record.other,
            deployment: record.address,
            available: record.available,
        };
        let known = self.requests.add(record, partner);
        known.available = known.available.min(record.available);
        known.states_tokens |= states_tokens;
        if states_tokens {
            let tokens = u64::try_from(record.number).unwrap_or(0);
            self.stated.apply(record, tokens, record.value, context);
        }
        false
    }

    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        if self.is_stated(record) {
            return;
        }
        let mut call = *record;
        match self.requests.get(record.event) {
            Some(partner) => {
                call.value = partner.caller;
                call.other = partner.shown;
                call.address = match partner.deployment {
                    0 => record.key,
                    deployment => deployment,
                };
                call.available = record.available.max(partner.available);
            }
            None => {
                let network = service_log::network(record, context);
                let caller = service_log::outside_caller(record, &network, context);
                call.other = context.names.add(&caller);
                call.value = call.other;
                call.address = record.key;
            }
        }
        call.key = key(call.value, call.address);
        let tokens = u64::try_from(record.number).unwrap_or(0);
        self.measured.apply(&call, tokens, call.value, context);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.stated.advance(watermark, context, say);
        self.measured.advance(watermark, context, say);
        self.requests.forget(watermark);
    }
}

fn say(one: &Pending, context: &Context<'_>) -> Said {
    let completing = &one.completing;
    let (reference, names) = (context.reference, &*context.names);
    let caller = accounts::shown_or(completing.value, completing.other, reference, names);
    let deployment = context.name(completing.address);
    let is_measured = completing.kind == CALL;
    let largest = one.rows.iter().map(|(_, tokens)| *tokens).max();
    let requests = details::event_times(&one.rows.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    let mut carried = Map::new();
    let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
    set("caller", json!(caller));
    set("deployment", json!(deployment));
    set("requests", json!(requests.len()));
    set("largest_request_tokens", json!(largest.unwrap_or(0)));
    set("from_bytes", json!(is_measured));
    let is_outside = is_measured && completing.value == completing.other;
    let kind = if is_outside { "IP" } else { "Account" };
    Said {
        key: format!("{caller} · {deployment}"),
        entities: details::entities(kind, &[caller]),
        details: carried,
    }
}
