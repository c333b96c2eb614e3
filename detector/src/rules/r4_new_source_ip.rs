//! R4 `new_source_ip`: a request from an address that the user has not used in the days before.
//!
//! An address is known if the user signed in successfully or sent a request from it within
//! `[t − lookback, t − exclude]`; the excluded hour keeps the thief's own sign-in from making the
//! address known. State is a few instants per user and address ([`crate::primitives::Seen`]).
//! Severity reads failed requests until an hour after, so an alert is held that long.
//!
//! Record: `key` account, `value` address key (IPv4, or IPv6 /64), `address` source address; a
//! request has its user's spelling in `other`, FAIL in `flags` and then the prompt sample as text;
//! a sign-in has a second spelling in `other` and its country as text.

use std::sync::Arc;

use livefire_schema::address::address_key;
use livefire_schema::alert::Mode;
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::time::TimeSpan;

use super::accounts::{self, SignIns};
use super::app_log::{self, AppLog};
use super::{Native, Plan, Rule, info};
use crate::parameters::{Bounds, ParameterSpec, Parameters};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};

mod habit;
mod networks;
mod state;
#[cfg(test)]
mod tests;

/// A request of the application log.
const REQUEST: u8 = 0;
/// A successful sign-in.
const SIGN_IN: u8 = 1;
/// Flag of a request: the security check failed.
const FAIL: u8 = 1;

/// The registered rule.
pub(crate) struct NewSourceIp;

impl Native for NewSourceIp {
    fn id(&self) -> &'static str {
        "R4"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let mut specs = vec![
            between(
                ParameterSpec::span(
                    "lookback",
                    TimeSpan::from_days(7),
                    "an address seen this long ago is still known",
                ),
                TimeSpan::from_days(1)..=TimeSpan::from_days(365),
            ),
            between(
                ParameterSpec::span(
                    "exclude",
                    TimeSpan::from_hours(1),
                    "the time just before a request that makes no address known",
                ),
                TimeSpan::from_seconds(1)..=TimeSpan::from_hours(12),
            ),
            ParameterSpec::word(
                "without_baseline",
                &["ignore", "fire"],
                "what a user without any baseline does",
            ),
            ParameterSpec::severity(info(self).severity),
        ];
        specs.extend(classes());
        specs
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![
                app_log::TABLE,
                accounts::INTERACTIVE,
                accounts::NON_INTERACTIVE,
                accounts::LOGONS,
            ],
            resolve: TimeSpan::ZERO,
            horizon: parameters.span("fail_within"),
            has_bins: false,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        let log = AppLog::new(fields);
        let sign_ins = [
            accounts::INTERACTIVE,
            accounts::NON_INTERACTIVE,
            accounts::LOGONS,
        ];
        Box::new(Project {
            log,
            address: app_log::field(fields, log.table, "source_ip"),
            sample: app_log::field(fields, log.table, "full_prompt_sample"),
            sign_ins: sign_ins.map(|table| SignIns::new(fields, table)),
            reference: Arc::clone(fields.reference()),
        })
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

/// Parameters of severity and class.
fn classes() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::span(
            "fail_within",
            TimeSpan::from_hours(1),
            "a failed request of the user this near makes a strange sign High",
        ),
        ParameterSpec::count(
            "shared_by",
            3,
            "so many other users of the network in the lookback make it Low",
        ),
        ParameterSpec::ratio(
            "rare_hour",
            0.02,
            0.0..=1.0,
            "an hour with a smaller share of the user's requests can be after hours",
        ),
        hour(
            "day_from",
            7,
            "local hour from which no request is after hours",
        ),
        hour(
            "day_to",
            19,
            "local hour until which no request is after hours",
        ),
        ParameterSpec::texts(
            "time_zone",
            &["UTC"],
            "the site's IANA time zone, for users without their own",
        ),
    ]
}

fn hour(name: &'static str, default: u64, help: &'static str) -> ParameterSpec {
    ParameterSpec {
        bounds: Bounds::Count(0..=24),
        ..ParameterSpec::count(name, default, help)
    }
}

/// A duration within narrower bounds.
pub(super) fn between(
    spec: ParameterSpec,
    range: std::ops::RangeInclusive<TimeSpan>,
) -> ParameterSpec {
    ParameterSpec {
        bounds: Bounds::Span(range, None),
        ..spec
    }
}

struct Project {
    log: AppLog,
    address: Option<Slot>,
    sample: Option<Slot>,
    sign_ins: [SignIns; 3],
    reference: Arc<Reference>,
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.log.holds(row) {
            self.request(row, sink);
        } else if let Some(table) = self.sign_ins.iter().find(|t| t.table == Some(row.table)) {
            self.sign_in(table, row, sink);
        }
    }
}

impl Project {
    /// Rows without a user or without a readable address say nothing about addresses of users.
    fn request(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        let (Some(user), Some(text)) = (row.text(self.log.user), row.text(self.address)) else {
            return;
        };
        let Some(address) = sink.address(text) else {
            return;
        };
        let mut record = sink.record();
        record.kind = REQUEST;
        record.key = accounts::end_user(user, &self.reference, sink);
        record.other = sink.name(user);
        record.value = address_key(address);
        record.address = sink.name(text);
        if self.log.is_fail(row) {
            record.flags = FAIL;
            record.text = row
                .text(self.sample)
                .map_or_else(Default::default, |text| sink.text(text));
        }
        sink.push(record);
    }

    fn sign_in(&self, table: &SignIns, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if table.code(row) != Some(0) {
            return;
        }
        let Some(text) = row.text(table.address) else {
            return;
        };
        let Ok(address) = text.parse() else { return };
        let Some(account) = table.account(row, &self.reference, sink) else {
            return;
        };
        let mut record = sink.record();
        record.kind = SIGN_IN;
        record.key = account.key;
        record.other = account.alias;
        record.value = address_key(address);
        record.text = row
            .text(table.location)
            .map_or_else(Default::default, |text| sink.text(text));
        sink.push(record);
    }
}
