//! The one type of every result: a finite number, `+inf`, or undefined with a reason.
//!
//! `0/0` is undefined, never 0, 1 or NaN; an aggregate over an undefined part is undefined. The
//! inner number cannot be reached except through constructors that refuse NaN. EVALUATION.md §0.

use std::cmp::Ordering;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a measure has no value; the codes are fixed, reports and gates match on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Undefined {
    /// No campaign is in the denominator.
    NoCampaigns,
    /// Neither a detection nor a false incident.
    NothingReported,
    /// No observable attack event.
    NoEvents,
    /// No alert.
    NoAlerts,
    /// No campaign was detected.
    NoDetections,
    /// No trial.
    NoTrials,
    /// No time or volume was observed.
    NoExposure,
    /// A single seed says nothing about the spread between seeds.
    OneSeed,
    /// Neither campaigns nor false incidents are expected at the site.
    NoBaseRate,
    /// No mutant, or only equivalent ones.
    NoMutants,
    /// One of the two classes is empty.
    OneClass,
    /// The log ends before τ and some campaigns are still undetected there.
    FollowUpShorterThanTau,
    /// The quantile lies past what the log could show.
    NotReachedWithinFollowUp,
}

impl Undefined {
    /// The fixed code, as JSON carries it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Undefined::NoCampaigns => "no_campaigns",
            Undefined::NothingReported => "nothing_reported",
            Undefined::NoEvents => "no_events",
            Undefined::NoAlerts => "no_alerts",
            Undefined::NoDetections => "no_detections",
            Undefined::NoTrials => "no_trials",
            Undefined::NoExposure => "no_exposure",
            Undefined::OneSeed => "one_seed",
            Undefined::NoBaseRate => "no_base_rate",
            Undefined::NoMutants => "no_mutants",
            Undefined::OneClass => "one_class",
            Undefined::FollowUpShorterThanTau => "follow_up_shorter_than_tau",
            Undefined::NotReachedWithinFollowUp => "not_reached_within_follow_up",
        }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A result: finite number, `+inf`, or undefined. JSON: number, `"inf"`, `{"undefined": code}`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measure(Inner);

#[derive(Clone, Copy, PartialEq, Debug)]
enum Inner {
    /// Never NaN and never an infinity.
    Finite(f64),
    Infinite,
    Undefined(Undefined),
}

impl Measure {
    /// `+inf`: above every number, equal to itself.
    pub const INFINITE: Measure = Measure(Inner::Infinite);
    /// Zero.
    pub const ZERO: Measure = Measure(Inner::Finite(0.0));

    /// A number or `+inf`.
    ///
    /// # Panics
    /// On NaN and `-inf`, which no definition yields.
    #[must_use]
    #[track_caller]
    pub fn number(value: f64) -> Self {
        assert!(
            !value.is_nan() && value != f64::NEG_INFINITY,
            "no definition yields {value}"
        );
        if value == f64::INFINITY {
            Self::INFINITE
        } else {
            // −0.0 + 0.0 is 0.0: a report never shows a negative zero
            Measure(Inner::Finite(value + 0.0))
        }
    }

    /// A count.
    #[must_use]
    pub fn count(value: u64) -> Self {
        Measure(Inner::Finite(value as f64))
    }

    /// No value, because of `reason`.
    #[must_use]
    pub const fn undefined(reason: Undefined) -> Self {
        Measure(Inner::Undefined(reason))
    }

    /// `numerator / denominator`; undefined with `reason` where the denominator is 0.
    #[must_use]
    pub fn ratio(numerator: u64, denominator: u64, reason: Undefined) -> Self {
        if denominator == 0 {
            Self::undefined(reason)
        } else {
            Self::number(numerator as f64 / denominator as f64)
        }
    }

    /// The arithmetic mean; `+inf` if a part is, undefined if a part is or (with `reason`) none is given.
    #[must_use]
    pub fn mean(parts: impl IntoIterator<Item = Measure>, reason: Undefined) -> Self {
        let (mut sum, mut parts_seen) = (0.0, 0u64);
        for part in parts {
            match part.0 {
                Inner::Undefined(why) => return Self::undefined(why),
                _ => sum += part.value().unwrap_or(f64::INFINITY),
            }
            parts_seen += 1;
        }
        if parts_seen == 0 {
            Self::undefined(reason)
        } else {
            Self::number(sum / parts_seen as f64)
        }
    }

    /// The value, `f64::INFINITY` for `+inf`, nothing where undefined.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        match self.0 {
            Inner::Finite(value) => Some(value),
            Inner::Infinite => Some(f64::INFINITY),
            Inner::Undefined(_) => None,
        }
    }

    /// The value if it is finite.
    #[must_use]
    pub fn finite(self) -> Option<f64> {
        self.value().filter(|value| value.is_finite())
    }

    /// Why it is undefined, if it is.
    #[must_use]
    pub fn reason(self) -> Option<Undefined> {
        match self.0 {
            Inner::Undefined(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether it is `+inf`.
    #[must_use]
    pub fn is_infinite(self) -> bool {
        self.0 == Inner::Infinite
    }

    /// Applies `function` to a defined value; undefined stays undefined.
    ///
    /// # Panics
    /// If `function` yields NaN or `-inf`.
    #[must_use]
    #[track_caller]
    pub fn map(self, function: impl FnOnce(f64) -> f64) -> Self {
        match self.value() {
            Some(value) => Self::number(function(value)),
            None => self,
        }
    }

    /// Whether the value is at most `limit`; nothing where undefined.
    #[must_use]
    pub fn at_most(self, limit: f64) -> Option<bool> {
        self.value().map(|value| value <= limit)
    }
}

/// Numbers below `+inf`; undefined compares with nothing but itself under the same reason.
impl PartialOrd for Measure {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.value(), other.value()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => (self == other).then_some(Ordering::Equal),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Inner::Finite(value) => fmt::Display::fmt(&value, f),
            Inner::Infinite => f.pad("∞"),
            Inner::Undefined(reason) => f.pad(reason.code()),
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match self.0 {
            Inner::Finite(value) => serializer.serialize_f64(value),
            Inner::Infinite => serializer.serialize_str("inf"),
            Inner::Undefined(reason) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("undefined", &reason)?;
                map.end()
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
    Undefined { undefined: Undefined },
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(value) if value.is_finite() => Ok(Self::number(value)),
            Written::Text(text) if text == "inf" => Ok(Self::INFINITE),
            Written::Undefined { undefined } => Ok(Self::undefined(undefined)),
            Written::Number(_) | Written::Text(_) => Err(D::Error::custom(
                "expected a number, \"inf\" or {\"undefined\": reason}",
            )),
        }
    }
}

/// Nearest-rank index: `rank = (percent · n + 99) div 100`, 1-based, at least 1.
#[must_use]
pub fn nearest_rank(percent: usize, n: usize) -> usize {
    (percent * n).div_ceil(100).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trips(measure: Measure, json: &str) {
        assert_eq!(serde_json::to_string(&measure).expect("writes"), json);
        let read: Measure = serde_json::from_str(json).expect("reads");
        assert_eq!(read, measure);
    }

    #[test]
    fn json_keeps_infinity_and_reasons() {
        round_trips(Measure::number(0.25), "0.25");
        round_trips(Measure::INFINITE, "\"inf\"");
        round_trips(
            Measure::undefined(Undefined::FollowUpShorterThanTau),
            "{\"undefined\":\"follow_up_shorter_than_tau\"}",
        );
    }

    #[test]
    fn codes_are_those_that_json_carries() {
        let json = serde_json::to_value(Undefined::NotReachedWithinFollowUp).expect("writes");
        assert_eq!(json, Undefined::NotReachedWithinFollowUp.code());
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(serde_json::from_str::<Measure>("\"nan\"").is_err());
        assert!(serde_json::from_str::<Measure>("{\"undefined\":\"why\"}").is_err());
    }

    #[test]
    fn infinity_is_above_numbers_and_undefined_beside_them() {
        assert!(Measure::INFINITE > Measure::number(1e300));
        let undefined = Measure::undefined(Undefined::NoAlerts);
        assert_eq!(undefined.partial_cmp(&Measure::ZERO), None);
        assert_eq!(
            Measure::mean([Measure::ZERO, Measure::INFINITE], Undefined::NoAlerts),
            Measure::INFINITE
        );
        assert_eq!(
            Measure::mean([Measure::INFINITE, undefined], Undefined::NoCampaigns),
            undefined
        );
    }

    #[test]
    #[should_panic(expected = "no definition yields NaN")]
    fn nan_is_refused() {
        let _ = Measure::number(f64::NAN);
    }
}
