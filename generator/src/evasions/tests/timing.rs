//! Times: sliding and tumbling counts, gaps, order of stages.

use proptest::prelude::*;

use super::super::testing::{
    Asked, acts, counted, default_of, identity, most_binned, most_sliding, of_stage, world,
};
use crate::kinds::KnobOverrides;
use crate::kinds::value::{Form, Literal, Value};

/// Kinds with the count rules that they lose.
const CASES: [(&str, &[&str]); 5] = [
    ("prompt_injection", &["R1", "R2"]),
    ("content_violation", &["R2"]),
    ("coordinated_prompt_hash", &["R5"]),
    ("rate_limit_storm_bot", &["R3"]),
    ("jailbreak_campaign", &["R1", "R2", "R5"]),
];

#[test]
fn just_under_never_reaches_a_threshold() {
    let mut reached = 0;
    for (kind, rules) in CASES {
        for seed in 0..4 {
            let before = world(seed);
            let (loud, loud_world) = Asked::default().plan(kind, &before);
            for margin in [1, 2] {
                let margin_knob = Literal::Integer(i64::try_from(margin).expect("small"));
                let asked = Asked::evasion("just_under").knob("margin", margin_knob);
                let (plan, world) = asked.plan(kind, &before);
                assert_eq!(identity(&loud), identity(&plan), "{kind} {seed}");
                for rule in rules {
                    let (threshold, window) = default_of(rule);
                    let most = most_sliding(&counted(rule, &plan, &world), window);
                    assert!(most + margin <= threshold, "{kind} {seed} {rule}: {most}");
                    let loud = most_sliding(&counted(rule, &loud, &loud_world), window);
                    reached += usize::from(loud >= threshold);
                }
            }
        }
    }
    assert!(
        reached > 30,
        "loud campaigns do reach thresholds: {reached}"
    );
}

#[test]
fn just_under_only_delays_and_no_more_than_it_must() {
    let world = world(4);
    let (loud, _) = Asked::default().plan("content_violation", &world);
    let (quiet, _) = Asked::evasion("just_under").plan("content_violation", &world);
    let since = |plan: &crate::kinds::plan::CampaignPlan| {
        let first = acts(plan)[0].at;
        let mut all: Vec<_> = acts(plan)
            .iter()
            .map(|event| (event.id.bits(), event.at - first))
            .collect();
        all.sort_unstable();
        all
    };
    for ((id, loud), (same, quiet)) in since(&loud).into_iter().zip(since(&quiet)) {
        assert_eq!(id, same);
        assert!(quiet >= loud, "an event is never earlier");
    }
    // The third failure of an hour comes exactly when the first has left the window.
    let fails: Vec<_> = acts(&quiet)
        .into_iter()
        .filter(|event| event.outcome.is_fail())
        .map(|event| event.at)
        .collect();
    let (_, window) = default_of("R2");
    let waits = fails
        .windows(3)
        .filter(|three| three[2] - three[0] == window);
    assert!(waits.count() >= 2, "{fails:?}");
}

#[test]
fn a_drawn_margin_holds_for_alerts_too() {
    let margin = Value {
        form: Form::Uniform(Literal::Integer(1), Literal::Integer(2)),
        ..Value::constant(Literal::Integer(1))
    };
    let mut found = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let asked = Asked {
            margin: Some(margin.clone()),
            knobs: KnobOverrides::default().with("events", Literal::Integer(60)),
            ..Asked::evasion("just_under")
        };
        let (plan, world) = asked.plan("prompt_injection", &world(seed));
        let most = ["R1", "R2"].map(|rule| {
            let (_, window) = default_of(rule);
            most_sliding(&counted(rule, &plan, &world), window)
        });
        if most[0] > 0 {
            assert_eq!(most[0], most[1], "one margin for both");
            found.insert(most[1]);
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn bins_stay_under_while_sliding_windows_do_not() {
    let cases = [
        ("prompt_injection", "R2"),
        ("content_violation", "R2"),
        ("rate_limit_storm_bot", "R3"),
        ("coordinated_prompt_hash", "R5"),
    ];
    for (kind, rule) in cases {
        let (threshold, window) = default_of(rule);
        for seed in 0..5 {
            let before = world(seed);
            let (loud, _) = Asked::default().plan(kind, &before);
            let (plan, world) = Asked::evasion("bin_straddle").plan(kind, &before);
            assert_eq!(identity(&loud), identity(&plan), "{kind} {seed}");
            let counted = counted(rule, &plan, &world);
            assert!(most_binned(&counted, window) < threshold, "{kind} {seed}");
            let enough = counted.values().any(|times| times.len() >= threshold);
            let sliding = most_sliding(&counted, window);
            assert_eq!(sliding >= threshold, enough, "{kind} {seed}: {sliding}");
        }
    }
}

#[test]
fn groups_lie_around_every_second_edge() {
    let world = world(7);
    let knobs = KnobOverrides::default()
        .with("events", Literal::Integer(12))
        .with("p_fail", Literal::Number(1.0));
    let asked = Asked {
        knobs,
        ..Asked::evasion("bin_straddle")
    };
    let (plan, _) = asked.plan("content_violation", &world);
    let (_, window) = default_of("R2");
    let fails: Vec<_> = acts(&plan)
        .into_iter()
        .filter(|event| event.outcome.is_fail())
        .collect();
    assert_eq!(fails.len() % 3, 0);
    let edges: Vec<_> = fails
        .chunks(3)
        .map(|group| {
            let edge = group[1].at.bin(window);
            assert!(group[0].at < edge && (edge - group[0].at).seconds_f64() <= 240.0);
            assert!((group[2].at - edge).seconds_f64() <= 240.0);
            edge
        })
        .collect();
    assert!(edges.windows(2).all(|pair| pair[1] - pair[0] == window * 2));
}

#[test]
fn low_and_slow_leaves_long_gaps() {
    for (kind, rules) in CASES
        .into_iter()
        .filter(|(kind, _)| *kind != "rate_limit_storm_bot")
    {
        let mut raised = 0;
        for seed in 0..5 {
            let (plan, world) = Asked::evasion("low_and_slow").plan(kind, &world(seed));
            for rule in rules {
                let (threshold, window) = default_of(rule);
                let most = most_sliding(&counted(rule, &plan, &world), window);
                raised += usize::from(most >= threshold);
            }
        }
        assert!(raised <= 1, "{kind}: {raised}");
    }
    let (plan, _) = Asked::evasion("low_and_slow").plan("prompt_injection", &world(1));
    let injections = of_stage(&plan, "inject");
    let mut gaps: Vec<f64> = injections
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at).seconds_f64())
        .collect();
    gaps.sort_by(f64::total_cmp);
    let median = gaps[gaps.len() / 2] / 3600.0;
    assert!((2.0..9.0).contains(&median), "{median} h");
}

#[test]
fn stages_keep_their_order_whatever_happens_to_times() {
    let evasions: [&[&str]; 3] = [
        &["low_and_slow"],
        &["just_under"],
        &["low_and_slow", "just_under"],
    ];
    for names in evasions {
        for seed in 0..4 {
            let asked = Asked {
                evasions: names.iter().map(|name| (*name, Vec::new())).collect(),
                without: vec!["spray"],
                ..Asked::default()
            };
            let (plan, _) = asked.plan("kill_chain_spray_to_exfil", &world(seed));
            let mut last = None;
            for stage in ["enter", "recon", "inject", "exfil"] {
                let events = of_stage(&plan, stage);
                let (Some(first), Some(end)) = (events.first(), events.last()) else {
                    panic!("{stage} has events");
                };
                assert!(
                    last.is_none_or(|last| last < first.at),
                    "{names:?} {seed} {stage}"
                );
                last = Some(end.at);
            }
        }
    }
}

#[test]
fn members_wait_for_their_own_events_still() {
    for asked in [
        Asked::stealth(0.9),
        Asked::evasion("low_and_slow"),
        Asked::evasion("just_under"),
    ] {
        let (plan, _) = asked.plan("jailbreak_campaign", &world(6));
        let tried = of_stage(&plan, "try");
        for event in of_stage(&plan, "escalate") {
            let own = tried.iter().filter(|tried| tried.account == event.account);
            let passed = own.filter(|tried| tried.outcome == crate::event::Outcome::Pass);
            assert!(passed.map(|tried| tried.at).min() < Some(event.at));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_hold_for_any_knobs(
        seed in 0u64..1000,
        events in 1i64..80,
        share in 0.0f64..1.0,
        window in 600i64..200_000,
        margin in 1usize..3,
    ) {
        let knobs = KnobOverrides::default()
            .with("events", Literal::Integer(events))
            .with("p_fail", Literal::Number(share * 0.95))
            .with("window", Literal::Span(livefire_schema::time::TimeSpan::from_seconds(window)));
        let world = world(seed % 3);
        let (threshold, width) = default_of("R2");
        let margin_knob = Literal::Integer(i64::try_from(margin).expect("small"));
        let under = Asked { knobs: knobs.clone(), ..Asked::evasion("just_under").knob("margin", margin_knob) };
        let (plan, after) = under.plan("content_violation", &world);
        let most = most_sliding(&counted("R2", &plan, &after), width);
        prop_assert!(most + margin <= threshold, "{most}");
        let straddle = Asked { knobs, ..Asked::evasion("bin_straddle") };
        let (plan, after) = straddle.plan("content_violation", &world);
        let fails = counted("R2", &plan, &after);
        prop_assert!(most_binned(&fails, width) < threshold);
        let enough = fails.values().any(|times| times.len() >= threshold);
        prop_assert_eq!(most_sliding(&fails, width) >= threshold, enough);
    }
}
