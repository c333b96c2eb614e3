//! What U2 keeps of a row: the model of a request, who changed a configuration.

use std::sync::Arc;

use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use super::{ACTIVITY, CHANGE, RELEASE, REQUEST};
use crate::parameters::Parameters;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::rules::app_log;

/// The word that stands for all service accounts of the identity map.
const SERVICE: &str = "service";

/// Reads requests and changes.
pub(super) struct Project {
    log: Option<TableId>,
    application: Option<Slot>,
    model: Option<Slot>,
    activity: Option<TableId>,
    action: Option<Slot>,
    account: Option<Slot>,
    changed: Option<Slot>,
    actions: Vec<String>,
    release: Vec<String>,
    reference: Arc<Reference>,
}

impl Project {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let log = fields.table(app_log::TABLE);
        let activity = fields.table(ACTIVITY);
        Project {
            log,
            application: app_log::field(fields, log, "application_name"),
            model: app_log::field(fields, log, "model_deployment"),
            activity,
            action: fields.slot(activity, "ActionType"),
            account: fields.slot(activity, "AccountObjectId"),
            changed: fields.slot(activity, "RawEventData.application"),
            actions: parameters.texts("change_actions").to_vec(),
            release: parameters.texts("release_accounts").to_vec(),
            reference: Arc::clone(fields.reference()),
        }
    }

    /// Whether an account makes releases: it is listed under any spelling, or a service account
    /// where these are.
    fn is_release(&self, account: &str) -> bool {
        let index = self.reference.account(account);
        let identity = index.and_then(|index| self.reference.identity(index));
        self.release.iter().any(|listed| {
            if listed == SERVICE {
                return identity.is_some_and(|identity| identity.service);
            }
            listed.eq_ignore_ascii_case(account)
                || index.is_some() && self.reference.account(listed) == index
        })
    }

    fn change(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let (Some(action), Some(application)) = (row.text(self.action), row.text(self.changed))
        else {
            return;
        };
        if !self
            .actions
            .iter()
            .any(|known| known.eq_ignore_ascii_case(action))
        {
            return;
        }
        let account = row.text(self.account);
        let mut record = sink.record();
        record.kind = CHANGE;
        record.key = sink.name(application);
        record.value = account.map_or(0, |text| sink.name(text));
        record.address = sink.name(action);
        if account.is_some_and(|account| self.is_release(account)) {
            record.flags = RELEASE;
        }
        sink.push(record);
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log == Some(row.table) {
            let (application, model) = (row.text(self.application), row.text(self.model));
            if let (Some(application), Some(model)) = (application, model) {
                let mut record = sink.record();
                record.kind = REQUEST;
                record.key = sink.name(application);
                record.value = sink.name(model);
                sink.push(record);
            }
        } else if self.activity == Some(row.table) {
            self.change(row, sink);
        }
    }
}
