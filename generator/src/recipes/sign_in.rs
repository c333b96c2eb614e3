//! Sign-in tables: `SigninLogs`, `AADNonInteractiveUserSignInLogs`,
//! `AADServicePrincipalSignInLogs` and `IdentityLogonEvents`.
//!
//! `ResultType` is a string, `Status.errorCode` a number. `LocationDetails`, `DeviceDetail` and
//! `Status` are objects in `SigninLogs` and JSON text in the other tables (TABLES.md §4 traps 1–3).
//! The steps of one sign-in share a `CorrelationId`: it is the event's session.

use std::sync::LazyLock;

use livefire_schema::ids::EventId;
use livefire_schema::time::TimeSpan;

use super::chance::{Purpose, guid, place};
use super::row::{RowWriter, WORKSPACE};
use super::text::{escaped, guid_str, guid_text};
use super::{Delivery, Recipes, RowKind, Scratch};
use crate::event::{Event, Outcome};
use crate::world::{Account, AccountKind};

/// One kind of device: what sign-in rows say about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) system: &'static str,
    pub(crate) platform: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) agent: &'static str,
}

const DEVICES: [Device; 7] = [
    Device {
        system: "Windows10",
        platform: "Windows10",
        browser: "Edge 131.0.0",
        agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    },
    Device {
        system: "Windows11",
        platform: "Windows11",
        browser: "Chrome 131.0.0",
        agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    },
    Device {
        system: "Windows11",
        platform: "Windows11",
        browser: "Edge 132.0.0",
        agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 Edg/132.0.0.0",
    },
    Device {
        system: "MacOs",
        platform: "macOS",
        browser: "Safari 18.1",
        agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    },
    Device {
        system: "Linux",
        platform: "Linux",
        browser: "Firefox 133.0",
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    },
    Device {
        system: "Ios 18.1",
        platform: "iOS",
        browser: "Mobile Safari 18.1",
        agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    },
    Device {
        system: "Android 15",
        platform: "Android",
        browser: "Chrome Mobile 131.0.0",
        agent: "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    },
];

/// `DeviceDetail` of each device: as an object, and as a JSON string that holds it.
static DEVICE_DETAILS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let texts = DEVICES.iter().map(|device| {
        let object = format!(
            "{{\"operatingSystem\":\"{}\",\"browser\":\"{}\"}}",
            device.system, device.browser
        );
        let text = format!("\"{}\"", escaped(&object));
        (object, text)
    });
    texts.collect()
});

fn device_index(account: Option<&Account>) -> usize {
    account.map_or(0, |account| account.device as usize) % DEVICES.len()
}

/// An account's device; callers without an account have the first one.
pub(crate) fn device(account: Option<&Account>) -> Device {
    DEVICES[device_index(account)]
}

/// What Entra says about an outcome.
struct SignInResult {
    code: &'static str,
    description: &'static str,
    multi_factor: bool,
    conditional_access: &'static str,
}

fn result(outcome: Outcome) -> SignInResult {
    let (code, description, multi_factor, conditional_access) = match outcome {
        Outcome::BadPassword => ("50126", "Invalid username or password", false, "notApplied"),
        Outcome::UnknownUser => (
            "50034",
            "User does not exist in directory",
            false,
            "notApplied",
        ),
        Outcome::Locked => (
            "50053",
            "Account locked or sign-in from a blocked address",
            false,
            "notApplied",
        ),
        Outcome::MfaNeeded => (
            "50076",
            "Multi-factor authentication required",
            true,
            "success",
        ),
        Outcome::MfaDenied => ("500121", "Strong authentication failed", true, "failure"),
        Outcome::Expired => ("50055", "Password expired", false, "notApplied"),
        Outcome::Kmsi => ("50140", "Keep-me-signed-in interrupt", true, "success"),
        Outcome::Blocked => ("53003", "Blocked by conditional access", true, "failure"),
        _ => ("0", "", true, "success"),
    };
    SignInResult {
        code,
        description,
        multi_factor,
        conditional_access,
    }
}

/// `member` or `guest` as Entra spells them.
pub(crate) fn user_type(account: Option<&Account>) -> &'static str {
    match account.map(|account| account.kind) {
        Some(AccountKind::Guest) => "Guest",
        _ => "Member",
    }
}

/// The part of a UPN before the at sign, and the first label of the domain after it.
pub(crate) fn name_and_domain(upn: &str) -> (&str, &str) {
    let (name, domain) = upn.split_once('@').unwrap_or((upn, ""));
    (name, domain.split('.').next().unwrap_or(""))
}

impl Recipes {
    /// One step of an interactive sign-in, or a token refresh.
    pub(super) fn sign_in(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
        interactive: bool,
    ) -> EventId {
        let account = self.account(event);
        let id = guid_text(guid(place(event.id, Purpose::SignIn)));
        let client = event
            .detail
            .as_ref()
            .and_then(|detail| detail.client.as_deref());
        let mut row = RowWriter::new(out);
        self.sign_in_request(event, delivery, scratch, &mut row, interactive);
        row.guid("Id", &id).address("IPAddress", event.address);
        self.sign_in_result(event, &mut row, interactive);
        if !interactive {
            row.text("TenantId", WORKSPACE);
        }
        let table = if interactive {
            RowKind::SignIn
        } else {
            RowKind::TokenRefresh
        };
        row.time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", table.table_name().unwrap_or(""))
            .text("UserAgent", client.unwrap_or(device(account).agent))
            .text(
                "UserDisplayName",
                account.map_or("", |account| account.display_name.as_str()),
            )
            .text("UserId", self.user_id(event))
            .text(
                "UserPrincipalName",
                account.map_or("", |account| account.upn.as_str()),
            )
            .text("UserType", user_type(account))
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&id))
    }

    /// Columns up to `DeviceDetail`: what was asked for, and with what.
    fn sign_in_request(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        row: &mut RowWriter<'_>,
        interactive: bool,
    ) {
        let result = result(event.outcome);
        let application = self.fabric.application(event);
        let requirement = if result.multi_factor {
            "multiFactorAuthentication"
        } else {
            "singleFactorAuthentication"
        };
        let (category, client) = if interactive {
            ("SignInLogs", "Browser")
        } else {
            (
                "NonInteractiveUserSignInLogs",
                "Mobile Apps and Desktop clients",
            )
        };
        let location = self.fabric.location(event.address);
        let begun = place(event.id, Purpose::Started).below(20_000_000);
        let begun = delivery.time - TimeSpan::from_ticks(i64::try_from(begun).unwrap_or(0));
        row.escaped("AppDisplayName", &application.name, "")
            .guid("AppId", &application.client_id)
            .text("AuthenticationRequirement", requirement)
            .text("AutonomousSystemNumber", &location.number)
            .text("Category", category)
            .text("ClientAppUsed", client)
            .text("ConditionalAccessStatus", result.conditional_access)
            .guid("CorrelationId", &guid_text(guid(event.session)))
            .time("CreatedDateTime", begun, &mut scratch.clock);
        let device = &DEVICE_DETAILS[device_index(self.account(event))];
        row.raw(
            "DeviceDetail",
            if interactive { &device.0 } else { &device.1 },
        );
    }

    /// Columns from `IsInteractive` to `Status`: where from, and how it ended.
    fn sign_in_result(&self, event: &Event, row: &mut RowWriter<'_>, interactive: bool) {
        let result = result(event.outcome);
        let location = self.fabric.location(event.address);
        row.flag("IsInteractive", interactive)
            .escaped("Location", &location.country, "");
        if interactive {
            row.raw("LocationDetails", &location.details);
        } else {
            row.escaped("LocationDetails", &location.details_text, "");
        }
        row.text("OperationName", "Sign-in activity")
            .escaped(
                "ResourceDisplayName",
                &self.fabric.application(event).name,
                " API",
            )
            .text("ResultDescription", result.description)
            .text("ResultSignature", "None")
            .text("ResultType", result.code);
        if interactive {
            row.text("RiskLevelAggregated", "none");
        }
        row.text("RiskLevelDuringSignIn", "none")
            .text("RiskState", "none");
        if interactive {
            row.guid("SessionId", &guid_text(guid(event.session.index(1))));
        }
        row.text("SourceSystem", "Azure AD");
        push_status(row.name("Status"), &result, !interactive);
    }

    /// The account's object id; empty for a name that the directory does not hold.
    fn user_id(&self, event: &Event) -> &str {
        match self.account(event) {
            Some(account) if event.outcome != Outcome::UnknownUser => &account.object_id,
            _ => "",
        }
    }

    pub(super) fn service_sign_in(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let id = guid_text(guid(place(event.id, Purpose::SignIn)));
        let account = self.account(event);
        let object_id = account.map_or("", |account| account.object_id.as_str());
        let owner = crate::random::Key::root(0).named(object_id);
        let location = self.fabric.location(event.address);
        let result = result(event.outcome);
        let mut row = RowWriter::new(out);
        row.guid("AppId", &guid_text(guid(owner.named("application"))))
            .text("Category", "ServicePrincipalSignInLogs")
            .guid("CorrelationId", &guid_text(guid(event.session)))
            .guid("Id", &id)
            .address("IPAddress", event.address)
            .escaped("Location", &location.country, "")
            .escaped("LocationDetails", &location.details_text, "");
        row.text("OperationName", "Sign-in activity")
            .text("ResourceDisplayName", "Azure Cognitive Services")
            .text("ResourceIdentity", "7d312290-0000-4000-8000-0000000000aa")
            .text("ResultDescription", result.description)
            .text("ResultType", result.code)
            .guid(
                "ServicePrincipalCredentialKeyId",
                &guid_text(guid(owner.named("credential"))),
            )
            .text("ServicePrincipalId", object_id)
            .text(
                "ServicePrincipalName",
                account.map_or("", |account| account.display_name.as_str()),
            )
            .text("SourceSystem", "Azure AD")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "AADServicePrincipalSignInLogs")
            .finish(delivery, scratch);
        EventId::from_text(guid_str(&id))
    }

    pub(super) fn logon(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let account = self.account(event);
        let upn = account.map_or("", |account| account.upn.as_str());
        let (name, domain) = name_and_domain(upn);
        let device = device(account);
        let place_of = self.world.addresses.find_place(event.address);
        let failed = !matches!(event.outcome, Outcome::Ok | Outcome::None | Outcome::Pass);
        let report = guid_text(guid(place(event.id, Purpose::Report)));
        let machine = account.map_or(0, |account| {
            crate::random::Key::root(0)
                .named(&account.object_id)
                .below(9000)
                + 1000
        });
        let mut row = RowWriter::new(out);
        row.text(
            "AccountDisplayName",
            account.map_or("", |account| account.display_name.as_str()),
        )
        .text("AccountDomain", domain)
        .text("AccountName", name)
        .text("AccountObjectId", self.user_id(event))
        .text("AccountUpn", upn)
        .text(
            "ActionType",
            if failed {
                "LogonFailed"
            } else {
                "LogonSuccess"
            },
        )
        .raw("AdditionalFields", "{}")
        .text("Application", "Microsoft 365")
        .text("DeviceName", &format!("pc-{machine}.{domain}.example"))
        .text("FailureReason", result(event.outcome).description)
        .address("IPAddress", event.address)
        .text("ISP", place_of.map_or("", |place| place.provider.as_str()))
        .text(
            "Location",
            place_of.map_or("", |place| place.country.as_str()),
        )
        .text("LogonType", "OAuth2:Token")
        .text("OSPlatform", device.platform)
        .text("Protocol", "OAuth2")
        .guid("ReportId", &report)
        .text("SourceSystem", "Azure")
        .text("TenantId", WORKSPACE)
        .time("TimeGenerated", delivery.time, &mut scratch.clock)
        .time("Timestamp", delivery.time, &mut scratch.clock)
        .text("Type", "IdentityLogonEvents")
        .finish(delivery, scratch);
        EventId::from_text(guid_str(&report))
    }
}

/// `Status`: the code as a number; as JSON text where the column is a string.
fn push_status(out: &mut Vec<u8>, result: &SignInResult, as_text: bool) {
    let (edge, quote) = if as_text { ("\"", "\\\"") } else { ("", "\"") };
    let mut push = |parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    };
    push(&[edge, "{", quote, "errorCode", quote, ":", result.code]);
    if !result.description.is_empty() {
        let reason = result.description;
        push(&[
            ",",
            quote,
            "failureReason",
            quote,
            ":",
            quote,
            reason,
            quote,
        ]);
    }
    push(&["}", edge]);
}
