//! What R5 keeps of a row: requests, successful sign-ins, accounts made.

use std::sync::Arc;

use livefire_schema::address::address_key;
use livefire_schema::ids::hash_text_lower;
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use super::AUDIT;
use crate::parameters::Parameters;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::rules::accounts::{self, INTERACTIVE, LOGONS, NON_INTERACTIVE, SignIns};
use crate::rules::app_log;

/// A request with a prompt hash.
pub(super) const REQUEST: u8 = 0;
/// A successful sign-in.
pub(super) const SIGN_IN: u8 = 1;
/// An account that was made.
pub(super) const MADE: u8 = 2;
/// Parts prompt hash, sample and application in a request's text.
pub(super) const PART: char = '\u{1f}';

pub(super) struct Project {
    reference: Arc<Reference>,
    log: Option<TableId>,
    user: Option<Slot>,
    hash: Option<Slot>,
    sample: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    by_sample: bool,
    sign_ins: [SignIns; 3],
    audit: Option<TableId>,
    operation: Option<Slot>,
    targets: Option<Slot>,
}

impl Project {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let log = fields.table(app_log::TABLE);
        let audit = fields.table(AUDIT);
        let mut field = |name| app_log::field(fields, log, name);
        Project {
            log,
            user: field("end_user_id"),
            hash: field("prompt_hash"),
            sample: field("full_prompt_sample"),
            address: field("source_ip"),
            application: field("application_name"),
            by_sample: parameters.word("key") == "sample",
            sign_ins: [INTERACTIVE, NON_INTERACTIVE, LOGONS]
                .map(|table| SignIns::new(fields, table)),
            audit,
            operation: fields.slot(audit, "OperationName"),
            targets: fields.slot(audit, "TargetResources"),
            reference: Arc::clone(fields.reference()),
        }
    }

    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let sample = row.text(self.sample).unwrap_or("");
        let key = if self.by_sample {
            row.text(self.sample)
        } else {
            row.text(self.hash)
        };
        let (Some(key), Some(user)) = (key, row.text(self.user)) else {
            return;
        };
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = hash_text_lower(key);
        record.value = accounts::end_user(user, &self.reference, sink);
        if let Some(address) = row.text(self.address) {
            record.address = sink.name(address);
            record.other = compared(address, sink);
        }
        let application = row.text(self.application).unwrap_or("");
        record.text = sink.text_of_parts(&[key, sample, application], PART);
        sink.push(record);
    }

    fn sign_in(&self, sign_ins: &SignIns, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if sign_ins.code(row) != Some(0) {
            return;
        }
        let address = row
            .text(sign_ins.address)
            .map_or(0, |text| compared(text, sink));
        let account = sign_ins.account(row, &self.reference, sink);
        if let Some(account) = account
            && address != 0
        {
            let mut record = sink.record();
            record.kind = SIGN_IN;
            record.value = account.key;
            record.other = address;
            sink.push(record);
        }
    }

    fn audit(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let is_new = row
            .text(self.operation)
            .is_some_and(|operation| operation.eq_ignore_ascii_case("Add user"));
        let Some(targets) = row.json(self.targets).filter(|_| is_new) else {
            return;
        };
        let targets: serde_json::Value = serde_json::from_str(targets).unwrap_or_default();
        for target in targets.as_array().into_iter().flatten() {
            let text = |name: &str| target.get(name).and_then(serde_json::Value::as_str);
            let object_id = text("id").filter(|id| !id.is_empty());
            let Some(user) = object_id.or(text("userPrincipalName")) else {
                continue;
            };
            let mut record = sink.record();
            record.kind = MADE;
            record.value = self.reference.account_key(user);
            sink.push(record);
        }
    }
}

/// An address as rules compare it: exact IPv4, IPv6 /64; 0 for text that is none.
fn compared(text: &str, sink: &mut Sink<'_>) -> u64 {
    sink.address(text).map_or(0, address_key)
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let table = Some(row.table);
        if table == self.log {
            self.request(row, sink);
        } else if table == self.audit {
            self.audit(row, sink);
        } else if let Some(own) = self.sign_ins.iter().find(|own| own.table == table) {
            self.sign_in(own, row, sink);
        }
    }
}
