//! An entry's stealth and evasions, put in order and bound to its kind.
//!
//! The kind's defaults first; stealth fills components; a named evasion, or a knob that the
//! scenario sets, takes the place of just its component; the cap comes last.

use std::sync::Arc;

use livefire_schema::address::Network;
use livefire_schema::rules::{self, EVASIONS};
use livefire_schema::spec::{Faults, or_list};
use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;

use super::explicit::Explicit;
use super::just_under::{self, Cap};
use super::knobs::KnobSet;
use super::{Aim, Component, Evasion, cover, find, stealth};
use crate::event::{Action, Event};
use crate::kinds::model::Label;
use crate::kinds::plan::CampaignPlan;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::kinds::{AttackKind, KnobOverrides};
use crate::random::Key;
use crate::scenario::EntrySpec;
use crate::world::World;

/// Stealth from which the cap holds.
const CAP_FROM: f64 = 0.8;

/// What an entry of a scenario asks of its campaigns' behaviour.
///
/// ```text
/// let tactics = Tactics::read(kind, entry, &faults);
/// let draw = CampaignDraw {
///     transforms: tactics.transforms(), alert_factor: tactics.alert_factor(), .. };
/// let mut plan = plan(kind, &draw, world)?;
/// tactics.finish(&mut plan, world);     // before the plan is renumbered
/// ```
#[derive(Clone, Debug)]
pub struct Tactics {
    stealth: f64,
    /// Transforms by name, in the order in which they apply.
    chain: Option<Arc<Chain>>,
    /// How far below R1's threshold alerts stay, where it is capped at all.
    alert_cap: Option<AlertCap>,
}

#[derive(Clone, Debug)]
enum AlertCap {
    /// By the cap of stealth.
    Stealth,
    /// By `just_under` with these knobs.
    Named(KnobSet),
}

/// All transforms of one campaign as one, so that a place of random numbers goes by a name and not
/// by how many others there are.
#[derive(Debug)]
struct Chain(Vec<(&'static str, Box<dyn Transform>)>);

impl Transform for Chain {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        for (name, transform) in &self.0 {
            transform.apply(draft, key.named(name), world);
        }
    }
}

impl Tactics {
    /// Reads what an entry says, all faults at once: unknown evasions, those named twice,
    /// and their knobs.
    #[must_use]
    pub fn read(kind: &AttackKind, entry: &EntrySpec, faults: &Faults) -> Self {
        let mut named: Vec<(&'static dyn Evasion, KnobSet)> = Vec::new();
        for written in &entry.evasions {
            let name = written.name.value.as_str();
            let Some(evasion) = find(name) else {
                let end = or_list(name, "evasions", EVASIONS.iter().copied());
                let message = format!("unknown evasion `{name}`{end}");
                faults.error("LF-Y007", written.name.span, message);
                continue;
            };
            let knobs = KnobSet::read(evasion, written.name.span, &written.knobs, faults);
            if named.iter().any(|(known, _)| known.name() == name) {
                let message = format!("evasion `{name}` is there twice; keep one");
                faults.error("LF-S014", written.name.span, message);
                continue;
            }
            named.push((evasion, knobs));
        }
        let quiet = Faults::new(faults.file());
        let overrides = kind.overrides(&entry.knobs, &quiet);
        let stealth = entry.stealth.as_ref().map_or(0.0, |stealth| stealth.value);
        Tactics::new(kind, &overrides, stealth, &named)
    }

    /// From checked parts: stealth of 0 to 1, and evasions with their knobs.
    #[must_use]
    pub fn new(
        kind: &AttackKind,
        overrides: &KnobOverrides,
        stealth: f64,
        named: &[(&'static dyn Evasion, KnobSet)],
    ) -> Self {
        let is_attack = kind.label() == Label::Attack;
        let aim = Aim {
            lost: kind.expected().lost.clone(),
            is_attack,
        };
        let mut parts: Vec<(Component, &'static str, Box<dyn Transform>)> = Vec::new();
        for (evasion, knobs) in named {
            let built = evasion.build(knobs, &aim);
            parts.push((evasion.component(), evasion.name(), built));
        }
        let governs: Vec<Component> = named
            .iter()
            .map(|(evasion, _)| evasion.component())
            .collect();
        for (component, name, built) in of_stealth(kind, overrides, stealth, is_attack, &aim) {
            let is_replaced = governs.contains(&component)
                || (component == Component::Networks && governs.contains(&Component::Exit));
            if !is_replaced {
                parts.push((component, name, built));
            }
        }
        // Stable, so that evasions of one component keep the scenario's order.
        parts.sort_by_key(|(component, _, _)| *component);
        let chain: Vec<_> = parts
            .into_iter()
            .map(|(_, name, built)| (name, built))
            .collect();
        Tactics {
            stealth,
            chain: (!chain.is_empty()).then(|| Arc::new(Chain(chain))),
            alert_cap: alert_cap(&aim, stealth, named),
        }
    }

    /// What `CampaignDraw::transforms` takes.
    #[must_use]
    pub fn transforms(&self) -> Vec<Arc<dyn Transform>> {
        let chain = self.chain.iter().map(Arc::clone);
        chain.map(|chain| chain as Arc<dyn Transform>).collect()
    }

    /// What `CampaignDraw::alert_factor` takes: stealth makes Defender alerts rarer.
    #[must_use]
    pub fn alert_factor(&self) -> f64 {
        1.0 - self.stealth
    }

    /// Takes back the Defender alerts that would break R1's bound, and counts stages anew. To be
    /// called once, on the plan as `kinds::plan::plan` gives it, before it is renumbered.
    pub fn finish(&self, plan: &mut CampaignPlan, world: &World) {
        let margin = match &self.alert_cap {
            None => return,
            Some(AlertCap::Stealth) => 1,
            Some(AlertCap::Named(knobs)) => {
                // The place at which planning gave the transform its numbers.
                let campaign = world.key.named("campaign").named(&plan.name);
                let place = campaign.named("transform").index(0).named("just_under");
                just_under::margin(knobs, place)
            }
        };
        let before = plan.events.len();
        withhold(&mut plan.events, margin, world);
        if plan.events.len() < before {
            recount(plan);
        }
    }
}

/// Stealth's components with the names of their places.
fn of_stealth(
    kind: &AttackKind,
    overrides: &KnobOverrides,
    stealth: f64,
    is_attack: bool,
    aim: &Aim,
) -> Vec<(Component, &'static str, Box<dyn Transform>)> {
    if stealth <= 0.0 {
        return Vec::new();
    }
    let explicit = Explicit::new(kind, overrides);
    let own = || explicit.clone();
    let mut parts: Vec<(Component, &'static str, Box<dyn Transform>)> = vec![
        (
            Component::Failures,
            "stealth failures",
            Box::new(stealth::Failures {
                stealth,
                explicit: own(),
            }),
        ),
        (
            Component::Gap,
            "stealth gaps",
            Box::new(stealth::Gaps {
                stealth,
                explicit: own(),
            }),
        ),
        (
            Component::Networks,
            "stealth networks",
            Box::new(stealth::Networks {
                stealth,
                explicit: own(),
            }),
        ),
        (
            Component::Mutation,
            "stealth mutations",
            Box::new(stealth::Mutations {
                stealth,
                explicit: own(),
            }),
        ),
        (
            Component::Cover,
            "stealth cover",
            Box::new(cover::Cover {
                number: cover::Number::Stealth(stealth),
                is_attack,
            }),
        ),
    ];
    if stealth >= CAP_FROM {
        parts.push((
            Component::Cap,
            "stealth cap",
            Box::new(Cap::of_stealth(aim)),
        ));
    }
    parts
}

fn alert_cap(
    aim: &Aim,
    stealth: f64,
    named: &[(&'static dyn Evasion, KnobSet)],
) -> Option<AlertCap> {
    let counts_alerts = aim
        .lost
        .iter()
        .any(|token| token.rule == "R1" && token.variant.as_deref() != Some("app_log"));
    if !counts_alerts {
        return None;
    }
    let just_under = named
        .iter()
        .find(|(evasion, _)| evasion.name() == "just_under");
    match just_under {
        Some((_, knobs)) => Some(AlertCap::Named(knobs.clone())),
        None => (stealth >= CAP_FROM).then_some(AlertCap::Stealth),
    }
}

/// Removes alerts, the later ones first, until no window of R1 holds more than k − margin of one
/// network. Only alerts that show the caller's address count.
fn withhold(events: &mut Vec<Event>, margin: u64, world: &World) {
    let Some(rule) = rules::rule("R1") else {
        return;
    };
    let most = rule.threshold.saturating_sub(margin).max(1);
    let mut raised: FxHashMap<u64, Vec<EventTime>> = FxHashMap::default();
    events.retain(|event| {
        let Some(kind) = counted_type(event, world) else {
            return true;
        };
        if !rule.observes("AlertEvidence", kind) {
            return true;
        }
        let network = Network::of(event.address.ip()).key();
        let times = raised.entry(network).or_default();
        let recent = times.iter().filter(|time| **time > event.at - rule.window);
        if recent.count() as u64 >= most {
            return false;
        }
        times.push(event.at);
        true
    });
}

/// The type of an alert whose rows name the caller's address.
fn counted_type<'a>(event: &'a Event, world: &World) -> Option<&'a str> {
    if event.action != Action::DefenderAlert {
        return None;
    }
    let application = event
        .application
        .map(|application| world.application(application));
    let shows_caller = application.is_none_or(|application| application.passes_user_context);
    let detail = event.detail.as_ref().filter(|_| shows_caller)?;
    detail.alert_type.as_deref()
}

/// Counts the events of every stage of a plan's campaigns anew.
fn recount(plan: &mut CampaignPlan) {
    for (number, campaign) in plan.campaigns.iter_mut().enumerate() {
        for extent in &mut campaign.stages {
            let own = plan.events.iter().filter(|event| {
                let origin = event.origin.and_then(|origin| {
                    let index = usize::try_from(origin.0).ok()?;
                    plan.origins.get(index)
                });
                origin.is_some_and(|origin| {
                    let cause = origin.caused_by.map(|cause| cause.0);
                    cause == u32::try_from(number).ok() && origin.stage == extent.name
                })
            });
            let times: Vec<EventTime> = own.map(|event| event.at).collect();
            let ends = times.iter().min().zip(times.iter().max());
            if let Some((first, last)) = ends {
                (extent.first, extent.last) = (*first, *last);
            }
            extent.events = times.len() as u64;
        }
        campaign.stages.retain(|extent| extent.events > 0);
    }
}
