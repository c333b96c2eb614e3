//! What the world must hold: addresses, directory, local time.

use std::collections::BTreeSet;

use super::*;
use crate::random::Key;

fn calendar() -> Calendar {
    Calendar {
        start: EventTime::parse("2026-03-02").expect("is a time"),
        duration: TimeSpan::from_days(14),
        baseline: TimeSpan::from_days(7),
    }
}

fn world(seed: u64) -> World {
    let (population, profile) = (Population::default(), BenignProfile::default());
    World::build(seed, &population, &profile, &calendar())
}

/// Addresses that the population's accounts and sites hold.
fn own_addresses(world: &World) -> BTreeSet<u64> {
    let accounts = world.directory.accounts.iter();
    let accounts = accounts.flat_map(|account| account.homes.iter().chain([&account.carrier]));
    let sites = world.directory.sites.iter();
    let sites = sites.flat_map(|site| site.vpn.iter().chain([&site.nat]));
    let key = |address: &Address| livefire_schema::address::address_key(address.ip());
    accounts.chain(sites).map(key).collect()
}

#[test]
fn equal_seeds_build_equal_worlds() {
    let (a, b) = (world(7), world(7));
    assert_eq!(a.directory, b.directory);
    assert_eq!(a.addresses.places(), b.addresses.places());
    assert_ne!(a.directory, world(8).directory);
}

#[test]
fn the_population_has_what_was_asked() {
    let world = world(1);
    assert_eq!(world.users().len(), 500);
    assert_eq!(world.service_callers().len(), 12);
    assert_eq!(world.directory.population, 512);
    assert_eq!(world.directory.sites.len(), 2);
    // Six applications and the test application.
    assert_eq!(world.directory.population_applications, 7);
    assert_eq!(
        world.reference().models.len() - world.directory.population_deployments,
        64
    );
    for account in &world.directory.accounts {
        assert!((1..=3).contains(&account.applications.len()));
    }
}

#[test]
fn identities_are_unique() {
    let world = world(1);
    let ids: BTreeSet<&str> = world
        .directory
        .accounts
        .iter()
        .map(|a| a.object_id.as_str())
        .collect();
    let upns: BTreeSet<&str> = world
        .directory
        .accounts
        .iter()
        .map(|a| a.upn.as_str())
        .collect();
    assert_eq!(ids.len(), world.directory.accounts.len());
    assert_eq!(upns.len(), world.directory.accounts.len());
}

#[test]
fn free_addresses_belong_to_nobody() {
    let world = world(3);
    let own = own_addresses(&world);
    for role in [
        AddressRole::Hosting,
        AddressRole::Residential,
        AddressRole::Vpn,
        AddressRole::Tor,
        AddressRole::Any,
    ] {
        for family in [Family::V4, Family::V6, Family::Both] {
            for index in 0..300 {
                let key = Key::root(5).index(index);
                let address = world.addresses.pick(role, &CountryRule::Any, family, key);
                let key = livefire_schema::address::address_key(address.ip());
                assert!(!own.contains(&key), "{role:?} {address:?}");
                assert!(world.addresses.find_place(address).is_some(), "{address:?}");
            }
        }
    }
}

#[test]
fn members_of_a_pool_differ() {
    let world = world(3);
    let members: BTreeSet<Address> = (0..4000)
        .map(|index| {
            let key = Key::root(9);
            world.addresses.pick_member(
                AddressRole::Residential,
                &CountryRule::Any,
                Family::V4,
                key,
                index,
            )
        })
        .collect();
    assert_eq!(members.len(), 4000);
}

#[test]
fn country_rules_hold() {
    let world = world(3);
    for index in 0..200 {
        let key = Key::root(2).index(index);
        let same = CountryRule::Same("DE".to_owned());
        let other = CountryRule::Other("DE".to_owned());
        for role in [AddressRole::Hosting, AddressRole::Home] {
            let at = |rule| {
                world
                    .addresses
                    .place(world.addresses.pick(role, rule, Family::V4, key))
            };
            assert_eq!(at(&same).country, "DE");
            assert_ne!(at(&other).country, "DE");
        }
    }
}

#[test]
fn attackers_share_networks_with_the_population() {
    let world = world(3);
    let network = |address: Address| livefire_schema::address::Network::of(address.ip());
    let homes: BTreeSet<_> = world
        .directory
        .accounts
        .iter()
        .map(|a| network(a.homes[0]))
        .collect();
    let same = CountryRule::Same("DE".to_owned());
    let shared = (0..200).filter(|&index| {
        let key = Key::root(2).index(index);
        let address = world
            .addresses
            .pick(AddressRole::Residential, &same, Family::V4, key);
        homes.contains(&network(address))
    });
    assert!(shared.count() > 100);
}

#[test]
fn places_cover_every_network_once() {
    let world = world(3);
    let networks: BTreeSet<&str> = world
        .addresses
        .places()
        .iter()
        .map(|p| p.network.as_str())
        .collect();
    assert_eq!(networks.len(), world.addresses.places().len());
    let v4 = networks.iter().filter(|network| network.ends_with("/24"));
    assert_eq!(v4.count(), 515);
}

#[test]
fn large_populations_take_reserved_ranges() {
    let population = Population {
        users: 100_000,
        sites: 50,
        ..Population::default()
    };
    let world = World::build(1, &population, &BenignProfile::default(), &calendar());
    let reserved = world.addresses.places().iter().filter(|place| {
        let first = place
            .network
            .split('.')
            .next()
            .and_then(|text| text.parse::<u8>().ok());
        first.is_some_and(|first| first >= 240)
    });
    assert!(reserved.count() > 100);
    let shared = own_addresses(&world).len();
    assert!(shared > 100_000, "{shared}");
}

#[test]
fn where_an_account_is_does_not_depend_on_who_asks() {
    let mut world = world(4);
    let at = calendar().start + TimeSpan::from_hours(34);
    let before: Vec<Address> = world
        .users()
        .map(|user| world.usual_address(AccountRef(user), at))
        .collect();
    let appended = world.directory.accounts[0].clone();
    world.directory.accounts.push(appended);
    let after: Vec<Address> = world
        .users()
        .map(|user| world.usual_address(AccountRef(user), at))
        .collect();
    assert_eq!(before, after);
    let nat = world.site_nat(0);
    assert!(before.iter().filter(|address| **address == nat).count() > 100);
}

#[test]
fn an_unknown_time_zone_of_the_table_keeps_its_clock() {
    let population = Population {
        time_zone: "Asia/Tbilisi".to_owned(),
        ..Population::default()
    };
    let world = World::build(1, &population, &BenignProfile::default(), &calendar());
    assert_eq!(world.local(AccountRef(0), calendar().start).hour(), 4);
}

#[test]
fn spare_models_of_campaigns_are_forty() {
    assert_eq!(world(1).campaign_spares().len(), 40);
}

#[test]
fn every_site_has_an_address_of_its_own() {
    let population = Population {
        time_zone: "America/New_York".to_owned(),
        sites: 12,
        ..Population::default()
    };
    let world = World::build(1, &population, &BenignProfile::default(), &calendar());
    let nats: BTreeSet<Address> = (0..12).map(|site| world.site_nat(site)).collect();
    assert_eq!(nats.len(), 12);
}
