//! What an alert of R4 says.

use livefire_schema::alert::{Semantics, Severity};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde_json::{Map, Value, json};

use super::{Pending, State};
use crate::context::{AlertDraft, Context};
use crate::rules::{accounts, details};

impl State {
    /// The alert, with the class that its hold has settled.
    pub(super) fn describe(&self, pending: &Pending, context: &Context<'_>) -> AlertDraft {
        let completing = pending.rows[0];
        let available = pending.rows.iter().map(|row| row.available).min();
        let available = available.unwrap_or(EventTime::MAX);
        let user = accounts::shown_or(
            pending.user,
            completing.other,
            context.reference,
            context.names,
        );
        let address = vec![context.name(completing.address)];
        let mut entities = details::entities("Account", std::slice::from_ref(&user));
        entities.extend(details::entities("IP", &address));
        AlertDraft {
            semantics: Semantics::Trigger,
            key: user,
            completing,
            threshold: 1,
            level: 1,
            window: TimeRange {
                start: completing.time,
                end: completing.time + TimeSpan::from_ticks(1),
            },
            available,
            raised: available,
            severity: self.severity(pending),
            classes: if pending.is_after_hours {
                vec!["after_hours".to_owned()]
            } else {
                Vec::new()
            },
            entities,
            evidence: pending
                .rows
                .iter()
                .map(|row| context.evidence(row))
                .collect(),
            details: self.details(pending, &address, context),
        }
    }

    fn severity(&self, pending: &Pending) -> Severity {
        let is_strange = pending.is_after_hours || pending.is_new_country;
        if is_strange && pending.fails > 0 {
            Severity::High
        } else if pending.others >= self.shared_by {
            Severity::Low
        } else {
            self.severity
        }
    }

    fn details(
        &self,
        pending: &Pending,
        address: &[String],
        context: &Context<'_>,
    ) -> Map<String, Value> {
        let completing = &pending.rows[0];
        let mut known: Vec<&str> = pending
            .known_countries
            .iter()
            .map(|&country| self.countries.name(country))
            .collect();
        known.sort_unstable();
        let zone = self.zone(pending.user, context.reference);
        let local = zone.to_datetime(completing.time.to_jiff());
        let Value::Object(carried) = json!({
            "user": context.name(completing.other),
            "address": address.first(),
            "country": self.countries.name(pending.country),
            "known_countries": known,
            "new_country": pending.is_new_country,
            "places": details::places(address, context.reference),
            "local_time": local.strftime("%a %H:%M").to_string(),
            "after_hours": pending.is_after_hours,
            "other_users_of_network": pending.others,
            "failed_requests": pending.fails,
            "suspicious_prompts": pending.samples,
            "had_baseline": pending.had_baseline,
        }) else {
            return Map::new();
        };
        carried
    }
}
