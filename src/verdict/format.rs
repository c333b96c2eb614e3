//! Numbers as people read them.

use livefire_scorer::Measure;

/// What stands for an undefined measure; the reason is in `metrics.json`.
const UNDEFINED: &str = "–";

/// `6 min`, `2.3 h`, `∞`.
pub(crate) fn seconds_text(measure: Measure) -> String {
    let Some(seconds) = measure.value() else {
        return UNDEFINED.to_owned();
    };
    if seconds.is_infinite() {
        return "∞".to_owned();
    }
    let (number, unit) = if seconds < 90.0 {
        (seconds, "s")
    } else if seconds < 90.0 * 60.0 {
        (seconds / 60.0, "min")
    } else if seconds < 48.0 * 3600.0 {
        (seconds / 3600.0, "h")
    } else {
        (seconds / 86_400.0, "d")
    };
    format!("{} {unit}", two_digits(number))
}

/// A number with at most one digit behind the point, none from 10 on.
pub(crate) fn two_digits(number: f64) -> String {
    if number >= 9.95 || (number - number.round()).abs() < 0.05 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    }
}

/// A share with two digits behind the point.
pub(crate) fn share(measure: Measure) -> String {
    match measure.value() {
        Some(value) => format!("{value:.2}"),
        None => UNDEFINED.to_owned(),
    }
}

/// A rate with one digit behind the point, two where it is small.
pub(crate) fn rate(measure: Measure) -> String {
    match measure.value() {
        Some(value) if value > 0.0 && value < 0.095 => format!("{value:.2}"),
        Some(value) => format!("{value:.1}"),
        None => UNDEFINED.to_owned(),
    }
}

/// `61,204`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(seconds: f64, expected: &str) {
        assert_eq!(seconds_text(Measure::number(seconds)), expected);
    }

    #[test]
    fn durations_have_one_unit() {
        reads(0.0, "0 s");
        reads(75.0, "75 s");
        reads(372.0, "6.2 min");
        reads(1140.0, "19 min");
        reads(8280.0, "2.3 h");
        reads(400_000.0, "4.6 d");
        reads(f64::INFINITY, "∞");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((grouped(61_204), grouped(7)), ("61,204".into(), "7".into()));
        assert_eq!(
            (two_digits(7.0), two_digits(0.5), two_digits(12.6)),
            ("7".into(), "0.5".into(), "13".into())
        );
        assert_eq!(rate(Measure::number(0.036)), "0.04");
        assert_eq!(
            share(Measure::undefined(livefire_scorer::Undefined::NoCampaigns)),
            "–"
        );
    }
}
