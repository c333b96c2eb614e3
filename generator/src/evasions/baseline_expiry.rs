//! `baseline_expiry`: an address that was last seen at the edge of the 7-day baseline.
//!
//! Each account has signed in from each of the attack's addresses once, exactly so long before its
//! first request from there: up to 7 days and the address is known, beyond and it is new.

use livefire_schema::time::TimeSpan;

use super::cover::Role;
use super::knobs::{KnobSet, duration};
use super::{Aim, Component, Evasion, visits};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct BaselineExpiry;

impl Evasion for BaselineExpiry {
    fn name(&self) -> &'static str {
        "baseline_expiry"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let hours = TimeSpan::from_hours;
        let help = "how long ago the address was last seen; 7 days are still known";
        vec![("age", duration(hours(167), hours(167), hours(169), help))]
    }

    fn component(&self) -> Component {
        Component::Baseline
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Seen(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Seen(KnobSet);

impl Transform for Seen {
    fn apply(&self, draft: &mut Draft, key: Key, _world: &World) {
        let age = self.0.span("age", key);
        let role = Role {
            name: "seen_before",
            file: "baseline_expiry",
        };
        visits::add(draft, role, key, &|first, place| {
            let mut seen = visits::sign_in(first, place);
            seen.at = first.at - age;
            vec![seen]
        });
    }
}
