//! `run --schedule` and `run --schedule-sweep`: what a grid of runs does to the same attacks.

use std::time::Instant;

use livefire_harness::schedule::{Axes, ScheduleFigures, SweepError, short_periods, sweep};
use livefire_harness::{RunResult, Settings};
use livefire_labels::EventSource;
use livefire_scorer::score::report::PartSeconds;
use livefire_scorer::{Measure, ScoreReport};
use serde::Serialize;

use super::{Pass, failure};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{self, Output};
use crate::progress;
use crate::verdict::{rate, seconds_text};
use livefire_detector::ScheduleChoice;

/// What `--json` prints of a sweep.
#[derive(Serialize)]
struct Swept<'a> {
    scenario: &'a str,
    seed: Option<u64>,
    schedules: &'a [ScheduleFigures],
    refused: Vec<Refused>,
}

/// A pair that Sentinel does not accept.
#[derive(Serialize)]
struct Refused {
    frequency: String,
    period: String,
    why: String,
}

impl Pass {
    /// The figures of this run's schedule; nothing for the ideal one.
    pub(super) fn figures(
        &self,
        scored: &ScoreReport,
        result: &RunResult,
    ) -> Option<ScheduleFigures> {
        let is_ideal = self.schedule == ScheduleChoice::Ideal;
        (!is_ideal).then(|| ScheduleFigures::of(self.schedule, scored, &result.alerts))
    }

    /// Notes on rules that see less than they look back over.
    pub(super) fn short_periods(&self) -> Vec<String> {
        let short = short_periods(&self.rules, &self.engine);
        let note = |one: &livefire_harness::schedule::ShortPeriod| {
            format!(
                "{} looks back {}, but a run sees {} only: what lies before does not exist for it",
                one.rule, one.looks_back, one.period
            )
        };
        short.iter().map(note).collect()
    }

    /// Compares schedules and tells of it.
    pub(super) fn sweep(
        &self,
        axes: &Axes,
        source: &mut dyn EventSource,
        output: Output,
    ) -> Outcome {
        let begun = Instant::now();
        let settings = Settings {
            schema: &self.known.schema,
            rules: &self.rules,
            engine: &self.engine,
            strict: false,
        };
        let hours = self.subject.duration.seconds_f64() / 3600.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bar's length"
        )]
        let bar = progress::bar(output, hours as u64, "sweeping");
        let start = self.subject.start;
        let mut rows = 0;
        let figures = sweep(
            source,
            settings,
            &axes.choices(),
            &self.options(),
            &mut |seen, clock| {
                rows = seen;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a bar's position"
                )]
                bar.set_position(((clock - start).seconds_f64() / 3600.0) as u64);
            },
        );
        bar.finish_and_clear();
        let figures = figures.map_err(|error| match error {
            SweepError::Run(error) => failure(&error),
            other => Failure::internal(other.to_string()),
        })?;
        if rows == 0 {
            return Err(Failure::nothing("nothing to evaluate: the log has no rows"));
        }
        let refused = refused(axes);
        let seconds = begun.elapsed().as_secs_f64();
        let mut text = self.subject.name.clone();
        if let Some(seed) = self.subject.seed {
            text.push_str(&format!(" · seed {seed}"));
        }
        text.push_str(&format!(
            " · {} schedules over one pass in {seconds:.1} s\n\n{}",
            figures.len(),
            table(&figures)
        ));
        for pair in &refused {
            text.push_str(&format!(
                "left out: {}/{}, {}\n",
                pair.frequency, pair.period, pair.why
            ));
        }
        output.json(&Swept {
            scenario: &self.subject.name,
            seed: self.subject.seed,
            schedules: &figures,
            refused,
        })?;
        output.human(&text)?;
        Ok(Exit::Pass)
    }
}

fn refused(axes: &Axes) -> Vec<Refused> {
    let refused = axes.pairs().filter_map(|(frequency, period, schedule)| {
        Some(Refused {
            frequency: frequency.to_string(),
            period: period.to_string(),
            why: schedule.err()?.to_string(),
        })
    });
    refused.collect()
}

/// One row a schedule; times of the parts are means over the campaigns that have them.
fn table(figures: &[ScheduleFigures]) -> String {
    let rows: Vec<Vec<String>> = figures
        .iter()
        .map(|one| {
            let part = |part: &dyn Fn(&PartSeconds) -> f64| {
                one.parts
                    .as_ref()
                    .map_or_else(|| "–".to_owned(), |parts| seconds(part(parts)))
            };
            vec![
                one.schedule.clone(),
                format!("{}/{}", one.detected, one.campaigns),
                seconds_text(one.restricted_mean_time_to_detect),
                one.mean_time_to_detect
                    .map_or_else(|| "–".to_owned(), seconds),
                part(&|parts| parts.accumulate),
                part(&|parts| parts.ingestion),
                part(&|parts| parts.schedule_wait),
                part(&|parts| parts.run),
                one.alerts.to_string(),
                one.duplicates.to_string(),
                rate(one.false_per_day),
            ]
        })
        .collect();
    let header = [
        "schedule",
        "caught",
        "with misses",
        "to detect",
        "= accumulate",
        "+ ingestion",
        "+ wait",
        "+ run",
        "alerts",
        "duplicates",
        "false/day",
    ];
    let right: Vec<usize> = (1..header.len()).collect();
    format!(
        "{}with misses: mean time to detect, each miss at its most; to detect: mean over the caught, \
         and its four parts\nduplicates: alerts without an event that is new to their rule and key\n",
        output::table(&header, &rows, &right)
    )
}

fn seconds(value: f64) -> String {
    seconds_text(Measure::number(value))
}

/// What a verdict says of its schedule.
pub(super) fn line(figures: &ScheduleFigures) -> String {
    let mut text = format!(
        "{:<10}{}: {} alerts, {} of them duplicates (no event new to their rule and key)",
        "schedule", figures.schedule, figures.alerts, figures.duplicates
    );
    if let Some(parts) = &figures.parts {
        text.push_str(&format!(
            "\n{:10}time to detect {} = accumulate {} + ingestion {} + wait {} + run {} (mean of {} caught)",
            "",
            figures.mean_time_to_detect.map_or_else(String::new, seconds),
            seconds(parts.accumulate),
            seconds(parts.ingestion),
            seconds(parts.schedule_wait),
            seconds(parts.run),
            figures.timed
        ));
    }
    text.push('\n');
    text
}
