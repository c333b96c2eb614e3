//! Which member of a pool an event gets: addresses by role and deal, texts by order and deal.

use std::sync::Arc;

use livefire_schema::address::Network;
use livefire_schema::time::EventTime;

use super::pools::{Addresses, Members, Pools, Texts};
use crate::event::{AccountRef, Address, Mutation, Prompt};
use crate::kinds::model::{AddressRole, Deal};
use crate::random::Key;
use crate::world::{self, CountryRule, Family, World};

/// Who asks for a member, and where in the campaign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    /// Acting account.
    pub(crate) account: Option<AccountRef>,
    /// The account's position in the pool that the stage runs over.
    pub(crate) ordinal: u64,
    /// Position of the event in its stage.
    pub(crate) event: u64,
    /// Position of the event in its run.
    pub(crate) in_run: u64,
    /// Time of the event.
    pub(crate) at: EventTime,
    /// Since when pools that change with time count.
    pub(crate) since: EventTime,
    /// Place of the event.
    pub(crate) key: Key,
    /// Place of the run.
    pub(crate) run: Key,
}

/// Tries for an address in a wanted network or at a wanted distance.
const TRIES: u64 = 256;

impl Addresses {
    /// The address of an event.
    pub(crate) fn member(&self, asker: &Asker, world: &World, pools: &Pools) -> Address {
        let position = self.position(asker);
        let index = match &self.subset {
            Some(subset) => {
                let at = usize::try_from(position).unwrap_or(0);
                subset.get(at % subset.len().max(1)).copied().unwrap_or(0)
            }
            None => position,
        };
        self.at(index, asker.account, asker.at, world, pools)
    }

    fn position(&self, asker: &Asker) -> u64 {
        let key = asker.key.named("address");
        let shared = |value: &Option<crate::kinds::value::Value>| {
            value
                .as_ref()
                .map_or(1, |value| value.count(self.key.named("shared by")).max(1))
        };
        if let Some(each) = self.per_account {
            let group = asker.ordinal / shared(&self.pool.shared_by);
            let own = match &self.pool.deal {
                Deal::Random => key.below(each),
                Deal::PerEvent => asker.in_run % each,
                Deal::PerAccount | Deal::Every(_) => 0,
            };
            return group * each + own;
        }
        let count = self.count.max(1);
        match &self.pool.deal {
            Deal::PerAccount => asker.ordinal % count,
            Deal::PerEvent => asker.event % count,
            Deal::Random => key.below(count),
            Deal::Every(life) => {
                let life = life.span(self.key.named("life")).ticks().max(1);
                let passed = (asker.at - asker.since).ticks().max(0);
                u64::try_from(passed / life).unwrap_or(0) % count
            }
        }
    }

    /// The `index`-th member as an account meets it.
    pub(crate) fn at(
        &self,
        index: u64,
        account: Option<AccountRef>,
        at: EventTime,
        world: &World,
        pools: &Pools,
    ) -> Address {
        match (self.pool.role, account) {
            (AddressRole::Own, Some(account)) => return own_address(world, account, at),
            (AddressRole::Home, Some(account)) => {
                let who = world.account(account);
                return who.homes.first().copied().unwrap_or(who.carrier);
            }
            (AddressRole::Office, account) => {
                if let Some(of) = &self.pool.site_of {
                    let first = pools.accounts(&of.value).iter().flatten().next();
                    if let Some(account) = account.as_ref().or(first) {
                        return world.site_nat(world.account(*account).site);
                    }
                }
            }
            _ => {}
        }
        let key = self.key.named("members");
        let country = self.country(index, account, world);
        let family = match self.pool.family {
            Some(4) => Family::V4,
            Some(_) => Family::V6,
            None => Family::Both,
        };
        let role = plan_role(self.pool.role);
        let pick = |step: u64| {
            world
                .addresses
                .pick_member(role, &country, family, key, step)
        };
        if self.pool.role == AddressRole::Vpn {
            return colleagues_vpn(index, &pick, world);
        }
        match (&self.pool.distance, account) {
            (Some(distance), Some(account)) => {
                let wanted = distance.number(self.key.named("distance").index(index));
                at_distance(index, wanted, account, &pick, world)
            }
            _ => pick(index),
        }
    }

    fn country(&self, index: u64, account: Option<AccountRef>, world: &World) -> CountryRule {
        let (Some(rule), Some(account)) = (&self.pool.country, account) else {
            return CountryRule::Any;
        };
        let home = world.site(world.account(account)).country.clone();
        match &*rule.word(self.key.named("country").index(index), 0.0) {
            "same" => CountryRule::Same(home),
            "other" => CountryRule::Other(home),
            _ => CountryRule::Any,
        }
    }
}

fn plan_role(role: AddressRole) -> world::AddressRole {
    match role {
        AddressRole::Office => world::AddressRole::Office,
        AddressRole::Vpn => world::AddressRole::Vpn,
        AddressRole::Carrier => world::AddressRole::Carrier,
        AddressRole::Home | AddressRole::Own => world::AddressRole::Home,
        AddressRole::Hosting => world::AddressRole::Hosting,
        AddressRole::Residential => world::AddressRole::Residential,
        AddressRole::Tor => world::AddressRole::Tor,
        AddressRole::Any => world::AddressRole::Any,
    }
}

/// Where an account's own traffic comes from.
///
/// Accounts that a campaign brought are at home: their place in the directory depends on the other
/// campaigns, so nothing may be drawn from it.
pub(crate) fn own_address(world: &World, account: AccountRef, at: EventTime) -> Address {
    let is_brought = usize::try_from(account.0).is_ok_and(|i| i >= world.directory.population);
    if is_brought {
        let who = world.account(account);
        return who.homes.first().copied().unwrap_or(who.carrier);
    }
    world.usual_address(account, at)
}

/// A free address in a network whose exits colleagues use too.
fn colleagues_vpn(index: u64, pick: &dyn Fn(u64) -> Address, world: &World) -> Address {
    let sites = world.directory.sites.iter();
    let networks: Vec<Network> = sites
        .flat_map(|site| site.vpn.iter().map(|address| Network::of(address.ip())))
        .collect();
    (0..TRIES)
        .map(pick)
        .filter(|address| networks.contains(&Network::of(address.ip())))
        .nth(usize::try_from(index).unwrap_or(0))
        .unwrap_or_else(|| pick(index))
}

/// The candidate nearest to a distance from the account's home.
fn at_distance(
    index: u64,
    wanted: f64,
    account: AccountRef,
    pick: &dyn Fn(u64) -> Address,
    world: &World,
) -> Address {
    let who = world.account(account);
    let home = who.homes.first().copied().unwrap_or(who.carrier);
    let miss = |address: Address| (world.addresses.distance_km(home, address) - wanted).abs();
    let first = index * TRIES / 4;
    let candidates = (first..first + TRIES / 4).map(pick);
    candidates
        .min_by(|a, b| miss(*a).total_cmp(&miss(*b)))
        .unwrap_or_else(|| pick(index))
}

impl Texts {
    /// The prompt of an event.
    pub(crate) fn member(&self, asker: &Asker, world: &World) -> Prompt {
        let mut prompt = self.text(asker, world);
        prompt.mutation = mutation(&self.mutation);
        prompt.nonce = asker.key.named("nonce");
        prompt.pad_to = self.size;
        prompt
    }

    fn text(&self, asker: &Asker, world: &World) -> Prompt {
        let count = self.texts.len() as u64;
        if count == 0 {
            // One pass over the grid for all users of the pool.
            let set = self.sets.first().copied().unwrap_or(0);
            let templates = world
                .prompts
                .set(set)
                .map_or(1, crate::prompts::PromptSet::templates);
            let position = if &*self.order == "shuffled" {
                self.key.named("shuffle").index(asker.event).below(1 << 20)
            } else {
                asker.event
            };
            let _ = templates;
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            return world.prompts.at_grid(set, position, self.key.named("grid"));
        }
        let index = if self.pool.is_per_account {
            asker.ordinal % count
        } else {
            match &*self.order {
                "sequential" => asker.in_run % count,
                "shuffled" => {
                    let order = crate::random::Permutation::new(asker.run.named("order"), count);
                    order.at(asker.in_run % count)
                }
                _ => asker.key.named("text").below(count),
            }
        };
        self.texts[usize::try_from(index).unwrap_or(0)]
    }
}

/// The mutation of a word of the format; what only text libraries know stays unmutated.
pub(crate) fn mutation(word: &str) -> Mutation {
    match word {
        "synonym" => Mutation::Synonym,
        "trailing_space" => Mutation::TrailingSpace,
        "tail_nonce" => Mutation::TailNonce,
        "head_nonce" => Mutation::HeadNonce,
        "greeting" => Mutation::Greeting,
        "case_flip" => Mutation::CaseFlip,
        "zero_width" => Mutation::ZeroWidth,
        "homoglyph" => Mutation::Homoglyph,
        "tag_characters" => Mutation::TagCharacters,
        _ => Mutation::None,
    }
}

/// The prompt of an event that draws from sets and pools by name.
pub(crate) fn prompt_of(
    names: &[Arc<str>],
    asker: &Asker,
    world: &World,
    pools: &Pools,
) -> Option<Prompt> {
    let choice = asker.key.named("prompts").below(names.len() as u64);
    let name = names.get(usize::try_from(choice).unwrap_or(0))?;
    if let Some(Members::Texts(texts)) = pools.get(name) {
        return Some(texts.member(asker, world));
    }
    let set = world.prompts.set_index(name)?;
    Some(drawn(set, asker.key.named("prompt"), world))
}

/// A prompt of a set: as people write for what people write, else a text of its own.
pub(crate) fn drawn(set: u16, key: Key, world: &World) -> Prompt {
    let is_benign = world
        .prompts
        .set(set)
        .is_some_and(|set| set.kind == "benign");
    if is_benign {
        world.prompts.draw(set, key)
    } else {
        world.prompts.draw_own(set, key)
    }
}
