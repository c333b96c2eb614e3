//! Every value and every pool name of stages and pools, with what its place takes.
//!
//! Renaming while inlining and checking both go through here, so neither can forget a key.

use super::model::{
    AlertRule, Days, Deal, Gap, Hours, Name, Pool, PoolBody, PoolChoice, Setting, Share, Stage,
    Until,
};
use super::place::Place;
use super::value::{Kind, Value};
use super::vocabulary;

/// The type of a pool's members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PoolType {
    /// Accounts.
    Accounts,
    /// Addresses.
    Addresses,
    /// Applications.
    Applications,
    /// Deployments.
    Deployments,
    /// Resources.
    Resources,
    /// Texts.
    Texts,
}

impl PoolType {
    /// How messages call it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            PoolType::Accounts => "accounts",
            PoolType::Addresses => "addresses",
            PoolType::Applications => "applications",
            PoolType::Deployments => "deployments",
            PoolType::Resources => "resources",
            PoolType::Texts => "texts",
        }
    }
}

/// What a pool name in some place may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PoolPlace {
    /// A pool of this type.
    Of(PoolType),
    /// A pool of addresses, or `own`.
    AddressesOrOwn,
    /// A texts pool or a prompt set.
    TextsOrSet,
    /// Members that a stage can run for: anything but texts.
    Members,
    /// What `alter` changes: accounts, applications or deployments.
    Alterable,
}

type SeeValue<'a> = dyn FnMut(&mut Value, Place) + 'a;
type SeePool<'a> = dyn FnMut(&mut Name, PoolPlace) + 'a;

/// Visits the values of a stage; those that fix a used kind's knobs are left to inlining.
pub(crate) fn stage_values(stage: &mut Stage, see: &mut SeeValue<'_>) {
    let mut maybe = |value: &mut Option<Value>, place| {
        if let Some(value) = value {
            see(value, place);
        }
    };
    maybe(&mut stage.outcomes, Place::of(Kind::Word));
    maybe(&mut stage.delay, Place::shift());
    maybe(&mut stage.chance, Place::of(Kind::Share));
    maybe(&mut stage.count, Place::count(0.0));
    maybe(&mut stage.over, Place::span());
    maybe(&mut stage.retry, Place::of(Kind::Word));
    maybe(&mut stage.volume, Place::number(1000.0));
    for factor in &mut stage.scale {
        see(factor, Place::number(1000.0));
    }
    if let Some(gap) = &mut stage.gap {
        gap_values(gap, see);
    }
    if let Some(Until::Span(span)) = &mut stage.until {
        see(span, Place::span());
    }
    if let Some(Hours::Window(window)) = &mut stage.hours {
        see(window, Place::of(Kind::Window));
    }
    if let Some(Days::Count(days)) = &mut stage.days {
        see(days, Place::new(Kind::Integer, 0.0, 800.0));
    }
    for (field, setting) in &mut stage.set {
        match setting {
            Setting::Value(value) => see(value, field_place(&field.value)),
            Setting::Pools(PoolChoice::Weighted(value)) => see(value, Place::of(Kind::Word)),
            Setting::Pools(PoolChoice::Active(_)) => {}
        }
    }
    for choice in [
        &mut stage.from,
        &mut stage.app,
        &mut stage.deployment,
        &mut stage.resource,
    ] {
        if let Some(PoolChoice::Weighted(value)) = choice {
            see(value, Place::of(Kind::Word));
        }
    }
    for alert in stage.alerts.iter_mut().flatten() {
        alert_values(alert, see);
    }
    match &mut stage.share {
        Some(Share::Fixed(value)) => see(value, Place::of(Kind::Share)),
        Some(Share::Ramp(_, _, over)) => see(over, Place::span()),
        Some(Share::Steps(steps, over)) => {
            see(steps, Place::of(Kind::Word));
            see(over, Place::span());
        }
        None => {}
    }
}

/// The place of a `set:` field; table columns take any literal, checked apart.
pub(crate) fn field_place(field: &str) -> Place {
    let known = vocabulary::FIELDS.iter().find(|(name, _)| *name == field);
    known.map_or(Place::of(Kind::Word), |(_, place)| *place)
}

fn gap_values(gap: &mut Gap, see: &mut SeeValue<'_>) {
    match gap {
        Gap::Human | Gap::Script | Gap::Spread => {}
        Gap::Drawn(value) => see(value, Place::span()),
        Gap::Fixed { every, jitter } => {
            see(every, Place::span());
            see(jitter, Place::number(10.0));
        }
        Gap::Growing {
            first,
            factor,
            jitter,
        } => {
            see(first, Place::span());
            see(factor, Place::number(1000.0));
            see(jitter, Place::number(10.0));
        }
        Gap::Rate { peak, climb, .. } => {
            see(peak, Place::number(1e6));
            if let Some(climb) = climb {
                see(climb, Place::span());
            }
        }
    }
}

fn alert_values(alert: &mut AlertRule, see: &mut SeeValue<'_>) {
    for (value, place) in [
        (&mut alert.chance, Place::of(Kind::Share)),
        (&mut alert.nth, Place::count(1.0)),
        (&mut alert.max, Place::count(0.0)),
        (&mut alert.delay, Place::span()),
    ] {
        if let Some(value) = value {
            see(value, place);
        }
    }
}

/// Visits the pool names of a stage; weighted choices name pools in their words and are visited
/// by [`weighted_pools`].
pub(crate) fn stage_pools(stage: &mut Stage, see: &mut SeePool<'_>) {
    use PoolPlace as P;
    for (name, place) in [
        (&mut stage.alter, P::Alterable),
        (&mut stage.who, P::Of(PoolType::Accounts)),
        (&mut stage.each, P::Members),
        (&mut stage.in_turn, P::Members),
    ] {
        if let Some(name) = name {
            see(name, place);
        }
    }
    for (choice, place) in [
        (&mut stage.from, P::AddressesOrOwn),
        (&mut stage.app, P::Of(PoolType::Applications)),
        (&mut stage.deployment, P::Of(PoolType::Deployments)),
        (&mut stage.resource, P::Of(PoolType::Resources)),
    ] {
        if let Some(choice) = choice {
            choice_pools(choice, place, see);
        }
    }
    for names in [&mut stage.prompts, &mut stage.payload] {
        for name in names.iter_mut().flatten() {
            see(name, P::TextsOrSet);
        }
    }
    for (field, setting) in &mut stage.set {
        if let Setting::Pools(choice) = setting {
            let place = match &*field.value {
                "deployment" => P::Of(PoolType::Deployments),
                "prompts" => P::TextsOrSet,
                _ => P::AddressesOrOwn,
            };
            choice_pools(choice, place, see);
        }
    }
}

fn choice_pools(choice: &mut PoolChoice, place: PoolPlace, see: &mut SeePool<'_>) {
    match choice {
        PoolChoice::Active(names) => {
            for name in names {
                see(name, place);
            }
        }
        PoolChoice::Weighted(value) => weighted_pools(value, place, see),
    }
}

fn weighted_pools(value: &mut Value, place: PoolPlace, see: &mut SeePool<'_>) {
    use super::value::{Form, Literal};
    let span = value.span;
    let Form::Choice(choices) = &mut value.form else {
        return;
    };
    for (literal, _) in choices {
        if let Literal::Word(word) = literal {
            let mut name = Name::new(word.clone(), span);
            see(&mut name, place);
            *word = name.value;
        }
    }
}

/// Visits the values of a pool.
pub(crate) fn pool_values(pool: &mut Pool, see: &mut SeeValue<'_>) {
    let mut maybe = |value: &mut Option<Value>, place| {
        if let Some(value) = value {
            see(value, place);
        }
    };
    match &mut pool.body {
        PoolBody::Accounts(accounts) => {
            maybe(&mut accounts.count, Place::count(0.0));
            maybe(&mut accounts.share, Place::of(Kind::Share));
            maybe(&mut accounts.age, Place::span());
        }
        PoolBody::Addresses(addresses) => {
            maybe(&mut addresses.count, Place::count(0.0));
            maybe(&mut addresses.per_account, Place::count(0.0));
            maybe(&mut addresses.shared_by, Place::count(1.0));
            maybe(&mut addresses.country, Place::of(Kind::Word));
            maybe(&mut addresses.distance, Place::number(20_100.0));
            maybe(&mut addresses.last_seen, Place::span());
            if let Deal::Every(value) = &mut addresses.deal {
                see(value, Place::span());
            }
        }
        PoolBody::Things(things) => {
            maybe(&mut things.count, Place::count(0.0));
            if let Some(Deal::Every(value)) = &mut things.deal {
                see(value, Place::span());
            }
        }
        PoolBody::Texts(texts) => {
            maybe(&mut texts.count, Place::count(0.0));
            maybe(&mut texts.mutate, Place::of(Kind::Word));
            maybe(&mut texts.size, Place::new(Kind::Integer, 0.0, 100_000.0));
            maybe(&mut texts.order, Place::of(Kind::Word));
        }
        PoolBody::Subset { count, .. } => maybe(count, Place::count(0.0)),
    }
}

/// Visits the pools that a pool refers to.
pub(crate) fn pool_pools(pool: &mut Pool, see: &mut SeePool<'_>) {
    use PoolPlace as P;
    let accounts = P::Of(PoolType::Accounts);
    let (name, place) = match &mut pool.body {
        PoolBody::Accounts(pool) => (pool.uses.as_mut(), P::Of(PoolType::Applications)),
        PoolBody::Addresses(pool) => (pool.site_of.as_mut(), accounts),
        PoolBody::Things(pool) => (pool.of.as_mut(), P::Of(PoolType::Resources)),
        PoolBody::Texts(_) => (None, accounts),
        PoolBody::Subset { of, .. } => (Some(of), P::Members),
    };
    if let Some(name) = name {
        see(name, place);
    }
}

/// Visits the names of knobs in guards.
pub(crate) fn stage_guards(stage: &mut Stage, see: &mut dyn FnMut(&mut Name)) {
    let alerts = stage.alerts.iter_mut().flatten();
    let guards = std::iter::once(&mut stage.when).chain(alerts.map(|alert| &mut alert.when));
    for (name, _) in guards.flatten() {
        see(name);
    }
}
