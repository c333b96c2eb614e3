//! What a scenario decides about the world, resolved: population, benign profile, telemetry.
//!
//! These are values after validation; what the user wrote, with positions, is `scenario::spec`.
//! Defaults are choices documented in DESIGN.md and CALIBRATION.md (ids in the field docs).

use livefire_schema::time::{EventTime, TimeSpan};

/// Who lives in the world.
#[derive(Clone, PartialEq, Debug)]
pub struct Population {
    /// Human accounts.
    pub users: u32,
    /// Applications, each with its own resource and at least one deployment.
    pub applications: u32,
    /// Sites; each has one NAT address. Users per site 50–2,000 (I4).
    pub sites: u32,
    /// IANA zone of the first site; further sites spread over neighbouring zones.
    pub time_zone: String,
    /// Share of users who work nights, shifts or travel (S6: 1–3 %).
    pub night_workers: f64,
    /// Service callers.
    pub service_callers: u32,
}

impl Default for Population {
    fn default() -> Self {
        Population {
            users: 500,
            applications: 6,
            sites: 2,
            time_zone: "Europe/Berlin".to_owned(),
            night_workers: 0.02,
            service_callers: 12,
        }
    }
}

/// How benign traffic behaves; ids of CALIBRATION.md in brackets.
#[derive(Clone, PartialEq, Debug)]
pub struct BenignProfile {
    /// Share of users active on a workday.
    pub active_share: f64,
    /// Requests a day of a user at the median of the heavy tail (U1–U3).
    pub requests_per_day: f64,
    /// Sigma of the logarithm of users' rates.
    pub rate_sigma: f64,
    /// Share of all requests made by service callers (A8, A10, S6: 20–50 %).
    pub service_share: f64,
    /// Weekend activity against a workday (S6: 5–15 %).
    pub weekend_share: f64,
    /// Single-turn share of conversations (S4).
    pub single_turn: f64,
    /// Think time inside a session: median, seconds (S5).
    pub think_median: f64,
    /// Think time: sigma of the logarithm (S5).
    pub think_sigma: f64,
    /// Interactive sign-ins of an active user a day.
    pub sign_ins_per_day: f64,
    /// Token refreshes of an active user a day.
    pub token_refreshes_per_day: f64,
    /// Share of interactive sign-in runs that fail at first (I3).
    pub sign_in_failure: f64,
    /// Share of prompts blocked by the content filter (E4: 0.1–1 %).
    pub content_filter: f64,
    /// Of those, the share blocked with reason prompt injection (CALIBRATION §11: a tenth).
    pub filter_injection_share: f64,
    /// Share of requests answered 429 (E5: 0.1–2 %), clustered by deployment and minute.
    pub throttled: f64,
    /// Share of requests that fail for other reasons: 401, 503 (E1 counts all failures).
    pub other_failures: f64,
    /// Share of prompts with injection-like wording that pass (E6: 0.05–0.3 %).
    pub injection_like: f64,
    /// Probability that a human prompt is unique to its author (CALIBRATION §11).
    pub unique_prompt: f64,
    /// New addresses per user and week, Poisson mean (I5).
    pub new_addresses_per_week: f64,
    /// New countries per user and week (I5).
    pub new_country_per_week: f64,
    /// Share of IPv6-capable home connections.
    pub ipv6_share: f64,
    /// Users that share one carrier address.
    pub users_per_carrier_address: u32,
    /// False Defender for AI alerts per 10,000 requests.
    pub false_alerts_per_10k: f64,
    /// Indicators in the threat-intelligence feed.
    pub indicators: u32,
    /// Share of applications that pass the user security context to the service (TABLES §5).
    pub user_security_context: f64,
    /// Share of applications that stop bad prompts themselves, before the service.
    pub stopped_in_app: f64,
    /// Share of calls whose app row and service row share the request id (TABLES trap 5).
    pub share_request_id: f64,
    /// Share of calls refused for their key (401) that reach the resource log (TABLES §8: unknown).
    pub refused_logged: f64,
    /// How applications spell the user in their log (TABLES §5).
    pub end_user_id: EndUserId,
}

/// How an application spells the user in its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EndUserId {
    /// The Entra object id, as documented.
    #[default]
    ObjectId,
    /// The user principal name.
    Upn,
    /// A hash of the user principal name, which nothing can be joined with.
    Hash,
}

impl EndUserId {
    /// Every spelling with the word that scenarios use, the default first.
    pub const WORDS: [(&'static str, EndUserId); 3] = [
        ("object_id", EndUserId::ObjectId),
        ("upn", EndUserId::Upn),
        ("hash", EndUserId::Hash),
    ];
}

impl Default for BenignProfile {
    fn default() -> Self {
        BenignProfile {
            active_share: 0.6,
            requests_per_day: 12.0,
            rate_sigma: 1.1,
            service_share: 0.35,
            weekend_share: 0.08,
            single_turn: 0.65,
            think_median: 60.0,
            think_sigma: 1.15,
            sign_ins_per_day: 2.0,
            token_refreshes_per_day: 10.0,
            sign_in_failure: 0.04,
            content_filter: 0.003,
            filter_injection_share: 0.1,
            throttled: 0.005,
            other_failures: 0.012,
            injection_like: 0.001,
            unique_prompt: 0.93,
            new_addresses_per_week: 0.8,
            new_country_per_week: 0.005,
            ipv6_share: 0.3,
            users_per_carrier_address: 4,
            false_alerts_per_10k: 0.5,
            indicators: 5000,
            user_security_context: 1.0,
            stopped_in_app: 0.0,
            share_request_id: 1.0,
            refused_logged: 1.0,
            end_user_id: EndUserId::ObjectId,
        }
    }
}

/// Faults between the source and the workspace.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Telemetry {
    /// Ingestion delay as the tables define it; `false`: none at all (negative control G2).
    pub no_delay: bool,
    /// Share of rows delivered twice.
    pub duplicates: f64,
    /// Share of rows that never arrive.
    pub lost: f64,
    /// Share of rows whose line is damaged.
    pub malformed: f64,
    /// Share of rows that are delayed to near the table's cut.
    pub late: f64,
    /// Standard deviation of the clock of each source (pod, resource).
    pub clock_skew: TimeSpan,
    /// Median of the delay from a cause to its Defender alert; `None`: 180 s.
    pub defender_delay: Option<TimeSpan>,
}

/// When the log begins and ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// First instant of the log.
    pub start: EventTime,
    /// Length of the log, baseline included.
    pub duration: TimeSpan,
    /// Unscored history at its start.
    pub baseline: TimeSpan,
}

impl Calendar {
    /// One past the log's last instant.
    #[must_use]
    pub fn end(&self) -> EventTime {
        self.start + self.duration
    }

    /// First scored instant.
    #[must_use]
    pub fn scored_start(&self) -> EventTime {
        self.start + self.baseline
    }
}
