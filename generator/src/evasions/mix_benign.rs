//! `mix_benign`: harmless requests between the attack's, by the same actor in the same session.
//!
//! Thins the share of refusals, which only a rule on shares would notice; rules that count see the
//! same. The requests are cover as stealth makes it, so many for each of the attack's, without its
//! bounds on volume.

use super::cover::{Cover, Number};
use super::knobs::{KnobSet, integer};
use super::{Aim, Component, Evasion};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct MixBenign;

impl Evasion for MixBenign {
    fn name(&self) -> &'static str {
        "mix_benign"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "harmless requests for each of the attack's";
        vec![("ratio", integer(5, 2, 50, help))]
    }

    fn component(&self) -> Component {
        Component::Cover
    }

    fn build(&self, knobs: &KnobSet, aim: &Aim) -> Box<dyn Transform> {
        Box::new(Mix {
            knobs: knobs.clone(),
            is_attack: aim.is_attack,
        })
    }
}

#[derive(Clone, Debug)]
struct Mix {
    knobs: KnobSet,
    is_attack: bool,
}

impl Transform for Mix {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let cover = Cover {
            number: Number::Exactly(self.knobs.count("ratio", key)),
            is_attack: self.is_attack,
        };
        cover.apply(draft, key, world);
    }
}
