//! R5 `coordinated_prompt`: the same prompt from many users.
//!
//! Counts distinct accounts per prompt hash. Whether one operator drives many accounts, a botnet
//! does, or the accounts are stolen, is told from addresses, account ages and whether users come
//! from an address outside their own baseline ([`origin`]).
//!
//! Record: `kind` see [`project`]. Requests: `key` prompt hash (or sample), `value` account,
//! `other` address as rules compare it, `address` its text, `flags` [`OUTSIDE`] once applied,
//! `text` prompt hash, sample and application.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::accounts::{self, INTERACTIVE, LOGONS, NON_INTERACTIVE};
use super::{Native, Plan, Rule, app_log, counted, details, info};
use crate::context::{AlertDraft, Context, entity};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Baseline, Closed, Counting, KeyedCount, SamplePolicy, Token};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;
use origin::Origins;

mod origin;
mod project;
#[cfg(test)]
mod tests;

/// Directory changes, for the age of accounts.
const AUDIT: &str = "AuditLogs";
/// Set in a request's `flags` if its address lies outside the account's baseline.
const OUTSIDE: u8 = 1;

/// The registered rule.
pub(crate) struct CoordinatedPrompt;

impl Native for CoordinatedPrompt {
    fn id(&self) -> &'static str {
        "R5"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "distinct users that raise an alert");
        specs.extend([
            ParameterSpec::word(
                "key",
                &["hash", "sample"],
                "hash: prompt_hash; sample: the first 80 characters, which a changed end leaves alone",
            ),
            ParameterSpec::severity(info.severity),
        ]);
        specs.extend(classes());
        specs
    }

    fn sink(&self) -> Option<&'static str> {
        Some("threshold")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, INTERACTIVE, NON_INTERACTIVE, LOGONS, AUDIT],
            resolve: TimeSpan::ZERO,
            horizon: parameters.span("window") * 2 + parameters.span("class_hold"),
            has_bins: true,
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
        mode: Mode,
        reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let counting = Counting {
            mode,
            window: parameters.span("window"),
            token: Token::Value,
            hold: parameters.span("class_hold"),
            keep: TimeSpan::ZERO,
            samples: SamplePolicy::Second,
        };
        let threshold = parameters.count("threshold");
        let baseline = Baseline {
            lookback: parameters.span("baseline"),
            gap: parameters.span("baseline_gap"),
        };
        Box::new(State {
            count: KeyedCount::new(counting, threshold, parameters.span("realert")),
            origins: Origins::new(reference, baseline),
            severity: parameters.severity(),
            botnet_from: parameters.ratio("botnet_from"),
            one_operator_to: parameters.ratio("one_operator_to"),
            stolen_age: parameters.span("stolen_age"),
            stolen_share: parameters.ratio("stolen_share"),
        })
    }
}

/// Parameters of the classes.
fn classes() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::span(
            "class_hold",
            TimeSpan::from_hours(1),
            "how long after the alert rows still decide the class",
        ),
        ParameterSpec::ratio(
            "botnet_from",
            0.8,
            0.0..=100.0,
            "addresses per user from which it is a botnet",
        ),
        ParameterSpec::ratio(
            "one_operator_to",
            0.2,
            0.0..=100.0,
            "addresses per user up to which one operator drives all accounts",
        ),
        ParameterSpec::span(
            "stolen_age",
            TimeSpan::from_days(30),
            "median age of the accounts from which they may be stolen",
        ),
        ParameterSpec::ratio(
            "stolen_share",
            0.5,
            0.0..=1.0,
            "share of users outside their own baseline from which they may be stolen",
        ),
        ParameterSpec::span(
            "baseline",
            TimeSpan::from_days(7),
            "an address used this long ago is still the user's own",
        ),
        ParameterSpec::span(
            "baseline_gap",
            TimeSpan::from_hours(1),
            "an address becomes the user's own only after this",
        ),
    ]
}

struct State {
    count: KeyedCount,
    origins: Origins,
    severity: Severity,
    botnet_from: f64,
    one_operator_to: f64,
    stolen_age: TimeSpan,
    stolen_share: f64,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        match record.kind {
            project::REQUEST => {
                let mut record = *record;
                if self.origins.visit(&record) {
                    record.flags |= OUTSIDE;
                }
                if self.count.holds(record.key) {
                    context.names.mention(record.key, key_text(text));
                }
                self.count.apply(&record, text, context);
            }
            project::SIGN_IN => {
                self.origins.visit(record);
            }
            _ => self.origins.made(record),
        }
    }

    fn fan_out(&mut self, thresholds: &[u64]) {
        self.count.fan_out(thresholds);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for closed in self.count.take_closed(watermark) {
            let draft = self.describe(&closed, context);
            context.raise_of(closed.sink, draft);
        }
        self.count.forget(watermark);
        self.origins.forget(watermark);
    }
}

/// The key that travels as the first part of a request's text.
fn key_text(text: &str) -> &str {
    text.split(project::PART).next().unwrap_or("")
}

impl State {
    fn describe(&self, closed: &Closed, context: &Context<'_>) -> AlertDraft {
        let rows = &closed.extended;
        let accounts = details::distinct(rows, |row| row.value + 1);
        let accounts: Vec<u64> = accounts.into_iter().map(|shifted| shifted - 1).collect();
        let mut users: Vec<String> = accounts
            .iter()
            .map(|&key| accounts::shown(key, context.reference, context.names))
            .collect();
        users.sort();
        let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
        let distinct_addresses = details::distinct(rows, |row| row.other).len();
        let outside = details::distinct(rows, |row| {
            if row.flags & OUTSIDE == 0 {
                0
            } else {
                row.value + 1
            }
        });
        let age = self.origins.median_age(&accounts, closed.completing.time);
        let share = ratio(outside.len(), accounts.len());
        let per_user = ratio(distinct_addresses, accounts.len());
        let text = closed.samples.first().map_or("", String::as_str);
        let mut parts = text.split(project::PART);
        let key = parts.next().unwrap_or("").to_owned();
        let (sample, application) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let mut carried = Map::new();
        carried.insert("sample".to_owned(), json!(sample));
        carried.insert("addresses_per_user".to_owned(), json!(per_user));
        carried.insert("share_outside_baseline".to_owned(), json!(share));
        carried.insert(
            "median_account_age".to_owned(),
            json!(age.map(|age| age.to_string())),
        );
        let places = details::places(&addresses, context.reference);
        carried.insert("places".to_owned(), json!(places));
        details::list(&mut carried, "user", &users);
        details::list(&mut carried, "address", &addresses);
        let mut entities = details::entities("Account", &users);
        entities.extend(details::entities("IP", &addresses));
        entities.extend(entity("CloudApplication", application));
        let mut draft = closed.draft(Semantics::Distinct, context);
        draft.key = key;
        draft.severity = self.severity;
        draft.classes = self.classes(per_user, age, share);
        draft.entities = entities;
        draft.details = carried;
        draft
    }

    fn classes(&self, per_user: f64, age: Option<TimeSpan>, share: f64) -> Vec<String> {
        let shape = if per_user >= self.botnet_from {
            "botnet"
        } else if per_user <= self.one_operator_to {
            "one_operator"
        } else {
            "mixed"
        };
        let mut classes = vec![shape.to_owned()];
        let is_old = age.is_some_and(|age| age >= self.stolen_age);
        if is_old && share >= self.stolen_share {
            classes.push("stolen".to_owned());
        }
        classes
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of users stay far below 2^53"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
