//! Behaviour of instants and spans: formats, bins, bounds.

use super::*;

#[track_caller]
fn round_trips(text: &str) {
    assert_eq!(EventTime::parse(text).expect("parses").to_string(), text);
}

#[test]
fn iso_times_round_trip_to_the_tick() {
    round_trips("2026-03-02T00:00:00.0000000Z");
    round_trips("0001-01-01T00:00:00.0000000Z");
    round_trips("2024-02-29T23:59:59.9999999Z");
    round_trips("1969-12-31T23:59:59.1234567Z");
}

#[test]
fn the_epoch_is_kustos() {
    assert_eq!(
        EventTime::parse("0001-01-01").map(EventTime::ticks),
        Some(0)
    );
    let unix = EventTime::parse("1970-01-01T00:00:00Z").expect("parses");
    assert_eq!(unix, EventTime::from_unix_seconds(0));
}

#[test]
fn offsets_and_short_fractions_are_read() {
    let utc = EventTime::parse("2026-03-02T10:00:00.5Z");
    assert_eq!(EventTime::parse("2026-03-02T12:00:00.5000000+02:00"), utc);
    assert_eq!(EventTime::parse("2026-03-02T10:00:00.500000099Z"), utc);
}

#[test]
fn impossible_times_are_refused() {
    for text in [
        "",
        "yesterday",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-02T25:00:00Z",
    ] {
        assert_eq!(EventTime::parse(text), None, "{text}");
    }
}

#[test]
fn bins_align_to_the_epoch() {
    let time = EventTime::parse("2026-03-02T10:17:00Z").expect("parses");
    assert_eq!(
        time.bin(TimeSpan::from_hours(1)).to_string(),
        "2026-03-02T10:00:00.0000000Z"
    );
}

#[test]
fn spans_parse_and_print() {
    assert_eq!(TimeSpan::parse("10m"), Some(TimeSpan::from_minutes(10)));
    assert_eq!(TimeSpan::parse("1.5h"), Some(TimeSpan::from_minutes(90)));
    assert_eq!(TimeSpan::parse("10"), None);
    assert_eq!(TimeSpan::from_minutes(90).to_string(), "90m");
    assert_eq!(TimeSpan::ZERO.to_string(), "0s");
}
