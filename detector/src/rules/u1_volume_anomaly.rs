//! U1 `volume_anomaly`: a user sends far more requests in an hour than in their own past.
//!
//! The comparison is in [`super::unusual_volume`]. A user is an account of the identity map,
//! whichever of object id and UPN a row uses, else the spelling that rows use.
//!
//! Record: `key` account, `other` user as spelt, `value` application, `address` source address.

use std::sync::Arc;

use livefire_schema::alert::Mode;
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::unusual_volume::{self, Pending, Said, UnusualVolume};
use super::{Native, Plan, Rule, accounts, app_log, details, info};
use crate::context::Context;
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::Gaps;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;

#[cfg(test)]
mod tests;

/// The registered rule.
pub(crate) struct VolumeAnomaly;

impl Native for VolumeAnomaly {
    fn id(&self) -> &'static str {
        "U1"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        unusual_volume::parameters(info(self), "fewer requests in the window never alert")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE],
            resolve: TimeSpan::ZERO,
            horizon: unusual_volume::horizon(parameters),
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
            application: app_log::field(fields, log, "application_name"),
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
            volume: UnusualVolume::new(parameters, reference),
        })
    }
}

struct Project {
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    reference: Arc<Reference>,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log != Some(row.table) {
            return;
        }
        let Some(user) = row.text(self.user) else {
            return;
        };
        let mut record = sink.record();
        record.key = accounts::end_user(user, &self.reference, sink);
        record.other = sink.name(user);
        record.value = row.text(self.application).map_or(0, |text| sink.name(text));
        record.address = row.text(self.address).map_or(0, |text| sink.name(text));
        sink.push(record);
    }
}

struct State {
    volume: UnusualVolume,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        self.volume.apply(record, 1, record.key, context);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.volume.advance(watermark, context, say);
    }
}

fn say(one: &Pending, context: &Context<'_>) -> Said {
    let rows: Vec<Record> = one.rows.iter().map(|(row, _)| *row).collect();
    let completing = &one.completing;
    let user = accounts::shown_or(
        completing.key,
        completing.other,
        context.reference,
        context.names,
    );
    let addresses = details::texts(&details::distinct(&rows, |row| row.address), context);
    let applications = details::texts(&details::distinct(&rows, |row| row.value), context);
    let gaps = Gaps::of(&details::event_times(&rows));
    let mut carried = Map::new();
    carried.insert("median_gap_seconds".to_owned(), json!(gaps.median()));
    details::list(&mut carried, "address", &addresses);
    details::list(&mut carried, "application", &applications);
    let mut entities = details::entities("Account", std::slice::from_ref(&user));
    entities.extend(details::entities("IP", &addresses));
    entities.extend(details::entities("CloudApplication", &applications));
    Said {
        key: user,
        entities,
        details: carried,
    }
}
