//! Accounts of the population, by a keyed permutation of those that fit.

use super::{Members, Resolver, TooMany, count_of};
use crate::event::{AccountRef, ApplicationRef};
use crate::kinds::model::{AccountPool, AccountSource, PoolBody};
use crate::random::{Key, Permutation};
use crate::world::AccountKind;

impl Resolver<'_> {
    /// Resolves an accounts pool; `is_asked` where the scenario itself sets its count.
    pub(super) fn accounts(
        &mut self,
        name: &str,
        pool: &AccountPool,
        key: Key,
        is_asked: bool,
    ) -> Result<Vec<Option<AccountRef>>, TooMany> {
        let choice = key.named("source").below(pool.sources.len() as u64);
        let source = pool.sources[usize::try_from(choice).unwrap_or(0)];
        let asked = count_of(pool.count.as_ref(), key, 1);
        match source {
            AccountSource::ApiKey => return Ok(vec![None; usize::try_from(asked).unwrap_or(1)]),
            AccountSource::New | AccountSource::External | AccountSource::NotInDirectory => {
                return Ok(self.brought(source, pool, key, asked));
            }
            AccountSource::Existing | AccountSource::Privileged | AccountSource::Service => {}
        }
        let candidates = self.candidates(source, pool, key, asked);
        let available = candidates.len() as u64;
        let wanted = match &pool.share {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a share of a population"
            )]
            Some(share) => (share.number(key.named("share")) * available as f64).round() as u64,
            None => asked,
        };
        if wanted > available {
            let message = format!(
                "pool `{name}`: {wanted} accounts asked, {available} in the population match{}",
                filter_text(pool)
            );
            if is_asked {
                return Err(TooMany(message));
            }
            self.pools.notes.push(format!("{message}; clamped"));
        }
        // A pool that asks for everybody leaves later ones their share.
        let most = available - self.wanted_later(name).min(available / 5);
        let permutation = Permutation::new(key.named("members"), available.max(1));
        let mut chosen = Vec::new();
        for index in 0..wanted.min(most) {
            let at = usize::try_from(permutation.at(index)).unwrap_or(0);
            self.taken.insert(candidates[at]);
            chosen.push(Some(candidates[at]));
        }
        Ok(chosen)
    }

    /// Accounts of the population that pools declared after this one ask for.
    fn wanted_later(&self, name: &str) -> u64 {
        let later = self
            .kind
            .cast()
            .values()
            .skip_while(|pool| &*pool.name.value != name);
        let counts = later.skip(1).map(|pool| match &pool.body {
            PoolBody::Accounts(accounts) if accounts.sources[0] == AccountSource::Existing => {
                let key = self.key.named("pool").named(&pool.name.value);
                let count = accounts
                    .count
                    .as_ref()
                    .map(|count| count.resolve(self.knobs));
                count_of(count.as_ref(), key, 1)
            }
            _ => 0,
        });
        counts.sum()
    }

    /// Accounts of the population that fit a pool and that no earlier pool holds.
    fn candidates(
        &self,
        source: AccountSource,
        pool: &AccountPool,
        key: Key,
        asked: u64,
    ) -> Vec<AccountRef> {
        let world = &*self.world;
        let applications: Option<Vec<ApplicationRef>> =
            pool.uses
                .as_ref()
                .map(|uses| match self.pools.get(&uses.value) {
                    Some(Members::Applications(list)) => list.clone(),
                    _ => Vec::new(),
                });
        let fits = |account: &AccountRef| {
            let who = world.account(*account);
            let is_source = match source {
                AccountSource::Service => {
                    who.kind == AccountKind::Service && !self.is_test(*account)
                }
                AccountSource::Privileged => who.kind == AccountKind::Privileged,
                _ => matches!(who.kind, AccountKind::Member | AccountKind::Privileged),
            };
            is_source
                && who.in_directory
                && pool.works_at_night.is_none_or(|night| who.night == night)
                && pool
                    .department
                    .as_ref()
                    .is_none_or(|department| who.department == *department.value)
                && applications
                    .as_ref()
                    .is_none_or(|wanted| who.applications.iter().any(|own| wanted.contains(own)))
                && !self.taken.contains(account)
        };
        let population = u32::try_from(world.directory.population).unwrap_or(u32::MAX);
        let mut found: Vec<AccountRef> = (0..population).map(AccountRef).filter(fits).collect();
        if found.is_empty() && source == AccountSource::Privileged {
            // A very small population has no administrator; any member may do.
            return self.candidates(AccountSource::Existing, pool, key, asked);
        }
        if pool.is_one_site {
            let site = self.one_site(&found, key, asked);
            found.retain(|account| world.account(*account).site == site);
        }
        found
    }

    fn is_test(&self, account: AccountRef) -> bool {
        let applications = &self.world.account(account).applications;
        applications
            .iter()
            .any(|own| self.world.application(*own).test)
    }

    /// A site by its number of accounts, among those that hold enough; else the largest.
    fn one_site(&self, accounts: &[AccountRef], key: Key, asked: u64) -> u32 {
        let mut counts = vec![0u64; self.world.directory.sites.len()];
        for account in accounts {
            let site = usize::try_from(self.world.account(*account).site).unwrap_or(0);
            if let Some(count) = counts.get_mut(site) {
                *count += 1;
            }
        }
        let largest = counts.iter().copied().max().unwrap_or(0);
        let least = asked.min(largest);
        let total: u64 = counts.iter().filter(|count| **count >= least).sum();
        let mut left = key.named("site").below(total.max(1));
        for (site, count) in (0u32..).zip(&counts) {
            if *count < least {
                continue;
            }
            if left < *count {
                return site;
            }
            left -= count;
        }
        0
    }
}

fn filter_text(pool: &AccountPool) -> String {
    let mut filters = Vec::new();
    if let Some(department) = &pool.department {
        filters.push(format!("department: {}", department.value));
    }
    if pool.is_one_site {
        filters.push("site: one".to_owned());
    }
    match pool.works_at_night {
        Some(true) => filters.push("works: night".to_owned()),
        Some(false) => filters.push("works: day".to_owned()),
        None => {}
    }
    if let Some(uses) = &pool.uses {
        filters.push(format!("uses: {}", uses.value));
    }
    if filters.is_empty() {
        return String::new();
    }
    format!(" `{}`", filters.join(", "))
}
