//! Pace and order: gaps of people, sides of joins, cover between requests, late rows.

use std::collections::BTreeMap;

use livefire_schema::time::TimeSpan;

use super::super::testing::{
    Asked, acts, counted, default_of, identity, most_sliding, of_stage, world,
};
use crate::event::{Action, Event, Outcome};
use crate::kinds::value::Literal;

#[test]
fn a_script_paced_like_a_person_waits_longer_after_each_refusal() {
    let (threshold, window) = default_of("R3");
    for seed in 0..5 {
        let before = world(seed);
        let (loud, _) = Asked::default().plan("rate_limit_storm_bot", &before);
        let (quiet, world) = Asked::evasion("human_pacing").plan("rate_limit_storm_bot", &before);
        assert_eq!(identity(&loud), identity(&quiet));
        let storm = of_stage(&quiet, "storm");
        let three: Vec<_> = storm
            .windows(3)
            .filter(|three| {
                let is_refused = |event: &&Event| event.outcome == Outcome::Throttled;
                three[..2].iter().all(is_refused)
            })
            .collect();
        let grows = three.iter().filter(|three| {
            let (first, second) = (three[1].at - three[0].at, three[2].at - three[1].at);
            second.seconds_f64() > 1.3 * first.seconds_f64()
        });
        assert!(three.len() > 50, "{}", three.len());
        let share = grows.count() as f64 / three.len() as f64;
        assert!(share > 0.6, "{share}");
        let most = most_sliding(&counted("R3", &quiet, &world), window);
        assert!(most >= threshold, "the count still sees it: {most}");
        let hour = TimeSpan::from_hours(1);
        let times: Vec<_> = storm.iter().map(|event| event.at).collect();
        let in_hour = |end| {
            times
                .iter()
                .filter(move |at| end - hour < **at && **at <= end)
        };
        let busiest = times.iter().map(|end| in_hour(*end).count()).max();
        assert!(busiest < Some(50), "nobody is that quick: {busiest:?}");
    }
}

#[test]
fn stages_that_people_pace_stay_as_they_are() {
    let before = world(3);
    let (loud, _) = Asked::default().plan("prompt_injection", &before);
    let (quiet, _) = Asked::evasion("human_pacing").plan("prompt_injection", &before);
    assert_eq!(acts(&loud), acts(&quiet));
}

#[track_caller]
fn sides_lie_apart(kind: &str, seed: u64, gap: i64) -> usize {
    let asked =
        Asked::evasion("outside_join").knob("gap", Literal::Span(TimeSpan::from_seconds(gap)));
    let before = world(seed);
    let (loud, _) = Asked::default().plan(kind, &before);
    let (quiet, _) = asked.plan(kind, &before);
    assert_eq!(identity(&loud), identity(&quiet), "{kind} {seed}");
    let failed = |event: &&Event| {
        let interrupts = [Outcome::Ok, Outcome::MfaNeeded, Outcome::Kmsi];
        event.action == Action::SignIn && !interrupts.contains(&event.outcome)
    };
    let mut nearest = BTreeMap::new();
    for (name, plan) in [("loud", &loud), ("quiet", &quiet)] {
        let mut least = TimeSpan::from_days(1);
        for sign_in in acts(plan).iter().copied().filter(failed) {
            let refused = acts(plan)
                .into_iter()
                .filter(|event| event.outcome.is_fail());
            for event in refused.filter(|event| event.account == sign_in.account) {
                least = least.min((event.at - sign_in.at).max(sign_in.at - event.at));
            }
        }
        nearest.insert(name, least);
    }
    assert!(
        nearest["quiet"] >= TimeSpan::from_seconds(gap),
        "{kind} {seed}"
    );
    usize::from(nearest["loud"] <= TimeSpan::from_hours(1))
}

#[test]
fn failed_sign_ins_and_refusals_do_not_meet() {
    let mut met = 0;
    for seed in 0..6 {
        met += sides_lie_apart("credential_stuffing_then_genai", seed, 3660);
        met += sides_lie_apart("stolen_accounts_same_prompt", seed, 5400);
        met += sides_lie_apart("kill_chain_spray_to_exfil", seed, 3601);
    }
    assert!(met >= 6, "loud ones do: {met}");
}

#[test]
fn cover_thins_refusals_and_leaves_counts_alone() {
    let (threshold, window) = default_of("R2");
    for seed in 0..5 {
        let before = world(seed);
        let (loud, _) = Asked::default().plan("prompt_injection", &before);
        let asked = Asked::evasion("mix_benign").knob("ratio", Literal::Integer(7));
        let (quiet, world) = asked.plan("prompt_injection", &before);
        let attack = of_stage(&loud, "inject");
        let cover = of_stage(&quiet, "cover");
        assert_eq!(cover.len(), 7 * attack.len());
        for event in &cover {
            assert_eq!(event.outcome, Outcome::Pass);
            assert_eq!(event.account, attack[0].account);
            assert!(attack.iter().any(|own| own.session == event.session));
        }
        let same: Vec<&Event> = of_stage(&quiet, "inject");
        assert_eq!(same.len(), attack.len());
        assert!(same.iter().zip(&attack).all(|(new, old)| new.at == old.at));
        let most = |plan, world| most_sliding(&counted("R2", plan, world), window);
        assert_eq!(most(&quiet, &world), most(&loud, &world));
        assert!(most(&quiet, &world) >= threshold);
    }
}

#[test]
fn only_rows_that_complete_a_count_are_late() {
    let delay = TimeSpan::from_minutes(45);
    let asked = Asked::evasion("schedule_gap").knob("extra_delay", Literal::Span(delay));
    let before = world(4);
    let (loud, _) = Asked::default().plan("content_violation", &before);
    let (late, _) = asked.plan("content_violation", &before);
    let (threshold, window) = default_of("R2");
    let mut in_time: Vec<_> = Vec::new();
    let mut late_ones = 0;
    for (old, new) in acts(&loud).into_iter().zip(acts(&late)) {
        assert_eq!((old.id, old.at, old.outcome), (new.id, new.at, new.outcome));
        let since = new.at - window;
        let recent = in_time.iter().filter(|at| **at > since).count();
        let completes = new.outcome.is_fail() && recent + 1 >= threshold;
        let extra = new.detail.as_ref().and_then(|detail| detail.ingest_delay);
        assert_eq!(extra, completes.then_some(delay));
        late_ones += u64::from(completes);
        if new.outcome.is_fail() && !completes {
            in_time.push(new.at);
        }
    }
    assert!(late_ones >= 1 && in_time.len() >= 2);
}

#[test]
fn every_evasion_gives_the_same_plan_twice() {
    let kinds = ["prompt_injection", "credential_stuffing_then_genai"];
    for evasion in super::super::EVASIONS {
        for kind in kinds {
            let asked = Asked::evasion(evasion.name());
            let (first, _) = asked.plan(kind, &world(9));
            let (second, _) = asked.plan(kind, &world(9));
            assert_eq!(first.events, second.events, "{}", evasion.name());
        }
    }
}
