//! `ip_rotate_in_net`: a new host of the same /24 (or /64) for each request.
//!
//! Hosts are those that neither the population nor threat intelligence uses, at most 86 of a /24; a
//! /64 has as many as asked. Requests take them in turn.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use livefire_schema::address::Network;
use rustc_hash::FxHashMap;

use super::ip_rotate_across::role_of;
use super::knobs::{KnobSet, integer};
use super::{Aim, Component, Evasion, is_attackers, is_call};
use crate::event::Address;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::{Key, Permutation};
use crate::world::{CountryRule, Family, World};

/// Free hosts of a /24, as the address plan cuts it.
const FREE_HOSTS: u64 = 86;

/// The evasion.
#[derive(Debug)]
pub(super) struct IpRotateInNet;

impl Evasion for IpRotateInNet {
    fn name(&self) -> &'static str {
        "ip_rotate_in_net"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "hosts that requests take in turn (a /24 has at most 86 free ones)";
        vec![("hosts", integer(50, 5, 200, help))]
    }

    fn component(&self) -> Component {
        Component::Networks
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(InNet(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct InNet(KnobSet);

impl Transform for InNet {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let hosts = self.0.count("hosts", key);
        let mut networks: FxHashMap<Network, (Vec<Address>, usize)> = FxHashMap::default();
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            for index in super::retime::by_time(planned) {
                let event = &mut planned.events[index].event;
                if !is_call(event.action) {
                    continue;
                }
                let network = Network::of(event.address.ip());
                let (pool, dealt) = networks
                    .entry(network)
                    .or_insert_with(|| (neighbours(event.address, hosts, key, world), 0));
                if !pool.is_empty() {
                    event.address = pool[*dealt % pool.len()];
                    *dealt += 1;
                }
            }
        }
    }
}

/// Free addresses of the same network, in an order of the campaign's own.
fn neighbours(address: Address, hosts: u64, key: Key, world: &World) -> Vec<Address> {
    let network = Network::of(address.ip());
    let key = key.named("hosts").index(network.key());
    match network {
        Network::V6(prefix) => (0..hosts)
            .map(|host| {
                let machine = u128::from(key.index(host).bits() | 1);
                Address::new(IpAddr::V6(Ipv6Addr::from_bits(
                    u128::from(prefix) << 64 | machine,
                )))
            })
            .collect(),
        Network::V4(prefix) => {
            let free = free_hosts(address, network, key, world);
            if free.is_empty() {
                // Not an address of the plan: nobody else is there.
                let order = Permutation::new(key, 254);
                return (0..hosts.min(254))
                    .map(|host| {
                        let host = u32::try_from(1 + order.at(host)).unwrap_or(1);
                        Address::new(IpAddr::V4(Ipv4Addr::from_bits(prefix << 8 | host)))
                    })
                    .collect();
            }
            let order = Permutation::new(key, free.len() as u64);
            (0..hosts.min(free.len() as u64))
                .filter_map(|host| free.get(usize::try_from(order.at(host)).ok()?).copied())
                .collect()
        }
    }
}

/// Every free host of a /24 of the plan: all free addresses of its role and country are gone
/// through, since the plan gives members of a role, not of a network.
fn free_hosts(address: Address, network: Network, key: Key, world: &World) -> Vec<Address> {
    let plan = &world.addresses;
    let Some(place) = plan.find_place(address) else {
        return Vec::new();
    };
    let alike = plan.places().iter().filter(|other| {
        other.usage == place.usage && other.country == place.country && !other.network.contains(':')
    });
    let members = alike.count() as u64 * FREE_HOSTS;
    let country = CountryRule::Same(place.country.clone());
    let role = role_of(&place.usage);
    let mut found: Vec<Address> = (0..members)
        .map(|step| plan.pick_member(role, &country, Family::V4, key, step))
        .filter(|member| Network::of(member.ip()) == network)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
