//! Which parts of a campaign a scenario sets itself: stealth leaves those alone.
//!
//! A knob that the scenario sets governs what its kind writes it into: gaps, shares of failures,
//! address pools, mutations. Only that part of that stage is taken out of stealth's hands.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::kinds::model::{Gap, Pool, PoolBody, PoolChoice, Setting, Stage, Until};
use crate::kinds::value::{Form, Value};
use crate::kinds::{AttackKind, KnobOverrides};

/// Stages by what the scenario sets of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Explicit {
    /// Gaps and spans.
    pub(super) gaps: FxHashSet<Arc<str>>,
    /// Shares of outcomes.
    pub(super) failures: FxHashSet<Arc<str>>,
    /// Addresses.
    pub(super) networks: FxHashSet<Arc<str>>,
    /// Mutations of prompts.
    pub(super) mutations: FxHashSet<Arc<str>>,
}

impl Explicit {
    /// What the overrides of a kind's knobs govern.
    pub(super) fn new(kind: &AttackKind, overrides: &KnobOverrides) -> Self {
        let mut explicit = Explicit::default();
        let traps = kind.traps().values().flat_map(|trap| &trap.stages);
        for stage in kind.stages().values().chain(traps) {
            let set = Set { kind, overrides };
            let name = || Arc::clone(&stage.name);
            if timing(stage).any(|value| set.holds(value)) {
                explicit.gaps.insert(name());
            }
            if stage.outcomes.iter().any(|value| set.holds(value)) {
                explicit.failures.insert(name());
            }
            if address_pools(stage, kind).any(|pool| set.governs_addresses(pool)) {
                explicit.networks.insert(name());
            }
            if set.governs_mutation(stage) {
                explicit.mutations.insert(name());
            }
        }
        explicit
    }
}

struct Set<'a> {
    kind: &'a AttackKind,
    overrides: &'a KnobOverrides,
}

impl Set<'_> {
    /// Whether a knob that the scenario sets stands in a value.
    fn holds(&self, value: &Value) -> bool {
        let mut knobs = Vec::new();
        value.knobs(&mut knobs);
        knobs.iter().any(|(name, _)| self.is_set(name, 0))
    }

    /// A knob of a used kind may stand for one of the caller's.
    fn is_set(&self, name: &str, depth: u8) -> bool {
        if self.overrides.iter().any(|(set, _)| set == name) {
            return true;
        }
        let knob = self.kind.all_knobs().get(name);
        match knob.map(|knob| &knob.default.form) {
            Some(Form::Knob(other)) if depth < 8 => self.is_set(other, depth + 1),
            _ => false,
        }
    }

    fn governs_addresses(&self, pool: &Pool) -> bool {
        let PoolBody::Addresses(addresses) = &pool.body else {
            return false;
        };
        let values = [
            &addresses.count,
            &addresses.per_account,
            &addresses.shared_by,
        ];
        values.into_iter().flatten().any(|value| self.holds(value))
    }

    fn governs_mutation(&self, stage: &Stage) -> bool {
        let pools = stage.prompts.iter().flatten();
        let of_pools = pools.filter_map(|name| match &self.kind.cast().get(&name.value)?.body {
            PoolBody::Texts(texts) => texts.mutate.as_ref(),
            _ => None,
        });
        let of_stage = stage
            .set
            .iter()
            .filter_map(|(name, setting)| match setting {
                Setting::Value(value) if &*name.value == "mutate" => Some(value),
                _ => None,
            });
        of_pools.chain(of_stage).any(|value| self.holds(value))
    }
}

/// Values that pace a stage.
fn timing(stage: &Stage) -> impl Iterator<Item = &Value> {
    let gap: Vec<&Value> = match &stage.gap {
        Some(Gap::Drawn(value)) => vec![value],
        Some(Gap::Fixed { every, jitter }) => vec![every, jitter],
        Some(Gap::Growing {
            first,
            factor,
            jitter,
        }) => vec![first, factor, jitter],
        Some(Gap::Rate { peak, climb, .. }) => std::iter::once(peak).chain(climb).collect(),
        _ => Vec::new(),
    };
    let until = match &stage.until {
        Some(Until::Span(value)) => Some(value),
        _ => None,
    };
    gap.into_iter().chain(&stage.over).chain(until)
}

fn address_pools<'a>(stage: &'a Stage, kind: &'a AttackKind) -> impl Iterator<Item = &'a Pool> {
    let names: Vec<&str> = match &stage.from {
        Some(PoolChoice::Active(names)) => names.iter().map(|name| &*name.value).collect(),
        _ => Vec::new(),
    };
    names.into_iter().filter_map(|name| kind.cast().get(name))
}
