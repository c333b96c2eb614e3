//! `user_rotate`: requests spread over many accounts.
//!
//! Accounts are the population's, in an order of the campaign's own; requests and tool calls of the
//! attacker's stages take them in turn, each account with sessions of its own. A client's retry
//! stays with the account of its cause, and sign-ins stay who they were.

use rustc_hash::FxHashMap;

use super::knobs::{KnobSet, integer};
use super::retime::by_time;
use super::{Aim, Component, Evasion, is_attackers};
use crate::event::{AccountRef, Action};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::{Key, Permutation};
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct UserRotate;

impl Evasion for UserRotate {
    fn name(&self) -> &'static str {
        "user_rotate"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "accounts that requests take in turn, at most the population's users";
        vec![("accounts", integer(100, 5, 200, help))]
    }

    fn component(&self) -> Component {
        Component::Accounts
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Rotate(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Rotate(KnobSet);

impl Transform for Rotate {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let users = u64::from(world.population.users);
        let order = Permutation::new(key.named("accounts"), users.max(1));
        let accounts = self.0.count("accounts", key).clamp(1, users.max(1));
        let mut dealt = Dealt {
            accounts,
            order,
            next: 0,
        };
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            dealt.stage(planned);
        }
    }
}

/// Deals accounts in turn over all stages.
struct Dealt {
    accounts: u64,
    order: Permutation,
    next: u64,
}

impl Dealt {
    fn stage(&mut self, planned: &mut StageDraft) {
        let mut causes: FxHashMap<(usize, u64), AccountRef> = FxHashMap::default();
        for index in by_time(planned) {
            let draft = &mut planned.events[index];
            let is_moved = matches!(draft.event.action, Action::Request | Action::ToolCall);
            if !is_moved || draft.event.account.is_none() {
                continue;
            }
            let place = (draft.run, draft.index);
            let cause = causes.get(&place).filter(|_| draft.is_retry).copied();
            let account = cause.unwrap_or_else(|| self.deal());
            causes.insert(place, account);
            draft.event.account = Some(account);
            draft.event.session = draft.event.session.index(u64::from(account.0));
        }
    }

    fn deal(&mut self) -> AccountRef {
        let account = self.order.at(self.next % self.accounts);
        self.next += 1;
        AccountRef(u32::try_from(account).unwrap_or(0))
    }
}
