//! Accounts and applications that a campaign brings: appended to the directory, built like the
//! population's own, so that nothing but their age and their absence from the directory tells them.

use livefire_schema::time::TimeSpan;

use super::Resolver;
use crate::event::{AccountRef, ApplicationRef, ResourceRef};
use crate::kinds::model::{AccountPool, AccountSource};
use crate::random::{Key, Permutation};
use crate::world::{
    Account, AccountKind, AddressRole, CountryRule, Family, Resource, guid, people,
};

impl Resolver<'_> {
    /// Appends `count` accounts.
    pub(super) fn brought(
        &mut self,
        source: AccountSource,
        pool: &AccountPool,
        key: Key,
        count: u64,
    ) -> Vec<Option<AccountRef>> {
        let sites = self.world.directory.sites.len().max(1) as u64;
        let one_site = key.named("site").below(sites);
        (0..count)
            .map(|index| {
                let place = key.named("account").index(index);
                let site = if pool.is_one_site {
                    one_site
                } else {
                    place.named("site").below(sites)
                };
                let account = self.account(source, place, u32::try_from(site).unwrap_or(0));
                let reference = AccountRef(
                    u32::try_from(self.world.directory.accounts.len()).unwrap_or(u32::MAX),
                );
                self.world.directory.accounts.push(account);
                if source == AccountSource::New {
                    let age = pool.age.as_ref().map_or_else(
                        || {
                            TimeSpan::from_seconds_f64(
                                3600.0 * (1.0 + 71.0 * place.named("age").uniform()),
                            )
                        },
                        |age| age.span(place.named("age")),
                    );
                    self.pools.new_accounts.push((reference, age));
                }
                Some(reference)
            })
            .collect()
    }

    fn account(&self, source: AccountSource, key: Key, site: u32) -> Account {
        let world = &*self.world;
        let place = &world.directory.sites[usize::try_from(site).unwrap_or(0)];
        let (given, family) = people::name_of(key.named("name"));
        let number = key.named("number").below(u64::from(world.population.users));
        let handle = format!("{given}.{family}{number}").to_lowercase();
        let is_guest = source == AccountSource::External;
        let upn = if is_guest {
            format!("{handle}_partner.example#EXT#@{}", people::DOMAIN)
        } else {
            format!("{handle}@{}", people::DOMAIN)
        };
        let country = CountryRule::Same(place.country.clone());
        let address = |role, name: &str| {
            let key = key.named(name);
            world.addresses.pick(role, &country, Family::Both, key)
        };
        let applications = world.directory.population_applications.saturating_sub(1);
        let application =
            Permutation::new(key.named("application"), applications.max(1) as u64).at(0);
        let at = usize::try_from(
            key.named("department")
                .below(people::DEPARTMENTS.len() as u64),
        );
        let department = people::DEPARTMENTS[at.unwrap_or(0)].0;
        let created = world.calendar.start
            - TimeSpan::from_seconds_f64(
                86_400.0 * (20.0 + 380.0 * key.named("created").uniform()),
            );
        Account {
            object_id: guid(key.named("object id")),
            upn,
            display_name: format!("{given} {family}"),
            kind: if is_guest {
                AccountKind::Guest
            } else {
                AccountKind::Member
            },
            department: department.to_owned(),
            site,
            night: false,
            created,
            in_directory: false,
            applications: vec![ApplicationRef(u32::try_from(application).unwrap_or(0))],
            rate: world.profile.requests_per_day,
            homes: vec![address(AddressRole::Home, "home")],
            carrier: address(AddressRole::Carrier, "carrier"),
            device: u32::try_from(key.named("device").bits() >> 40).expect("24 bits fit"),
        }
    }

    /// Appends an application with a resource of its own and the deployments of a real one.
    pub(super) fn new_application(&mut self, key: Key) -> ApplicationRef {
        let directory = &mut self.world.directory;
        let count = directory.population_applications.saturating_sub(1).max(1) as u64;
        let model = usize::try_from(key.named("model").below(count)).unwrap_or(0);
        let mut application = directory.applications[model].clone();
        let words = ["desk", "notes", "finder", "helper", "studio", "draft"];
        let word = words[usize::try_from(key.named("word").below(6)).unwrap_or(0)];
        application.name = format!("{}-{word}", application.name);
        let region = directory
            .resources
            .first()
            .map_or(String::new(), |resource| resource.region.clone());
        application.resource =
            ResourceRef(u32::try_from(directory.resources.len()).unwrap_or(u32::MAX));
        directory.resources.push(Resource {
            name: format!("aoai-{}", application.name),
            region,
        });
        directory.applications.push(application);
        let index = directory.applications.len() - 1;
        ApplicationRef(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
