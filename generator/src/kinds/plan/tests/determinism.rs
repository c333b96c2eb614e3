//! What a draw depends on, and what it does not.

use super::{WORLDS, kind, knobs, planned, stage};
use crate::event::Event;
use crate::kinds::VERIFIED;
use crate::kinds::plan::{CampaignDraw, plan};
use crate::world::World;

/// An event with account and application by name, as their indices depend on other campaigns.
fn named(event: &Event, world: &World) -> (Event, String, String) {
    let account = event
        .account
        .map(|account| world.account(account).object_id.clone());
    let application = event
        .application
        .map(|application| world.application(application).name.clone());
    let mut event = event.clone();
    event.account = None;
    event.application = None;
    (
        event,
        account.unwrap_or_default(),
        application.unwrap_or_default(),
    )
}

#[test]
fn one_seed_gives_one_campaign() {
    for id in VERIFIED {
        let (first, _) = planned(id, 3, "{}");
        let (second, _) = planned(id, 3, "{}");
        assert_eq!(first.events, second.events, "{id}");
        let (other, _) = planned(id, 4, "{}");
        assert!(
            first.events.is_empty() || first.events != other.events,
            "{id}"
        );
    }
}

#[test]
fn another_campaign_moves_nothing() {
    for id in VERIFIED {
        let mut draw = CampaignDraw::new("mine");
        draw.traps = kind(id).traps().keys().map(ToString::to_string).collect();
        let mut alone = WORLDS[5].clone();
        let first = plan(kind(id), &draw, &mut alone).expect("plans");
        let mut shared = WORLDS[5].clone();
        for other in [
            "coordinated_prompt_hash",
            "prompt_injection",
            "app_switches_model",
        ] {
            plan(kind(other), &CampaignDraw::new(other), &mut shared).expect("plans");
        }
        let second = plan(kind(id), &draw, &mut shared).expect("plans");
        let of = |events: &[Event], world: &World| -> Vec<_> {
            events.iter().map(|event| named(event, world)).collect()
        };
        assert_eq!(
            of(&first.events, &alone),
            of(&second.events, &shared),
            "{id}"
        );
    }
}

#[test]
fn a_name_gives_a_campaign_of_its_own() {
    let at = |name: &str| {
        let mut world = WORLDS[0].clone();
        let plan = plan(kind("new_ip_login"), &CampaignDraw::new(name), &mut world);
        plan.expect("plans").campaigns[0].t0
    };
    assert_ne!(at("a"), at("b"));
}

#[test]
fn a_higher_count_keeps_the_first_events() {
    let (few, _) = planned("llm_reconnaissance", 7, "events: 20");
    let (many, _) = planned("llm_reconnaissance", 7, "events: 40");
    let gaps = |plan: &super::CampaignPlan| -> Vec<_> {
        let events = stage(plan, "probe");
        let first = events[0].at;
        events
            .iter()
            .map(|event| (event.at - first, event.id, event.outcome, event.prompt))
            .collect()
    };
    let (few, many) = (gaps(&few), gaps(&many));
    assert_eq!((few.len(), many.len()), (20, 40));
    assert_eq!(few[..], many[..20]);
}

#[test]
fn another_share_keeps_all_times() {
    let (loud, _) = planned("prompt_injection", 7, "p_fail: 1.0");
    let (quiet, _) = planned("prompt_injection", 7, "p_fail: 0.0");
    let times = |plan: &super::CampaignPlan| -> Vec<_> {
        stage(plan, "inject")
            .iter()
            .map(|event| (event.at, event.id))
            .collect()
    };
    assert_eq!(times(&loud), times(&quiet));
    let fails = |plan: &super::CampaignPlan| {
        stage(plan, "inject")
            .iter()
            .filter(|event| event.outcome.is_fail())
            .count()
    };
    assert_eq!((fails(&loud), fails(&quiet)), (10, 0));
}

#[test]
fn a_trap_that_is_off_moves_nothing() {
    for id in [
        "nat_office_ip",
        "training_workshop",
        "forgotten_password_day",
    ] {
        let (with, _) = planned(id, 2, "{}");
        let mut world = WORLDS[2].clone();
        let without = plan(kind(id), &CampaignDraw::new(id), &mut world).expect("plans");
        assert!(without.campaigns.is_empty());
        let own = |plan: &super::CampaignPlan| -> Vec<_> {
            let events = plan.events.iter();
            let own = events.filter(|event| super::origin(plan, event).caused_by.is_none());
            own.map(|event| (event.at, event.id, event.address))
                .collect()
        };
        assert_eq!(own(&with), own(&without), "{id}");
        assert!(with.events.len() > without.events.len());
    }
}

#[test]
fn a_chain_without_a_stage_lacks_exactly_its_events() {
    let id = "kill_chain_spray_to_exfil";
    let (whole, _) = planned(id, 6, "{}");
    let mut world = WORLDS[6].clone();
    let mut draw = CampaignDraw::new(id);
    draw.knobs = knobs(id, "{}");
    draw.without_stages = vec!["inject".into()];
    let part = plan(kind(id), &draw, &mut world).expect("plans");
    assert!(stage(&part, "inject").is_empty());
    for name in ["spray", "enter", "recon", "exfil"] {
        let ids = |plan: &super::CampaignPlan| -> Vec<_> {
            let mut ids: Vec<_> = stage(plan, name).iter().map(|e| e.id.bits()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(&whole), ids(&part), "{name}");
    }
    let end = stage(&part, "recon").last().map(|event| event.at);
    assert!(stage(&part, "exfil").first().map(|event| event.at) > end);
}
