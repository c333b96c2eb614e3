//! `ip_rotate_across`: a new network for each request, from a pool of networks.
//!
//! Networks are free ones of the address plan, as far as it has them of the kind that the attacker
//! used before (a hosting address stays a hosting address), then of any kind. Requests take them in
//! turn, some requests each.

use livefire_schema::address::Network;
use rustc_hash::{FxHashMap, FxHashSet};

use super::knobs::{KnobSet, integer};
use super::{Aim, Component, Evasion, is_attackers, is_call};
use crate::event::Address;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::{AddressRole, CountryRule, Family, World};

/// Draws for each wanted network, before the plan counts as used up.
const TRIES_PER_NETWORK: u64 = 40;

/// The evasion.
#[derive(Debug)]
pub(super) struct IpRotateAcross;

impl Evasion for IpRotateAcross {
    fn name(&self) -> &'static str {
        "ip_rotate_across"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        vec![
            ("networks", integer(100, 10, 500, "networks in the pool")),
            (
                "requests_per_ip",
                integer(1, 1, 20, "requests before the next network"),
            ),
        ]
    }

    fn component(&self) -> Component {
        Component::Networks
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Across(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Across(KnobSet);

impl Transform for Across {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let mut rotation = Rotation::new(
            self.0.count("networks", key),
            self.0.count("requests_per_ip", key),
            key,
            world,
        );
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            rotation.stage(planned, &|_| true);
        }
    }
}

/// Deals networks to events in turn, over all stages that it is given.
pub(super) struct Rotation<'a> {
    networks: u64,
    per_address: u64,
    key: Key,
    world: &'a World,
    /// Addresses, one a network, for each kind of network.
    pools: FxHashMap<String, Vec<Address>>,
    dealt: u64,
}

impl<'a> Rotation<'a> {
    /// Over so many networks, so many requests each before the next.
    pub(super) fn new(networks: u64, per_address: u64, key: Key, world: &'a World) -> Self {
        Rotation {
            networks: networks.max(1),
            per_address: per_address.max(1),
            key,
            world,
            pools: FxHashMap::default(),
            dealt: 0,
        }
    }

    /// Gives the calls of a stage from addresses that fit new ones.
    pub(super) fn stage(&mut self, planned: &mut StageDraft, fits: &dyn Fn(Address) -> bool) {
        let order = super::retime::by_time(planned);
        for index in order {
            let event = &mut planned.events[index].event;
            if !is_call(event.action) || !fits(event.address) {
                continue;
            }
            let usage = self.world.addresses.place(event.address).usage;
            if let Some(address) = self.deal(&usage) {
                event.address = address;
            }
        }
    }

    /// The next address of a usage, any for an unknown one; none where the plan has none.
    pub(super) fn deal(&mut self, usage: &str) -> Option<Address> {
        let turn = self.dealt / self.per_address;
        self.dealt += 1;
        let pool = self.pool(usage);
        let at = turn.checked_rem(pool.len() as u64)?;
        pool.get(usize::try_from(at).ok()?).copied()
    }

    fn pool(&mut self, usage: &str) -> &[Address] {
        if !self.pools.contains_key(usage) {
            let pool = self.addresses(role_of(usage));
            self.pools.insert(usage.to_owned(), pool);
        }
        &self.pools[usage]
    }

    fn addresses(&self, role: AddressRole) -> Vec<Address> {
        let mut known: FxHashSet<u64> = FxHashSet::default();
        let mut found = Vec::new();
        for role in [role, AddressRole::Any] {
            let key = self.key.named("members");
            for step in 0..self.networks * TRIES_PER_NETWORK {
                if found.len() as u64 >= self.networks {
                    return found;
                }
                let address = self.world.addresses.pick_member(
                    role,
                    &CountryRule::Any,
                    Family::V4,
                    key,
                    step,
                );
                if known.insert(Network::of(address.ip()).key()) {
                    found.push(address);
                }
            }
        }
        found
    }
}

/// The role of networks of a usage, as the address plan names it.
pub(super) fn role_of(usage: &str) -> AddressRole {
    match usage {
        "office" => AddressRole::Office,
        "vpn" => AddressRole::Vpn,
        "carrier" => AddressRole::Carrier,
        "home" => AddressRole::Home,
        "hosting" => AddressRole::Hosting,
        "tor" => AddressRole::Tor,
        _ => AddressRole::Any,
    }
}
