//! Campaigns plan as their files say: counts, order, labels, determinism.

mod determinism;
mod overlays;
mod shapes;

use std::sync::LazyLock;

use livefire_labels::{Class, Phase};
use livefire_schema::spec::{Faults, NodeValue, parse};
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use super::{CampaignDraw, CampaignPlan, PlanError, plan};
use crate::event::{Action, Event, Origin};
use crate::kinds::model::{Days, Label, Pick};
use crate::kinds::{AttackKind, AttackLibrary, KnobOverrides, VERIFIED};
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::World;

/// Seeds that every verified kind is planned with.
const SEEDS: u64 = 20;

static LIBRARY: LazyLock<AttackLibrary> =
    LazyLock::new(|| AttackLibrary::embedded(&Schema::embedded()));
static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| (0..SEEDS).map(build).collect());

fn build(seed: u64) -> World {
    let calendar = Calendar {
        start: EventTime::parse("2026-03-02T00:00:00Z").expect("is a time"),
        duration: TimeSpan::from_days(14),
        baseline: TimeSpan::from_days(7),
    };
    let population = Population {
        users: 300,
        ..Population::default()
    };
    World::build(seed, &population, &BenignProfile::default(), &calendar)
}

#[track_caller]
fn kind(id: &str) -> &'static AttackKind {
    LIBRARY.get(id).expect("is a shipped kind")
}

/// Knobs as a scenario writes them.
#[track_caller]
fn knobs(id: &str, yaml: &str) -> KnobOverrides {
    let faults = Faults::new("scenario.yaml");
    let node = parse(yaml.as_bytes(), &faults).expect("is YAML");
    let NodeValue::Map(entries) = &node.value else {
        panic!("knobs are a map")
    };
    let overrides = kind(id).overrides(entries, &faults);
    assert_eq!(faults.to_string(), "");
    overrides
}

/// A campaign of a kind with some knobs; every trap of a look-alike is on.
#[track_caller]
fn planned(id: &str, seed: u64, yaml: &str) -> (CampaignPlan, World) {
    let mut world = WORLDS[usize::try_from(seed).expect("is small")].clone();
    let mut draw = CampaignDraw::new(id);
    draw.knobs = knobs(id, yaml);
    draw.traps = kind(id).traps().keys().map(ToString::to_string).collect();
    match plan(kind(id), &draw, &mut world) {
        Ok(plan) => (plan, world),
        Err(error) => panic!("{id}, seed {seed}: {error}"),
    }
}

fn origin<'p>(plan: &'p CampaignPlan, event: &Event) -> &'p Origin {
    let origin = event.origin.expect("every campaign event has an origin");
    &plan.origins[usize::try_from(origin.0).expect("fits")]
}

/// The events of a stage, alerts and retries aside.
fn stage<'p>(plan: &'p CampaignPlan, name: &str) -> Vec<&'p Event> {
    let own =
        |event: &&Event| origin(plan, event).stage == name && event.action != Action::DefenderAlert;
    plan.events.iter().filter(own).collect()
}

#[track_caller]
fn counts(id: &str, name: &str, least: usize, most: usize) {
    for seed in 0..SEEDS {
        let (plan, _) = planned(id, seed, "{}");
        let count = stage(&plan, name).len();
        assert!(
            (least..=most).contains(&count),
            "{id} seed {seed}: {count} events in `{name}`, expected {least}..{most}"
        );
    }
}

#[test]
fn every_verified_kind_plans_inside_the_log() {
    for id in VERIFIED {
        for seed in 0..SEEDS {
            let (plan, world) = planned(id, seed, "{}");
            let log = world.calendar;
            let in_order = plan
                .events
                .windows(2)
                .all(|pair| (pair[0].at, pair[0].id.bits()) < (pair[1].at, pair[1].id.bits()));
            assert!(
                in_order,
                "{id} {seed}: events are in order and their ids differ"
            );
            let is_inside = |event: &Event| log.start <= event.at && event.at < log.end();
            assert!(plan.events.iter().all(is_inside), "{id} {seed}");
            let is_attack = kind(id).label() == Label::Attack;
            assert_eq!(
                plan.campaigns.is_empty(),
                !is_attack && kind(id).traps().is_empty()
            );
            for campaign in &plan.campaigns {
                assert!(
                    log.scored_start() <= campaign.t0 && campaign.t0 < log.end(),
                    "{id}"
                );
                assert!(campaign.t0 <= campaign.t_end);
            }
        }
    }
}

#[test]
fn every_shipped_kind_plans() {
    for kind in LIBRARY.iter() {
        for seed in 0..3 {
            let (plan, _) = planned(kind.id(), seed, "{}");
            assert!(
                !plan.events.is_empty() || !plan.overlays.is_empty(),
                "{} does something",
                kind.id()
            );
        }
    }
}

#[test]
fn stages_start_after_the_stage_that_they_wait_for() {
    for id in VERIFIED {
        for seed in 0..SEEDS {
            let (plan, _) = planned(id, seed, "{}");
            let traps = kind(id).traps().values().flat_map(|trap| &trap.stages);
            for own in kind(id).stages().values().chain(traps) {
                let Some(anchor) = &own.anchor else { continue };
                if matches!(own.days, Some(Days::Scenario)) {
                    // What its first day waits for may lie before the log.
                    continue;
                }
                let is_daily = own.days.is_some();
                let (own, theirs) = (stage(&plan, &own.name), stage(&plan, &anchor.stage.value));
                let first = |events: &[&Event]| events.iter().map(|event| event.at).min();
                let (Some(own_first), Some(their_first)) = (first(&own), first(&theirs)) else {
                    continue;
                };
                if anchor.is_before {
                    // A republished listing may go on; its first publication leads.
                    assert!(own_first <= their_first, "{id} {seed}");
                } else {
                    assert!(own_first >= their_first, "{id} {seed} {:?}", anchor.pick);
                }
                let crowd = |events: &[&Event]| {
                    let first = events[0].account;
                    events.iter().any(|event| event.account != first)
                };
                let waits = !anchor.is_before && anchor.pick == Pick::End;
                if waits && !is_daily && !crowd(&theirs) {
                    let last = theirs.iter().map(|event| event.at).max();
                    assert!(Some(own_first) >= last, "{id} {seed}: waits for the end");
                }
            }
        }
    }
}

#[test]
fn counts_follow_the_knobs() {
    counts("prompt_injection", "probe", 2, 5);
    counts("prompt_injection", "inject", 10, 10);
    counts("content_violation", "attempts", 8, 8);
    counts("jailbreak_campaign", "try", 48, 48);
    counts("rate_limit_storm_bot", "ramp", 20, 60);
    counts("rate_limit_storm_bot", "storm", 280, 320); // 10 minutes at one in 2 s
    counts("coordinated_prompt_hash", "sign_in", 15, 15);
    counts("coordinated_prompt_hash", "volley", 15, 15);
    counts("coordinated_prompt_hash", "created", 15, 15);
    counts("stolen_accounts_same_prompt", "take_over", 20, 40);
    counts("stolen_accounts_same_prompt", "volley", 10, 10);
    counts("new_ip_login", "sign_in", 1, 1);
    counts("new_ip_login", "use", 12, 12);
    counts("credential_stuffing_then_genai", "hit", 4, 4);
    counts("credential_stuffing_then_genai", "use", 30, 30);
    counts("llm_reconnaissance", "probe", 25, 25);
    counts("data_exfiltration_via_completion", "page", 150, 150);
    counts("ti_listed_ip", "call", 5, 5);
    counts("ti_listed_ip", "listing", 5, 7);
    counts("malicious_model_upload_and_use", "upload", 1, 1);
    counts("malicious_model_upload_and_use", "adopt", 2, 2);
    counts("kill_chain_spray_to_exfil", "enter", 1, 1);
    counts("kill_chain_spray_to_exfil", "inject", 10, 10);
    counts("kill_chain_spray_to_exfil", "exfil", 150, 150);
    counts("rate_limit_human_retry", "retries", 8, 8);
    counts("training_workshop", "exercises", 150, 150);
    counts("buggy_client_retry_storm", "trigger", 20, 20);
    counts("nat_office_ip", "coincidence", 4, 6);
    counts("shared_template_prompts", "poisoned", 12, 36);
}

#[test]
fn labels_say_who_caused_what() {
    let (plan, world) = planned("prompt_injection", 1, "{}");
    for event in &plan.events {
        let origin = origin(&plan, event);
        let expected = match origin.stage.as_str() {
            "probe" => (Class::Benign, Phase::Preparation),
            _ => (Class::Campaign, Phase::Hostile),
        };
        assert_eq!((origin.class, origin.phase), expected);
        assert_eq!(origin.caused_by.map(|campaign| campaign.0), Some(0));
        assert_eq!(origin.hard_negative, None);
    }
    let campaign = &plan.campaigns[0];
    assert_eq!(
        campaign.t0,
        stage(&plan, "inject")[0].at,
        "cover is not hostile"
    );
    let actor = stage(&plan, "inject")[0].account.expect("somebody acts");
    assert_eq!(campaign.actor, world.account(actor).object_id);
    assert_eq!(campaign.expected.len(), 3);

    let (plan, _) = planned("nat_office_ip", 1, "{}");
    let of = |name: &str| origin(&plan, stage(&plan, name)[0]).clone();
    let day = of("working_day");
    assert_eq!((day.class, day.caused_by), (Class::HardNegative, None));
    assert_eq!(day.hard_negative.as_deref(), Some("nat_office_ip"));
    let trap = of("real_injector.inject");
    assert_eq!((trap.class, trap.phase), (Class::Campaign, Phase::Hostile));
    assert_eq!(trap.caused_by.map(|campaign| campaign.0), Some(0));
    assert_eq!(plan.campaigns[0].id, "nat_office_ip/real_injector");
    assert_eq!(plan.campaigns[0].expected[0].to_string(), "R2");
}

#[test]
fn renumbering_moves_origins_and_campaigns() {
    let (mut plan, _) = planned("prompt_injection", 0, "{}");
    let before = plan.events[0].origin.expect("has one").0;
    plan.renumber(3, 40);
    assert_eq!(plan.events[0].origin.expect("has one").0, before + 40);
    assert_eq!(
        plan.origins[0].caused_by.map(|campaign| campaign.0),
        Some(3)
    );
}

#[track_caller]
fn fails(id: &str, yaml: &str, change: impl Fn(&mut CampaignDraw<'_>), expected: &str) {
    let mut world = WORLDS[0].clone();
    let mut draw = CampaignDraw::new("spray");
    draw.knobs = knobs(id, yaml);
    change(&mut draw);
    let error = plan(kind(id), &draw, &mut world).expect_err("cannot be planned");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn impossible_draws_say_why() {
    let available = {
        let accounts = &WORLDS[0].directory.accounts[..300];
        let fits = |account: &&crate::world::Account| {
            account.in_directory && account.kind != crate::world::AccountKind::Guest
        };
        accounts.iter().filter(fits).count()
    };
    fails(
        "password_spray_low_slow",
        "targets: 5000",
        |_| {},
        &format!(
            "campaign `spray`: pool `targets`: 5000 accounts asked, {available} in the population \
             match"
        ),
    );
    fails(
        "rate_limit_storm_bot",
        "{}",
        |draw| draw.limit = Some(100),
        "campaign `spray` would have more than 100 events; lower its knobs or set `limit:`",
    );
    fails(
        "prompt_injection",
        "{}",
        |draw| draw.without_stages = vec!["inject".into()],
        "campaign `spray` has no hostile event inside the log",
    );
}

#[test]
fn counts_above_the_population_are_clamped_and_noted_when_drawn() {
    let (plan, _) = planned("password_spray_low_slow", 0, "days: 1");
    assert_eq!(plan.notes.len(), 1);
    assert!(plan.notes[0].starts_with("pool `targets`: 1000 accounts asked"));
}

#[test]
fn t0_lies_where_the_scenario_puts_it() {
    let mut world = WORLDS[2].clone();
    let mut draw = CampaignDraw::new("placed");
    let at = |text| EventTime::parse(text).expect("is a time");
    draw.at = Some(TimeRange {
        start: at("2026-03-12"),
        end: at("2026-03-13"),
    });
    let plan = plan(kind("new_ip_login"), &draw, &mut world).expect("plans");
    let t0 = plan.campaigns[0].t0;
    assert!(at("2026-03-12") <= t0 && t0 < at("2026-03-13"), "{t0}");
}

#[test]
fn a_look_alike_that_never_ends_begins_where_the_scenario_puts_it() {
    let day = |text| EventTime::parse(text).expect("is a time");
    let begins = |at: Option<TimeRange>| {
        let mut world = WORLDS[2].clone();
        let draw = CampaignDraw {
            at,
            ..CampaignDraw::new("placed")
        };
        let plan = plan(kind("office_move"), &draw, &mut world).expect("plans");
        let first = plan.events.iter().map(|event| event.at).min();
        first.expect("people sign in")
    };
    let (start, end) = (day("2026-03-12"), day("2026-03-13"));
    assert!(begins(None) < start, "it begins with the log");
    let placed = begins(Some(TimeRange { start, end }));
    assert!(start <= placed && placed < end, "{placed}");
}

#[test]
fn traps_begin_in_the_scored_interval_wherever_the_look_alike_lies() {
    for mode in ["travel", "vpn", "mobile"] {
        for seed in 0..SEEDS {
            let yaml = format!("mode: {mode}");
            let (plan, world) = planned("travel_vpn_mobile_handover", seed, &yaml);
            assert!(plan.campaigns[0].t0 >= world.calendar.scored_start());
        }
    }
}

#[test]
fn a_log_without_room_is_an_error_or_a_cut() {
    let mut world = WORLDS[0].clone();
    world.calendar.duration = TimeSpan::from_days(8);
    let plan = plan(
        kind("password_spray_low_slow"),
        &CampaignDraw::new("spray"),
        &mut world,
    );
    match plan {
        Ok(plan) => assert!(plan.campaigns[0].cut),
        Err(error) => assert!(matches!(error, PlanError::NoHostileEvent { .. }), "{error}"),
    }
}
