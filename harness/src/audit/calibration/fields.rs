//! Which fields of a line facts read, table by table.

use std::net::IpAddr;

use livefire_schema::address::address_key;
use livefire_schema::row::{FieldSet, Slot};

use super::observe::SignInResult;

/// Phrases that injections and texts about them hold, in lower case (E6).
const INJECTION_PHRASES: &[&str] = &[
    "ignore the directions",
    "ignore the rules",
    "ignore all",
    "ignore previous",
    "ignore your",
    "disregard",
    "forget your rules",
    "system prompt",
    "prompt injection",
    "prompt attack",
    "without limits",
    "you are now free",
    "from now on you are",
];
/// Result codes that ask for one more step (TABLES.md trap 2).
const INTERRUPTS: &[&str] = &[
    "50140", "50058", "50074", "50076", "50072", "50125", "65001",
];

/// Fields that say when a row of any table was ingested.
#[derive(Debug)]
pub(super) struct IngestionFields {
    set: FieldSet,
    slots: [Slot; 2],
}

impl IngestionFields {
    pub(super) fn new() -> Self {
        let mut set = FieldSet::new();
        IngestionFields {
            slots: ["IngestionTime", "_TimeReceived"].map(|name| set.slot(name)),
            set,
        }
    }

    pub(super) fn is_said(&self, line: &[u8]) -> bool {
        let row = self.set.read_json(line);
        row.is_ok_and(|row| self.slots.iter().any(|slot| row.time(*slot).is_some()))
    }
}

/// Fields of `ContainerLogV2`.
#[derive(Debug)]
pub(super) struct ApplicationFields {
    set: FieldSet,
    user: Slot,
    session: Slot,
    application: Slot,
    prompt: Slot,
    address: Slot,
    status: Slot,
    check: Slot,
    sample: Slot,
    tokens: [Slot; 2],
}

/// What a line of the application log says.
#[derive(Debug)]
pub(super) struct ApplicationLine {
    pub(super) user: String,
    pub(super) session: String,
    pub(super) application: String,
    pub(super) prompt: String,
    pub(super) address: String,
    pub(super) sample: String,
    pub(super) status: u16,
    pub(super) stopped: bool,
    pub(super) tokens: Option<(u32, u32)>,
}

impl ApplicationFields {
    pub(super) fn new() -> Self {
        let mut set = FieldSet::new();
        let mut slot = |name: &str| set.slot(&format!("LogMessage.{name}"));
        ApplicationFields {
            user: slot("end_user_id"),
            session: slot("session_id"),
            application: slot("application_name"),
            prompt: slot("prompt_hash"),
            address: slot("source_ip"),
            status: slot("http_status"),
            check: slot("security_check_passed"),
            sample: slot("full_prompt_sample"),
            tokens: [slot("prompt_tokens"), slot("completion_tokens")],
            set,
        }
    }

    /// What a line says; `None` if it is no request of the application log.
    pub(super) fn read(&self, line: &[u8]) -> Option<ApplicationLine> {
        let row = self.set.read_json(line).ok()?;
        let text = |slot| row.text(slot).unwrap_or("").to_owned();
        let [prompt, completion] = self.tokens.map(|slot| {
            let count = row.integer(slot);
            count.and_then(|count| u32::try_from(count).ok())
        });
        let status = row.integer(self.status).unwrap_or(200);
        Some(ApplicationLine {
            user: row.text(self.user)?.to_owned(),
            session: text(self.session),
            application: text(self.application),
            prompt: text(self.prompt),
            address: text(self.address),
            sample: text(self.sample),
            status: u16::try_from(status).unwrap_or(0),
            stopped: text(self.check).eq_ignore_ascii_case("fail"),
            tokens: prompt.zip(completion),
        })
    }
}

impl ApplicationLine {
    pub(super) fn address_key(&self) -> u64 {
        key_of(&self.address)
    }

    /// Whether the sample holds a phrase of injections.
    pub(super) fn injection_like(&self) -> bool {
        let sample = self.sample.to_lowercase();
        INJECTION_PHRASES
            .iter()
            .any(|phrase| sample.contains(phrase))
    }
}

/// Fields of `AzureDiagnostics`.
#[derive(Debug)]
pub(super) struct ServiceFields {
    set: FieldSet,
    request: Slot,
    response: Slot,
    status: Slot,
}

impl ServiceFields {
    pub(super) fn new() -> Self {
        let mut set = FieldSet::new();
        ServiceFields {
            request: set.slot("properties_s.requestLength"),
            response: set.slot("properties_s.responseLength"),
            status: set.slot("ResultSignature"),
            set,
        }
    }

    /// Bytes of request and answer, and the status.
    pub(super) fn read(&self, line: &[u8]) -> Option<((i64, i64), u16)> {
        let row = self.set.read_json(line).ok()?;
        let bytes = (row.integer(self.request)?, row.integer(self.response)?);
        let status = row.integer(self.status).unwrap_or(0);
        Some((bytes, u16::try_from(status).unwrap_or(0)))
    }
}

/// Fields of `SigninLogs`.
#[derive(Debug)]
pub(super) struct SignInFields {
    set: FieldSet,
    user: Slot,
    upn: Slot,
    address: Slot,
    country: Slot,
    result: Slot,
}

/// What a sign-in row says.
#[derive(Debug)]
pub(super) struct SignInLine {
    pub(super) user: String,
    pub(super) address: u64,
    pub(super) country: String,
    pub(super) result: SignInResult,
}

impl SignInFields {
    pub(super) fn new() -> Self {
        let mut set = FieldSet::new();
        SignInFields {
            user: set.slot("UserId"),
            upn: set.slot("UserPrincipalName"),
            address: set.slot("IPAddress"),
            country: set.slot("Location"),
            result: set.slot("ResultType"),
            set,
        }
    }

    pub(super) fn read(&self, line: &[u8]) -> Option<SignInLine> {
        let row = self.set.read_json(line).ok()?;
        let user = row.text(self.user).or_else(|| row.text(self.upn))?;
        let code = row.text(self.result).unwrap_or("0");
        Some(SignInLine {
            user: user.to_owned(),
            address: key_of(row.text(self.address).unwrap_or("")),
            country: row.text(self.country).unwrap_or("").to_owned(),
            result: match code {
                "0" => SignInResult::Success,
                code if INTERRUPTS.contains(&code) => SignInResult::Interrupt,
                _ => SignInResult::Failure,
            },
        })
    }
}

/// The key of an address as rules compare it; 0 for text that is none.
fn key_of(text: &str) -> u64 {
    text.parse::<IpAddr>().map_or(0, address_key)
}
