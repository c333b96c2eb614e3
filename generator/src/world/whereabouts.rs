//! Where an account's traffic comes from: office, home, VPN, phone, trip, or somewhere new.
//!
//! A pure function of (seed, account, local day, part of the day), so that benign traffic and
//! campaigns agree on it without sharing state. Rates of new addresses and countries follow
//! CALIBRATION I5.

use crate::event::Address;
use crate::random::Key;
use crate::world::addresses::{AddressRole, CountryRule, Family, Use};
use crate::world::clock::{LocalTime, weekday};
use crate::world::{Account, AccountKind, World};

/// Parts of a day, in which an account stays where it is.
const PARTS: u64 = 5;
/// Parts of a week in which an account is typically seen (sign-ins, refreshes and requests).
const SEEN_PARTS_PER_WEEK: f64 = 19.0;
/// Share of weeks in which a VPN exit moves to another country for a while (CALIBRATION I5).
const FOREIGN_EXIT_PER_WEEK: f64 = 0.002;

/// Part of the day: night, morning, before noon, after noon, evening.
fn part_of(second: u32) -> u64 {
    match second / 3600 {
        0..6 => 0,
        6..9 => 1,
        9..13 => 2,
        13..18 => 3,
        _ => PARTS - 1,
    }
}

impl World {
    /// The part of a local day, 0–4, in which an account stays at one address.
    pub(crate) fn part_of_day(&self, account: &Account, local: LocalTime) -> u64 {
        // A night worker's day is everybody's, moved by twelve hours.
        let shift = if account.night { 43_200 } else { 0 };
        part_of((local.second + shift) % 86_400)
    }

    /// The address that an account's own traffic comes from at a local time.
    pub(crate) fn address_at(&self, account: &Account, key: Key, local: LocalTime) -> Address {
        let home = account.homes.first().copied().unwrap_or(account.carrier);
        if account.kind == AccountKind::Service {
            return home;
        }
        let part = self.part_of_day(account, local);
        if let Some(address) = self.trip(account, key, local.day, part) {
            return address;
        }
        let here = key
            .index(u64::from_ne_bytes(local.day.to_ne_bytes()))
            .index(part);
        let moves = libm::exp(0.7 * key.index(0x30).normal() - 0.245);
        let new = self.profile.new_addresses_per_week / SEEN_PARTS_PER_WEEK * moves;
        if here.index(1).chance(new) {
            return self.somewhere_new(account, here);
        }
        let at_work = (2..=3).contains(&part) && self.works_on_day(account, key, local.day);
        let choice = here.index(2).uniform();
        if at_work {
            return self.work_address(account, key, local.day, here);
        }
        match part {
            1 | 4 if choice < 0.25 => account.carrier,
            _ => Self::home_address(account, here),
        }
    }

    fn home_address(account: &Account, here: Key) -> Address {
        let first = account.homes.first().copied().unwrap_or(account.carrier);
        match account.homes.get(1) {
            Some(second) if here.index(3).chance(0.3) => *second,
            _ => first,
        }
    }

    fn work_address(&self, account: &Account, key: Key, day: i64, here: Key) -> Address {
        let site = self.site(account);
        let today = key.index(u64::from_ne_bytes(day.to_ne_bytes())).index(0x31);
        let office_share = 0.35 + 0.6 * key.index(0x32).uniform();
        if today.chance(office_share) {
            return site.nat;
        }
        let uses_vpn = key.index(0x33).chance(0.5);
        if !uses_vpn || site.vpn.is_empty() || here.index(4).chance(0.3) {
            return Self::home_address(account, here);
        }
        let national = site.vpn.len().min(2) as u64;
        let usual = key.index(0x34).below(national);
        let exit = if here.index(5).chance(0.1) {
            here.index(6).below(national)
        } else {
            usual
        };
        let foreign = FOREIGN_EXIT_PER_WEEK / SEEN_PARTS_PER_WEEK;
        match site.vpn.get(2) {
            Some(abroad) if here.index(7).chance(foreign) => *abroad,
            _ => site.vpn[usize::try_from(exit).unwrap_or(0)],
        }
    }

    /// An address in the account's country that it does not usually use, among other people's.
    fn somewhere_new(&self, account: &Account, here: Key) -> Address {
        let site = self.site(account);
        let role = match here.index(8).uniform() {
            u if u < 0.50 => AddressRole::Home,
            u if u < 0.80 => AddressRole::Carrier,
            u if u < 0.92 => AddressRole::Hosting,
            _ => AddressRole::Vpn,
        };
        let country = CountryRule::Same(site.country.clone());
        self.addresses
            .draw(Use::Population, role, &country, Family::V4, here.index(9))
    }

    /// One trip abroad in the profile's share of weeks: 2 to 4 days from Monday to Thursday on, one
    /// hotel and one carrier.
    fn trip(&self, account: &Account, key: Key, day: i64, part: u64) -> Option<Address> {
        let weekday_index = i64::from(weekday(day));
        let week = key
            .index(u64::from_ne_bytes((day - weekday_index).to_ne_bytes()))
            .index(0x35);
        if !week.chance(self.profile.new_country_per_week) {
            return None;
        }
        let first = i64::try_from(week.index(1).below(3)).unwrap_or(0);
        let length = 2 + i64::try_from(week.index(2).below(3)).unwrap_or(0);
        if !(first..first + length).contains(&weekday_index) {
            return None;
        }
        let site = self.site(account);
        // The hotel decides the country, the carrier follows it.
        let abroad = CountryRule::Other(site.country.clone());
        let hotel = self.addresses.draw(
            Use::Population,
            AddressRole::Home,
            &abroad,
            Family::V4,
            week.index(3),
        );
        if part == 1 {
            let country = self.addresses.place(hotel).country;
            return Some(self.addresses.draw(
                Use::Population,
                AddressRole::Carrier,
                &CountryRule::Same(country),
                Family::V4,
                week.index(4),
            ));
        }
        Some(hotel)
    }

    /// Whether an account works on a local day: Monday to Friday, night workers five days of their
    /// own.
    pub(crate) fn works_on_day(&self, account: &Account, key: Key, day: i64) -> bool {
        let weekday = u64::from(weekday(day));
        if account.night {
            let free = key.index(0x36).below(7);
            return weekday != free && weekday != (free + 1) % 7;
        }
        weekday < 5
    }
}
