//! The native rules: one file each, one line of registration each.
//!
//! A rule is a unit type that implements [`Native`]: it declares parameters, says which fields it
//! reads, and makes the two halves that run, the stateless [`Projection`] and the stateful
//! [`Rule`]. Name, summary, severity, classes and variants stand in `schema::rules`; parameter
//! values and what each variant changes stand in `rules/native/<name>.yaml`.

use std::sync::Arc;

use livefire_schema::alert::Mode;
use livefire_schema::reference::Reference;
use livefire_schema::rules::RuleInfo;
use livefire_schema::time::{EventTime, TimeSpan};

use crate::context::Context;
use crate::parameters::{ParameterSpec, Parameters};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;

mod accounts;
pub(crate) mod app_log;
mod c1_failed_requests_and_sign_ins;
mod c2_app_and_defender;
mod c3_threat_intelligence;
mod counted;
mod details;
mod h1_suspicious_keywords;
mod h2_high_volume;
mod h3_rare_failures;
mod joined;
mod r1_prompt_injection;
mod r2_content_safety;
mod r3_rate_limit;
mod r4_new_source_ip;
mod r5_coordinated_prompt;
mod r6_malicious_model;
mod requests;
mod service_log;
mod u1_volume_anomaly;
mod u2_model_switch;
mod u3_impossible_travel;
mod u4_token_consumption;
mod unusual_volume;

/// All native rules, in the order of `schema::rules::RULES`, which is the order of every table.
pub(crate) const ALL: &[&dyn Native] = &[
    &r1_prompt_injection::PromptInjection,
    &r2_content_safety::ContentSafety,
    &r3_rate_limit::RateLimit,
    &r4_new_source_ip::NewSourceIp,
    &r5_coordinated_prompt::CoordinatedPrompt,
    &r6_malicious_model::MaliciousModel,
    &c1_failed_requests_and_sign_ins::FailedRequestsAndSignIns,
    &c2_app_and_defender::AppAndDefender,
    &c3_threat_intelligence::ThreatIntelligence,
    &h1_suspicious_keywords::SuspiciousKeywords,
    &h2_high_volume::HighVolume,
    &h3_rare_failures::RareFailures,
    &u1_volume_anomaly::VolumeAnomaly,
    &u2_model_switch::ModelSwitch,
    &u3_impossible_travel::ImpossibleTravel,
    &u4_token_consumption::TokenConsumption,
];

/// What the engine needs to know of a rule form before it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Tables that decide how late a row may come: the longest delay cut of them counts.
    pub tables: Vec<&'static str>,
    /// How long after its own time a row waits for a partner row before it is applied; zero for
    /// rules whose rows carry everything.
    pub resolve: TimeSpan,
    /// How long after its event time a row may still be printed in an alert.
    pub horizon: TimeSpan,
    /// Whether the binned form differs from the streaming one. Joins, first-seen and baseline
    /// rules are the same in both and run once, as streaming.
    pub has_bins: bool,
}

/// A native rule.
pub trait Native: Sync {
    /// Its id in `schema::rules`.
    fn id(&self) -> &'static str;

    /// Its parameters with their defaults, in the order of listings.
    fn parameters(&self) -> Vec<ParameterSpec>;

    /// The parameter that only a count's sinks know, if the rule can [fan out](Rule::fan_out):
    /// projection, plan and counted records are the same whatever its value.
    fn sink(&self) -> Option<&'static str> {
        None
    }

    /// What the engine needs to know of a form with these parameters.
    fn plan(&self, parameters: &Parameters) -> Plan;

    /// The stateless half; asks `fields` for every field it reads.
    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection>;

    /// The stateful half, empty.
    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule>;
}

/// The stateful half of a rule form in one mode of one world.
pub trait Rule: Send {
    /// Takes a record as soon as the watermark has passed it, in (event time, event id) order.
    /// `true` asks for [`Rule::apply`] once [`Plan::resolve`] has passed too. Only called if that
    /// is not zero. `text` travels with the record.
    fn resolve(&mut self, record: &mut Record, text: &str, context: &mut Context<'_>) -> bool {
        let _ = (record, text, context);
        true
    }

    /// Takes a record, in (event time, event id) order.
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>);

    /// Everything before `watermark` has been applied: timers run, old state goes.
    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>);

    /// Raises alerts for each of these thresholds, the position of its own given to
    /// [`Context::raise_of`]. Only called on an empty rule that names a [sink](Native::sink).
    fn fan_out(&mut self, thresholds: &[u64]) {
        let _ = thresholds;
    }

    /// The log has ended and everything has been applied: what is pending is raised as it is.
    fn finish(&mut self, context: &mut Context<'_>) {
        self.advance(EventTime::MAX, context);
    }
}

/// The registry's entry of a rule.
///
/// # Panics
/// If the registry lacks it, which a test rules out.
pub(crate) fn info(native: &dyn Native) -> &'static RuleInfo {
    livefire_schema::rules::rule(native.id()).expect("native rules are in the registry")
}
