//! Accounts of the population: employees, guests, administrators, service callers.
//!
//! Names are made of syllables, so that no real person is meant. Rates are log-normal, which makes
//! callers as unequal as CALIBRATION U1–U3 ask together with the service callers' share.

use std::collections::BTreeMap;

use livefire_schema::time::{EventTime, TimeSpan};

use crate::event::{AccountRef, ApplicationRef};
use crate::random::Key;
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::addresses::{AddressPlan, AddressRole};
use crate::world::{Account, AccountKind, Directory, systems};

/// Departments with their shares in per cent; a department of every shipped kind is among them.
pub(crate) const DEPARTMENTS: &[(&str, u64)] = &[
    ("finance", 13),
    ("people", 8),
    ("engineering", 20),
    ("medical", 7),
    ("legal", 7),
    ("support", 16),
    ("sales", 12),
    ("operations", 9),
    ("security", 4),
    ("research", 4),
];

/// Mean turns of a conversation (CALIBRATION S1, S4).
pub(crate) const MEAN_TURNS: f64 = 2.57;

/// Domain of the population.
pub(crate) const DOMAIN: &str = "corvane.example";

const HEADS: [&str; 20] = [
    "Al", "Be", "Ca", "Da", "El", "Fe", "Ga", "He", "Il", "Jo", "Ka", "Le", "Ma", "Ne", "Ol", "Pe",
    "Ro", "Sa", "Ta", "Vi",
];
const TAILS: [&str; 20] = [
    "ric", "na", "mir", "lia", "ton", "vera", "dan", "sia", "bert", "mona", "lin", "ra", "win",
    "tha", "mar", "ela", "gor", "nis", "das", "rella",
];
const FAMILY_HEADS: [&str; 25] = [
    "Bran", "Cald", "Dorn", "Ever", "Fal", "Grim", "Hol", "Irv", "Jans", "Kell", "Lind", "Mor",
    "Nor", "Ost", "Pell", "Quin", "Rav", "Sel", "Thorn", "Ulm", "Vand", "West", "Yarr", "Zell",
    "Harr",
];
const FAMILY_TAILS: [&str; 24] = [
    "ell", "sen", "wick", "ford", "mann", "berg", "low", "ton", "ley", "strom", "dale", "worth",
    "er", "ing", "brook", "gate", "holm", "ridge", "ner", "vik", "ova", "ski", "etti", "oux",
];

/// Human names by key: given name and family name.
pub(crate) fn name_of(key: Key) -> (String, String) {
    let part = |list: &[&'static str], purpose: u64| -> &'static str {
        list[usize::try_from(key.index(purpose).below(list.len() as u64)).unwrap_or(0)]
    };
    (
        format!("{}{}", part(&HEADS, 1), part(&TAILS, 2)),
        format!("{}{}", part(&FAMILY_HEADS, 3), part(&FAMILY_TAILS, 4)),
    )
}

/// The GUID that a key stands for, version 4 in shape.
#[must_use]
pub fn guid(key: Key) -> String {
    let (high, low) = (
        u128::from(key.index(1).bits()),
        u128::from(key.index(2).bits()),
    );
    let bits = high << 64 | low;
    let bits = bits & !(0xf << 76) | 4 << 76;
    let bits = bits & !(0x3 << 62) | 2 << 62;
    livefire_schema::ids::ItemId(bits).to_string()
}

/// IPv4 and IPv6 homes handed out so far, by country.
type HomesUsed = BTreeMap<String, [u64; 2]>;

/// What accounts are made from.
pub(crate) struct People<'a> {
    pub(crate) key: Key,
    pub(crate) population: &'a Population,
    pub(crate) profile: &'a BenignProfile,
    pub(crate) calendar: &'a Calendar,
    pub(crate) addresses: &'a AddressPlan,
}

impl People<'_> {
    /// Adds the users, then the service callers, to a directory that has sites and applications.
    pub(crate) fn add(&self, directory: &mut Directory) {
        let mut homes_used = BTreeMap::new();
        for index in 0..self.population.users {
            let account = self.user(directory, index, &mut homes_used);
            directory.accounts.push(account);
        }
        self.add_service_callers(directory);
        directory.population = directory.accounts.len();
    }

    fn user(&self, directory: &Directory, index: u32, homes_used: &mut HomesUsed) -> Account {
        let key = self.key.named("account").index(u64::from(index));
        let site = site_of(index, directory.sites.len());
        let country = &directory.sites[site].country;
        let (given, family) = name_of(key.named("name"));
        let kind = match key.named("kind").uniform() {
            u if u < 0.02 => AccountKind::Privileged,
            u if u < 0.05 => AccountKind::Guest,
            _ => AccountKind::Member,
        };
        let handle = format!("{}.{}{}", given, family, index).to_lowercase();
        let upn = match kind {
            AccountKind::Guest => format!("{handle}_partner.example#EXT#@{DOMAIN}"),
            _ => format!("{handle}@{DOMAIN}"),
        };
        let department = department_of(key.named("department"));
        let used = homes_used.entry(country.clone()).or_default();
        let homes = self.homes(country, key, used);
        let carrier = u64::from(index) / u64::from(self.profile.users_per_carrier_address.max(1));
        let carrier =
            self.addresses
                .population_member(AddressRole::Carrier, country, false, carrier);
        let (created, in_directory) = self.created(key);
        Account {
            object_id: guid(key.named("object id")),
            upn,
            display_name: format!("{given} {family}"),
            kind,
            department: department.to_owned(),
            site: u32::try_from(site).expect("sites are few"),
            night: key.named("night").chance(self.population.night_workers),
            created,
            in_directory,
            applications: applications_of(directory, department, key.named("applications")),
            rate: self.rate(key),
            homes,
            carrier,
            device: u32::try_from(key.named("device").bits() >> 40).expect("24 bits fit"),
        }
    }

    /// Requests on an active day: log-normal, cut at 40 medians (12 h at the human pace).
    fn rate(&self, key: Key) -> f64 {
        let median = self.profile.requests_per_day;
        let rate = key.named("rate").lognormal(median, self.profile.rate_sigma);
        rate.clamp(0.5, 40.0 * median)
    }

    /// One starter in 250 arrives during the log, and no snapshot of the directory knows them.
    fn created(&self, key: Key) -> (EventTime, bool) {
        let key = key.named("created");
        if key.index(1).chance(0.004) {
            let span = self.calendar.duration.seconds_f64();
            let after = TimeSpan::from_seconds_f64(span * key.index(2).uniform());
            return (self.calendar.start + after, false);
        }
        (systems::long_ago(self.calendar.start, key), true)
    }

    fn homes(&self, country: &str, key: Key, used: &mut [u64; 2]) -> Vec<crate::event::Address> {
        let key = key.named("homes");
        let mut take = |six: bool| {
            let counter = &mut used[usize::from(six)];
            *counter += 1;
            self.addresses
                .population_member(AddressRole::Home, country, six, *counter - 1)
        };
        if key.index(1).chance(self.profile.ipv6_share) {
            vec![take(true), take(false)]
        } else if key.index(2).chance(0.15) {
            vec![take(false), take(false)]
        } else {
            vec![take(false)]
        }
    }

    /// Service callers share the profile's part of all requests by rank: the first carries most.
    fn add_service_callers(&self, directory: &mut Directory) {
        let week = (5.0 + 2.0 * self.profile.weekend_share) / 7.0;
        // An active day has at least one conversation.
        let users = directory
            .accounts
            .iter()
            .map(|account| account.rate.max(MEAN_TURNS));
        let users: f64 = users.sum();
        let human = users * self.profile.active_share * week;
        let share = self.profile.service_share.clamp(0.0, 0.95);
        let total = human * share / (1.0 - share);
        let weight = |rank: u32| libm::pow(f64::from(rank + 1), -0.9);
        let weights: f64 = (0..self.population.service_callers).map(weight).sum();
        let applications = directory.population_applications;
        for rank in 0..self.population.service_callers {
            let key = self.key.named("service").index(u64::from(rank));
            let site = key.named("site").below(directory.sites.len() as u64);
            let country = &directory.sites[usize::try_from(site).unwrap_or(0)].country;
            let home = self.addresses.population_member(
                AddressRole::Hosting,
                country,
                false,
                u64::from(rank),
            );
            let purpose = ["batch", "sync", "intake", "digest", "triage", "index"];
            let purpose = purpose[usize::try_from(rank).unwrap_or(0) % 6];
            // The last caller drives the test application, the others serve real ones.
            let application = if rank > 0 && rank + 1 == self.population.service_callers {
                applications - 1
            } else {
                usize::try_from(rank).unwrap_or(0) % (applications - 1).max(1)
            };
            directory.accounts.push(Account {
                object_id: guid(key.named("object id")),
                upn: format!("svc-{purpose}-{}@{DOMAIN}", rank + 1),
                display_name: format!("svc-{purpose}-{}", rank + 1),
                kind: AccountKind::Service,
                department: String::new(),
                site: u32::try_from(site).unwrap_or(0),
                night: false,
                created: systems::long_ago(self.calendar.start, key),
                in_directory: true,
                applications: vec![systems::application(application)],
                rate: total * weight(rank) / weights.max(1e-9),
                homes: vec![home],
                carrier: home,
                device: u32::try_from(key.named("device").bits() >> 40).expect("24 bits fit"),
            });
        }
    }
}

/// Sites get users in turn, the first site twice as many.
fn site_of(index: u32, sites: usize) -> usize {
    let turn = usize::try_from(index).unwrap_or(0) % (sites + 1);
    if turn >= sites { 0 } else { turn }
}

/// How many of `users` sit at each site.
pub(crate) fn users_per_site(users: u32, sites: usize) -> Vec<usize> {
    let mut counts = vec![0; sites];
    for index in 0..users {
        counts[site_of(index, sites)] += 1;
    }
    counts
}

fn department_of(key: Key) -> &'static str {
    let mut rest = key.below(100);
    for (name, share) in DEPARTMENTS {
        if rest < *share {
            return name;
        }
        rest -= share;
    }
    DEPARTMENTS[0].0
}

/// One to three applications: the department's own first, then one for everybody, then any.
fn applications_of(directory: &Directory, department: &str, key: Key) -> Vec<ApplicationRef> {
    let count = directory.population_applications - 1;
    let own: Vec<usize> = (0..count)
        .filter(|&index| systems::serves(index, department))
        .collect();
    let common: Vec<usize> = (0..count)
        .filter(|&index| systems::serves_all(index))
        .collect();
    let mut chosen: Vec<ApplicationRef> = Vec::with_capacity(3);
    let mut choose = |list: &[usize], key: Key| {
        if list.is_empty() {
            return;
        }
        let at = usize::try_from(key.below(list.len() as u64)).unwrap_or(0);
        let application = systems::application(list[at]);
        if !chosen.contains(&application) {
            chosen.push(application);
        }
    };
    choose(&own, key.index(1));
    if own.is_empty() || key.index(2).chance(0.6) {
        choose(&common, key.index(3));
    }
    if key.index(4).chance(0.25) {
        let any: Vec<usize> = (0..count).collect();
        choose(&any, key.index(5));
    }
    if chosen.is_empty() {
        chosen.push(systems::application(0));
    }
    chosen
}

/// The account at an index of a directory.
pub(crate) fn account(directory: &Directory, account: AccountRef) -> &Account {
    &directory.accounts[usize::try_from(account.0).expect("indices fit")]
}
