//! On which schedule rules run, and which schedules a sweep compares.

use clap::Args;
use livefire_detector::ScheduleChoice;
use livefire_harness::schedule::Axes;
use livefire_schema::time::TimeSpan;

/// A schedule, as `run` and `detect` take it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct ScheduleArguments {
    /// Run every rule on a grid, as Sentinel does: `sentinel` for each rule's own frequency and
    /// period, or FREQUENCY/PERIOD for all, as 5m/1h; `ideal` consumes rows as they arrive.
    #[arg(long = "schedule", value_name = "SCHEDULE", default_value = "ideal", value_parser = choice, conflicts_with = "mode")]
    pub(crate) choice: ScheduleChoice,
}

/// A comparison of schedules, as `run` takes it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SweepArguments {
    /// Compare every frequency with every period, as 5m,15m,1h/15m,1h,1d, beside `ideal` and
    /// `sentinel`: recall, time to detect with its parts, duplicate alerts.
    #[arg(long = "schedule-sweep", value_name = "FREQUENCIES/PERIODS", value_parser = axes, conflicts_with_all = ["choice", "mode", "seeds", "output", "report", "self_test"])]
    pub(crate) axes: Option<Axes>,
    /// After an alert the rule is silent for so long, as 5h (Sentinel's suppression).
    #[arg(long, value_name = "SPAN", value_parser = suppression)]
    pub(crate) suppress: Option<TimeSpan>,
}

fn choice(text: &str) -> Result<ScheduleChoice, String> {
    text.parse::<ScheduleChoice>()
        .map_err(|error| error.to_string())
}

fn axes(text: &str) -> Result<Axes, String> {
    text.parse::<Axes>().map_err(|error| error.to_string())
}

/// Sentinel suppresses for 5 minutes to 24 hours.
fn suppression(text: &str) -> Result<TimeSpan, String> {
    let limits = TimeSpan::from_minutes(5)..=TimeSpan::from_hours(24);
    match TimeSpan::parse(text) {
        Some(span) if limits.contains(&span) => Ok(span),
        Some(_) => Err("write a span from 5m to 24h".to_owned()),
        None => Err("write a number with its unit, m or h, as 5h".to_owned()),
    }
}
