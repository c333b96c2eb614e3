//! Renaming of a used kind's pools and knobs, and what comes along with its stages.

use std::sync::Arc;

use crate::kinds::model::{Bounds, Knob, Pool, Stage, Use};
use crate::kinds::read::KindSpec;
use crate::kinds::value::Value;
use crate::kinds::visit;

/// Their names for our pools and knobs, for one `use`.
pub(super) struct Binding<'a> {
    pub(super) used: &'a KindSpec,
    pub(super) using: &'a Use,
    pub(super) stage: Arc<str>,
}

impl Binding<'_> {
    fn knob(&self, theirs: &str) -> Arc<str> {
        let is_fixed = self
            .using
            .knobs
            .iter()
            .any(|(name, _)| &*name.value == theirs);
        if is_fixed {
            Arc::from(format!("{}:{theirs}", self.stage))
        } else {
            Arc::from(format!("{}.{theirs}", self.used.id.value))
        }
    }

    fn pool(&self, theirs: &str) -> Arc<str> {
        let bound = self
            .using
            .cast
            .iter()
            .find(|(name, _)| &*name.value == theirs);
        match bound {
            Some((_, ours)) => Arc::clone(&ours.value),
            None if self.used.cast.contains_key(theirs) => {
                Arc::from(format!("{}.{theirs}", self.used.id.value))
            }
            // A prompt set or `own`.
            None => Arc::from(theirs),
        }
    }

    pub(super) fn stage(&self, base: &Stage) -> Stage {
        let mut stage = base.clone();
        let knob = |name: &str| self.knob(name);
        visit::stage_values(&mut stage, &mut |value, _| value.rename_knobs(&knob));
        visit::stage_pools(&mut stage, &mut |name, _| {
            name.value = self.pool(&name.value)
        });
        visit::stage_guards(&mut stage, &mut |name| name.value = self.knob(&name.value));
        stage.label.get_or_insert(self.used.label);
        stage
    }

    /// Adds the unbound pools and knobs that an inlined stage still needs to the caller's file.
    pub(super) fn bring_along(&self, stage: &Stage, spec: &mut KindSpec) {
        let mut stage = stage.clone();
        let mut pools = Vec::new();
        visit::stage_pools(&mut stage, &mut |name, _| {
            pools.push(Arc::clone(&name.value))
        });
        while let Some(ours) = pools.pop() {
            let prefix = format!("{}.", self.used.id.value);
            let theirs = ours.strip_prefix(prefix.as_str());
            let found = theirs.and_then(|theirs| self.used.cast.get(theirs));
            let Some(pool) = found.filter(|_| !spec.cast.contains_key(&ours)) else {
                continue;
            };
            let pool = self.pool_copy(pool, &ours);
            visit::pool_pools(&mut pool.clone(), &mut |name, _| {
                pools.push(Arc::clone(&name.value));
            });
            self.bring_knobs_of_pool(&pool, spec);
            spec.cast.insert(ours, pool);
        }
        let mut knobs = Vec::new();
        visit::stage_values(&mut stage, &mut |value, _| collect(value, &mut knobs));
        visit::stage_guards(&mut stage, &mut |name| knobs.push(Arc::clone(&name.value)));
        self.bring_knobs(knobs, spec);
    }

    fn pool_copy(&self, pool: &Pool, ours: &Arc<str>) -> Pool {
        let mut pool = pool.clone();
        pool.name.value = Arc::clone(ours);
        let knob = |name: &str| self.knob(name);
        visit::pool_values(&mut pool, &mut |value, _| value.rename_knobs(&knob));
        visit::pool_pools(&mut pool, &mut |name, _| {
            name.value = self.pool(&name.value)
        });
        for (name, _) in &mut pool.when {
            name.value = self.knob(&name.value);
        }
        pool
    }

    fn bring_knobs_of_pool(&self, pool: &Pool, spec: &mut KindSpec) {
        let mut knobs: Vec<Arc<str>> = pool
            .when
            .iter()
            .map(|(name, _)| Arc::clone(&name.value))
            .collect();
        visit::pool_values(&mut pool.clone(), &mut |value, _| {
            collect(value, &mut knobs)
        });
        self.bring_knobs(knobs, spec);
    }

    fn bring_knobs(&self, mut names: Vec<Arc<str>>, spec: &mut KindSpec) {
        let fixed = format!("{}:", self.stage);
        let open = format!("{}.", self.used.id.value);
        while let Some(ours) = names.pop() {
            if spec.knobs.contains_key(&ours) {
                continue;
            }
            let (theirs, value) = if let Some(theirs) = ours.strip_prefix(fixed.as_str()) {
                let fixed = self
                    .using
                    .knobs
                    .iter()
                    .find(|(name, _)| &*name.value == theirs);
                (theirs, fixed.map(|(_, value)| value.clone()))
            } else if let Some(theirs) = ours.strip_prefix(open.as_str()) {
                (theirs, None)
            } else {
                continue;
            };
            let Some(knob) = self.used.knobs.get(theirs) else {
                continue;
            };
            let is_fixed = value.is_some();
            let mut default = value.unwrap_or_else(|| knob.default.clone());
            if !is_fixed {
                default.rename_knobs(&|name: &str| self.knob(name));
                collect(&default, &mut names);
            }
            let hidden = Knob {
                default,
                bounds: Bounds::Free,
                is_hidden: true,
                ..knob.clone()
            };
            spec.knobs.insert(ours, hidden);
        }
    }
}

fn collect(value: &Value, knobs: &mut Vec<Arc<str>>) {
    let mut found = Vec::new();
    value.knobs(&mut found);
    knobs.extend(found.into_iter().map(|(name, _)| Arc::clone(name)));
}
