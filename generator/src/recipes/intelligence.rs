//! `ThreatIntelIndicators`, `SecurityRecommendation` and `Watchlist`.
//!
//! An indicator keeps its `Id` over its publications while `Modified`, `TimeGenerated` and
//! `ValidUntil` move (TABLES.md §4 traps 14, 15). Recommendations name a registry asset.

use std::net::IpAddr;

use livefire_schema::ids::EventId;
use livefire_schema::time::TimeSpan;

use super::chance::{Purpose, guid, place};
use super::row::{RowWriter, SUBSCRIPTION, WORKSPACE};
use super::text::{guid_str, guid_text, push_address, push_string};
use super::{Delivery, Recipes, Scratch};
use crate::event::{Event, Outcome};
use crate::random::Key;
use crate::world::watchlist::covered;

/// Share of indicators that are published as network traffic instead of a bare address.
const AS_TRAFFIC: f64 = 0.1;

const FEEDS: [&str; 3] = [
    "example-feed",
    "sharing-community",
    "Microsoft Threat Intelligence",
];

fn days(key: Key, from: u64, to: u64) -> TimeSpan {
    let days = from + key.below(to - from + 1);
    TimeSpan::from_days(i64::try_from(days).unwrap_or(0))
}

fn pick<'t>(key: Key, from: &[&'t str]) -> &'t str {
    let index = usize::try_from(key.below(from.len() as u64)).unwrap_or(0);
    from.get(index).copied().unwrap_or("")
}

impl Recipes {
    pub(super) fn indicator(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let detail = event.detail.as_deref();
        // Without a named identity the listed address is the identity.
        let identity = detail
            .and_then(|detail| detail.indicator)
            .unwrap_or_else(|| Key::root(0).named(&event.address.ip().to_string()));
        let valid = detail.and_then(|detail| detail.valid);
        let valid = valid.unwrap_or_else(|| days(identity.named("valid"), 7, 90));
        let confidence = detail
            .and_then(|detail| detail.confidence)
            .map_or_else(|| 50 + identity.named("confidence").below(51), u64::from);
        let (from, until) = if event.outcome == Outcome::Expired {
            let until = event.at - days(identity.named("expired"), 1, 30);
            (until - valid, until)
        } else {
            (event.at, event.at + valid)
        };
        let created = self.world.calendar.start - days(identity.named("created"), 1, 120);
        let active = !matches!(event.outcome, Outcome::Expired | Outcome::Revoked);
        let id = guid_text(guid(identity));
        let traffic = identity.named("traffic").chance(AS_TRAFFIC);
        let (key, path) = observable(event.address.ip(), traffic);

        let mut row = RowWriter::new(out);
        row.raw("AdditionalFields", r#"{"TLPLevel":"green"}"#)
            .integer("Confidence", i64::try_from(confidence).unwrap_or(100))
            .time("Created", created.min(from), &mut scratch.clock)
            .raw("Data", r#"{"indicator_types":["malicious-activity"]}"#)
            .parts("Id", &["indicator--", guid_str(&id)])
            .flag("IsActive", active)
            .flag("IsDeleted", false)
            .text("LastUpdateMethod", "ImportData")
            .time("Modified", delivery.time, &mut scratch.clock)
            .text("ObservableKey", key)
            .address("ObservableValue", event.address);
        let pattern = row.name("Pattern");
        pattern.extend_from_slice(b"\"[");
        pattern.extend_from_slice(path.as_bytes());
        pattern.extend_from_slice(b" = '");
        push_address(pattern, event.address);
        pattern.extend_from_slice(b"']\"");
        row.flag("Revoked", event.outcome == Outcome::Revoked)
            .text("SourceSystem", pick(identity.named("feed"), &FEEDS))
            .text(
                "Tags",
                pick(
                    identity.named("tag"),
                    &["[\"botnet\"]", "[\"scanner\"]", "[\"c2\"]", "[]"],
                ),
            )
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "ThreatIntelIndicators")
            .time("ValidFrom", from, &mut scratch.clock)
            .time("ValidUntil", until, &mut scratch.clock)
            .finish(delivery, scratch);
        EventId::from_item(delivery.item)
    }

    pub(super) fn finding(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let model = event
            .deployment
            .and_then(|deployment| self.world.directory.deployments.get(deployment.0 as usize));
        let healthy = event.outcome == Outcome::Healthy;
        let resource = self.fabric.resource(event, self.fabric.application(event));
        let assessed = model.map_or(resource.id.as_str(), |model| &model.asset_id);
        let assessment = Key::root(0).named("assessment").named(assessed);
        let advice = advice(assessment, model.is_some());
        let first = self.world.calendar.start.min(event.at) - days(assessment, 1, 60);
        let since = if healthy { first } else { event.at };
        let mut row = RowWriter::new(out);
        row.text("AssessedResourceId", assessed)
            .text("Description", advice.title)
            .time("DiscoveredTimeUTC", since, &mut scratch.clock)
            .text("Environment", "Azure")
            .time("FirstEvaluationDate", first, &mut scratch.clock)
            .flag("IsSnapshot", false)
            .raw("Properties", "{}")
            .text("ProviderName", "Azure Security Center")
            .raw("RecommendationAdditionalData", "{}")
            .text("RecommendationDisplayName", advice.title)
            .parts(
                "RecommendationId",
                &[
                    "/subscriptions/",
                    SUBSCRIPTION,
                    "/providers/microsoft.security/assessments/",
                    guid_str(&guid_text(guid(assessment))),
                ],
            )
            .text("RecommendationName", advice.name)
            .text("RecommendationSeverity", advice.severity)
            .text(
                "RecommendationState",
                if healthy { "Healthy" } else { "Unhealthy" },
            );
        if healthy {
            row.time("ResolvedTimeUTC", since, &mut scratch.clock);
        } else {
            row.raw("ResolvedTimeUTC", "null");
        }
        row.time("StatusChangeDate", since, &mut scratch.clock)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "SecurityRecommendation")
            .finish(delivery, scratch);
        EventId::from_item(delivery.item)
    }

    pub(super) fn watchlist_item(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let key = place(event.id, Purpose::Watchlist);
        let (list, item) = (guid_text(guid(key.index(1))), guid_text(guid(key.index(2))));
        let covered = covered(event);
        let until = covered.end;
        let account = self
            .account(event)
            .map_or("", |account| account.upn.as_str());
        let mut row = RowWriter::new(out);
        row.time("CreatedTimeUTC", delivery.time, &mut scratch.clock)
            .guid("_DTItemId", &item)
            .text("_DTItemStatus", "Created")
            .text("_DTItemType", "watchlist-item")
            .time("_DTTimestamp", delivery.time, &mut scratch.clock)
            .time("LastUpdatedTimeUTC", delivery.time, &mut scratch.clock)
            .text("Provider", "Contoso")
            .text("SearchKey", account)
            .text("Source", "drills.csv")
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .time(
                "TimeToLive",
                until + TimeSpan::from_days(365),
                &mut scratch.clock,
            )
            .text("Type", "Watchlist")
            .text("WatchlistAlias", "red_team_drill")
            .guid("WatchlistId", &list);
        let value = row.name("WatchlistItem");
        value.extend_from_slice(b"{\"account\":");
        push_string(value, account);
        value.extend_from_slice(b",\"address\":\"");
        push_address(value, event.address);
        value.extend_from_slice(b"\",\"application\":\"");
        value.extend_from_slice(self.fabric.application(event).name.as_bytes());
        value.extend_from_slice(b"\",\"from\":\"");
        scratch.clock.push(value, covered.start);
        value.extend_from_slice(b"\",\"to\":\"");
        scratch.clock.push(value, until);
        value.extend_from_slice(b"\"}");
        row.guid("WatchlistItemId", &item)
            .text("WatchlistName", "Red team drills")
            .finish(delivery, scratch);
        EventId::from_item(delivery.item)
    }
}

/// `ObservableKey` and the left side of the pattern.
fn observable(address: IpAddr, traffic: bool) -> (&'static str, &'static str) {
    let plain = match address {
        IpAddr::V4(_) => "ipv4-addr:value",
        IpAddr::V6(_) => "ipv6-addr:value",
    };
    if traffic {
        (
            "network-traffic:src_ref.value",
            "network-traffic:src_ref.value",
        )
    } else {
        (plain, plain)
    }
}

/// One recommendation; the wordings are our own (TABLES.md §8).
struct Advice {
    name: &'static str,
    title: &'static str,
    severity: &'static str,
}

fn advice(assessment: Key, about_model: bool) -> Advice {
    let (name, title, severity) = if about_model {
        ("ai-model-unsafe", "Model contains unsafe content", "High")
    } else {
        match assessment.named("advice").below(3) {
            0 => (
                "ai-local-authentication",
                "Azure AI resources should not allow key access",
                "Medium",
            ),
            1 => (
                "ai-network-access",
                "Azure AI resources should restrict network access",
                "Medium",
            ),
            _ => (
                "ai-diagnostics",
                "Diagnostic logs of Azure AI resources should be on",
                "Low",
            ),
        }
    };
    Advice {
        name,
        title,
        severity,
    }
}
