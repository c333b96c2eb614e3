//! What a value's place takes: a type, and the numbers that make sense there.
//!
//! Values in files and values that a scenario sets go through the same check, so both are held to
//! the same rules and told of in the same words.

use livefire_schema::spec::Faults;
use livefire_schema::time::TimeSpan;

use super::model::Name;
use super::plan::MOST_EVENTS;
use super::value::{Form, Kind, Value, Weight, misfit};

/// Most of anything that a file or scenario can count: events of a run, members of a pool.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) const MOST: f64 = MOST_EVENTS as f64;
/// Longest log, and so the longest span that makes sense, in seconds.
const LONGEST: f64 = 800.0 * 86_400.0;

/// What a place takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Place {
    /// The type.
    pub(crate) kind: Kind,
    /// Least number, both ends included; durations in seconds.
    pub(crate) low: f64,
    /// Greatest number.
    pub(crate) high: f64,
}

/// What to do with a `$knob` in some place.
type SeeKnob<'a> = dyn FnMut(&Name, Place) + 'a;

impl Place {
    /// A place with bounds.
    pub(crate) const fn new(kind: Kind, low: f64, high: f64) -> Self {
        Place { kind, low, high }
    }

    /// A place without bounds of its own: words, flags, windows, shares.
    pub(crate) const fn of(kind: Kind) -> Self {
        Place::new(kind, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// A number of things.
    pub(crate) const fn count(low: f64) -> Self {
        Place::new(Kind::Integer, low, MOST)
    }

    /// A duration that is not negative.
    pub(crate) const fn span() -> Self {
        Place::new(Kind::Duration, 0.0, LONGEST)
    }

    /// A duration that may go back in time.
    pub(crate) const fn shift() -> Self {
        Place::new(Kind::Duration, -LONGEST, LONGEST)
    }

    /// A number from 0 to a greatest one.
    pub(crate) const fn number(high: f64) -> Self {
        Place::new(Kind::Number, 0.0, high)
    }

    /// Whether a number lies inside.
    pub(crate) fn holds(self, number: f64) -> bool {
        (self.low..=self.high).contains(&number)
    }

    /// What the mean or median of a distribution in this place may be; means of counts need not be
    /// whole.
    fn center(self) -> Self {
        let kind = match self.kind {
            Kind::Integer => Kind::Number,
            kind => kind,
        };
        Place::new(kind, self.low.min(0.0), self.high)
    }
}

/// `0..2000000`, `0s..800d`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Duration if self.high.is_finite() => {
                let [low, high] = [self.low, self.high].map(TimeSpan::from_seconds_f64);
                write!(f, "{low}..{high}")
            }
            _ if self.high.is_infinite() => write!(f, "{}..", self.low),
            _ => write!(f, "{}..{}", self.low, self.high),
        }
    }
}

/// The message about a number outside its bounds; one wording wherever it is found.
pub(crate) fn outside(lead: &str, shown: &str, bounds: impl std::fmt::Display) -> String {
    format!("{lead}{shown} is outside {bounds}")
}

/// The message about a range `a..b` whose end lies before its start.
pub(crate) fn reversed(value: &Value) -> Option<String> {
    let Form::Uniform(low, high) = &value.form else {
        return None;
    };
    (low.as_number() > high.as_number()).then(|| {
        let (low, high) = (low.show(), high.show());
        format!("the range {low}..{high} ends before it starts; swap its ends")
    })
}

/// Checks a value against its place; whether nothing was wrong. `lead` begins messages about
/// bounds (`default `), `see` gets every knob that it names.
pub(crate) fn check(
    value: &Value,
    place: Place,
    lead: &str,
    faults: &Faults,
    see: &mut SeeKnob<'_>,
) -> bool {
    let before = faults.len();
    for literal in value.literals() {
        let shown = literal.show();
        if !place.kind.takes(literal) {
            misfit(value, place.kind, &format!("`{shown}`"), faults);
        } else if literal
            .as_number()
            .is_some_and(|number| !place.holds(number))
        {
            faults.error("LF-Y006", value.span, outside(lead, &shown, place));
        }
    }
    if let Some(message) = reversed(value) {
        faults.error("LF-Y006", value.span, message);
    }
    match &value.form {
        Form::Constant(_) | Form::Uniform(..) => {}
        Form::Knob(name) => see(&Name::new(name.clone(), value.span), place),
        Form::Choice(choices) => {
            for (_, weight) in choices {
                if let Weight::Fixed(weight) = weight {
                    check(weight, Place::of(Kind::Share), "", faults, see);
                }
            }
        }
        Form::Lognormal { .. } | Form::Gamma { .. } | Form::Exponential { .. } => {
            distribution(value, place, faults, see);
        }
    }
    faults.len() == before
}

fn distribution(value: &Value, place: Place, faults: &Faults, see: &mut SeeKnob<'_>) {
    if !matches!(place.kind, Kind::Integer | Kind::Number | Kind::Duration) {
        misfit(value, place.kind, "a distribution", faults);
        return;
    }
    let (center, shape, cut) = match &value.form {
        Form::Lognormal { median, sigma, cut } => (median, Some(sigma), cut),
        Form::Gamma { mean, cv, cut } => (mean, Some(cv), cut),
        Form::Exponential { mean, cut } => (mean, None, cut),
        _ => return,
    };
    check(center, place.center(), "", faults, see);
    if let Some(shape) = shape {
        check(shape, Place::number(10.0), "", faults, see);
    }
    if let Some(cut) = cut {
        check(cut, place.center(), "", faults, see);
    }
}
