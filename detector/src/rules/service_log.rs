//! The model service's own log as rules read it: calls in `AzureDiagnostics`.
//!
//! The service does not know who calls: `CallerIPAddress` is the gateway's or the pod's, masked.
//! Where an application's row shares the request id, that row names the caller; a call without
//! one is keyed by resource and masked network.

use livefire_schema::address::Network;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use crate::context::Context;
use crate::projected::Sink;
use crate::projector::{FieldPlan, RowView};
use crate::record::Record;

/// Name of the table that carries the resource log.
pub(crate) const TABLE: &str = "AzureDiagnostics";

/// Slots of the fields that tell model calls from other rows, and who called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceLog {
    pub(crate) table: Option<TableId>,
    pub(crate) status: Option<Slot>,
    provider: Option<Slot>,
    category: Option<Slot>,
    resource: Option<Slot>,
    network: Option<Slot>,
}

impl ServiceLog {
    /// Asks for the fields.
    pub(crate) fn new(fields: &mut FieldPlan<'_>) -> Self {
        let table = fields.table(TABLE);
        ServiceLog {
            table,
            status: fields.slot(table, "ResultSignature"),
            provider: fields.slot(table, "ResourceProvider"),
            category: fields.slot(table, "Category"),
            resource: fields.slot(table, "Resource"),
            network: fields.slot(table, "CallerIPAddress"),
        }
    }

    /// Whether the row is of the resource log.
    pub(crate) fn holds(&self, row: &RowView<'_, '_>) -> bool {
        self.table == Some(row.table)
    }

    /// The table holds other services' rows too; what a row leaves out does not exclude it.
    pub(crate) fn is_model_call(&self, row: &RowView<'_, '_>) -> bool {
        let is = |slot, expected: &str| {
            let stated = row.text(slot);
            stated.is_none_or(|text| text.eq_ignore_ascii_case(expected))
        };
        is(self.provider, "MICROSOFT.COGNITIVESERVICES") && is(self.category, "RequestResponse")
    }

    /// A record of the row: `other` resource, `address` masked network.
    pub(crate) fn record(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) -> Record {
        let mut record = sink.record();
        record.other = row.text(self.resource).map_or(0, |text| sink.name(text));
        record.address = row.text(self.network).map_or(0, |text| sink.name(text));
        record
    }
}

/// The network of a call that no application's row names the caller of.
pub(crate) fn network(record: &Record, context: &Context<'_>) -> String {
    let network = context.name(record.address);
    Network::parse(&network).map_or(network, |known| known.to_string())
}

/// The caller of such a call: resource and network.
pub(crate) fn outside_caller(record: &Record, network: &str, context: &Context<'_>) -> String {
    format!("{} {network}", context.name(record.other))
}
