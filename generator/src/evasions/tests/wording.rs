//! Wording and accounts: what prompts say, what the check says to them, and who sends them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::testing::{
    Asked, acts, counted, default_of, identity, most_sliding, of_stage, world,
};
use crate::event::{AccountRef, Action, Event, Prompt};
use crate::kinds::value::Literal;
use crate::prompts::prompt_sample;
use crate::world::World;

fn text(world: &World, prompt: &Prompt) -> String {
    let mut text = String::new();
    world.prompts.render(prompt, &mut text);
    text
}

fn word(word: &str) -> Literal {
    Literal::Word(word.into())
}

/// Texts of a kind's prompts, loud and with an evasion.
fn texts(kind: &str, asked: &Asked, seed: u64) -> Vec<(String, String)> {
    let world = world(seed);
    let (loud, _) = Asked::default().plan(kind, &world);
    let (quiet, _) = asked.plan(kind, &world);
    assert_eq!(identity(&loud), identity(&quiet));
    let mut pairs = Vec::new();
    for old in acts(&loud) {
        let new = quiet.events.iter().find(|event| event.id == old.id);
        let new = new.expect("the same events");
        if let (Some(before), Some(after)) = (&old.prompt, &new.prompt) {
            pairs.push((text(&world, before), text(&world, after)));
        }
        let mut same = new.clone();
        same.prompt = old.prompt;
        assert_eq!(&same, old, "only the prompt changes");
    }
    assert!(pairs.len() >= 8, "{kind} has prompts");
    pairs
}

#[track_caller]
fn heads_differ(kind: &str, mutation: &str) {
    let asked = Asked::evasion("head_mutation").knob("mutation", word(mutation));
    for seed in 0..4 {
        let pairs = texts(kind, &asked, seed);
        let samples: BTreeSet<&str> = pairs.iter().map(|(_, new)| prompt_sample(new)).collect();
        assert_eq!(
            samples.len(),
            pairs.len(),
            "{mutation}: every sample is new"
        );
        for (old, new) in &pairs {
            assert_ne!(prompt_sample(old), prompt_sample(new), "{mutation}");
        }
    }
}

#[test]
fn heads_change_anew_at_each_event() {
    for mutation in ["head_nonce", "greeting", "synonym", "case_flip"] {
        heads_differ("coordinated_prompt_hash", mutation);
        heads_differ("stolen_accounts_same_prompt", mutation);
    }
}

/// A text as a reader sees it.
fn seen(text: &str) -> String {
    let shown = text
        .chars()
        .filter(|c| *c != '\u{200b}' && *c < '\u{e0000}');
    let latin = shown.map(|c| match c {
        '\u{430}' => 'a',
        '\u{435}' => 'e',
        '\u{43e}' => 'o',
        other => other,
    });
    latin.collect()
}

#[test]
fn an_invisible_change_reads_the_same_and_defeats_the_count_of_users() {
    let (threshold, window) = default_of("R5");
    for mutation in ["zero_width", "homoglyph", "tag_characters"] {
        let asked = Asked::evasion("invisible_mutation").knob("mutation", word(mutation));
        for seed in 0..4 {
            for (old, new) in texts("coordinated_prompt_hash", &asked, seed) {
                assert_ne!(old, new, "{mutation}");
                assert_eq!(seen(&old), seen(&new), "{mutation}");
                if mutation == "zero_width" {
                    let bare = new.replace("\u{200b} ", "").replace(" \u{200b}", "");
                    assert!(!bare.contains(' '), "no phrase of two words is left: {new}");
                }
            }
            let (plan, world) = asked.plan("coordinated_prompt_hash", &world(seed));
            let most = most_sliding(&counted("R5", &plan, &world), window);
            assert!(most < threshold, "{mutation} {seed}: {most}");
        }
    }
}

#[test]
fn wording_that_passes_leaves_as_few_refusals_as_asked() {
    for (share, least, most) in [(0.0, 0.0, 0.0), (0.2, 0.12, 0.28)] {
        let (mut judged, mut failed) = (0.0, 0.0);
        for seed in 0..12 {
            let before = world(seed);
            let (loud, _) = Asked::default().plan("jailbreak_campaign", &before);
            let asked = Asked::evasion("filter_avoid").knob("p_fail", Literal::Number(share));
            let (quiet, _) = asked.plan("jailbreak_campaign", &before);
            let (loud, quiet) = (acts(&loud), acts(&quiet));
            assert_eq!(loud.len(), quiet.len());
            for (old, new) in loud.iter().zip(&quiet) {
                assert_eq!((old.id, old.at, old.prompt), (new.id, new.at, new.prompt));
                assert!(old.outcome == new.outcome || old.outcome.is_fail());
            }
            let requests = quiet.iter().filter(|event| event.action == Action::Request);
            for event in requests {
                judged += 1.0;
                failed += f64::from(u8::from(event.outcome.is_fail()));
            }
        }
        let share = failed / judged;
        assert!(least <= share && share <= most, "{share}");
    }
}

#[test]
fn accounts_take_requests_in_turn() {
    let before = world(2);
    let asked = Asked::evasion("user_rotate").knob("accounts", Literal::Integer(50));
    let (loud, _) = Asked::default().plan("rate_limit_storm_bot", &before);
    let (quiet, world) = asked.plan("rate_limit_storm_bot", &before);
    assert_eq!(identity(&loud), identity(&quiet));
    let mut sent: BTreeMap<AccountRef, Vec<&Event>> = BTreeMap::new();
    for event in acts(&quiet) {
        let account = event.account.expect("a request has an account");
        assert!(world.users().contains(&account.0));
        sent.entry(account).or_default().push(event);
    }
    let counts: BTreeSet<usize> = sent.values().map(Vec::len).collect();
    assert_eq!(sent.len(), 50);
    assert!(
        counts.last() <= counts.first().map(|least| least + 1).as_ref(),
        "{counts:?}"
    );
    let mut sessions = BTreeSet::new();
    for own in sent.values() {
        let own: BTreeSet<u64> = own.iter().map(|event| event.session.bits()).collect();
        assert!(own.iter().all(|session| sessions.insert(*session)));
    }
    for (old, new) in acts(&loud).iter().zip(acts(&quiet)) {
        assert_eq!(
            (old.at, old.address, old.prompt),
            (new.at, new.address, new.prompt)
        );
    }
}

#[test]
fn many_accounts_defeat_a_count_by_caller() {
    let (threshold, window) = default_of("R3");
    let mut silent = 0;
    for seed in 0..10 {
        let (plan, world) =
            Asked::evasion("user_rotate").plan("rate_limit_storm_bot", &world(seed));
        let most = most_sliding(&counted("R3", &plan, &world), window);
        silent += usize::from(most < threshold);
        assert!(of_stage(&plan, "storm").len() > 100);
    }
    assert!(silent >= 9, "{silent}");
}
