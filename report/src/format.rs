//! Numbers and times as people read them.

use livefire_schema::time::EventTime;
use livefire_scorer::Measure;
use livefire_scorer::uncertainty::intervals::Interval;

/// What stands for an undefined measure; its reason stands beside it or among the limits.
pub(crate) const UNDEFINED: &str = "–";

/// `6 min`, `2.3 h`, `∞`.
pub(crate) fn seconds(measure: Measure) -> String {
    match measure.value() {
        None => UNDEFINED.to_owned(),
        Some(seconds) if seconds.is_infinite() => "∞".to_owned(),
        Some(seconds) => span(seconds),
    }
}

/// A finite number of seconds in one unit.
pub(crate) fn span(seconds: f64) -> String {
    let (number, unit) = if seconds < 90.0 {
        (seconds, "s")
    } else if seconds < 90.0 * 60.0 {
        (seconds / 60.0, "min")
    } else if seconds < 48.0 * 3600.0 {
        (seconds / 3600.0, "h")
    } else {
        (seconds / 86_400.0, "d")
    };
    format!("{} {unit}", short(number))
}

/// A number with at most one digit behind the point, none from 10 on.
pub(crate) fn short(number: f64) -> String {
    if number >= 9.95 || (number - number.round()).abs() < 0.05 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    }
}

/// A share with two digits behind the point.
pub(crate) fn share(measure: Measure) -> String {
    measure
        .value()
        .map_or_else(|| UNDEFINED.to_owned(), |value| format!("{value:.2}"))
}

/// A rate with one digit behind the point, two where it is small.
pub(crate) fn rate(measure: Measure) -> String {
    match measure.value() {
        Some(value) if value.is_infinite() => "∞".to_owned(),
        Some(value) if value > 0.0 && value < 0.095 => format!("{value:.2}"),
        Some(value) => format!("{value:.1}"),
        None => UNDEFINED.to_owned(),
    }
}

/// `0.15–0.38`, nothing where undefined.
pub(crate) fn interval(interval: Interval) -> Option<String> {
    let (low, high) = (interval.low.value()?, interval.high.value()?);
    Some(format!("{low:.2}–{high:.2}"))
}

/// `5.10 %`.
pub(crate) fn percent(measure: Measure) -> String {
    measure.value().map_or_else(
        || UNDEFINED.to_owned(),
        |value| format!("{:.2} %", value * 100.0),
    )
}

/// `part` of `whole` as a percentage; nothing of nothing is undefined.
pub(crate) fn percent_of(part: u64, whole: u64) -> String {
    if whole == 0 {
        UNDEFINED.to_owned()
    } else {
        format!("{:.1} %", part as f64 / whole as f64 * 100.0)
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

/// A number of things: `1 alert`, `3 alerts`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number as u64))
}

/// `2026-03-09 10:12`, UTC.
pub(crate) fn minute(time: EventTime) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// `2026-03-09`, UTC.
pub(crate) fn day(time: EventTime) -> String {
    let text = time.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// A text of at most `most` characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A technical name as words: `prompt_injection` → `prompt injection`.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A span as logs and alerts write it, `128.7347238s`, with one unit; nothing for other texts.
pub(crate) fn written_span(text: &str) -> Option<String> {
    let number = text.strip_suffix('s')?;
    let is_number = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_number)?;
    Some(seconds(Measure::number(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(given: f64, expected: &str) {
        assert_eq!(seconds(Measure::number(given)), expected);
    }

    #[test]
    fn durations_have_one_unit() {
        reads(0.0, "0 s");
        reads(372.0, "6.2 min");
        reads(8280.0, "2.3 h");
        reads(400_000.0, "4.6 d");
        reads(f64::INFINITY, "∞");
    }

    #[test]
    fn spans_of_alerts_are_durations_too() {
        assert_eq!(written_span("128.7347238s").as_deref(), Some("2.1 min"));
        assert_eq!(written_span("2s").as_deref(), Some("2 s"));
        for other in ["s", "infs", "1e3s", "miss", "12"] {
            assert_eq!(written_span(other), None, "{other}");
        }
    }

    #[test]
    fn times_are_told_to_the_minute() {
        let time = EventTime::parse("2026-03-09T10:12:34.5Z").expect("is a time");
        assert_eq!(minute(time), "2026-03-09 10:12");
        assert_eq!(day(time), "2026-03-09");
    }

    #[test]
    fn long_texts_end_at_a_character() {
        assert_eq!(shortened("äöüß", 2), "äö…");
        assert_eq!(shortened("äöüß", 4), "äöüß");
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(counted(1, "alert"), "1 alert");
        assert_eq!(counted(1234, "alert"), "1,234 alerts");
    }
}
