//! The address plan: which network belongs to whom, and where it is.
//!
//! One seeded permutation of 198.18.0.0/15 and the documentation /24s (past need also of
//! 240.0.0.0/4), and of /64s of `2001:db8::/32`, is dealt to all roles, so that no range tells what
//! an address is used for. Inside each /24 a keyed permutation of the hosts is cut in three:
//! addresses of the population, addresses that threat intelligence lists, and free ones, which only
//! campaigns use. An attacker thus sits among ordinary neighbours and yet on an address of its own.
//! For IPv6 the /64s themselves are cut that way, since rules take a /64 for one address.

mod networks;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use livefire_schema::address::Network;
use livefire_schema::reference::Place;
use rustc_hash::FxHashMap;

use crate::event::Address;
use crate::random::{Key, Permutation};
use crate::world::geography::{CITIES, distance_km};
pub(crate) use networks::Demand;
use networks::{Entry, Networks, ipv4_prefix};

/// What a network is used for; `Residential` is the attacker's view of `Home` networks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddressRole {
    /// Public addresses of offices.
    Office,
    /// Exits of VPN providers.
    Vpn,
    /// Mobile carriers.
    Carrier,
    /// Home connections.
    Home,
    /// Data centres; service callers live here too.
    Hosting,
    /// Home connections used as proxies: the same networks as [`AddressRole::Home`].
    Residential,
    /// Tor exits.
    Tor,
    /// Any of them.
    Any,
}

/// Which country an address must lie in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum CountryRule {
    /// No matter where.
    #[default]
    Any,
    /// In this ISO 3166 country, if the plan has a network there.
    Same(String),
    /// Anywhere but in this country.
    Other(String),
}

/// Address family.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Family {
    /// IPv4 only.
    #[default]
    V4,
    /// IPv6 only.
    V6,
    /// IPv6 for the profile's share of draws, else IPv4.
    Both,
}

/// Which third of a network's hosts an address comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    Population,
    Listed,
    Free,
}

impl Use {
    /// First host slot and number of slots, of the 254 of a /24.
    fn slots(self) -> (u64, u64) {
        match self {
            Use::Population => (0, 128),
            Use::Listed => (128, 40),
            Use::Free => (168, 86),
        }
    }
}

/// The roles that networks really have, in the order of [`Networks::by_role`].
pub(crate) const ROLES: [AddressRole; 6] = [
    AddressRole::Office,
    AddressRole::Vpn,
    AddressRole::Carrier,
    AddressRole::Home,
    AddressRole::Hosting,
    AddressRole::Tor,
];

fn role_slot(role: AddressRole) -> Option<usize> {
    let role = if role == AddressRole::Residential {
        AddressRole::Home
    } else {
        role
    };
    ROLES.iter().position(|known| *known == role)
}

fn usage(role: AddressRole) -> &'static str {
    match role {
        AddressRole::Office => "office",
        AddressRole::Vpn => "vpn",
        AddressRole::Carrier => "carrier",
        AddressRole::Home | AddressRole::Residential => "home",
        AddressRole::Hosting => "hosting",
        AddressRole::Tor => "tor",
        AddressRole::Any => "",
    }
}

/// All networks and the rules by which addresses are drawn from them.
#[derive(Clone, Debug)]
pub struct AddressPlan {
    key: Key,
    ipv6_share: f64,
    v4: Networks,
    /// One list each for [`Use::Population`], [`Use::Listed`] and [`Use::Free`].
    v6: [Networks; 3],
    places: Vec<Place>,
    by_network: FxHashMap<u64, u32>,
}

impl AddressPlan {
    /// Deals networks to demand, which lists (role, city index, networks); IPv6 demand once for
    /// the population, for indicators and for campaigns. More IPv4 networks than the ordinary
    /// ranges hold come from 240.0.0.0/4.
    pub(crate) fn build(key: Key, ipv6_share: f64, v4: &Demand, v6: &[Demand; 3]) -> Self {
        let count = |demand: &Demand| demand.iter().map(|(_, _, count)| *count as u64).sum();
        let (v4_key, v6_key) = (key.named("v4"), key.named("v6"));
        let total: u64 = count(v4);
        let order = Permutation::new(v4_key.named("order"), total.max(1));
        let v4 = Networks::deal(v4, |index| ipv4_prefix(v4_key, total, order.at(index)));
        let blocks = Permutation::new(v6_key, 1 << 32);
        let mut dealt = 0;
        let v6 = v6.each_ref().map(|demand| {
            let first = dealt;
            dealt += count(demand);
            Networks::deal(demand, |index| {
                0x2001_0db8_u64 << 32 | blocks.at(first + index)
            })
        });
        let mut plan = AddressPlan {
            key,
            ipv6_share,
            v4,
            v6,
            places: Vec::new(),
            by_network: FxHashMap::default(),
        };
        plan.index_places();
        plan
    }

    fn index_places(&mut self) {
        let providers = self.key.named("providers");
        let v4 = self.v4.entries.iter().map(|entry| (entry, true));
        let v6 = self.v6.iter().flat_map(|networks| &networks.entries);
        let v6 = v6.map(|entry| (entry, false));
        let mut places: Vec<(u64, Place)> = v4
            .chain(v6)
            .map(|(entry, is_v4)| {
                let network = if is_v4 {
                    Network::V4(u32::try_from(entry.prefix).unwrap_or(0))
                } else {
                    Network::V6(entry.prefix)
                };
                (network.key(), place(entry, network, providers))
            })
            .collect();
        places.sort_by_key(|(key, _)| *key);
        for (index, (key, place)) in (0u32..).zip(places) {
            self.by_network.insert(key, index);
            self.places.push(place);
        }
    }

    /// Draws an address that no account of the population uses and no benign indicator lists.
    ///
    /// A pure function of its arguments and the world's seed. Where the plan has no network of the
    /// role in the asked country, the country rule is dropped; where it has none of the family, the
    /// other family is taken.
    #[must_use]
    pub fn pick(
        &self,
        role: AddressRole,
        country: &CountryRule,
        family: Family,
        key: Key,
    ) -> Address {
        self.draw(Use::Free, role, country, family, key)
    }

    /// The `index`-th member of a pool of free addresses; members of one pool (equal `key`) differ
    /// until the role's free addresses in the country are used up.
    #[must_use]
    pub fn pick_member(
        &self,
        role: AddressRole,
        country: &CountryRule,
        family: Family,
        key: Key,
        index: u64,
    ) -> Address {
        let six = match family {
            Family::V4 => false,
            Family::V6 => true,
            Family::Both => key.named("family").index(index).chance(self.ipv6_share),
        };
        let (networks, six) = self.networks(Use::Free, six, role);
        let role = self.resolve_role(networks, role, key.index(index));
        let candidates = networks.candidates(role, country);
        let (first, slots) = if six { (0, 1) } else { Use::Free.slots() };
        let size = candidates.len() * slots;
        let at = Permutation::new(key.named("members"), size.max(1)).at(index % size.max(1));
        let entry = &networks.entries[networks.entry_of(role, &candidates, at / slots)];
        self.address(entry, six, first + at % slots, key.index(index))
    }

    /// Draws an address of one third of the plan.
    pub(crate) fn draw(
        &self,
        part: Use,
        role: AddressRole,
        country: &CountryRule,
        family: Family,
        key: Key,
    ) -> Address {
        let six = match family {
            Family::V4 => false,
            Family::V6 => true,
            Family::Both => key.named("family").chance(self.ipv6_share),
        };
        let (networks, six) = self.networks(part, six, role);
        let role = self.resolve_role(networks, role, key);
        let candidates = networks.candidates(role, country);
        let at = key.named("network").below(candidates.len());
        let entry = &networks.entries[networks.entry_of(role, &candidates, at)];
        let (first, slots) = part.slots();
        let slot = first + key.named("host").below(slots);
        self.address(entry, six, slot, key)
    }

    /// The `index`-th population address of a role in a city: spread over its networks first.
    pub(crate) fn population_member(
        &self,
        role: AddressRole,
        country: &str,
        six: bool,
        index: u64,
    ) -> Address {
        let (networks, six) = self.networks(Use::Population, six, role);
        let role = self.resolve_role(networks, role, self.key);
        let candidates = networks.candidates(role, &CountryRule::Same(country.to_owned()));
        let count = candidates.len().max(1);
        let entry = &networks.entries[networks.entry_of(role, &candidates, index % count)];
        let (first, slots) = Use::Population.slots();
        let slot = first + index / count % slots;
        self.address(entry, six, slot, self.key.index(index))
    }

    fn networks(&self, part: Use, six: bool, role: AddressRole) -> (&Networks, bool) {
        let v6 = match part {
            Use::Population => &self.v6[0],
            Use::Listed => &self.v6[1],
            Use::Free => &self.v6[2],
        };
        let has = |networks: &Networks| match role_slot(role) {
            Some(slot) => !networks.by_role[slot].is_empty(),
            None => !networks.entries.is_empty(),
        };
        match (six, has(v6), has(&self.v4)) {
            (true, true, _) | (false, true, false) => (v6, true),
            _ => (&self.v4, false),
        }
    }

    /// The slot of a role; `Any` takes one by its number of networks.
    fn resolve_role(&self, networks: &Networks, role: AddressRole, key: Key) -> usize {
        role_slot(role).unwrap_or_else(|| {
            let at = key.named("role").below(networks.entries.len() as u64);
            networks.entries[usize::try_from(at).unwrap_or(0)].role
        })
    }

    fn address(&self, entry: &Entry, six: bool, slot: u64, key: Key) -> Address {
        if six {
            // Rules look at the /64 only; the machine in it is anybody's.
            let bits = u128::from(entry.prefix) << 64 | u128::from(key.named("machine").bits() | 1);
            return Address::new(IpAddr::V6(Ipv6Addr::from_bits(bits)));
        }
        let network = self.key.named("hosts").index(entry.prefix);
        let host = 1 + Permutation::new(network, 254).at(slot);
        let bits = entry.prefix << 8 | host;
        let bits = u32::try_from(bits).expect("24 bits of network and 8 of host");
        Address::new(IpAddr::V4(Ipv4Addr::from_bits(bits)))
    }

    /// Where an address is; `None` outside the plan.
    #[must_use]
    pub fn find_place(&self, address: Address) -> Option<&Place> {
        let index = *self.by_network.get(&Network::of(address.ip()).key())?;
        self.places.get(usize::try_from(index).ok()?)
    }

    /// Where an address is; an empty place (no country, zero coordinates) outside the plan.
    #[must_use]
    pub fn place(&self, address: Address) -> Place {
        self.find_place(address).cloned().unwrap_or_default()
    }

    /// All networks with their places, in order of network: the geography of `reference/`.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Great-circle distance between two addresses in kilometres; 0 where one is unknown.
    #[must_use]
    pub fn distance_km(&self, a: Address, b: Address) -> f64 {
        match (self.find_place(a), self.find_place(b)) {
            (Some(a), Some(b)) => distance_km((a.latitude, a.longitude), (b.latitude, b.longitude)),
            _ => 0.0,
        }
    }
}

fn place(entry: &Entry, network: Network, providers: Key) -> Place {
    let city = &CITIES[entry.city];
    let role = ROLES[entry.role];
    let operators = match role {
        AddressRole::Home | AddressRole::Carrier => 2,
        AddressRole::Office => 1,
        _ => 4,
    };
    // Hosting, VPN and Tor operators are international; access providers are national.
    let national = matches!(
        role,
        AddressRole::Home | AddressRole::Carrier | AddressRole::Office
    );
    let number = providers.index(entry.prefix).below(operators);
    let area = if national { city.country } else { "" };
    let (word, base) = match role {
        AddressRole::Home => ("Broadband", 0),
        AddressRole::Carrier => ("Mobile", 1),
        AddressRole::Office => ("Business Net", 2),
        AddressRole::Vpn => ("Private Tunnel", 3),
        // Tor exits stand in ordinary data centres.
        _ => ("Cloud Hosting", 4),
    };
    let provider = format!("{area} {word} {}", number + 1);
    let identity = providers.named(area).index(base * 16 + number);
    Place {
        network: network.to_string(),
        country: city.country.to_owned(),
        city: city.name.to_owned(),
        latitude: city.latitude,
        longitude: city.longitude,
        asn: 64_512 + u32::try_from(identity.below(1022)).unwrap_or(0),
        provider: provider.trim().to_owned(),
        usage: usage(role).to_owned(),
    }
}
