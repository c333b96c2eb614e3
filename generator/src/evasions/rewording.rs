//! Rewording prompts by a mutation so that no two prints are alike, as far as it has variants.
//!
//! What a prompt renders to decides, so its nonce is searched for. The print is what the rule that
//! is evaded sees of a text: its sample, or all of it.

use rustc_hash::FxHashMap;

use livefire_schema::ids::hash_bytes;

use super::is_attackers;
use crate::event::{Mutation, Prompt};
use crate::kinds::plan::draft::Draft;
use crate::prompts::prompt_sample;
use crate::random::Key;
use crate::world::World;

/// Tries for a nonce before a used variant is taken again.
const TRIES: u64 = 100;

/// What must differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Print {
    /// The first 80 characters.
    Sample,
    /// The text.
    Text,
}

/// Rewords every prompt of the attacker's stages.
pub(super) fn reword(draft: &mut Draft, world: &World, print: Print, mutations: &[Mutation]) {
    let mut rewording = Rewording {
        world,
        print,
        mutations,
        uses: FxHashMap::default(),
        text: String::new(),
    };
    for planned in draft
        .stages
        .iter_mut()
        .filter(|planned| is_attackers(planned))
    {
        for draft in &mut planned.events {
            let place = draft.event.id.named("reworded");
            if let Some(prompt) = &mut draft.event.prompt {
                *prompt = rewording.changed(*prompt, place);
            }
        }
    }
}

/// Prints that were used, and how often.
struct Rewording<'a> {
    world: &'a World,
    print: Print,
    /// The mutation, and what takes its place once its variants are used up.
    mutations: &'a [Mutation],
    uses: FxHashMap<u64, u32>,
    text: String,
}

impl Rewording<'_> {
    fn changed(&mut self, prompt: Prompt, place: Key) -> Prompt {
        let plain = Prompt {
            mutation: Mutation::None,
            ..prompt
        };
        let plain = self.print(&plain);
        let mut best = (u32::MAX, prompt, plain);
        'search: for (number, mutation) in (0u64..).zip(self.mutations) {
            for attempt in 0..TRIES {
                let changed = Prompt {
                    mutation: *mutation,
                    nonce: place.index(number).index(attempt),
                    ..prompt
                };
                let print = self.print(&changed);
                if print == plain {
                    continue;
                }
                let uses = self.uses.get(&print).copied().unwrap_or(0);
                if uses < best.0 {
                    best = (uses, changed, print);
                }
                if uses == 0 {
                    break 'search;
                }
            }
        }
        *self.uses.entry(best.2).or_insert(0) += 1;
        best.1
    }

    fn print(&mut self, prompt: &Prompt) -> u64 {
        self.world.prompts.render(prompt, &mut self.text);
        let seen = match self.print {
            Print::Sample => prompt_sample(&self.text),
            Print::Text => &self.text,
        };
        hash_bytes(seen.as_bytes())
    }
}
