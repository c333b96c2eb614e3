//! The numeric parameters that a scenario may set, as data: name, bounds, meaning, default.
//!
//! One list a section; reading, checking, help and `livefire show parameters` derive from it.
//! Bounds are what the model stays meaningful in, not what calibration says is common.

use livefire_schema::time::TimeSpan;

use crate::settings::{BenignProfile, Population, Telemetry};

/// What values a parameter takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bounds {
    /// A whole number, both ends included.
    Count(i64, i64),
    /// A number, both ends included.
    Number(f64, f64),
    /// A share of 0 to 1.
    Share,
    /// A share up to a largest one.
    ShareUpTo(f64),
    /// A duration up to so many seconds.
    Duration(f64),
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Bounds::Count(low, high) => write!(f, "{low}..{high}"),
            Bounds::Number(low, high) => write!(f, "{low}..{high}"),
            Bounds::Share => f.write_str("0..1"),
            Bounds::ShareUpTo(high) => write!(f, "0..{high}"),
            Bounds::Duration(high) => write!(f, "0s..{}", TimeSpan::from_seconds_f64(*high)),
        }
    }
}

/// One parameter of `T`.
#[derive(Clone, Copy, Debug)]
pub struct Field<T> {
    /// Key in the scenario.
    pub name: &'static str,
    /// Values that it takes.
    pub bounds: Bounds,
    /// What it means.
    pub help: &'static str,
    pub(super) set: fn(&mut T, f64),
    get: fn(&T) -> f64,
}

impl<T: Default> Field<T> {
    /// Its default as a user would write it.
    #[must_use]
    pub fn default_text(&self) -> String {
        let value = (self.get)(&T::default());
        match self.bounds {
            Bounds::Duration(_) => TimeSpan::from_seconds_f64(value).to_string(),
            _ => value.to_string(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounds keep counts whole and inside u32"
)]
fn count(value: f64) -> u32 {
    value as u32
}

macro_rules! number {
    ($name:ident, $bounds:expr, $help:literal) => {
        Field {
            name: stringify!($name),
            bounds: $bounds,
            help: $help,
            set: |target, value| target.$name = value,
            get: |target| target.$name,
        }
    };
}

macro_rules! count {
    ($name:ident, $low:literal, $high:literal, $help:literal) => {
        Field {
            name: stringify!($name),
            bounds: Bounds::Count($low, $high),
            help: $help,
            set: |target, value| target.$name = count(value),
            get: |target| f64::from(target.$name),
        }
    };
}

/// Parameters of `population`, besides `time_zone`.
#[must_use]
pub fn population_fields() -> &'static [Field<Population>] {
    const FIELDS: &[Field<Population>] = &[
        count!(users, 1, 2_000_000, "human accounts"),
        count!(
            applications,
            1,
            500,
            "applications, each with its own resource"
        ),
        count!(
            sites,
            1,
            1000,
            "offices, each with one NAT address (default: one per 300 users)"
        ),
        count!(
            service_callers,
            0,
            100_000,
            "service accounts that call models (default: 24 per 1,000 users)"
        ),
        number!(
            night_workers,
            Bounds::Share,
            "share of users who work nights, shifts or travel"
        ),
    ];
    FIELDS
}

/// Parameters of `benign`.
#[must_use]
pub fn benign_fields() -> &'static [Field<BenignProfile>] {
    BENIGN
}

const BENIGN: &[Field<BenignProfile>] = &[
    number!(
        active_share,
        Bounds::Share,
        "share of users active on a workday"
    ),
    number!(
        requests_per_day,
        Bounds::Number(0.0, 10_000.0),
        "requests a day of the median user"
    ),
    number!(
        rate_sigma,
        Bounds::Number(0.0, 3.0),
        "sigma of the logarithm of users' rates"
    ),
    number!(
        service_share,
        Bounds::ShareUpTo(0.95),
        "share of all requests made by service callers"
    ),
    number!(
        weekend_share,
        Bounds::Share,
        "weekend activity against a workday"
    ),
    number!(
        single_turn,
        Bounds::Share,
        "share of conversations of one request"
    ),
    number!(
        think_median,
        Bounds::Number(0.5, 3600.0),
        "median think time inside a session, in seconds"
    ),
    number!(
        think_sigma,
        Bounds::Number(0.0, 3.0),
        "sigma of the logarithm of the think time"
    ),
    number!(
        sign_ins_per_day,
        Bounds::Number(0.0, 200.0),
        "interactive sign-ins a day of an active user"
    ),
    number!(
        token_refreshes_per_day,
        Bounds::Number(0.0, 500.0),
        "token refreshes a day of an active user"
    ),
    number!(
        sign_in_failure,
        Bounds::Share,
        "share of sign-ins that fail at first"
    ),
    number!(
        content_filter,
        Bounds::Share,
        "share of prompts blocked by the content filter"
    ),
    number!(
        filter_injection_share,
        Bounds::Share,
        "of those, the share blocked as prompt injection"
    ),
    number!(
        throttled,
        Bounds::Share,
        "share of requests answered 429, clustered"
    ),
    number!(
        other_failures,
        Bounds::Share,
        "share of requests that fail otherwise (401, 503)"
    ),
    number!(
        injection_like,
        Bounds::Share,
        "share of prompts with injection-like wording that pass"
    ),
    number!(
        unique_prompt,
        Bounds::Share,
        "probability that a prompt is its author's alone"
    ),
    number!(
        new_addresses_per_week,
        Bounds::Number(0.0, 100.0),
        "new addresses of a user a week"
    ),
    number!(
        new_country_per_week,
        Bounds::Number(0.0, 7.0),
        "new countries of a user a week"
    ),
    number!(
        ipv6_share,
        Bounds::Share,
        "share of home connections with IPv6"
    ),
    count!(
        users_per_carrier_address,
        1,
        10_000,
        "users that share one carrier address"
    ),
    number!(
        false_alerts_per_10k,
        Bounds::Number(0.0, 10_000.0),
        "false Defender alerts per 10,000 requests"
    ),
    count!(
        indicators,
        0,
        1_000_000,
        "indicators in the threat-intelligence feed"
    ),
    number!(
        user_security_context,
        Bounds::Share,
        "share of applications that pass the user context to the service"
    ),
    number!(
        stopped_in_app,
        Bounds::Share,
        "share of applications that stop bad prompts themselves"
    ),
    number!(
        share_request_id,
        Bounds::Share,
        "share of calls whose app and service rows share the request id"
    ),
    number!(
        refused_logged,
        Bounds::Share,
        "share of calls refused for their key (401) that reach the resource log"
    ),
];

/// Parameters of `telemetry`, besides `delay`.
#[must_use]
pub fn telemetry_fields() -> &'static [Field<Telemetry>] {
    const FIELDS: &[Field<Telemetry>] = &[
        number!(
            duplicates,
            Bounds::ShareUpTo(0.5),
            "share of rows delivered twice"
        ),
        number!(
            lost,
            Bounds::ShareUpTo(0.5),
            "share of rows that never arrive"
        ),
        number!(
            malformed,
            Bounds::ShareUpTo(0.1),
            "share of rows whose line is damaged"
        ),
        number!(
            late,
            Bounds::ShareUpTo(0.5),
            "share of rows delayed to near their table's cut"
        ),
        Field {
            name: "clock_skew",
            bounds: Bounds::Duration(600.0),
            help: "standard deviation of each source's clock",
            set: |target, value| target.clock_skew = TimeSpan::from_seconds_f64(value),
            get: |target| target.clock_skew.seconds_f64(),
        },
        Field {
            name: "defender_delay",
            bounds: Bounds::Duration(86_400.0),
            help: "median delay from a cause to its Defender alert",
            set: |target, value| target.defender_delay = Some(TimeSpan::from_seconds_f64(value)),
            get: |target| {
                target
                    .defender_delay
                    .map_or(180.0, |delay| delay.seconds_f64())
            },
        },
    ];
    FIELDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn sets_what_it_gets<T: Default>(fields: &[Field<T>]) {
        for field in fields {
            let mut target = T::default();
            let before = (field.get)(&target);
            (field.set)(&mut target, before + 1.0);
            assert!(
                ((field.get)(&target) - before - 1.0).abs() < 1e-9,
                "{}",
                field.name
            );
        }
    }

    #[test]
    fn every_field_reads_and_writes_the_same_value() {
        sets_what_it_gets(population_fields());
        sets_what_it_gets(benign_fields());
        sets_what_it_gets(telemetry_fields());
    }

    #[test]
    fn no_parameter_of_the_benign_profile_is_missing() {
        let shown = format!("{:?}", BenignProfile::default());
        // all but `end_user_id`, which is a word
        assert_eq!(shown.matches(": ").count(), benign_fields().len() + 1);
    }

    #[test]
    fn defaults_lie_inside_their_bounds_and_read_as_written() {
        assert_eq!(telemetry_fields()[5].default_text(), "3m");
        assert_eq!(benign_fields()[0].default_text(), "0.6");
        assert_eq!(population_fields()[0].bounds.to_string(), "1..2000000");
    }
}
