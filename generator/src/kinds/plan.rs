//! From a checked kind to one campaign's events.
//!
//! Every random number has an address: seed, campaign, stage, member, day, event, purpose. A
//! campaign is therefore the same whatever other campaigns there are, and a knob moves only what
//! it governs. A campaign is planned as a whole: pools, then stages in order of their anchors,
//! then evasions, then alerts; its place in time is found by planning it once to see how long it
//! is and once more where it belongs.

mod alerts;
mod clock;
pub mod draft;
mod emit;
mod knobs;
mod members;
pub mod overlay;
mod placement;
mod pools;
mod runs;
mod stage;
pub mod timeline;
mod timing;
mod truth;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use livefire_labels::Campaign;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use self::draft::{Draft, StageDraft, Transform};
use self::knobs::KnobValues;
use self::overlay::Overlay;
use self::pools::{Pools, Resolver, holds};
use self::stage::Frame;
use super::kind::{AttackKind, KnobOverrides};
use super::model::{Deal, Label, Name, Stage, Until};
use super::visit;
use crate::event::{Event, Origin};
use crate::random::Key;
use crate::world::World;

/// Events that a campaign may have at most, unless the scenario sets a limit.
pub const MOST_EVENTS: usize = 2_000_000;

/// What a scenario decides about one campaign or look-alike.
#[derive(Clone, Debug)]
pub struct CampaignDraw<'a> {
    /// Its name, unique in the scenario; its random numbers go by it.
    pub name: &'a str,
    /// Knobs that the scenario sets.
    pub knobs: KnobOverrides,
    /// Stages left out.
    pub without_stages: Vec<String>,
    /// Where t0 is drawn; the scored interval where absent.
    pub at: Option<TimeRange>,
    /// Traps turned on.
    pub traps: Vec<String>,
    /// Evasions and stealth, in order.
    pub transforms: Vec<Arc<dyn Transform>>,
    /// Factor on the probability of Defender alerts (stealth lowers it).
    pub alert_factor: f64,
    /// Median delay from a cause to its alert.
    pub defender_delay: TimeSpan,
    /// Events at most; [`MOST_EVENTS`] where absent.
    pub limit: Option<usize>,
}

impl<'a> CampaignDraw<'a> {
    /// A campaign with every default.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        CampaignDraw {
            name,
            knobs: KnobOverrides::default(),
            without_stages: Vec::new(),
            at: None,
            traps: Vec::new(),
            transforms: Vec::new(),
            alert_factor: 1.0,
            defender_delay: TimeSpan::from_seconds(180),
            limit: None,
        }
    }
}

/// A planned campaign or look-alike with the traps that are on.
#[derive(Clone, Debug)]
pub struct CampaignPlan {
    /// Name in the scenario.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Its events inside the log, by time and id; origins index [`CampaignPlan::origins`] from
    /// the first origin that [`CampaignPlan::renumber`] set.
    pub events: Vec<Event>,
    /// What its events have in common.
    pub origins: Vec<Origin>,
    /// The attack, or one campaign for each trap that is on.
    pub campaigns: Vec<Campaign>,
    /// Changes to benign traffic.
    pub overlays: Vec<Overlay>,
    /// What was clamped, dropped or cut, for the manifest.
    pub notes: Vec<String>,
}

/// Why a campaign cannot be planned.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A count that the scenario sets is above what the population has.
    #[error("campaign `{campaign}`: {message}")]
    TooManyAccounts {
        /// The campaign.
        campaign: String,
        /// Pool, asked and available.
        message: String,
    },
    /// More events than the limit.
    #[error(
        "campaign `{campaign}` would have more than {limit} events; lower its knobs or set `limit:`"
    )]
    TooManyEvents {
        /// The campaign.
        campaign: String,
        /// The limit.
        limit: usize,
    },
    /// No hostile event, so nothing to detect.
    #[error("campaign `{campaign}` has no hostile event inside the log{notes}")]
    NoHostileEvent {
        /// The campaign.
        campaign: String,
        /// What the plan noted, with a leading `: `.
        notes: String,
    },
    /// t0 lies outside the scored interval.
    #[error(
        "campaign `{campaign}`: its first hostile event at {t0} lies outside the scored interval \
         {start} to {end}; lengthen the log or shorten its stages"
    )]
    OutsideScored {
        /// The campaign.
        campaign: String,
        /// Its first hostile event.
        t0: EventTime,
        /// First scored instant.
        start: EventTime,
        /// End of the log.
        end: EventTime,
    },
}

/// Plans one campaign. Accounts and applications that it brings are appended to the world.
///
/// The plan depends on the world's seed and population, the kind and the draw only, never on other
/// campaigns, though indices of appended accounts do.
///
/// # Errors
/// [`PlanError`] where the draw asks for what cannot be.
pub fn plan(
    kind: &AttackKind,
    draw: &CampaignDraw<'_>,
    world: &mut World,
) -> Result<CampaignPlan, PlanError> {
    let key = world.key.named("campaign").named(draw.name);
    let knobs = knobs::draw(kind, &draw.knobs, key.named("knob"));
    let pools = Resolver::new(world, kind, &draw.knobs, &knobs, key)
        .resolve()
        .map_err(|too_many| PlanError::TooManyAccounts {
            campaign: draw.name.to_owned(),
            message: too_many.0,
        })?;
    let mut planner = Planner::new(world, kind, draw, &knobs, pools, key);
    let (start, planned) = placement::place(&mut planner, draw)?;
    planner.start = start;
    let (plan, created) = truth::finish(&planner, draw, &planned)?;
    for (account, time) in created {
        let index = usize::try_from(account.0).unwrap_or(usize::MAX);
        if let Some(account) = world.directory.accounts.get_mut(index) {
            account.created = time;
        }
    }
    Ok(plan)
}

impl CampaignPlan {
    /// Moves origins and campaigns to where they stand in the whole run's lists.
    pub fn renumber(&mut self, first_campaign: u32, first_origin: u32) {
        for origin in &mut self.origins {
            if let Some(campaign) = &mut origin.caused_by {
                campaign.0 += first_campaign;
            }
        }
        for event in &mut self.events {
            if let Some(origin) = &mut event.origin {
                origin.0 += first_origin;
            }
        }
        for overlay in &mut self.overlays {
            overlay.move_origin(first_origin);
        }
    }

    /// Its events in `[from, to)`, by time and id.
    #[must_use]
    pub fn events_in(&self, from: EventTime, to: EventTime) -> &[Event] {
        let first = self.events.partition_point(|event| event.at < from);
        let last = self.events.partition_point(|event| event.at < to);
        &self.events[first..last.max(first)]
    }
}

/// Everything that planning reads.
pub(crate) struct Planner<'a> {
    pub(crate) name: String,
    pub(crate) world: &'a World,
    pub(crate) kind: &'a AttackKind,
    pub(crate) knobs: &'a KnobValues,
    pub(crate) pools: Pools,
    /// Place of the campaign.
    pub(crate) key: Key,
    /// Stages in the order in which they can be planned; traps' last.
    order: Vec<Arc<Stage>>,
    /// Stages that a guard or the scenario leaves out.
    inactive: Vec<Arc<Stage>>,
    /// The campaign's start in this pass.
    start: EventTime,
    pub(crate) limit: usize,
    pub(crate) defender_delay: TimeSpan,
    pub(crate) alert_factor: f64,
    transforms: Vec<Arc<dyn Transform>>,
}

impl<'a> Planner<'a> {
    fn new(
        world: &'a World,
        kind: &'a AttackKind,
        draw: &CampaignDraw<'_>,
        knobs: &'a KnobValues,
        pools: Pools,
        key: Key,
    ) -> Self {
        let traps = kind.traps().values().flat_map(|trap| &trap.stages);
        let all = kind.stages().values().chain(traps).map(|stage| {
            let mut stage = stage.clone();
            visit::stage_values(&mut stage, &mut |value, _| *value = value.resolve(knobs));
            Arc::new(stage)
        });
        let (active, inactive) = all.partition(|stage: &Arc<Stage>| {
            let name = stage.name.as_ref();
            let is_left_out = draw.without_stages.iter().any(|left_out| {
                let inner = name.strip_prefix(left_out.as_str());
                inner.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            holds(&stage.when, knobs) && !is_left_out
        });
        Planner {
            name: draw.name.to_owned(),
            world,
            kind,
            knobs,
            pools,
            key,
            order: in_order(active),
            inactive,
            start: world.calendar.start,
            limit: draw.limit.unwrap_or(MOST_EVENTS),
            defender_delay: draw.defender_delay,
            alert_factor: draw.alert_factor,
            transforms: draw.transforms.clone(),
        }
    }

    pub(crate) fn start(&self) -> EventTime {
        self.start
    }

    pub(crate) fn stage_key(&self, stage: &Stage) -> Key {
        self.key.named("stage").named(&stage.name)
    }

    pub(crate) fn is_active(&self, name: &str) -> bool {
        self.order.iter().any(|stage| &*stage.name == name)
    }

    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        let mut all = self.order.iter().chain(&self.inactive);
        all.find(|stage| &*stage.name == name).map(AsRef::as_ref)
    }

    /// The trap that a stage belongs to.
    pub(crate) fn trap_of(&self, stage: &str) -> Option<Arc<str>> {
        let traps = self.kind.traps().iter();
        let mut owners =
            traps.filter(|(_, trap)| trap.stages.iter().any(|own| &*own.name == stage));
        owners.next().map(|(name, _)| Arc::clone(name))
    }

    /// The only active pool of a list; the name itself where it is no pool (`own`).
    pub(crate) fn active_pool(&self, names: &[Name]) -> Option<Arc<str>> {
        let active = names
            .iter()
            .find(|name| self.pools.get(&name.value).is_some());
        active.or(names.first()).map(|name| Arc::clone(&name.value))
    }

    /// How a things pool is dealt.
    pub(crate) fn deal_of(&self, pool: &str) -> Option<Deal> {
        let mut deal = emit::deal_of(&self.kind.cast().get(pool)?.body)?;
        if let Deal::Every(life) = &mut deal {
            *life = life.resolve(self.knobs);
        }
        Some(deal)
    }

    /// Plans every stage from a start.
    fn pass(&mut self, start: EventTime) -> Draft {
        self.start = start;
        let mut draft = Draft::default();
        let mut end = None;
        for is_second in [false, true] {
            let frame = Frame { start, end };
            for stage in &self.order {
                let until_end = matches!(stage.until, Some(Until::End));
                if is_second && !until_end {
                    continue;
                }
                let planned = self.stage_draft(stage, &draft, frame);
                match draft
                    .stages
                    .iter_mut()
                    .find(|old| old.stage.name == stage.name)
                {
                    Some(old) => *old = planned,
                    None => draft.stages.push(planned),
                }
                if draft.events() > self.limit {
                    return draft;
                }
            }
            end = campaign_end(&draft);
        }
        for (number, transform) in (0u64..).zip(&self.transforms) {
            let key = self.key.named("transform").index(number);
            transform.apply(&mut draft, key, self.world);
        }
        draft
    }

    fn stage_draft(&self, stage: &Arc<Stage>, draft: &Draft, frame: Frame) -> StageDraft {
        if stage.alter.is_none() {
            return self.emit_stage(stage, draft, frame);
        }
        StageDraft {
            stage: Arc::clone(stage),
            runs: Vec::new(),
            events: Vec::new(),
            dropped: 0,
            trap: self.trap_of(&stage.name),
            altered: self.altered(stage, draft, frame),
        }
    }

    /// Whether the kind is a look-alike.
    pub(crate) fn is_look_alike(&self) -> bool {
        self.kind.label() == Label::HardNegative
    }
}

/// The last event of the stages that do not run until the campaign's end themselves.
fn campaign_end(draft: &Draft) -> Option<EventTime> {
    let stages = draft.stages.iter();
    let ending = stages.filter(|planned| !matches!(planned.stage.until, Some(Until::End)));
    ending
        .filter_map(|planned| planned.extent())
        .map(|(_, last)| last)
        .max()
}

/// Stages so that every anchor comes before what waits for it; otherwise as declared.
fn in_order(mut waiting: Vec<Arc<Stage>>) -> Vec<Arc<Stage>> {
    let mut ordered: Vec<Arc<Stage>> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |stage: &Arc<Stage>| {
            // An anchor that is not active passes on to its own; waiting for the first is enough,
            // as chains are short and the rest is declared before.
            stage
                .anchor
                .as_ref()
                .is_none_or(|anchor| !waiting.iter().any(|other| other.name == anchor.stage.value))
        };
        let Some(at) = waiting.iter().position(is_ready) else {
            // Cycles are faults of the file; nothing is lost by taking the rest as it is.
            ordered.append(&mut waiting);
            break;
        };
        ordered.push(waiting.remove(at));
    }
    ordered
}
