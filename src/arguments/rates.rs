//! Rates and durations as options carry them: `2M/day`, `0.2/week`, `30m`.

use livefire_schema::time::TimeSpan;

/// Days of each unit that a rate may be per.
const UNITS: [(&str, f64); 5] = [
    ("hour", 1.0 / 24.0),
    ("day", 1.0),
    ("week", 7.0),
    ("month", 30.4375),
    ("year", 365.25),
];
/// What stands behind a number for thousands and more.
const SCALES: [(char, f64); 3] = [('k', 1e3), ('M', 1e6), ('G', 1e9)];

/// A rate of at least 0, per day.
pub(super) fn any(text: &str) -> Result<f64, String> {
    read(text).ok_or_else(|| expected(text))
}

/// A rate above 0, per day.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    read(text)
        .filter(|rate| *rate > 0.0)
        .ok_or_else(|| expected(text))
}

fn expected(text: &str) -> String {
    format!(
        "`{text}` is no rate; write a number per hour, day, week, month or year, as 2M/day or \
         0.2/week"
    )
}

fn read(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once('/')?;
    let (number, scale) = SCALES
        .iter()
        .find_map(|(letter, scale)| Some((number.strip_suffix(*letter)?, *scale)))
        .unwrap_or((number, 1.0));
    let days = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let number: f64 = number.trim().replace('_', "").parse().ok()?;
    let rate = number * scale / days;
    (rate.is_finite() && (0.0..=1e12).contains(&rate)).then_some(rate)
}

/// A number of at least 0.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| (0.0..=1e12).contains(number))
        .ok_or_else(|| format!("`{text}` is no number of at least 0"))
}

/// A duration of at least a second.
pub(super) fn duration(text: &str) -> Result<TimeSpan, String> {
    TimeSpan::parse(text)
        .filter(|span| *span >= TimeSpan::from_seconds(1) && *span <= TimeSpan::from_days(365))
        .ok_or_else(|| format!("`{text}` is no duration; write one of 1s to 365d, as 30m or 4h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, rate: f64) {
        let read = any(text).expect("is a rate");
        assert!((read - rate).abs() < 1e-9 * rate.max(1.0), "{text}: {read}");
    }

    #[test]
    fn rates_have_a_number_and_a_unit() {
        reads("2M/day", 2e6);
        reads("0.7/week", 0.1);
        reads("12/hour", 288.0);
        reads("1_500k/day", 1.5e6);
        reads("0/year", 0.0);
        for text in [
            "2M",
            "2/fortnight",
            "-1/day",
            "NaN/day",
            "inf/day",
            "/day",
            "M/day",
        ] {
            assert!(any(text).is_err(), "{text}");
        }
        assert!(positive("0/day").is_err());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("30m"), Ok(TimeSpan::from_minutes(30)));
        assert!(duration("0s").is_err() && duration("30").is_err());
    }
}
