//! What benign traffic must hold: purity by day and actor, and the calibrated facts.
use std::collections::{BTreeMap, BTreeSet};

use livefire_schema::address::address_key;
use livefire_schema::ids::hash_bytes;

use super::facts::{self, Band, daily_failure_shares, long_conversations, quantile};
use super::*;
use crate::event::{Action, Outcome};
use crate::random::Key;
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::{AddressRole, CountryRule, Family};

const DAYS: i64 = 14;

fn world_of(users: u32, profile: &BenignProfile) -> World {
    let population = Population {
        users,
        ..Population::default()
    };
    // Two weeks over the change to summer time.
    let calendar = Calendar {
        start: EventTime::parse("2026-03-16").expect("is a time"),
        duration: TimeSpan::from_days(DAYS),
        baseline: TimeSpan::from_days(7),
    };
    World::build(11, &population, profile, &calendar)
}

/// Everything that happens within the log.
fn log(world: &World) -> Vec<Event> {
    let benign = Benign::new(world);
    let range = world.calendar.start..world.calendar.end();
    let days = (-1..DAYS).flat_map(|day| benign.day(day, 0..benign.actors(), None));
    days.filter(|event| range.contains(&event.at)).collect()
}

fn default_log() -> (World, Vec<Event>) {
    let world = world_of(500, &BenignProfile::default());
    let events = log(&world);
    (world, events)
}

fn requests(events: &[Event]) -> impl Iterator<Item = &Event> {
    events
        .iter()
        .filter(|event| event.action == Action::Request)
}

fn times(events: &[Event]) -> Vec<EventTime> {
    requests(events).map(|event| event.at).collect()
}

fn conversation_turns(events: &[Event]) -> Vec<u64> {
    let mut turns: BTreeMap<u64, u64> = BTreeMap::new();
    for event in requests(events) {
        *turns.entry(event.session.bits()).or_default() += 1;
    }
    turns.into_values().collect()
}

/// Requests of every account, silent ones included.
fn requests_by_account(world: &World, events: &[Event]) -> Vec<u64> {
    let mut counts = vec![0; world.directory.population];
    for event in requests(events) {
        let account = event.account.expect("a request has an account");
        counts[usize::try_from(account.0).expect("fits")] += 1;
    }
    counts
}

fn failures(events: &[Event]) -> impl Iterator<Item = (EventTime, bool)> {
    requests(events).map(|event| (event.at, event.outcome != Outcome::Pass))
}

#[track_caller]
fn holds(band: Band, value: f64) {
    assert!(band.holds(value), "{}: {value} not in {band:?}", band.id);
}

#[track_caller]
fn fails(band: Band, value: f64) {
    assert!(!band.holds(value), "{}: {value} in {band:?}", band.id);
}

#[test]
fn actors_and_days_are_pure() {
    let world = world_of(120, &BenignProfile::default());
    let benign = Benign::new(&world);
    let whole = benign.day(3, 0..benign.actors(), None);
    let mut parts: Vec<Event> = (0..benign.actors())
        .rev()
        .flat_map(|actor| day(&world, 3, actor..actor + 1))
        .collect();
    parts.sort_by_key(|event| (event.at, event.id.bits()));
    assert!(whole.len() > 2000);
    assert_eq!(whole, parts);
}

#[test]
fn a_longer_log_keeps_its_days() {
    let short = world_of(80, &BenignProfile::default());
    let calendar = Calendar {
        duration: TimeSpan::from_days(40),
        ..short.calendar
    };
    let long = World::build(11, &short.population, &short.profile, &calendar);
    // Starters are dealt over the log's length, so they and nobody else may differ.
    let starters: BTreeSet<u32> = long
        .users()
        .filter(|user| !long.account(AccountRef(*user)).in_directory)
        .collect();
    let known = |event: &Event| event.account.is_none_or(|who| !starters.contains(&who.0));
    let of = |world: &World| -> Vec<Event> {
        let events = day(world, 2, 0..80).into_iter();
        events.filter(known).collect()
    };
    assert_eq!(of(&short), of(&long));
}

#[test]
fn events_lie_within_their_day_and_the_horizon() {
    let world = world_of(300, &BenignProfile::default());
    let benign = Benign::new(&world);
    for index in -1..DAYS {
        let start = world.calendar.start + TimeSpan::from_days(index);
        let end = start + TimeSpan::from_days(1) + horizon();
        let events = benign.day(index, 0..benign.actors(), None);
        assert!(
            events
                .iter()
                .all(|event| start <= event.at && event.at < end)
        );
    }
}

#[test]
fn ids_are_unique_and_events_plainly_benign() {
    let (_, events) = default_log();
    let ids: BTreeSet<u64> = events.iter().map(|event| event.id.bits()).collect();
    assert_eq!(ids.len(), events.len());
    assert!(events.iter().all(|event| event.origin.is_none()));
}

#[test]
fn daily_shape_volume_and_skew_are_calibrated() {
    let (world, events) = default_log();
    let (low, high) = facts::total_rate_tails(&times(&events));
    holds(facts::A8_LOW, low);
    holds(facts::A8_HIGH, high);
    let counts = requests_by_account(&world, &events);
    holds(facts::U1, facts::top_tenth_share(&counts));
    let (long, mean) = long_conversations(&conversation_turns(&events));
    holds(facts::S4, long);
    holds(facts::S1, mean);
    let (fewest, most) = daily_failure_shares(failures(&events));
    holds(facts::E1, fewest);
    holds(facts::E1, most);
}

#[test]
fn service_callers_carry_a_third_of_requests() {
    let (world, events) = default_log();
    let all = requests(&events).count() as f64;
    let callers = world.service_callers();
    let service =
        requests(&events).filter(|event| event.account.is_some_and(|who| callers.contains(&who.0)));
    let share = service.count() as f64 / all;
    assert!((0.3..0.4).contains(&share), "{share}");
}

#[test]
fn equal_users_fail_the_skew_check() {
    let profile = BenignProfile {
        rate_sigma: 0.0,
        service_share: 0.0,
        ..BenignProfile::default()
    };
    let world = world_of(300, &profile);
    let events = log(&world);
    let counts = requests_by_account(&world, &events);
    fails(facts::U1, facts::top_tenth_share(&counts));
}

#[test]
fn a_flat_rate_fails_the_shape_check() {
    let flat: Vec<EventTime> = (0..100_000)
        .map(|index| {
            let seconds = 14.0 * 86_400.0 * Key::root(1).index(index).uniform();
            EventTime::from_unix_seconds(0) + TimeSpan::from_seconds_f64(seconds)
        })
        .collect();
    let (low, high) = facts::total_rate_tails(&flat);
    fails(facts::A8_LOW, low);
    fails(facts::A8_HIGH, high);
}

#[test]
fn geometric_turns_fail_the_session_check() {
    let stop = 1.0 / 2.54;
    let turns: Vec<u64> = (0..50_000)
        .map(|index| {
            let key = Key::root(2).index(index);
            (1..)
                .find(|turn| key.index(*turn).chance(stop))
                .expect("ends")
        })
        .collect();
    let (long, mean) = long_conversations(&turns);
    fails(facts::S4, long);
    holds(facts::S1, mean);
}

#[test]
fn a_world_without_errors_fails_the_error_check() {
    let profile = BenignProfile {
        content_filter: 0.0,
        throttled: 0.0,
        other_failures: 0.0,
        ..BenignProfile::default()
    };
    let events = log(&world_of(100, &profile));
    let (_, most) = daily_failure_shares(failures(&events));
    fails(facts::E1, most);
}

#[test]
fn no_ingestion_delay_fails_the_delay_check() {
    let delays = vec![0.0; 5000];
    fails(facts::G2_MEDIAN, quantile(&delays, 0.5));
    fails(facts::G2_TAIL, quantile(&delays, 0.95));
}

#[test]
fn new_addresses_and_countries_are_as_rare_as_calibrated() {
    let (world, events) = default_log();
    let mut addresses: BTreeSet<(u32, u64)> = BTreeSet::new();
    let mut countries: BTreeSet<(u32, String)> = BTreeSet::new();
    let mut new_addresses = vec![0.0; 500];
    let mut abroad: BTreeSet<u32> = BTreeSet::new();
    for event in &events {
        let Some(who) = event.account.filter(|who| who.0 < 500) else {
            continue;
        };
        if event.action == Action::Row || event.action == Action::DefenderAlert {
            continue;
        }
        let second_week = event.at >= world.calendar.scored_start();
        if addresses.insert((who.0, address_key(event.address.ip()))) && second_week {
            new_addresses[usize::try_from(who.0).expect("fits")] += 1.0;
        }
        let country = world.addresses.place(event.address).country;
        assert!(!country.is_empty(), "{event:?}");
        if countries.insert((who.0, country)) && second_week {
            abroad.insert(who.0);
        }
    }
    new_addresses.sort_by(f64::total_cmp);
    assert!(quantile(&new_addresses, 0.5) <= 1.0);
    holds(facts::I5_ADDRESSES, quantile(&new_addresses, 0.9));
    holds(facts::I5_COUNTRIES, abroad.len() as f64 / 500.0);
}

#[test]
fn some_prompts_are_shared() {
    let (world, events) = default_log();
    let mut text = String::new();
    let pairs: Vec<(u64, u64)> = requests(&events)
        .map(|event| {
            let prompt = event.prompt.expect("a request has a prompt");
            world.prompts.render(&prompt, &mut text);
            let who = event.account.expect("a request has an account");
            (hash_bytes(text.as_bytes()), u64::from(who.0))
        })
        .collect();
    holds(facts::U7, facts::shared_text_share(pairs));
}

#[test]
fn people_work_by_day_and_rarely_on_weekends() {
    let (world, events) = default_log();
    let (mut weekdays, mut daytime, mut weekends) = (0.0, 0.0, 0.0);
    let mut noon = [0.0; 24];
    for event in requests(&events) {
        let who = event.account.expect("a request has an account");
        if !world.users().contains(&who.0) {
            continue;
        }
        let local = world.local(who, event.at);
        if local.weekday() >= 5 {
            weekends += 1.0;
            continue;
        }
        weekdays += 1.0;
        noon[usize::try_from(local.hour()).expect("fits")] += 1.0;
        daytime += f64::from(u8::from((7..19).contains(&local.hour())));
    }
    let share = daytime / weekdays;
    assert!((0.8..0.94).contains(&share), "{share}");
    let ratio = (weekends / 4.0) / (weekdays / 10.0);
    assert!((0.03..0.2).contains(&ratio), "{ratio}");
    let dip = 1.0 - 2.0 * noon[12] / (noon[11] + noon[14]);
    assert!((0.08..0.27).contains(&dip), "{dip}");
}

#[test]
fn throttled_calls_are_tried_again_with_the_same_prompt() {
    let (_, events) = default_log();
    let mut by_session: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
    for event in requests(&events) {
        by_session
            .entry(event.session.bits())
            .or_default()
            .push(event);
    }
    let (mut throttled, mut followed) = (0.0, 0.0);
    for session in by_session.values() {
        for pair in session
            .windows(2)
            .filter(|pair| pair[0].outcome == Outcome::Throttled)
        {
            throttled += 1.0;
            let gap = (pair[1].at - pair[0].at).seconds_f64();
            let again = pair[1].prompt == pair[0].prompt && gap < 1.001;
            followed += f64::from(u8::from(again));
            assert!(!again || gap >= 0.375, "{gap}");
            assert_ne!(pair[0].id, pair[1].id);
        }
    }
    assert!(throttled > 100.0);
    assert!(followed / throttled > 0.7);
    let share = throttled / requests(&events).count() as f64;
    assert!((0.001..0.02).contains(&share), "{share}");
}

#[test]
fn failures_cluster_in_time() {
    let (_, events) = default_log();
    let minute = |event: &Event| event.at.bin(TimeSpan::from_minutes(3)).ticks();
    let mut all: BTreeMap<(u32, i64), (f64, f64)> = BTreeMap::new();
    for event in requests(&events) {
        let deployment = event.deployment.expect("a request has a deployment");
        let entry = all.entry((deployment.0, minute(event))).or_default();
        entry.0 += 1.0;
        entry.1 += f64::from(u8::from(event.outcome == Outcome::Throttled));
    }
    let throttled: f64 = all.values().map(|entry| entry.1).sum();
    let crowded: f64 = all
        .values()
        .filter(|entry| entry.1 > 1.0)
        .map(|entry| entry.1)
        .sum();
    assert!(crowded / throttled > 0.5, "{crowded} of {throttled}");
}

#[test]
fn filter_hits_are_rare_and_higher_in_clinics() {
    let (world, events) = default_log();
    let hit = |event: &Event| event.outcome.is_fail();
    let share = |of: &dyn Fn(&Event) -> bool| {
        let chosen = requests(&events).filter(|event| of(event));
        let (mut all, mut hits) = (0.0, 0.0);
        for event in chosen {
            all += 1.0;
            hits += f64::from(u8::from(hit(event)));
        }
        hits / all
    };
    let overall = share(&|_| true);
    assert!((0.001..0.01).contains(&overall), "{overall}");
    let medical = world.prompts.set_index("medical").expect("is a set");
    let clinic = share(&|event| event.prompt.is_some_and(|prompt| prompt.set == medical));
    assert!(clinic > 2.0 * overall, "{clinic} against {overall}");
    let content = requests(&events).filter(|event| event.outcome == Outcome::Content);
    for event in content {
        let detail = event.detail.as_ref().expect("content has details");
        assert!(matches!(detail.content_severity, Some(2 | 4)));
        assert!(detail.content_category.is_some());
    }
}

#[test]
fn sign_ins_fail_as_often_as_calibrated_and_chains_share_a_session() {
    let (_, events) = default_log();
    let sign_ins: Vec<&Event> = events
        .iter()
        .filter(|event| event.action == Action::SignIn)
        .collect();
    let interrupt = |event: &Event| matches!(event.outcome, Outcome::MfaNeeded | Outcome::Kmsi);
    let real = sign_ins.iter().filter(|event| !interrupt(event));
    let (mut all, mut failed) = (0.0, 0.0);
    for event in real {
        all += 1.0;
        failed += f64::from(u8::from(event.outcome != Outcome::Ok));
    }
    assert!((0.02..0.08).contains(&(failed / all)), "{}", failed / all);
    for chain in sign_ins
        .windows(2)
        .filter(|pair| pair[0].session == pair[1].session)
    {
        assert!(interrupt(chain[0]), "{:?}", chain[0].outcome);
        assert_eq!(chain[0].account, chain[1].account);
    }
}

#[test]
fn starters_do_nothing_before_their_account_exists() {
    let (world, events) = default_log();
    let created = events
        .iter()
        .filter(|event| event.outcome == Outcome::AccountCreated)
        .count();
    assert!(created > 0);
    for event in &events {
        if let Some(who) = event.account {
            let account = world.account(who);
            assert!(
                account.in_directory || event.at >= account.created,
                "{event:?}"
            );
        }
    }
}

#[test]
fn indicators_list_nobody_except_stale_ones() {
    let profile = BenignProfile {
        indicators: 5000,
        ..BenignProfile::default()
    };
    let world = world_of(500, &profile);
    let events = log(&world);
    let used: BTreeSet<u64> = events
        .iter()
        .filter(|event| event.action == Action::Request)
        .map(|event| address_key(event.address.ip()))
        .collect();
    let (mut names, mut listed) = (BTreeSet::new(), 0);
    for event in events
        .iter()
        .filter(|event| event.action == Action::Indicator)
    {
        let detail = event.detail.as_ref().expect("an indicator has details");
        names.insert(detail.indicator.expect("is named").bits());
        listed += 1;
        let usable = event.outcome == Outcome::Active && detail.confidence >= Some(50);
        assert!(!usable || !used.contains(&address_key(event.address.ip())));
        let free = |index| {
            let key = Key::root(1).index(index);
            let address =
                world
                    .addresses
                    .pick(AddressRole::Any, &CountryRule::Any, Family::V4, key);
            address_key(address.ip()) != address_key(event.address.ip())
        };
        assert!((0..3).all(free));
    }
    assert_eq!(names.len(), 5000);
    assert!(listed > 10_000);
}

#[test]
fn an_overlay_changes_drops_and_adds() {
    struct Quiet;
    impl Overlay for Quiet {
        fn apply(&self, event: &mut Event, added: &mut Vec<Event>) -> Verdict {
            match event.action {
                Action::TokenRefresh => Verdict::Drop,
                Action::Logon => {
                    added.push(Event {
                        id: event.id.named("again"),
                        ..event.clone()
                    });
                    event.outcome = Outcome::Blocked;
                    Verdict::Keep
                }
                _ => Verdict::Keep,
            }
        }
    }
    let world = world_of(60, &BenignProfile::default());
    let benign = Benign::new(&world);
    let plain = benign.day(1, 0..60, None);
    let altered = benign.day(1, 0..60, Some(&Quiet));
    let count = |events: &[Event], action| events.iter().filter(|e| e.action == action).count();
    assert!(count(&plain, Action::TokenRefresh) > 0 && count(&plain, Action::Logon) > 0);
    assert_eq!(count(&altered, Action::TokenRefresh), 0);
    assert_eq!(
        count(&altered, Action::Logon),
        2 * count(&plain, Action::Logon)
    );
    assert_eq!(
        count(&altered, Action::Request),
        count(&plain, Action::Request)
    );
    let blocked = altered
        .iter()
        .filter(|event| event.outcome == Outcome::Blocked);
    assert!(blocked.count() >= count(&plain, Action::Logon));
}
