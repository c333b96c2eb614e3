//! Applications, deployments and resources of a campaign.

use super::{Members, Resolver, count_of, thing_word};
use crate::event::{ApplicationRef, DeploymentRef, ResourceRef};
use crate::kinds::model::{ThingKind, ThingPool, ThingSource};
use crate::random::{Key, Permutation};

impl Resolver<'_> {
    /// Resolves a pool of things.
    pub(super) fn things(&mut self, name: &str, pool: &ThingPool, key: Key) -> Members {
        let count = count_of(pool.count.as_ref(), key, 1);
        match pool.kind {
            ThingKind::Application => {
                let list = if pool.source == ThingSource::New {
                    let place = key.named("new");
                    (0..count)
                        .map(|index| self.new_application(place.index(index)))
                        .collect()
                } else {
                    let list = self.applications(pool);
                    self.drawn(name, pool.kind, &list, key, count)
                };
                Members::Applications(list)
            }
            ThingKind::Deployment => {
                let list = self.deployments(pool);
                Members::Deployments(self.drawn(name, pool.kind, &list, key, count))
            }
            ThingKind::Resource => {
                let applications = self.applications(pool);
                let list: Vec<ResourceRef> = applications
                    .into_iter()
                    .map(|application| self.world.application(application).resource)
                    .collect();
                Members::Resources(self.drawn(name, pool.kind, &list, key, count))
            }
        }
    }

    fn drawn<T: Copy>(
        &mut self,
        name: &str,
        kind: ThingKind,
        list: &[T],
        key: Key,
        count: u64,
    ) -> Vec<T> {
        let available = list.len() as u64;
        if count > available {
            self.pools.notes.push(format!(
                "pool `{name}`: {count} {} asked, {available} exist; clamped",
                thing_word(kind)
            ));
        }
        let permutation = Permutation::new(key.named("members"), available.max(1));
        (0..count.min(available))
            .filter_map(|index| {
                list.get(usize::try_from(permutation.at(index)).ok()?)
                    .copied()
            })
            .collect()
    }

    /// The population's applications, real or test ones, of a resource pool where one is named.
    fn applications(&self, pool: &ThingPool) -> Vec<ApplicationRef> {
        let directory = &self.world.directory;
        let resources = self.resources_of(pool);
        let wants_test = pool.source == ThingSource::Test;
        (0u32..)
            .zip(&directory.applications[..directory.population_applications])
            .filter(|(_, application)| application.test == wants_test)
            .filter(|(_, application)| {
                resources
                    .as_ref()
                    .is_none_or(|list| list.contains(&application.resource))
            })
            .map(|(index, _)| ApplicationRef(index))
            .collect()
    }

    fn resources_of(&self, pool: &ThingPool) -> Option<Vec<ResourceRef>> {
        let of = pool.of.as_ref()?;
        match self.pools.get(&of.value) {
            Some(Members::Resources(list)) => Some(list.clone()),
            _ => Some(Vec::new()),
        }
    }

    fn deployments(&self, pool: &ThingPool) -> Vec<DeploymentRef> {
        match pool.source {
            ThingSource::New => self.world.campaign_spares().map(DeploymentRef).collect(),
            ThingSource::Existing | ThingSource::Test => self
                .applications(pool)
                .into_iter()
                .flat_map(|application| self.world.application(application).deployments.clone())
                .collect(),
        }
    }
}
