//! What R1 keeps of a row: of Defender for AI alerts, or of refused requests.

use livefire_schema::address::Network;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use super::gather::{ADDRESS, COUNTED, OTHER};
use crate::parameters::Parameters;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;
use crate::rules::app_log::{self, AppLog};

/// How the source address becomes a key.
#[derive(Clone, Copy)]
struct Source {
    by_network: bool,
}

impl Source {
    fn new(parameters: &Parameters) -> Self {
        Source {
            by_network: parameters.word("key") == "network",
        }
    }

    /// Fills key and address; `false` if the text is no address.
    fn fill(self, record: &mut Record, text: &str, sink: &mut Sink<'_>) -> bool {
        let Some(network) = Network::parse(text) else {
            return false;
        };
        record.address = sink.name(text);
        record.key = if self.by_network {
            sink.name_made(&network.to_string())
        } else {
            record.address
        };
        true
    }
}

/// Whether one of the parts, in lower case, occurs in the text in any case.
fn holds_one(text: &str, parts: &[String]) -> bool {
    let text = text.to_lowercase();
    parts.iter().any(|part| text.contains(part.as_str()))
}

fn lower(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}

/// Reads `AlertEvidence`.
pub(super) struct FromAlerts {
    table: Option<TableId>,
    alert: Option<Slot>,
    title: Option<Slot>,
    detection: Option<Slot>,
    address: Option<Slot>,
    object: Option<Slot>,
    principal: Option<Slot>,
    resource: Option<Slot>,
    titles: Vec<String>,
    sources: Vec<String>,
    source: Source,
}

impl FromAlerts {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let table = fields.table(super::EVIDENCE);
        let mut slot = |name| fields.slot(table, name);
        FromAlerts {
            table,
            alert: slot("AlertId"),
            title: slot("Title"),
            detection: slot("DetectionSource"),
            address: slot("RemoteIP"),
            object: slot("AccountObjectId"),
            principal: slot("AccountUpn"),
            resource: slot("CloudResource"),
            titles: lower(parameters.texts("titles")),
            sources: lower(parameters.texts("sources")),
            source: Source::new(parameters),
        }
    }
}

impl Projection for FromAlerts {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.table != Some(row.table) || row.text(self.alert).is_none() {
            return;
        }
        let title = row.text(self.title);
        let is_counted = title.is_some_and(|title| holds_one(title, &self.titles));
        let detection = row.text(self.detection);
        let is_ours = detection.is_none_or(|text| holds_one(text, &self.sources));
        if !is_ours || title.is_some() && !is_counted {
            return;
        }
        let mut record = sink.record();
        record.flags = if is_counted { COUNTED } else { 0 };
        let user = row.text(self.object).or_else(|| row.text(self.principal));
        record.value = user.map_or(0, |text| sink.name(text));
        record.other = row.text(self.resource).map_or(0, |text| sink.name(text));
        let address = row.text(self.address);
        let has_key = address.is_some_and(|text| self.source.fill(&mut record, text, sink));
        record.kind = if has_key { ADDRESS } else { OTHER };
        record.text = title.map_or_else(Default::default, |text| sink.text(text));
        sink.push(record);
    }
}

/// Reads the application log.
pub(super) struct FromLog {
    log: AppLog,
    message: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    sample: Option<Slot>,
    reasons: Vec<String>,
    source: Source,
}

impl FromLog {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let log = AppLog::new(fields);
        let mut field = |name| app_log::field(fields, log.table, name);
        FromLog {
            log,
            message: field("message"),
            address: field("source_ip"),
            application: field("application_name"),
            sample: field("full_prompt_sample"),
            reasons: lower(parameters.texts("reasons")),
            source: Source::new(parameters),
        }
    }
}

impl Projection for FromLog {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if !self.log.holds(row) || !self.log.is_fail(row) {
            return;
        }
        let is_attempt = row
            .text(self.message)
            .is_some_and(|message| holds_one(message, &self.reasons));
        let Some(address) = row.text(self.address).filter(|_| is_attempt) else {
            return;
        };
        let mut record = sink.record();
        if !self.source.fill(&mut record, address, sink) {
            return;
        }
        record.value = row.text(self.log.user).map_or(0, |text| sink.name(text));
        record.other = row.text(self.application).map_or(0, |text| sink.name(text));
        record.text = row
            .text(self.sample)
            .map_or_else(Default::default, |text| sink.text(text));
        sink.push(record);
    }
}
