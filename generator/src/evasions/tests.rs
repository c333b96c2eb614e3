//! Evasions do what they say and leave the rest alone.

use std::collections::BTreeSet;

use livefire_schema::address::Network;
use livefire_schema::spec::{Faults, Node, NodeValue, Spanned, parse};

use super::testing::{Asked, acts, identity, library, of_stage, world};
use super::{EVASIONS, KnobSet, Tactics, find};
use crate::event::{Action, Event};
use crate::kinds::KnobOverrides;
use crate::kinds::value::Literal;
use crate::prompts::prompt_sample;
use crate::scenario::{EntrySpec, EvasionSpec};
use crate::world::World;

mod baselines;
mod exits;
mod pacing;
mod stealth;
mod timing;
mod wording;

#[test]
fn the_registry_holds_what_scenarios_may_choose() {
    let names: Vec<_> = EVASIONS.iter().map(|evasion| evasion.name()).collect();
    assert_eq!(names, livefire_schema::rules::EVASIONS);
    assert!(EVASIONS.iter().all(|evasion| !evasion.help().is_empty()));
    assert!(find("office_exit").is_some() && find("office_exits").is_none());
}

#[track_caller]
fn reads(name: &str, yaml: &str, expected: &str) {
    let faults = Faults::new("s.yaml");
    let node = parse(yaml.as_bytes(), &faults).expect("is YAML");
    let NodeValue::Map(entries) = &node.value else {
        panic!("a map");
    };
    let entries: Vec<(Spanned<String>, Node)> = entries.clone();
    let evasion = find(name).expect("an evasion");
    let _ = KnobSet::read(evasion, node.span, &entries, &faults);
    assert_eq!(faults.to_string(), expected);
}

#[test]
fn knobs_are_checked_all_at_once() {
    reads("tail_mutation", "mutation: trailing_space\nlength: 5\n", "");
    reads("low_and_slow", "gap_median: 2h..8h\n", "");
    reads(
        "ip_rotate_across",
        "networks: 5\nrequests_per_pi: 2\nrequests_per_ip: many\n",
        "s.yaml:1:11 5 is outside 10..500\n\
         s.yaml:2:1 unknown key `requests_per_pi` in evasion `ip_rotate_across`; did you mean `requests_per_ip`?\n\
         s.yaml:3:18 expected a whole number like 12, a range 2..5, a distribution or a $knob, found `many`\n",
    );
    reads(
        "bin_straddle",
        "edge_offset: $window\n",
        "s.yaml:1:14 `$window`: an evasion's knobs take values, not knobs\n",
    );
    reads(
        "session_rotate",
        "length: 5\n",
        "s.yaml:1:1 unknown key `length` in evasion `session_rotate`\n",
    );
}

#[test]
fn an_entry_is_read_with_all_its_faults() {
    let faults = Faults::new("s.yaml");
    let node = parse(
        b"evasions: [prewarn, { just_under: { margin: 3 } }, just_under]\n",
        &faults,
    );
    let node = node.expect("is YAML");
    let NodeValue::Map(entries) = &node.value else {
        panic!("a map");
    };
    let evasions = entries[0].1.items().iter().map(|item| match &item.value {
        NodeValue::Map(entries) => EvasionSpec {
            name: entries[0].0.clone(),
            knobs: entries[0].1.entries("knobs", &faults).to_vec(),
        },
        _ => EvasionSpec {
            name: item.text(&faults).expect("a name"),
            knobs: Vec::new(),
        },
    });
    let kind = library().get("prompt_injection").expect("a shipped kind");
    let file: std::sync::Arc<str> = "s.yaml".into();
    let entry = EntrySpec {
        evasions: evasions.collect(),
        ..EntrySpec::bare(&file, Spanned::new(kind.id().to_owned(), node.span))
    };
    let _ = Tactics::read(kind, &entry, &faults);
    assert_eq!(
        faults.to_string(),
        "s.yaml:1:12 unknown evasion `prewarn`; did you mean `prewarm`?\n\
         s.yaml:1:45 3 is outside 1..2\n\
         s.yaml:1:52 evasion `just_under` is there twice; keep one\n"
    );
}

/// Every event of a loud campaign and of one with an evasion, paired by id.
fn pairs(kind: &str, asked: &Asked, world: &World) -> Vec<(Event, Event)> {
    let (loud, _) = Asked::default().plan(kind, world);
    let (quiet, _) = asked.plan(kind, world);
    assert_eq!(
        identity(&loud),
        identity(&quiet),
        "no event is lost or changed"
    );
    let find = |id| {
        let mut same = quiet.events.iter().filter(|event| event.id == id);
        same.next().expect("the same events").clone()
    };
    acts(&loud)
        .into_iter()
        .map(|event| (event.clone(), find(event.id)))
        .collect()
}

#[test]
fn session_rotation_changes_sessions_only() {
    let world = world(3);
    let pairs = pairs(
        "prompt_injection",
        &Asked::evasion("session_rotate"),
        &world,
    );
    let sessions: BTreeSet<u64> = pairs.iter().map(|(_, new)| new.session.bits()).collect();
    assert_eq!(sessions.len(), pairs.len());
    for (old, mut new) in pairs {
        new.session = old.session;
        assert_eq!(old, new);
    }
}

#[test]
fn hosts_rotate_inside_their_network() {
    for seed in 0..4 {
        let world = world(seed);
        let asked = Asked::evasion("ip_rotate_in_net").knob("hosts", Literal::Integer(5));
        let pairs = pairs("prompt_injection", &asked, &world);
        let population: BTreeSet<_> = world.users().map(crate::event::AccountRef).collect();
        for (old, new) in &pairs {
            let network = |event: &Event| Network::of(event.address.ip());
            assert_eq!(network(old), network(new));
            let mut owners = population.iter().map(|account| world.account(*account));
            assert!(owners.all(|account| !account.homes.contains(&new.address)));
        }
        assert!(
            pairs
                .windows(2)
                .all(|pair| pair[0].1.address != pair[1].1.address)
        );
        let hosts: BTreeSet<_> = pairs.iter().map(|(_, new)| new.address).collect();
        assert_eq!(hosts.len(), 5);
    }
}

#[test]
fn networks_rotate_with_so_many_requests_each() {
    let world = world(1);
    let asked = Asked::evasion("ip_rotate_across")
        .knob("networks", Literal::Integer(10))
        .knob("requests_per_ip", Literal::Integer(2));
    let pairs = pairs("rate_limit_storm_bot", &asked, &world);
    let networks: Vec<Network> = pairs
        .iter()
        .map(|(_, new)| Network::of(new.address.ip()))
        .collect();
    assert_eq!(networks.iter().collect::<BTreeSet<_>>().len(), 10);
    // The ramp has twenty requests at least; after it two stages meet at one instant.
    let turn = |position: usize| position / 2 % 10 * 2;
    for (position, network) in networks.iter().take(20).enumerate() {
        assert_eq!(*network, networks[turn(position)], "request {position}");
    }
    for (old, new) in &pairs {
        let usage = |event: &Event| world.addresses.place(event.address).usage;
        assert_eq!(usage(old), usage(new), "a hosting address stays one");
        assert_eq!(
            (old.at, old.prompt, old.session),
            (new.at, new.prompt, new.session)
        );
    }
}

#[track_caller]
fn tails_differ(kind: &str, asked: &Asked, seed: u64) {
    let world = world(seed);
    let mut knobs = asked.clone();
    knobs.knobs = KnobOverrides::default();
    let mut samples: std::collections::BTreeMap<u64, BTreeSet<String>> = Default::default();
    let (mut texts, mut count) = (BTreeSet::new(), 0);
    let mut text = String::new();
    for (old, new) in pairs(kind, &knobs, &world) {
        let (Some(base), Some(prompt)) = (old.prompt, new.prompt) else {
            continue;
        };
        world.prompts.render(&prompt, &mut text);
        assert!(text.chars().count() > 80, "{text}");
        count += 1;
        texts.insert(text.clone());
        let base = base
            .slots
            .index(u64::from(base.template))
            .index(u64::from(base.set));
        let same = samples.entry(base.bits()).or_default();
        same.insert(prompt_sample(&text).to_owned());
    }
    assert_eq!(texts.len(), count, "every hash is new");
    assert!(samples.values().all(|same| same.len() == 1), "{samples:?}");
}

#[test]
fn tails_change_and_samples_stay() {
    for seed in 0..6 {
        let asked = Asked::evasion("tail_mutation");
        tails_differ("coordinated_prompt_hash", &asked, seed);
        tails_differ("jailbreak_campaign", &asked, seed);
        tails_differ("stolen_accounts_same_prompt", &asked, seed);
        let spaces = asked.knob("mutation", Literal::Word("trailing_space".into()));
        tails_differ("coordinated_prompt_hash", &spaces, seed);
    }
}

#[test]
fn a_reference_number_has_the_asked_digits() {
    let world = world(2);
    let asked = Asked::evasion("tail_mutation").knob("length", Literal::Integer(4));
    let (plan, _) = asked.plan("stolen_accounts_same_prompt", &world);
    let mut text = String::new();
    for event in of_stage(&plan, "volley") {
        let prompt = event.prompt.expect("a request has a prompt");
        world.prompts.render(&prompt, &mut text);
        if let Some((_, number)) = text.split_once("(ref ") {
            assert_eq!(number.trim_end_matches(')').len(), 4, "{text}");
        }
    }
}

#[test]
fn a_plan_is_the_same_twice_and_other_evasions_do_not_move_its_draws() {
    let world = world(5);
    let all = Asked {
        evasions: vec![
            ("just_under", Vec::new()),
            ("ip_rotate_across", Vec::new()),
            ("session_rotate", Vec::new()),
            ("low_and_slow", Vec::new()),
        ],
        ..Asked::default()
    };
    let (first, _) = all.plan("prompt_injection", &world);
    let (second, _) = all.plan("prompt_injection", &world);
    assert_eq!(first.events, second.events);
    let (alone, _) = Asked::evasion("ip_rotate_across").plan("prompt_injection", &world);
    let addresses = |plan| -> Vec<_> {
        let mut all: Vec<_> = acts(plan)
            .iter()
            .map(|event| (event.id.bits(), event.address))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(addresses(&first), addresses(&alone));
    assert!(
        acts(&first)
            .iter()
            .all(|event| event.action == Action::Request)
    );
}
