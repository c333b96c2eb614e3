//! Defender for AI alerts: `SecurityAlert`, `AlertInfo` and one `AlertEvidence` row per entity.
//!
//! All rows of one alert have the alert's time; `SecurityAlert` knows it under another id than the
//! two Defender tables, and only there is `AlertType`. Which entities a type names follows
//! TABLES.md §5; the address and the user only where the application passes the user security
//! context, or where the caller used the resource's key and so is seen itself.

use std::sync::LazyLock;

use livefire_schema::ids::EventId;
use serde::Deserialize;
use smallvec::smallvec;

use super::chance::{Purpose, guid, place};
use super::row::{RowWriter, SUBSCRIPTION, WORKSPACE};
use super::sign_in::name_and_domain;
use super::text::{guid_str, guid_text, push_address, push_escaped, push_string};
use super::{Delivery, Recipes, RowKind, RowKinds, Scratch};
use crate::event::Event;

const DETECTION_SOURCE: &str = "Microsoft Defender for AI Services";
const SERVICE_SOURCE: &str = "Microsoft Defender for Cloud";
const PRODUCT: &str = "Azure Security Center";

/// One alert type as Microsoft's alert reference lists it.
#[derive(Clone, Debug, Deserialize)]
struct AlertText {
    id: String,
    title: String,
    severity: String,
    tactics: Option<Vec<String>>,
}

static ALERTS: LazyLock<Vec<AlertText>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../schema/data/defender_ai_alerts.json"))
        .expect("the embedded alert list is valid")
});

static UNKNOWN: LazyLock<AlertText> = LazyLock::new(|| AlertText {
    id: String::new(),
    title: "Suspicious activity on an AI resource".to_owned(),
    severity: "Medium".to_owned(),
    tactics: None,
});

/// The alert type of an event, without `AI.`.
fn alert_type(event: &Event) -> &str {
    let detail = event.detail.as_deref();
    detail
        .and_then(|detail| detail.alert_type.as_deref())
        .unwrap_or("")
}

fn alert_text(event: &Event) -> &'static AlertText {
    let wanted = alert_type(event);
    ALERTS
        .iter()
        .find(|alert| alert.id.strip_prefix("AI.") == Some(wanted))
        .unwrap_or(&UNKNOWN)
}

/// Entities besides the cloud resource, by the alert's type.
fn entities(alert_type: &str) -> &'static [RowKind] {
    use RowKind::{EvidenceAddress, EvidenceApplication, EvidenceLink, EvidenceUser};
    match alert_type {
        "AIModelScan_MalwareDetected" => &[],
        "Azure_AnomalousOperation.InitialAccess" => &[EvidenceUser],
        "Azure_AnomalousToolInvocation" => &[EvidenceApplication],
        name if name.starts_with("Azure_MaliciousUrl.") => {
            &[EvidenceAddress, EvidenceUser, EvidenceLink]
        }
        name if name.starts_with("Azure_Access") || name.starts_with("Azure_DOW") => {
            &[EvidenceAddress]
        }
        _ => &[EvidenceAddress, EvidenceUser],
    }
}

/// The id of the alert in `AlertInfo` and `AlertEvidence`.
fn alert_id(event: &Event) -> [u8; 36] {
    guid_text(guid(place(event.id, Purpose::Alert)))
}

/// The tactics as JSON text.
fn categories(text: &AlertText) -> String {
    serde_json::to_string(text.tactics.as_deref().unwrap_or_default())
        .expect("a list of strings is JSON")
}

impl Recipes {
    pub(super) fn alert_rows(&self, event: &Event) -> RowKinds {
        let mut rows: RowKinds = smallvec![
            RowKind::SecurityAlert,
            RowKind::AlertInfo,
            RowKind::EvidenceResource
        ];
        let application = event.application.and_then(|application| {
            self.world
                .directory
                .applications
                .get(application.0 as usize)
        });
        let context = application.is_none_or(|application| application.passes_user_context);
        for &kind in entities(alert_type(event)) {
            let named = match kind {
                RowKind::EvidenceAddress => context,
                RowKind::EvidenceUser => {
                    event.account.is_some() && (context || is_principal(event))
                }
                _ => true,
            };
            if named {
                rows.push(kind);
            }
        }
        rows
    }

    /// Name and full id of what the alert is about: the resource, or the scanned model.
    fn alert_subject(&self, event: &Event) -> (String, String) {
        let deployment = event
            .deployment
            .and_then(|deployment| self.world.directory.deployments.get(deployment.0 as usize));
        match deployment {
            Some(model) if alert_type(event) == "AIModelScan_MalwareDetected" => (
                format!("{}:{}", model.model, model.version),
                model.asset_id.clone(),
            ),
            _ => {
                let resource = self.fabric.resource(event, self.fabric.application(event));
                (resource.name.clone(), resource.id.clone())
            }
        }
    }

    pub(super) fn security_alert(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let text = alert_text(event);
        let id = guid_text(guid(place(event.id, Purpose::SecurityAlert)));
        let (name, resource) = self.alert_subject(event);
        let cause = event
            .detail
            .as_ref()
            .and_then(|detail| detail.cause)
            .unwrap_or(event.at);
        let tactics = text
            .tactics
            .as_ref()
            .map_or_else(String::new, |all| all.join(", "));
        let mut row = RowWriter::new(out);
        row.text("AlertName", &text.title)
            .text("AlertSeverity", &text.severity)
            .parts("AlertType", &["AI.", alert_type(event)])
            .text("CompromisedEntity", &name)
            .text("Description", &text.title)
            .text("DisplayName", &text.title)
            .time("EndTime", cause, &mut scratch.clock);
        push_text(row.name("Entities"), |inner| {
            self.entity_list(event, &resource, inner);
        });
        push_text(row.name("ExtendedProperties"), |inner| {
            inner.extend_from_slice(b"{\"Resource\":");
            push_string(inner, &name);
            inner.push(b'}');
        });
        row.flag("IsIncident", false)
            .time("ProcessingEndTime", delivery.time, &mut scratch.clock)
            .text("ProductComponentName", "AI")
            .text("ProductName", PRODUCT)
            .text("ProviderName", PRODUCT)
            .text("ResourceId", &resource)
            .time("StartTime", cause, &mut scratch.clock)
            .text("Status", "New")
            .guid("SystemAlertId", &id)
            .text("Tactics", &tactics)
            .text("Techniques", "[]")
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "SecurityAlert")
            .text("VendorName", "Microsoft")
            .guid("VendorOriginalId", &id)
            .text("WorkspaceResourceGroup", "rg-sec")
            .text("WorkspaceSubscriptionId", SUBSCRIPTION)
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&id))
    }

    /// `Entities` of `SecurityAlert`: a JSON array of what the evidence rows name.
    fn entity_list(&self, event: &Event, resource: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"[{\"$id\":\"1\",\"Type\":\"azure-resource\",\"ResourceId\":");
        push_string(out, resource);
        out.push(b'}');
        let mut number = 1;
        for kind in self.alert_rows(event) {
            if !matches!(kind, RowKind::EvidenceAddress | RowKind::EvidenceUser) {
                continue;
            }
            number += 1;
            out.extend_from_slice(format!(",{{\"$id\":\"{number}\",\"Type\":").as_bytes());
            if kind == RowKind::EvidenceAddress {
                out.extend_from_slice(b"\"ip\",\"Address\":\"");
                push_address(out, event.address);
                out.extend_from_slice(b"\"}");
            } else if let Some(account) = self.account(event) {
                let (name, _) = name_and_domain(&account.upn);
                out.extend_from_slice(b"\"account\",\"Name\":");
                push_string(out, name);
                out.extend_from_slice(b",\"UPNSuffix\":");
                push_string(
                    out,
                    account.upn.split_once('@').map_or("", |(_, suffix)| suffix),
                );
                out.extend_from_slice(b",\"AadUserId\":");
                push_string(out, &account.object_id);
                out.push(b'}');
            }
        }
        out.push(b']');
    }

    pub(super) fn alert_info(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let text = alert_text(event);
        let id = alert_id(event);
        let category = text.tactics.as_ref().and_then(|all| all.first());
        RowWriter::new(out)
            .guid("AlertId", &id)
            .text("AttackTechniques", "[]")
            .text("Category", category.map_or("", String::as_str))
            .text("DetectionSource", DETECTION_SOURCE)
            .text("ServiceSource", SERVICE_SOURCE)
            .text("Severity", &text.severity)
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .time("Timestamp", delivery.time, &mut scratch.clock)
            .text("Title", &text.title)
            .text("Type", "AlertInfo")
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&id))
    }

    pub(super) fn evidence(
        &self,
        kind: RowKind,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let text = alert_text(event);
        let id = alert_id(event);
        let account = self
            .account(event)
            .filter(|_| kind == RowKind::EvidenceUser);
        let resource = kind == RowKind::EvidenceResource;
        let entity = Entity::of(kind, event);
        let (name, domain) = account.map_or(("", ""), |account| name_and_domain(&account.upn));
        let mut row = RowWriter::new(out);
        row.text("AccountDomain", domain)
            .text("AccountName", name)
            .text(
                "AccountObjectId",
                account.map_or("", |account| account.object_id.as_str()),
            )
            .text(
                "AccountUpn",
                account.map_or("", |account| account.upn.as_str()),
            )
            .raw("AdditionalFields", entity.fields)
            .guid("AlertId", &id);
        let application = self.fabric.application(event);
        let names_application = event.application.is_some() && entity.names_application;
        let name = if names_application {
            application.name.as_str()
        } else {
            ""
        };
        row.escaped("Application", name, "");
        row.text("AttackTechniques", "[]")
            .text("Categories", &categories(text));
        row.text("CloudPlatform", if resource { "Azure" } else { "" });
        let subject = resource.then(|| self.alert_subject(event).0);
        row.text("CloudResource", subject.as_deref().unwrap_or(""))
            .text("DetectionSource", DETECTION_SOURCE)
            .text("EntityType", entity.kind)
            .text("EvidenceDirection", entity.direction)
            .text(
                "EvidenceRole",
                if resource { "Impacted" } else { "Related" },
            );
        if kind == RowKind::EvidenceAddress {
            row.address("RemoteIP", event.address);
        } else {
            row.text("RemoteIP", "");
        }
        row.text("ServiceSource", SERVICE_SOURCE)
            .text("Severity", &text.severity)
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .time("Timestamp", delivery.time, &mut scratch.clock)
            .text("Title", &text.title)
            .text("Type", "AlertEvidence")
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&id))
    }
}

/// Appends JSON as the text of a JSON string.
fn push_text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::with_capacity(256);
    write(&mut inner);
    let text = String::from_utf8(inner).expect("JSON is made of text");
    out.push(b'"');
    push_escaped(out, &text);
    out.push(b'"');
}

/// Whether the alert's account is a service principal, known without any user context.
fn is_principal(event: &Event) -> bool {
    alert_type(event) == "Azure_AnomalousOperation.InitialAccess"
}

/// What an evidence row says about its entity.
struct Entity {
    kind: &'static str,
    direction: &'static str,
    fields: &'static str,
    names_application: bool,
}

impl Entity {
    fn of(kind: RowKind, event: &Event) -> Self {
        let (kind, direction, fields, names_application) = match kind {
            RowKind::EvidenceAddress => ("Ip", "Source", r#"{"Type":"ip"}"#, false),
            RowKind::EvidenceUser if is_principal(event) => (
                "ServicePrincipal",
                "",
                r#"{"Type":"service-principal"}"#,
                false,
            ),
            RowKind::EvidenceUser => ("User", "", r#"{"Type":"account"}"#, false),
            RowKind::EvidenceLink => (
                "Url",
                "",
                r#"{"Type":"url","Url":"https://login.phish.example/verify"}"#,
                false,
            ),
            RowKind::EvidenceApplication => (
                "CloudApplication",
                "",
                r#"{"Type":"cloud-application"}"#,
                true,
            ),
            _ => (
                "CloudResource",
                "",
                r#"{"Asset":"true","Type":"azure-resource"}"#,
                true,
            ),
        };
        Entity {
            kind,
            direction,
            fields,
            names_application,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_type_of_the_reference_has_its_entities() {
        for alert in ALERTS.iter() {
            let name = alert.id.strip_prefix("AI.").expect("ids start with AI.");
            let count = entities(name).len();
            assert!(count <= 3, "{name}");
            assert_eq!(count == 0, name == "AIModelScan_MalwareDetected", "{name}");
        }
    }
}
