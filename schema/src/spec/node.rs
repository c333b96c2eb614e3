//! YAML as a tree of nodes that remember where they stand.
//!
//! serde-saphyr parses and gives positions; types are not guessed here: a scalar keeps its text
//! as written, and the reader of a key decides what it must be.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Spanned as Located};

use super::fault::Faults;
use super::syntax::{error_span, error_text, span_of_byte};

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 256 * 1024;
/// Deepest nesting of lists and maps.
const MAX_DEPTH: usize = 32;

/// A place in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The head of a file: for faults that concern all of it.
    pub const HEAD: Span = Span {
        line: 1,
        column: 1,
        start: 0,
        end: 0,
    };

    /// The part of this span that starts `bytes` later, for a place inside a one-line scalar.
    #[must_use]
    pub fn offset(self, bytes: usize) -> Span {
        let moved = u32::try_from(bytes).unwrap_or(0);
        Span {
            column: self.column.saturating_add(moved),
            start: self.start + bytes,
            ..self
        }
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    #[must_use]
    pub fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }
}

/// One node of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its place; for lists and maps of their beginning.
    pub span: Span,
    /// What it holds.
    pub value: NodeValue,
}

/// What a node holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeValue {
    /// Nothing was written, or `null`.
    Null,
    /// One value.
    Scalar {
        /// Its text, quotes and escapes resolved.
        text: String,
        /// Whether it was quoted or a block.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file; keys are unique.
    Map(Vec<(Spanned<String>, Node)>),
}

/// Parses one document; `None` after a syntax fault. Duplicate keys are faults, the first counts.
///
/// Faults: `LF-Y001` syntax, a second document, or invalid UTF-8, `LF-Y002` duplicate key,
/// `LF-Y008` more than [`MAX_FILE_BYTES`].
#[must_use]
pub fn parse(bytes: &[u8], faults: &Faults) -> Option<Node> {
    if bytes.len() > MAX_FILE_BYTES {
        let message = format!(
            "file has {} bytes; at most {MAX_FILE_BYTES} are read: split it",
            bytes.len()
        );
        faults.error("LF-Y008", Span::HEAD, message);
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let span = span_of_byte(bytes, error.valid_up_to());
            faults.error("LF-Y001", span, "invalid UTF-8; save the file as UTF-8");
            return None;
        }
    };
    let budget = serde_saphyr::budget! { max_depth: MAX_DEPTH, max_aliases: 0 };
    let options = serde_saphyr::options! {
        budget: budget,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Located<Raw>>(text, options) {
        Ok(raw) => Some(node(raw, text, faults)),
        Err(error) => {
            faults.error("LF-Y001", error_span(&error, text), error_text(&error));
            None
        }
    }
}

pub(super) fn span(location: Location) -> Span {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let bytes = location.span();
    let start = bytes
        .byte_offset()
        .map_or(0, |at| usize::try_from(at).unwrap_or(0));
    let length = bytes
        .byte_len()
        .map_or(0, |at| usize::try_from(at).unwrap_or(0));
    Span {
        line: small(location.line()),
        column: small(location.column()),
        start,
        end: start + length,
    }
}

/// What serde-saphyr gives before the source text is consulted.
enum Raw {
    Null,
    /// A plain scalar that it took for a number or flag: its text is in the source.
    Typed,
    Text(String),
    List(Vec<Located<Raw>>),
    Map(Vec<(Located<String>, Located<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value, list or map")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Raw, E> {
                Ok(Raw::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(key) = entries.next_key()? {
                    map.push((key, entries.next_value()?));
                }
                Ok(Raw::Map(map))
            }
        }
        deserializer.deserialize_any(RawVisitor)
    }
}

fn node(raw: Located<Raw>, source: &str, faults: &Faults) -> Node {
    let span = span(raw.referenced);
    let written = source.get(span.start..span.end).unwrap_or("");
    let value = match raw.value {
        Raw::Null => NodeValue::Null,
        Raw::Typed => NodeValue::Scalar {
            text: written.trim().to_owned(),
            quoted: false,
        },
        Raw::Text(text) => NodeValue::Scalar {
            quoted: written.starts_with(['"', '\'', '|', '>']) || text != written.trim(),
            text,
        },
        Raw::List(items) => NodeValue::List(
            items
                .into_iter()
                .map(|item| node(item, source, faults))
                .collect(),
        ),
        Raw::Map(entries) => NodeValue::Map(map(entries, source, faults)),
    };
    Node { span, value }
}

fn map(
    entries: Vec<(Located<String>, Located<Raw>)>,
    source: &str,
    faults: &Faults,
) -> Vec<(Spanned<String>, Node)> {
    let mut kept: Vec<(Spanned<String>, Node)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let key = Spanned::new(key.value, span(key.referenced));
        let value = node(value, source, faults);
        match kept.iter().find(|(first, _)| first.value == key.value) {
            Some((first, _)) => {
                let message = format!(
                    "key `{}` is written twice; first in line {}",
                    key.value, first.span.line
                );
                let fault = faults.fault("LF-Y002", key.span, message);
                faults.push(fault.with_related(faults.file(), first.span, "first written here"));
            }
            None => kept.push((key, value)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn faults_of(text: &[u8], expected: &str) {
        let faults = Faults::new("f.yaml");
        let _ = parse(text, &faults);
        assert_eq!(faults.to_string(), expected);
    }

    #[track_caller]
    fn cannot_be_read(text: &str) {
        let faults = Faults::new("f.yaml");
        assert!(parse(text.as_bytes(), &faults).is_none());
        let all = faults.sorted();
        assert_eq!(all.len(), 1);
        assert!(all[0].span.line >= 1 && all[0].code == "LF-Y001", "{all:?}");
    }

    fn tree(text: &str) -> Node {
        let faults = Faults::new("f.yaml");
        let node = parse(text.as_bytes(), &faults).expect("parses");
        assert_eq!(faults.to_string(), "");
        node
    }

    fn show(node: &Node) -> String {
        match &node.value {
            NodeValue::Null => "~".into(),
            NodeValue::Scalar { text, quoted } => {
                let mark = if *quoted { "\"" } else { "" };
                format!("{mark}{text}{mark}@{}:{}", node.span.line, node.span.column)
            }
            NodeValue::List(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" "))
            }
            NodeValue::Map(entries) => {
                let entry = |(key, value): &(Spanned<String>, Node)| {
                    let Span { line, column, .. } = key.span;
                    format!("{}@{line}:{column}={}", key.value, show(value))
                };
                format!(
                    "{{{}}}",
                    entries.iter().map(entry).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }

    #[test]
    fn scalars_keep_their_text_and_place() {
        let node = tree("a: 2.0\nb: [1..5, '7', true, 0x1F]\nc: { d: ä b, e: }\n");
        assert_eq!(
            show(&node),
            "{a@1:1=2.0@1:4 b@2:1=[1..5@2:5 \"7\"@2:11 true@2:16 0x1F@2:22] \
             c@3:1={d@3:6=ä b@3:9 e@3:14=~}}"
        );
    }

    #[test]
    fn byte_spans_cover_the_scalar() {
        let text = "ä: { key: value } # note";
        let NodeValue::Map(entries) = tree(text).value else {
            panic!("is a map")
        };
        let NodeValue::Map(inner) = &entries[0].1.value else {
            panic!("is a map")
        };
        let span = inner[0].1.span;
        assert_eq!(&text[span.start..span.end], "value");
    }

    #[test]
    fn keys_that_look_like_flags_or_numbers_are_text() {
        assert_eq!(
            show(&tree("{ true: 0.6, 5: rest }")),
            "{true@1:3=0.6@1:9 5@1:14=rest@1:17}"
        );
    }

    #[test]
    fn syntax_faults_have_a_place() {
        faults_of(
            b"a: [1, 2\nb: 3\n",
            "f.yaml:2:2 not valid YAML: no `:` may stand here; is a `[`, `{` or quote above still open?\n",
        );
        faults_of(
            b"a: 'x",
            "f.yaml:1:4 not valid YAML: the quote that opens here is never closed\n",
        );
        faults_of(
            b"a: 1\nb: 2\n\tc: 3\n",
            "f.yaml:3:1 not valid YAML: a tab; indent with spaces\n",
        );
        faults_of(
            b"a: 1\nb: c: d\n",
            "f.yaml:2:5 not valid YAML: no `:` may stand here; put quotes around a text with `: `, \
             and indent keys of one map alike\n",
        );
        cannot_be_read("a: {b: 1");
        cannot_be_read("a:\n\t- b");
        cannot_be_read("a: b: c");
    }

    #[test]
    fn syntax_faults_have_the_byte_of_their_place() {
        for text in [
            "a: 1\n\u{e4}: 'x\nc: 3\n",
            "a: 1\nb: 2\n\tc: 3\n",
            "a: 1\nb: [1\nc: 3\n",
        ] {
            let faults = Faults::new("f.yaml");
            assert!(parse(text.as_bytes(), &faults).is_none());
            let span = faults.sorted()[0].span;
            let again = span_of_byte(text.as_bytes(), span.start);
            assert_eq!(
                (again.line, again.column),
                (span.line, span.column),
                "{text}"
            );
            assert!(span.start > 4, "{text}: not the head of the file");
        }
    }

    #[test]
    fn duplicate_keys_name_both_lines() {
        faults_of(
            b"a: 1\nb: {c: 1, c: 2}\na: 3\n",
            "f.yaml:2:11 key `c` is written twice; first in line 2\n\
             f.yaml:3:1 key `a` is written twice; first in line 1\n",
        );
    }

    #[test]
    fn only_one_document_is_read() {
        faults_of(
            b"a: 1\n---\nb: 2\n",
            "f.yaml:3:1 a second document begins here; one file holds one\n",
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        faults_of(
            b"a: 1\nb: \xff\n",
            "f.yaml:2:4 invalid UTF-8; save the file as UTF-8\n",
        );
    }

    #[test]
    fn large_and_deep_files_are_refused() {
        let large = vec![b'a'; MAX_FILE_BYTES + 1];
        faults_of(
            &large,
            "f.yaml:1:1 file has 262145 bytes; at most 262144 are read: split it\n",
        );
        faults_of(
            "[".repeat(1000).as_bytes(),
            "f.yaml:1:256 lists and maps are nested too deeply; at most 32 levels are read\n",
        );
    }

    #[test]
    fn aliases_are_refused_and_merge_keys_are_plain_keys() {
        faults_of(
            b"a: &x 1\nb: *x\n",
            "f.yaml:2:4 aliases (`*name`) are not read; write the value out\n",
        );
        faults_of(b"<<: 1\n", "");
    }

    #[test]
    fn an_empty_file_is_an_empty_node() {
        assert_eq!(tree("").value, NodeValue::Null);
        assert_eq!(tree("# only a note\n").value, NodeValue::Null);
    }
}
