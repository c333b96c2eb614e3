//! Windows of local time of a stage: a delayed event waits for the next opening.
//!
//! The same windows as in planning (`hours`, `on`), asked only for openings.

use livefire_schema::time::{EventTime, TimeSpan};

use crate::event::AccountRef;
use crate::kinds::model::{DaySet, Hours, Stage};
use crate::kinds::value::{DayWindow, Form, Literal};
use crate::world::World;
use crate::world::clock::weekday;

/// Days that a search for an opening looks ahead.
const HORIZON_DAYS: i64 = 370;

/// When the actors of a stage may act.
#[derive(Clone, Debug)]
pub(super) struct Windows<'a> {
    world: &'a World,
    hours: Option<DayWindow>,
    is_working: bool,
    on: Vec<DaySet>,
}

impl<'a> Windows<'a> {
    /// The windows of a resolved stage.
    pub(super) fn new(world: &'a World, stage: &Stage) -> Self {
        let hours = |from: u16, to: u16| {
            let (from, to) = (from * 60, to * 60);
            Some(DayWindow { from, to })
        };
        let window = match &stage.hours {
            None | Some(Hours::Any) => None,
            Some(Hours::Working) => hours(8, 18),
            Some(Hours::Night) => hours(22, 6),
            Some(Hours::Window(value)) => match &value.form {
                Form::Constant(Literal::Window(window)) => Some(*window),
                _ => None,
            },
        };
        Windows {
            world,
            hours: window,
            is_working: matches!(stage.hours, Some(Hours::Working)),
            on: stage.on.clone().unwrap_or_default(),
        }
    }

    /// The first instant from `time` on at which an account may act; `time` itself if none comes.
    /// Without an account the first site's zone counts.
    pub(super) fn opening(&self, account: Option<AccountRef>, time: EventTime) -> EventTime {
        if self.hours.is_none() && self.on.is_empty() {
            return time;
        }
        let account = account.unwrap_or(AccountRef(0));
        let today = self.world.local(account, time).day;
        let mut days = today - 1..today + HORIZON_DAYS;
        let window = days.find_map(|day| {
            let (start, end) = self.on_day(account, day)?;
            (end > time && end > start).then_some(start)
        });
        window.map_or(time, |start| start.max(time))
    }

    fn on_day(&self, account: AccountRef, day: i64) -> Option<(EventTime, EventTime)> {
        let is_on = self.on.is_empty() || self.on.iter().any(|set| holds(*set, day));
        if !is_on || (self.is_working && !self.world.works_on(account, day)) {
            return None;
        }
        let (from, to) = match self.hours {
            Some(DayWindow { from, to }) if to <= from => (from, to + 1440),
            Some(DayWindow { from, to }) => (from, to),
            None => (0, 1440),
        };
        let at = |minutes: u16| self.world.instant(account, day, f64::from(minutes) * 60.0);
        Some((at(from), at(to)))
    }
}

/// Whether a day (counted from 1970-01-01) belongs to a set; the last three days of a month or
/// quarter are those after which three more days leave it.
fn holds(set: DaySet, day: i64) -> bool {
    match set {
        DaySet::Weekday(wanted) => u32::from(wanted) == weekday(day),
        DaySet::MonthEnd => month_of(day) != month_of(day + 3),
        DaySet::QuarterEnd => month_of(day).div_euclid(3) != month_of(day + 3).div_euclid(3),
    }
}

/// Months since year 0.
fn month_of(day: i64) -> i64 {
    let midnight = EventTime::from_unix_seconds(0) + TimeSpan::from_days(1) * day;
    let date = jiff::tz::TimeZone::UTC
        .to_datetime(midnight.to_jiff())
        .date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}
