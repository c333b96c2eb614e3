//! Instants and durations in ticks of 100 ns, as Kusto's `datetime` and `timespan` count them.
//!
//! The epoch is 0001-01-01T00:00:00Z, so that `bin()` of a time is plain integer arithmetic.
//! Calendars and time zones are left to `jiff`.

use std::fmt;

/// Ticks in one second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// An instant in UTC: ticks of 100 ns since 0001-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventTime(i64);

/// A signed duration in ticks of 100 ns (Kusto's `timespan`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeSpan(i64);

/// A half-open range of instants `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct TimeRange {
    /// First instant inside.
    pub start: EventTime,
    /// First instant after.
    pub end: EventTime,
}

impl TimeRange {
    /// Whether `time` lies in `[start, end)`.
    #[must_use]
    pub fn contains(&self, time: EventTime) -> bool {
        self.start <= time && time < self.end
    }

    /// `end − start`.
    #[must_use]
    pub fn span(&self) -> TimeSpan {
        self.end - self.start
    }
}

impl EventTime {
    /// The earliest instant that arithmetic may produce.
    pub const MIN: EventTime = EventTime(i64::MIN);
    /// The latest instant that arithmetic may produce.
    pub const MAX: EventTime = EventTime(i64::MAX);

    /// From ticks of 100 ns since 0001-01-01.
    #[must_use]
    pub const fn from_ticks(ticks: i64) -> Self {
        EventTime(ticks)
    }

    /// Ticks of 100 ns since 0001-01-01.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From whole seconds since 1970-01-01.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        EventTime(UNIX_EPOCH_TICKS + seconds * TICKS_PER_SECOND)
    }

    /// Whole seconds since 1970-01-01, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        (self.0 - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND)
    }

    /// As a `jiff` timestamp, exact to 100 ns; clamped to what `jiff` can hold.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        let nanos = i128::from(self.0 - UNIX_EPOCH_TICKS) * 100;
        jiff::Timestamp::from_nanosecond(nanos).unwrap_or(if nanos < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// From a `jiff` timestamp, rounded down to 100 ns.
    #[must_use]
    pub fn from_jiff(timestamp: jiff::Timestamp) -> Self {
        let ticks = timestamp.as_nanosecond().div_euclid(100) + i128::from(UNIX_EPOCH_TICKS);
        EventTime(i64::try_from(ticks).unwrap_or(i64::MAX))
    }

    /// Kusto's `bin(time, width)`: the start of the tumbling bin, aligned to 0001-01-01.
    ///
    /// # Panics
    /// If `width` is not positive.
    #[must_use]
    pub fn bin(self, width: TimeSpan) -> Self {
        assert!(width.0 > 0, "a bin needs a positive width");
        EventTime(self.0.saturating_sub(self.0.rem_euclid(width.0)))
    }

    /// Parses ISO 8601 with an offset or `Z` and up to nine fractional digits (digits past the
    /// seventh are dropped); also a bare `YYYY-MM-DD`, and a date-time without offset, as UTC.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(time) = parse_canonical(text.as_bytes()) {
            return Some(time);
        }
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Some(Self::from_jiff(timestamp));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let timestamp = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Self::from_jiff(timestamp))
    }

    /// Appends `YYYY-MM-DDTHH:MM:SS.fffffffZ`, seven fractional digits, as Log Analytics exports.
    pub fn write_iso(self, out: &mut Vec<u8>) {
        let (days, rest) = (
            self.0.div_euclid(TICKS_PER_DAY),
            self.0.rem_euclid(TICKS_PER_DAY),
        );
        let (year, month, day) = civil_from_days(days);
        let seconds = rest / TICKS_PER_SECOND;
        push_digits(out, year, 4);
        out.push(b'-');
        push_digits(out, month, 2);
        out.push(b'-');
        push_digits(out, day, 2);
        out.push(b'T');
        push_digits(out, seconds / 3600, 2);
        out.push(b':');
        push_digits(out, seconds / 60 % 60, 2);
        out.push(b':');
        push_digits(out, seconds % 60, 2);
        out.push(b'.');
        push_digits(out, rest % TICKS_PER_SECOND, 7);
        out.push(b'Z');
    }

    /// `self + span`, clamped at the ends of the range.
    #[must_use]
    pub const fn saturating_add(self, span: TimeSpan) -> Self {
        EventTime(self.0.saturating_add(span.0))
    }

    /// `self − span`, clamped at the ends of the range.
    #[must_use]
    pub const fn saturating_sub(self, span: TimeSpan) -> Self {
        EventTime(self.0.saturating_sub(span.0))
    }
}

const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

fn push_digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = value.unsigned_abs();
    for slot in digits[..width].iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.extend_from_slice(&digits[..width]);
}

/// Year, month, day of a day number counted from 0001-01-01 (proleptic Gregorian calendar).
/// Algorithm: H. Hinnant, "chrono-compatible low-level date algorithms".
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 306; // days since 0000-03-01
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 306
}

/// The fast path: exactly `YYYY-MM-DDTHH:MM:SS[.f…]Z`.
fn parse_canonical(text: &[u8]) -> Option<EventTime> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        text.get(range)?.iter().try_fold(0i64, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i64::from(byte - b'0'))
        })
    };
    let shape = text.len() >= 20
        && text[4] == b'-'
        && text[7] == b'-'
        && (text[10] == b'T' || text[10] == b' ')
        && text[13] == b':'
        && text[16] == b':'
        && text[text.len() - 1] == b'Z';
    if !shape {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if year < 1 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 || !day_exists(year, month, day) {
        return None;
    }
    let mut fraction = 0;
    if text.len() > 20 {
        let digits = text.len() - 21;
        if text[19] != b'.' || digits == 0 || digits > 9 {
            return None;
        }
        number(20..text.len() - 1)?;
        fraction = number(20..20 + digits.min(7))?;
        for _ in digits..7 {
            fraction *= 10;
        }
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(EventTime(seconds * TICKS_PER_SECOND + fraction))
}

fn day_exists(year: i64, month: i64, day: i64) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day <= last
}

impl TimeSpan {
    /// No time at all.
    pub const ZERO: TimeSpan = TimeSpan(0);

    /// From ticks of 100 ns.
    #[must_use]
    pub const fn from_ticks(ticks: i64) -> Self {
        TimeSpan(ticks)
    }

    /// Ticks of 100 ns.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        TimeSpan(seconds * TICKS_PER_SECOND)
    }

    /// From whole minutes.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_seconds(minutes * 60)
    }

    /// From whole hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_seconds(hours * 3600)
    }

    /// From whole days of 24 h.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self::from_seconds(days * 86_400)
    }

    /// From seconds, rounded to the nearest tick; out-of-range values are clamped.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float-to-int casts saturate"
    )]
    #[expect(clippy::cast_precision_loss, reason = "the constant is exact")]
    pub fn from_seconds_f64(seconds: f64) -> Self {
        TimeSpan((seconds * TICKS_PER_SECOND as f64).round() as i64)
    }

    /// In seconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "spans stay far below 2^53 ticks × 100"
    )]
    pub fn seconds_f64(self) -> f64 {
        self.0 as f64 / TICKS_PER_SECOND as f64
    }

    /// Parses `250ms`, `30s`, `10m`, `4h`, `7d`, `1.5h`: one number and one unit of `ms s m h d`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let split = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = text.split_at(split);
        let value: f64 = number.trim().parse().ok()?;
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let total = value * seconds;
        (total.is_finite() && total.abs() < 9e11).then(|| Self::from_seconds_f64(total))
    }
}

impl std::ops::Add<TimeSpan> for EventTime {
    type Output = EventTime;
    fn add(self, span: TimeSpan) -> EventTime {
        self.saturating_add(span)
    }
}

impl std::ops::Sub<TimeSpan> for EventTime {
    type Output = EventTime;
    fn sub(self, span: TimeSpan) -> EventTime {
        self.saturating_sub(span)
    }
}

impl std::ops::Sub for EventTime {
    type Output = TimeSpan;
    fn sub(self, other: EventTime) -> TimeSpan {
        TimeSpan(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Add for TimeSpan {
    type Output = TimeSpan;
    fn add(self, other: TimeSpan) -> TimeSpan {
        TimeSpan(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for TimeSpan {
    type Output = TimeSpan;
    fn sub(self, other: TimeSpan) -> TimeSpan {
        TimeSpan(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Mul<i64> for TimeSpan {
    type Output = TimeSpan;
    fn mul(self, factor: i64) -> TimeSpan {
        TimeSpan(self.0.saturating_mul(factor))
    }
}

impl std::ops::Neg for TimeSpan {
    type Output = TimeSpan;
    fn neg(self) -> TimeSpan {
        TimeSpan(self.0.saturating_neg())
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(28);
        self.write_iso(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shortest exact form with one unit where there is one (`10m`), else seconds (`90.5s`).
impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
            let ticks = seconds * TICKS_PER_SECOND;
            if self.0 % ticks == 0 && (self.0 != 0 || unit == "s") {
                return write!(f, "{}{unit}", self.0 / ticks);
            }
        }
        write!(f, "{}s", self.seconds_f64())
    }
}

impl fmt::Debug for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for EventTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for EventTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        EventTime::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no ISO 8601 time")))
    }
}

impl serde::Serialize for TimeSpan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for TimeSpan {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        TimeSpan::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no duration like 10m")))
    }
}

#[cfg(test)]
mod tests;
