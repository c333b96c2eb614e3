//! Scenario → event source: the world, benign traffic and campaigns put together.
//!
//! Look-alikes and campaigns are planned one after another, in the order of the file; each plan is
//! a pure function of (seed, name, kind, knobs), so that leaving one out moves no other byte.

use std::sync::Arc;

use livefire_labels::{Campaign, Payload, SourceError};
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use crate::benign::{self, Benign, Overlay};
use crate::emit::{EventProducer, Generation, GeneratorSource};
use crate::evasions::Tactics;
use crate::event::{Event, Origin};
use crate::kinds::AttackLibrary;
use crate::kinds::plan::overlay::OverlaySet;
use crate::kinds::plan::{self, CampaignDraw, CampaignPlan, PlanError};
use crate::scenario::{Entry, Scenario};
use crate::world::World;

/// Actors that one task simulates; fixed, so that batches do not depend on threads.
const ACTORS_PER_PART: u32 = 64;

/// What a call decides beside the scenario.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Only rows ingested in this window.
    pub window: Option<TimeRange>,
    /// Campaigns left out, by name (`spray-2`, `nat_office_ip/real_injector`): W∖c.
    pub without: Vec<String>,
}

/// Everything that a scenario plans, before any benign event is simulated.
#[derive(Debug)]
pub struct Plan {
    world: Arc<World>,
    plans: Vec<CampaignPlan>,
    scenario: String,
    telemetry: crate::settings::Telemetry,
    /// What was clamped, dropped or cut, by campaign.
    pub notes: Vec<String>,
}

/// Why a checked scenario cannot be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// A campaign cannot be planned in this world; the entry's place goes first.
    #[error("{file}:{line}:{column} {error}")]
    Plan {
        /// Scenario file.
        file: String,
        /// Line of the entry, from 1.
        line: u32,
        /// Column of the entry, from 1.
        column: u32,
        /// What is impossible.
        error: PlanError,
    },
    /// An entry's knobs or evasions are wrong, which checking the scenario rules out.
    #[error("{0}")]
    Faults(String),
    /// [`Options::without`] names no campaign of the scenario.
    #[error("no campaign `{name}`; the scenario has: {known}")]
    UnknownCampaign {
        /// What was asked.
        name: String,
        /// Its campaigns, comma-separated.
        known: String,
    },
    /// The source cannot start.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Plans a scenario.
///
/// # Errors
/// [`AssembleError`] for the first campaign that cannot be.
pub fn plan(
    scenario: &Scenario,
    library: &AttackLibrary,
    options: &Options,
) -> Result<Plan, AssembleError> {
    let calendar = scenario.calendar();
    let mut world = World::build(
        scenario.seed(),
        scenario.population(),
        scenario.benign(),
        &calendar,
    );
    use_own_prompts(&mut world, scenario.prompt_lines());
    let mut plans = Vec::new();
    let mut known = Vec::new();
    for entry in scenario.look_alikes().iter().chain(scenario.campaigns()) {
        for name in entry.names() {
            plan_one(
                entry, name, scenario, library, options, &mut world, &mut plans, &mut known,
            )?;
        }
    }
    if let Some(name) = options.without.iter().find(|name| !known.contains(name)) {
        return Err(AssembleError::UnknownCampaign {
            name: name.clone(),
            known: known.join(", "),
        });
    }
    let notes = plans
        .iter()
        .flat_map(|plan| {
            plan.notes
                .iter()
                .map(move |note| format!("{}: {note}", plan.name))
        })
        .collect();
    Ok(Plan {
        world: Arc::new(world),
        plans,
        scenario: scenario.name().to_owned(),
        telemetry: scenario.telemetry().clone(),
        notes,
    })
}

impl Plan {
    /// The world, with what campaigns appended to its directory.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Every campaign, traps included, in the order of labels.
    pub fn campaigns(&self) -> impl Iterator<Item = &Campaign> {
        self.plans.iter().flat_map(|plan| &plan.campaigns)
    }

    /// The plans of look-alikes and campaigns.
    #[must_use]
    pub fn plans(&self) -> &[CampaignPlan] {
        &self.plans
    }

    /// What events carry that no log shows, by campaign and time. To be asked before the plan is a
    /// source.
    #[must_use]
    pub fn payloads(&self) -> Vec<Payload> {
        let all = self.plans.iter().flat_map(|plan| {
            let events = plan.events.iter();
            events.filter_map(move |event| self.payload(plan, event))
        });
        all.collect()
    }

    fn payload(&self, plan: &CampaignPlan, event: &Event) -> Option<Payload> {
        let hidden = event.detail.as_ref()?.payload.as_ref()?;
        let origin = plan.origins.get(usize::try_from(event.origin?.0).ok()?)?;
        let campaign = origin
            .caused_by
            .and_then(|campaign| plan.campaigns.get(usize::try_from(campaign.0).ok()?));
        let mut text = String::new();
        self.world.prompts.render(hidden, &mut text);
        let actor = event.account.map(|account| self.world.account(account));
        Some(Payload {
            campaign: campaign.map_or_else(|| plan.name.clone(), |campaign| campaign.id.clone()),
            stage: origin.stage.clone(),
            request_id: crate::recipes::request_id(event).to_string(),
            time: event.at,
            actor: actor.map_or_else(String::new, |actor| actor.object_id.clone()),
            payload: text,
        })
    }

    /// The event source of the plan.
    ///
    /// # Errors
    /// [`AssembleError::Source`] if threads cannot be started.
    pub fn source(
        self,
        schema: &Arc<Schema>,
        options: &Options,
    ) -> Result<GeneratorSource, AssembleError> {
        let payloads = self.payloads();
        let mut producers: Vec<Box<dyn EventProducer>> = Vec::new();
        let mut origins: Vec<Origin> = Vec::new();
        let mut campaigns: Vec<Campaign> = Vec::new();
        let mut overlays = Vec::new();
        for mut plan in self.plans {
            let first = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
            plan.renumber(first(campaigns.len()), first(origins.len()));
            origins.append(&mut plan.origins);
            campaigns.append(&mut plan.campaigns);
            overlays.append(&mut plan.overlays);
            producers.push(Box::new(plan.events));
        }
        let set = OverlaySet::new(Arc::clone(&self.world), overlays);
        let overlay: Option<Box<dyn Overlay + Send>> = if set.is_empty() {
            None
        } else {
            Some(Box::new(set))
        };
        producers.push(Box::new(BenignTraffic::new(
            Arc::clone(&self.world),
            overlay,
        )));
        let generation = Generation {
            scenario: self.scenario,
            world: self.world,
            schema: Arc::clone(schema),
            producers,
            origins,
            campaigns,
            telemetry: self.telemetry,
            threads: options.threads,
            window: options.window,
        };
        Ok(GeneratorSource::new(generation)?.with_payloads(payloads))
    }
}

/// Lets people write what the scenario's own file of prompts says.
fn use_own_prompts(world: &mut World, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let p_fail = world.mean_failure();
    let set = world.prompts.add_file(lines, p_fail);
    for application in &mut world.directory.applications {
        application.prompt_sets = vec![set];
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one step of a loop, split off for its length"
)]
fn plan_one(
    entry: &Entry,
    name: &str,
    scenario: &Scenario,
    library: &AttackLibrary,
    options: &Options,
    world: &mut World,
    plans: &mut Vec<CampaignPlan>,
    known: &mut Vec<String>,
) -> Result<(), AssembleError> {
    let spec = entry.spec();
    let Some(kind) = library.get(entry.kind()) else {
        return Ok(());
    };
    let is_attack = kind.label() == crate::kinds::model::Label::Attack;
    let mut traps: Vec<String> = spec.traps.iter().map(|trap| trap.value.clone()).collect();
    known.extend(traps.iter().map(|trap| format!("{name}/{trap}")));
    traps.retain(|trap| !options.without.contains(&format!("{name}/{trap}")));
    if is_attack {
        known.push(name.to_owned());
        if options.without.iter().any(|left_out| left_out == name) {
            return Ok(());
        }
    }
    let faults = spec.faults();
    let tactics = Tactics::read(kind, spec, &faults);
    if faults.has_errors() {
        return Err(AssembleError::Faults(faults.to_string()));
    }
    let default_delay = CampaignDraw::new(name).defender_delay;
    let draw = CampaignDraw {
        knobs: kind.overrides(&spec.knobs, &faults),
        without_stages: spec
            .without_stages
            .iter()
            .map(|stage| stage.value.clone())
            .collect(),
        at: entry.at(),
        traps,
        transforms: tactics.transforms(),
        alert_factor: tactics.alert_factor(),
        defender_delay: scenario.telemetry().defender_delay.unwrap_or(default_delay),
        limit: spec
            .limit
            .map(|limit| usize::try_from(limit.value).unwrap_or(usize::MAX)),
        ..CampaignDraw::new(name)
    };
    let mut planned = plan::plan(kind, &draw, world).map_err(|error| AssembleError::Plan {
        file: spec.file.to_string(),
        line: spec.span.line,
        column: spec.span.column,
        error,
    })?;
    tactics.finish(&mut planned, world);
    world.announce(&planned.events);
    plans.push(planned);
    Ok(())
}

/// Benign traffic as a producer: one part for every few actors.
pub struct BenignTraffic {
    world: Arc<World>,
    overlay: Option<Box<dyn Overlay + Send>>,
    actors: u32,
}

impl BenignTraffic {
    /// The traffic of a world, as look-alikes' overlays leave it.
    #[must_use]
    pub fn new(world: Arc<World>, overlay: Option<Box<dyn Overlay + Send>>) -> Self {
        let actors = Benign::new(&world).actors();
        BenignTraffic {
            world,
            overlay,
            actors,
        }
    }
}

impl std::fmt::Debug for BenignTraffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BenignTraffic")
            .field("actors", &self.actors)
            .finish_non_exhaustive()
    }
}

impl EventProducer for BenignTraffic {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        (0..self.parts())
            .flat_map(|part| self.part_events(part, from, to))
            .collect()
    }

    fn parts(&self) -> usize {
        usize::try_from(self.actors.div_ceil(ACTORS_PER_PART)).unwrap_or(1)
    }

    fn part_events(&self, part: usize, from: EventTime, to: EventTime) -> Vec<Event> {
        let first = u32::try_from(part)
            .unwrap_or(u32::MAX)
            .saturating_mul(ACTORS_PER_PART);
        let actors = first..first.saturating_add(ACTORS_PER_PART).min(self.actors);
        let overlay = self
            .overlay
            .as_deref()
            .map(|overlay| overlay as &dyn Overlay);
        let traffic = Benign::new(&self.world);
        let day = TimeSpan::from_days(1);
        let origin = self.world.calendar.start.bin(day);
        let mut events = Vec::new();
        let mut start = from.bin(day);
        while start < to {
            let index = (start - origin).ticks() / day.ticks();
            events.append(&mut traffic.day(index, actors.clone(), overlay));
            start = start + day;
        }
        events
    }

    fn horizon(&self) -> TimeSpan {
        benign::horizon()
    }
}
