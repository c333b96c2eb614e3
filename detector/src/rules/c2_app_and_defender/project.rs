//! What C2 keeps of a row.

use std::sync::Arc;

use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use super::{ALERT, EVIDENCE, HAS_ACCOUNT, REQUEST};
use crate::parameters::Parameters;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::rules::joined::Failures;
use crate::rules::{accounts, app_log};

/// Reads the application log and `AlertEvidence`.
pub(super) struct Project {
    failures: Failures,
    application: Option<Slot>,
    address: Option<Slot>,
    sample: Option<Slot>,
    evidence: Evidence,
    reference: Arc<Reference>,
}

struct Evidence {
    table: Option<TableId>,
    alert: Option<Slot>,
    title: Option<Slot>,
    detection: Option<Slot>,
    object_id: Option<Slot>,
    upn: Option<Slot>,
    resource: Option<Slot>,
    application: Option<Slot>,
    address: Option<Slot>,
    sources: Vec<String>,
    titles: Vec<String>,
    not_titles: Vec<String>,
}

impl Project {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let failures = Failures::new(parameters, fields);
        let mut field = |name| app_log::field(fields, failures.log.table, name);
        Project {
            failures,
            application: field("application_name"),
            address: field("source_ip"),
            sample: field("full_prompt_sample"),
            evidence: Evidence::new(parameters, fields),
            reference: Arc::clone(fields.reference()),
        }
    }

    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let Some(application) = row.text(self.application) else {
            return;
        };
        if !self.failures.holds(row) {
            return;
        }
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = sink.name(application);
        if let Some(user) = row.text(self.failures.log.user) {
            record.value = accounts::end_user(user, &self.reference, sink);
            record.flags = HAS_ACCOUNT;
        }
        let mut name = |slot| row.text(slot).map_or(0, |text| sink.name(text));
        record.address = name(self.address);
        record.other = name(self.sample);
        sink.push(record);
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.failures.log.holds(row) {
            self.request(row, sink);
        } else if self.evidence.table == Some(row.table) && self.evidence.counts(row) {
            self.evidence.entity(row, &self.reference, sink);
        }
    }
}

impl Evidence {
    fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let table = fields.table(EVIDENCE);
        let mut slot = |name| fields.slot(table, name);
        let lower = |name| -> Vec<String> {
            let texts = parameters.texts(name).iter();
            texts.map(|text| text.to_lowercase()).collect()
        };
        Evidence {
            table,
            alert: slot("AlertId"),
            title: slot("Title"),
            detection: slot("DetectionSource"),
            object_id: slot("AccountObjectId"),
            upn: slot("AccountUpn"),
            resource: slot("CloudResource"),
            application: slot("Application"),
            address: slot("RemoteIP"),
            sources: lower("sources"),
            titles: lower("titles"),
            not_titles: lower("not_titles"),
        }
    }

    /// Whether the row is of a Defender for AI alert about an application.
    fn counts(&self, row: &RowView<'_, '_>) -> bool {
        let title = row.text(self.title).unwrap_or("").to_lowercase();
        let holds = |text: &str, parts: &[String]| parts.iter().any(|part| text.contains(part));
        let is_ours = match row.text(self.detection) {
            Some(detection) => holds(&detection.to_lowercase(), &self.sources),
            None => holds(&title, &self.titles),
        };
        is_ours && !holds(&title, &self.not_titles) && row.text(self.alert).is_some()
    }

    fn entity(&self, row: &RowView<'_, '_>, reference: &Reference, sink: &mut Sink<'_>) {
        let (object_id, upn) = (row.text(self.object_id), row.text(self.upn));
        let mut record = sink.record();
        record.kind = ALERT;
        if let Some(account) = accounts::account(object_id, upn, reference, sink) {
            record.key = account.key;
            record.flags = HAS_ACCOUNT;
        }
        let mut name = |text: Option<&str>| text.map_or(0, |text| sink.name(text));
        record.value = name(row.text(self.application));
        record.address = name(row.text(self.address));
        let resource = row.text(self.resource);
        record.other = name(resource.and_then(|text| text.rsplit('/').next()));
        if let Some(title) = row.text(self.title) {
            record.text = sink.text(title);
        }
        sink.push(record);
    }
}
