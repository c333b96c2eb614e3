//! Pools and guards: what is named exists, has the right type, and exactly one of a list is active.

use livefire_schema::spec::or_list;

use super::{Context, pool_type};
use crate::kinds::model::{Bounds, Guard, Name, PoolChoice, Setting, Stage};
use crate::kinds::value::Literal;
use crate::kinds::visit::{self, PoolPlace, PoolType};
use crate::kinds::vocabulary;

impl Context<'_> {
    /// Checks the pools that a written stage names.
    pub(crate) fn stage_names(&self, written: &Stage) {
        let mut copy = written.clone();
        visit::stage_pools(&mut copy, &mut |name, place| self.pool_name(name, place));
        for (_, ours) in written.using.iter().flat_map(|using| &using.cast) {
            if !self.kind.cast.contains_key(&ours.value) {
                self.no_pool(ours, "");
            }
        }
        let places = [
            &written.from,
            &written.app,
            &written.deployment,
            &written.resource,
        ];
        for choice in places.into_iter().flatten() {
            self.one_active(choice);
        }
        for (_, setting) in &written.set {
            if let Setting::Pools(choice) = setting {
                self.one_active(choice);
            }
        }
    }

    fn no_pool(&self, name: &Name, also: &str) {
        let known: Vec<&str> = self.kind.cast.keys().map(AsRef::as_ref).collect();
        let end = or_list(&name.value, "pools", known);
        let message = format!("no pool `{}`{also}{end}", name.value);
        self.faults.error("LF-A007", name.span, message);
    }

    /// Checks that a named pool exists and fits its place.
    pub(crate) fn pool_name(&self, name: &Name, place: PoolPlace) {
        let found = pool_type(&name.value, &self.kind.cast);
        let is_set = vocabulary::prompt_sets().contains_key(&*name.value)
            || &*name.value == crate::prompts::FILE_SET;
        let needed = match (place, found) {
            (PoolPlace::AddressesOrOwn, None) if &*name.value == "own" => return,
            (PoolPlace::TextsOrSet, None) if is_set => return,
            (PoolPlace::TextsOrSet, None) => {
                let sets = vocabulary::prompt_sets().keys().map(String::as_str);
                let pools = self.kind.cast.keys().map(AsRef::as_ref);
                let known: Vec<&str> = pools.chain(sets).collect();
                let end = or_list(&name.value, "known", known);
                let message = format!("no texts pool or prompt set `{}`{end}", name.value);
                self.faults.error("LF-A007", name.span, message);
                return;
            }
            (PoolPlace::AddressesOrOwn, None) => return self.no_pool(name, " (nor is it `own`)"),
            (_, None) => return self.no_pool(name, ""),
            (PoolPlace::Of(wanted), Some(found)) if wanted == found => return,
            (PoolPlace::AddressesOrOwn, Some(PoolType::Addresses))
            | (PoolPlace::TextsOrSet, Some(PoolType::Texts)) => return,
            (PoolPlace::Members, Some(found)) if found != PoolType::Texts => return,
            (
                PoolPlace::Alterable,
                Some(PoolType::Accounts | PoolType::Applications | PoolType::Deployments),
            ) => return,
            (PoolPlace::Of(wanted), Some(_)) => wanted.name(),
            (PoolPlace::AddressesOrOwn, Some(_)) => "addresses",
            (PoolPlace::TextsOrSet, Some(_)) => "texts",
            (PoolPlace::Members, Some(_)) => "accounts, addresses or things",
            (PoolPlace::Alterable, Some(_)) => "accounts, applications or deployments",
        };
        let holds = found.map_or("", PoolType::name);
        let message = format!(
            "pool `{}` holds {holds}; here {needed} are needed",
            name.value
        );
        self.faults.error("LF-A007", name.span, message);
    }

    /// Checks a `when:`: the knob exists, is a choice or flag, and has these values.
    pub(crate) fn guard(&self, guard: &Guard) {
        for (name, values) in guard {
            let Some(knob) = self.knob(name) else {
                continue;
            };
            let Bounds::OneOf(list) = &knob.bounds else {
                let message = format!(
                    "`when` compares knobs with `one_of` only; `{}` has a range",
                    name.value
                );
                self.faults.error("LF-A015", name.span, message);
                continue;
            };
            for value in values.iter().filter(|value| !list.contains(value)) {
                let known: Vec<String> = list.iter().map(Literal::show).collect();
                let shown = value.show();
                let end = or_list(&shown, "values", known.iter().map(String::as_str));
                let message = format!("knob `{}` never is `{shown}`{end}", name.value);
                self.faults.error("LF-A015", name.span, message);
            }
        }
    }

    /// Checks that of a list of pools exactly one is active, whatever the knobs are.
    fn one_active(&self, choice: &PoolChoice) {
        let PoolChoice::Active(names) = choice else {
            return;
        };
        let [first, _, ..] = names.as_slice() else {
            return;
        };
        let guards: Vec<&Guard> = names
            .iter()
            .filter_map(|name| self.kind.cast.get(&name.value).map(|pool| &pool.when))
            .collect();
        if guards.len() < names.len() {
            return; // prompt sets, or pools that do not exist: reported already
        }
        let mut knobs: Vec<&Name> = guards
            .iter()
            .flat_map(|guard| guard.iter().map(|g| &g.0))
            .collect();
        knobs.dedup_by(|a, b| a.value == b.value);
        let mut worlds: Vec<Vec<(&Name, &Literal)>> = vec![Vec::new()];
        for knob in knobs {
            let bounds = self.kind.knobs.get(&knob.value).map(|knob| &knob.bounds);
            let Some(Bounds::OneOf(values)) = bounds else {
                return;
            };
            worlds = worlds
                .into_iter()
                .flat_map(|world| {
                    values.iter().map(move |value| {
                        let mut world = world.clone();
                        world.push((knob, value));
                        world
                    })
                })
                .collect();
        }
        for world in worlds {
            let holds = |guard: &&&Guard| {
                guard.iter().all(|(name, values)| {
                    let at = world.iter().find(|(knob, _)| knob.value == name.value);
                    at.is_some_and(|(_, value)| values.contains(value))
                })
            };
            let active = guards.iter().filter(holds).count();
            if active != 1 {
                let case = world
                    .iter()
                    .map(|(knob, value)| format!("{}: {}", knob.value, value.show()));
                let case: Vec<String> = case.collect();
                let list: Vec<&str> = names.iter().map(|name| &*name.value).collect();
                let message = format!(
                    "of the pools {} exactly one must be active; with {{{}}} {active} are: give \
                     them `when`, or weights to mix them",
                    list.join(", "),
                    case.join(", ")
                );
                self.faults.error("LF-A007", first.span, message);
                return;
            }
        }
    }

    /// Warns of pools that nothing names.
    pub(crate) fn unused_pools(&self) {
        let mut used: Vec<std::sync::Arc<str>> = Vec::new();
        let traps = self.kind.traps.values().flat_map(|trap| &trap.stages);
        for stage in self.kind.stages.values().chain(traps) {
            visit::stage_pools(&mut stage.clone(), &mut |name, _| {
                used.push(name.value.clone())
            });
        }
        for pool in self.kind.cast.values() {
            visit::pool_pools(&mut pool.clone(), &mut |name, _| {
                used.push(name.value.clone())
            });
        }
        let written = self.written.stages.values();
        let traps = self.written.traps.values().flat_map(|trap| &trap.stages);
        for stage in written.chain(traps) {
            let casts = stage.using.iter().flat_map(|using| &using.cast);
            used.extend(casts.into_iter().map(|(_, ours)| ours.value.clone()));
        }
        for (name, pool) in &self.written.cast {
            if !used.contains(name) {
                let message = format!("pool `{name}` is never used");
                self.faults.warning("LF-A016", pool.name.span, message);
            }
        }
    }
}
