//! `invisible_mutation`: another hash for a text that reads the same.
//!
//! Zero-width spaces between its words, letters of the same shape from another alphabet, or orders
//! in tag characters behind the text. The first two also break up phrases that a list of keywords
//! looks for. A text has as many variants as it has such places; once all are used, the one used
//! least comes again. Tag characters differ in a hidden number.

use super::knobs::{KnobSet, word};
use super::rewording::{Print, reword};
use super::{Aim, Component, Evasion};
use crate::event::Mutation;
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::random::Key;
use crate::world::World;

const MUTATIONS: [&str; 3] = ["zero_width", "homoglyph", "tag_characters"];

/// The evasion.
#[derive(Debug)]
pub(super) struct InvisibleMutation;

impl Evasion for InvisibleMutation {
    fn name(&self) -> &'static str {
        "invisible_mutation"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        vec![("mutation", word(&MUTATIONS, "what changes unseen"))]
    }

    fn component(&self) -> Component {
        Component::Mutation
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Invisible(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Invisible(KnobSet);

impl Transform for Invisible {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let mutation = match &*self.0.word("mutation", key) {
            "homoglyph" => Mutation::Homoglyph,
            "tag_characters" => Mutation::TagCharacters,
            _ => Mutation::ZeroWidth,
        };
        reword(draft, world, Print::Text, &[mutation]);
    }
}
