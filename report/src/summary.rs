//! What the workbooks need of a log's rows, in a size that does not grow with them.
//!
//! A [`Collector`] is shown every batch of a run and counts requests by hour, account, application,
//! country and prompt; accounts in the foreground keep their sessions. Every list is bounded: see
//! [`heaviest`] for how, and for what a bound can cost. The result is `summary.json`.

use std::collections::BTreeMap;

use livefire_schema::time::EventTime;
use serde::{Deserialize, Serialize};

mod activity;
mod collector;
pub mod heaviest;
#[cfg(test)]
mod tests;

pub use collector::Collector;

/// Version of `summary.json`.
pub const FORMAT: u32 = 1;

/// How a request ended, as the application's own log line tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// The security check passed and the request was answered.
    Passed,
    /// The security check failed it.
    Blocked,
    /// The service answered 429.
    RateLimited,
    /// Any other error.
    Failed,
}

/// Requests by status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StatusCounts {
    /// Passed.
    pub passed: u64,
    /// Blocked.
    pub blocked: u64,
    /// Answered 429.
    pub rate_limited: u64,
    /// Failed otherwise.
    pub failed: u64,
}

impl StatusCounts {
    /// Counts one request.
    pub fn add(&mut self, status: Status) {
        let place = match status {
            Status::Passed => &mut self.passed,
            Status::Blocked => &mut self.blocked,
            Status::RateLimited => &mut self.rate_limited,
            Status::Failed => &mut self.failed,
        };
        *place += 1;
    }

    /// Adds another count.
    pub fn add_all(&mut self, other: StatusCounts) {
        self.passed += other.passed;
        self.blocked += other.blocked;
        self.rate_limited += other.rate_limited;
        self.failed += other.failed;
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.passed + self.blocked + self.rate_limited + self.failed
    }

    /// Those that did not pass.
    #[must_use]
    pub fn not_passed(&self) -> u64 {
        self.total() - self.passed
    }
}

/// The summary of one log.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: u32,
    /// All requests of the application log; a row delivered twice counts twice.
    pub requests: StatusCounts,
    /// Rows with status 429 in the service's own diagnostics.
    pub service_rate_limited: u64,
    /// Requests by hour of event time, ascending; hours without any are left out.
    pub hours: Vec<Hour>,
    /// Accounts with the most requests.
    pub users: Vec<Ranked>,
    /// Accounts with the most requests that did not pass.
    pub failing_users: Vec<Ranked>,
    /// Applications with the most requests.
    pub applications: Vec<Ranked>,
    /// Where requests came from, most first.
    pub places: Vec<PlaceCounts>,
    /// Requests from addresses that no place is known for.
    pub unlocated: u64,
    /// Prompts that were sent most often.
    pub prompts: Vec<PromptPattern>,
    /// Accounts in the foreground, with their sessions.
    pub activities: Vec<Activity>,
    /// Attack kinds and look-alikes of the log, by id.
    pub kinds: BTreeMap<String, KindInfo>,
}

/// One hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hour {
    /// Its beginning.
    pub start: EventTime,
    /// Its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
}

/// One entry of a ranking.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ranked {
    /// Account or application.
    pub name: String,
    /// An account's department, where known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
    /// How many of its requests may be missing from the counts; 0 where they are exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub may_miss: u64,
}

/// Requests from one place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlaceCounts {
    /// Country, as in the reference data.
    pub country: String,
    /// City.
    pub city: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
}

/// One prompt, by its hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PromptPattern {
    /// `prompt_hash`.
    pub hash: String,
    /// The logged beginning of the prompt.
    pub sample: String,
    /// Its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
    /// Distinct accounts that sent it, counted up to [`Self::users_counted_to`].
    pub users: u64,
    /// Where counting of accounts ends.
    pub users_counted_to: u64,
    /// First time.
    pub first: EventTime,
    /// Last time.
    pub last: EventTime,
    /// As in [`Ranked::may_miss`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub may_miss: u64,
}

/// One account's requests over time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Activity {
    /// The account, as people write it.
    pub user: String,
    /// Department, where known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Whether it is the actor of a campaign: known from the labels, not from the log.
    pub is_campaign_actor: bool,
    /// All its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
    /// Its last active hours, ascending.
    pub hours: Vec<Hour>,
    /// Its sessions, in order of their beginning.
    pub sessions: Vec<Session>,
    /// Sessions that were not kept; those with most failures are.
    pub sessions_dropped: u64,
}

/// One session of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// `session_id`.
    pub id: String,
    /// First request.
    pub first: EventTime,
    /// Last request.
    pub last: EventTime,
    /// Its requests.
    #[serde(flatten)]
    pub counts: StatusCounts,
}

/// What the kind of a campaign or look-alike says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KindInfo {
    /// Title.
    pub title: String,
    /// MITRE ATLAS techniques.
    pub atlas: Vec<String>,
    /// OWASP LLM top ten, without year.
    pub owasp: Vec<String>,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
