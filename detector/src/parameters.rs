//! Named, typed parameters of rules: what a rule declares, and the values that one form of it has.
//!
//! A rule declares each parameter once ([`ParameterSpec`]); files, `RuleSet::set` and later the
//! tuner all read and check values against that declaration, in one written form.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use livefire_schema::alert::Severity;
use livefire_schema::spec::or_list;
use livefire_schema::time::TimeSpan;

use crate::phrases::Phrases;

/// The value of a parameter.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A whole number.
    Count(u64),
    /// A duration.
    Span(TimeSpan),
    /// A real number.
    Ratio(f64),
    /// One of the declared words.
    Word(&'static str),
    /// Texts.
    Texts(Vec<String>),
    /// Lists of phrases, as read.
    Phrases(Phrases),
}

/// What values a parameter takes.
#[derive(Clone, PartialEq, Debug)]
pub enum Bounds {
    /// Whole numbers, both ends included.
    Count(RangeInclusive<u64>),
    /// Durations, both ends included; the word, if any, leaves the choice to the rule.
    Span(RangeInclusive<TimeSpan>, Option<&'static str>),
    /// Real numbers, both ends included.
    Ratio(RangeInclusive<f64>),
    /// Exactly these words.
    Words(&'static [&'static str]),
    /// Any list of texts.
    Texts,
    /// Lists of phrases: `builtin` or CSV files.
    Phrases,
}

/// One declared parameter.
#[derive(Clone, PartialEq, Debug)]
pub struct ParameterSpec {
    /// Name in files and in `R1.name`.
    pub name: &'static str,
    /// Value without a file.
    pub default: Value,
    /// What it may be.
    pub bounds: Bounds,
    /// One sentence for listings.
    pub help: &'static str,
}

/// The values of all parameters of one rule form, in declared order.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameters {
    specs: Vec<ParameterSpec>,
    values: Vec<Value>,
}

const SEVERITIES: &[&str] = &["informational", "low", "medium", "high", "critical"];
/// Durations beyond this are typing errors.
const LONGEST: TimeSpan = TimeSpan::from_days(3650);

impl ParameterSpec {
    /// A whole number of at least one.
    #[must_use]
    pub fn count(name: &'static str, default: u64, help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Count(default),
            bounds: Bounds::Count(1..=1_000_000_000),
            help,
        }
    }

    /// A duration of at least one second.
    #[must_use]
    pub fn span(name: &'static str, default: TimeSpan, help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Span(default),
            bounds: Bounds::Span(TimeSpan::from_seconds(1)..=LONGEST, None),
            help,
        }
    }

    /// A duration that may be zero, or `word`, which is the default and leaves it to the rule.
    #[must_use]
    pub fn span_or(name: &'static str, word: &'static str, help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Word(word),
            bounds: Bounds::Span(TimeSpan::ZERO..=LONGEST, Some(word)),
            help,
        }
    }

    /// A real number.
    #[must_use]
    pub fn ratio(
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
        help: &'static str,
    ) -> Self {
        ParameterSpec {
            name,
            default: Value::Ratio(default),
            bounds: Bounds::Ratio(range),
            help,
        }
    }

    /// One of `words`; the first is the default.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn word(name: &'static str, words: &'static [&'static str], help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Word(words[0]),
            bounds: Bounds::Words(words),
            help,
        }
    }

    /// A severity.
    #[must_use]
    pub fn severity(default: Severity) -> Self {
        ParameterSpec {
            name: "severity",
            default: Value::Word(default.token()),
            bounds: Bounds::Words(SEVERITIES),
            help: "severity before classes change it",
        }
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(name: &'static str, default: &[&str], help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Texts(default.iter().map(|&text| text.to_owned()).collect()),
            bounds: Bounds::Texts,
            help,
        }
    }

    /// Lists of phrases; the default is the built-in one.
    #[must_use]
    pub fn phrases(name: &'static str, help: &'static str) -> Self {
        ParameterSpec {
            name,
            default: Value::Phrases(Phrases::builtin()),
            bounds: Bounds::Phrases,
            help,
        }
    }

    /// Reads a written value; a list's items are separated by commas. Files that it names are
    /// looked for from the working directory on.
    ///
    /// # Errors
    /// What was expected, as the end of a sentence about the parameter.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        self.parse_in(text, Path::new(""))
    }

    /// [`ParameterSpec::parse`] with the folder from which files are looked for.
    ///
    /// # Errors
    /// As [`ParameterSpec::parse`].
    pub fn parse_in(&self, text: &str, folder: &Path) -> Result<Value, String> {
        let items = text.split(',').map(str::trim);
        self.read(text.trim(), items.filter(|item| !item.is_empty()), folder)
    }

    /// Reads a value written as a list.
    ///
    /// # Errors
    /// As [`ParameterSpec::parse`].
    pub fn parse_list<'t>(
        &self,
        items: impl Iterator<Item = &'t str>,
        folder: &Path,
    ) -> Result<Value, String> {
        match self.bounds {
            Bounds::Texts | Bounds::Phrases => self.read("", items, folder),
            _ => Err(format!("expected {}, found a list", self.bounds)),
        }
    }

    fn read<'t>(
        &self,
        text: &str,
        items: impl Iterator<Item = &'t str>,
        folder: &Path,
    ) -> Result<Value, String> {
        let expected = || format!("expected {}, found `{text}`", self.bounds);
        match &self.bounds {
            Bounds::Count(range) => {
                let value = text.replace('_', "").parse().map_err(|_| expected())?;
                let inside = range.contains(&value);
                inside.then_some(Value::Count(value)).ok_or_else(expected)
            }
            Bounds::Span(_, Some(word)) if *word == text => Ok(Value::Word(word)),
            Bounds::Span(range, _) => {
                let value = TimeSpan::parse(text).filter(|value| range.contains(value));
                value.map(Value::Span).ok_or_else(expected)
            }
            Bounds::Ratio(range) => {
                let value = text.parse().ok().filter(|value| range.contains(value));
                value.map(Value::Ratio).ok_or_else(expected)
            }
            Bounds::Words(words) => match words.iter().find(|word| **word == text) {
                Some(word) => Ok(Value::Word(word)),
                None => {
                    let end = or_list(text, "words", words.iter().copied());
                    Err(format!("unknown word `{text}`{end}"))
                }
            },
            Bounds::Texts => Ok(Value::Texts(items.map(str::to_owned).collect())),
            Bounds::Phrases => Phrases::load(items, folder).map(Value::Phrases),
        }
    }
}

impl Parameters {
    /// The defaults of the declared parameters.
    #[must_use]
    pub fn new(specs: Vec<ParameterSpec>) -> Self {
        let values = specs.iter().map(|spec| spec.default.clone()).collect();
        Parameters { specs, values }
    }

    /// The declared parameters with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&ParameterSpec, &Value)> {
        self.specs.iter().zip(&self.values)
    }

    /// The declaration of a parameter.
    #[must_use]
    pub fn spec(&self, name: &str) -> Option<&ParameterSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    /// Changes a declared parameter; the value comes from its own [`ParameterSpec::parse`].
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if let Some(index) = self.specs.iter().position(|spec| spec.name == name) {
            self.values[index] = value;
        }
    }

    /// # Panics
    /// If the rule asks for what it did not declare: a test builds every rule.
    fn value(&self, name: &str) -> &Value {
        let index = self.specs.iter().position(|spec| spec.name == name);
        let index = index.unwrap_or_else(|| panic!("rule asks for undeclared `{name}`"));
        &self.values[index]
    }

    /// A whole number.
    ///
    /// # Panics
    /// If the parameter is not declared as one; so do all getters here.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Count(value) => *value,
            other => panic!("`{name}` is no count but {other}"),
        }
    }

    /// A duration.
    ///
    /// # Panics
    /// If the parameter is not declared as one.
    #[must_use]
    pub fn span(&self, name: &str) -> TimeSpan {
        self.optional_span(name)
            .unwrap_or_else(|| panic!("`{name}` has no duration"))
    }

    /// A duration, or `None` where the word stands that leaves it to the rule.
    ///
    /// # Panics
    /// If the parameter is not declared as one.
    #[must_use]
    pub fn optional_span(&self, name: &str) -> Option<TimeSpan> {
        match self.value(name) {
            Value::Span(value) => Some(*value),
            Value::Word(_) => None,
            other => panic!("`{name}` is no duration but {other}"),
        }
    }

    /// A real number.
    ///
    /// # Panics
    /// If the parameter is not declared as one.
    #[must_use]
    pub fn ratio(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Ratio(value) => *value,
            other => panic!("`{name}` is no number but {other}"),
        }
    }

    /// One of the declared words.
    ///
    /// # Panics
    /// If the parameter is not declared as one.
    #[must_use]
    pub fn word(&self, name: &str) -> &'static str {
        match self.value(name) {
            Value::Word(value) => value,
            other => panic!("`{name}` is no word but {other}"),
        }
    }

    /// A list of texts.
    ///
    /// # Panics
    /// If the parameter is not declared as one.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        match self.value(name) {
            Value::Texts(value) => value,
            other => panic!("`{name}` is no list but {other}"),
        }
    }

    /// Lists of phrases.
    ///
    /// # Panics
    /// If the parameter is not declared as such.
    #[must_use]
    pub fn phrases(&self, name: &str) -> &Phrases {
        match self.value(name) {
            Value::Phrases(value) => value,
            other => panic!("`{name}` is no list of phrases but {other}"),
        }
    }

    /// The parameter `severity`.
    ///
    /// # Panics
    /// If it is not declared.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.word("severity") {
            "informational" => Severity::Informational,
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            _ => Severity::Critical,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(value) => write!(f, "{value}"),
            Value::Span(value) => write!(f, "{value}"),
            Value::Ratio(value) => write!(f, "{value}"),
            Value::Word(value) => f.write_str(value),
            Value::Texts(texts) => f.write_str(&texts.join(", ")),
            Value::Phrases(phrases) => write!(f, "{phrases}"),
        }
    }
}

/// As messages say it: `a whole number of 1..9`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bounds::Count(range) => {
                write!(f, "a whole number of {}..{}", range.start(), range.end())
            }
            Bounds::Span(range, word) => {
                write!(
                    f,
                    "a duration like 10m, of {}..{}",
                    range.start(),
                    range.end()
                )?;
                word.map_or(Ok(()), |word| write!(f, ", or `{word}`"))
            }
            Bounds::Ratio(range) => write!(f, "a number of {}..{}", range.start(), range.end()),
            Bounds::Words(words) => write!(f, "one of {}", words.join(", ")),
            Bounds::Texts => f.write_str("texts, separated by commas"),
            Bounds::Phrases => f.write_str("`builtin` or CSV files, separated by commas"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(spec: &ParameterSpec, text: &str, shown: &str) {
        assert_eq!(
            spec.parse(text).map(|value| value.to_string()),
            Ok(shown.into())
        );
    }

    #[track_caller]
    fn refuses(spec: &ParameterSpec, text: &str, message: &str) {
        assert_eq!(spec.parse(text), Err(message.to_owned()));
    }

    #[test]
    fn written_values_are_checked_against_the_declaration() {
        let window = ParameterSpec::span("window", TimeSpan::from_minutes(10), "");
        reads(&window, "20m", "20m");
        refuses(
            &window,
            "0s",
            "expected a duration like 10m, of 1s..3650d, found `0s`",
        );
        let key = ParameterSpec::word("key", &["user", "session"], "");
        reads(&key, "session", "session");
        refuses(
            &key,
            "sesion",
            "unknown word `sesion`; did you mean `session`?",
        );
        let count = ParameterSpec::count("threshold", 3, "");
        reads(&count, " 1_000 ", "1000");
        refuses(
            &count,
            "0",
            "expected a whole number of 1..1000000000, found `0`",
        );
        reads(&ParameterSpec::texts("reasons", &[], ""), "a, b", "a, b");
        reads(
            &ParameterSpec::span_or("late", "delay_cut", ""),
            "delay_cut",
            "delay_cut",
        );
        reads(
            &ParameterSpec::ratio("cv", 0.3, 0.0..=1.0, ""),
            "0.25",
            "0.25",
        );
    }
}
