//! U2 `model_switch`: an application's requests go to other models than before.
//!
//! Of each application the model shares of the current window are held against those of its past,
//! by total variation distance: half the sum of what the shares differ by. The window's rows are
//! exact; the past is made of UTC hours, as in [`crate::primitives::Hours`]. Levels are whole per
//! mille, which decides exactly for a threshold in per mille.
//!
//! Record of a request: `key` application, `value` model. Of a change: `key` application, `value`
//! account, `address` activity, `flags` whether a release account made it.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use serde_json::{Map, json};

use super::{Native, Plan, Rule, app_log, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;
use crate::rules::r4_new_source_ip::between;
use mix::{Mix, Switch};

mod mix;
mod project;
#[cfg(test)]
mod tests;

/// Table of administration.
const ACTIVITY: &str = "CloudAppEvents";
/// A request of the application log.
const REQUEST: u8 = 0;
/// A change of an application's configuration.
const CHANGE: u8 = 1;
/// Flag of a change: a release account made it.
const RELEASE: u8 = 1;

/// The registered rule.
pub(crate) struct ModelSwitch;

impl Native for ModelSwitch {
    fn id(&self) -> &'static str {
        "U2"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        vec![
            ParameterSpec::ratio(
                "distance",
                0.5,
                0.001..=1.0,
                "total variation distance of the model shares that alerts, to the per mille",
            ),
            ParameterSpec::count(
                "requests",
                50,
                "least requests in the window and in the past",
            ),
            between(
                ParameterSpec::span("window", info.window, "the current shares are of this long"),
                TimeSpan::from_hours(1)..=TimeSpan::from_days(30),
            ),
            between(
                ParameterSpec::span(
                    "lookback",
                    TimeSpan::from_days(7),
                    "the past is this long and ends where the window begins",
                ),
                TimeSpan::from_days(1)..=TimeSpan::from_days(365),
            ),
            ParameterSpec::texts(
                "release_accounts",
                &["service"],
                "object ids or UPNs of release accounts; service: all service accounts",
            ),
            ParameterSpec::texts(
                "change_actions",
                &["Write Deployments", "Write Application Settings"],
                "activities that change an application's configuration",
            ),
            ParameterSpec::span(
                "release_within",
                TimeSpan::from_hours(24),
                "a change by a release account this long before makes it Low",
            ),
            ParameterSpec::span(
                "realert",
                info.realert,
                "an unbroken run alerts again after this",
            ),
            ParameterSpec::severity(info.severity),
        ]
    }

    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, ACTIVITY],
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
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            mix: Mix::new(parameters),
            release_within: parameters.span("release_within"),
            severity: parameters.severity(),
            changes: FxHashMap::default(),
            open: Vec::new(),
        })
    }
}

/// The last change of an application's configuration by a release account, and by anybody.
#[derive(Clone, Debug)]
struct Changes {
    release: Option<Change>,
    last: Change,
}

/// A change, with its texts: an alert prints them a day later, and nobody else keeps them so long.
#[derive(Clone, Debug)]
struct Change {
    time: EventTime,
    account: String,
    activity: String,
}

struct State {
    mix: Mix,
    release_within: TimeSpan,
    severity: Severity,
    changes: FxHashMap<u64, Changes>,
    /// Alerts whose completing event may still have copies to come.
    open: Vec<Switch>,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, _: &str, context: &mut Context<'_>) {
        if self.open.iter().any(|open| !open.is_open_to(record)) {
            self.raise(context);
        }
        if record.kind == CHANGE {
            let change = Change {
                time: record.time,
                account: context.name(record.value),
                activity: context.name(record.address),
            };
            let changes = self.changes.entry(record.key).or_insert_with(|| Changes {
                release: None,
                last: change.clone(),
            });
            if record.flags & RELEASE != 0 {
                changes.release = Some(change.clone());
            }
            changes.last = change;
            return;
        }
        let standing = self.mix.apply(record, || context.name(record.value));
        context.level(record, record.key, standing.level, self.mix.threshold());
        if standing.fires {
            self.open
                .push(self.mix.switch(record, standing.level, context));
        } else if standing.is_copy {
            for open in &mut self.open {
                open.evidence.push(context.evidence(record));
            }
        }
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.raise(context);
        self.mix.forget(watermark);
        if !self.changes.is_empty() {
            let old = watermark - self.release_within;
            self.changes.retain(|_, changes| changes.last.time >= old);
        }
    }
}

impl State {
    fn raise(&mut self, context: &mut Context<'_>) {
        for open in std::mem::take(&mut self.open) {
            let draft = self.describe(open, context);
            context.raise(draft);
        }
    }

    fn describe(&self, switch: Switch, context: &Context<'_>) -> AlertDraft {
        let completing = switch.completing;
        let application = context.name(completing.key);
        let oldest = completing.time - self.release_within;
        let changes = self.changes.get(&completing.key);
        let is_recent = |change: &&Change| change.time >= oldest;
        let release = changes.and_then(|changes| changes.release.as_ref());
        let release = release.filter(is_recent);
        let last = changes.map(|changes| &changes.last).filter(is_recent);
        let last = release.or(last);
        let available = switch.available();
        let mut carried = Map::new();
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set("application", json!(application));
        set("distance_per_mille", json!(switch.level));
        set("requests", json!(switch.requests));
        set("baseline_requests", json!(switch.baseline_requests));
        set("models", json!(switch.models));
        set("release", json!(release.is_some()));
        if let Some(change) = last {
            let change = json!({
                "time": change.time.to_string(), "account": change.account,
                "activity": change.activity,
            });
            set("change", change);
        }
        AlertDraft {
            semantics: Semantics::Baseline,
            key: application.clone(),
            completing,
            threshold: self.mix.threshold(),
            level: switch.level,
            window: switch.window,
            available,
            raised: available,
            severity: match release {
                Some(_) => Severity::Low,
                None => self.severity,
            },
            classes: Vec::new(),
            entities: details::entities("CloudApplication", &[application]),
            evidence: switch.evidence,
            details: carried,
        }
    }
}
