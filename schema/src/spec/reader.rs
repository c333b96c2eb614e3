//! Lowering of one map: take what is known, then report what is left.

use std::ops::RangeInclusive;

use super::fault::Faults;
use super::node::{Node, NodeValue, Span, Spanned};
use super::suggest::or_list;
use crate::time::{EventTime, TimeSpan};

/// Reads one map key by key; [`MapReader::finish`] reports the keys that nobody asked for.
///
/// A typed method gives `None` both for an absent key and after noting a fault, so a caller fills
/// in its default and goes on; [`Faults::has_errors`] decides at the end.
#[derive(Debug)]
pub struct MapReader<'a> {
    what: String,
    span: Span,
    entries: &'a [(Spanned<String>, Node)],
    taken: Vec<bool>,
    asked: Vec<&'static str>,
    faults: &'a Faults,
}

impl<'a> MapReader<'a> {
    /// Opens a map; `what` names it in messages (``stage `spray` ``). Nothing written counts as an
    /// empty map; anything else is a fault.
    #[must_use]
    pub fn open(node: &'a Node, what: impl Into<String>, faults: &'a Faults) -> Option<Self> {
        let what = what.into();
        let entries: &[_] = match &node.value {
            NodeValue::Map(entries) => entries,
            NodeValue::Null => &[],
            _ => {
                node.expected(&format!("a map ({what})"), faults);
                return None;
            }
        };
        Some(MapReader {
            what,
            span: node.span,
            entries,
            taken: vec![false; entries.len()],
            asked: Vec::new(),
            faults,
        })
    }

    /// The collector.
    #[must_use]
    pub fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// Where the map begins.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// How messages name the map.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The value of a key, if written; the key becomes known.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key with its place, and the value.
    pub fn entry(&mut self, key: &'static str) -> Option<(Span, &'a Node)> {
        self.asked.push(key);
        let index = self
            .entries
            .iter()
            .position(|(name, _)| name.value == key)?;
        self.taken[index] = true;
        let (name, node) = &self.entries[index];
        Some((name.span, node))
    }

    /// Whether the key is written; does not take it.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.value == key)
    }

    /// Where a key is written; does not take it.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        let written = self.entries.iter().find(|(name, _)| name.value == key);
        written.map(|(name, _)| name.span)
    }

    /// As [`MapReader::take`]; an absent key is a fault, `example` says what to write.
    pub fn require(&mut self, key: &'static str, example: &str) -> Option<&'a Node> {
        let found = self.take(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`; write `{key}: {example}`", self.what);
            self.faults.error("LF-Y004", self.span, message);
        }
        found
    }

    /// Text; empty is a fault.
    pub fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.take(key)?.text(self.faults)
    }

    /// A whole number.
    pub fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<Spanned<i64>> {
        self.take(key)?.integer(range, self.faults)
    }

    /// A number.
    pub fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<f64>,
    ) -> Option<Spanned<f64>> {
        self.take(key)?.number(range, self.faults)
    }

    /// A share of 0 to 1, also `5%`.
    pub fn share(&mut self, key: &'static str) -> Option<Spanned<f64>> {
        self.take(key)?.share(self.faults)
    }

    /// A duration, not negative.
    pub fn duration(&mut self, key: &'static str) -> Option<Spanned<TimeSpan>> {
        self.take(key)?.duration(self.faults)
    }

    /// An instant.
    pub fn time(&mut self, key: &'static str) -> Option<Spanned<EventTime>> {
        self.take(key)?.time(self.faults)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        self.take(key)?.flag(self.faults)
    }

    /// One of the given words, as its index; messages call it a `key`.
    pub fn one_of(&mut self, key: &'static str, words: &[&str]) -> Option<Spanned<usize>> {
        self.take(key)?.word(key, words, self.faults)
    }

    /// The items of a list; one bare value counts as a list of one; absent gives an empty list.
    pub fn list(&mut self, key: &'static str) -> &'a [Node] {
        self.take(key).map_or(&[], Node::items)
    }

    /// A list of texts; absent gives an empty list.
    pub fn texts(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        let faults = self.faults;
        let items = self.list(key);
        items.iter().filter_map(|node| node.text(faults)).collect()
    }

    /// The entries of a map with free keys; absent gives none.
    pub fn entries(&mut self, key: &'static str) -> &'a [(Spanned<String>, Node)] {
        let faults = self.faults;
        self.take(key).map_or(&[], |node| node.entries(key, faults))
    }

    /// Opens a nested map.
    pub fn map(&mut self, key: &'static str, what: impl Into<String>) -> Option<MapReader<'a>> {
        let node = self.take(key)?;
        MapReader::open(node, what, self.faults)
    }

    /// Makes keys known without taking them, for suggestions and for keys read elsewhere.
    pub fn know(&mut self, keys: &[&'static str]) {
        self.asked.extend_from_slice(keys);
    }

    /// Reports every key that was not asked for (`LF-Y003`).
    pub fn finish(self) {
        for (index, (key, _)) in self.entries.iter().enumerate() {
            if self.taken[index] || self.asked.contains(&key.value.as_str()) {
                continue;
            }
            let end = or_list(&key.value, "keys", self.asked.iter().copied());
            let message = format!("unknown key `{}` in {}{end}", key.value, self.what);
            self.faults.error("LF-Y003", key.span, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parse;

    #[track_caller]
    fn reads(text: &str, read: impl Fn(&mut MapReader<'_>), expected: &str) {
        let faults = Faults::new("f.yaml");
        let node = parse(text.as_bytes(), &faults).expect("is YAML");
        let mut map = MapReader::open(&node, "stage `spray`", &faults).expect("is a map");
        read(&mut map);
        map.finish();
        assert_eq!(faults.to_string(), expected);
    }

    #[test]
    fn every_fault_of_a_map_is_reported_at_once() {
        reads(
            "cuont: 3\nshare: 1.5\ngap: tomorrow\nhours: wrking\nwho:\n",
            |map| {
                let _ = map.integer("count", 1..=9);
                let _ = map.share("share");
                let _ = map.duration("gap");
                let _ = map.one_of("hours", &["working", "night"]);
                let _ = map.text("who");
                let _ = map.require("do", "request");
            },
            "f.yaml:1:1 stage `spray` needs `do`; write `do: request`\n\
             f.yaml:1:1 unknown key `cuont` in stage `spray`; did you mean `count`?\n\
             f.yaml:2:8 1.5 is outside 0..1\n\
             f.yaml:3:6 expected a duration like 250ms, 30s, 10m, 4h or 7d, found `tomorrow`\n\
             f.yaml:4:8 unknown hours `wrking`; did you mean `working`?\n\
             f.yaml:5:4 expected a text, found nothing\n",
        );
    }

    #[test]
    fn good_values_are_read_without_a_fault() {
        reads(
            "a: 12\nb: 0.1%\nc: 250ms\nd: [x]\ne: true\nf: 2026-03-02\ng: y\n",
            |map| {
                assert_eq!(map.integer("a", 0..=20).map(|v| v.value), Some(12));
                assert_eq!(map.share("b").map(|v| v.value), Some(0.001));
                let span = map.duration("c").map(|v| v.value);
                assert_eq!(span, Some(TimeSpan::from_seconds_f64(0.25)));
                assert_eq!(map.texts("d").len() + map.texts("g").len(), 2);
                assert_eq!(map.flag("e").map(|v| v.value), Some(true));
                assert_eq!(
                    map.time("f").map(|v| v.value),
                    EventTime::parse("2026-03-02")
                );
            },
            "",
        );
    }

    #[test]
    fn numbers_out_of_range_and_of_wrong_kind_differ() {
        reads(
            "a: 12\nb: many\nc: -5m\nd: {e: 1}\n",
            |map| {
                let _ = map.integer("a", 1..=9);
                let _ = map.number("b", 0.0..=1.0);
                let _ = map.duration("c");
                let _ = map.text("d");
            },
            "f.yaml:1:4 12 is outside 1..9\n\
             f.yaml:2:4 expected a number like 0.5, found `many`\n\
             f.yaml:3:4 -5m is outside 0s..; write a duration that is not negative\n\
             f.yaml:4:4 expected a text, found a map\n",
        );
    }

    #[test]
    fn a_scalar_in_place_of_a_map_is_a_fault() {
        let faults = Faults::new("f.yaml");
        let node = parse(b"just text", &faults).expect("is YAML");
        assert!(MapReader::open(&node, "an attack kind", &faults).is_none());
        assert_eq!(
            faults.to_string(),
            "f.yaml:1:1 expected a map (an attack kind), found `just text`\n"
        );
    }
}
