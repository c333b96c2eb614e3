//! Campaigns with and without tactics, and counts by brute force that share no code with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use livefire_schema::address::Network;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};

use super::{KnobSet, Tactics, find};
use crate::event::{Action, Event, Outcome};
use crate::kinds::plan::{CampaignDraw, CampaignPlan, plan};
use crate::kinds::value::{Literal, Value};
use crate::kinds::{AttackKind, AttackLibrary, KnobOverrides, Source};
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::World;

/// A kind whose run does not fit into one night once its gaps grow.
const NIGHT_WORK: &str = "\
format: 1
id: night_work
label: attack
expected: { fires: [R2], may: [], lost: [R2] }
cast:
  owner: { accounts: existing }
stages:
  night: { do: request, who: owner, hours: 01:00..05:00, count: 30, gap: human, outcomes: content }
";

/// The shipped kinds, and `night_work`.
pub(super) fn library() -> &'static AttackLibrary {
    static LIBRARY: OnceLock<AttackLibrary> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let night = Source {
            path: "kinds/night_work.yaml".to_owned(),
            bytes: NIGHT_WORK.into(),
        };
        let shipped = AttackLibrary::embedded_sources();
        AttackLibrary::load(&shipped, &[night], &Schema::embedded()).expect("valid kinds")
    })
}

/// A log long enough that no quiet campaign is cut.
pub(super) fn world(seed: u64) -> World {
    let calendar = Calendar {
        start: EventTime::parse("2026-03-02T00:00:00Z").expect("is a time"),
        duration: TimeSpan::from_days(400),
        baseline: TimeSpan::from_days(7),
    };
    let population = Population {
        users: 300,
        ..Population::default()
    };
    World::build(seed, &population, &BenignProfile::default(), &calendar)
}

/// What one test asks of a campaign.
#[derive(Clone, Default)]
pub(super) struct Asked {
    pub(super) evasions: Vec<(&'static str, Vec<(&'static str, Literal)>)>,
    pub(super) knobs: KnobOverrides,
    pub(super) stealth: f64,
    pub(super) without: Vec<&'static str>,
    /// In place of `just_under`'s constant margin.
    pub(super) margin: Option<Value>,
}

impl Asked {
    /// One evasion with its default knobs.
    pub(super) fn evasion(name: &'static str) -> Self {
        Asked {
            evasions: vec![(name, Vec::new())],
            ..Asked::default()
        }
    }

    pub(super) fn knob(mut self, name: &'static str, value: Literal) -> Self {
        self.evasions
            .last_mut()
            .expect("an evasion")
            .1
            .push((name, value));
        self
    }

    pub(super) fn stealth(stealth: f64) -> Self {
        Asked {
            stealth,
            ..Asked::default()
        }
    }

    pub(super) fn tactics(&self, kind: &AttackKind) -> Tactics {
        let named: Vec<_> = self
            .evasions
            .iter()
            .map(|(name, knobs)| {
                let evasion = find(name).expect("a built evasion");
                let set = knobs
                    .iter()
                    .fold(KnobSet::defaults(evasion), |set, (name, value)| {
                        set.with(name, value.clone())
                    });
                let set = match &self.margin {
                    Some(margin) => set.with_value("margin", margin.clone()),
                    None => set,
                };
                (evasion, set)
            })
            .collect();
        Tactics::new(kind, &self.knobs, self.stealth, &named)
    }

    /// Plans a kind in a world; the world as the campaign leaves it.
    #[track_caller]
    pub(super) fn plan(&self, kind: &str, world: &World) -> (CampaignPlan, World) {
        let kind = library().get(kind).expect("a shipped kind");
        let tactics = self.tactics(kind);
        let draw = CampaignDraw {
            transforms: tactics.transforms(),
            alert_factor: tactics.alert_factor(),
            knobs: self.knobs.clone(),
            without_stages: self.without.iter().map(|name| (*name).to_owned()).collect(),
            ..CampaignDraw::new("c")
        };
        let mut world = world.clone();
        let mut plan = plan(kind, &draw, &mut world).expect("plans");
        tactics.finish(&mut plan, &world);
        (plan, world)
    }
}

/// Events that the attacker makes, without alerts.
pub(super) fn acts(plan: &CampaignPlan) -> Vec<&Event> {
    let events = plan.events.iter();
    events
        .filter(|event| event.action != Action::DefenderAlert)
        .collect()
}

/// Events of a stage, by time.
pub(super) fn of_stage<'a>(plan: &'a CampaignPlan, stage: &str) -> Vec<&'a Event> {
    let is_of = |event: &&Event| {
        let origin = event.origin.map(|origin| &plan.origins[origin.0 as usize]);
        origin.is_some_and(|origin| origin.stage == stage)
    };
    acts(plan).into_iter().filter(is_of).collect()
}

/// Instants and units by key, as one rule counts them.
pub(super) type Counted = BTreeMap<String, Vec<(EventTime, String)>>;

/// What a default rule counts, written down anew.
pub(super) fn counted(rule: &str, plan: &CampaignPlan, world: &World) -> Counted {
    let mut counted = Counted::new();
    let mut text = String::new();
    for (number, event) in plan.events.iter().enumerate() {
        let in_app = matches!(event.action, Action::Request | Action::ToolCall);
        let user = format!("{:?}", event.account);
        let kind = event
            .detail
            .as_ref()
            .and_then(|detail| detail.alert_type.clone());
        let kind = kind.unwrap_or_default();
        let (is_counted, key) = match rule {
            "R1" => {
                let shown = event
                    .application
                    .is_none_or(|application| world.application(application).passes_user_context);
                let is_type =
                    kind.starts_with("Azure_Jailbreak.") || kind == "Azure_ASCIISmuggling";
                (
                    shown && is_type,
                    Network::of(event.address.ip()).to_string(),
                )
            }
            "R2" => {
                let fails = ["injection", "jailbreak", "leak", "content", "withheld"];
                (
                    in_app && fails.contains(&event.outcome.name()),
                    user.clone(),
                )
            }
            "R3" => (
                event.outcome == Outcome::Throttled,
                format!("{user} {:?}", event.application),
            ),
            "R5" => {
                text.clear();
                if let Some(prompt) = &event.prompt {
                    world.prompts.render(prompt, &mut text);
                }
                (in_app && event.account.is_some(), text.clone())
            }
            other => panic!("{other} is no count rule of these tests"),
        };
        if is_counted {
            let unit = if rule == "R5" {
                user
            } else {
                number.to_string()
            };
            counted.entry(key).or_default().push((event.at, unit));
        }
    }
    counted
}

/// The most distinct units in any window `(t − W, t]` of any key.
pub(super) fn most_sliding(counted: &Counted, window: TimeSpan) -> usize {
    let mut most = 0;
    for times in counted.values() {
        for (end, _) in times {
            let inside = times
                .iter()
                .filter(|(time, _)| *end - window < *time && time <= end);
            most = most.max(inside.map(|(_, unit)| unit).collect::<BTreeSet<_>>().len());
        }
    }
    most
}

/// The most distinct units in any tumbling bin of any key.
pub(super) fn most_binned(counted: &Counted, window: TimeSpan) -> usize {
    let mut most = 0;
    for times in counted.values() {
        let mut bins: BTreeMap<EventTime, BTreeSet<&String>> = BTreeMap::new();
        for (time, unit) in times {
            bins.entry(time.bin(window)).or_default().insert(unit);
        }
        most = most.max(bins.values().map(BTreeSet::len).max().unwrap_or(0));
    }
    most
}

/// Threshold and window of a default rule.
pub(super) fn default_of(rule: &str) -> (usize, TimeSpan) {
    let info = livefire_schema::rules::rule(rule).expect("a rule");
    let threshold = usize::try_from(info.threshold).expect("small");
    (threshold, info.window)
}

/// Ids and outcomes of what the attacker does, whatever its times.
pub(super) fn identity(plan: &CampaignPlan) -> Vec<(u64, Outcome)> {
    let mut all: Vec<_> = acts(plan)
        .iter()
        .filter(|event| event.outcome != Outcome::AccountCreated)
        .map(|event| (event.id.bits(), event.outcome))
        .collect();
    all.sort_unstable();
    all
}
