//! `alter`: what look-alikes change of benign traffic.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashSet;

use super::planned;
use crate::event::{AccountRef, Action, Address, Event, Outcome};
use crate::kinds::plan::CampaignPlan;
use crate::kinds::plan::overlay::{OverlaySet, Target};
use crate::random::Key;
use crate::world::World;

fn benign(world: &World, account: AccountRef, at: EventTime, number: u64) -> Event {
    let application = world.account(account).applications[0];
    Event {
        id: Key::root(9).named("benign").index(number),
        at,
        action: Action::Request,
        outcome: Outcome::Pass,
        account: Some(account),
        address: world.usual_address(account, at),
        application: Some(application),
        deployment: Some(world.usual_deployment(application, Key::root(number))),
        resource: None,
        prompt: Some(world.prompts.draw_own(0, Key::root(number))),
        session: Key::root(number),
        origin: None,
        detail: None,
    }
}

fn accounts(plan: &CampaignPlan) -> Vec<AccountRef> {
    match &plan.overlays[0].target {
        Target::Accounts(list) => list.clone(),
        other => panic!("alters accounts, not {other:?}"),
    }
}

#[test]
fn buttons_replace_their_share_of_prompts_by_few_texts() {
    let (plan, world) = planned("shared_template_prompts", 1, "share_of_requests: 0.25");
    let staff = accounts(&plan);
    let at = world.calendar.start + TimeSpan::from_days(2);
    let world = Arc::new(world);
    let set = OverlaySet::new(Arc::clone(&world), plan.overlays.clone());
    let mut altered = FxHashSet::default();
    let mut count = 0;
    for number in 0..4000 {
        let who = staff[usize::try_from(number).expect("fits") % staff.len()];
        let mut event = benign(&world, who, at, number);
        let mut added = Vec::new();
        assert!(set.alter(&mut event, &mut added) && added.is_empty());
        if event.origin.is_some() {
            count += 1;
            let mut text = String::new();
            world
                .prompts
                .render(event.prompt.as_ref().expect("has one"), &mut text);
            altered.insert(text);
        } else {
            assert_eq!(
                event,
                benign(&world, who, at, number),
                "others stay as they are"
            );
        }
    }
    assert!(
        (850..1150).contains(&count),
        "{count} of 4000, a quarter expected"
    );
    assert!(altered.len() <= 10, "ten buttons");
}

#[test]
fn people_who_are_not_meant_stay_as_they_are() {
    let (plan, world) = planned("shared_template_prompts", 1, "users: 20");
    let staff = accounts(&plan);
    let other = world
        .users()
        .map(AccountRef)
        .find(|account| !staff.contains(account));
    let at = world.calendar.start + TimeSpan::from_days(2);
    let world = Arc::new(world);
    let set = OverlaySet::new(Arc::clone(&world), plan.overlays);
    for number in 0..200 {
        let mut event = benign(&world, other.expect("not everybody is meant"), at, number);
        let before = event.clone();
        assert!(set.alter(&mut event, &mut Vec::new()));
        assert_eq!(event, before);
    }
}

#[test]
fn a_traveller_is_silent_in_flight_and_then_abroad() {
    let (plan, world) = planned("travel_vpn_mobile_handover", 2, "mode: travel");
    let [flight, abroad] = plan.overlays.as_slice() else {
        panic!("two stages alter: {:?}", plan.overlays)
    };
    let traveller = accounts(&plan)[0];
    let (in_flight, away) = (flight.ranges[0], abroad.ranges[0]);
    assert!(in_flight.end <= away.start);
    assert!(away.span() >= TimeSpan::from_days(2) && away.span() <= TimeSpan::from_days(4));
    let world = Arc::new(world);
    let set = OverlaySet::new(Arc::clone(&world), plan.overlays.clone());
    let after = |start: EventTime| start + TimeSpan::from_minutes(5);
    let mut event = benign(&world, traveller, after(in_flight.start), 1);
    assert!(!set.alter(&mut event, &mut Vec::new()), "dropped in flight");
    let mut event = benign(&world, traveller, after(away.start), 2);
    assert!(set.alter(&mut event, &mut Vec::new()));
    let home = &world.site(world.account(traveller)).country;
    assert_ne!(world.addresses.place(event.address).country, *home);
    let mut event = benign(&world, traveller, after(away.end), 3);
    let before = event.clone();
    assert!(set.alter(&mut event, &mut Vec::new()));
    assert_eq!(event, before, "back at home");
}

#[test]
fn a_vpn_flips_between_two_exits() {
    let (plan, world) = planned("travel_vpn_mobile_handover", 2, "mode: vpn");
    let range = plan.overlays[0].ranges[0];
    let account = accounts(&plan)[0];
    let world = Arc::new(world);
    let set = OverlaySet::new(Arc::clone(&world), plan.overlays.clone());
    let mut seen: Vec<Address> = Vec::new();
    for hour in 0..24 {
        let at = range.start + TimeSpan::from_hours(hour) + TimeSpan::from_minutes(1);
        let number = hour.unsigned_abs();
        let mut event = benign(&world, account, at, number);
        assert!(set.alter(&mut event, &mut Vec::new()));
        if seen.last() != Some(&event.address) {
            seen.push(event.address);
        }
    }
    assert_eq!(seen.len(), 4, "every six hours: {seen:?}");
    assert_eq!((seen[0], seen[1]), (seen[2], seen[3]));
}
