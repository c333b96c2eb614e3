//! What the alerts mean for the people who handle them, and what an attacker gains by patience.

use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::Measure;
use livefire_scorer::operations::queue::{FifoQueue, Job, fifo, mmc};
use livefire_scorer::windows::phase::{WindowKind, evasion_frontier};
use rustc_hash::FxHashMap;

use crate::document::{Cell, Section, Table};
use crate::format;
use crate::plot::{Axis, Plot, round_ticks};
use crate::results::Results;

/// Hours that one analyst is busy with an incident: our assumption, told beside the figures.
const HANDLING: f64 = 0.5;
/// The target for MTTR, in hours.
const TARGET: f64 = 4.0;
/// Hours after the log's end in which the queue is worked off.
const CLEARING: f64 = 24.0 * 60.0;
/// Classes of the curves, by number of analysts.
const CURVES: [&str; 3] = ["series-1", "series-2", "series-3"];

pub(super) fn section(results: &Results) -> Section {
    let title = "Time to respond against false incidents";
    let score = &results.score;
    let days = score.headline.scored_days;
    if days <= 0.0 || score.incidents.is_empty() {
        return super::left_out("response", title, "there is no incident to respond to.");
    }
    let mut section = Section::new("response", title);
    section.note(format!(
        "Assumed, not measured: an analyst is busy with an incident for {:.0} min; first come, \
         first served. MTTR counts from the first hostile event: detection, wait and handling.",
        HANDLING * 60.0
    ));
    section.push(curves(results, days));
    section.push(staffing(results));
    section
}

/// Mean time from alert to done over the rate of false incidents, around the clock.
fn curves(results: &Results, days: f64) -> Plot {
    let headline = &results.score.headline;
    let now = headline.false_per_day.rate.finite().unwrap_or(0.0);
    let true_rate = headline.true_incidents as f64 / days;
    let ticks = round_ticks((now * 2.5).max(60.0));
    let most = ticks.last().copied().unwrap_or(60.0);
    let (mut plot, x, y) = Plot::new(
        "Mean time from alert to done, analysts around the clock",
        300.0,
        0.0,
        ("false incidents a day", Axis::linear(0.0, most)),
        ("hours", Axis::linear(0.0, 8.0)),
    );
    plot.x_ticks(&x, ticks.into_iter().map(|at| (at, format::short(at))));
    plot.y_ticks(
        &y,
        [0.0, 2.0, 4.0, 6.0, 8.0].map(|at| (at, format!("{at}"))),
    );
    let mut told = Vec::new();
    for (analysts, class) in (1u32..).zip(CURVES) {
        let mut points = Vec::new();
        for step in 0..=200 {
            let rate = most * f64::from(step) / 200.0;
            let queue = mmc((rate + true_rate) / 24.0, 1.0 / HANDLING, analysts);
            let Some(hours) = queue.mean_response.finite().filter(|hours| *hours <= 8.0) else {
                break;
            };
            points.push((x.at(rate), y.at(hours)));
        }
        plot.line(&points, class);
        let plural = if analysts == 1 { "" } else { "s" };
        plot.legend(class, format!("{analysts} analyst{plural}"));
        let here = mmc((now + true_rate) / 24.0, 1.0 / HANDLING, analysts);
        told.push(format!(
            "with {analysts}: {}",
            hours_text(here.mean_response)
        ));
    }
    plot.horizontal(y.at(TARGET), "target 4 h", "target");
    plot.vertical(x.at(now), "measured", "operating-line");
    plot.described(format!(
        "At the measured {} false incidents a day an incident is done after, {}. M/M/c queue.",
        format::short(now),
        told.join("; ")
    ))
}

fn hours_text(hours: Measure) -> String {
    format::seconds(hours.map(|hours| hours * 3600.0))
}

/// Incidents of the totals by when they were raised, in hours since the scored interval's start.
struct Arrivals {
    jobs: Vec<Job>,
    /// For each caught campaign: its time to detect in hours and its job.
    campaigns: Vec<(f64, usize)>,
}

impl Arrivals {
    /// The queue with so many analysts, and MTTR in hours over caught campaigns.
    fn respond(&self, analysts: usize, open: &[(f64, f64)]) -> (FifoQueue, Measure) {
        let queue = fifo(&self.jobs, analysts, open);
        let mttr = self.campaigns.iter().map(|(detect, job)| {
            let wait = queue.starts[*job].map(|start| start - self.jobs[*job].arrival);
            wait.map(|wait| detect + wait + HANDLING)
        });
        let mttr = Measure::mean(mttr, livefire_scorer::Undefined::NoDetections);
        (queue, mttr)
    }
}

fn arrivals(results: &Results) -> Arrivals {
    let score = &results.score;
    let start = score.scored.start;
    let raised: FxHashMap<&str, (EventTime, Option<u64>)> = score
        .alerts
        .iter()
        .map(|alert| (alert.id.as_str(), (alert.raised, alert.incident)))
        .collect();
    let mut jobs = Vec::new();
    let mut job_of: FxHashMap<u64, usize> = FxHashMap::default();
    for (position, incident) in (0u64..).zip(&score.incidents) {
        let first = incident
            .alerts
            .first()
            .and_then(|id| raised.get(id.as_str()));
        if incident.in_totals
            && let Some((raised, _)) = first
        {
            job_of.insert(position, jobs.len());
            jobs.push(Job {
                arrival: (*raised - start).seconds_f64() / 3600.0,
                handling: HANDLING,
            });
        }
    }
    let campaigns = score.campaigns.iter().filter_map(|row| {
        let hours = row.time_to_detect.finite()? / 3600.0;
        let (_, incident) = raised.get(row.first.as_ref()?.alert.as_str())?;
        Some((hours, *job_of.get(&(*incident)?)?))
    });
    Arrivals {
        campaigns: campaigns.collect(),
        jobs,
    }
}

fn staffing(results: &Results) -> Table {
    let columns = [
        "who is there",
        "#analysts",
        "#mean wait",
        "#alert to done",
        "#MTTR of caught campaigns",
        "target < 4 h",
    ];
    let caption = "The incidents of this run through a queue, as they arrived";
    let mut table = Table::new(caption, &columns);
    let arrivals = arrivals(results);
    let span = results.score.scored;
    let hours = span.span().seconds_f64() / 3600.0;
    let always = vec![(0.0, hours + CLEARING)];
    let weekdays = office_hours(span.start, hours + CLEARING);
    for (name, open) in [
        ("around the clock", always),
        ("Mon–Fri 08–16 UTC", weekdays),
    ] {
        for analysts in 1..=3 {
            let (queue, mttr) = arrivals.respond(analysts, &open);
            let met = mttr.at_most(TARGET);
            let (text, class) = match met {
                Some(true) => ("met", "good"),
                Some(false) => ("not met", "bad"),
                None => ("undecided", ""),
            };
            table.rows.push(vec![
                Cell::text(name),
                Cell::count(analysts as u64),
                Cell::measure(hours_text(queue.mean_wait), queue.mean_wait),
                Cell::measure(hours_text(queue.mean_response), queue.mean_response),
                Cell::measure(hours_text(mttr), mttr),
                Cell::text(text).class(class),
            ]);
        }
    }
    table
}

/// MTTR in seconds with one analyst around the clock, over caught campaigns.
pub(super) fn response_with_one(results: &Results) -> Measure {
    let arrivals = arrivals(results);
    let hours = results.score.scored.span().seconds_f64() / 3600.0;
    let open = [(0.0, hours + CLEARING)];
    arrivals.respond(1, &open).1.map(|hours| hours * 3600.0)
}

/// Eight hours of each Monday to Friday, in hours since `start`.
fn office_hours(start: EventTime, hours: f64) -> Vec<(f64, f64)> {
    let day = TimeSpan::from_days(1);
    let mut open = Vec::new();
    let mut midnight = start.bin(day);
    loop {
        let at = (midnight - start).seconds_f64() / 3600.0;
        if at > hours {
            return open;
        }
        // 0001-01-01, where ticks begin, was a Monday.
        if (midnight.ticks() / day.ticks()).rem_euclid(7) < 5 {
            open.push((at + 8.0, at + 16.0));
        }
        midnight = midnight.saturating_add(day);
    }
}

/// How long an attack must be drawn out to pass, on a fixed grid and with a sliding window.
pub(super) fn frontier(results: &Results) -> Section {
    let mut section = Section::new("frontier", "What patience buys an attacker");
    let columns = [
        "rule",
        "#threshold",
        "window",
        "#events",
        "#sliding window",
        "#fixed bins",
        "#given away by bins",
    ];
    let caption = "Shortest duration of an attack of even events that is caught with at most one chance in ten";
    let mut table = Table::new(caption, &columns);
    for row in &results.score.rules {
        let (Some(threshold), Some(window)) =
            (limit(results, &row.rule), window(results, &row.rule))
        else {
            continue;
        };
        if row.mode != livefire_schema::alert::Mode::Streaming {
            continue;
        }
        for events in [threshold, 2 * threshold, 5 * threshold] {
            let of = |kind| evasion_frontier(kind, events, threshold, window.seconds_f64(), 0.1);
            let (sliding, tumbling) = (of(WindowKind::Sliding), of(WindowKind::Tumbling));
            let gap = sliding.finite().zip(tumbling.finite());
            let gap = gap.map_or_else(Cell::default, |(sliding, tumbling)| {
                let gap = sliding - tumbling;
                Cell::sorted(format::span(gap.max(0.0)), gap)
            });
            table.rows.push(vec![
                Cell::text(super::rule_title(&row.rule, row.mode)),
                Cell::count(threshold),
                Cell::text(window.to_string()),
                Cell::count(events),
                Cell::measure(format::seconds(sliding), sliding),
                Cell::measure(format::seconds(tumbling), tumbling),
                gap,
            ]);
        }
    }
    if table.rows.is_empty() {
        return super::left_out(
            "frontier",
            "What patience buys an attacker",
            "no rule that ran counts events in a window.",
        );
    }
    section.push(table);
    section
        .note("Computed from thresholds and windows as they ran, with all events under one key.");
    section
}

/// The threshold of a counting rule with a window; nothing for others.
fn limit(results: &Results, rule: &str) -> Option<u64> {
    let info = livefire_schema::rules::rule(rule)?;
    let counts = matches!(
        info.semantics,
        livefire_schema::alert::Semantics::Count | livefire_schema::alert::Semantics::Distinct
    );
    if !counts || rule == "H3" {
        return None;
    }
    let written = results.parameter(&format!("{rule}.threshold"));
    let threshold = written
        .and_then(|text| text.parse().ok())
        .unwrap_or(info.threshold);
    (threshold >= 2).then_some(threshold)
}

fn window(results: &Results, rule: &str) -> Option<TimeSpan> {
    let info = livefire_schema::rules::rule(rule)?;
    let written = results.parameter(&format!("{rule}.window"));
    let window = written.and_then(TimeSpan::parse).unwrap_or(info.window);
    (window > TimeSpan::ZERO).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_hours_leave_out_the_weekend() {
        // 2026-03-06 was a Friday.
        let start = EventTime::parse("2026-03-06T00:00:00Z").expect("is a time");
        let open = office_hours(start, 24.0 * 4.0 - 1.0);
        assert_eq!(open, [(8.0, 16.0), (80.0, 88.0)]);
    }
}
