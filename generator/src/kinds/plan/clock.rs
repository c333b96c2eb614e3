//! Windows of local time: when a stage's actor is open for it, and time counted only while open.

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use crate::event::AccountRef;
use crate::kinds::model::{DaySet, Hours, Stage};
use crate::kinds::value::{DayWindow, Form, Literal};
use crate::world::World;
use crate::world::clock::weekday;

/// Days that a search for a window looks ahead.
const HORIZON_DAYS: i64 = 370;

/// When one actor may act in a stage.
#[derive(Clone, Debug)]
pub(crate) struct Open<'a> {
    world: &'a World,
    /// Whose time zone counts.
    account: AccountRef,
    /// Whose working days count.
    days_of: AccountRef,
    is_working: bool,
    window: Option<DayWindow>,
    on: &'a [DaySet],
}

impl<'a> Open<'a> {
    /// The windows of a resolved stage for an account; without one, of the first site's zone.
    pub(crate) fn new(world: &'a World, stage: &'a Stage, account: Option<AccountRef>) -> Self {
        let minutes = |from, to| Some(DayWindow { from, to });
        let (is_working, window) = match &stage.hours {
            None | Some(Hours::Any) => (false, None),
            Some(Hours::Working) => (true, minutes(8 * 60, 18 * 60)),
            Some(Hours::Night) => (false, minutes(22 * 60, 6 * 60)),
            Some(Hours::Window(value)) => match &value.form {
                Form::Constant(Literal::Window(window)) => (false, Some(*window)),
                _ => (false, None),
            },
        };
        Open {
            world,
            account: account.unwrap_or(AccountRef(0)),
            days_of: account.unwrap_or(AccountRef(0)),
            is_working,
            window,
            on: stage.on.as_deref().unwrap_or(&[]),
        }
    }

    /// The same hours on another account's working days: a crowd that acts together keeps one
    /// calendar, though not one time zone.
    pub(crate) fn on_days_of(mut self, account: Option<AccountRef>) -> Self {
        self.days_of = account.unwrap_or(self.days_of);
        self
    }

    /// Whether every instant is open.
    pub(crate) fn is_always(&self) -> bool {
        self.window.is_none() && self.on.is_empty()
    }

    fn is_on(&self, day: i64) -> bool {
        let of_week = weekday(day);
        self.on.is_empty()
            || self.on.iter().any(|set| match set {
                DaySet::Weekday(wanted) => u32::from(*wanted) == of_week,
                DaySet::MonthEnd => month_of(day) != month_of(day + 3),
                DaySet::QuarterEnd => quarter_of(day) != quarter_of(day + 3),
            })
    }

    /// The window that starts on a local day, if it exists there.
    fn window_on(&self, day: i64) -> Option<TimeRange> {
        if !self.is_on(day) || (self.is_working && !self.world.works_on(self.days_of, day)) {
            return None;
        }
        let (from, to) = match self.window {
            Some(DayWindow { from, to }) => (from, if to <= from { to + 1440 } else { to }),
            None => (0, 1440),
        };
        let at = |minutes: u16| {
            let seconds = f64::from(minutes) * 60.0;
            self.world.instant(self.account, day, seconds)
        };
        let range = TimeRange {
            start: at(from),
            end: at(to),
        };
        (range.start < range.end).then_some(range)
    }

    /// Windows in order, from the first that ends after `time`.
    pub(crate) fn windows(&self, time: EventTime) -> impl Iterator<Item = TimeRange> + '_ {
        let today = self.world.local(self.account, time).day;
        (today - 1..today + HORIZON_DAYS)
            .filter_map(|day| self.window_on(day))
            .skip_while(move |window| window.end <= time)
    }

    /// Whether an instant lies in 08:00–18:00 of a working day of the actor.
    pub(crate) fn is_office_hours(&self, time: EventTime) -> bool {
        let local = self.world.local(self.account, time);
        (8..18).contains(&local.hour()) && self.world.works_on(self.account, local.day)
    }

    /// The first open instant at or after `time`; `time` itself if none comes.
    pub(crate) fn opening(&self, time: EventTime) -> EventTime {
        if self.is_always() {
            return time;
        }
        self.windows(time)
            .next()
            .map_or(time, |window| window.start.max(time))
    }

    /// The instant at which `span` of open time has passed since `start`.
    pub(crate) fn advance(&self, start: EventTime, span: TimeSpan) -> EventTime {
        if self.is_always() {
            return start + span;
        }
        let mut left = span;
        let mut last = start;
        for window in self.windows(start) {
            let from = window.start.max(start);
            let open = window.end - from;
            if left < open {
                return from + left;
            }
            left = left - open;
            last = window.end;
        }
        last
    }

    /// Open time in `[from, to)`.
    pub(crate) fn open_between(&self, from: EventTime, to: EventTime) -> TimeSpan {
        if self.is_always() {
            return to - from;
        }
        let mut sum = TimeSpan::ZERO;
        for window in self.windows(from) {
            if window.start >= to {
                break;
            }
            sum = sum + (window.end.min(to) - window.start.max(from));
        }
        sum
    }
}

/// Months since year 0 of a day counted from 1970-01-01.
fn month_of(day: i64) -> i64 {
    let time = EventTime::from_unix_seconds(day * 86_400).to_jiff();
    let date = jiff::tz::TimeZone::UTC.to_datetime(time).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

fn quarter_of(day: i64) -> i64 {
    month_of(day).div_euclid(3)
}
