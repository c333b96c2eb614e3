//! What a kind file says, after reading: pools, stages, anchors, gaps.
//!
//! Keys that were not written stay `None`, so that a used stage can be overridden key by key;
//! defaults are applied where a value is needed. Names stay names: pools, stages and knobs are
//! few, and a renamed one is its own random stream anyway.

mod stage;

use std::sync::Arc;

use livefire_schema::rules::RuleToken;
use livefire_schema::spec::Spanned;

use super::value::{Kind, Literal, Value};

pub(crate) use stage::KEEP;
pub use stage::{
    AlertRule, AlertScope, Anchor, DaySet, Days, Gap, Hours, Pick, SessionScope, Setting, Share,
    Stage, Trap, Until, Use,
};

/// A name with its place.
pub type Name = Spanned<Arc<str>>;

/// Truth class of a kind's or stage's rows, as files write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    /// An attack's own rows.
    Attack,
    /// The attacker's harmless rows.
    Cover,
    /// Rows of others that the attack causes.
    Benign,
    /// A look-alike's rows.
    HardNegative,
}

/// What values a knob may take.
#[derive(Clone, PartialEq, Debug)]
pub enum Bounds {
    /// From, to; both ends included.
    Range(Literal, Literal),
    /// One of a list.
    OneOf(Vec<Literal>),
    /// Anything: a knob that inlining made.
    Free,
}

/// A knob.
#[derive(Clone, PartialEq, Debug)]
pub struct Knob {
    /// Drawn once per campaign where the scenario sets nothing.
    pub default: Value,
    /// Allowed values.
    pub bounds: Bounds,
    /// Type, from its literals.
    pub kind: Kind,
    /// Unit, for help.
    pub unit: String,
    /// Help.
    pub help: String,
    /// Whether a scenario may set it; knobs of used kinds are hidden.
    pub is_hidden: bool,
}

/// Pools or words from which one is taken: the only active one of a list, or one by weight.
#[derive(Clone, PartialEq, Debug)]
pub enum PoolChoice {
    /// Exactly one is active (its `when`).
    Active(Vec<Name>),
    /// Drawn by weight.
    Weighted(Value),
}

/// `when:` — every knob must have one of its values.
pub type Guard = Vec<(Name, Vec<Literal>)>;

/// Which accounts a pool holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountSource {
    /// Employees with a history.
    Existing,
    /// Accounts that the campaign makes.
    New,
    /// Guests that the campaign brings.
    External,
    /// Administrators.
    Privileged,
    /// Service accounts.
    Service,
    /// Accounts that the directory does not know.
    NotInDirectory,
    /// No account: key access.
    ApiKey,
}

/// What role an address has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named as in the attack format")]
pub enum AddressRole {
    Own,
    Office,
    Vpn,
    Carrier,
    Home,
    Hosting,
    Residential,
    Tor,
    Any,
}

/// How members of a pool meet the actors and events that use it.
#[derive(Clone, PartialEq, Debug)]
pub enum Deal {
    /// Each account keeps its member.
    PerAccount,
    /// The next member at each event.
    PerEvent,
    /// Drawn at each event.
    Random,
    /// The next member after each such time.
    Every(Value),
}

/// What a pool holds.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "a kind has few pools, made once")]
pub enum PoolBody {
    /// Accounts.
    Accounts(AccountPool),
    /// Addresses.
    Addresses(AddressPool),
    /// Applications, deployments or resources.
    Things(ThingPool),
    /// Prompts.
    Texts(TextPool),
    /// The first `count` members, in a shuffled order, of another pool.
    Subset {
        /// The other pool.
        of: Name,
        /// How many.
        count: Option<Value>,
    },
}

/// `accounts:`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AccountPool {
    /// One of these, drawn per campaign.
    pub sources: Vec<AccountSource>,
    /// How many.
    pub count: Option<Value>,
    /// Or which share of the filtered population.
    pub share: Option<Value>,
    /// Only this department.
    pub department: Option<Name>,
    /// All of one site.
    pub is_one_site: bool,
    /// Only those who work by day (`false`) or night.
    pub works_at_night: Option<bool>,
    /// Only those who use an application of this pool.
    pub uses: Option<Name>,
    /// Age at the first event in the campaign, for new accounts.
    pub age: Option<Value>,
}

/// `addresses:`.
#[derive(Clone, PartialEq, Debug)]
pub struct AddressPool {
    /// Role.
    pub role: AddressRole,
    /// How many.
    pub count: Option<Value>,
    /// Or how many for each account.
    pub per_account: Option<Value>,
    /// How many accounts share one.
    pub shared_by: Option<Value>,
    /// How they are dealt.
    pub deal: Deal,
    /// `same`, `other` or `any` against the account's country.
    pub country: Option<Value>,
    /// Kilometres from the account's home.
    pub distance: Option<Value>,
    /// The site's address of these accounts.
    pub site_of: Option<Name>,
    /// When the account last used it.
    pub last_seen: Option<Value>,
    /// Address family: 4, 6, or `None` for both.
    pub family: Option<u8>,
}

/// Applications, deployments or resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named as in the attack format")]
pub enum ThingKind {
    Application,
    Deployment,
    Resource,
}

/// Where things come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThingSource {
    /// The population's.
    Existing,
    /// Brought by the campaign.
    New,
    /// Test ones.
    Test,
}

/// `applications:`, `deployments:`, `resources:`.
#[derive(Clone, PartialEq, Debug)]
pub struct ThingPool {
    /// What.
    pub kind: ThingKind,
    /// From where.
    pub source: ThingSource,
    /// How many.
    pub count: Option<Value>,
    /// How they are dealt; drawn once per run by default.
    pub deal: Option<Deal>,
    /// Only those of this resource pool.
    pub of: Option<Name>,
}

/// `texts:` or `lines:`.
#[derive(Clone, PartialEq, Debug)]
pub struct TextPool {
    /// Prompt sets; empty for own lines.
    pub sets: Vec<Name>,
    /// The user's own prompts.
    pub lines: Vec<Arc<str>>,
    /// How many texts are drawn.
    pub count: Option<Value>,
    /// Whether every account keeps its text, else drawn at each event.
    pub is_per_account: bool,
    /// Mutation.
    pub mutate: Option<Value>,
    /// Least length in characters.
    pub size: Option<Value>,
    /// `random`, `sequential` or `shuffled`.
    pub order: Option<Value>,
}

/// A named pool.
#[derive(Clone, PartialEq, Debug)]
pub struct Pool {
    /// Name.
    pub name: Name,
    /// What it holds.
    pub body: PoolBody,
    /// When it exists.
    pub when: Guard,
}

/// Technique ids of a kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Techniques {
    /// MITRE ATLAS.
    pub atlas: Vec<String>,
    /// OWASP LLM top ten, without year.
    pub owasp: Vec<String>,
    /// MITRE ATT&CK.
    pub attack: Vec<String>,
}

/// Predicted rules at default knobs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// Rules that fire.
    pub fires: Vec<RuleToken>,
    /// Rules that may fire.
    pub may: Vec<RuleToken>,
    /// Rules that are lost when quiet.
    pub lost: Vec<RuleToken>,
}
