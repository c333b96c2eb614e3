//! What single kinds must look like, beyond counts.

use livefire_schema::address::Network;
use livefire_schema::time::TimeSpan;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{SEEDS, kind, origin, planned, stage};
use crate::event::{Action, Event, Outcome};
use crate::kinds::plan::CampaignPlan;
use crate::world::World;

fn texts(events: &[&Event], world: &World) -> Vec<String> {
    let text = |event: &&Event| {
        let mut out = String::new();
        world
            .prompts
            .render(event.prompt.as_ref().expect("has a prompt"), &mut out);
        out
    };
    events.iter().map(text).collect()
}

fn distinct<T: std::hash::Hash + Eq>(values: impl IntoIterator<Item = T>) -> usize {
    values.into_iter().collect::<FxHashSet<T>>().len()
}

#[test]
fn a_coordinated_volley_is_one_text_from_many_accounts_and_addresses() {
    let (plan, world) = planned("coordinated_prompt_hash", 1, "{}");
    let volley = stage(&plan, "volley");
    assert_eq!(distinct(texts(&volley, &world)), 1);
    assert_eq!(distinct(volley.iter().map(|event| event.account)), 15);
    assert_eq!(distinct(volley.iter().map(|event| event.address)), 15);
    let span = volley[14].at - volley[0].at;
    // Sign-ins within 30 min, own delays of 35 to 60 min, then within 50 min.
    assert!(span <= TimeSpan::from_minutes(30 + 25 + 50));
    let (plan, world) = planned("coordinated_prompt_hash", 1, "mutation: tail_nonce");
    assert_eq!(distinct(texts(&stage(&plan, "volley"), &world)), 15);
}

#[test]
fn made_accounts_are_as_old_as_the_kind_says() {
    let (plan, world) = planned("coordinated_prompt_hash", 4, "{}");
    for created in stage(&plan, "created") {
        assert_eq!(
            (created.action, created.outcome),
            (Action::Change, Outcome::AccountCreated)
        );
        let account = created.account.expect("is an account's");
        let own = plan
            .events
            .iter()
            .filter(|event| event.account == Some(account));
        let first = own
            .filter(|event| event.id != created.id)
            .map(|event| event.at)
            .min();
        let age = first.expect("the account acts") - created.at;
        assert!(
            age >= TimeSpan::from_hours(1) && age <= TimeSpan::from_days(3),
            "{age}"
        );
        assert_eq!(world.account(account).created, created.at);
        assert!(!world.account(account).in_directory);
    }
}

#[test]
fn stolen_accounts_fail_before_they_succeed() {
    for seed in 0..SEEDS {
        let (plan, _) = planned("stolen_accounts_same_prompt", seed, "{}");
        let mut runs: FxHashMap<_, Vec<&Event>> = FxHashMap::default();
        for event in stage(&plan, "take_over") {
            runs.entry(event.account).or_default().push(event);
        }
        assert_eq!(runs.len(), 10);
        for run in runs.values() {
            let (last, tries) = run.split_last().expect("has events");
            assert_eq!(last.outcome, Outcome::Ok);
            assert!(
                tries
                    .iter()
                    .all(|event| event.outcome == Outcome::BadPassword)
            );
            assert!(!tries.is_empty());
        }
        for event in stage(&plan, "volley") {
            let enters = &runs[&event.account];
            assert!(
                event.at > enters[enters.len() - 1].at,
                "waits for its own sign-in"
            );
        }
    }
}

#[test]
fn a_thief_uses_an_address_that_the_account_never_had() {
    for seed in 0..SEEDS {
        let (plan, world) = planned("new_ip_login", seed, "{}");
        let account = plan.events[0].account.expect("somebody acts");
        let who = world.account(account);
        let address = plan.events[0].address;
        assert!(plan.events.iter().all(|event| event.address == address));
        assert!(!who.homes.contains(&address) && who.carrier != address);
        assert_ne!(world.site(who).nat, address);
    }
    let abroad = |seed| {
        let (plan, world) = planned("new_ip_login", seed, "new_country: true");
        let home = &world
            .site(world.account(plan.events[0].account.expect("acts")))
            .country;
        world.addresses.place(plan.events[0].address).country != *home
    };
    assert!((0..SEEDS).all(abroad));
}

#[test]
fn an_address_seen_a_week_ago_leaves_a_trace_in_the_baseline() {
    let (plan, _) = planned("new_ip_login", 0, "days_since_seen: 6d");
    let seen = stage(&plan, "last_seen");
    assert_eq!(seen.len(), 1);
    let first = stage(&plan, "sign_in")[0];
    assert_eq!(first.at - seen[0].at, TimeSpan::from_days(6));
    assert_eq!(first.address, seen[0].address);
    let (plan, _) = planned("new_ip_login", 0, "{}");
    assert!(
        stage(&plan, "last_seen").is_empty(),
        "30 days ago lies before the log"
    );
}

#[test]
fn a_spray_tries_each_account_once_a_day_in_working_hours() {
    let (plan, world) = planned(
        "password_spray_low_slow",
        2,
        "{ days: 3, targets: 40, enter_delay: 1d..2d }",
    );
    let spray = stage(&plan, "spray");
    let mut tries: FxHashMap<_, Vec<i64>> = FxHashMap::default();
    for event in &spray {
        let account = event.account.expect("has a target");
        let local = world.local(account, event.at);
        assert!((8..18).contains(&local.hour()), "{}", event.at);
        tries.entry(account).or_default().push(local.day);
    }
    assert_eq!(tries.len(), 40);
    for days in tries.values() {
        assert_eq!((days.len(), distinct(days)), (3, 3));
    }
    let networks = distinct(
        spray
            .iter()
            .map(|event| Network::of(event.address.ip()).key()),
    );
    assert!(networks > 40, "a pool of home routers: {networks} networks");
    let found = stage(&plan, "found");
    let enter = stage(&plan, "enter");
    assert_eq!((found.len(), enter.len()), (1, 1));
    let own_try = spray.iter().any(|event| {
        let gap = found[0].at - event.at;
        event.account == found[0].account
            && gap >= TimeSpan::from_seconds(1)
            && gap <= TimeSpan::from_seconds(20)
    });
    assert!(
        own_try,
        "the right password follows one of the account's own tries"
    );
    assert!(enter[0].at - found[0].at >= TimeSpan::from_days(1));
}

#[test]
fn a_filled_window_ends_exactly_with_its_span() {
    let (plan, _) = planned("prompt_injection", 3, "window: 30m");
    let inject = stage(&plan, "inject");
    assert_eq!(inject[9].at - inject[0].at, TimeSpan::from_minutes(30));
}

#[test]
fn alerts_follow_their_cause() {
    let mut blocked = 0;
    let mut fails = 0;
    for seed in 0..SEEDS {
        let (plan, _) = planned("prompt_injection", seed, "{}");
        let alerts = plan
            .events
            .iter()
            .filter(|event| event.action == Action::DefenderAlert);
        for alert in alerts {
            let detail = alert.detail.as_ref().expect("alerts have a type");
            let cause = detail.cause.expect("and a cause");
            assert!(alert.at > cause && alert.at - cause <= TimeSpan::from_hours(2));
            let causing = stage(&plan, "inject")
                .into_iter()
                .find(|event| event.at == cause);
            let causing = causing.expect("the cause is an event of the stage");
            assert_eq!(
                (alert.account, alert.address, alert.application),
                (causing.account, causing.address, causing.application)
            );
            let kind = detail.alert_type.as_deref().expect("has a type");
            assert_eq!(
                kind.ends_with("BlockedAttempt"),
                causing.outcome == Outcome::Injection
            );
            assert_eq!(origin(&plan, alert).stage, "inject");
            blocked += usize::from(kind.ends_with("BlockedAttempt"));
        }
        let inject = stage(&plan, "inject");
        fails += inject
            .iter()
            .filter(|event| event.outcome == Outcome::Injection)
            .count();
    }
    let share = blocked * 100 / fails;
    assert!(
        (60..80).contains(&share),
        "{share} % of failures raise an alert, 70 % expected"
    );
}

#[test]
fn an_alert_once_a_campaign_is_raised_once() {
    let alerts = |plan: &CampaignPlan| {
        let alerts = plan
            .events
            .iter()
            .filter(|event| event.action == Action::DefenderAlert);
        alerts.count()
    };
    let counts: Vec<usize> = (0..SEEDS)
        .map(|seed| alerts(&planned("ti_listed_ip", seed, "events: 50").0))
        .collect();
    assert!(counts.iter().all(|count| *count <= 1));
    let raised = counts.iter().sum::<usize>();
    assert!((9..=19).contains(&raised), "{raised} of 20, 70 % expected");
}

#[test]
fn a_scan_finds_the_model_that_was_uploaded() {
    let mut used = 0;
    for seed in 0..SEEDS {
        let (plan, world) = planned("malicious_model_upload_and_use", seed, "{}");
        let model = stage(&plan, "upload")[0]
            .deployment
            .expect("a model is uploaded");
        assert!(world.campaign_spares().contains(&model.0));
        for name in ["scan", "findings", "adopt", "use"] {
            let events = stage(&plan, name);
            assert!(
                events.iter().all(|event| event.deployment == Some(model)),
                "{name}"
            );
        }
        let adopted = distinct(stage(&plan, "adopt").iter().map(|event| event.application));
        assert_eq!((stage(&plan, "scan").len(), adopted), (1, 2));
        for event in stage(&plan, "use") {
            let local = world.local(event.account.expect("staff acts"), event.at);
            assert!((8..18).contains(&local.hour()));
        }
        used += usize::from(!stage(&plan, "use").is_empty());
    }
    assert!(used >= 17, "in use on {used} of 20 seeds");
}

#[test]
fn a_workshop_does_the_same_exercises_in_the_same_order() {
    let (plan, world) = planned("training_workshop", 1, "people: 12");
    let mut by_account: FxHashMap<_, Vec<&Event>> = FxHashMap::default();
    for event in stage(&plan, "exercises") {
        by_account.entry(event.account).or_default().push(event);
    }
    let sequences: Vec<_> = by_account
        .values()
        .map(|events| texts(events, &world))
        .collect();
    assert_eq!(sequences.len(), 12);
    assert_eq!(distinct(sequences[0].clone()), 6);
    assert!(sequences.iter().all(|sequence| *sequence == sequences[0]));
    let room = distinct(stage(&plan, "exercises").iter().map(|event| event.address));
    assert_eq!(room, 1, "one room, one address");
    let account = plan.events[0].account.expect("acts");
    let local = |event: &Event| world.local(account, event.at).hour();
    assert!(
        stage(&plan, "at_night")
            .iter()
            .all(|event| local(event) == 3)
    );
    let homes = distinct(stage(&plan, "at_night").iter().map(|event| event.address));
    assert!(homes >= 12);
}

#[test]
fn colleagues_behind_one_nat_are_several_people_in_several_sessions() {
    let (plan, world) = planned("nat_office_ip", 3, "users: 60");
    let day = stage(&plan, "working_day");
    assert_eq!(distinct(day.iter().map(|event| event.address)), 1);
    let account = day[0].account.expect("acts");
    assert_eq!(day[0].address, world.site(world.account(account)).nat);
    let coincidence = stage(&plan, "coincidence");
    let people = distinct(coincidence.iter().map(|event| event.account));
    assert!(people >= 3);
    assert_eq!(
        distinct(coincidence.iter().map(|event| event.session)),
        people
    );
    assert!(
        coincidence
            .iter()
            .all(|event| event.outcome == Outcome::Injection)
    );
    let injector = stage(&plan, "real_injector.inject")[0];
    assert_eq!(injector.address, day[0].address);
    let unlucky = coincidence
        .iter()
        .any(|event| event.account == injector.account);
    assert!(!unlucky, "subsets of one pool are disjoint");
}

#[test]
fn a_person_retries_with_growing_gaps_and_a_bot_with_equal_ones() {
    let gaps = |events: &[&Event]| -> Vec<f64> {
        let pairs = events.windows(2);
        pairs
            .map(|pair| (pair[1].at - pair[0].at).seconds_f64())
            .collect()
    };
    for seed in 0..SEEDS {
        let (plan, _) = planned("rate_limit_human_retry", seed, "{}");
        let retries = stage(&plan, "retries");
        let gaps = gaps(&retries);
        assert!(gaps[6] > gaps[0] * 8.0, "{gaps:?}");
        assert_eq!(retries[7].outcome, Outcome::Pass);
    }
    let (plan, world) = planned("rate_limit_storm_bot", 0, "{}");
    let storm = stage(&plan, "storm");
    assert!(gaps(&storm).iter().all(|gap| (1.4..2.6).contains(gap)));
    assert_eq!(distinct(texts(&storm, &world)), 1);
}

#[test]
fn a_buggy_client_breaks_for_everybody_at_once() {
    let (plan, _) = planned("buggy_client_retry_storm", 2, "{}");
    let trigger = stage(&plan, "trigger");
    assert!(trigger[19].at - trigger[0].at <= TimeSpan::from_seconds(60));
    assert_eq!(distinct(trigger.iter().map(|event| event.account)), 20);
    let storm = stage(&plan, "storm");
    let client = |event: &&Event| {
        let detail = event.detail.as_ref();
        detail.and_then(|detail| detail.client.clone())
    };
    assert!(
        storm
            .iter()
            .all(|event| client(event).as_deref() == Some("assistant/4.2.0"))
    );
    let (nat, _) = planned("buggy_client_retry_storm", 2, "own_address_each: false");
    let addresses =
        |plan: &CampaignPlan| distinct(stage(plan, "storm").iter().map(|event| event.address));
    assert!(addresses(&nat) <= 2 && addresses(&plan) > 2);
}

#[test]
fn a_chain_is_one_victim_from_one_address() {
    for seed in 0..SEEDS {
        let (plan, _) = planned("kill_chain_spray_to_exfil", seed, "{}");
        let chain: Vec<&Event> = ["enter", "recon", "inject", "exfil"]
            .iter()
            .flat_map(|name| stage(&plan, name))
            .collect();
        assert_eq!(distinct(chain.iter().map(|event| event.account)), 1);
        assert_eq!(distinct(chain.iter().map(|event| event.address)), 1);
        let sprayed = stage(&plan, "spray");
        assert!(
            sprayed
                .iter()
                .any(|event| event.account == chain[0].account)
        );
    }
    assert!(kind("kill_chain_spray_to_exfil").stages().len() == 5);
}
