//! H2 `high_volume`: one caller sends many requests within an hour.
//!
//! A request stands in two tables. The application's row names the caller (its user, else the
//! source address); a call in the resource log counts only if no application's row shares its id,
//! under resource and masked network. The two kinds of key never meet, so they are counted apart:
//! requests at once, calls after they have waited for a partner.
//!
//! Record: `kind` tells the two tables apart; `key` caller, `value` user, `other` application (of a
//! call its resource), `address` source address (of a call its network).

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::requests::Requests;
use super::service_log::{self, ServiceLog};
use super::{Native, Plan, Rule, app_log, counted, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Closed, Counting, Gaps, KeyedCount, SamplePolicy, Token};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

#[cfg(test)]
mod tests;

/// A request of the application log.
const REQUEST: u8 = 0;
/// A call of the resource log.
const CALL: u8 = 1;

/// The registered rule.
pub(crate) struct HighVolume;

impl Native for HighVolume {
    fn id(&self) -> &'static str {
        "H2"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "requests of one caller that raise an alert");
        specs.extend([
            ParameterSpec::severity(info.severity),
            ParameterSpec::span(
                "resolve",
                TimeSpan::from_minutes(10),
                "how long a call waits for the application's row of the same request",
            ),
        ]);
        specs
    }

    fn sink(&self) -> Option<&'static str> {
        Some("threshold")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, service_log::TABLE],
            resolve: parameters.span("resolve"),
            horizon: parameters.span("window") * 2 + parameters.span("resolve"),
            has_bins: true,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let log = fields.table(app_log::TABLE);
        Box::new(Project {
            log,
            user: app_log::field(fields, log, "end_user_id"),
            address: app_log::field(fields, log, "source_ip"),
            application: app_log::field(fields, log, "application_name"),
            service: ServiceLog::new(fields),
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let counting = Counting {
            mode,
            window: parameters.span("window"),
            token: Token::Event,
            hold: TimeSpan::ZERO,
            keep: TimeSpan::ZERO,
            samples: SamplePolicy::None,
        };
        let (threshold, realert) = (parameters.count("threshold"), parameters.span("realert"));
        Box::new(State {
            requests: Requests::new(parameters.span("resolve")),
            named: KeyedCount::new(counting, threshold, realert),
            outside: KeyedCount::new(counting, threshold, realert),
            severity: parameters.severity(),
        })
    }
}

struct Project {
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    service: ServiceLog,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log == Some(row.table) {
            let mut name = |slot| row.text(slot).map_or(0, |text| sink.name(text));
            let (user, address) = (name(self.user), name(self.address));
            let application = name(self.application);
            let caller = if user == 0 { address } else { user };
            // A row that names nobody leaves the call to its resource and network.
            if caller != 0 {
                let mut record = sink.record();
                record.kind = REQUEST;
                record.key = caller;
                record.value = user;
                record.other = application;
                record.address = address;
                sink.push(record);
            }
        } else if self.service.holds(row) && self.service.is_model_call(row) {
            let mut record = self.service.record(row, sink);
            record.kind = CALL;
            sink.push(record);
        }
    }
}

struct State {
    requests: Requests<()>,
    /// Requests by user or source address.
    named: KeyedCount,
    /// Calls without a request, by resource and network.
    outside: KeyedCount,
    severity: Severity,
}

impl Rule for State {
    fn resolve(&mut self, record: &mut Record, _: &str, context: &mut Context<'_>) -> bool {
        if record.kind == REQUEST {
            self.requests.add(record, ());
            self.named.apply(record, "", context);
            return false;
        }
        self.requests.get(record.event).is_none()
    }

    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        if self.requests.get(record.event).is_some() {
            return;
        }
        let network = service_log::network(record, context);
        let caller = service_log::outside_caller(record, &network, context);
        let mut call = *record;
        call.address = context.names.add(&network);
        call.key = context.names.add(&caller);
        self.outside.apply(&call, "", context);
    }

    fn fan_out(&mut self, thresholds: &[u64]) {
        self.named.fan_out(thresholds);
        self.outside.fan_out(thresholds);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for count in [&mut self.named, &mut self.outside] {
            for closed in count.take_closed(watermark) {
                let draft = describe(&closed, self.severity, context);
                context.raise_of(closed.sink, draft);
            }
            count.forget(watermark);
        }
        self.requests.forget(watermark);
    }
}

fn describe(closed: &Closed, severity: Severity, context: &Context<'_>) -> AlertDraft {
    let rows = &closed.evidence;
    let is_call = closed.completing.kind == CALL;
    let users = details::texts(&details::distinct(rows, |row| row.value), context);
    let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
    let places = details::texts(&details::distinct(rows, |row| row.other), context);
    let gaps = Gaps::of(&details::event_times(rows));
    let mut carried = Map::new();
    carried.insert("requests".to_owned(), json!(closed.level));
    carried.insert("median_gap_seconds".to_owned(), json!(gaps.median()));
    details::list(&mut carried, "address", &addresses);
    let kind = if is_call { "resource" } else { "application" };
    details::list(&mut carried, kind, &places);
    let mut entities = details::entities("Account", &users);
    entities.extend(details::entities("IP", &addresses));
    let kind = if is_call {
        "AzureResource"
    } else {
        "CloudApplication"
    };
    entities.extend(details::entities(kind, &places));
    AlertDraft {
        severity,
        entities,
        details: carried,
        ..closed.draft(Semantics::Count, context)
    }
}
