//! Earlier visits to the addresses of an attack: what puts them into a baseline beforehand.
//!
//! What counts is each pair of an account and an address that the attacker brings, and its first
//! request. Visits are stages of their own, labelled cover: harmless, but there only because of the
//! attack.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::cover::{Role, stage_of};
use super::is_attackers;
use super::stealth::has_own_exit;
use crate::event::{AccountRef, Action, Address, Event, Outcome};
use crate::kinds::plan::draft::{Draft, StageDraft};
use crate::random::Key;

/// Adds a stage of visits for each trap, and for the attack outside of any.
///
/// `visit` gives the events that go before the first request of a pair, drawn at a place.
pub(super) fn add(
    draft: &mut Draft,
    role: Role,
    key: Key,
    visit: &dyn Fn(&Event, Key) -> Vec<Event>,
) {
    let mut traps: Vec<Option<Arc<str>>> = Vec::new();
    for planned in &draft.stages {
        if !traps.contains(&planned.trap) {
            traps.push(planned.trap.clone());
        }
    }
    for trap in traps {
        let own = draft.stages.iter().filter(|planned| planned.trap == trap);
        let events: Vec<Event> = first_uses(own)
            .iter()
            .flat_map(|event| visit(event, event.id.named(role.name)))
            .collect();
        if !events.is_empty() {
            draft.stages.push(stage_of(role, events, trap, key, draft));
        }
    }
}

/// The first request of each account from each address, by time.
fn first_uses<'a>(stages: impl Iterator<Item = &'a StageDraft>) -> Vec<Event> {
    let brought = stages.filter(|planned| is_attackers(planned) && has_own_exit(&planned.stage));
    let mut calls: Vec<&Event> = brought
        .flat_map(|planned| &planned.events)
        .map(|draft| &draft.event)
        .filter(|event| matches!(event.action, Action::Request | Action::ToolCall))
        .filter(|event| event.account.is_some() && event.application.is_some())
        .collect();
    calls.sort_by_key(|event| (event.at, event.id.bits()));
    let mut known: FxHashSet<(Option<AccountRef>, Address)> = FxHashSet::default();
    calls.retain(|event| known.insert((event.account, event.address)));
    calls.into_iter().cloned().collect()
}

/// A sign-in of a request's account from its address, without time.
pub(super) fn sign_in(of: &Event, place: Key) -> Event {
    Event {
        id: place.named("sign_in"),
        at: of.at,
        action: Action::SignIn,
        outcome: Outcome::Ok,
        account: of.account,
        address: of.address,
        application: of.application,
        deployment: None,
        resource: None,
        prompt: None,
        session: place.named("sign_in").named("session"),
        origin: None,
        detail: None,
    }
}
