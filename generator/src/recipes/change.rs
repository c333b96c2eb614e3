//! Administration: `CloudAppEvents`, `AmlModelsEvent` and `AuditLogs`.
//!
//! A model upload is a data-plane operation, so `AmlModelsEvent` sees it; `CloudAppEvents` only
//! sometimes (TABLES.md §8). Account creation is initiated by an administrator, changes of one's
//! own credentials by oneself.

use livefire_schema::ids::EventId;
use smallvec::smallvec;

use super::chance::{Purpose, guid, place};
use super::row::{DIRECTORY, RowWriter, SUBSCRIPTION, WORKSPACE};
use super::sign_in::device;
use super::text::{guid_str, guid_text, push_address, push_string};
use super::{Delivery, Recipes, RowKind, RowKinds, Scratch};
use crate::event::{Event, Outcome};
use crate::world::{Account, AccountKind, Deployment};

/// Share of model uploads that `CloudAppEvents` sees too.
const UPLOAD_SEEN: f64 = 0.3;

/// The rows of a change.
pub(super) fn rows(event: &Event) -> RowKinds {
    match event.outcome {
        Outcome::ModelUpload => {
            let mut rows: RowKinds = smallvec![RowKind::Model];
            if place(event.id, Purpose::CloudActivity).chance(UPLOAD_SEEN) {
                rows.push(RowKind::CloudActivity);
            }
            rows
        }
        Outcome::KeysListed => smallvec![RowKind::KeyListing],
        Outcome::MfaRegistered
        | Outcome::PasswordReset
        | Outcome::RoleAdded
        | Outcome::Consent
        | Outcome::AccountCreated => smallvec![RowKind::Audit],
        _ => smallvec![RowKind::CloudActivity],
    }
}

/// What `AuditLogs` calls a change.
struct Activity {
    name: &'static str,
    category: &'static str,
    service: &'static str,
}

fn activity(outcome: Outcome) -> Activity {
    let (name, category, service) = match outcome {
        Outcome::MfaRegistered => (
            "User registered security info",
            "UserManagement",
            "Authentication Methods",
        ),
        Outcome::PasswordReset => (
            "Reset password (self-service)",
            "UserManagement",
            "Self-service Password Management",
        ),
        Outcome::RoleAdded => ("Add member to role", "RoleManagement", "Core Directory"),
        Outcome::Consent => (
            "Consent to application",
            "ApplicationManagement",
            "Core Directory",
        ),
        _ => ("Add user", "UserManagement", "Core Directory"),
    };
    Activity {
        name,
        category,
        service,
    }
}

/// What was changed, in the words of `CloudAppEvents`.
struct Subject {
    action: &'static str,
    kind: &'static str,
    name: String,
    id: String,
}

impl Recipes {
    fn changed_deployment(&self, event: &Event) -> Option<&Deployment> {
        let index = usize::try_from(event.deployment?.0).ok()?;
        self.world.directory.deployments.get(index)
    }

    fn subject(&self, event: &Event) -> Subject {
        let resource = self.fabric.resource(event, self.fabric.application(event));
        match self.changed_deployment(event) {
            Some(model) if event.outcome == Outcome::ModelUpload => Subject {
                action: "Write Models",
                kind: "Model",
                name: format!("{}:{}", model.model, model.version),
                id: model.asset_id.clone(),
            },
            Some(model) => Subject {
                action: "Write Deployments",
                kind: "Deployment",
                name: model.name.clone(),
                id: format!("{}/deployments/{}", resource.id, model.name),
            },
            None => Subject {
                action: "Write Application Settings",
                kind: "Application",
                name: resource.name.clone(),
                id: resource.id.clone(),
            },
        }
    }

    pub(super) fn cloud_activity(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let account = self.account(event);
        let object_id = account.map_or("", |account| account.object_id.as_str());
        let application = self.fabric.application(event);
        let deployment = self.changed_deployment(event);
        let upload = event.outcome == Outcome::ModelUpload;
        let report = guid_text(guid(place(event.id, Purpose::Report)));
        let place_of = self.world.addresses.find_place(event.address);
        let kind = account.map(|account| account.kind);
        let subject = self.subject(event);
        let account_kind = match kind {
            Some(AccountKind::Privileged) => "Admin",
            Some(AccountKind::Service) | None => "Application",
            _ => "Regular",
        };
        let mut row = RowWriter::new(out);
        row.text(
            "AccountDisplayName",
            account.map_or("", |account| account.display_name.as_str()),
        )
        .text("AccountId", object_id)
        .text("AccountObjectId", object_id)
        .text("AccountType", account_kind)
        .text("ActionType", subject.action)
        .raw("ActivityObjects", "[]")
        .text("ActivityType", "Edit")
        .text("Application", "Microsoft Azure")
        .integer("ApplicationId", 12260)
        .text("City", place_of.map_or("", |place| place.city.as_str()))
        .text(
            "CountryCode",
            place_of.map_or("", |place| place.country.as_str()),
        )
        .address("IPAddress", event.address)
        .flag("IsAdminOperation", kind == Some(AccountKind::Privileged))
        .flag("IsAnonymousProxy", false)
        .flag("IsExternalUser", kind == Some(AccountKind::Guest))
        .text("ISP", place_of.map_or("", |place| place.provider.as_str()))
        .text("ObjectId", &subject.id)
        .text("ObjectName", &subject.name)
        .text("ObjectType", subject.kind);
        raw_event_data(
            event,
            &application.name,
            deployment,
            row.name("RawEventData"),
        );
        let client = event
            .detail
            .as_ref()
            .and_then(|detail| detail.client.as_deref());
        let agent = if upload {
            "azsdk-python-ai-ml/1.20"
        } else {
            device(account).agent
        };
        row.guid("ReportId", &report)
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .time("Timestamp", delivery.time, &mut scratch.clock)
            .text("Type", "CloudAppEvents")
            .text("UserAgent", client.unwrap_or(agent))
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&report))
    }

    pub(super) fn model_event(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let account = self.account(event);
        let deployment = self.changed_deployment(event);
        let correlation = guid_text(guid(place(event.id, Purpose::Correlation)));
        let mut row = RowWriter::new(out);
        row.text("AadTenantId", DIRECTORY)
            .text(
                "AmlModelName",
                deployment.map_or("", |model| model.model.as_str()),
            )
            .guid("CorrelationId", &correlation);
        push_identity(account, row.name("Identity"));
        row.text("Level", "Informational")
            .text(
                "OperationName",
                "MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/MODELS/WRITE",
            )
            .parts(
                "_ResourceId",
                &[
                    "/subscriptions/",
                    SUBSCRIPTION,
                    "/resourcegroups/rg-genai/providers/\
                     microsoft.machinelearningservices/workspaces/mlw1",
                ],
            )
            .text("ResultSignature", "200")
            .text("ResultType", "Succeeded")
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "AmlModelsEvent")
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&correlation))
    }

    /// Who made an audited change, and to whom: accounts are made by an administrator, roles given
    /// to somebody of the population, credentials changed by oneself.
    fn audit_parties(&self, event: &Event) -> (Option<&Account>, Option<&Account>) {
        let accounts = &self.world.directory.accounts;
        let account = self.account(event);
        match event.outcome {
            Outcome::AccountCreated => {
                let drawn = place(event.id, Purpose::Administrator);
                let maker = self.fabric.administrator(drawn);
                (maker.and_then(|index| accounts.get(index)), account)
            }
            Outcome::RoleAdded => {
                let population = self.world.directory.population as u64;
                let drawn = place(event.id, Purpose::Member).below(population);
                let member = usize::try_from(drawn).ok();
                (account, member.and_then(|index| accounts.get(index)))
            }
            _ => (account, account),
        }
    }

    pub(super) fn audit(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let (administrator, target) = self.audit_parties(event);
        let activity = activity(event.outcome);
        let id = guid_text(guid(place(event.id, Purpose::Report)));
        let correlation = guid_text(guid(place(event.id, Purpose::Correlation)));
        let mut row = RowWriter::new(out);
        row.time("ActivityDateTime", delivery.time, &mut scratch.clock)
            .text("ActivityDisplayName", activity.name)
            .text("Category", activity.category)
            .guid("CorrelationId", &correlation)
            .parts("Id", &["Directory_", guid_str(&id)])
            .text(
                "Identity",
                administrator.map_or("", |account| account.display_name.as_str()),
            );
        self.initiated_by(event, administrator, row.name("InitiatedBy"));
        row.text("LoggedByService", activity.service)
            .text("OperationName", activity.name)
            .text("Result", "success")
            .text("ResultReason", "")
            .text("SourceSystem", "Azure AD");
        self.targets(event, target, row.name("TargetResources"));
        row.text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "AuditLogs")
            .finish(delivery, scratch);
        EventId::from_text(&format!("Directory_{}", guid_str(&id)))
    }

    fn initiated_by(&self, event: &Event, account: Option<&Account>, out: &mut Vec<u8>) {
        let Some(account) = account else {
            out.extend_from_slice(b"{\"app\":{\"displayName\":\"Provisioning\"}}");
            return;
        };
        // An administrator works from the office, not from where the new account will be used.
        let address = match event.outcome {
            Outcome::AccountCreated => usize::try_from(account.site)
                .ok()
                .and_then(|site| self.world.directory.sites.get(site))
                .map_or(event.address, |site| site.nat),
            _ => event.address,
        };
        out.extend_from_slice(b"{\"user\":{\"id\":");
        push_string(out, &account.object_id);
        out.extend_from_slice(b",\"userPrincipalName\":");
        push_string(out, &account.upn);
        out.extend_from_slice(b",\"ipAddress\":\"");
        push_address(out, address);
        out.extend_from_slice(b"\"}}");
    }

    fn targets(&self, event: &Event, account: Option<&Account>, out: &mut Vec<u8>) {
        out.push(b'[');
        if event.outcome == Outcome::Consent {
            let application = self.fabric.application(event);
            out.extend_from_slice(b"{\"type\":\"ServicePrincipal\",\"displayName\":\"");
            out.extend_from_slice(application.name.as_bytes());
            out.extend_from_slice(b"\"}");
        } else if let Some(account) = account {
            out.extend_from_slice(b"{\"id\":");
            push_string(out, &account.object_id);
            out.extend_from_slice(b",\"type\":\"User\",\"displayName\":");
            push_string(out, &account.display_name);
            out.extend_from_slice(b",\"userPrincipalName\":");
            push_string(out, &account.upn);
            out.push(b'}');
        }
        out.push(b']');
    }
}

fn push_identity(account: Option<&Account>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"UserName\":");
    push_string(out, account.map_or("", |account| account.upn.as_str()));
    out.extend_from_slice(b",\"UserObjectId\":");
    push_string(
        out,
        account.map_or("", |account| account.object_id.as_str()),
    );
    out.push(b'}');
}

/// `RawEventData`: the format of an uploaded model, or what was pointed where.
fn raw_event_data(
    event: &Event,
    application: &str,
    deployment: Option<&Deployment>,
    out: &mut Vec<u8>,
) {
    if event.outcome == Outcome::ModelUpload {
        let format = event
            .detail
            .as_ref()
            .and_then(|detail| detail.model_format.as_deref());
        out.extend_from_slice(b"{\"modelFormat\":");
        push_string(out, format.unwrap_or("safetensors"));
    } else {
        out.extend_from_slice(b"{\"application\":\"");
        out.extend_from_slice(application.as_bytes());
        out.push(b'"');
        if let Some(deployment) = deployment {
            out.extend_from_slice(b",\"deployment\":");
            push_string(out, &deployment.name);
            out.extend_from_slice(b",\"model\":");
            push_string(out, &format!("{}:{}", deployment.model, deployment.version));
        }
    }
    out.push(b'}');
}
