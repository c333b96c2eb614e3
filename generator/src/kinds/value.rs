//! Values of the attack format: constants, ranges, choices, distributions and `$knobs`.
//!
//! A [`Value`] is read without knowing its place; the checks of the place ([`Kind`]) follow once
//! the knobs are known. [`Value::resolve`] replaces knobs by what a campaign drew, after which
//! [`Value::number`], [`Value::span`] and [`Value::word`] draw at a [`Key`](crate::random::Key) without any state.

mod draw;
mod read;

use std::sync::Arc;

use livefire_schema::spec::{Faults, Span};
use livefire_schema::time::TimeSpan;
use rustc_hash::FxHashMap;

pub use draw::weights;

/// A time-of-day window in minutes after midnight; an end before its start passes midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayWindow {
    /// First minute inside.
    pub from: u16,
    /// First minute after.
    pub to: u16,
}

/// One written value.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// A duration.
    Span(TimeSpan),
    /// `true` or `false`.
    Flag(bool),
    /// A time of day `01:00..05:00`.
    Window(DayWindow),
    /// A word.
    Word(Arc<str>),
}

/// Weight of one choice.
#[derive(Clone, PartialEq, Debug)]
pub enum Weight {
    /// A number or a knob.
    Fixed(Value),
    /// Linear from the first to the last event of the run.
    Ramp(f64, f64),
    /// What the others leave.
    Rest,
}

/// What was written in the place of a value.
#[derive(Clone, PartialEq, Debug)]
pub enum Form {
    /// Always this.
    Constant(Literal),
    /// Uniform between two literals, both ends included for whole numbers.
    Uniform(Literal, Literal),
    /// One of several.
    Choice(Vec<(Literal, Weight)>),
    /// `$name`.
    Knob(Arc<str>),
    /// Log-normal, cut at a hard maximum.
    Lognormal {
        /// Median.
        median: Box<Value>,
        /// Sigma of the logarithm.
        sigma: Box<Value>,
        /// Maximum; 20 × median if absent.
        cut: Option<Box<Value>>,
    },
    /// Gamma with this mean and coefficient of variation.
    Gamma {
        /// Mean.
        mean: Box<Value>,
        /// Coefficient of variation.
        cv: Box<Value>,
        /// Maximum; 20 × mean if absent.
        cut: Option<Box<Value>>,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: Box<Value>,
        /// Maximum; 20 × mean if absent.
        cut: Option<Box<Value>>,
    },
}

/// A value with its place in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// What was written.
    pub form: Form,
    /// Where.
    pub span: Span,
}

/// What a place takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// 0 to 1.
    Share,
    /// A duration.
    Duration,
    /// `true` or `false`.
    Flag,
    /// A time-of-day window.
    Window,
    /// A word.
    Word,
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Kind::Integer => "a whole number like 12, a range 2..5, a distribution or a $knob",
            Kind::Number => "a number like 0.5, a range, a distribution or a $knob",
            Kind::Share => "a share of 0 to 1, a range or a $knob",
            Kind::Duration => {
                "a duration like 30s or 2h (units ms s m h d), a range, a distribution or a $knob"
            }
            Kind::Flag => "true or false",
            Kind::Window => "a time of day like 01:00..05:00",
            Kind::Word => "a word",
        }
    }

    /// How a message calls the type of a knob.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Integer => "whole number",
            Kind::Number => "number",
            Kind::Share => "share",
            Kind::Duration => "duration",
            Kind::Flag => "flag",
            Kind::Window => "time of day",
            Kind::Word => "choice",
        }
    }

    /// Whether a literal fits the place. Integers are numbers too.
    #[must_use]
    pub fn takes(self, literal: &Literal) -> bool {
        match (self, literal) {
            (Kind::Integer, Literal::Integer(_))
            | (Kind::Number, Literal::Integer(_) | Literal::Number(_))
            | (Kind::Duration, Literal::Span(_))
            | (Kind::Flag, Literal::Flag(_))
            | (Kind::Window, Literal::Window(_))
            | (Kind::Word, Literal::Word(_) | Literal::Flag(_) | Literal::Integer(_)) => true,
            (Kind::Share, Literal::Integer(_) | Literal::Number(_)) => literal
                .as_number()
                .is_some_and(|share| (0.0..=1.0).contains(&share)),
            _ => false,
        }
    }
}

impl Literal {
    /// Reads an unquoted scalar; anything unknown is a word.
    #[must_use]
    pub fn read(text: &str, quoted: bool) -> Self {
        if quoted {
            return Literal::Word(Arc::from(text));
        }
        if let Ok(integer) = text.replace('_', "").parse::<i64>() {
            return Literal::Integer(integer);
        }
        if let Ok(number) = text.parse::<f64>()
            && number.is_finite()
        {
            return Literal::Number(number);
        }
        match text {
            "true" => Literal::Flag(true),
            "false" => Literal::Flag(false),
            _ => {
                TimeSpan::parse(text).map_or_else(|| Literal::Word(Arc::from(text)), Literal::Span)
            }
        }
    }

    /// A number, or seconds of a duration.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "written integers are small")]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Literal::Integer(value) => Some(*value as f64),
            Literal::Number(value) => Some(*value),
            Literal::Span(value) => Some(value.seconds_f64()),
            _ => None,
        }
    }

    /// As a file would show it.
    #[must_use]
    pub fn show(&self) -> String {
        match self {
            Literal::Integer(value) => value.to_string(),
            Literal::Number(value) => value.to_string(),
            Literal::Span(value) => value.to_string(),
            Literal::Flag(value) => value.to_string(),
            Literal::Word(value) => value.to_string(),
            Literal::Window(DayWindow { from, to }) => format!(
                "{:02}:{:02}..{:02}:{:02}",
                from / 60,
                from % 60,
                to / 60,
                to % 60
            ),
        }
    }
}

impl Value {
    /// A constant without a place, for defaults.
    #[must_use]
    pub fn constant(literal: Literal) -> Self {
        Value {
            form: Form::Constant(literal),
            span: Span::HEAD,
        }
    }

    /// Every literal that may come out, without those behind knobs.
    #[must_use]
    pub fn literals(&self) -> Vec<&Literal> {
        match &self.form {
            Form::Constant(literal) => vec![literal],
            Form::Uniform(low, high) => vec![low, high],
            Form::Choice(choices) => choices.iter().map(|(literal, _)| literal).collect(),
            _ => Vec::new(),
        }
    }

    /// The values inside: weights and parameters.
    #[must_use]
    pub fn parts(&self) -> Vec<&Value> {
        match &self.form {
            Form::Constant(_) | Form::Uniform(..) | Form::Knob(_) => Vec::new(),
            Form::Choice(choices) => choices
                .iter()
                .filter_map(|(_, weight)| match weight {
                    Weight::Fixed(value) => Some(value),
                    _ => None,
                })
                .collect(),
            Form::Lognormal { median, sigma, cut } => {
                let mut parts = vec![median.as_ref(), sigma.as_ref()];
                parts.extend(cut.as_deref());
                parts
            }
            Form::Gamma { mean, cv, cut } => {
                let mut parts = vec![mean.as_ref(), cv.as_ref()];
                parts.extend(cut.as_deref());
                parts
            }
            Form::Exponential { mean, cut } => {
                let mut parts = vec![mean.as_ref()];
                parts.extend(cut.as_deref());
                parts
            }
        }
    }

    fn parts_mut(&mut self) -> Vec<&mut Value> {
        match &mut self.form {
            Form::Constant(_) | Form::Uniform(..) | Form::Knob(_) => Vec::new(),
            Form::Choice(choices) => choices
                .iter_mut()
                .filter_map(|(_, weight)| match weight {
                    Weight::Fixed(value) => Some(value),
                    _ => None,
                })
                .collect(),
            Form::Lognormal { median, sigma, cut } => {
                let mut parts = vec![median.as_mut(), sigma.as_mut()];
                parts.extend(cut.as_deref_mut());
                parts
            }
            Form::Gamma { mean, cv, cut } => {
                let mut parts = vec![mean.as_mut(), cv.as_mut()];
                parts.extend(cut.as_deref_mut());
                parts
            }
            Form::Exponential { mean, cut } => {
                let mut parts = vec![mean.as_mut()];
                parts.extend(cut.as_deref_mut());
                parts
            }
        }
    }

    /// Names every knob in it, with its place.
    pub fn knobs<'a>(&'a self, found: &mut Vec<(&'a Arc<str>, Span)>) {
        if let Form::Knob(name) = &self.form {
            found.push((name, self.span));
        }
        for part in self.parts() {
            part.knobs(found);
        }
    }

    /// Gives every knob in it another name.
    pub fn rename_knobs(&mut self, rename: &dyn Fn(&str) -> Arc<str>) {
        if let Form::Knob(name) = &mut self.form {
            *name = rename(name);
        }
        for part in self.parts_mut() {
            part.rename_knobs(rename);
        }
    }

    /// With every knob replaced by the drawn literal.
    ///
    /// # Panics
    /// If a knob is missing from `knobs`: a checked kind names all of its knobs.
    #[must_use]
    pub fn resolve(&self, knobs: &FxHashMap<Arc<str>, Literal>) -> Value {
        let mut resolved = self.clone();
        resolved.resolve_in_place(knobs);
        resolved
    }

    fn resolve_in_place(&mut self, knobs: &FxHashMap<Arc<str>, Literal>) {
        if let Form::Knob(name) = &self.form {
            let drawn = knobs.get(name).expect("a checked kind declares its knobs");
            self.form = Form::Constant(drawn.clone());
        }
        for part in self.parts_mut() {
            part.resolve_in_place(knobs);
        }
    }

    /// The constant word, if it is one.
    #[must_use]
    pub fn constant_word(&self) -> Option<&Arc<str>> {
        match &self.form {
            Form::Constant(Literal::Word(word)) => Some(word),
            _ => None,
        }
    }
}

/// Notes that a value does not fit its place.
pub(crate) fn misfit(value: &Value, kind: Kind, found: &str, faults: &Faults) {
    let message = format!("expected {}, found {found}", kind.expected());
    faults.error("LF-Y005", value.span, message);
}
