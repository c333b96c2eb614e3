//! Typed reading of one node: each method says what it expected and what it found.

use std::ops::RangeInclusive;

use super::fault::Faults;
use super::node::{Node, NodeValue, Span, Spanned};
use super::suggest::or_list;
use crate::time::{EventTime, TimeSpan};

impl NodeValue {
    /// What a message calls it: `a list`, `` `text` ``, …
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            NodeValue::Null => "nothing".into(),
            NodeValue::Scalar { text, .. } => format!("`{text}`"),
            NodeValue::List(_) => "a list".into(),
            NodeValue::Map(_) => "a map".into(),
        }
    }
}

impl Node {
    /// The text of a scalar, without a fault if it is none.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether the node is a plain scalar, neither quoted nor a block.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.value, NodeValue::Scalar { quoted: false, .. })
    }

    /// Notes that `what` was expected here.
    pub fn expected(&self, what: &str, faults: &Faults) {
        let message = format!("expected {what}, found {}", self.value.describe());
        faults.error("LF-Y005", self.span, message);
    }

    /// Any scalar as text; an empty one is a fault too.
    #[must_use]
    pub fn text(&self, faults: &Faults) -> Option<Spanned<String>> {
        let Some(text) = self.scalar().filter(|text| !text.is_empty()) else {
            self.expected("a text", faults);
            return None;
        };
        Some(Spanned::new(text.to_owned(), self.span))
    }

    /// A whole number in `range`.
    #[must_use]
    pub fn integer(&self, range: RangeInclusive<i64>, faults: &Faults) -> Option<Spanned<i64>> {
        let digits = self.scalar().map(|text| text.replace('_', ""));
        let Some(value) = digits.and_then(|text| text.parse::<i64>().ok()) else {
            self.expected("a whole number like 12", faults);
            return None;
        };
        let shown = (range.start(), range.end());
        self.within(value, range.contains(&value), shown, faults)
    }

    /// A finite number in `range`.
    #[must_use]
    pub fn number(&self, range: RangeInclusive<f64>, faults: &Faults) -> Option<Spanned<f64>> {
        let value = self.scalar().and_then(|text| text.parse::<f64>().ok());
        let Some(value) = value.filter(|value| value.is_finite()) else {
            self.expected("a number like 0.5", faults);
            return None;
        };
        let shown = (range.start(), range.end());
        self.within(value, range.contains(&value), shown, faults)
    }

    /// A share of 0 to 1, also as `0.1%`.
    #[must_use]
    pub fn share(&self, faults: &Faults) -> Option<Spanned<f64>> {
        let value = self.scalar().and_then(|text| match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse::<f64>()
                .ok()
                .map(|value| value / 100.0),
            None => text.parse::<f64>().ok(),
        });
        let Some(value) = value.filter(|value| value.is_finite()) else {
            self.expected("a share like 0.05 or 5%", faults);
            return None;
        };
        self.within(value, (0.0..=1.0).contains(&value), (&0, &1), faults)
    }

    fn within<T, U: std::fmt::Display>(
        &self,
        value: T,
        is_inside: bool,
        shown: (&U, &U),
        faults: &Faults,
    ) -> Option<Spanned<T>> {
        if is_inside {
            return Some(Spanned::new(value, self.span));
        }
        let (low, high) = shown;
        let message = format!("{} is outside {low}..{high}", self.scalar().unwrap_or(""));
        faults.error("LF-Y006", self.span, message);
        None
    }

    /// A duration such as `30s`; negative ones are refused.
    #[must_use]
    pub fn duration(&self, faults: &Faults) -> Option<Spanned<TimeSpan>> {
        match self.scalar().and_then(TimeSpan::parse) {
            Some(span) if span >= TimeSpan::ZERO => Some(Spanned::new(span, self.span)),
            Some(_) => {
                let shown = self.scalar().unwrap_or("");
                let message =
                    format!("{shown} is outside 0s..; write a duration that is not negative");
                faults.error("LF-Y006", self.span, message);
                None
            }
            None => {
                self.expected("a duration like 250ms, 30s, 10m, 4h or 7d", faults);
                None
            }
        }
    }

    /// An instant in ISO 8601, or a date (midnight UTC).
    #[must_use]
    pub fn time(&self, faults: &Faults) -> Option<Spanned<EventTime>> {
        let time = self.scalar().and_then(EventTime::parse);
        if time.is_none() {
            self.expected("a time like 2026-03-02T00:00:00Z", faults);
        }
        time.map(|time| Spanned::new(time, self.span))
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(&self, faults: &Faults) -> Option<Spanned<bool>> {
        match self.scalar() {
            Some("true") => Some(Spanned::new(true, self.span)),
            Some("false") => Some(Spanned::new(false, self.span)),
            _ => {
                self.expected("true or false", faults);
                None
            }
        }
    }

    /// One of the given words, as its index in `words`; `what` names their kind (`outcome`).
    #[must_use]
    pub fn word(&self, what: &str, words: &[&str], faults: &Faults) -> Option<Spanned<usize>> {
        let Some(text) = self.scalar() else {
            self.expected(&format!("one {what} of: {}", words.join(", ")), faults);
            return None;
        };
        if let Some(index) = words.iter().position(|word| *word == text) {
            return Some(Spanned::new(index, self.span));
        }
        let end = or_list(text, "known", words.iter().copied());
        faults.error(
            "LF-Y007",
            self.span,
            format!("unknown {what} `{text}`{end}"),
        );
        None
    }

    /// The items of a list; a single value counts as a list of one, nothing as an empty one.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            NodeValue::List(items) => items,
            NodeValue::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The entries of a map with free keys, such as named things; a fault if it is no map.
    #[must_use]
    pub fn entries(&self, what: &str, faults: &Faults) -> &[(Spanned<String>, Node)] {
        match &self.value {
            NodeValue::Map(entries) => entries,
            NodeValue::Null => &[],
            _ => {
                self.expected(&format!("a map of {what}"), faults);
                &[]
            }
        }
    }

    /// The place after the first `bytes` of a plain scalar, for a fault inside it.
    #[must_use]
    pub fn inside(&self, bytes: usize) -> Span {
        self.span.offset(bytes)
    }
}
