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

/// Deeper nesting is left to the full parser's own limit.
const DEEPEST: usize = 100;

/// Reads a line, or gives up.
pub(super) fn scan<'a>(set: &FieldSet, text: &'a str) -> Option<Row<'a>> {
    let mut row = set.empty_row();
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    scanner.expect(b'{')?;
    scanner.object(&set.tree, &mut row.values, 0)?;
    scanner.skip_space();
    (scanner.at == text.len()).then_some(row)
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
        loop {
            self.expect(b'"')?;
            let key = self.key()?;
            self.expect(b':')?;
            self.skip_space();
            match tree.child(key) {
                None => self.skip_value()?,
                Some(child) => self.field(child, values, depth)?,
            }
            self.skip_space();
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
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

    /// The rest of a key without escapes whose quote has been read.
    fn key(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let has_escape = self.skip_string()?;
        (!has_escape).then(|| &self.bytes[start..self.at - 1])
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

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> FieldSet {
        let mut set = FieldSet::new();
        for path in ["a", "b.c", "b.d.e", "f"] {
            set.slot(path);
        }
        set
    }

    /// What both readers make of a line; the fast one may give up.
    #[track_caller]
    fn agree(line: &str) -> bool {
        let set = set();
        let full = set.read_json_fully(line);
        match (scan(&set, line), full) {
            (Some(fast), Ok(full)) => {
                assert_eq!(fast.values, full.values, "{line}");
                true
            }
            (Some(_), Err(error)) => panic!("{line}: {error}"),
            (None, _) => false,
        }
    }

    #[test]
    fn usual_lines_are_read_the_fast_way_and_alike() {
        for line in [
            "{}",
            r#" { "a" : "x" , "b" : {"c":1,"x":[1,{"c":2}],"d":{"e":true}} , "z":-1.5e3 } "#,
            r#"{"a":"line\nwith \"escapes\" \u00e9","b":"{\"c\":7,\"d\":{\"e\":null}}"}"#,
            r#"{"a":null,"f":[1,2,{"x":"]"}],"b":[{"c":1}],"a":"last wins"}"#,
            r#"{"a":"äöü über 日本語 more than eight bytes","f":{"z":1,"a":2}}"#,
            r#"{"a":12345,"f":-7,"b":7,"t":true,"u":false}"#,
        ] {
            assert!(agree(line), "{line}");
        }
    }

    #[test]
    fn what_is_malformed_or_unusual_is_left_to_the_full_parser() {
        for line in [
            "",
            "[]",
            "{",
            r#"{"a":"#,
            r#"{"a":"x"#,
            r#"{"a":"x"} x"#,
            r#"{"a":"x",}"#,
            r#"{"a" "x"}"#,
            r#"{"\u0061":"x"}"#,
            r#"{"a":1.5}"#,
            r#"{"a":-0}"#,
            r#"{"a":01}"#,
            r#"{"a":123456789012345678901234567890}"#,
            r#"{"a":tru}"#,
            "{\"a\":\"x\ty\"}",
            "{\"z\":\"x\ty\"}",
            r#"{"z":[}"#,
            r#"{"z":[1}"#,
            r#"{"a":"\q"}"#,
        ] {
            assert!(!agree(line), "{line}");
        }
    }

    #[test]
    fn every_byte_at_every_place_of_a_string_is_told_apart() {
        let set = set();
        for byte in 0..=127u8 {
            for place in 0..20 {
                let mut line = format!("{{\"z\":\"{}\",\"a\":1}}", "#".repeat(20)).into_bytes();
                line[6 + place] = byte;
                let line = String::from_utf8(line).unwrap();
                let is_plain = byte >= 32 && byte != b'"' && byte != b'\\';
                let read = scan(&set, &line).is_some();
                // A backslash before the closing quote takes it away.
                let is_escape = byte == b'\\' && place < 19;
                assert_eq!(read, is_plain || is_escape, "{line:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_wherever_they_stand() {
        for line in [
            &b"{\"a\":\"\xff\"}"[..],
            b"{\"z\":\"0123456789\xff\"}",
            b"{\"z\xff\":1}",
            b"{\"z\":[\"\xc3\"]}",
            b"{\"z\":[\xc3\xa4]}",
        ] {
            assert!(set().read_json(line).is_err(), "{line:?}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            any::<f32>().prop_map(|real| f64::from(real).into()),
            ".{0,20}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec(("[a-f]", inner), 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_reads_alike(value in json()) {
            agree(&value.to_string());
            agree(&serde_json::json!({ "a": value.clone(), "b": value.to_string() }).to_string());
            agree(&serde_json::json!({ "b": value }).to_string());
        }

        #[test]
        fn a_line_cut_or_changed_anywhere_never_reads_differently(
            value in json(), at in 0usize..200, byte in prop::sample::select(b"\"{}[],:\\x1".to_vec()),
        ) {
            let line = serde_json::json!({ "a": value }).to_string();
            if line.is_char_boundary(at.min(line.len())) {
                agree(&line[..at.min(line.len())]);
            }
            let mut bytes = line.into_bytes();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            if let Ok(line) = String::from_utf8(bytes) {
                agree(&line);
            }
        }
    }
}
