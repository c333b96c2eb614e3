//! Templates and slots: parsed once, rendered by key.
//!
//! `{name}` is a slot, looked up in the set's own slots, then in the common ones; an unknown `{x}`
//! and `{{`, `}}` are literal; `@int:a-b` in a slot value is an integer. Slot values may name slots,
//! to a depth of four. A slot that occurs twice in one prompt has one value, since the value is
//! drawn from the slot's name.

use livefire_schema::ids::hash_bytes;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use crate::event::Prompt;
use crate::prompts::PromptSet;
use crate::random::Key;

const MAX_DEPTH: u32 = 4;

/// A parsed template or slot value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    /// Index of the slot in [`Slots::list`].
    Slot(usize),
    /// Both ends included.
    Integer(u64, u64),
}

/// One slot: its values, and the hash of its name that draws are addressed by.
#[derive(Clone, Debug)]
struct Slot {
    name_hash: u64,
    values: Vec<Pattern>,
}

/// All slots of all sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    list: Vec<Slot>,
    openings: Option<usize>,
    closings: Option<usize>,
}

impl Pattern {
    /// Text without slots.
    pub(crate) fn literal(text: &str) -> Self {
        Pattern {
            pieces: vec![Piece::Text(text.to_owned())],
        }
    }

    /// The name hash of one of the pattern's slots, where it has one.
    pub(crate) fn some_slot(&self, key: Key) -> Option<usize> {
        let slots: Vec<usize> = self.pieces.iter().filter_map(Piece::slot).collect();
        let at = key.index(0x5a).below(slots.len() as u64);
        slots.get(usize::try_from(at).unwrap_or(0)).copied()
    }
}

impl Piece {
    fn slot(&self) -> Option<usize> {
        match self {
            Piece::Slot(slot) => Some(*slot),
            _ => None,
        }
    }
}

/// State of one rendering: the remaining grid position, and grid values already given.
struct Draw<'a> {
    prompt: &'a Prompt,
    grid: Option<u64>,
    given: Vec<(usize, u64)>,
    redrawn: Option<usize>,
}

impl Slots {
    /// Renders a pattern; the slot `redrawn` is drawn from the nonce instead.
    pub(crate) fn render(
        &self,
        pattern: &Pattern,
        prompt: &Prompt,
        redrawn: Option<usize>,
        out: &mut String,
    ) {
        let mut draw = Draw {
            prompt,
            grid: prompt.grid.map(u64::from),
            given: Vec::new(),
            redrawn,
        };
        self.pattern(pattern, prompt.slots, &mut draw, 0, out);
    }

    /// A value of `filler_open`.
    pub(crate) fn opening(&self, key: Key, out: &mut String) {
        self.filler(self.openings, key, out);
    }

    /// A value of `filler_close`.
    pub(crate) fn closing(&self, key: Key, out: &mut String) {
        self.filler(self.closings, key, out);
    }

    fn filler(&self, slot: Option<usize>, key: Key, out: &mut String) {
        let Some(slot) = slot else { return };
        let pattern = Pattern {
            pieces: vec![Piece::Slot(slot)],
        };
        let prompt = Prompt {
            set: 0,
            template: 0,
            slots: key,
            grid: None,
            mutation: crate::event::Mutation::None,
            nonce: key,
            pad_to: 0,
        };
        self.render(&pattern, &prompt, None, out);
    }

    fn pattern(&self, pattern: &Pattern, key: Key, draw: &mut Draw, depth: u32, out: &mut String) {
        for piece in &pattern.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Integer(from, to) => {
                    let span = to - from + 1;
                    let at = match &mut draw.grid {
                        Some(rest) => take_digit(rest, span),
                        None => key.index(0x5b).below(span),
                    };
                    push_integer(out, from + at);
                }
                Piece::Slot(slot) if depth < MAX_DEPTH => self.slot(*slot, draw, depth, out),
                Piece::Slot(_) => {}
            }
        }
    }

    fn slot(&self, index: usize, draw: &mut Draw, depth: u32, out: &mut String) {
        let slot = &self.list[index];
        let count = slot.values.len() as u64;
        let key = if draw.redrawn == Some(index) {
            draw.prompt.nonce.index(slot.name_hash)
        } else {
            draw.prompt.slots.index(slot.name_hash)
        };
        let at = match draw.grid {
            None => key.below(count),
            Some(_) => match draw.given.iter().find(|(known, _)| *known == index) {
                Some((_, at)) => *at,
                None => {
                    let rest = draw.grid.as_mut().expect("a grid position was found above");
                    let at = take_digit(rest, count);
                    draw.given.push((index, at));
                    at
                }
            },
        };
        if let Some(value) = slot.values.get(usize::try_from(at).unwrap_or(0)) {
            self.pattern(value, key, draw, depth + 1, out);
        }
    }
}

/// Takes the lowest digit of a mixed-radix number.
fn take_digit(rest: &mut u64, radix: u64) -> u64 {
    let digit = *rest % radix.max(1);
    *rest /= radix.max(1);
    digit
}

fn push_integer(out: &mut String, value: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
}

/// Collapses runs of spaces to one, trims, and makes the first letter a capital.
pub(crate) fn tidy(raw: &str, out: &mut String) {
    let mut rest = raw.trim();
    if out.is_empty()
        && let Some(first) = rest.chars().next()
    {
        out.extend(first.to_uppercase());
        rest = &rest[first.len_utf8()..];
    }
    while let Some(at) = rest.as_bytes().windows(2).position(|pair| pair == b"  ") {
        out.push_str(&rest[..=at]);
        rest = rest[at..].trim_start_matches(' ');
    }
    out.push_str(rest);
}

/// Parses the file: all slots, and the sets in its order.
pub(crate) fn parse(text: &str) -> Result<(Slots, Vec<PromptSet>), String> {
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let object = |value: &Value, name: &str| -> Result<Map<String, Value>, String> {
        let found = value.get(name).and_then(Value::as_object);
        found.cloned().ok_or_else(|| format!("`{name}` is missing"))
    };
    let mut parser = Parser::default();
    let common = parser.declare(&object(&file, "slots")?, &FxHashMap::default());
    parser.fill(&object(&file, "slots")?, &common);
    parser.slots.openings = common.get("filler_open").copied();
    parser.slots.closings = common.get("filler_close").copied();
    let mut sets = Vec::new();
    for (name, set) in object(&file, "sets")? {
        sets.push(parser.set(&name, &set, &common)?);
    }
    Ok((parser.slots, sets))
}

type Names = FxHashMap<String, usize>;

#[derive(Default)]
struct Parser {
    slots: Slots,
}

impl Parser {
    /// Gives each slot of a map an index; returns the names visible with it.
    fn declare(&mut self, map: &Map<String, Value>, outer: &Names) -> Names {
        let mut names = outer.clone();
        for name in map.keys() {
            names.insert(name.clone(), self.slots.list.len());
            self.slots.list.push(Slot {
                name_hash: hash_bytes(name.as_bytes()),
                values: Vec::new(),
            });
        }
        names
    }

    fn fill(&mut self, map: &Map<String, Value>, names: &Names) {
        for (name, values) in map {
            let values = values.as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_str);
            let values = values.map(|value| parse_pattern(value, names)).collect();
            self.slots.list[names[name]].values = values;
        }
    }

    fn set(&mut self, name: &str, set: &Value, common: &Names) -> Result<PromptSet, String> {
        let empty = Map::new();
        let own = set
            .get("slots")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let names = self.declare(own, common);
        self.fill(own, &names);
        let templates = set.get("templates").and_then(Value::as_array);
        let templates = templates.ok_or_else(|| format!("set `{name}` has no templates"))?;
        let templates = templates.iter().filter_map(Value::as_str);
        let filter = set.get("filter").unwrap_or(&Value::Null);
        let text = |key: &str| {
            set.get(key)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let categories = filter.get("categories").and_then(Value::as_array);
        let categories = categories.into_iter().flatten().filter_map(Value::as_str);
        let severity = |at: usize, default: u8| {
            let value = filter.get("severity_range").and_then(|range| range.get(at));
            let value = value.and_then(Value::as_u64);
            value
                .and_then(|value| u8::try_from(value).ok())
                .unwrap_or(default)
        };
        Ok(PromptSet {
            name: name.to_owned(),
            kind: text("kind"),
            wrap: set.get("wrap").and_then(Value::as_bool).unwrap_or(false),
            p_fail: filter.get("p_fail").and_then(Value::as_f64).unwrap_or(0.0),
            categories: categories.map(str::to_owned).collect(),
            severity: (severity(0, 2), severity(1, 4)),
            templates: templates.map(|text| parse_pattern(text, &names)).collect(),
        })
    }
}

fn parse_pattern(text: &str, names: &Names) -> Pattern {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some((piece, length)) = special(rest, names) {
            match piece {
                Piece::Text(text) => literal.push_str(&text),
                piece => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece);
                }
            }
            rest = &rest[length..];
        } else {
            literal.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Pattern { pieces }
}

/// The special piece at the start of the text, and its length in bytes.
fn special(text: &str, names: &Names) -> Option<(Piece, usize)> {
    if text.starts_with("{{") {
        return Some((Piece::Text("{".to_owned()), 2));
    }
    if text.starts_with("}}") {
        return Some((Piece::Text("}".to_owned()), 2));
    }
    if let Some(after) = text.strip_prefix('{') {
        let end = after.find('}')?;
        let slot = *names.get(&after[..end])?;
        return Some((Piece::Slot(slot), end + 2));
    }
    let after = text.strip_prefix("@int:")?;
    let (from, tail) = after.split_once('-')?;
    let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (from_value, to) = (from.parse().ok()?, tail[..digits].parse().ok()?);
    let length = "@int:".len() + from.len() + 1 + digits;
    (from_value <= to).then_some((Piece::Integer(from_value, to), length))
}
