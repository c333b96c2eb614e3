//! Local time without a calendar library per event: one small table of offsets per time zone.
//!
//! `jiff` gives the transitions of a zone once, over the span that a log can touch; afterwards a
//! conversion is a search in a handful of entries. Days are counted from 1970-01-01, local.

use jiff::tz::TimeZone;
use livefire_schema::time::{EventTime, TICKS_PER_SECOND, TimeSpan};

/// Seconds in a day of 24 hours.
pub const DAY_SECONDS: i64 = 86_400;

/// A local civil time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalTime {
    /// Days since 1970-01-01 in local time.
    pub day: i64,
    /// Seconds since local midnight, 0–86,399.
    pub second: u32,
}

impl LocalTime {
    /// Day of the week, 0 = Monday.
    #[must_use]
    pub fn weekday(self) -> u32 {
        weekday(self.day)
    }

    /// Hour of the day, 0–23.
    #[must_use]
    pub fn hour(self) -> u32 {
        self.second / 3600
    }
}

/// Day of the week of a day counted from 1970-01-01 (a Thursday); 0 = Monday.
#[must_use]
pub fn weekday(day: i64) -> u32 {
    u32::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// Offsets of one time zone over a span of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneClock {
    /// Instants (Unix seconds) from which an offset applies, ascending; the first is the minimum.
    changes: Vec<(i64, i64)>,
}

impl ZoneClock {
    /// The clock of an IANA zone over `[from, to]`; an unknown name gives UTC.
    #[must_use]
    pub fn new(time_zone: &str, from: EventTime, to: EventTime) -> Self {
        let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        let first = zone.to_offset(from.to_jiff()).seconds();
        let mut changes = vec![(i64::MIN, i64::from(first))];
        for transition in zone.following(from.to_jiff()) {
            if transition.timestamp() > to.to_jiff() {
                break;
            }
            changes.push((
                transition.timestamp().as_second(),
                i64::from(transition.offset().seconds()),
            ));
        }
        ZoneClock { changes }
    }

    fn offset(&self, unix: i64) -> i64 {
        let after = self.changes.partition_point(|(from, _)| *from <= unix);
        self.changes[after - 1].1
    }

    /// Local time of an instant, rounded down to the second.
    #[must_use]
    pub fn local(&self, at: EventTime) -> LocalTime {
        let unix = at.unix_seconds();
        let local = unix + self.offset(unix);
        LocalTime {
            day: local.div_euclid(DAY_SECONDS),
            second: u32::try_from(local.rem_euclid(DAY_SECONDS)).unwrap_or(0),
        }
    }

    /// The instant of a local day and a number of seconds since its midnight, which may exceed a
    /// day. A time that daylight saving skips is moved on by the gap, of a repeated one the first
    /// instant is taken.
    #[must_use]
    pub fn instant(&self, day: i64, seconds: f64) -> EventTime {
        let ticks = TimeSpan::from_seconds_f64(seconds).ticks();
        let whole = ticks.div_euclid(TICKS_PER_SECOND);
        let rest = TimeSpan::from_ticks(ticks.rem_euclid(TICKS_PER_SECOND));
        let local = day * DAY_SECONDS + whole;
        let before = self.offset(local - DAY_SECONDS);
        let after = self.offset(local + DAY_SECONDS);
        // Of a skipped time neither candidate is valid; the old offset moves it past the gap.
        let valid = |offset: &i64| self.offset(local - offset) == *offset;
        let offset = [before, after].into_iter().find(valid).unwrap_or(before);
        let unix = local - offset;
        EventTime::from_unix_seconds(unix) + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> ZoneClock {
        let at = |text| EventTime::parse(text).expect("is a time");
        ZoneClock::new("Europe/Berlin", at("2026-01-01"), at("2026-12-31"))
    }

    #[track_caller]
    fn has_local(clock: &ZoneClock, instant: &str, expected: &str) {
        let local = clock.local(EventTime::parse(instant).expect("is a time"));
        let day = EventTime::from_unix_seconds(local.day * DAY_SECONDS);
        let (hour, minute) = (local.hour(), local.second / 60 % 60);
        let text = format!("{} {hour:02}:{minute:02}", &day.to_string()[..10]);
        assert_eq!(text, expected);
    }

    #[track_caller]
    fn round_trips(clock: &ZoneClock, instant: &str) {
        let at = EventTime::parse(instant).expect("is a time");
        let local = clock.local(at);
        assert_eq!(clock.instant(local.day, f64::from(local.second)), at);
    }

    #[test]
    fn daylight_saving_moves_local_time() {
        has_local(&berlin(), "2026-03-29T00:59:00Z", "2026-03-29 01:59");
        has_local(&berlin(), "2026-03-29T01:00:00Z", "2026-03-29 03:00");
        has_local(&berlin(), "2026-10-25T00:59:00Z", "2026-10-25 02:59");
        has_local(&berlin(), "2026-10-25T01:00:00Z", "2026-10-25 02:00");
    }

    #[test]
    fn instants_round_trip_around_changes() {
        for text in [
            "2026-03-28T23:30:00Z",
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-07-01T12:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:30:00Z",
        ] {
            round_trips(&berlin(), text);
        }
    }

    #[test]
    fn skipped_and_repeated_times_resolve() {
        let day = berlin()
            .local(EventTime::parse("2026-03-29T12:00:00Z").expect("is a time"))
            .day;
        let skipped = berlin().instant(day, 2.5 * 3600.0);
        assert_eq!(skipped.to_string(), "2026-03-29T01:30:00.0000000Z");
        let day = berlin()
            .local(EventTime::parse("2026-10-25T12:00:00Z").expect("is a time"))
            .day;
        let repeated = berlin().instant(day, 2.5 * 3600.0);
        assert_eq!(repeated.to_string(), "2026-10-25T00:30:00.0000000Z");
    }

    #[test]
    fn days_of_the_week_start_on_monday() {
        assert_eq!(weekday(0), 3);
        assert_eq!(weekday(4), 0);
        assert_eq!(weekday(-1), 2);
    }
}
