//! `head_mutation`: new hash and new sample, anew at each event.
//!
//! Something changes inside the first 80 characters: a number in front, a greeting, another word,
//! the case of letters. Greetings and words run out; from there on numbers take their place.

use super::knobs::{KnobSet, word};
use super::rewording::{Print, reword};
use super::{Aim, Component, Evasion};
use crate::event::Mutation;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

const MUTATIONS: [&str; 4] = ["head_nonce", "greeting", "synonym", "case_flip"];

/// The evasion.
#[derive(Debug)]
pub(super) struct HeadMutation;

impl Evasion for HeadMutation {
    fn name(&self) -> &'static str {
        "head_mutation"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        vec![("mutation", word(&MUTATIONS, "what changes"))]
    }

    fn component(&self) -> Component {
        Component::Mutation
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Head(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Head(KnobSet);

impl Transform for Head {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let mutation = match &*self.0.word("mutation", key) {
            "greeting" => Mutation::Greeting,
            "synonym" => Mutation::Synonym,
            "case_flip" => Mutation::CaseFlip,
            _ => Mutation::HeadNonce,
        };
        let mutations = [mutation, Mutation::HeadNonce];
        reword(draft, world, Print::Sample, &mutations);
    }
}
