//! What an event looks like in the tables: (action, outcome) → rows, and each row's bytes.
//!
//! The only place that knows which rows an event makes. An attack and a benign request go through
//! the same lines of code, so no field can tell them apart. Values follow TABLES.md (§8 has the
//! last word), column names and their order the table definitions of `schema`. Rows are appended
//! as bytes; what a pod, resource or deployment repeats in every row is formatted once.

mod alert;
mod application;
mod chance;
mod change;
mod custom;
mod fabric;
mod intelligence;
mod lengths;
mod overrides;
mod row;
mod service;
mod sign_in;
mod text;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::EventTime;
use smallvec::{SmallVec, smallvec};

use crate::event::{Action, Event, Outcome};
use crate::world::{Account, World};

pub(crate) use application::request_id;
pub(crate) use chance::{Purpose, guid, normal, place};
use fabric::Fabric;
use text::TimeWriter;

/// One row that an event makes; the order is the order of an event's rows at one ingestion time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum RowKind {
    /// `ContainerLogV2`: the application's JSON line.
    Application,
    /// `ContainerLogV2`: first part of a line that a control character or quote broke.
    ApplicationHead,
    /// `ContainerLogV2`: the rest of that line.
    ApplicationTail,
    /// `AzureDiagnostics`: one call as the service saw it.
    Service,
    /// `AzureDiagnostics`: the sparse audit row of a key listing.
    KeyListing,
    /// `SigninLogs`.
    SignIn,
    /// `AADNonInteractiveUserSignInLogs`.
    TokenRefresh,
    /// `AADServicePrincipalSignInLogs`.
    ServiceSignIn,
    /// `IdentityLogonEvents`.
    Logon,
    /// `CloudAppEvents`.
    CloudActivity,
    /// `AmlModelsEvent`.
    Model,
    /// `AuditLogs`.
    Audit,
    /// `ThreatIntelIndicators`.
    Indicator,
    /// `SecurityRecommendation`.
    Finding,
    /// `Watchlist`.
    WatchlistItem,
    /// `SecurityAlert`.
    SecurityAlert,
    /// `AlertInfo`.
    AlertInfo,
    /// `AlertEvidence`: the cloud resource.
    EvidenceResource,
    /// `AlertEvidence`: the address.
    EvidenceAddress,
    /// `AlertEvidence`: the user, or the service principal.
    EvidenceUser,
    /// `AlertEvidence`: the link of a phishing alert.
    EvidenceLink,
    /// `AlertEvidence`: the application whose tool was called.
    EvidenceApplication,
    /// `IdentityInfo`: a snapshot of the account.
    Identity,
    /// A row of the table that the event names.
    Custom,
}

impl RowKind {
    /// Every kind, in order.
    pub const ALL: [RowKind; 24] = [
        RowKind::Application,
        RowKind::ApplicationHead,
        RowKind::ApplicationTail,
        RowKind::Service,
        RowKind::KeyListing,
        RowKind::SignIn,
        RowKind::TokenRefresh,
        RowKind::ServiceSignIn,
        RowKind::Logon,
        RowKind::CloudActivity,
        RowKind::Model,
        RowKind::Audit,
        RowKind::Indicator,
        RowKind::Finding,
        RowKind::WatchlistItem,
        RowKind::SecurityAlert,
        RowKind::AlertInfo,
        RowKind::EvidenceResource,
        RowKind::EvidenceAddress,
        RowKind::EvidenceUser,
        RowKind::EvidenceLink,
        RowKind::EvidenceApplication,
        RowKind::Identity,
        RowKind::Custom,
    ];

    /// The table of the rows; `None` where the event names it.
    #[must_use]
    pub fn table_name(self) -> Option<&'static str> {
        Some(match self {
            RowKind::Application | RowKind::ApplicationHead | RowKind::ApplicationTail => {
                "ContainerLogV2"
            }
            RowKind::Service | RowKind::KeyListing => "AzureDiagnostics",
            RowKind::SignIn => "SigninLogs",
            RowKind::TokenRefresh => "AADNonInteractiveUserSignInLogs",
            RowKind::ServiceSignIn => "AADServicePrincipalSignInLogs",
            RowKind::Logon => "IdentityLogonEvents",
            RowKind::CloudActivity => "CloudAppEvents",
            RowKind::Model => "AmlModelsEvent",
            RowKind::Audit => "AuditLogs",
            RowKind::Indicator => "ThreatIntelIndicators",
            RowKind::Finding => "SecurityRecommendation",
            RowKind::WatchlistItem => "Watchlist",
            RowKind::SecurityAlert => "SecurityAlert",
            RowKind::AlertInfo => "AlertInfo",
            RowKind::EvidenceResource
            | RowKind::EvidenceAddress
            | RowKind::EvidenceUser
            | RowKind::EvidenceLink
            | RowKind::EvidenceApplication => "AlertEvidence",
            RowKind::Identity => "IdentityInfo",
            RowKind::Custom => return None,
        })
    }
}

/// The rows of one event, at most seven.
pub type RowKinds = SmallVec<[RowKind; 8]>;

/// What delivery adds to a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// `_ItemId` of this copy.
    pub item: ItemId,
    /// `TimeGenerated` as written, clock skew included.
    pub time: EventTime,
    /// `IngestionTime`.
    pub ingestion: EventTime,
}

/// Memory that rendering reuses from row to row; one a thread.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    prompt: String,
    line: Vec<u8>,
    clock: TimeWriter,
}

/// Renders events as rows: the world, the tables and everything that is formatted once.
#[derive(Clone, Debug)]
pub struct Recipes {
    world: Arc<World>,
    schema: Arc<Schema>,
    tables: Vec<Option<TableId>>,
    fabric: Fabric,
}

impl Recipes {
    /// Prepares rendering for a world that will not change any more.
    #[must_use]
    pub fn new(world: Arc<World>, schema: Arc<Schema>) -> Self {
        let tables = RowKind::ALL
            .iter()
            .map(|kind| kind.table_name().and_then(|name| schema.find(name)))
            .collect();
        let fabric = Fabric::new(&world);
        Recipes {
            world,
            schema,
            tables,
            fabric,
        }
    }

    /// The world that rows are rendered from.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The tables that rows belong to.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The table of a row; `None` if no table of that name is known (then the row is not written).
    #[must_use]
    pub fn table(&self, kind: RowKind, event: &Event) -> Option<TableId> {
        match kind {
            RowKind::Custom => self.schema.find(event.detail.as_ref()?.row.as_ref()?),
            _ => self.tables.get(kind as usize).copied().flatten(),
        }
    }

    /// The rows that an event makes, whatever happens to them on their way.
    #[must_use]
    pub fn rows(&self, event: &Event) -> RowKinds {
        match event.action {
            Action::Request | Action::ToolCall => self.request_rows(event),
            Action::KeyCall if self.is_unlogged(event) => RowKinds::new(),
            Action::KeyCall => smallvec![RowKind::Service],
            Action::SignIn => smallvec![RowKind::SignIn],
            Action::TokenRefresh => smallvec![RowKind::TokenRefresh],
            Action::ServiceSignIn => smallvec![RowKind::ServiceSignIn],
            Action::Logon => smallvec![RowKind::Logon],
            Action::Change => change::rows(event),
            Action::Indicator => smallvec![RowKind::Indicator],
            Action::Finding => smallvec![RowKind::Finding],
            Action::Watchlist => smallvec![RowKind::WatchlistItem],
            Action::DefenderAlert => self.alert_rows(event),
            Action::Row => match event
                .detail
                .as_ref()
                .and_then(|detail| detail.row.as_deref())
            {
                Some("IdentityInfo") if event.account.is_some() => smallvec![RowKind::Identity],
                Some(_) => smallvec![RowKind::Custom],
                None => RowKinds::new(),
            },
        }
    }

    /// App row and, unless the application stopped the prompt itself, service row.
    fn request_rows(&self, event: &Event) -> RowKinds {
        let mut rows = RowKinds::new();
        if self.breaks_its_line(event) {
            rows.extend([RowKind::ApplicationHead, RowKind::ApplicationTail]);
        } else {
            rows.push(RowKind::Application);
        }
        let filtered = event.outcome.is_fail() && event.outcome != Outcome::Withheld;
        let stops = event
            .application
            .and_then(|application| {
                let index = usize::try_from(application.0).ok()?;
                self.world.directory.applications.get(index)
            })
            .is_some_and(|application| application.stops_prompts);
        let is_absent = (filtered && stops) || self.is_unlogged(event);
        if !is_absent {
            rows.push(RowKind::Service);
        }
        rows
    }

    /// Whether a call was refused for its key before the resource logged it.
    fn is_unlogged(&self, event: &Event) -> bool {
        event.outcome == Outcome::Refused
            && !place(event.id, Purpose::Refused).chance(self.world.profile.refused_logged)
    }

    /// Appends one row as a JSON object without a newline; returns the id of the event that the
    /// row reports, as a reader of the log computes it.
    pub fn render(
        &self,
        kind: RowKind,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let start = out.len();
        let id = match kind {
            RowKind::Application => self.application(event, delivery, scratch, out),
            RowKind::ApplicationHead => self.broken_line(event, delivery, scratch, out, true),
            RowKind::ApplicationTail => self.broken_line(event, delivery, scratch, out, false),
            RowKind::Service => self.service(event, delivery, scratch, out),
            RowKind::KeyListing => self.key_listing(event, delivery, scratch, out),
            RowKind::SignIn => self.sign_in(event, delivery, scratch, out, true),
            RowKind::TokenRefresh => self.sign_in(event, delivery, scratch, out, false),
            RowKind::ServiceSignIn => self.service_sign_in(event, delivery, scratch, out),
            RowKind::Logon => self.logon(event, delivery, scratch, out),
            RowKind::CloudActivity => self.cloud_activity(event, delivery, scratch, out),
            RowKind::Model => self.model_event(event, delivery, scratch, out),
            RowKind::Audit => self.audit(event, delivery, scratch, out),
            RowKind::Indicator => self.indicator(event, delivery, scratch, out),
            RowKind::Finding => self.finding(event, delivery, scratch, out),
            RowKind::WatchlistItem => self.watchlist_item(event, delivery, scratch, out),
            RowKind::SecurityAlert => self.security_alert(event, delivery, scratch, out),
            RowKind::AlertInfo => self.alert_info(event, delivery, scratch, out),
            RowKind::EvidenceResource
            | RowKind::EvidenceAddress
            | RowKind::EvidenceUser
            | RowKind::EvidenceLink
            | RowKind::EvidenceApplication => self.evidence(kind, event, delivery, scratch, out),
            RowKind::Identity => self.identity(event, delivery, scratch, out),
            RowKind::Custom => self.custom(event, delivery, out),
        };
        match &event.detail {
            Some(detail) if !detail.columns.is_empty() && kind != RowKind::Custom => {
                self.override_columns(kind, event, delivery.item, out, start, id)
            }
            _ => id,
        }
    }

    /// How wrong the clock of a row's source is, in standard deviations: pods and resources have
    /// clocks of their own, the cloud services' are right.
    pub(crate) fn clock_error(&self, kind: RowKind, event: &Event) -> f64 {
        match kind {
            RowKind::Application | RowKind::ApplicationHead | RowKind::ApplicationTail => {
                self.fabric.pod(event).clock_error
            }
            RowKind::Service | RowKind::KeyListing => {
                let application = self.fabric.application(event);
                self.fabric.resource(event, application).clock_error
            }
            _ => 0.0,
        }
    }

    fn account(&self, event: &Event) -> Option<&Account> {
        let index = usize::try_from(event.account?.0).ok()?;
        self.world.directory.accounts.get(index)
    }

    /// The label's outcome of a row: the event's, for alert tables the alert type.
    #[must_use]
    pub fn outcome<'e>(&self, event: &'e Event) -> &'e str {
        match (&event.detail, event.action) {
            (Some(detail), Action::DefenderAlert) => detail.alert_type.as_deref().unwrap_or(""),
            _ => event.outcome.name(),
        }
    }
}
