//! The fast way through a line: keys are compared, asked-for values taken, all else jumped over.
//!
//! Most of a line is text that nobody asks for, and jumping over a string eight bytes at a time
//! costs a fraction of parsing it. Whatever is unusual here (a key with an escape, a number that
//! is no `i64`, anything malformed) gives `None`, and the full parser decides; so this reader never
//! needs to explain an error. It is more lenient than the full parser only inside values that no
//! path asks for, where it checks strings and the balance of brackets.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{FieldSet, Row, Tree, Value, read_nested};

#[cfg(test)]
mod tests;

/// Deeper nesting is left to the full parser's own limit.
const DEEPEST: usize = 100;

/// Longer objects are expected in order up to here.
const LONGEST_ORDER: usize = 64;

/// A key of an object, where an earlier line had it.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The key with its quotes and the colon.
    quoted: Box<[u8]>,
    /// Position of its child, if it is asked for.
    child: Option<usize>,
}

/// Reads a line into an empty row, or gives up and leaves it half filled.
pub(super) fn scan<'a>(set: &FieldSet, text: &'a str, row: &mut Row<'a>) -> Option<()> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    scanner.expect(b'{')?;
    scanner.object(&set.tree, &mut row.values, 0)?;
    scanner.skip_space();
    (scanner.at == text.len()).then_some(())
}

struct Scanner<'a> {
    /// The line, known to be UTF-8, so that a field is cut out without checking it again.
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

type Values<'a> = SmallVec<[Value<'a>; 24]>;

impl<'a> Scanner<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// A stretch of the line, which begins and ends between characters.
    fn text(&self, start: usize, end: usize) -> Option<&'a str> {
        self.text.get(start..end)
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The next byte that is no space, which must be `byte`.
    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            self.skip_space();
            if self.peek()? != byte {
                return None;
            }
        }
        self.at += 1;
        Some(())
    }

    /// The rest of an object whose brace has been read.
    fn object(&mut self, tree: &Tree, values: &mut Values<'a>, depth: usize) -> Option<()> {
        self.skip_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let order = tree.order.get().map(Vec::as_slice);
        let mut learnt = Vec::new();
        let mut next = 0;
        loop {
            let child = match order.and_then(|order| order.get(next)) {
                Some(expected) if self.bytes[self.at..].starts_with(&expected.quoted) => {
                    self.at += expected.quoted.len();
                    next += 1;
                    expected.child
                }
                _ => {
                    let key = self.key()?;
                    let child = tree.position(key);
                    match order {
                        Some(order) => next = after(order, next, key),
                        None if learnt.len() < LONGEST_ORDER => learnt.push((key, child)),
                        None => {}
                    }
                    child
                }
            };
            self.skip_space();
            match child.and_then(|position| tree.children.get(position)) {
                None => self.skip_value()?,
                Some((_, child)) => self.field(child, values, depth)?,
            }
            self.skip_space();
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b',' => self.skip_space(),
                b'}' if order.is_none() => {
                    learn(tree, &learnt);
                    return Some(());
                }
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// An asked-for value.
    fn field(&mut self, tree: &Tree, values: &mut Values<'a>, depth: usize) -> Option<()> {
        if tree.children.is_empty() {
            let value = self.value()?;
            if let Some(slot) = tree.slot {
                values[slot] = value;
            }
            return Some(());
        }
        match self.peek()? {
            b'{' if depth < DEEPEST => {
                self.at += 1;
                self.object(tree, values, depth + 1)
            }
            b'"' => {
                let Value::Text(text) = self.value()? else {
                    return None;
                };
                read_nested(tree, &text, values);
                if let Some(slot) = tree.slot {
                    values[slot] = Value::Text(Cow::Owned(text.into_owned()));
                }
                Some(())
            }
            _ => self.skip_value(),
        }
    }

    /// Any value, kept.
    fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                self.at += 1;
                let begin = self.at;
                if self.skip_string()? {
                    let quoted = self.text(start, self.at)?;
                    let text: String = serde_json::from_str(quoted).ok()?;
                    return Some(Value::Text(Cow::Owned(text)));
                }
                let text = self.text(begin, self.at - 1)?;
                Some(Value::Text(Cow::Borrowed(text)))
            }
            b'{' | b'[' => {
                self.skip_value()?;
                let value: serde_json::Value =
                    serde_json::from_str(self.text(start, self.at)?).ok()?;
                Some(Value::Json(value.to_string()))
            }
            b't' => self.word("true").then_some(Value::Bool(true)),
            b'f' => self.word("false").then_some(Value::Bool(false)),
            b'n' => self.word("null").then_some(Value::Null),
            _ => self.integer().map(Value::Int),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    /// An integer as JSON writes it; reals are left to the full parser.
    fn integer(&mut self) -> Option<i64> {
        let start = self.at;
        if self.peek()? == b'-' {
            self.at += 1;
        }
        let first = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let digits = self.at - first;
        let has_leading_zero = digits > 1 && self.bytes[first] == b'0';
        let is_real = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if digits == 0 || has_leading_zero || is_real || digits > 18 {
            return None;
        }
        // Minus zero is a real for the full parser.
        let value = self.text(start, self.at)?.parse().ok()?;
        (value != 0 || first == start).then_some(value)
    }

    /// A key without escapes, and its colon.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        let has_escape = self.skip_string()?;
        let end = self.at - 1;
        self.expect(b':')?;
        (!has_escape).then(|| &self.bytes[start..end])
    }

    /// Jumps over the rest of a string and its quote; whether it holds an escape.
    fn skip_string(&mut self) -> Option<bool> {
        let bytes = self.bytes;
        let mut has_escape = false;
        loop {
            self.at = self.special()?;
            match bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(has_escape);
                }
                b'\\' => {
                    has_escape = true;
                    self.at += 2;
                }
                _ => return None,
            }
        }
    }

    /// Jumps over a value that nobody asks for.
    fn skip_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.skip_string().map(|_| ())
            }
            b'{' | b'[' => self.skip_nested(),
            b't' => self.word("true").then_some(()),
            b'f' => self.word("false").then_some(()),
            b'n' => self.word("null").then_some(()),
            b'-' | b'0'..=b'9' => {
                while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.peek() {
                    self.at += 1;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut open: SmallVec<[u8; 32]> = SmallVec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' if open.len() < DEEPEST => open.push(byte + 2),
                b'}' | b']' if open.last() == Some(&byte) => {
                    open.pop();
                    if open.is_empty() {
                        return Some(());
                    }
                }
                b'{' | b'[' | b'}' | b']' | 0..=8 | 11 | 12 | 14..=31 | 128.. => return None,
                _ => {}
            }
        }
    }

    /// The first quote, backslash or control character from here on, eight bytes at a time.
    #[inline]
    fn special(&self) -> Option<usize> {
        let mut at = self.at;
        let mut rest = self.bytes.get(at..)?;
        while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            // With this bit flipped the quote lies just above the control characters, and nothing
            // else moves below it: one comparison finds both.
            let flipped = word ^ (ONES * 0x02);
            let quote_or_control = flipped.wrapping_sub(ONES * 0x21) & !flipped;
            let escape = word ^ (ONES * 0x5c);
            let backslash = escape.wrapping_sub(ONES) & !escape;
            let found = (quote_or_control | backslash) & HIGHS;
            if found != 0 {
                return Some(at + (found.trailing_zeros() / 8) as usize);
            }
            at += 8;
            rest = after;
        }
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=31);
        rest.iter().position(is_special).map(|offset| at + offset)
    }
}

/// Where to go on in an order once `key` came instead of what stands at `next`: behind the key, or,
/// if the order does not have it, where one was.
fn after(order: &[Expected], next: usize, key: &[u8]) -> usize {
    let rest = order.get(next..).unwrap_or(&[]);
    let is_key = |expected: &Expected| expected.quoted.get(1..key.len() + 1) == Some(key);
    let has_length = |expected: &Expected| expected.quoted.len() == key.len() + 3;
    rest.iter()
        .position(|expected| has_length(expected) && is_key(expected))
        .map_or(next, |offset| next + offset + 1)
}

/// Keeps the order of an object's keys, unless it holds so little of what is asked for that most
/// others will be different.
fn learn(tree: &Tree, keys: &[(&[u8], Option<usize>)]) {
    let found = keys.iter().filter(|(_, child)| child.is_some()).count();
    if found * 2 >= tree.children.len() {
        let expected = keys.iter().map(|&(key, child)| Expected {
            quoted: [&b"\""[..], key, b"\":"].concat().into(),
            child,
        });
        // Another thread may have been first; any order is as right, only speed depends on it.
        tree.order.get_or_init(|| expected.collect());
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
