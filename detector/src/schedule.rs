//! When a scheduled rule runs and what each run sees, as Microsoft Sentinel runs analytics rules.
//!
//! Runs are due on a grid that is aligned as Kusto's `bin()`. The one due at `s` executes
//! [`RUN_DELAY`] later and sees the rows with event time in `[s − period, s)` that have been
//! ingested by then. Frequency and period keep to Sentinel's limits, so that what is measured here
//! can be deployed. KQL.md, "how a rule is run"; EVALUATION.md §5.

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use crate::ruleset::RuleSet;

/// How long after its due time a run executes.
pub const RUN_DELAY: TimeSpan = TimeSpan::from_minutes(5);

const SHORTEST: TimeSpan = TimeSpan::from_minutes(5);
const LONGEST: TimeSpan = TimeSpan::from_days(14);
/// From this period on a rule may run once an hour at most.
const LONG_PERIOD: TimeSpan = TimeSpan::from_days(2);
const LONG_PERIOD_FREQUENCY: TimeSpan = TimeSpan::from_hours(1);

/// How often a rule runs and how far each run looks back; within Sentinel's limits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Schedule {
    frequency: TimeSpan,
    period: TimeSpan,
}

/// Why a frequency and a period make no schedule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Neither a word nor two spans.
    #[error("`{0}` is no schedule; write ideal, sentinel or FREQUENCY/PERIOD, as 5m/1h")]
    Form(String),
    /// Not a number with a unit.
    #[error("`{0}` is no span; write a number with its unit, m, h or d, as 15m")]
    Span(String),
    /// Below 5 minutes or above 14 days.
    #[error("the {name} {value} is outside 5m..14d")]
    OutOfRange {
        /// `frequency` or `period`.
        name: &'static str,
        /// As given.
        value: TimeSpan,
    },
    /// Runs would leave gaps that no run looks at.
    #[error(
        "the period {period} is shorter than the frequency {frequency}, so no run would see what happens between two of them; write a period of at least {frequency}, as {frequency}/{frequency}"
    )]
    Gaps {
        /// As given.
        frequency: TimeSpan,
        /// As given.
        period: TimeSpan,
    },
    /// Sentinel refuses long periods at short frequencies.
    #[error(
        "a period of 2d or more ({period}) allows one run an hour at most; write a frequency of at least 1h, as 1h/{period}"
    )]
    TooOften {
        /// As given.
        period: TimeSpan,
    },
}

impl Schedule {
    /// A schedule of a run every `frequency`, each over the last `period`.
    ///
    /// # Errors
    /// [`ScheduleError`], naming the limit and what would fit.
    pub fn new(frequency: TimeSpan, period: TimeSpan) -> Result<Self, ScheduleError> {
        for (name, value) in [("frequency", frequency), ("period", period)] {
            if value < SHORTEST || value > LONGEST {
                return Err(ScheduleError::OutOfRange { name, value });
            }
        }
        if period < frequency {
            return Err(ScheduleError::Gaps { frequency, period });
        }
        if period >= LONG_PERIOD && frequency < LONG_PERIOD_FREQUENCY {
            return Err(ScheduleError::TooOften { period });
        }
        Ok(Schedule { frequency, period })
    }

    /// The schedule on which a rule would be deployed; nothing for an unknown rule.
    ///
    /// A count runs once a window, or once an hour if that is less, and looks back over its window
    /// and the 95th percentile of its table's delay, in whole runs; R2 over a day, as its source
    /// says. A join looks back over two of its bounds, so that no pair falls between two runs. A
    /// rule that compares with its own past looks back over that past and one day more.
    #[must_use]
    pub fn sentinel(rule: &str) -> Option<Self> {
        let minutes = TimeSpan::from_minutes;
        let hours = TimeSpan::from_hours;
        let (frequency, period) = match rule {
            "R1" => (minutes(10), minutes(40)),
            "R3" => (minutes(10), minutes(20)),
            "R2" | "R6" | "U3" => (hours(1), hours(24)),
            "R5" | "C2" | "H1" | "H2" => (hours(1), hours(2)),
            "C3" => (hours(1), TimeSpan::from_days(14)),
            "H3" => (hours(1), TimeSpan::from_days(7)),
            "R4" | "C1" | "U1" | "U2" | "U4" => (hours(1), TimeSpan::from_days(8)),
            _ => return None,
        };
        Some(Schedule { frequency, period })
    }

    /// Time between two runs.
    #[must_use]
    pub fn frequency(&self) -> TimeSpan {
        self.frequency
    }

    /// How far a run looks back.
    #[must_use]
    pub fn period(&self) -> TimeSpan {
        self.period
    }

    /// The event times that the run due at `due` looks at.
    #[must_use]
    pub fn looks_at(&self, due: EventTime) -> TimeRange {
        TimeRange {
            start: due - self.period,
            end: due,
        }
    }

    /// The first run due at or after an instant.
    #[must_use]
    pub fn due_from(&self, time: EventTime) -> EventTime {
        let bin = time.bin(self.frequency);
        if bin == time {
            bin
        } else {
            bin + self.frequency
        }
    }

    /// The first run that looks at an instant, whenever what happened then arrives.
    #[must_use]
    pub fn first_over(&self, time: EventTime) -> EventTime {
        time.bin(self.frequency) + self.frequency
    }

    /// How long after its event time a row may be seen first, its delay aside: H of a miss.
    #[must_use]
    pub fn reach(&self) -> TimeSpan {
        self.frequency + RUN_DELAY
    }
}

/// As `1h/24h` is written: frequency, then period.
impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.frequency, self.period)
    }
}

/// What a user chooses for all rules of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ScheduleChoice {
    /// No grid: every rule consumes rows as they arrive.
    #[default]
    Ideal,
    /// Each rule on its own schedule, [`Schedule::sentinel`].
    Sentinel,
    /// All rules on one schedule.
    Every(Schedule),
}

impl ScheduleChoice {
    /// The schedule of each selected form, for [`EngineOptions::schedules`].
    ///
    /// [`EngineOptions::schedules`]: crate::EngineOptions::schedules
    #[must_use]
    pub fn of_forms(self, rules: &RuleSet) -> Vec<Option<Schedule>> {
        let of_form = |rule: &str| match self {
            ScheduleChoice::Ideal => None,
            ScheduleChoice::Sentinel => Schedule::sentinel(rule),
            ScheduleChoice::Every(schedule) => Some(schedule),
        };
        rules
            .forms()
            .map(|(_, form)| of_form(form.info().id))
            .collect()
    }
}

/// `ideal`, `sentinel`, or a frequency and a period as `5m/1h`.
impl std::str::FromStr for ScheduleChoice {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        match text.trim() {
            "ideal" => Ok(ScheduleChoice::Ideal),
            "sentinel" => Ok(ScheduleChoice::Sentinel),
            other => {
                let form = || ScheduleError::Form(other.to_owned());
                let (frequency, period) = other.split_once('/').ok_or_else(form)?;
                let schedule = Schedule::new(span(frequency)?, span(period)?)?;
                Ok(ScheduleChoice::Every(schedule))
            }
        }
    }
}

/// Reads one span of a schedule: `90m`, `1h`, `1d`.
///
/// # Errors
/// [`ScheduleError::Span`] for what has no number or no unit.
pub fn span(text: &str) -> Result<TimeSpan, ScheduleError> {
    TimeSpan::parse(text.trim()).ok_or_else(|| ScheduleError::Span(text.trim().to_owned()))
}

impl std::fmt::Display for ScheduleChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ScheduleChoice::Ideal => f.write_str("ideal"),
            ScheduleChoice::Sentinel => f.write_str("sentinel"),
            ScheduleChoice::Every(schedule) => schedule.fmt(f),
        }
    }
}

/// How far before a run's due time a rule reports; nothing for rules that report all that they find
/// in their period.
///
/// What looks back over days to compare reads them as history and reports on the last stretch
/// only, as its query's own `ago()` would: else each run would report the whole period anew.
#[must_use]
pub(crate) fn reports_over(rule: &str, schedule: Schedule) -> Option<TimeSpan> {
    let has_history = ["R4", "C1", "C3", "U1", "U2", "U3", "U4"].contains(&rule);
    has_history.then_some(schedule.frequency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(frequency: i64, period: i64) -> Result<Schedule, ScheduleError> {
        Schedule::new(
            TimeSpan::from_minutes(frequency),
            TimeSpan::from_minutes(period),
        )
    }

    #[track_caller]
    fn refused(frequency: i64, period: i64, part: &str) {
        let error = minutes(frequency, period)
            .expect_err("is refused")
            .to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn what_sentinel_refuses_is_refused_with_what_to_write() {
        refused(0, 60, "frequency 0s is outside 5m..14d");
        refused(4, 60, "outside 5m..14d");
        refused(60, 15 * 24 * 60, "period 15d is outside");
        refused(60, 15, "as 1h/1h");
        refused(30, 2 * 24 * 60, "as 1h/2d");
        assert!(minutes(5, 5).is_ok() && minutes(60, 14 * 24 * 60).is_ok());
    }

    #[track_caller]
    fn reads(text: &str, expected: &str) {
        let read = text.parse::<ScheduleChoice>();
        let read = read.map_or_else(|error| error.to_string(), |choice| choice.to_string());
        assert!(read.contains(expected), "{read}");
    }

    #[test]
    fn schedules_are_read_as_they_are_written() {
        reads("ideal", "ideal");
        reads(" sentinel ", "sentinel");
        reads("5m/1h", "5m/1h");
        reads("60m/24h", "1h/1d");
        reads("often", "`often` is no schedule; write ideal");
        reads("5/1h", "`5` is no span; write a number with its unit");
        reads("5m/", "`` is no span");
        reads("1h/5m", "as 1h/1h");
        reads("0m/1h", "outside 5m..14d");
    }

    #[test]
    fn every_native_rule_has_a_schedule_that_sentinel_accepts() {
        for (_, form) in RuleSet::embedded().forms() {
            let id = form.info().id;
            let schedule = Schedule::sentinel(id).expect(id);
            let again = Schedule::new(schedule.frequency, schedule.period);
            assert_eq!(again, Ok(schedule), "{id}");
            assert!(form.info().window <= schedule.period, "{id}");
        }
        assert_eq!(Schedule::sentinel("X9"), None);
    }

    #[test]
    fn a_row_at_the_due_time_belongs_to_the_next_run() {
        let schedule = minutes(10, 20).expect("fits");
        let at = |minute: i64| EventTime::from_unix_seconds(minute * 60);
        assert_eq!(schedule.first_over(at(10)), at(20));
        assert_eq!(schedule.due_from(at(10)), at(10));
        assert_eq!(schedule.due_from(at(11)), at(20));
        let seen = schedule.looks_at(at(20));
        assert!(seen.contains(at(0)) && !seen.contains(at(20)));
    }
}
