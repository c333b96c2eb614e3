//! The drill watchlist: which activity is an announced exercise.

use std::net::IpAddr;

use super::{Drill, FxMap, Reference};
use crate::ids::hash_text_lower;
use crate::time::{EventTime, TimeSpan};

/// How long after an exercise an alert about it may come: a product needs time to raise it.
const ALERT_GRACE: TimeSpan = TimeSpan::from_hours(1);

/// Drills by every spelling of their account.
#[derive(Clone, Debug, Default)]
pub(super) struct DrillIndex {
    by_account: FxMap<u64, Vec<usize>>,
}

impl DrillIndex {
    fn of(reference: &Reference) -> Self {
        let mut index = DrillIndex::default();
        for (position, drill) in reference.drills.iter().enumerate() {
            let key = reference.account_key(&drill.account);
            index.by_account.entry(key).or_default().push(position);
        }
        index
    }
}

impl Reference {
    /// The same reference data with another drill watchlist.
    #[must_use]
    pub fn with_drills(mut self, drills: Vec<Drill>) -> Self {
        self.drills = drills;
        self.index_drills();
        self
    }

    pub(super) fn index_drills(&mut self) {
        self.drill_index = DrillIndex::of(self);
    }

    /// Whether a request is part of a drill: account, address, application and time all match
    /// one entry. Accounts match by object id or UPN, names in any case.
    #[must_use]
    pub fn is_drill(&self, account: &str, address: &str, application: &str, at: EventTime) -> bool {
        self.drills_of(account, address)
            .any(|drill| drill.from <= at && at < drill.to && same(&drill.application, application))
    }

    /// Whether an alert is about a drill: as [`Reference::is_drill`], the application being one
    /// that `APP_MAP` gives for the resource (a name or a resource id), and the alert raised until
    /// an hour after the drill.
    #[must_use]
    pub fn is_drill_alert(
        &self,
        account: &str,
        address: &str,
        resource: &str,
        at: EventTime,
    ) -> bool {
        let name = resource.rsplit('/').next().unwrap_or(resource);
        self.drills_of(account, address).any(|drill| {
            let applications = self.applications.iter();
            let mut uses =
                applications.filter(|entry| same(&entry.application, &drill.application));
            drill.from <= at
                && at < drill.to + ALERT_GRACE
                && (same(&drill.application, name) || uses.any(|entry| same(&entry.resource, name)))
        })
    }

    fn drills_of(&self, account: &str, address: &str) -> impl Iterator<Item = &Drill> {
        let key = (!self.drills.is_empty()).then(|| self.account_key(account));
        let positions = key.and_then(|key| self.drill_index.by_account.get(&key));
        let drills = positions.into_iter().flatten();
        drills
            .filter_map(|&position| self.drills.get(position))
            .filter(move |drill| same_address(&drill.address, address))
    }
}

fn same(one: &str, other: &str) -> bool {
    hash_text_lower(one) == hash_text_lower(other)
}

fn same_address(one: &str, other: &str) -> bool {
    let parsed = |text: &str| text.trim().parse::<IpAddr>().ok();
    match (parsed(one), parsed(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Application, Identity};
    use super::*;

    fn at(minutes: i64) -> EventTime {
        EventTime::parse("2026-03-02T09:00:00Z").expect("a time") + TimeSpan::from_minutes(minutes)
    }

    /// One drill from minute 0 to minute 60.
    fn reference() -> Reference {
        let ada = Identity {
            object_id: "0a-1".into(),
            upn: "ada@x.example".into(),
            ..Identity::default()
        };
        let assistant = Application {
            application: "Assistant".into(),
            resource: "aoai-prod".into(),
        };
        let drill = Drill {
            account: "Ada@x.example".into(),
            address: "2001:db8::1".into(),
            application: "Assistant".into(),
            from: at(0),
            to: at(60),
        };
        Reference::new(vec![ada], vec![assistant], vec![], vec![drill], vec![])
    }

    #[track_caller]
    fn check(account: &str, address: &str, application: &str, minutes: i64, is_drill: bool) {
        let is = reference().is_drill(account, address, application, at(minutes));
        assert_eq!(is, is_drill, "{account} {address} {application} {minutes}");
    }

    #[test]
    fn a_request_is_a_drill_only_if_all_four_fields_match() {
        check("ada@x.example", "2001:db8::1", "assistant", 0, true);
        check("0A-1", "2001:db8:0::1", "Assistant", 59, true);
        check("bob@x.example", "2001:db8::1", "Assistant", 30, false);
        check("0a-1", "2001:db8::2", "Assistant", 30, false);
        check("0a-1", "2001:db8::1", "Translator", 30, false);
        check("0a-1", "2001:db8::1", "Assistant", -1, false);
        check("0a-1", "2001:db8::1", "Assistant", 60, false);
    }

    #[track_caller]
    fn check_alert(resource: &str, minutes: i64, is_drill: bool) {
        let is = reference().is_drill_alert("0a-1", "2001:db8::1", resource, at(minutes));
        assert_eq!(is, is_drill, "{resource} {minutes}");
    }

    #[test]
    fn an_alert_is_of_a_drill_through_the_resource_of_its_application() {
        check_alert("/subscriptions/s/accounts/AOAI-PROD", 119, true);
        check_alert("Assistant", 10, true);
        check_alert("aoai-prod", 120, false);
        check_alert("aoai-test", 10, false);
    }

    #[test]
    fn without_a_watchlist_nothing_is_a_drill() {
        let reference = reference().with_drills(vec![]);
        assert!(!reference.is_drill("0a-1", "2001:db8::1", "Assistant", at(1)));
    }
}
