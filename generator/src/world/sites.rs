//! Offices, and the address plan cut to the size of the population.
//!
//! The plan is made first, from what each city will need, so that addresses can then be handed out
//! by counting.

use std::collections::BTreeMap;

use crate::random::Key;
use crate::settings::{BenignProfile, Population};
use crate::world::addresses::{AddressPlan, AddressRole, Demand};
use crate::world::geography::{CITIES, city_of_zone, nearest};
use crate::world::{Site, people};

/// Sites and the plan that their addresses come from.
pub(crate) struct SitesAndAddresses {
    pub(crate) sites: Vec<Site>,
    pub(crate) addresses: AddressPlan,
}

/// Plans sites around the population's time zone, and the networks of all roles.
pub(crate) fn plan(
    population: &Population,
    profile: &BenignProfile,
    key: Key,
) -> SitesAndAddresses {
    // A zone without a city of its own is placed like the first city; its clock stays its own.
    let first = city_of_zone(&population.time_zone).unwrap_or(0);
    let order = nearest(first);
    let count = usize::try_from(population.sites).unwrap_or(1);
    let cities: Vec<usize> = (0..count)
        .map(|site| order[site % order.len().min(12)])
        .collect();
    let users = people::users_per_site(population.users, count);
    let v4 = demand_v4(&cities, &users, profile);
    let v6 = demand_v6(&cities, &users, profile);
    let addresses = AddressPlan::build(key.named("addresses"), profile.ipv6_share, &v4, &v6);
    let mut offices: BTreeMap<&str, u64> = BTreeMap::new();
    let sites = cities.iter().enumerate().map(|(index, &at)| {
        let city = &CITIES[at];
        let member =
            |role, country, index| addresses.population_member(role, country, false, index);
        let office = offices.entry(city.country).or_default();
        let nat = member(AddressRole::Office, city.country, *office);
        *office += 1;
        let abroad = order.iter().map(|&other| CITIES[other].country);
        let abroad = abroad.into_iter().find(|country| *country != city.country);
        let number = index as u64;
        let mut vpn: Vec<_> = (0..2)
            .map(|exit| member(AddressRole::Vpn, city.country, 2 * number + exit))
            .collect();
        vpn.push(member(
            AddressRole::Vpn,
            abroad.unwrap_or(city.country),
            64 + number,
        ));
        let own_zone = index == 0 && city_of_zone(&population.time_zone).is_none();
        Site {
            city: city.name.to_owned(),
            country: city.country.to_owned(),
            time_zone: if own_zone {
                population.time_zone.clone()
            } else {
                city.time_zone.to_owned()
            },
            nat,
            vpn,
        }
    });
    let sites = sites.collect();
    SitesAndAddresses { sites, addresses }
}

/// IPv4 /24s: what the population needs, a little of everything everywhere, then the rest of the
/// ordinary ranges.
fn demand_v4(cities: &[usize], users: &[usize], profile: &BenignProfile) -> Demand {
    let per_carrier = usize::try_from(profile.users_per_carrier_address.max(1)).unwrap_or(1);
    let mut demand = Demand::new();
    for (&city, &users) in cities.iter().zip(users) {
        demand.push((AddressRole::Office, city, 1));
        demand.push((AddressRole::Vpn, city, 1));
        demand.push((AddressRole::Hosting, city, 1));
        demand.push((AddressRole::Carrier, city, 1 + users / per_carrier / 100));
        demand.push((AddressRole::Home, city, 2 + users / 100));
    }
    for (index, _) in CITIES.iter().enumerate() {
        demand.push((AddressRole::Home, index, 1));
        demand.push((AddressRole::Hosting, index, 1));
        if index % 2 == 0 {
            demand.push((AddressRole::Carrier, index, 1));
        }
        if index % 4 == 0 {
            demand.push((AddressRole::Vpn, index, 1));
        }
        if index % 5 == 0 {
            demand.push((AddressRole::Office, index, 1));
        }
        if index % 6 == 0 {
            demand.push((AddressRole::Tor, index, 1));
        }
    }
    let used: usize = demand.iter().map(|(_, _, count)| count).sum();
    for extra in used..515 {
        let role = match extra % 10 {
            0..6 => AddressRole::Home,
            6..8 => AddressRole::Hosting,
            8 => AddressRole::Carrier,
            _ => AddressRole::Vpn,
        };
        let city = if extra % 2 == 0 {
            cities[extra / 2 % cities.len()]
        } else {
            extra / 2 % CITIES.len()
        };
        demand.push((role, city, 1));
    }
    demand
}

/// IPv6 /64s for the population, for indicators and for campaigns.
fn demand_v6(cities: &[usize], users: &[usize], profile: &BenignProfile) -> [Demand; 3] {
    let mut population = Demand::new();
    for (&city, &users) in cities.iter().zip(users) {
        let capable = users as f64 * profile.ipv6_share.clamp(0.0, 1.0) * 1.1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the users"
        )]
        let homes = 16 + capable as usize;
        population.push((AddressRole::Home, city, homes));
    }
    let everywhere = |roles: &[(AddressRole, usize)]| -> Demand {
        let cities = 0..CITIES.len();
        let pairs = cities.flat_map(|city| roles.iter().map(move |(role, n)| (*role, city, *n)));
        pairs.collect()
    };
    let listed = everywhere(&[(AddressRole::Home, 4), (AddressRole::Hosting, 4)]);
    let free = everywhere(&[
        (AddressRole::Home, 16),
        (AddressRole::Carrier, 4),
        (AddressRole::Hosting, 6),
        (AddressRole::Vpn, 1),
        (AddressRole::Office, 1),
        (AddressRole::Tor, 1),
    ]);
    [population, listed, free]
}
