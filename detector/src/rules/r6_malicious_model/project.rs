//! What R6 keeps of a row: uses of mapped deployments, findings about mapped models.

use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use super::models::Models;
use super::{
    ALERTS, ENDPOINT, ENDPOINT_USE, FINDING, LOG_USE, RECOMMENDATIONS, SERVICE, SERVICE_USE,
};
use crate::parameters::Parameters;
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::rules::app_log;

/// Sentinel's own rules write to `SecurityAlert` too; a rule must not feed on itself.
const OWN_ALERTS: &str = "ASI Scheduled Alerts";

/// Reads uses and findings.
pub(super) struct Project {
    models: Models,
    uses: [UseTable; 3],
    alerts: Alerts,
    recommendations: Recommendations,
}

/// A table whose rows are uses.
struct UseTable {
    kind: u8,
    table: Option<TableId>,
    deployment: Option<Slot>,
    application: Option<Slot>,
    user: Option<Slot>,
    address: Option<Slot>,
}

struct Alerts {
    table: Option<TableId>,
    kind: Option<Slot>,
    provider: Option<Slot>,
    title: Option<Slot>,
    entity: Option<Slot>,
    resource: Option<Slot>,
    entities: Option<Slot>,
    types: Vec<String>,
}

struct Recommendations {
    table: Option<TableId>,
    state: Option<Slot>,
    title: Option<Slot>,
    resource: Option<Slot>,
}

impl Project {
    pub(super) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let models = Models::new(fields.reference());
        let log = fields.table(app_log::TABLE);
        let log = UseTable {
            kind: LOG_USE,
            table: log,
            deployment: app_log::field(fields, log, "model_deployment"),
            application: app_log::field(fields, log, "application_name"),
            user: app_log::field(fields, log, "end_user_id"),
            address: app_log::field(fields, log, "source_ip"),
        };
        let service = fields.table(SERVICE);
        let service = UseTable {
            kind: SERVICE_USE,
            table: service,
            deployment: fields.slot(service, "properties_s.modelDeploymentName"),
            application: None,
            user: None,
            address: None,
        };
        let endpoint = fields.table(ENDPOINT);
        let endpoint = UseTable {
            kind: ENDPOINT_USE,
            table: endpoint,
            deployment: fields.slot(endpoint, "DeploymentName"),
            application: None,
            user: fields.slot(endpoint, "IdentityData"),
            address: None,
        };
        let table = fields.table(ALERTS);
        let types = parameters.texts("alert_types").iter();
        let alerts = Alerts {
            table,
            kind: fields.slot(table, "AlertType"),
            provider: fields.slot(table, "ProviderName"),
            title: fields.slot(table, "AlertName"),
            entity: fields.slot(table, "CompromisedEntity"),
            resource: fields.slot(table, "ResourceId"),
            entities: fields.slot(table, "Entities"),
            types: types.map(|text| bare(text).to_owned()).collect(),
        };
        let table = fields.table(RECOMMENDATIONS);
        let recommendations = Recommendations {
            table,
            state: fields.slot(table, "RecommendationState"),
            title: fields.slot(table, "RecommendationDisplayName"),
            resource: fields.slot(table, "AssessedResourceId"),
        };
        Project {
            models,
            uses: [log, service, endpoint],
            alerts,
            recommendations,
        }
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let table = Some(row.table);
        if let Some(uses) = self.uses.iter().find(|uses| uses.table == table) {
            self.r#use(uses, row, sink);
        } else if self.alerts.table == table {
            self.alert(row, sink);
        } else if self.recommendations.table == table {
            self.recommendation(row, sink);
        }
    }
}

impl Project {
    fn r#use(&self, uses: &UseTable, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let Some(deployment) = row.text(uses.deployment) else {
            return;
        };
        let deployment = livefire_schema::ids::hash_text_lower(deployment);
        let Some(deployment) = self.models.deployment(deployment) else {
            return;
        };
        let mut name = |slot| row.text(slot).map_or(0, |text| sink.name(text));
        let (application, user) = (name(uses.application), name(uses.user));
        let address = name(uses.address);
        let mut record = sink.record();
        record.kind = uses.kind;
        record.key = number(deployment);
        record.value = application;
        record.other = user;
        record.address = address;
        sink.push(record);
    }

    fn alert(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let alerts = &self.alerts;
        let is_scan = row.text(alerts.kind).is_some_and(|kind| {
            alerts
                .types
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(bare(kind)))
        });
        if !is_scan || row.text(alerts.provider) == Some(OWN_ALERTS) {
            return;
        }
        let named = [alerts.entity, alerts.resource]
            .into_iter()
            .filter_map(|slot| row.text(slot));
        let mut models = named
            .map(|text| self.models.named(text))
            .find(|found| !found.is_empty());
        if models.is_none() {
            models = row.text(alerts.entities).map(|text| self.models_in(text));
        }
        let title = row.text(alerts.title);
        for model in models.unwrap_or_default() {
            let mut record = sink.record();
            record.kind = FINDING;
            record.key = number(model);
            record.value = record.time.ticks().cast_unsigned();
            record.text = title.map_or_else(Default::default, |text| sink.text(text));
            sink.push(record);
        }
    }

    /// The models that some string of a JSON text names.
    fn models_in(&self, entities: &str) -> Vec<usize> {
        let mut waiting: Vec<serde_json::Value> =
            serde_json::from_str(entities).into_iter().collect();
        let mut models = Vec::new();
        while let Some(value) = waiting.pop() {
            match value {
                serde_json::Value::String(text) => models.extend(self.models.named(&text)),
                serde_json::Value::Array(items) => waiting.extend(items),
                serde_json::Value::Object(fields) => {
                    waiting.extend(fields.into_iter().map(|(_, value)| value));
                }
                _ => {}
            }
        }
        models.sort_unstable();
        models.dedup();
        models
    }

    /// Taken in the order of arrival; see the rule.
    fn recommendation(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let recommendations = &self.recommendations;
        let state = row.text(recommendations.state);
        if !state.is_some_and(|state| state.eq_ignore_ascii_case("Unhealthy")) {
            return;
        }
        let Some(resource) = row.text(recommendations.resource) else {
            return;
        };
        let title = row.text(recommendations.title);
        for model in self.models.named(resource) {
            let mut record = sink.record();
            record.kind = FINDING;
            record.key = number(model);
            record.value = record.time.ticks().cast_unsigned();
            record.time = record.available;
            record.text = title.map_or_else(Default::default, |text| sink.text(text));
            sink.push(record);
        }
    }
}

/// An alert type without `AI.`.
fn bare(kind: &str) -> &str {
    let has_prefix = kind
        .get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("AI."));
    if has_prefix { &kind[3..] } else { kind }
}

/// # Panics
/// Never: positions in a list in memory fit 64 bits.
fn number(index: usize) -> u64 {
    u64::try_from(index).expect("a position fits 64 bits")
}
