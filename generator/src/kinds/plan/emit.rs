//! One event of a run: who, from where, on what, with which prompt, outcome and fields.

mod fields;
mod retry;

use std::sync::Arc;

use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;

use self::fields::set_field;
pub(crate) use self::retry::retry_chain;
use super::Planner;
use super::members::{Asker, drawn, mutation, own_address, prompt_of};
use super::pools::Members;
use super::runs::RunStart;
use super::stage::{is_constant, outcome_value};
use crate::event::{
    AccountRef, Action, Address, ApplicationRef, DeploymentRef, Detail, Event, Outcome, ResourceRef,
};
use crate::kinds::model::{Deal, PoolBody, PoolChoice, SessionScope, Setting, Stage};
use crate::kinds::value::Value;
use crate::random::Key;
use crate::world::World;

/// Makes the events of one run.
pub(crate) struct Emitter<'a> {
    planner: &'a Planner<'a>,
    stage: &'a Stage,
    run: &'a RunStart,
    /// Events of the stage before this run.
    first: u64,
    outcomes: Value,
    set: FxHashMap<Arc<str>, &'a Setting>,
    who: &'a [Option<AccountRef>],
}

impl<'a> Emitter<'a> {
    /// For one run.
    pub(crate) fn new(
        planner: &'a Planner<'a>,
        stage: &'a Stage,
        run: &'a RunStart,
        first: u64,
    ) -> Self {
        let set = stage
            .set
            .iter()
            .map(|(name, setting)| (Arc::clone(&name.value), setting));
        let who = stage
            .who
            .as_ref()
            .map_or(&[][..], |who| planner.pools.accounts(&who.value));
        Emitter {
            planner,
            stage,
            run,
            first,
            outcomes: outcome_value(stage),
            set: set.collect(),
            who,
        }
    }

    fn world(&self) -> &'a World {
        self.planner.world
    }

    /// The acting account of an event, and its position in its pool.
    fn actor(&self, index: u64) -> (Option<AccountRef>, u64) {
        let iterated = self.stage.each.as_ref().or(self.stage.in_turn.as_ref());
        let is_over_accounts =
            iterated.is_some_and(|pool| !self.planner.pools.accounts(&pool.value).is_empty());
        if is_over_accounts {
            return (self.run.account, self.run.ordinal);
        }
        match self.who.len() as u64 {
            0 => (self.run.account, self.run.ordinal),
            // A child of an event of one of these accounts is its own.
            _ if self.run.parent.is_some() && self.who.contains(&self.run.account) => {
                (self.run.account, self.run.ordinal)
            }
            count => {
                let ordinal = (self.run.ordinal + index) % count;
                (self.who[usize::try_from(ordinal).unwrap_or(0)], ordinal)
            }
        }
    }

    /// The `index`-th of `count` events, at its instant.
    pub(crate) fn event(&self, index: u64, count: u64, at: EventTime) -> Event {
        let key = self.run.key.index(index).named("event");
        let (account, ordinal) = self.actor(index);
        let asker = Asker {
            account,
            ordinal,
            event: self.first + index,
            in_run: index,
            at,
            since: self.planner.start(),
            key,
            run: self.run.key,
        };
        let outcome = self.outcome(index, count, key);
        let action = self.stage.action.unwrap_or(Action::Request);
        let (application, deployment, resource) = self.target(action, &asker);
        let mut event = Event {
            id: key.named("id"),
            at,
            action,
            outcome,
            account,
            address: self.address(&asker),
            application,
            deployment,
            resource,
            prompt: self.prompt(action, application, &asker),
            session: self.session(key, account),
            origin: None,
            detail: None,
        };
        self.fields(&mut event, &asker);
        event
    }

    fn outcome(&self, index: u64, count: u64, key: Key) -> Outcome {
        if let Some(last) = self.stage.last.filter(|_| index + 1 == count) {
            return last;
        }
        if let Some(first) = self.stage.first.filter(|_| index == 0) {
            return first;
        }
        #[expect(clippy::cast_precision_loss, reason = "runs are short")]
        let progress = if count > 1 {
            index as f64 / (count - 1) as f64
        } else {
            0.0
        };
        self.drawn_outcome(key.named("outcome"), progress)
    }

    fn drawn_outcome(&self, key: Key, progress: f64) -> Outcome {
        let word = self.outcomes.word(key, progress);
        Outcome::from_name(&word).unwrap_or(Outcome::None)
    }

    /// A client's retries after a throttled or unavailable event.
    pub(crate) fn retries(&self, event: &Event, index: u64) -> Vec<Event> {
        let Some(retry) = &self.stage.retry else {
            return Vec::new();
        };
        let key = self.run.key.index(index).named("retry");
        let style = retry.word(key.named("style"), 0.0);
        retry_chain(&style, event, key, |key, before| {
            if is_constant(&self.outcomes) {
                before
            } else {
                self.drawn_outcome(key, 0.0)
            }
        })
    }

    fn address(&self, asker: &Asker) -> Address {
        let world = self.world();
        if let Some(iterated) = self.stage.each.as_ref().or(self.stage.in_turn.as_ref())
            && let Some(Members::Addresses(addresses)) = self.planner.pools.get(&iterated.value)
        {
            let account = asker.account;
            return addresses.at(
                self.run.ordinal,
                account,
                asker.at,
                world,
                &self.planner.pools,
            );
        }
        let pool = self
            .stage
            .from
            .as_ref()
            .and_then(|choice| self.pool(choice, asker, "from"));
        match pool {
            Some(name) => self.address_of(&name, asker),
            None => match (&self.run.parent, asker.account) {
                (Some(parent), _) => parent.address,
                (None, Some(account)) => own_address(world, account, asker.at),
                (None, None) => Address::new(std::net::Ipv4Addr::UNSPECIFIED.into()),
            },
        }
    }

    fn address_of(&self, name: &str, asker: &Asker) -> Address {
        match self.planner.pools.get(name) {
            Some(Members::Addresses(addresses)) => {
                addresses.member(asker, self.world(), &self.planner.pools)
            }
            // `own`, or a pool that no knob value makes active.
            _ => asker.account.map_or_else(
                || Address::new(std::net::Ipv4Addr::UNSPECIFIED.into()),
                |account| own_address(self.world(), account, asker.at),
            ),
        }
    }

    /// The pool of a choice: the active one of a list, or one by weight.
    fn pool(&self, choice: &PoolChoice, asker: &Asker, purpose: &str) -> Option<Arc<str>> {
        match choice {
            PoolChoice::Active(names) => self.planner.active_pool(names),
            PoolChoice::Weighted(value) => {
                Some(value.word(asker.run.named(purpose).named("pool"), 0.0))
            }
        }
    }

    /// A thing of a choice's pool: drawn once per run, or at each event with `deal`.
    fn thing(&self, choice: Option<&PoolChoice>, asker: &Asker, purpose: &str) -> Option<Thing> {
        let name = match choice {
            Some(PoolChoice::Weighted(value)) => {
                // Shares of traffic: each event takes its own.
                value.word(asker.key.named(purpose).named("pool"), 0.0)
            }
            Some(choice) => self.pool(choice, asker, purpose)?,
            None => return None,
        };
        let members = self.planner.pools.get(&name)?;
        let count = members.len().max(1);
        let place = asker.run.named(purpose);
        let index = match self.planner.deal_of(&name) {
            Some(Deal::Random) => asker.key.named(purpose).below(count),
            Some(Deal::PerEvent) => asker.event % count,
            Some(Deal::PerAccount) => asker.ordinal % count,
            Some(Deal::Every(life)) => {
                let life = life.span(place.named("life")).ticks().max(1);
                let passed = (asker.at - asker.since).ticks().max(0);
                u64::try_from(passed / life).unwrap_or(0) % count
            }
            None => place.below(count),
        };
        Thing::of(members, index)
    }

    /// The member that the stage runs over, where it runs over things.
    fn iterated_thing(&self) -> Option<Thing> {
        let pool = self.stage.each.as_ref().or(self.stage.in_turn.as_ref())?;
        Thing::of(self.planner.pools.get(&pool.value)?, self.run.ordinal)
    }

    fn target(
        &self,
        action: Action,
        asker: &Asker,
    ) -> (
        Option<ApplicationRef>,
        Option<DeploymentRef>,
        Option<ResourceRef>,
    ) {
        let world = self.world();
        let stage = self.stage;
        let parent = self.run.parent.as_ref();
        let iterated = self.iterated_thing();
        let own = |thing: Option<Thing>| thing.or(iterated);
        let application = match own(self.thing(stage.app.as_ref(), asker, "app")) {
            Some(Thing::Application(application)) => Some(application),
            _ => parent.and_then(|parent| parent.application),
        };
        let deployment = match own(self.thing(stage.deployment.as_ref(), asker, "deployment")) {
            Some(Thing::Deployment(deployment)) => Some(deployment),
            _ => parent.and_then(|parent| parent.deployment),
        };
        let resource = match own(self.thing(stage.resource.as_ref(), asker, "resource")) {
            Some(Thing::Resource(resource)) => Some(resource),
            _ => parent.and_then(|parent| parent.resource),
        };
        match action {
            Action::Request | Action::ToolCall | Action::SignIn => {
                let usual = || {
                    let account = world.account(asker.account?);
                    Some(world.usual_application(account, asker.run.named("usual")))
                };
                let application = application.or_else(usual);
                let usual = |application: ApplicationRef| {
                    world.usual_deployment(application, asker.key.named("usual"))
                };
                let deployment = match action {
                    Action::SignIn => deployment,
                    _ => deployment.or_else(|| application.map(usual)),
                };
                (application, deployment, resource)
            }
            Action::KeyCall => self.key_target(application, deployment, resource, asker),
            _ => (application, deployment, resource),
        }
    }

    /// What a key opens: one resource for the whole campaign, any of its deployments.
    fn key_target(
        &self,
        application: Option<ApplicationRef>,
        deployment: Option<DeploymentRef>,
        resource: Option<ResourceRef>,
        asker: &Asker,
    ) -> (
        Option<ApplicationRef>,
        Option<DeploymentRef>,
        Option<ResourceRef>,
    ) {
        let directory = &self.world().directory;
        let known = &directory.applications[..directory.population_applications];
        let count = known.len().saturating_sub(1).max(1) as u64;
        let drawn = self
            .planner
            .key
            .named("key")
            .index(asker.ordinal)
            .below(count);
        let fallback = known.get(usize::try_from(drawn).unwrap_or(0));
        let resource = resource.or_else(|| fallback.map(|application| application.resource));
        let deployments = known
            .iter()
            .find(|application| Some(application.resource) == resource)
            .map_or(&[][..], |application| &application.deployments);
        let at = asker
            .run
            .named("deployment")
            .below(deployments.len() as u64);
        let drawn = deployments.get(usize::try_from(at).unwrap_or(0)).copied();
        (application, deployment.or(drawn), resource)
    }

    fn prompt(
        &self,
        action: Action,
        application: Option<ApplicationRef>,
        asker: &Asker,
    ) -> Option<crate::event::Prompt> {
        let takes = matches!(action, Action::Request | Action::ToolCall | Action::KeyCall);
        if !takes {
            return None;
        }
        let world = self.world();
        let mut prompt = match &self.stage.prompts {
            Some(names) => {
                let names: Vec<Arc<str>> =
                    names.iter().map(|name| Arc::clone(&name.value)).collect();
                prompt_of(&names, asker, world, &self.planner.pools)
            }
            None if action == Action::KeyCall => None,
            None => {
                let sets = &world.application(application?).prompt_sets;
                let at = asker.key.named("set").below(sets.len() as u64);
                let set = sets.get(usize::try_from(at).unwrap_or(0)).copied()?;
                Some(drawn(set, asker.key.named("prompt"), world))
            }
        }?;
        if let Some(Setting::Value(value)) = self.set.get("mutate") {
            prompt.mutation = mutation(&value.word(asker.key.named("mutate"), 0.0));
        }
        Some(prompt)
    }

    fn session(&self, key: Key, account: Option<AccountRef>) -> Key {
        let with = |key: Key| {
            // An account's place in the directory may depend on other campaigns; its id does not.
            let id = account.map_or("", |account| {
                self.world().account(account).object_id.as_str()
            });
            key.named("session").named(id)
        };
        match (self.stage.session, &self.run.parent) {
            (None, Some(parent)) => parent.session,
            (None | Some(SessionScope::Run), _) => with(self.run.key),
            (Some(SessionScope::Event), _) => key.named("session"),
            (Some(SessionScope::Campaign), _) => with(self.planner.key),
        }
    }

    fn fields(&self, event: &mut Event, asker: &Asker) {
        let mut detail = Detail::default();
        for (field, setting) in &self.stage.set {
            match setting {
                Setting::Value(value) => set_field(&mut detail, field, value, asker.key, event),
                Setting::Pools(choice) if &*field.value == "source_ip" => {
                    if let Some(pool) = self.pool(choice, asker, "source_ip") {
                        detail.source_ip = Some(self.address_of(&pool, asker));
                    }
                }
                Setting::Pools(_) => {}
            }
        }
        if let Some(names) = &self.stage.payload {
            let names: Vec<Arc<str>> = names.iter().map(|name| Arc::clone(&name.value)).collect();
            let asker = Asker {
                key: asker.key.named("payload"),
                ..*asker
            };
            detail.payload = prompt_of(&names, &asker, self.world(), &self.planner.pools);
        }
        match event.action {
            Action::Indicator => {
                let address = event.address.ip().to_string();
                detail.indicator = Some(self.planner.key.named("indicator").named(&address));
            }
            Action::Row => detail.row = self.stage.table.as_ref().map(|t| t.value.to_string()),
            _ => {}
        }
        if detail != Detail::default() {
            event.detail = Some(Box::new(detail));
        }
    }
}

/// One thing of a pool.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Application(ApplicationRef),
    Deployment(DeploymentRef),
    Resource(ResourceRef),
}

impl Thing {
    fn of(members: &Members, index: u64) -> Option<Thing> {
        let index = usize::try_from(index).ok()?;
        match members {
            Members::Applications(list) => list.get(index).copied().map(Thing::Application),
            Members::Deployments(list) => list.get(index).copied().map(Thing::Deployment),
            Members::Resources(list) => list.get(index).copied().map(Thing::Resource),
            _ => None,
        }
    }
}

/// The deal of a things pool, which decides whether a run keeps its thing.
pub(crate) fn deal_of(body: &PoolBody) -> Option<Deal> {
    match body {
        PoolBody::Things(things) => things.deal.clone(),
        _ => None,
    }
}
