//! The world that benign traffic and campaigns share: accounts, applications, addresses, prompts.
//!
//! Everything here is a function of (seed, population, profile, calendar). Campaigns may append
//! accounts and applications of their own behind the population's; they never change what is there.

pub mod addresses;
pub mod clock;
pub mod geography;
pub mod lengths;
pub(crate) mod people;
mod sites;
pub mod systems;
pub(crate) mod watchlist;
mod whereabouts;

use std::ops::Range;

use livefire_schema::reference::{self, Reference};
use livefire_schema::time::{EventTime, TimeSpan};

pub use addresses::{AddressPlan, AddressRole, CountryRule, Family};
pub use clock::LocalTime;
pub use lengths::{TokenLengths, token_lengths};
pub(crate) use people::MEAN_TURNS;
pub use people::guid;

use crate::event::{AccountRef, Address, ApplicationRef, DeploymentRef, ResourceRef};
use crate::prompts::PromptLibrary;
use crate::random::Key;
use crate::settings::{BenignProfile, Calendar, Population};
use clock::ZoneClock;

/// What an account is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AccountKind {
    /// An employee.
    Member,
    /// A guest or outside user (`#EXT#` in the UPN).
    Guest,
    /// An employee with an administrator's role.
    Privileged,
    /// A service account or workload identity.
    Service,
}

/// One account.
#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    /// Entra object id, a GUID.
    pub object_id: String,
    /// User principal name.
    pub upn: String,
    /// Display name, synthetic.
    pub display_name: String,
    /// Kind.
    pub kind: AccountKind,
    /// Department, or empty.
    pub department: String,
    /// Index into [`Directory::sites`].
    pub site: u32,
    /// Whether the account works nights.
    pub night: bool,
    /// When it was made.
    pub created: EventTime,
    /// Whether `IdentityInfo` and the identity map hold it.
    pub in_directory: bool,
    /// Applications that it uses, most used first (1–3).
    pub applications: Vec<ApplicationRef>,
    /// Requests on an active day (mean of the account's own rate).
    pub rate: f64,
    /// Home addresses (1–2, possibly one of each family), most used first.
    pub homes: Vec<Address>,
    /// Mobile carrier address, shared with others.
    pub carrier: Address,
    /// Index of the account's device (operating system, browser, client).
    pub device: u32,
}

/// One application.
#[derive(Clone, PartialEq, Debug)]
pub struct Application {
    /// `application_name`.
    pub name: String,
    /// Azure `OpenAI` resource that it calls.
    pub resource: ResourceRef,
    /// Deployments, most used first.
    pub deployments: Vec<DeploymentRef>,
    /// Prompt sets that its users' prompts come from.
    pub prompt_sets: Vec<u16>,
    /// Whether it stops bad prompts before the service.
    pub stops_prompts: bool,
    /// Whether it passes the user security context.
    pub passes_user_context: bool,
    /// Whether it is a code assistant (its lengths and bursts differ, A3, T3).
    pub code: bool,
    /// Whether it is a test application.
    pub test: bool,
}

/// One model deployment.
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    /// Name, as the app log and `properties_s` show it.
    pub name: String,
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// Registry asset id, as findings name it.
    pub asset_id: String,
    /// Whether a test deployment.
    pub test: bool,
}

/// One Azure `OpenAI` resource.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// Name, lower case.
    pub name: String,
    /// Azure region.
    pub region: String,
}

/// One office.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// City.
    pub city: String,
    /// ISO 3166 country.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// The office's public address (NAT).
    pub nat: Address,
    /// VPN exits that its people use.
    pub vpn: Vec<Address>,
}

/// All that exists. Lists are append-only: the population's entries come first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Directory {
    /// Accounts; the first [`Directory::population`] are the population's.
    pub accounts: Vec<Account>,
    /// How many accounts are the population's.
    pub population: usize,
    /// Applications.
    pub applications: Vec<Application>,
    /// How many applications are the population's.
    pub population_applications: usize,
    /// Deployments in use by the population, then the 64 spare ones of `MODEL_MAP`.
    pub deployments: Vec<Deployment>,
    /// How many deployments are in use by the population.
    pub population_deployments: usize,
    /// Resources.
    pub resources: Vec<Resource>,
    /// Sites.
    pub sites: Vec<Site>,
}

/// Shares of an account's sessions by rank of its applications.
const APPLICATION_SHARES: [f64; 3] = [0.75, 0.19, 0.06];

/// The world of one run.
///
/// Built once from the seed and the scenario without its campaigns; campaigns then append to
/// [`World::directory`]. Everything that benign traffic needs was fixed before.
#[derive(Clone, Debug)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// Root of all random places of the run.
    pub key: Key,
    /// Who lives here.
    pub population: Population,
    /// How they behave.
    pub profile: BenignProfile,
    /// When the log begins and ends.
    pub calendar: Calendar,
    /// Accounts, applications, deployments, resources, sites.
    pub directory: Directory,
    /// Networks and where they are.
    pub addresses: AddressPlan,
    /// Prompt sets.
    pub prompts: PromptLibrary,
    /// One clock per site.
    zones: Vec<ZoneClock>,
    whereabouts: Key,
    reference: Reference,
    /// The population's administrators.
    administrators: Vec<AccountRef>,
    /// Mean of the prompt sets' failure shares over people's requests.
    mean_failure: f64,
}

impl World {
    /// Builds the world.
    ///
    /// At least one user, one application and one site exist whatever the population says, and
    /// there are enough sites that none has more than 2,000 users (CALIBRATION I4).
    #[must_use]
    pub fn build(
        seed: u64,
        population: &Population,
        profile: &BenignProfile,
        calendar: &Calendar,
    ) -> World {
        let key = Key::root(seed).named("world");
        let population = Population {
            users: population.users.max(1),
            applications: population.applications.max(1),
            sites: population.sites.max(population.users.div_ceil(2000)).max(1),
            ..population.clone()
        };
        let prompts = PromptLibrary::embedded(population.users, profile.unique_prompt);
        let plan = sites::plan(&population, profile, key);
        let mut directory = Directory {
            sites: plan.sites,
            ..Directory::default()
        };
        let applications = usize::try_from(population.applications).unwrap_or(1);
        systems::add(&mut directory, applications, profile, &prompts, key);
        people::People {
            key: key.named("people"),
            population: &population,
            profile,
            calendar,
            addresses: &plan.addresses,
        }
        .add(&mut directory);
        let margin = TimeSpan::from_days(400);
        let zones = directory.sites.iter().map(|site| {
            let (from, to) = (calendar.start - margin, calendar.end() + margin);
            ZoneClock::new(&site.time_zone, from, to)
        });
        let mut world = World {
            seed,
            key,
            population,
            profile: profile.clone(),
            calendar: *calendar,
            zones: zones.collect(),
            directory,
            addresses: plan.addresses,
            prompts,
            whereabouts: key.named("whereabouts"),
            reference: Reference::default(),
            administrators: Vec::new(),
            mean_failure: 0.0,
        };
        world.reference = world.build_reference();
        world.summarise_people();
        world
    }

    /// The account at an index.
    ///
    /// # Panics
    /// If the directory does not hold it.
    #[must_use]
    pub fn account(&self, account: AccountRef) -> &Account {
        people::account(&self.directory, account)
    }

    /// The application at an index.
    ///
    /// # Panics
    /// If the directory does not hold it.
    #[must_use]
    pub fn application(&self, application: ApplicationRef) -> &Application {
        &self.directory.applications[usize::try_from(application.0).expect("indices fit")]
    }

    /// The deployment at an index.
    ///
    /// # Panics
    /// If the directory does not hold it.
    #[must_use]
    pub fn deployment(&self, deployment: DeploymentRef) -> &Deployment {
        &self.directory.deployments[usize::try_from(deployment.0).expect("indices fit")]
    }

    /// The resource at an index.
    ///
    /// # Panics
    /// If the directory does not hold it.
    #[must_use]
    pub fn resource(&self, resource: ResourceRef) -> &Resource {
        &self.directory.resources[usize::try_from(resource.0).expect("indices fit")]
    }

    /// The site that an account belongs to.
    #[must_use]
    pub fn site(&self, account: &Account) -> &Site {
        let index = usize::try_from(account.site).unwrap_or(0);
        &self.directory.sites[index % self.directory.sites.len()]
    }

    /// The public address of a site's office; sites beyond the last wrap around.
    #[must_use]
    pub fn site_nat(&self, site: u32) -> Address {
        let index = usize::try_from(site).unwrap_or(0);
        self.directory.sites[index % self.directory.sites.len()].nat
    }

    /// Users of the population: the first accounts of the directory.
    #[must_use]
    pub fn users(&self) -> Range<u32> {
        0..self.population.users
    }

    /// Service callers of the population: the accounts after the users.
    #[must_use]
    pub fn service_callers(&self) -> Range<u32> {
        let end = u32::try_from(self.directory.population).unwrap_or(u32::MAX);
        self.population.users..end
    }

    /// Spare deployments of `MODEL_MAP` that `new` deployments of campaigns are taken from.
    #[must_use]
    pub fn campaign_spares(&self) -> Range<u32> {
        let first = self.directory.population_deployments;
        let at = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        at(first + systems::BENIGN_SPARES)..at(first + systems::SPARE_MODELS)
    }

    fn zone(&self, account: &Account) -> &ZoneClock {
        let index = usize::try_from(account.site).unwrap_or(0);
        &self.zones[index % self.zones.len()]
    }

    fn whereabouts_key(&self, account: AccountRef) -> Key {
        self.whereabouts.index(u64::from(account.0))
    }

    /// Local time of an account's site at an instant.
    #[must_use]
    pub fn local(&self, account: AccountRef, at: EventTime) -> LocalTime {
        self.zone(self.account(account)).local(at)
    }

    /// The instant of a local day and a number of seconds since its midnight at an account's site.
    /// Seconds may exceed a day; a time that daylight saving skips is moved on by the gap.
    #[must_use]
    pub fn instant(&self, account: AccountRef, day: i64, seconds: f64) -> EventTime {
        self.zone(self.account(account)).instant(day, seconds)
    }

    /// Whether an account works on a local day (days since 1970-01-01).
    #[must_use]
    pub fn works_on(&self, account: AccountRef, day: i64) -> bool {
        self.works_on_day(self.account(account), self.whereabouts_key(account), day)
    }

    /// The address that an account's own traffic comes from at an instant: office, home, carrier,
    /// VPN or trip. Pure in (seed, account, local day, part of day); also for accounts that a
    /// campaign appended.
    #[must_use]
    pub fn usual_address(&self, account: AccountRef, at: EventTime) -> Address {
        let who = self.account(account);
        let local = self.zone(who).local(at);
        self.address_at(who, self.whereabouts_key(account), local)
    }

    /// [`World::usual_address`] at a local time of the account.
    pub(crate) fn address_of(&self, account: AccountRef, local: LocalTime) -> Address {
        self.address_at(self.account(account), self.whereabouts_key(account), local)
    }

    /// The application that an account uses in the session that `key` names.
    #[must_use]
    pub fn usual_application(&self, account: &Account, key: Key) -> ApplicationRef {
        let list = &account.applications;
        let [first, second, _] = APPLICATION_SHARES;
        let choice = match key.index(0x60).uniform() {
            u if u < first => 0,
            u if u < first + second => 1,
            _ => 2,
        };
        let last = list.len().saturating_sub(1);
        list.get(choice.min(last))
            .copied()
            .unwrap_or(ApplicationRef(0))
    }

    /// The deployment that an application uses for the call that `key` names.
    #[must_use]
    pub fn usual_deployment(&self, application: ApplicationRef, key: Key) -> DeploymentRef {
        let list = &self.application(application).deployments;
        let choice = match key.index(0x61).uniform() {
            u if u < 0.8 => 0,
            u if u < 0.95 => 1,
            _ => 2,
        };
        let last = list.len().saturating_sub(1);
        list.get(choice.min(last))
            .copied()
            .unwrap_or(DeploymentRef(0))
    }

    /// Computes once what benign traffic asks about all people.
    fn summarise_people(&mut self) {
        let privileged = |account: &AccountRef| {
            let who = self.account(*account);
            who.kind == AccountKind::Privileged && who.in_directory
        };
        self.administrators = self.users().map(AccountRef).filter(privileged).collect();
        let (mut failures, mut weights) = (0.0, 0.0);
        for user in self.users() {
            let account = self.account(AccountRef(user));
            for (application, share) in account.applications.iter().zip(APPLICATION_SHARES) {
                let sets = &self.application(*application).prompt_sets;
                let known = sets.iter().filter_map(|set| self.prompts.set(*set));
                let sum: f64 = known.map(|set| set.p_fail).sum();
                failures += account.rate * share * sum / (sets.len().max(1) as f64);
                weights += account.rate * share;
            }
        }
        self.mean_failure = failures / weights.max(1e-9);
    }

    /// Administrators of the population.
    #[must_use]
    pub fn administrators(&self) -> &[AccountRef] {
        &self.administrators
    }

    /// Mean of the prompt sets' failure shares over people's requests.
    pub(crate) fn mean_failure(&self) -> f64 {
        self.mean_failure
    }

    /// Reference data for rules and for `reference/`: the same whatever attacks there are; the
    /// drill watchlist has what look-alikes announce.
    #[must_use]
    pub fn reference(&self) -> Reference {
        self.reference.clone()
    }

    /// Made before any campaign may append to the directory.
    fn build_reference(&self) -> Reference {
        let identities = self
            .directory
            .accounts
            .iter()
            .filter(|account| account.in_directory);
        let identities = identities.map(|account| {
            let site = self.site(account);
            reference::Identity {
                object_id: account.object_id.clone(),
                upn: account.upn.clone(),
                department: account.department.clone(),
                country: site.country.clone(),
                time_zone: site.time_zone.clone(),
                created: Some(account.created),
                service: account.kind == AccountKind::Service,
            }
        });
        let applications = self.directory.applications.iter();
        let applications = applications.map(|application| reference::Application {
            application: application.name.clone(),
            resource: self.resource(application.resource).name.clone(),
        });
        let models = self.directory.deployments.iter();
        let models = models.map(|deployment| reference::Model {
            model: format!("{}:{}", deployment.model, deployment.version),
            deployment: deployment.name.clone(),
            asset_id: deployment.asset_id.clone(),
        });
        Reference::new(
            identities.collect(),
            applications.collect(),
            models.collect(),
            Vec::new(),
            self.addresses.places().to_vec(),
        )
    }
}

#[cfg(test)]
mod tests;
