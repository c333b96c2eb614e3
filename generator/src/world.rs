//! The world that benign traffic and campaigns share: accounts, applications, addresses, prompts.
//!
//! Everything here is a function of (seed, population, profile). Campaigns may append accounts and
//! applications of their own behind the population's; they never change what is there.

use livefire_schema::time::EventTime;

use crate::event::{Address, ApplicationRef, DeploymentRef, ResourceRef};

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
    /// Azure OpenAI resource that it calls.
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

/// One Azure OpenAI resource.
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
