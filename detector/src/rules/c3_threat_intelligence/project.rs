//! What C3 keeps of a row.

use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::EventTime;

use super::index::Bits;
use super::{INDICATORS, PUBLICATION, REQUEST, USABLE};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::rules::app_log::{self, AppLog};

/// Observables that are addresses.
const KEYS: &[&str] = &[
    "ipv4-addr:value",
    "ipv6-addr:value",
    "network-traffic:src_ref.value",
];

/// Reads the application log and the indicators.
pub(super) struct Project {
    log: AppLog,
    address: Option<Slot>,
    table: Option<TableId>,
    id: Option<Slot>,
    key: Option<Slot>,
    observable: Option<Slot>,
    active: Option<Slot>,
    deleted: Option<Slot>,
    revoked: Option<Slot>,
    confidence: Option<Slot>,
    from: Option<Slot>,
    until: Option<Slot>,
    feed: Option<Slot>,
}

impl Project {
    pub(super) fn new(fields: &mut FieldPlan<'_>) -> Self {
        let log = AppLog::new(fields);
        let address = app_log::field(fields, log.table, "source_ip");
        let table = fields.table(INDICATORS);
        let mut slot = |name| fields.slot(table, name);
        Project {
            log,
            address,
            table,
            id: slot("Id"),
            key: slot("ObservableKey"),
            observable: slot("ObservableValue"),
            active: slot("IsActive"),
            deleted: slot("IsDeleted"),
            revoked: slot("Revoked"),
            confidence: slot("Confidence"),
            from: slot("ValidFrom"),
            until: slot("ValidUntil"),
            feed: slot("SourceSystem"),
        }
    }

    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let Some(text) = row.text(self.address) else {
            return;
        };
        let Some(address) = sink.address(text) else {
            return;
        };
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = row.text(self.log.user).map_or(0, |text| sink.name(text));
        (record.value, record.other) = Bits::of(address).halves();
        record.address = sink.name(text);
        sink.push(record);
    }

    /// Every publication of an address counts, since an unusable one ends the one before.
    fn publication(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let is_address = row.text(self.key).is_some_and(|key| KEYS.contains(&key));
        let (Some(id), Some(observable), true) =
            (row.text(self.id), row.text(self.observable), is_address)
        else {
            return;
        };
        let is_set = |slot| row.boolean(slot) == Some(true);
        let is_usable = is_set(self.active) && !is_set(self.deleted) && !is_set(self.revoked);
        let ticks = |slot, missing| row.instant(slot).unwrap_or(missing).ticks().cast_unsigned();
        let confidence = row.integer(self.confidence);
        let mut record = sink.record();
        record.kind = PUBLICATION;
        record.key = sink.name(id);
        record.value = ticks(self.from, EventTime::MIN);
        record.other = ticks(self.until, EventTime::MAX);
        record.number = confidence
            .and_then(|value| i32::try_from(value).ok())
            .unwrap_or(-1);
        record.address = row.text(self.feed).map_or(0, |text| sink.name(text));
        record.flags = if is_usable { USABLE } else { 0 };
        record.text = sink.text(observable);
        sink.push(record);
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log.holds(row) {
            self.request(row, sink);
        } else if self.table == Some(row.table) {
            self.publication(row, sink);
        }
    }
}
