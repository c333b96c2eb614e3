//! The members of a campaign's pools: keyed permutations over the filtered population, and
//! accounts and applications that the campaign brings along.

mod brought;
mod population;
mod things;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::knobs::KnobValues;
use crate::event::{AccountRef, ApplicationRef, DeploymentRef, Prompt, ResourceRef};
use crate::kinds::kind::{AttackKind, KnobOverrides};
use crate::kinds::model::{AddressPool, PoolBody, TextPool, ThingKind};
use crate::kinds::value::{Form, Value};
use crate::kinds::{model::Guard, model::Pool, visit};
use crate::random::{Key, Permutation};
use crate::world::World;

/// The members of one pool.
#[derive(Clone, Debug)]
pub(crate) enum Members {
    /// Accounts; `None` is key access.
    Accounts(Vec<Option<AccountRef>>),
    /// Addresses, made on demand.
    Addresses(Addresses),
    /// Applications.
    Applications(Vec<ApplicationRef>),
    /// Deployments.
    Deployments(Vec<DeploymentRef>),
    /// Resources.
    Resources(Vec<ResourceRef>),
    /// Texts.
    Texts(Texts),
}

/// A resolved address pool.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// What the file says, without knobs.
    pub(crate) pool: AddressPool,
    /// Number of members.
    pub(crate) count: u64,
    /// Members of each account, where the file says so.
    pub(crate) per_account: Option<u64>,
    /// Place of the pool.
    pub(crate) key: Key,
    /// Positions of a subset's members in the whole pool.
    pub(crate) subset: Option<Vec<u64>>,
}

/// A resolved texts pool.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    /// What the file says, without knobs.
    pub(crate) pool: TextPool,
    /// Drawn texts; empty where texts go through a grid.
    pub(crate) texts: Vec<Prompt>,
    /// Prompt sets of the grid.
    pub(crate) sets: Vec<u16>,
    /// Order: `random`, `sequential`, `shuffled`.
    pub(crate) order: Arc<str>,
    /// Mutation, by its word.
    pub(crate) mutation: Arc<str>,
    /// Least length in characters.
    pub(crate) size: u32,
    /// Place of the pool.
    pub(crate) key: Key,
}

/// All active pools of one campaign.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools {
    members: FxHashMap<Arc<str>, Members>,
    parents: FxHashMap<Arc<str>, Arc<str>>,
    /// Brought accounts and their ages at their first event, in hours of the draw.
    pub(crate) new_accounts: Vec<(AccountRef, livefire_schema::time::TimeSpan)>,
    /// What was clamped or is missing.
    pub(crate) notes: Vec<String>,
}

/// Why a scenario's own number cannot be met.
#[derive(Debug)]
pub(crate) struct TooMany(pub(crate) String);

impl Members {
    /// Number of members.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Members::Accounts(list) => list.len() as u64,
            Members::Addresses(addresses) => addresses.count,
            Members::Applications(list) => list.len() as u64,
            Members::Deployments(list) => list.len() as u64,
            Members::Resources(list) => list.len() as u64,
            Members::Texts(texts) => texts.texts.len() as u64,
        }
    }
}

impl Pools {
    /// A pool's members; `None` if it is not active.
    pub(crate) fn get(&self, name: &str) -> Option<&Members> {
        self.members.get(name)
    }

    /// The accounts of a pool; none if it holds something else.
    pub(crate) fn accounts(&self, name: &str) -> &[Option<AccountRef>] {
        match self.members.get(name) {
            Some(Members::Accounts(list)) => list,
            _ => &[],
        }
    }

    /// Whether one of two pools is the other, or part of it.
    pub(crate) fn are_related(&self, a: &str, b: &str) -> bool {
        let is_part = |inner: &str, outer: &str| {
            let mut current = Some(inner);
            while let Some(name) = current {
                if name == outer {
                    return true;
                }
                current = self.parents.get(name).map(AsRef::as_ref);
            }
            false
        };
        is_part(a, b) || is_part(b, a)
    }
}

/// Whether a guard holds under drawn knobs.
pub(crate) fn holds(guard: &Guard, knobs: &KnobValues) -> bool {
    guard.iter().all(|(name, values)| {
        let drawn = knobs.get(&name.value);
        drawn.is_some_and(|drawn| values.iter().any(|value| value.show() == drawn.show()))
    })
}

/// Resolves pools in order of declaration.
pub(crate) struct Resolver<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) kind: &'a AttackKind,
    pub(crate) overrides: &'a KnobOverrides,
    pub(crate) knobs: &'a KnobValues,
    /// Place of the campaign.
    pub(crate) key: Key,
    taken: FxHashSet<AccountRef>,
    taken_of: FxHashMap<Arc<str>, FxHashSet<u64>>,
    pools: Pools,
}

impl<'a> Resolver<'a> {
    /// For one campaign.
    pub(crate) fn new(
        world: &'a mut World,
        kind: &'a AttackKind,
        overrides: &'a KnobOverrides,
        knobs: &'a KnobValues,
        key: Key,
    ) -> Self {
        Resolver {
            world,
            kind,
            overrides,
            knobs,
            key,
            taken: FxHashSet::default(),
            taken_of: FxHashMap::default(),
            pools: Pools::default(),
        }
    }

    /// Resolves all active pools.
    pub(crate) fn resolve(mut self) -> Result<Pools, TooMany> {
        // A pool may narrow itself by one that is declared later, so those that wait come again.
        let mut waiting: Vec<&Pool> = self.kind.cast().values().collect();
        for _ in 0..3 {
            let mut later = Vec::new();
            for pool in waiting {
                if !holds(&pool.when, self.knobs) {
                    continue;
                }
                let mut needs = Vec::new();
                visit::pool_pools(&mut pool.clone(), &mut |name, _| {
                    needs.push(Arc::clone(&name.value));
                });
                let is_site_of = matches!(&pool.body, PoolBody::Addresses(_));
                let is_ready = needs
                    .iter()
                    .all(|need| self.pools.members.contains_key(need));
                if is_ready || is_site_of {
                    self.pool(pool)?;
                } else {
                    later.push(pool);
                }
            }
            waiting = later;
        }
        Ok(self.pools)
    }

    fn pool(&mut self, written: &Pool) -> Result<(), TooMany> {
        let mut pool = written.clone();
        visit::pool_values(&mut pool, &mut |value, _| {
            *value = value.resolve(self.knobs)
        });
        let name = Arc::clone(&pool.name.value);
        let key = self.key.named("pool").named(&name);
        let members = match pool.body {
            PoolBody::Accounts(accounts) => {
                let written_count = match &written.body {
                    PoolBody::Accounts(written) => written.count.as_ref(),
                    _ => None,
                };
                let is_asked = written_count.is_some_and(|count| self.is_overridden(count));
                Members::Accounts(self.accounts(&name, &accounts, key, is_asked)?)
            }
            PoolBody::Addresses(addresses) => Members::Addresses(Addresses {
                count: count_of(addresses.count.as_ref(), key, 1),
                per_account: addresses
                    .per_account
                    .as_ref()
                    .map(|count| count.count(key.named("per account")).max(1)),
                pool: addresses,
                key,
                subset: None,
            }),
            PoolBody::Things(things) => self.things(&name, &things, key),
            PoolBody::Texts(texts) => Members::Texts(self.texts(texts, key)),
            PoolBody::Subset { of, count } => {
                self.pools
                    .parents
                    .insert(Arc::clone(&name), Arc::clone(&of.value));
                let count = count_of(count.as_ref(), key, 1);
                self.subset(&of.value, count, key)
            }
        };
        self.pools.members.insert(name, members);
        Ok(())
    }

    /// Whether a count comes from a knob that the scenario sets.
    fn is_overridden(&self, count: &Value) -> bool {
        match &count.form {
            Form::Knob(name) => self.overrides.0.iter().any(|(set, _)| set == name),
            _ => false,
        }
    }

    /// Members of another pool that no earlier subset of it holds, as far as there are enough.
    fn subset(&mut self, of: &Arc<str>, count: u64, key: Key) -> Members {
        let Some(parent) = self.pools.members.get(of).cloned() else {
            return Members::Accounts(Vec::new());
        };
        let size = parent.len();
        let taken = self.taken_of.entry(Arc::clone(of)).or_default();
        let permutation = Permutation::new(key.named("members"), size.max(1));
        let order: Vec<u64> = (0..size).map(|index| permutation.at(index)).collect();
        let (free, held): (Vec<u64>, Vec<u64>) =
            order.into_iter().partition(|index| !taken.contains(index));
        let count = usize::try_from(count.min(size)).unwrap_or(usize::MAX);
        let chosen: Vec<u64> = free.into_iter().chain(held).take(count).collect();
        taken.extend(&chosen);
        choose(parent, &chosen)
    }

    fn texts(&mut self, pool: TextPool, key: Key) -> Texts {
        let mut sets: Vec<u16> = pool
            .sets
            .iter()
            .filter_map(|set| self.world.prompts.set_index(&set.value))
            .collect();
        if !pool.lines.is_empty() {
            let lines: Vec<String> = pool.lines.iter().map(|line| line.to_string()).collect();
            let name = format!("lines {:016x}", key.bits());
            sets.push(self.world.prompts.add_lines(&name, &lines));
        }
        let word = |value: &Option<Value>, default: &str| -> Arc<str> {
            let value = value.as_ref();
            value.map_or_else(
                || Arc::from(default),
                |value| value.word(key.named("word"), 0.0),
            )
        };
        let order = word(&pool.order, "random");
        let mutation = word(&pool.mutate, "none");
        let is_grid = &*order != "random" && pool.count.is_none();
        let count = if is_grid {
            0
        } else {
            count_of(pool.count.as_ref(), key, 1)
        };
        let prompts = &self.world.prompts;
        let texts = (0..count)
            .filter_map(|index| {
                let place = key.named("text").index(index);
                let at = place.named("set").below(sets.len() as u64);
                let set = *sets.get(usize::try_from(at).unwrap_or(0))?;
                Some(if &*order == "random" {
                    prompts.draw_own(set, place)
                } else {
                    prompts.at_grid(set, u32::try_from(index).unwrap_or(0), place)
                })
            })
            .collect();
        Texts {
            size: pool.size.as_ref().map_or(0, |size| {
                u32::try_from(size.count(key.named("size"))).unwrap_or(0)
            }),
            texts,
            sets,
            order,
            mutation,
            pool,
            key,
        }
    }
}

/// A count's draw, or its default.
pub(crate) fn count_of(count: Option<&Value>, key: Key, default: u64) -> u64 {
    count.map_or(default, |count| count.count(key.named("count")))
}

fn choose(parent: Members, chosen: &[u64]) -> Members {
    fn take<T: Clone>(list: &[T], chosen: &[u64]) -> Vec<T> {
        chosen
            .iter()
            .filter_map(|index| list.get(usize::try_from(*index).ok()?).cloned())
            .collect()
    }
    match parent {
        Members::Accounts(list) => Members::Accounts(take(&list, chosen)),
        Members::Applications(list) => Members::Applications(take(&list, chosen)),
        Members::Deployments(list) => Members::Deployments(take(&list, chosen)),
        Members::Resources(list) => Members::Resources(take(&list, chosen)),
        Members::Addresses(addresses) => Members::Addresses(Addresses {
            count: chosen.len() as u64,
            subset: Some(chosen.to_vec()),
            ..addresses
        }),
        Members::Texts(texts) => Members::Texts(Texts {
            texts: take(&texts.texts, chosen),
            ..texts
        }),
    }
}

/// The word of a thing kind, for notes.
pub(crate) fn thing_word(kind: ThingKind) -> &'static str {
    match kind {
        ThingKind::Application => "applications",
        ThingKind::Deployment => "deployments",
        ThingKind::Resource => "resources",
    }
}
