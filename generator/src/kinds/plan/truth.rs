//! Labels of a planned campaign: origins, extents, t0, and what the log's ends cut off.

use std::sync::Arc;

use livefire_labels::{Campaign, CampaignIndex, Class, Phase, StageExtent};
use livefire_schema::rules::RuleToken;
use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;

use super::draft::{Draft, StageDraft};
use super::overlay::Overlay;
use super::pools::Members;
use super::{CampaignDraw, CampaignPlan, PlanError, Planner};
use crate::event::{AccountRef, Action, Event, Origin, OriginRef, Outcome};
use crate::kinds::kind::AttackKind;
use crate::kinds::model::{Label, PoolChoice, Stage};
use crate::random::Key;

/// Stage name of the audit rows that make a campaign's accounts.
const CREATED: &str = "created";
/// Stage name of an earlier use of an address (`last_seen`).
const SEEN: &str = "last_seen";

/// The label of a stage's rows.
pub(crate) fn label_of(kind: &AttackKind, stage: &Stage) -> Label {
    stage.label.unwrap_or(kind.label())
}

/// Whether a stage's events are the attack itself.
pub(crate) fn is_hostile(kind: &AttackKind, stage: &Stage) -> bool {
    phase_of(kind, stage) == Phase::Hostile
}

fn phase_of(kind: &AttackKind, stage: &Stage) -> Phase {
    let acts = matches!(
        stage.action,
        Some(
            Action::Request | Action::ToolCall | Action::KeyCall | Action::SignIn | Action::Change
        )
    );
    let default = if acts && label_of(kind, stage) == Label::Attack {
        Phase::Hostile
    } else {
        Phase::Preparation
    };
    stage.phase.unwrap_or(default)
}

/// Collects origins and the events that carry them.
struct Truth<'a, 'b> {
    planner: &'a Planner<'b>,
    campaigns: Vec<Arc<str>>,
    origins: Vec<Origin>,
    events: Vec<Event>,
}

impl Truth<'_, '_> {
    /// The position of the campaign of a stage: 0 for an attack, the trap's for a trap.
    fn campaign_of(&self, trap: Option<&Arc<str>>) -> Option<u32> {
        match trap {
            Some(trap) => {
                let at = self.campaigns.iter().position(|name| name == trap)?;
                u32::try_from(at).ok()
            }
            None => (!self.planner.is_look_alike()).then_some(0),
        }
    }

    fn origin(
        &mut self,
        name: &str,
        label: Label,
        phase: Phase,
        planned: &StageDraft,
    ) -> OriginRef {
        let caused_by = self.campaign_of(planned.trap.as_ref());
        let kind = self.planner.kind;
        let class = match (label, caused_by) {
            (Label::Attack, Some(_)) => Class::Campaign,
            (Label::Attack | Label::HardNegative, None) => Class::HardNegative,
            // A trap's stage without a label of its own is an attack.
            (Label::HardNegative, Some(_)) => Class::Campaign,
            (Label::Cover | Label::Benign, _) => Class::Benign,
        };
        let technique = planned.stage.technique.as_ref();
        let origin = Origin {
            class,
            caused_by: caused_by.map(CampaignIndex),
            hard_negative: caused_by.is_none().then(|| kind.id().to_owned()),
            phase: if caused_by.is_none() {
                Phase::Preparation
            } else {
                phase
            },
            stage: name.to_owned(),
            kind: kind.id().to_owned(),
            technique: technique.map_or(String::new(), |id| id.value.to_string()),
        };
        let at = self.origins.iter().position(|known| *known == origin);
        let at = at.unwrap_or_else(|| {
            self.origins.push(origin);
            self.origins.len() - 1
        });
        OriginRef(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn stage_origin(&mut self, planned: &StageDraft) -> OriginRef {
        let kind = self.planner.kind;
        let (label, phase) = (
            label_of(kind, &planned.stage),
            phase_of(kind, &planned.stage),
        );
        let name = Arc::clone(&planned.stage.name);
        self.origin(&name, label, phase, planned)
    }

    fn push(&mut self, mut event: Event, origin: OriginRef) {
        event.origin = Some(origin);
        self.events.push(event);
    }
}

/// Labels a placed draft and cuts it to the log; also gives when each made account was made.
pub(crate) fn finish(
    planner: &Planner<'_>,
    draw: &CampaignDraw<'_>,
    draft: &Draft,
) -> Result<(CampaignPlan, Vec<(AccountRef, EventTime)>), PlanError> {
    let campaigns: Vec<Arc<str>> = if planner.is_look_alike() {
        draw.traps
            .iter()
            .map(|trap| Arc::from(trap.as_str()))
            .collect()
    } else {
        vec![Arc::from(draw.name)]
    };
    let mut truth = Truth {
        planner,
        campaigns,
        origins: Vec::new(),
        events: Vec::new(),
    };
    let mut notes = planner.pools.notes.clone();
    let mut overlays = Vec::new();
    for planned in &draft.stages {
        let is_off = planned
            .trap
            .as_ref()
            .is_some_and(|trap| !truth.campaigns.contains(trap));
        if is_off {
            continue;
        }
        let origin = truth.stage_origin(planned);
        if planned.dropped > 0 {
            notes.push(format!(
                "stage `{}`: {} events cut off by their window or end",
                planned.stage.name, planned.dropped
            ));
        }
        if planned.stage.alter.is_some() {
            overlays.extend(Overlay::new(planner, planned, origin));
            continue;
        }
        for event in &planned.events {
            truth.push(event.event.clone(), origin);
        }
        for alert in planner.alerts(planned) {
            truth.push(alert, origin);
        }
    }
    let made = truth.account_creations(draft);
    truth.earlier_uses(draft);
    let log = planner.world.calendar;
    let whole = truth.campaign_list(draw)?;
    truth
        .events
        .retain(|event| log.start <= event.at && event.at < log.end());
    truth
        .events
        .sort_by_key(|event| (event.at, event.id.bits()));
    let plan = CampaignPlan {
        name: draw.name.to_owned(),
        kind: planner.kind.id().to_owned(),
        events: truth.events,
        origins: truth.origins,
        campaigns: whole,
        overlays,
        notes,
    };
    Ok((plan, made))
}

impl Truth<'_, '_> {
    /// The audit event of every account that the campaign made, `age` before its first event.
    fn account_creations(&mut self, draft: &Draft) -> Vec<(AccountRef, EventTime)> {
        let first = first_events(&self.events);
        let mut made = Vec::new();
        for (account, age) in self.planner.pools.new_accounts.clone() {
            let Some(at) = first.get(&account) else {
                continue;
            };
            let Some(planned) = stage_of(draft, account) else {
                continue;
            };
            let kind_label = self.planner.kind.label();
            let origin = self.origin(CREATED, kind_label, Phase::Preparation, planned);
            let who = self.planner.world.account(account);
            let key = self.planner.key.named(CREATED).named(&who.object_id);
            made.push((account, *at - age));
            let event = plain_event(key, *at - age, Action::Change, Outcome::AccountCreated);
            let address = who.homes.first().copied().unwrap_or(who.carrier);
            self.push(
                Event {
                    account: Some(account),
                    address,
                    ..event(address)
                },
                origin,
            );
        }
        made
    }

    /// One request from each address with `last_seen`, that long before its first use.
    fn earlier_uses(&mut self, draft: &Draft) {
        let planner = self.planner;
        let mut found: Vec<(Event, usize)> = Vec::new();
        for (number, planned) in draft.stages.iter().enumerate() {
            let Some(PoolChoice::Active(names)) = &planned.stage.from else {
                continue;
            };
            let pool = planner.active_pool(names);
            let Some(Members::Addresses(addresses)) =
                pool.as_ref().and_then(|pool| planner.pools.get(pool))
            else {
                continue;
            };
            let Some(age) = &addresses.pool.last_seen else {
                continue;
            };
            for draft in &planned.events {
                let event = &draft.event;
                let is_known = found.iter().any(|(known, _)| {
                    known.account == event.account && known.address == event.address
                });
                let (Some(account), false) = (event.account, is_known) else {
                    continue;
                };
                let who = planner.world.account(account);
                let key = planner.key.named(SEEN).named(&who.object_id);
                let at = event.at - age.span(addresses.key.named(SEEN));
                let application = planner.world.usual_application(who, key);
                let set = planner
                    .world
                    .application(application)
                    .prompt_sets
                    .first()
                    .copied();
                let seen = plain_event(key, at, Action::Request, Outcome::Pass);
                let seen = Event {
                    account: Some(account),
                    application: Some(application),
                    deployment: Some(planner.world.usual_deployment(application, key)),
                    prompt: set.map(|set| super::members::drawn(set, key, planner.world)),
                    ..seen(event.address)
                };
                found.push((seen, number));
            }
        }
        for (event, number) in found {
            let planned = &draft.stages[number];
            let origin = self.origin(SEEN, Label::Benign, Phase::Preparation, planned);
            self.push(event, origin);
        }
    }

    /// The campaigns as they happened; an error where one cannot be scored.
    fn campaign_list(&self, draw: &CampaignDraw<'_>) -> Result<Vec<Campaign>, PlanError> {
        let planner = self.planner;
        let mut list = Vec::new();
        for (index, name) in (0u32..).zip(&self.campaigns) {
            let (id, expected, may) = if planner.is_look_alike() {
                let trap = planner.kind.traps().get(name);
                let must = trap.map_or(Vec::new(), |trap| trap.must_fire.clone());
                (format!("{}/{name}", draw.name), must, Vec::new())
            } else {
                let expected = planner.kind.expected();
                (
                    draw.name.to_owned(),
                    expected.fires.clone(),
                    expected.may.clone(),
                )
            };
            list.push(self.campaign(index, id, expected, may)?);
        }
        Ok(list)
    }

    fn campaign(
        &self,
        index: u32,
        id: String,
        expected: Vec<RuleToken>,
        may: Vec<RuleToken>,
    ) -> Result<Campaign, PlanError> {
        let calendar = self.planner.world.calendar;
        let is_own = |event: &&Event| {
            let origin = event.origin.and_then(|origin| self.origin_at(origin));
            origin.is_some_and(|origin| origin.caused_by == Some(CampaignIndex(index)))
        };
        let own: Vec<&Event> = self.events.iter().filter(is_own).collect();
        let is_hostile = |event: &&&Event| {
            let origin = event.origin.and_then(|origin| self.origin_at(origin));
            let is_phase = origin.is_some_and(|origin| origin.phase == Phase::Hostile);
            is_phase && event.action != Action::DefenderAlert
        };
        let hostile: Vec<&&Event> = own.iter().filter(is_hostile).collect();
        let inside = hostile.iter().filter(|event| event.at < calendar.end());
        let first = inside
            .clone()
            .min_by_key(|event| (event.at, event.id.bits()));
        let (Some(first), Some(last)) = (first, inside.map(|event| event.at).max()) else {
            let notes = self.planner.pools.notes.join("; ");
            let notes = if notes.is_empty() {
                notes
            } else {
                format!(": {notes}")
            };
            return Err(PlanError::NoHostileEvent {
                campaign: id,
                notes,
            });
        };
        if first.at < calendar.scored_start() {
            return Err(PlanError::OutsideScored {
                campaign: id,
                t0: first.at,
                start: calendar.scored_start(),
                end: calendar.end(),
            });
        }
        let actor = first
            .account
            .map(|account| self.planner.world.account(account));
        Ok(Campaign {
            id,
            kind: self.planner.kind.id().to_owned(),
            actor: actor.map_or(String::new(), |account| account.object_id.clone()),
            stages: self.extents(&own),
            expected,
            may,
            t0: first.at,
            t_end: last,
            cut: hostile.iter().any(|event| event.at >= calendar.end()),
        })
    }

    fn origin_at(&self, origin: OriginRef) -> Option<&Origin> {
        self.origins.get(usize::try_from(origin.0).ok()?)
    }

    /// Stages by their first event inside the log, alerts aside.
    fn extents(&self, own: &[&Event]) -> Vec<StageExtent> {
        let calendar = self.planner.world.calendar;
        let mut extents: Vec<StageExtent> = Vec::new();
        let inside = |event: &&&Event| {
            let is_inside = calendar.start <= event.at && event.at < calendar.end();
            is_inside && event.action != Action::DefenderAlert
        };
        for event in own.iter().filter(inside) {
            let origin = event.origin.and_then(|origin| self.origin_at(origin));
            let Some(name) = origin.map(|origin| &origin.stage) else {
                continue;
            };
            match extents.iter_mut().find(|extent| extent.name == *name) {
                Some(extent) => {
                    extent.first = extent.first.min(event.at);
                    extent.last = extent.last.max(event.at);
                    extent.events += 1;
                }
                None => extents.push(StageExtent {
                    name: name.clone(),
                    first: event.at,
                    last: event.at,
                    events: 1,
                }),
            }
        }
        extents.sort_by(|a, b| (a.first, &a.name).cmp(&(b.first, &b.name)));
        extents
    }
}

/// The instant of each account's first event.
fn first_events(events: &[Event]) -> FxHashMap<AccountRef, EventTime> {
    let mut first: FxHashMap<AccountRef, EventTime> = FxHashMap::default();
    for event in events {
        if let Some(account) = event.account {
            let entry = first.entry(account).or_insert(event.at);
            *entry = event.at.min(*entry);
        }
    }
    first
}

fn stage_of(draft: &Draft, account: AccountRef) -> Option<&StageDraft> {
    draft.stages.iter().find(|planned| {
        let mut events = planned.events.iter();
        events.any(|draft| draft.event.account == Some(account))
    })
}

fn plain_event(
    key: Key,
    at: EventTime,
    action: Action,
    outcome: Outcome,
) -> impl FnOnce(crate::event::Address) -> Event {
    move |address| Event {
        id: key.named("id"),
        at,
        action,
        outcome,
        account: None,
        address,
        application: None,
        deployment: None,
        resource: None,
        prompt: None,
        session: key.named("session"),
        origin: None,
        detail: None,
    }
}
