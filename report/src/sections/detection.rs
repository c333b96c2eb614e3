//! How long until attacks are caught: the share caught by each time, with what the log's end hides.

use livefire_scorer::Measure;
use livefire_scorer::score::report::FollowUp;
use livefire_scorer::survival::{Subject, Survival};

use super::campaigns::time_ticks;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::plot::{Axis, Plot};
use crate::results::Results;

pub(super) fn section(results: &Results) -> Section {
    let title = "Time to detect";
    let subjects = subjects(results);
    if subjects.is_empty() {
        return super::left_out("detection", title, "the log holds no campaign.");
    }
    let mut section = Section::new("detection", title);
    let survival = Survival::of(&subjects);
    section.push(plot(results, &survival));
    section.push(figures(results));
    section.push(kinds(results));
    section
}

fn subjects(results: &Results) -> Vec<Subject> {
    let rows = results.score.campaigns.iter();
    let subjects = rows.map(|row| match (row.follow_up, row.time_to_detect.finite()) {
        (FollowUp::Detected, Some(seconds)) => Subject::Detected(seconds),
        (FollowUp::Censored { seconds }, _) => Subject::Censored(seconds),
        (FollowUp::Detected | FollowUp::Never, _) => Subject::Never,
    });
    subjects.collect()
}

fn plot(results: &Results, survival: &Survival) -> Plot {
    let headline = &results.score.headline;
    let last = survival.steps().last().map_or(0.0, |step| step.0);
    let most = last.max(results.score.options.tau.seconds_f64()) * 1.1;
    let (mut plot, x, y) = Plot::new(
        "Share of campaigns caught by a time after their first hostile event",
        300.0,
        0.0,
        (
            "since the first hostile event (ratio scale)",
            Axis::logarithmic(1.0, most),
        ),
        ("share caught", Axis::linear(0.0, 1.0)),
    );
    plot.x_ticks(&x, time_ticks(1.0, most));
    plot.y_ticks(
        &y,
        [0.0, 0.25, 0.5, 0.75, 1.0].map(|at| (at, format!("{at}"))),
    );
    let mut points = vec![(x.at(1.0), y.at(0.0))];
    points.extend(
        survival
            .steps()
            .iter()
            .map(|(seconds, left)| (x.at(*seconds), y.at(1.0 - left))),
    );
    let height = points.last().map_or(y.at(0.0), |point| point.1);
    points.push((x.at(most), height));
    plot.steps(&points, "series-1");
    plot.vertical(x.at(900.0), "15 min", "target");
    for (seconds, left) in survival.steps() {
        let title = format!(
            "{:.0} % by {}",
            (1.0 - left) * 100.0,
            format::span(*seconds)
        );
        plot.dot((x.at(*seconds), y.at(1.0 - left)), 3.0, "series-1", title);
    }
    plot.described(format!(
        "Half of the campaigns are caught within {}, nine tenths within {}; within {} the share is \
         {}. The line stays flat where it never reaches 1.",
        format::seconds(headline.p50),
        format::seconds(headline.p90),
        format::span(results.score.options.within.seconds_f64()),
        format::share(headline.recall_within)
    ))
}

fn figures(results: &Results) -> Table {
    let headline = &results.score.headline;
    let options = &results.score.options;
    let mut table = Table::new(
        "Time to detect in figures",
        &["measure", "#value", "what it says"],
    );
    let mut row = |name: String, text: String, measure: Measure, says: &str| {
        let reason = measure
            .reason()
            .map_or(String::new(), |why| format!(" (undefined: {why})"));
        let cells = vec![
            Cell::text(name),
            Cell::measure(text, measure),
            Cell::text(format!("{says}{reason}")),
        ];
        table.rows.push(cells);
    };
    let seconds = format::seconds;
    row(
        "Median".into(),
        seconds(headline.p50),
        headline.p50,
        "half of all campaigns, misses included",
    );
    row(
        "P90".into(),
        seconds(headline.p90),
        headline.p90,
        "∞: more than a tenth was never caught",
    );
    row(
        format!(
            "Caught within {}",
            format::span(options.within.seconds_f64())
        ),
        format::share(headline.recall_within),
        headline.recall_within,
        "share of all campaigns",
    );
    let restricted = headline.restricted_mean_time_to_detect;
    row(
        format!("Mean up to {}", format::span(options.tau.seconds_f64())),
        seconds(restricted),
        restricted,
        "a miss costs the whole of it; finite for every rule set",
    );
    row(
        "MTTD, conditional".into(),
        seconds(headline.mean_detected),
        headline.mean_detected,
        "mean of caught campaigns only: improves when slow ones become misses",
    );
    table
}

fn kinds(results: &Results) -> Table {
    let columns = ["attack", "#campaigns", "#caught", "#recall", "#median"];
    let mut table = Table::new("By kind of attack", &columns);
    for row in &results.score.attacks {
        table.rows.push(vec![
            Cell::text(results.title(&row.kind)),
            Cell::count(row.campaigns),
            Cell::count(row.detected),
            Cell::measure(format::share(row.recall), row.recall),
            Cell::measure(format::seconds(row.p50), row.p50),
        ]);
    }
    table
}
