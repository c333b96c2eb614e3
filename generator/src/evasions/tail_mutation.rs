//! `tail_mutation`: new hash, same sample, anew at each event.
//!
//! The log keeps a prompt's hash and its first 80 characters. Texts shorter than 81 characters are
//! padded with neutral sentences; then only what follows character 80 changes: a reference number,
//! or trailing spaces with neutral sentences behind them, as spaces alone have few variants. What a
//! prompt renders to decides, so its nonce is searched for: the same sample, a hash of its own.

use rustc_hash::{FxHashMap, FxHashSet};

use livefire_schema::ids::hash_bytes;

use super::knobs::{KnobSet, integer, word};
use super::{Aim, Component, Evasion, is_attackers};
use crate::event::{Mutation, Prompt};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, Transform};
use crate::prompts::prompt_sample;
use crate::random::Key;
use crate::world::World;

/// Characters that the log's sample does not hide: the text must be longer.
const SAMPLE: u32 = 80;
/// Characters of neutral text behind the sample that can vary.
const VARIED: u32 = 120;
/// Tries for a nonce before more text is added.
const TRIES: u64 = 2000;

/// The evasion.
#[derive(Debug)]
pub(super) struct TailMutation;

impl Evasion for TailMutation {
    fn name(&self) -> &'static str {
        "tail_mutation"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let help = "digits of the reference number at the end";
        vec![
            (
                "mutation",
                word(&["tail_nonce", "trailing_space"], "what changes"),
            ),
            ("length", integer(6, 4, 6, help)),
        ]
    }

    fn component(&self) -> Component {
        Component::Mutation
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Tail(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Tail(KnobSet);

impl Transform for Tail {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let mutation = match &*self.0.word("mutation", key) {
            "trailing_space" => Mutation::TrailingSpace,
            _ => Mutation::TailNonce,
        };
        let length = self.0.count("length", key);
        let mut tails = Tails::new(world, mutation, length);
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            for draft in &mut planned.events {
                let place = draft.event.id.named("tail");
                if let Some(prompt) = &mut draft.event.prompt {
                    *prompt = tails.changed(*prompt, place);
                }
            }
        }
    }
}

/// Changes prompts behind their sample, never twice alike.
pub(super) struct Tails<'a> {
    world: &'a World,
    mutation: Mutation,
    digits: u64,
    bases: FxHashMap<Prompt, Base>,
    used: FxHashSet<u64>,
    text: String,
}

/// What all variants of one text share.
#[derive(Clone, Copy, Debug)]
struct Base {
    prompt: Prompt,
    sample: u64,
    /// Least length for a start; grows as variants are used up.
    pad_to: u32,
}

impl<'a> Tails<'a> {
    /// Changes of one kind; `digits` bounds the length of reference numbers.
    pub(super) fn new(world: &'a World, mutation: Mutation, digits: u64) -> Self {
        Tails {
            world,
            mutation,
            digits,
            bases: FxHashMap::default(),
            used: FxHashSet::default(),
            text: String::new(),
        }
    }

    /// The prompt with a changed tail, drawn at a place.
    pub(super) fn changed(&mut self, prompt: Prompt, place: Key) -> Prompt {
        let original = Prompt {
            mutation: Mutation::None,
            nonce: prompt.slots,
            ..prompt
        };
        let mut base = match self.bases.get(&original) {
            Some(base) => *base,
            None => self.base(original),
        };
        let mut round = 0u64;
        let changed = loop {
            let found = (0..TRIES).find_map(|attempt| {
                let nonce = place.index(round).index(attempt);
                self.attempt(base, nonce)
            });
            if let Some(found) = found {
                break found;
            }
            // Every variant is used: a longer text has more.
            round += 1;
            base.pad_to += VARIED;
            if round > 8 {
                break base.prompt;
            }
        };
        self.bases.insert(original, base);
        changed
    }

    /// A text is changed where it is long enough, else padded first and then varied in its padding.
    fn base(&mut self, original: Prompt) -> Base {
        self.world.prompts.render(&original, &mut self.text);
        let length = u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX);
        let is_long = length > SAMPLE;
        let pad_to = match (is_long, self.mutation) {
            (true, Mutation::TailNonce) => original.pad_to,
            (true, _) => length + VARIED,
            (false, _) => SAMPLE + 1 + VARIED,
        };
        let prompt = Prompt {
            mutation: if is_long {
                self.mutation
            } else {
                Mutation::None
            },
            pad_to,
            ..original
        };
        self.world.prompts.render(&prompt, &mut self.text);
        Base {
            prompt,
            sample: hash_bytes(prompt_sample(&self.text).as_bytes()),
            pad_to,
        }
    }

    fn attempt(&mut self, base: Base, nonce: Key) -> Option<Prompt> {
        let prompt = Prompt {
            nonce,
            pad_to: base.pad_to,
            ..base.prompt
        };
        self.world.prompts.render(&prompt, &mut self.text);
        let is_same_sample = hash_bytes(prompt_sample(&self.text).as_bytes()) == base.sample;
        let has_length = prompt.mutation != Mutation::TailNonce
            || reference_digits(&self.text) == Some(self.digits);
        let is_good = is_same_sample && has_length;
        (is_good && self.used.insert(hash_bytes(self.text.as_bytes()))).then_some(prompt)
    }
}

/// Digits of the reference number that ends a text.
fn reference_digits(text: &str) -> Option<u64> {
    let (_, number) = text.rsplit_once("(ref ")?;
    let digits = number.chars().take_while(char::is_ascii_digit).count();
    u64::try_from(digits).ok()
}
