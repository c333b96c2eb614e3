//! U3 `impossible_travel`: one user is in two places faster than an airliner flies.
//!
//! Two located requests, or a sign-in and a request, of one account; two sign-ins alone say nothing
//! about the application. Every sighting of the last day is kept, for the evidence holds all
//! partners of the completing row. Places come from the geography table and are reduced to a few
//! *spots* ([`spots`]) beforehand; most users are at one spot only, which needs no comparison.
//!
//! Record: `key` account, `value` spot, `other` user as spelt (of a sign-in its second spelling),
//! `address` source address, `kind` request or sign-in.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::json;

use super::accounts::{self, Aliases, SignIns};
use super::{Native, Plan, Rule, app_log, details, info, joined};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::is_copy;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;
use crate::rules::r4_new_source_ip::between;
use sightings::{Sightings, Travel};
use spots::Spots;

mod sightings;
mod spots;
#[cfg(test)]
mod tests;

/// A request of the application log.
const REQUEST: u8 = 0;
/// A successful sign-in.
const SIGN_IN: u8 = 1;

/// The registered rule.
pub(crate) struct ImpossibleTravel;

impl Native for ImpossibleTravel {
    fn id(&self) -> &'static str {
        "U3"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        vec![
            ParameterSpec::ratio(
                "distance_km",
                500.0,
                1.0..=20_000.0,
                "nearer places never alert",
            ),
            ParameterSpec::ratio(
                "speed_kmh",
                900.0,
                1.0..=100_000.0,
                "a higher speed alerts; an airliner's",
            ),
            between(
                ParameterSpec::span("window", info.window, "how far apart two sightings can be"),
                TimeSpan::from_minutes(1)..=TimeSpan::from_days(7),
            ),
            ParameterSpec::span(
                "realert",
                info.realert,
                "a user alerts again after this long without a pair",
            ),
            ParameterSpec::severity(info.severity),
        ]
    }

    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, accounts::INTERACTIVE],
            resolve: TimeSpan::ZERO,
            horizon: TimeSpan::ZERO,
            has_bins: false,
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
            sign_ins: SignIns::new(fields, accounts::INTERACTIVE),
            spots: Spots::new(fields.reference()),
            reference: Arc::clone(fields.reference()),
        })
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            sightings: Sightings::new(parameters, Spots::new(reference)),
            severity: parameters.severity(),
            aliases: Aliases::default(),
            keep: parameters.span("window"),
            open: None,
        })
    }
}

struct Project {
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    sign_ins: SignIns,
    spots: Spots,
    reference: Arc<Reference>,
}

impl Project {
    /// The spot of an address; none for what is no address or stands nowhere.
    fn spot(&self, address: &str, sink: &mut Sink<'_>) -> Option<u64> {
        self.spots.of(sink.address(address)?).map(u64::from)
    }

    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) -> Option<Record> {
        let (user, address) = (row.text(self.user)?, row.text(self.address)?);
        let spot = self.spot(address, sink)?;
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = accounts::end_user(user, &self.reference, sink);
        record.other = sink.name(user);
        record.value = spot;
        record.address = sink.name(address);
        Some(record)
    }

    fn sign_in(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) -> Option<Record> {
        if self.sign_ins.code(row) != Some(0) {
            return None;
        }
        let address = row.text(self.sign_ins.address)?;
        let spot = self.spot(address, sink)?;
        let account = self.sign_ins.account(row, &self.reference, sink)?;
        let mut record = sink.record();
        record.kind = SIGN_IN;
        record.key = account.key;
        record.other = account.alias;
        record.value = spot;
        record.address = sink.name(address);
        Some(record)
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let record = if self.log == Some(row.table) {
            self.request(row, sink)
        } else if self.sign_ins.table == Some(row.table) {
            self.sign_in(row, sink)
        } else {
            None
        };
        if let Some(record) = record {
            sink.push(record);
        }
    }
}

struct State {
    sightings: Sightings,
    severity: Severity,
    aliases: Aliases,
    keep: TimeSpan,
    /// An alert whose completing event may still have copies to come.
    open: Option<Travel>,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        if let Some(open) = &mut self.open {
            if is_copy(&open.found.completing[0], record) {
                let key = open.found.key;
                open.found.completing.push(*record);
                self.sightings.copy(key, record);
                return;
            }
            self.raise(context);
        }
        let mut record = *record;
        if record.kind == SIGN_IN {
            self.aliases.learn(record.other, record.key, record.time);
        }
        record.key = self.aliases.resolve(record.key);
        let (sides, travel) = self.sightings.apply(&record);
        let key = if record.other == 0 {
            record.address
        } else {
            record.other
        };
        context.level(&record, key, sides, 2);
        self.open = travel;
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.raise(context);
        if self.sightings.forget(watermark) {
            self.aliases.advance(watermark, self.keep * 7);
        }
    }
}

impl State {
    fn raise(&mut self, context: &mut Context<'_>) {
        if let Some(travel) = self.open.take() {
            let draft = self.describe(&travel, context);
            context.raise(draft);
        }
    }

    fn describe(&self, travel: &Travel, context: &Context<'_>) -> AlertDraft {
        let found = &travel.found;
        let completing = found.completing[0];
        let (reference, names) = (context.reference, &*context.names);
        let user = accounts::shown_or(found.key, completing.other, reference, names);
        let address = context.name(completing.address);
        let place = |record: &Record| self.sightings.spots().describe(record.value, reference);
        let kind = |record: &Record| match record.kind {
            REQUEST => "request",
            _ => "sign-in",
        };
        let mut draft = joined::draft(found, user.clone(), self.severity, context);
        draft.entities = details::entities("Account", std::slice::from_ref(&user));
        let ip = details::entities("IP", std::slice::from_ref(&address));
        draft.entities.extend(ip);
        let carried = &mut draft.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        let gap = completing.time - travel.from.time;
        set("user", json!(user));
        set("address", json!(address));
        set("from", place(&travel.from));
        set("to", place(&completing));
        set("from_kind", json!(kind(&travel.from)));
        set("to_kind", json!(kind(&completing)));
        set("distance_km", json!(travel.kilometres.round()));
        set("apart", json!(gap.to_string()));
        let speed = travel.kilometres / (gap.seconds_f64() / 3600.0);
        let speed = (gap > TimeSpan::ZERO).then(|| speed.round());
        set("speed_kmh", json!(speed));
        draft
    }
}
