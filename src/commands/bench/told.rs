//! A benchmark as a table, and its comparison with an earlier one.

use livefire_harness::bench::{Spread, Taken, against, change, median};
use serde::{Deserialize, Serialize};

use super::{Measured, Report};
use crate::output;
use crate::verdict::grouped;

/// How a detector changed.
#[derive(Serialize, Deserialize, Debug)]
pub(super) struct Change {
    name: String,
    /// Cost in parses of the same bytes: now / earlier.
    cost: Option<Spread>,
    /// Peak memory: now / earlier.
    peak: Option<Spread>,
    /// Whether it catches and raises what it did.
    same_results: bool,
}

/// Compares detectors that both results have.
pub(super) fn changes(now: &Report, earlier: &Report) -> Vec<Change> {
    let pairs = now.detectors.iter().filter_map(|own| {
        let old = earlier.detectors.iter().find(|old| old.name == own.name)?;
        Some((own, old))
    });
    let compared = pairs.map(|(own, old)| Change {
        name: own.name.clone(),
        cost: change(
            &against(&own.runs, &now.parse),
            &against(&old.runs, &earlier.parse),
        ),
        peak: change(&peaks(&own.runs), &peaks(&old.runs)),
        same_results: (own.alerts, own.caught) == (old.alerts, old.caught),
    });
    compared.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory in bytes is far below 2^53"
)]
fn peaks(runs: &[Taken]) -> Vec<f64> {
    let peaks = runs.iter().filter_map(|run| run.peak_bytes);
    peaks.map(|peak| peak as f64).collect()
}

/// The whole for people.
pub(super) fn text(report: &Report) -> String {
    let log = &report.log;
    let mut text = format!(
        "{} · {} rows, {} · medians of {} runs, interleaved\n\n",
        report.subject,
        grouped(log.rows),
        size(log.bytes),
        report.repeat
    );
    let parse = Measured {
        name: "bare parse".to_owned(),
        runs: report.parse.clone(),
        alerts: 0,
        repeatable: true,
        caught: None,
        precision: None,
    };
    let header = [
        "",
        "rows/s",
        "bytes/s",
        "CPU s",
        "× parse",
        "own CPU s",
        "peak",
        "alerts",
        "caught",
        "precision",
    ];
    let mut rows = vec![row(&parse, report, true)];
    rows.extend(report.detectors.iter().map(|own| row(own, report, false)));
    text.push_str(&output::table(&header, &rows, &[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    text.push_str(
        "\n× parse: CPU time in parses of the same bytes, with the range of four fifths of the runs\n\
         own CPU s: what lies above the bare parse; of a rule alone, its cost with what it reads\n",
    );
    for own in report.detectors.iter().filter(|own| !own.repeatable) {
        text.push_str(&format!(
            "{}: its alerts differ from run to run; the first run's are scored\n",
            own.name
        ));
    }
    if let Some(changes) = &report.changes {
        text.push_str("\nagainst the earlier result, 1.00 is no change:\n");
        let rows: Vec<Vec<String>> = changes.iter().map(change_row).collect();
        let header = ["", "cost in parses", "peak", "results"];
        text.push_str(&output::table(&header, &rows, &[1, 2]));
    }
    text
}

fn row(own: &Measured, report: &Report, is_parse: bool) -> Vec<String> {
    let wall = median(own.runs.iter().map(|run| run.wall_seconds));
    let cpu = median(own.runs.iter().map(Taken::cost));
    let parse = median(report.parse.iter().map(Taken::cost));
    let peak = median(peaks(&own.runs).into_iter());
    let ratio = Spread::of(against(&own.runs, &report.parse));
    let undefined = || "–".to_owned();
    let unless_parse = |text: String| if is_parse { String::new() } else { text };
    let above = cpu.zip(parse).map(|(cpu, parse)| (cpu - parse).max(0.0));
    vec![
        own.name.clone(),
        wall.map_or_else(undefined, |wall| grouped(per_second(report.log.rows, wall))),
        wall.map_or_else(undefined, |wall| size(per_second(report.log.bytes, wall))),
        cpu.map_or_else(undefined, |cpu| format!("{cpu:.2}")),
        unless_parse(ratio.map_or_else(undefined, spread)),
        unless_parse(above.map_or_else(undefined, |above| format!("{above:.2}"))),
        peak.map_or_else(undefined, |peak| size(whole(peak))),
        unless_parse(grouped(own.alerts)),
        unless_parse(
            own.caught
                .map_or_else(undefined, |(caught, of)| format!("{caught}/{of}")),
        ),
        unless_parse(
            own.precision
                .map_or_else(undefined, |share| format!("{share:.2}")),
        ),
    ]
}

fn change_row(change: &Change) -> Vec<String> {
    let undefined = || "–".to_owned();
    let results = if change.same_results {
        "the same"
    } else {
        "others"
    };
    vec![
        change.name.clone(),
        change.cost.map_or_else(undefined, spread),
        change.peak.map_or_else(undefined, spread),
        results.to_owned(),
    ]
}

fn spread(spread: Spread) -> String {
    format!(
        "{:.2} ({:.2}–{:.2})",
        spread.median, spread.low, spread.high
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rows and bytes of a log are far below 2^53"
)]
fn per_second(number: u64, seconds: f64) -> u64 {
    whole(number as f64 / seconds.max(1e-9))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and sizes are positive and far below 2^63"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// `12.3 MB`.
fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_place_after_the_point() {
        assert_eq!(
            [999, 1_250, 12_345_678, 3_000_000_000].map(size),
            ["999 B", "1.2 kB", "12.3 MB", "3.0 GB"]
        );
    }
}
