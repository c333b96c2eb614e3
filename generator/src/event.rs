//! What happened, before it becomes rows: one compact event of an actor.
//!
//! Benign traffic and attack kinds produce the same [`Event`]s; `recipes` turns (action, outcome)
//! into the rows of one or several tables. Ids, durations and every other nuisance of a row derive
//! from [`Event::id`], so no field can tell an attack from benign traffic by its construction.

use std::net::{IpAddr, Ipv6Addr};

use livefire_labels::{CampaignIndex, Class, Phase};
use livefire_schema::time::{EventTime, TimeSpan};

use crate::random::Key;

/// Index of an account in [`crate::world::Directory::accounts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountRef(pub u32);

/// Index of an application in [`crate::world::Directory::applications`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ApplicationRef(pub u32);

/// Index of a deployment in [`crate::world::Directory::deployments`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeploymentRef(pub u32);

/// Index of an Azure OpenAI resource in [`crate::world::Directory::resources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceRef(pub u32);

/// Index of an [`Origin`]; events without one are plainly benign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OriginRef(pub u32);

/// What one event is (`do:` of the attack format, and what only benign traffic or a cause makes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A chat request: app row and, unless the application stopped it, service row.
    Request,
    /// A tool call of an assistant: app row and service row.
    ToolCall,
    /// A call with the resource's key: service row only.
    KeyCall,
    /// An interactive sign-in.
    SignIn,
    /// A token refresh (`AADNonInteractiveUserSignInLogs`).
    TokenRefresh,
    /// A workload identity's sign-in (`AADServicePrincipalSignInLogs`).
    ServiceSignIn,
    /// A logon seen by Defender for Identity (`IdentityLogonEvents`).
    Logon,
    /// An administrative change.
    Change,
    /// A published threat-intelligence indicator.
    Indicator,
    /// A posture finding on a model.
    Finding,
    /// A watchlist item.
    Watchlist,
    /// A Defender for AI alert: rows of `SecurityAlert`, `AlertInfo` and `AlertEvidence`.
    DefenderAlert,
    /// A row of any table with its fields given ([`Detail::row`]).
    Row,
}

/// How it ended, in the words of the attack format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(
    missing_docs,
    reason = "each is defined in the attack format by its own name"
)]
pub enum Outcome {
    // request, tool_call
    Pass,
    Injection,
    Jailbreak,
    Leak,
    Content,
    Withheld,
    Throttled,
    Refused,
    Unavailable,
    Denied,
    // key_call (besides Refused and Throttled)
    Ok,
    Bad,
    ListModels,
    // sign_in (besides Ok)
    BadPassword,
    UnknownUser,
    Locked,
    MfaNeeded,
    MfaDenied,
    Expired,
    Kmsi,
    Blocked,
    // change
    Configuration,
    ModelUpload,
    KeysListed,
    MfaRegistered,
    PasswordReset,
    RoleAdded,
    Consent,
    AccountCreated,
    // indicator (besides Expired)
    Active,
    Revoked,
    // finding
    Unhealthy,
    Healthy,
    // everything that has no outcome
    None,
}

impl Outcome {
    /// Every outcome with the name that the attack format and the labels use.
    pub const NAMES: &'static [(Outcome, &'static str)] = &[
        (Outcome::Pass, "pass"),
        (Outcome::Injection, "injection"),
        (Outcome::Jailbreak, "jailbreak"),
        (Outcome::Leak, "leak"),
        (Outcome::Content, "content"),
        (Outcome::Withheld, "withheld"),
        (Outcome::Throttled, "throttled"),
        (Outcome::Refused, "refused"),
        (Outcome::Unavailable, "unavailable"),
        (Outcome::Denied, "denied"),
        (Outcome::Ok, "ok"),
        (Outcome::Bad, "bad"),
        (Outcome::ListModels, "list_models"),
        (Outcome::BadPassword, "bad_password"),
        (Outcome::UnknownUser, "unknown_user"),
        (Outcome::Locked, "locked"),
        (Outcome::MfaNeeded, "mfa_needed"),
        (Outcome::MfaDenied, "mfa_denied"),
        (Outcome::Expired, "expired"),
        (Outcome::Kmsi, "kmsi"),
        (Outcome::Blocked, "blocked"),
        (Outcome::Configuration, "configuration"),
        (Outcome::ModelUpload, "model_upload"),
        (Outcome::KeysListed, "keys_listed"),
        (Outcome::MfaRegistered, "mfa_registered"),
        (Outcome::PasswordReset, "password_reset"),
        (Outcome::RoleAdded, "role_added"),
        (Outcome::Consent, "consent"),
        (Outcome::AccountCreated, "account_created"),
        (Outcome::Active, "active"),
        (Outcome::Revoked, "revoked"),
        (Outcome::Unhealthy, "unhealthy"),
        (Outcome::Healthy, "healthy"),
        (Outcome::None, ""),
    ];

    /// The format's name of the outcome.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(outcome, _)| *outcome == self)
            .map_or("", |(_, name)| name)
    }

    /// The outcome of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(outcome, _)| *outcome)
    }

    /// Whether the application's security check said FAIL.
    #[must_use]
    pub fn is_fail(self) -> bool {
        matches!(
            self,
            Outcome::Injection
                | Outcome::Jailbreak
                | Outcome::Leak
                | Outcome::Content
                | Outcome::Withheld
        )
    }
}

/// An IP address in 16 bytes; IPv4 as IPv4-mapped IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u128);

impl Address {
    /// From any IP address.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Address(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => Address(v6.to_bits()),
        }
    }

    /// As an IP address.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        Ipv6Addr::from_bits(self.0).to_canonical()
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ip().fmt(f)
    }
}

/// How a prompt's text is changed after rendering (`prompt_templates.json`, `mutations`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[expect(missing_docs, reason = "named and described in prompt_templates.json")]
pub enum Mutation {
    #[default]
    None,
    Synonym,
    TrailingSpace,
    TailNonce,
    HeadNonce,
    Greeting,
    CaseFlip,
    ZeroWidth,
    Homoglyph,
    TagCharacters,
}

/// A prompt as a recipe for text: rendering it is a pure function of this value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Prompt {
    /// Index of the prompt set in [`crate::prompts::PromptLibrary`].
    pub set: u16,
    /// Index of the template in its set.
    pub template: u16,
    /// Where slot values are drawn from; equal keys give equal text.
    pub slots: Key,
    /// Position in the sequential grid of slot values, where `order: sequential` asks for it.
    pub grid: Option<u32>,
    /// Mutation applied after rendering.
    pub mutation: Mutation,
    /// Where the mutation is drawn from.
    pub nonce: Key,
    /// Least length in characters; shorter text is padded with neutral text (0: none).
    pub pad_to: u32,
}

/// Fields that few events need; boxed to keep events small.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Detail {
    /// Bytes of the model's answer.
    pub response_bytes: Option<u32>,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u32>,
    /// Name of the called tool.
    pub tool: Option<String>,
    /// `pickle`, `safetensors`, `onnx`.
    pub model_format: Option<String>,
    /// Content category of a filtered prompt.
    pub content_category: Option<String>,
    /// Content severity 2, 4 or 6.
    pub content_severity: Option<u8>,
    /// Indicator confidence 0–100.
    pub confidence: Option<u8>,
    /// How long an indicator stays valid.
    pub valid: Option<TimeSpan>,
    /// Identity of an indicator over its publications.
    pub indicator: Option<Key>,
    /// Claimed client address in the app log, where it differs from the true one.
    pub source_ip: Option<Address>,
    /// Client name and version.
    pub client: Option<String>,
    /// Whether control characters of the prompt are escaped in the log line (default true).
    pub escape: Option<bool>,
    /// Delivered copies of each row (1 = one delivery).
    pub copies: Option<u8>,
    /// Extra ingestion delay of each row.
    pub ingest_delay: Option<TimeSpan>,
    /// Alert type without `AI.`, for [`Action::DefenderAlert`].
    pub alert_type: Option<String>,
    /// Time of the event that caused the alert.
    pub cause: Option<EventTime>,
    /// Table and fields of [`Action::Row`]; also single columns set by `set: Table.Column`.
    pub columns: Vec<(String, String, serde_json::Value)>,
    /// What the event carries besides its prompt; labels only, never in a log.
    pub payload: Option<Prompt>,
    /// Table of [`Action::Row`].
    pub row: Option<String>,
}

/// One event.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Names the event; request id, item ids and all nuisances derive from it.
    pub id: Key,
    /// Event time.
    pub at: EventTime,
    /// What it is.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Acting account; `None` for key access.
    pub account: Option<AccountRef>,
    /// True source address.
    pub address: Address,
    /// Application called or changed.
    pub application: Option<ApplicationRef>,
    /// Deployment called, changed or found unhealthy.
    pub deployment: Option<DeploymentRef>,
    /// Resource, where no application implies it.
    pub resource: Option<ResourceRef>,
    /// The prompt, for requests.
    pub prompt: Option<Prompt>,
    /// Names the session.
    pub session: Key,
    /// Truth about the event; `None` for plainly benign ones.
    pub origin: Option<OriginRef>,
    /// Rare fields.
    pub detail: Option<Box<Detail>>,
}

/// What events of one stage of one campaign or look-alike have in common; becomes label groups.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    /// Truth class.
    pub class: Class,
    /// Causing campaign.
    pub caused_by: Option<CampaignIndex>,
    /// Look-alike id.
    pub hard_negative: Option<String>,
    /// Phase.
    pub phase: Phase,
    /// Stage.
    pub stage: String,
    /// Kind or look-alike id.
    pub kind: String,
    /// Technique id, or empty.
    pub technique: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_one_name() {
        for (outcome, name) in Outcome::NAMES {
            assert_eq!(Outcome::from_name(name), Some(*outcome));
            assert_eq!(outcome.name(), *name);
        }
    }

    #[test]
    fn addresses_keep_their_family() {
        for text in ["198.18.7.41", "2001:db8::1"] {
            let ip: IpAddr = text.parse().expect("is an address");
            assert_eq!(Address::new(ip).ip(), ip);
        }
    }
}
