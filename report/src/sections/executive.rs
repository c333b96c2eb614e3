//! The executive workbook: tiles, pass and fail over time, top users and applications, geography.

use std::collections::BTreeMap;

use livefire_schema::time::{EventTime, TimeSpan};

use super::left_out;
use crate::document::{Cell, Section, Table, Tile};
use crate::format;
use crate::plot::{Axis, Plot, Scale, round_ticks};
use crate::results::Results;
use crate::summary::{Hour, PlaceCounts, Ranked, StatusCounts, Summary};

/// Columns of the trend at most.
const COLUMNS: usize = 120;

pub(super) fn section(results: &Results) -> Section {
    let title = "Executive";
    let Some(summary) = &results.summary else {
        return left_out("executive", title, super::NO_SUMMARY);
    };
    let mut section = Section::new("executive", title);
    section.note(
        "Requests of the application log over the whole log, baseline days and attacks included; a \
         row delivered twice counts twice.",
    );
    section.tiles(tiles(results, summary));
    if !summary.hours.is_empty() {
        section.push(trend(&summary.hours));
    }
    section.push(ranking("Top users by requests", "user", &summary.users));
    section.push(ranking(
        "Top users by requests that did not pass",
        "user",
        &summary.failing_users,
    ));
    section.push(ranking(
        "Top applications",
        "application",
        &summary.applications,
    ));
    if summary.places.is_empty() {
        section.note("Where requests come from: left out, no place is known for any address.");
    } else {
        section.push(map(&summary.places));
        section.push(countries(summary));
    }
    section
}

fn tiles(results: &Results, summary: &Summary) -> Vec<Tile> {
    let counts = summary.requests;
    let incidents = results.score.incidents.iter();
    let models = incidents.filter(|incident| incident.rule == "R6").count();
    let headline = &results.score.headline;
    let mut tiles = vec![
        Tile::new(
            "Requests",
            format::grouped(counts.total()),
            "application log",
        ),
        Tile::new(
            "Success rate",
            format::percent_of(counts.passed, counts.total()),
            format!("{} failed otherwise", format::grouped(counts.failed)),
        ),
        Tile::new(
            "Blocked threats",
            format::grouped(counts.blocked),
            format!(
                "{} of requests",
                format::percent_of(counts.blocked, counts.total())
            ),
        ),
        Tile::new(
            "Rate-limit violations",
            format::grouped(counts.rate_limited),
            format!(
                "{} in the service's diagnostics",
                format::grouped(summary.service_rate_limited)
            ),
        ),
        Tile::new(
            "Model security",
            models.to_string(),
            "incidents of flagged models in use (R6)",
        ),
    ];
    for target in &results.score.targets {
        let value = if target.name == "MTTD" {
            format::seconds(target.measured)
        } else {
            format::percent(target.measured)
        };
        tiles.push(
            Tile::new(&target.name, value, format!("target {}", target.wanted)).judged(target.met),
        );
    }
    let done = super::operations::response_with_one(results);
    tiles.push(
        Tile::new(
            "MTTR",
            format::seconds(done),
            "target < 4 h; one analyst around the clock, assumed",
        )
        .judged(done.at_most(4.0 * 3600.0)),
    );
    let false_rate = format!(
        "{} false incidents a day",
        format::rate(headline.false_per_day.rate)
    );
    tiles.push(Tile::new(
        "Alerts",
        format::grouped(headline.counts.alerts),
        false_rate,
    ));
    tiles
}

/// Statuses in the order in which they are stacked.
pub(super) const STATUSES: [(&str, &str); 4] = [
    ("passed", "passed"),
    ("blocked", "blocked by the security check"),
    ("limited", "rate limited"),
    ("failed", "failed otherwise"),
];

/// Counts in the order of [`STATUSES`].
pub(super) fn by_status(counts: StatusCounts) -> [u64; 4] {
    [
        counts.passed,
        counts.blocked,
        counts.rate_limited,
        counts.failed,
    ]
}

/// Hours joined to at most [`COLUMNS`] columns, and the width of one.
pub(super) fn columns(hours: &[Hour]) -> (BTreeMap<EventTime, StatusCounts>, TimeSpan) {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else {
        return (BTreeMap::new(), TimeSpan::from_hours(1));
    };
    let span = (last.start - first.start).seconds_f64() / 3600.0 + 1.0;
    let steps = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336];
    let width = steps
        .into_iter()
        .find(|step| span / (*step as f64) <= COLUMNS as f64);
    let width = TimeSpan::from_hours(width.unwrap_or(1008));
    let mut columns: BTreeMap<EventTime, StatusCounts> = BTreeMap::new();
    for hour in hours {
        columns
            .entry(hour.start.bin(width))
            .or_default()
            .add_all(hour.counts);
    }
    (columns, width)
}

fn trend(hours: &[Hour]) -> Plot {
    let (columns, width) = columns(hours);
    let most = columns.values().map(StatusCounts::total).max().unwrap_or(1);
    let start = columns.keys().next().copied().unwrap_or(EventTime::MIN);
    let end = columns
        .keys()
        .last()
        .copied()
        .unwrap_or(start)
        .saturating_add(width);
    let hours_all = super::campaigns::hours_since(start, end);
    let ticks = round_ticks(most as f64);
    let top = ticks.last().copied().unwrap_or(1.0);
    let unit = format!("requests in {width}");
    let (mut plot, x, y) = Plot::new(
        "Requests over time by status",
        280.0,
        0.0,
        ("UTC", Axis::linear(0.0, hours_all)),
        (&unit, Axis::linear(0.0, top)),
    );
    plot.x_ticks(&x, super::campaigns::days(start, hours_all));
    plot.y_ticks(&y, ticks.into_iter().map(|at| (at, format!("{at}"))));
    for (time, counts) in &columns {
        let from = x.at(super::campaigns::hours_since(start, *time)) + 0.5;
        let to = x.at(super::campaigns::hours_since(
            start,
            time.saturating_add(width),
        )) - 0.5;
        stack(&mut plot, &y, (from, to), *counts, &format::minute(*time));
    }
    for (class, label) in STATUSES {
        plot.legend(class, label);
    }
    let busiest = columns.iter().max_by_key(|(_, counts)| counts.total());
    let blocked: u64 = columns.values().map(|counts| counts.blocked).sum();
    plot.described(format!(
        "{} blocked in all; busiest from {} with {} requests.",
        format::grouped(blocked),
        busiest.map_or_else(String::new, |(time, _)| format::minute(*time)),
        format::grouped(most)
    ))
}

/// One column: a bar for each status, on top of one another.
pub(super) fn stack(
    plot: &mut Plot,
    y: &Scale,
    (from, to): (f64, f64),
    counts: StatusCounts,
    when: &str,
) {
    let mut below = 0;
    for ((class, label), count) in STATUSES.iter().zip(by_status(counts)) {
        if count > 0 {
            let title = format!("{when}: {} {label}", format::grouped(count));
            let corners = (
                (from, y.at(below as f64)),
                (to, y.at((below + count) as f64)),
            );
            plot.bar(corners.0, corners.1, class, title);
            below += count;
        }
    }
}

fn ranking(caption: &str, what: &str, rows: &[Ranked]) -> Table {
    let has_departments = rows.iter().any(|row| !row.department.is_empty());
    let mut columns = vec![what];
    if has_departments {
        columns.push("department");
    }
    columns.extend([
        "#requests",
        "#passed",
        "#blocked",
        "#rate limited",
        "#failed",
        "#success rate",
    ]);
    let mut table = Table::new(caption, &columns);
    for row in rows {
        let mut cells = vec![Cell::sample(&row.name)];
        if has_departments {
            cells.push(Cell::text(&row.department));
        }
        cells.push(Cell::count(row.counts.total()));
        cells.extend(by_status(row.counts).map(Cell::count));
        cells.push(success(row.counts));
        table.rows.push(cells);
    }
    let misses = rows.iter().map(|row| row.may_miss).max().unwrap_or(0);
    if misses > 0 {
        table.cut = format!("More names than are kept: a count may miss up to {misses} requests.");
    }
    table
}

fn success(counts: StatusCounts) -> Cell {
    let share = counts.passed as f64 / counts.total().max(1) as f64;
    Cell::sorted(format::percent_of(counts.passed, counts.total()), share)
}

/// Places as dots on degrees of longitude and latitude; the area of a dot is its requests.
fn map(places: &[PlaceCounts]) -> Plot {
    let (mut plot, x, y) = Plot::new(
        "Where requests come from",
        430.0,
        0.0,
        ("degrees east", Axis::linear(-180.0, 180.0)),
        ("degrees north", Axis::linear(-60.0, 80.0)),
    );
    let degrees = |from: i32, to: i32, step: usize| {
        let ticks = (from..=to).step_by(step);
        ticks
            .map(|at| (f64::from(at), format!("{at}°")))
            .collect::<Vec<_>>()
    };
    plot.x_ticks(&x, degrees(-180, 180, 60));
    plot.y_ticks(&y, degrees(-60, 80, 20));
    let most = places
        .iter()
        .map(|place| place.counts.total())
        .max()
        .unwrap_or(1);
    for (index, place) in places.iter().enumerate() {
        let total = place.counts.total();
        let share = total as f64 / most.max(1) as f64;
        let radius = 3.0 + 20.0 * libm::sqrt(share);
        let at = (x.at(place.longitude), y.at(place.latitude));
        let is_bad = place.counts.not_passed() * 5 > total;
        let class = if is_bad {
            "place blocked"
        } else {
            "place passed"
        };
        let title = format!(
            "{}, {}: {} requests, {} not passed",
            place.city,
            place.country,
            format::grouped(total),
            format::grouped(place.counts.not_passed())
        );
        plot.dot(at, radius, class, title);
        if index < 12 {
            plot.label((at.0 + radius + 3.0, at.1 + 4.0), &place.city, "label");
        }
    }
    plot.legend("passed", "at most a fifth did not pass");
    plot.legend("blocked", "more than a fifth did not pass");
    plot.described("Cities by longitude and latitude; the figures are in the table below.")
}

fn countries(summary: &Summary) -> Table {
    let columns = [
        "place",
        "country",
        "#requests",
        "#passed",
        "#blocked",
        "#rate limited",
        "#failed",
        "#success rate",
    ];
    let mut table = Table::new("Requests by place", &columns);
    for place in &summary.places {
        let mut cells = vec![
            Cell::text(&place.city),
            Cell::text(&place.country),
            Cell::count(place.counts.total()),
        ];
        cells.extend(by_status(place.counts).map(Cell::count));
        cells.push(success(place.counts));
        table.rows.push(cells);
    }
    if summary.unlocated > 0 {
        table.cut = format!(
            "{} requests come from addresses that no place is known for.",
            format::grouped(summary.unlocated)
        );
    }
    table
}
