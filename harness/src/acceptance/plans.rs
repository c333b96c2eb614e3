//! What many default campaigns of a kind show before any rule runs: order of stages, tables.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use livefire_generator::kinds::AttackKind;
use livefire_generator::recipes::Recipes;
use rayon::prelude::*;

use super::cases::{Case, Tactic};
use super::world::SeedWorld;
use super::{Setup, TableFault, derived, order, tables};

/// What the campaigns of one kind showed together.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanCheck {
    /// Attack kind or look-alike.
    pub kind: String,
    /// Campaigns planned, traps on.
    pub campaigns: usize,
    /// Stages that begin before what they wait for.
    pub out_of_order: Vec<String>,
    /// Tables whose listing and rows disagree.
    pub tables: Vec<TableFault>,
    /// Campaigns that could not be planned, with the reason.
    pub faults: Vec<String>,
}

impl PlanCheck {
    /// Whether everything is as the kind's file says.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.out_of_order.is_empty() && self.tables.is_empty() && self.faults.is_empty()
    }
}

impl fmt::Display for PlanCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults: Vec<String> = self.out_of_order.clone();
        faults.extend(self.tables.iter().map(ToString::to_string));
        faults.extend(self.faults.iter().cloned());
        let Self {
            kind, campaigns, ..
        } = self;
        match faults.as_slice() {
            [] => write!(f, "{kind}: {campaigns} campaigns, as listed"),
            faults => write!(f, "{kind}: {}", faults.join("; ")),
        }
    }
}

/// Plans one campaign of every kind on every seed and compares them with the kinds' files.
#[must_use]
pub fn check_plans(setup: &Setup, kinds: &[&AttackKind], seeds: &[u64]) -> Vec<PlanCheck> {
    let planned: Vec<Vec<One>> = seeds
        .par_iter()
        .map(|seed| {
            let world = SeedWorld::new(*seed);
            kinds.iter().map(|kind| plan(setup, kind, &world)).collect()
        })
        .collect();
    let check = |(index, kind): (usize, &&AttackKind)| {
        let mut check = PlanCheck {
            kind: kind.id().to_owned(),
            campaigns: seeds.len(),
            out_of_order: Vec::new(),
            tables: Vec::new(),
            faults: Vec::new(),
        };
        let mut written = BTreeSet::new();
        for one in planned.iter().map(|of_seed| &of_seed[index]) {
            match one {
                Ok((early, tables)) => {
                    check.out_of_order.extend(early.iter().cloned());
                    written.extend(tables.iter().cloned());
                }
                Err(error) => check.faults.push(error.clone()),
            }
        }
        check.out_of_order.sort();
        check.out_of_order.dedup();
        check.tables = tables::unwritten_tables(kind, &written);
        check
    };
    kinds.iter().enumerate().map(check).collect()
}

type One = Result<(Vec<String>, BTreeSet<String>), String>;

fn plan(setup: &Setup, kind: &AttackKind, seed: &SeedWorld) -> One {
    let mut early = Vec::new();
    let mut written = BTreeSet::new();
    let traps = kind.traps().keys().map(|name| Some(name.to_string()));
    for trap in std::iter::once(None).chain(traps) {
        let case = Case {
            kind: kind.id().to_owned(),
            trap,
            tactic: Tactic::Loud,
            promises: Vec::new(),
        };
        let (planned, world, _) = derived::small(setup, &case, kind, seed)?;
        early.extend(order::out_of_order(kind, &planned, world.calendar.start));
        let recipes = Recipes::new(Arc::new(world), Arc::clone(&setup.schema));
        written.append(&mut tables::written(&planned, &recipes).0);
    }
    Ok((early, written))
}
