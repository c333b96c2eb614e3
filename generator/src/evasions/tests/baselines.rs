//! Baselines and claims: what is known of an address before it is used, and what is said of it.

use livefire_schema::address::Network;
use livefire_schema::time::{EventTime, TimeSpan};

use super::super::testing::{Asked, acts, of_stage, world};
use crate::event::{AccountRef, Action, Address, Event, Outcome};
use crate::kinds::plan::CampaignPlan;
use crate::kinds::value::Literal;

/// Whether R4 would know an address at an instant, by the campaign's own events.
fn is_known(
    plan: &CampaignPlan,
    account: Option<AccountRef>,
    address: Address,
    at: EventTime,
) -> bool {
    let (from, to) = (at - TimeSpan::from_days(7), at - TimeSpan::from_hours(1));
    acts(plan).into_iter().any(|event| {
        let is_use = event.action == Action::Request
            || (event.action == Action::SignIn && event.outcome == Outcome::Ok);
        let is_same = event.account == account && event.address == address;
        is_use && is_same && from <= event.at && event.at <= to
    })
}

/// Requests of the attack and of visits that come from an address that R4 does not know.
fn unknown(plan: &CampaignPlan) -> usize {
    let stages = ["prewarm", "use"];
    let events = stages.into_iter().flat_map(|stage| of_stage(plan, stage));
    let requests = events.filter(|event| event.action == Action::Request);
    requests
        .filter(|event| !is_known(plan, event.account, event.address, event.at))
        .count()
}

/// What the loud campaign does, is done unchanged.
#[track_caller]
fn adds_only(loud: &CampaignPlan, quiet: &CampaignPlan, stage: &str) {
    let added = of_stage(quiet, stage).len();
    assert!(added > 0);
    let mut kept = 0;
    for old in acts(loud) {
        let new = acts(quiet).into_iter().find(|event| event.id == old.id);
        let mut new = new.expect("is still there").clone();
        new.origin = old.origin;
        assert!(new == *old, "{new:?} was {old:?}");
        kept += 1;
    }
    assert_eq!(acts(quiet).len(), kept + added);
    assert_eq!(
        loud.campaigns[0].t0, quiet.campaigns[0].t0,
        "visits are harmless"
    );
}

#[test]
fn a_prewarmed_address_is_known_to_every_request_of_the_attack_and_of_the_visits() {
    for seed in 0..6 {
        let before = world(seed);
        let (loud, _) = Asked::default().plan("new_ip_login", &before);
        assert!(unknown(&loud) > 0);
        let (quiet, _) = Asked::evasion("prewarm").plan("new_ip_login", &before);
        adds_only(&loud, &quiet, "prewarm");
        assert_eq!(unknown(&quiet), 0, "seed {seed}");
        let visits = of_stage(&quiet, "prewarm");
        let requests = visits
            .iter()
            .filter(|event| event.action == Action::Request);
        assert_eq!((visits.len(), requests.clone().count()), (9, 6));
        let first = of_stage(&quiet, "use")[0];
        for visit in requests {
            assert_eq!(visit.deployment, first.deployment);
            assert!(visit.at <= first.at - TimeSpan::from_hours(20));
        }
    }
}

#[test]
fn visits_begin_as_many_days_before_as_asked() {
    let asked = Asked::evasion("prewarm")
        .knob("days_before", Literal::Integer(7))
        .knob("requests_per_day", Literal::Integer(1));
    let (plan, _) = asked.plan("new_ip_login", &world(1));
    let first = of_stage(&plan, "use")[0].at;
    let earliest = of_stage(&plan, "prewarm")[0].at;
    let days = (first - earliest).seconds_f64() / 86_400.0;
    assert!((7.0..7.1).contains(&days), "{days}");
}

#[test]
fn an_address_expires_after_exactly_seven_days() {
    let hours = |hours: i64| {
        Asked::evasion("baseline_expiry").knob("age", Literal::Span(TimeSpan::from_hours(hours)))
    };
    for seed in 0..6 {
        let before = world(seed);
        let (loud, _) = Asked::default().plan("new_ip_login", &before);
        for (age, is_seen) in [(167, true), (168, true), (169, false)] {
            let (quiet, _) = hours(age).plan("new_ip_login", &before);
            adds_only(&loud, &quiet, "seen_before");
            let first = of_stage(&quiet, "use")[0];
            let seen = of_stage(&quiet, "seen_before")[0];
            assert_eq!(first.at - seen.at, TimeSpan::from_hours(age));
            assert_eq!(seen.address, first.address);
            let known = is_known(&quiet, first.account, first.address, first.at);
            assert_eq!(known, is_seen, "{age} h");
        }
    }
}

#[test]
fn a_forged_address_is_the_accounts_usual_one_and_the_true_one_stays() {
    for seed in 0..4 {
        let before = world(seed);
        let (loud, _) = Asked::default().plan("new_ip_login", &before);
        let (quiet, _) = Asked::evasion("xff_spoof").plan("new_ip_login", &before);
        let (exit, _) = Asked::evasion("office_exit").plan("new_ip_login", &before);
        let claimed = |event: &Event| event.detail.as_ref()?.source_ip;
        for (stage, is_claimed) in [("sign_in", false), ("use", true)] {
            let [old, new, exit] = [&loud, &quiet, &exit].map(|plan| of_stage(plan, stage));
            for ((old, new), exit) in old.into_iter().zip(new).zip(exit) {
                assert_eq!((old.id, old.at, old.address), (new.id, new.at, new.address));
                assert_eq!(claimed(new), is_claimed.then_some(exit.address));
            }
        }
    }
}

#[test]
fn random_claims_come_from_another_network_each_time() {
    let asked = Asked::evasion("xff_spoof").knob("claims", Literal::Word("random".into()));
    let (plan, _) = asked.plan("spoofed_source_ip", &world(3));
    let claims: Vec<Network> = of_stage(&plan, "inject")
        .iter()
        .filter_map(|event| event.detail.as_ref()?.source_ip)
        .map(|address| Network::of(address.ip()))
        .collect();
    let distinct: std::collections::BTreeSet<&Network> = claims.iter().collect();
    assert_eq!((claims.len(), distinct.len()), (12, 12));
}
