//! Prompt sets: our own templates, and the user's own lines; a prompt is a recipe for text.
//!
//! `data/prompt_templates.json` defines slots, sets, rendering and mutations; its `rendering` and
//! `mutations` sections are what [`PromptLibrary::render`] does. Texts of sets that may vary
//! (`wrap`) also carry a free-text detail out of a million, drawn like a slot: with equal slot keys
//! texts are equal, with different ones they differ even where a template has few renderings, and
//! benign and hostile prompts are varied alike.

mod detail;
mod mutation;
mod template;

use std::fmt::Write as _;

use md5::{Digest, Md5};
use rustc_hash::FxHashMap;

use crate::event::{Mutation, Prompt};
use crate::random::Key;
use template::{Pattern, Slots};

/// Texts of the common pool per user (CALIBRATION §11).
const COMMON_TEXTS_PER_USER: f64 = 2.5;
/// Sets that users' benign prompts come from; they share the common pool.
const HUMAN_SETS: f64 = 6.0;

/// Name of the set of the scenario's own file of prompts.
pub const FILE_SET: &str = "file";

/// One prompt set.
#[derive(Clone, Debug)]
pub struct PromptSet {
    /// Name, as kinds and scenarios use it.
    pub name: String,
    /// `benign`, `attack`, `benign_fixed` …; `lines` for a user's own.
    pub kind: String,
    /// Whether renderings vary by opening, closing and detail.
    pub wrap: bool,
    /// Share of the set's prompts that the security check fails, where the file gives one.
    pub p_fail: f64,
    /// Content categories that the filter gives for them.
    pub categories: Vec<String>,
    /// Lowest and highest content severity.
    pub severity: (u8, u8),
    templates: Vec<Pattern>,
}

impl PromptSet {
    /// Number of templates.
    #[must_use]
    pub fn templates(&self) -> u16 {
        u16::try_from(self.templates.len()).unwrap_or(u16::MAX)
    }
}

/// All prompt sets of a run.
#[derive(Clone, Debug)]
pub struct PromptLibrary {
    sets: Vec<PromptSet>,
    by_name: FxHashMap<String, u16>,
    slots: Slots,
    /// Texts per set of the common pool.
    pool: f64,
    unique: f64,
}

const EMBEDDED: &str = include_str!("../data/prompt_templates.json");

impl PromptLibrary {
    /// The embedded sets; `users` sizes the common pool, `unique` is the share of prompts that are
    /// their author's own.
    ///
    /// # Panics
    /// If the embedded file is broken, which a test excludes.
    #[must_use]
    pub fn embedded(users: u32, unique: f64) -> Self {
        let (slots, sets) = template::parse(EMBEDDED).expect("the embedded prompt sets are valid");
        let mut library = PromptLibrary {
            sets: Vec::new(),
            by_name: FxHashMap::default(),
            slots,
            pool: (COMMON_TEXTS_PER_USER * f64::from(users) / HUMAN_SETS).max(1.0),
            unique,
        };
        for set in sets {
            library.push(set);
        }
        library
    }

    fn push(&mut self, set: PromptSet) -> u16 {
        let index = u16::try_from(self.sets.len()).expect("there are few prompt sets");
        self.by_name.insert(set.name.clone(), index);
        self.sets.push(set);
        index
    }

    /// Adds a set of the user's own lines, taken literally. A name that exists is replaced.
    ///
    /// # Panics
    /// If 65,536 sets exist.
    pub fn add_lines(&mut self, name: &str, lines: &[String]) -> u16 {
        self.push(PromptSet {
            name: name.to_owned(),
            kind: "lines".to_owned(),
            wrap: false,
            p_fail: 0.0,
            categories: Vec::new(),
            severity: (2, 2),
            templates: lines.iter().map(|line| Pattern::literal(line)).collect(),
        })
    }

    /// Adds the set [`FILE_SET`]: the user's own lines as what people write, varied as the shipped
    /// texts are, so that as many prompts stay their author's own. The check fails `p_fail` of them.
    ///
    /// # Panics
    /// If 65,536 sets exist.
    pub fn add_file(&mut self, lines: &[String], p_fail: f64) -> u16 {
        self.push(PromptSet {
            name: FILE_SET.to_owned(),
            kind: "benign".to_owned(),
            wrap: true,
            p_fail,
            categories: Vec::new(),
            severity: (2, 6),
            templates: lines.iter().map(|line| Pattern::literal(line)).collect(),
        })
    }

    /// Index of a set by name.
    #[must_use]
    pub fn set_index(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    /// The set at an index.
    #[must_use]
    pub fn set(&self, index: u16) -> Option<&PromptSet> {
        self.sets.get(usize::from(index))
    }

    /// Names of all sets, in order of index.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.iter().map(|set| set.name.as_str())
    }

    /// Draws a prompt as people write them: the author's own with the profile's probability
    /// (0.93), else one of the set's common pool, whose texts anybody may send (Zipf, exponent
    /// one half).
    #[must_use]
    pub fn draw(&self, set: u16, key: Key) -> Prompt {
        let common = key.index(0x50).uniform();
        if common < self.unique {
            return self.draw_own(set, key);
        }
        let u = key.index(0x51).uniform();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank below the pool's size"
        )]
        let rank = (self.pool * u * u) as u64;
        self.draw_own(
            set,
            Key::root(0x0063_6f6d_6d6f_6e00)
                .index(u64::from(set))
                .index(rank),
        )
    }

    /// Draws the one prompt that `key` stands for: equal keys give equal texts (pools of shared
    /// texts use this).
    #[must_use]
    pub fn draw_own(&self, set: u16, key: Key) -> Prompt {
        let count = self
            .sets
            .get(usize::from(set))
            .map_or(1, |set| set.templates.len());
        let template = key.index(0x52).below(count as u64);
        Prompt {
            set,
            template: u16::try_from(template).unwrap_or(0),
            slots: key.index(0x53),
            grid: None,
            mutation: Mutation::None,
            nonce: key.index(0x54),
            pad_to: 0,
        }
    }

    /// The `position`-th prompt of a set in the sequential grid of its slot values: templates
    /// first, then the first slot's values, and so on.
    #[must_use]
    pub fn at_grid(&self, set: u16, position: u32, key: Key) -> Prompt {
        let count = self
            .sets
            .get(usize::from(set))
            .map_or(1, |set| set.templates.len());
        let count = u32::try_from(count.max(1)).unwrap_or(1);
        Prompt {
            template: u16::try_from(position % count).unwrap_or(0),
            grid: Some(position / count),
            ..self.draw_own(set, key)
        }
    }

    /// Writes the prompt's text into `out`, which is emptied first.
    ///
    /// Shapes: plain text, tidied, then mutated, then padded to `pad_to` characters.
    pub fn render(&self, prompt: &Prompt, out: &mut String) {
        out.clear();
        let Some(set) = self.sets.get(usize::from(prompt.set)) else {
            return;
        };
        let Some(pattern) = set.templates.get(usize::from(prompt.template)) else {
            return;
        };
        if set.kind == "lines" {
            self.slots.render(pattern, prompt, None, out);
        } else {
            let redrawn = match prompt.mutation {
                Mutation::Synonym => pattern.some_slot(prompt.nonce),
                _ => None,
            };
            let mut raw = String::with_capacity(160);
            let varies = set.wrap && prompt.grid.is_none();
            if varies && prompt.slots.index(0x55).chance(0.25) {
                self.slots.opening(prompt.slots.index(0x56), &mut raw);
            }
            let detail = varies.then(|| prompt.slots.index(0x57));
            if let Some(key) = detail.filter(|key| detail::leads(*key)) {
                detail::write_leading(key, &mut raw);
            }
            self.slots.render(pattern, prompt, redrawn, &mut raw);
            if let Some(key) = detail.filter(|key| !detail::leads(*key)) {
                detail::write_trailing(key, &mut raw);
            }
            if varies && prompt.slots.index(0x58).chance(0.25) {
                self.slots.closing(prompt.slots.index(0x59), &mut raw);
            }
            template::tidy(&raw, out);
        }
        mutation::apply(prompt.mutation, prompt.nonce, &self.slots, out);
        mutation::pad(out, prompt.pad_to, prompt.nonce);
    }
}

/// `prompt_hash`: lower-case hexadecimal MD5 of the text's UTF-8 bytes.
#[must_use]
pub fn prompt_hash(text: &str) -> String {
    let mut hash = String::with_capacity(32);
    for byte in Md5::digest(text.as_bytes()) {
        write!(hash, "{byte:02x}").expect("writing to a string cannot fail");
    }
    hash
}

/// `full_prompt_sample`: the first 80 characters of the text.
#[must_use]
pub fn prompt_sample(text: &str) -> &str {
    match text.char_indices().nth(80) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
