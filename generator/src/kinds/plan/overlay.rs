//! `alter`: a look-alike's changes to benign traffic.
//!
//! Each benign event is decided by its own id, so that overlays are independent of slices and
//! threads. An overlay never moves an event in time; it may change, drop or add.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;

use super::Planner;
use super::draft::StageDraft;
use super::emit::retry_chain;
use super::members::{Asker, prompt_of};
use super::pools::{Members, Pools};
use crate::benign;
use crate::event::{
    AccountRef, Action, ApplicationRef, DeploymentRef, Detail, Event, OriginRef, Outcome,
};
use crate::kinds::model::{KEEP, PoolChoice, Setting, Share};
use crate::kinds::value::Value;
use crate::random::Key;
use crate::world::World;

/// Events that an overlay adds lie at most this far behind the one they copy.
const COPY_SPREAD_SECONDS: f64 = 1200.0;

/// Whose traffic an overlay changes.
#[derive(Clone, Debug)]
pub enum Target {
    /// That of these accounts.
    Accounts(Vec<AccountRef>),
    /// That of these applications.
    Applications(Vec<ApplicationRef>),
    /// That on these deployments.
    Deployments(Vec<DeploymentRef>),
}

/// One `alter` stage, resolved.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Stage name.
    pub stage: String,
    /// Whose traffic.
    pub target: Target,
    /// When, in order.
    pub ranges: Vec<TimeRange>,
    origin: OriginRef,
    key: Key,
    start: EventTime,
    share: Option<Share>,
    volume: Option<Value>,
    is_drop: bool,
    outcomes: Option<Value>,
    retry: Option<Value>,
    address: Option<PoolChoice>,
    deployment: Option<PoolChoice>,
    prompts: Option<Vec<Arc<str>>>,
    values: Vec<(Arc<str>, Value)>,
    pools: Arc<Pools>,
    ordinals: FxHashMap<AccountRef, u64>,
}

impl Overlay {
    /// The overlay of a planned `alter` stage; `None` if its pool is empty or it never applies.
    pub(crate) fn new(
        planner: &Planner<'_>,
        planned: &StageDraft,
        origin: OriginRef,
    ) -> Option<Self> {
        let stage = &planned.stage;
        let pool = &stage.alter.as_ref()?.value;
        let target = match planner.pools.get(pool)? {
            Members::Accounts(list) => Target::Accounts(list.iter().flatten().copied().collect()),
            Members::Applications(list) => Target::Applications(list.clone()),
            Members::Deployments(list) => Target::Deployments(list.clone()),
            _ => return None,
        };
        let start = planned.altered.first()?.start;
        let mut overlay = Overlay {
            stage: stage.name.to_string(),
            ranges: planned.altered.clone(),
            origin,
            key: planner.stage_key(stage),
            start,
            share: stage.share.clone(),
            volume: stage.volume.clone(),
            is_drop: stage.is_drop,
            outcomes: stage.outcomes.clone(),
            retry: stage.retry.clone(),
            address: None,
            deployment: None,
            prompts: None,
            values: Vec::new(),
            pools: Arc::new(planner.pools.clone()),
            ordinals: match &target {
                Target::Accounts(list) => list.iter().copied().zip(0..).collect(),
                _ => FxHashMap::default(),
            },
            target,
        };
        for (field, setting) in &stage.set {
            match (&*field.value, setting) {
                ("address", Setting::Pools(choice)) => overlay.address = Some(choice.clone()),
                ("deployment", Setting::Pools(choice)) => overlay.deployment = Some(choice.clone()),
                ("prompts", Setting::Pools(PoolChoice::Active(names))) => {
                    overlay.prompts =
                        Some(names.iter().map(|name| Arc::clone(&name.value)).collect());
                }
                (_, Setting::Value(value)) => {
                    overlay
                        .values
                        .push((Arc::clone(&field.value), value.clone()));
                }
                _ => {}
            }
        }
        Some(overlay)
    }

    /// Position of its origin in the plan's list, before the plan is renumbered.
    pub(crate) fn origin_index(&self) -> usize {
        usize::try_from(self.origin.0).unwrap_or(usize::MAX)
    }

    pub(crate) fn move_origin(&mut self, first: u32) {
        self.origin.0 += first;
    }

    fn covers(&self, at: EventTime) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= at);
        after > 0 && self.ranges[after - 1].contains(at)
    }

    /// The share of traffic that is altered at an instant.
    fn share_at(&self, at: EventTime) -> f64 {
        let progress = |over: &Value| {
            let over = over.span(self.key.named("over")).seconds_f64().max(1e-9);
            ((at - self.start).seconds_f64() / over).clamp(0.0, 1.0)
        };
        match &self.share {
            None => 1.0,
            Some(Share::Fixed(share)) => share.number(self.key.named("share")),
            Some(Share::Ramp(from, to, over)) => from + (to - from) * progress(over),
            Some(Share::Steps(steps, over)) => {
                let word = steps.word(self.key.named("steps"), 0.0);
                let steps: Vec<f64> = word
                    .split('/')
                    .filter_map(|step| step.trim().parse().ok())
                    .collect();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    clippy::cast_sign_loss,
                    reason = "a position in a short list"
                )]
                let at = (progress(over) * steps.len() as f64) as usize;
                let step = steps.get(at.min(steps.len().saturating_sub(1)));
                step.copied().unwrap_or(100.0) / 100.0
            }
        }
    }

    /// Changes one benign event; `false` if it does not happen.
    fn apply(&self, event: &mut Event, added: &mut Vec<Event>, world: &World) -> bool {
        let key = self.key.named("event").index(event.id.bits());
        if !self.covers(event.at) || !key.named("share").chance(self.share_at(event.at)) {
            return true;
        }
        if self.is_drop {
            return false;
        }
        let asker = self.asker(event, key);
        let mut is_changed = false;
        if let Some(choice) = &self.address
            && let Some(Members::Addresses(addresses)) = self.members(choice, key)
        {
            event.address = addresses.member(&asker, world, &self.pools);
            is_changed = true;
        }
        if matches!(event.action, Action::Request | Action::ToolCall) {
            is_changed |= self.change_call(event, &asker, world);
            self.add_calls(event, key, added);
        }
        if is_changed {
            event.origin = Some(self.origin);
        }
        true
    }

    fn asker(&self, event: &Event, key: Key) -> Asker {
        let ordinal = event
            .account
            .and_then(|account| self.ordinals.get(&account));
        Asker {
            account: event.account,
            ordinal: ordinal.copied().unwrap_or(0),
            event: event.id.bits() >> 1,
            in_run: event.id.bits() >> 1,
            at: event.at,
            since: self.start,
            key,
            run: self.key,
        }
    }

    fn members(&self, choice: &PoolChoice, key: Key) -> Option<&Members> {
        match choice {
            PoolChoice::Active(names) => names.iter().find_map(|name| self.pools.get(&name.value)),
            PoolChoice::Weighted(value) => self.pools.get(&value.word(key.named("pool"), 0.0)),
        }
    }

    fn change_call(&self, event: &mut Event, asker: &Asker, world: &World) -> bool {
        let mut is_changed = false;
        if let Some(choice) = &self.deployment
            && let Some(Members::Deployments(list)) = self.members(choice, asker.key)
            && let Some(deployment) = list.first()
        {
            event.deployment = Some(*deployment);
            is_changed = true;
        }
        if let Some(names) = &self.prompts
            && let Some(prompt) = prompt_of(names, asker, world, &self.pools)
        {
            event.prompt = Some(prompt);
            is_changed = true;
        }
        if let Some(outcomes) = &self.outcomes {
            let word = outcomes.word(asker.key.named("outcome"), 0.0);
            if &*word != KEEP
                && let Some(outcome) = Outcome::from_name(&word)
            {
                event.outcome = outcome;
                is_changed = true;
            }
        }
        for (field, value) in &self.values {
            is_changed |= self.change_field(event, field, value, asker.key);
        }
        is_changed
    }

    fn change_field(&self, event: &mut Event, field: &str, value: &Value, key: Key) -> bool {
        let key = key.named("set").named(field);
        let whole = || u32::try_from(value.count(key)).unwrap_or(u32::MAX);
        let detail = event.detail.get_or_insert_with(Box::<Detail>::default);
        match field {
            "response_bytes" => detail.response_bytes = Some(whole()),
            "completion_tokens" => detail.completion_tokens = Some(whole()),
            "client" => detail.client = Some(value.word(key, 0.0).to_string()),
            "content_severity" => {
                let is_filtered = matches!(event.outcome, Outcome::Content | Outcome::Withheld);
                if !is_filtered {
                    return false;
                }
                detail.content_severity = u8::try_from(value.count(key)).ok();
            }
            "mutate" => {
                let word = value.word(key, 0.0);
                if let Some(prompt) = &mut event.prompt {
                    prompt.mutation = super::members::mutation(&word);
                }
            }
            _ => return false,
        }
        true
    }

    /// Retries of an altered outcome, and copies where the volume rises.
    fn add_calls(&self, event: &Event, key: Key, added: &mut Vec<Event>) {
        if let (Some(retry), Some(outcomes)) = (&self.retry, &self.outcomes) {
            let style = retry.word(key.named("style"), 0.0);
            let chain = retry_chain(&style, event, key.named("retry"), |key, _| {
                let word = outcomes.word(key, 0.0);
                Outcome::from_name(&word).unwrap_or(Outcome::Pass)
            });
            added.extend(chain.into_iter().map(|retry| Event {
                origin: Some(self.origin),
                ..retry
            }));
        }
        if let Some(volume) = &self.volume {
            let extra = (volume.number(self.key.named("volume")) - 1.0).max(0.0);
            let whole = extra.floor();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a factor is far below 2^32"
            )]
            let copies = whole as u64 + u64::from(key.named("copies").chance(extra - whole));
            for copy in 0..copies {
                let key = key.named("copy").index(copy);
                let after = TimeSpan::from_seconds_f64(COPY_SPREAD_SECONDS * key.uniform());
                let mut event = event.clone();
                event.id = key.named("id");
                event.at = event.at + after;
                event.origin = Some(self.origin);
                if let Some(prompt) = &mut event.prompt {
                    prompt.slots = key.named("slots");
                }
                added.push(event);
            }
        }
    }
}

impl benign::Overlay for OverlaySet {
    fn apply(&self, event: &mut Event, added: &mut Vec<Event>) -> benign::Verdict {
        if self.alter(event, added) {
            benign::Verdict::Keep
        } else {
            benign::Verdict::Drop
        }
    }
}

/// All overlays of a run, by whom they concern.
#[derive(Clone, Debug)]
pub struct OverlaySet {
    world: Arc<World>,
    overlays: Vec<Overlay>,
    accounts: FxHashMap<AccountRef, Vec<usize>>,
    applications: FxHashMap<ApplicationRef, Vec<usize>>,
    deployments: FxHashMap<DeploymentRef, Vec<usize>>,
}

impl OverlaySet {
    /// Overlays in scenario order; of two that set one field the later wins.
    #[must_use]
    pub fn new(world: Arc<World>, overlays: Vec<Overlay>) -> Self {
        let mut set = OverlaySet {
            world,
            overlays: Vec::new(),
            accounts: FxHashMap::default(),
            applications: FxHashMap::default(),
            deployments: FxHashMap::default(),
        };
        for (index, overlay) in overlays.iter().enumerate() {
            match &overlay.target {
                Target::Accounts(list) => {
                    for account in list {
                        set.accounts.entry(*account).or_default().push(index);
                    }
                }
                Target::Applications(list) => {
                    for application in list {
                        set.applications
                            .entry(*application)
                            .or_default()
                            .push(index);
                    }
                }
                Target::Deployments(list) => {
                    for deployment in list {
                        set.deployments.entry(*deployment).or_default().push(index);
                    }
                }
            }
        }
        set.overlays = overlays;
        set
    }

    /// Whether nothing is altered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.overlays.is_empty()
    }

    /// Changes, drops (`false`) or adds to one benign event.
    pub fn alter(&self, event: &mut Event, added: &mut Vec<Event>) -> bool {
        let is_traffic = matches!(
            event.action,
            Action::Request
                | Action::ToolCall
                | Action::SignIn
                | Action::TokenRefresh
                | Action::Logon
        );
        if !is_traffic || event.origin.is_some() {
            return true;
        }
        let mut concerned: Vec<usize> = Vec::new();
        if let Some(list) = event
            .account
            .and_then(|account| self.accounts.get(&account))
        {
            concerned.extend(list);
        }
        if let Some(list) = event
            .application
            .and_then(|app| self.applications.get(&app))
        {
            concerned.extend(list);
        }
        if let Some(list) = event.deployment.and_then(|one| self.deployments.get(&one)) {
            concerned.extend(list);
        }
        concerned.sort_unstable();
        concerned
            .into_iter()
            .all(|index| self.overlays[index].apply(event, added, &self.world))
    }
}
