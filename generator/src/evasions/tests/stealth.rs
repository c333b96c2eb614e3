//! Stealth: one formula, component by component.

use livefire_schema::address::Network;
use std::collections::BTreeSet;

use super::super::stealth::longer;
use super::super::testing::{
    Asked, acts, counted, default_of, identity, most_sliding, of_stage, world,
};
use crate::event::Mutation;
use crate::kinds::KnobOverrides;
use crate::kinds::value::Literal;

#[test]
fn gaps_grow_from_loud_to_quiet() {
    let close = |found: f64, expected: f64| {
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found} for {expected}"
        );
    };
    close(longer(25.0, 43_200.0, 0.0), 25.0);
    close(longer(25.0, 43_200.0, 1.0), 43_200.0);
    close(longer(3.0, 300.0, 0.5), 30.0);
    close(longer(90_000.0, 43_200.0, 0.5), 90_000.0);
}

#[test]
fn no_stealth_changes_nothing() {
    let world = world(1);
    let (loud, _) = Asked::default().plan("prompt_injection", &world);
    let (none, _) = Asked::stealth(0.0).plan("prompt_injection", &world);
    assert_eq!(loud.events, none.events);
}

#[test]
fn high_stealth_loses_every_count_rule_that_the_kind_names() {
    let cases: [(&str, &[&str]); 6] = [
        ("prompt_injection", &["R1", "R2"]),
        ("content_violation", &["R2"]),
        ("jailbreak_campaign", &["R1", "R2", "R5"]),
        ("coordinated_prompt_hash", &["R5"]),
        ("stolen_accounts_same_prompt", &["R5"]),
        ("rate_limit_storm_bot", &["R3"]),
    ];
    for (kind, rules) in cases {
        for seed in 0..3 {
            let (plan, world) = Asked::stealth(0.9).plan(kind, &world(seed));
            for rule in rules {
                let (threshold, window) = default_of(rule);
                let most = most_sliding(&counted(rule, &plan, &world), window);
                assert!(most < threshold, "{kind} {seed} {rule}: {most}");
            }
        }
    }
}

#[test]
fn cover_stays_under_the_floor_and_is_labelled() {
    let world = world(2);
    let (plan, _) = Asked::stealth(0.6).plan("prompt_injection", &world);
    let attacks = of_stage(&plan, "inject").len();
    let cover = of_stage(&plan, "cover");
    assert_eq!(cover.len(), 7 * attacks, "round(20 · 0.6²) each");
    let origin = cover[0].origin.expect("cover has an origin");
    let origin = &plan.origins[origin.0 as usize];
    assert_eq!(origin.class, livefire_labels::Class::Benign);
    assert!(origin.caused_by.is_some());
    let requests = acts(&plan);
    for event in &requests {
        let from = event.at - livefire_schema::time::TimeSpan::from_hours(1);
        let inside = requests
            .iter()
            .filter(|other| from < other.at && other.at <= event.at);
        assert!(inside.count() < 50);
    }
}

#[test]
fn networks_grow_and_own_addresses_stay() {
    let networks = |plan: &crate::kinds::plan::CampaignPlan, stage: &str| {
        let events = of_stage(plan, stage);
        let all: BTreeSet<_> = events
            .iter()
            .map(|event| Network::of(event.address.ip()))
            .collect();
        all.len()
    };
    let before = world(3);
    let (plan, _) = Asked::stealth(0.3).plan("prompt_injection", &before);
    let total = of_stage(&plan, "probe").len() + of_stage(&plan, "inject").len();
    let all = networks(&plan, "inject");
    assert!(
        all > 1 && all <= 6.min(total),
        "{all} of round(500^0.3) = 6"
    );
    let (loud, _) = Asked::default().plan("content_violation", &before);
    let (quiet, _) = Asked {
        knobs: KnobOverrides::default(),
        ..Asked::stealth(0.3)
    }
    .plan("content_violation", &before);
    assert!(networks(&quiet, "attempts") <= networks(&loud, "attempts").max(3));
    let (listed, _) = Asked::stealth(0.9).plan("ti_listed_ip", &before);
    let address = of_stage(&listed, "listing")[0].address;
    assert!(
        of_stage(&listed, "call")
            .iter()
            .all(|event| event.address == address)
    );
}

#[test]
fn failures_alerts_and_mutations_follow_stealth() {
    let before = world(4);
    let knobs = || KnobOverrides::default().with("events", Literal::Integer(200));
    let count = |stealth: f64| {
        let asked = Asked {
            knobs: knobs(),
            ..Asked::stealth(stealth)
        };
        let (plan, _) = asked.plan("prompt_injection", &before);
        let injections = of_stage(&plan, "inject");
        let fails = injections
            .iter()
            .filter(|event| event.outcome.is_fail())
            .count();
        let mutated = injections.iter().filter(|event| {
            event
                .prompt
                .is_some_and(|prompt| prompt.mutation == Mutation::TailNonce)
        });
        let mutated = mutated.count();
        let alerts = plan.events.len() - acts(&plan).len();
        (fails, alerts, mutated)
    };
    let (loud, some, none) = (count(0.0), count(0.5), count(1.0));
    assert!(
        (150..=190).contains(&loud.0) && (95..=143).contains(&some.0),
        "{loud:?} {some:?}"
    );
    assert!((50..=88).contains(&none.0), "{none:?}");
    assert!(loud.1 > 90 && (20..70).contains(&some.1) && none.1 == 0);
    assert!(loud.2 == 0 && (75..125).contains(&some.2) && none.2 == 200);
}

#[test]
fn what_the_scenario_sets_is_left_alone() {
    let before = world(5);
    let knobs = KnobOverrides::default()
        .with(
            "window",
            Literal::Span(livefire_schema::time::TimeSpan::from_minutes(10)),
        )
        .with("p_fail", Literal::Number(1.0));
    let asked = Asked {
        knobs: knobs.clone(),
        ..Asked::stealth(0.7)
    };
    let (plan, _) = asked.plan("prompt_injection", &before);
    let injections = of_stage(&plan, "inject");
    let span = injections[injections.len() - 1].at - injections[0].at;
    assert_eq!(span, livefire_schema::time::TimeSpan::from_minutes(10));
    assert!(injections.iter().all(|event| event.outcome.is_fail()));
    let loud = Asked {
        knobs,
        ..Asked::default()
    };
    let (loud, _) = loud.plan("prompt_injection", &before);
    let quiet_ids = identity(&plan);
    assert!(
        identity(&loud)
            .iter()
            .all(|event| quiet_ids.contains(event))
    );
}

#[test]
fn a_named_evasion_takes_the_place_of_its_component() {
    let before = world(6);
    let both = Asked {
        evasions: vec![("ip_rotate_in_net", Vec::new())],
        ..Asked::stealth(0.7)
    };
    let (plan, _) = both.plan("prompt_injection", &before);
    let (loud, _) = Asked::default().plan("prompt_injection", &before);
    let network = Network::of(acts(&loud)[0].address.ip());
    assert!(
        acts(&plan)
            .iter()
            .all(|event| Network::of(event.address.ip()) == network)
    );
}

#[test]
fn what_happens_in_a_window_of_the_day_stays_in_it() {
    for asked in [
        Asked::stealth(0.4),
        Asked::stealth(0.9),
        Asked::evasion("low_and_slow"),
        Asked::evasion("just_under"),
    ] {
        let (plan, world) = asked.plan("night_work", &world(1));
        let nights = of_stage(&plan, "night");
        assert_eq!(nights.len(), 30);
        let mut days = BTreeSet::new();
        for event in nights {
            let local = world.local(event.account.expect("an account"), event.at);
            assert!((1..5).contains(&local.hour()), "{}", event.at);
            days.insert(local.day);
        }
        assert!(days.len() > 1, "it goes on the next night");
    }
}
