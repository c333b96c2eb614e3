//! `xff_spoof`: a forged client address in the application's log.
//!
//! The application believes a header that its client writes; the service, the sign-in and Defender
//! see the true address. `usual` claims the address that the account itself used most before the
//! stage, so that it is known; `random` claims another network for each request, so that none
//! counts twice.

use livefire_schema::time::EventTime;
use rustc_hash::{FxHashMap, FxHashSet};

use super::ip_rotate_across::Rotation;
use super::knobs::{KnobSet, word};
use super::office_exit::{exit, listed};
use super::{Aim, Component, Evasion, is_attackers};
use crate::benign::Benign;
use crate::event::{AccountRef, Action, Address, Event};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// Networks that random claims come from in turn.
const NETWORKS: u64 = 200;

/// The evasion.
#[derive(Debug)]
pub(super) struct XffSpoof;

impl Evasion for XffSpoof {
    fn name(&self) -> &'static str {
        "xff_spoof"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let words = ["usual", "random"];
        vec![("claims", word(&words, "the address that is claimed"))]
    }

    fn component(&self) -> Component {
        Component::Claim
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Spoof(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Spoof(KnobSet);

impl Transform for Spoof {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let is_random = &*self.0.word("claims", key) == "random";
        let mut usual = Usual {
            listed: listed(draft),
            benign: Benign::new(world),
            world,
            exits: FxHashMap::default(),
        };
        let mut networks = Rotation::new(NETWORKS, 1, key.named("claims"), world);
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            let Some((start, _)) = planned.extent() else {
                continue;
            };
            usual.exits.clear();
            for draft in &mut planned.events {
                let event = &mut draft.event;
                if !matches!(event.action, Action::Request | Action::ToolCall) {
                    continue;
                }
                let claimed = if is_random {
                    networks.deal("").unwrap_or(event.address)
                } else {
                    usual.of(event, start)
                };
                event.detail.get_or_insert_default().source_ip = Some(claimed);
            }
        }
    }
}

/// The addresses that accounts used most.
struct Usual<'a> {
    listed: FxHashSet<Address>,
    benign: Benign<'a>,
    world: &'a World,
    exits: FxHashMap<AccountRef, Address>,
}

impl Usual<'_> {
    /// The account's exit before `start`; an event without an account keeps its address.
    fn of(&mut self, event: &Event, start: EventTime) -> Address {
        let Some(account) = event.account else {
            return event.address;
        };
        let found = self.exits.entry(account);
        *found.or_insert_with(|| exit(account, start, &self.listed, &self.benign, self.world))
    }
}
