//! R6 `malicious_model`: a model that a scan has flagged is in use.
//!
//! Findings name models, requests name deployments; `MODEL_MAP` joins them ([`models`]). A use
//! counts from `window` before the finding and any time after it. Uses are kept by hour ([`uses`]),
//! a few of each, which is enough to decide exactly whether one lies in the window.
//!
//! Recommendations come up to two days late, and no request should wait for them. They are
//! therefore taken in the order of their arrival, with their own time beside: when one is applied,
//! every use up to its arrival is known, so it finds the same uses before its time, and the same
//! days with uses since, as it would have found in time order. The alerts are the same models and
//! days; where an alert of that day exists already, it stays and is not moved to the earlier row.
//!
//! Record of a use: `key` deployment, `value` application, `other` user, `address` source address.
//! Of a finding: `key` model, `value` its own time in ticks, `text` title.

use std::sync::Arc;

use livefire_schema::alert::Mode;
use livefire_schema::reference::Reference;
use livefire_schema::time::TimeSpan;

use super::r4_new_source_ip::between;
use super::{Native, Plan, Rule, app_log, info};
use crate::parameters::{ParameterSpec, Parameters};
use crate::projector::{FieldPlan, Projection};

mod models;
mod project;
mod state;
#[cfg(test)]
mod tests;
mod uses;

/// Findings as alerts.
const ALERTS: &str = "SecurityAlert";
/// Findings as recommendations.
const RECOMMENDATIONS: &str = "SecurityRecommendation";
/// Uses as the model service saw them.
const SERVICE: &str = "AzureDiagnostics";
/// Uses as an endpoint saw them.
const ENDPOINT: &str = "AmlOnlineEndpointTrafficLog";

/// Kinds of records: three of uses, in the order of `uses::COUNTED`, and the finding.
const LOG_USE: u8 = 0;
const SERVICE_USE: u8 = 1;
const ENDPOINT_USE: u8 = 2;
const FINDING: u8 = 3;

/// The registered rule.
pub(crate) struct MaliciousModel;

impl Native for MaliciousModel {
    fn id(&self) -> &'static str {
        "R6"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        vec![
            between(
                ParameterSpec::span(
                    "window",
                    info.window,
                    "a use this long before the finding still counts",
                ),
                TimeSpan::from_hours(1)..=TimeSpan::from_days(30),
            ),
            ParameterSpec::texts(
                "alert_types",
                &["AI.AIModelScan_MalwareDetected"],
                "alert types that flag a model; AI. may be missing",
            ),
            ParameterSpec::severity(info.severity),
        ]
    }

    /// Recommendations are left out: they are taken in the order of their arrival.
    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, SERVICE, ENDPOINT, ALERTS],
            resolve: TimeSpan::ZERO,
            horizon: TimeSpan::ZERO,
            has_bins: false,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        Box::new(project::Project::new(parameters, fields))
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(state::State::new(parameters, reference))
    }
}
