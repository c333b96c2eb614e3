//! The campaigns in time: stages, first evidence and first alert; the parts of each time to detect.

use livefire_schema::time::EventTime;
use livefire_scorer::score::report::{CampaignRow, PartSeconds};

use super::{Inputs, rule_form};
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::plot::{Axis, Plot, Scale};
use crate::results::Results;

/// Campaigns in a plot; the table holds the others too.
const DRAWN: usize = 60;
/// Height of a campaign's row.
const ROW: f64 = 20.0;
/// Room for campaigns' names.
const NAMES: f64 = 136.0;
/// Stages' classes, in turn.
const STAGES: [&str; 6] = [
    "stage-1", "stage-2", "stage-3", "stage-4", "stage-5", "stage-6",
];

pub(super) fn section(inputs: &Inputs<'_>) -> Section {
    let results = inputs.results;
    let rows = &results.score.campaigns;
    if rows.is_empty() {
        return super::left_out("campaigns", "Campaigns", "the log holds no campaign.");
    }
    let mut section = Section::new("campaigns", "Campaigns in time");
    let mut drawn: Vec<&CampaignRow> = rows.iter().collect();
    drawn.sort_by(|a, b| (a.t0, &a.id).cmp(&(b.t0, &b.id)));
    if drawn.len() > DRAWN {
        section.note(format!(
            "The plots show the first {DRAWN} of {} campaigns by time; the table names them all.",
            drawn.len()
        ));
        drawn.truncate(DRAWN);
    }
    section.push(gantt(results, &drawn));
    section.push(parts(&drawn));
    section.push(table(inputs));
    section
}

/// One row a campaign over the time of the log.
fn gantt(results: &Results, rows: &[&CampaignRow]) -> Plot {
    let (start, end) = extent(results, rows);
    let height = Plot::height_of_rows(rows.len(), ROW);
    let hours = hours_since(start, end).max(1.0);
    let (mut plot, x, y) = Plot::new(
        "Campaign timeline",
        height,
        NAMES,
        ("UTC", Axis::linear(0.0, hours)),
        ("", Axis::linear(rows.len() as f64, 0.0)),
    );
    plot.x_ticks(&x, days(start, hours));
    let middle = |index: usize| index as f64 + 0.5;
    let names = rows.iter().enumerate();
    plot.y_ticks(
        &y,
        names.map(|(index, row)| (middle(index), format::shortened(&row.id, 26))),
    );
    for (index, row) in rows.iter().enumerate() {
        let line = y.at(middle(index));
        let across = |time: EventTime| x.at(hours_since(start, time));
        for (number, stage) in row.stages.iter().enumerate() {
            let class = STAGES[number % STAGES.len()];
            let from = (across(stage.first) - 1.0, line - 6.0);
            let to = (across(stage.last) + 1.0, line + 6.0);
            let title = format!(
                "{}: stage {}, {} to {}, {} events",
                row.id,
                stage.name,
                format::minute(stage.first),
                format::minute(stage.last),
                stage.events
            );
            plot.bar(from, to, class, title);
        }
        mark_detection(&mut plot, results, row, &across, line);
    }
    for (number, class) in STAGES.iter().enumerate().take(most_stages(rows)) {
        plot.legend(class, format!("stage {}", number + 1));
    }
    plot.legend("evidence", "first evidence of the alert");
    plot.legend("alert", "first alert that counts");
    plot.legend("miss", "never caught");
    let caught = rows.iter().filter(|row| row.detected).count();
    plot.described(format!(
        "{} from {} to {}: {caught} caught. Stages, first evidence and first alert of each; the \
         figures are in the table below.",
        format::counted(rows.len(), "campaign"),
        format::minute(start),
        format::minute(end)
    ))
}

fn mark_detection(
    plot: &mut Plot,
    results: &Results,
    row: &CampaignRow,
    across: &dyn Fn(EventTime) -> f64,
    line: f64,
) {
    let Some(first) = &row.first else {
        plot.label((across(row.t_end) + 5.0, line + 4.0), "✗ missed", "miss");
        return;
    };
    let sample = results.alert(&first.alert);
    if let Some(evidence) = sample.and_then(|alert| alert.evidence.first()) {
        let x = across(evidence.time);
        plot.rule((x, line - 8.0), (x, line + 8.0), "evidence");
    }
    let title = format!(
        "{}: caught by {} at {}, {} after its first hostile event",
        row.id,
        rule_form(&first.rule, first.mode),
        format::minute(first.raised),
        format::seconds(first.time_to_detect)
    );
    plot.dot((across(first.raised), line), 4.5, "alert", title);
}

fn most_stages(rows: &[&CampaignRow]) -> usize {
    let most = rows.iter().map(|row| row.stages.len()).max();
    most.unwrap_or(0)
}

/// From the first event or the scored interval's start to the last event or alert.
fn extent(results: &Results, rows: &[&CampaignRow]) -> (EventTime, EventTime) {
    let scored = results.score.scored;
    let firsts = rows
        .iter()
        .flat_map(|row| row.stages.iter().map(|stage| stage.first));
    let lasts = rows.iter().flat_map(|row| {
        let stages = row.stages.iter().map(|stage| stage.last);
        stages.chain(row.first.iter().map(|first| first.raised))
    });
    let start = firsts.chain([scored.start]).min().unwrap_or(scored.start);
    let end = lasts.chain([scored.end]).max().unwrap_or(scored.end);
    (start, end)
}

pub(super) fn hours_since(start: EventTime, time: EventTime) -> f64 {
    (time - start).seconds_f64() / 3600.0
}

/// Ticks at midnights, at most ten of them, or every few hours of a short log.
pub(super) fn days(start: EventTime, hours: f64) -> Vec<(f64, String)> {
    use livefire_schema::time::TimeSpan;
    let steps = [1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688];
    let step = steps
        .into_iter()
        .find(|step| hours / f64::from(*step) <= 10.0);
    let step = step.unwrap_or(5376);
    let width = TimeSpan::from_hours(i64::from(step));
    let mut time = start.bin(TimeSpan::from_days(1));
    let mut ticks = Vec::new();
    loop {
        let at = hours_since(start, time);
        if at > hours {
            return ticks;
        }
        if at >= 0.0 {
            // Short labels stand beside one another: the day at midnight, else the hour.
            let (day, minute) = (format::day(time), format::minute(time));
            let label = if minute.ends_with("00:00") {
                day.get(5..)
            } else {
                minute.get(11..)
            };
            ticks.push((at, label.unwrap_or_default().to_owned()));
        }
        time = time.saturating_add(width);
    }
}

/// How each time to detect is made up, on a scale of ratios.
fn parts(rows: &[&CampaignRow]) -> Plot {
    let caught: Vec<(&CampaignRow, PartSeconds)> = rows
        .iter()
        .filter_map(|row| Some((*row, row.first.as_ref()?.parts?)))
        .collect();
    let height = Plot::height_of_rows(caught.len().max(1), ROW);
    let most = caught
        .iter()
        .filter_map(|(row, _)| row.time_to_detect.finite())
        .fold(3600.0, f64::max);
    let (mut plot, x, y) = Plot::new(
        "What each time to detect is made of",
        height,
        NAMES,
        (
            "since the first hostile event (ratio scale)",
            Axis::logarithmic(1.0, most),
        ),
        ("", Axis::linear(caught.len().max(1) as f64, 0.0)),
    );
    plot.x_ticks(&x, time_ticks(1.0, most));
    let names = caught.iter().enumerate();
    plot.y_ticks(
        &y,
        names.map(|(index, (row, _))| (index as f64 + 0.5, format::shortened(&row.id, 26))),
    );
    for (index, (row, parts)) in caught.iter().enumerate() {
        draw_parts(&mut plot, &x, y.at(index as f64 + 0.5), row, *parts);
    }
    for (class, label) in PARTS {
        plot.legend(class, label);
    }
    if 900.0 < most {
        plot.vertical(x.at(900.0), "15 min", "target");
    }
    plot.described(
        "For each caught campaign the time until enough events had happened, until they were \
         ingested, until the rule ran, and until it was done; the figures are in the table below.",
    )
}

const PARTS: [(&str, &str); 4] = [
    ("part-1", "accumulate: threshold, key, window"),
    ("part-2", "ingestion: connector, pipeline"),
    ("part-3", "schedule wait: period, offset"),
    ("part-4", "run: query cost"),
];

fn draw_parts(plot: &mut Plot, x: &Scale, line: f64, row: &CampaignRow, parts: PartSeconds) {
    let seconds = [
        parts.accumulate,
        parts.ingestion,
        parts.schedule_wait,
        parts.run,
    ];
    let mut from = 0.0;
    for ((class, label), part) in PARTS.iter().zip(seconds) {
        let to = from + part;
        if x.at(to) > x.at(from) {
            let title = format!("{}: {label}: {}", row.id, format::span(part));
            plot.bar(
                (x.at(from), line - 6.0),
                (x.at(to), line + 6.0),
                class,
                title,
            );
        }
        from = to;
    }
}

/// Ticks for durations on a scale of ratios.
pub(super) fn time_ticks(from: f64, to: f64) -> Vec<(f64, String)> {
    let known = [
        (1.0, "1 s"),
        (10.0, "10 s"),
        (60.0, "1 min"),
        (300.0, "5 min"),
        (3600.0, "1 h"),
        (6.0 * 3600.0, "6 h"),
        (86_400.0, "1 d"),
        (604_800.0, "7 d"),
        (2_592_000.0, "30 d"),
    ];
    let inside = known.iter().filter(|(at, _)| (from..=to).contains(at));
    inside
        .map(|(at, label)| (*at, (*label).to_owned()))
        .collect()
}

fn table(inputs: &Inputs<'_>) -> Table {
    let columns = [
        "campaign",
        "kind",
        "first hostile event",
        "#lasted",
        "first caught by",
        "#time to detect",
        "#accumulate",
        "#ingestion",
        "#wait",
        "#run",
        "stages seen",
        "missed because",
    ];
    let table = Table::new("Campaigns: caught or missed, and why", &columns);
    let rows = inputs.results.score.campaigns.iter();
    let rows = rows.map(|row| campaign(inputs, row)).collect();
    table.with(rows, "campaigns.csv")
}

fn campaign(inputs: &Inputs<'_>, row: &CampaignRow) -> Vec<Cell> {
    let lasted = (row.t_end - row.t0).seconds_f64();
    let first = row.first.as_ref();
    let mut cells = vec![
        Cell::text(&row.id),
        Cell::text(inputs.results.title(&row.kind)),
        Cell::text(format::minute(row.t0)),
        Cell::sorted(format::span(lasted), lasted),
    ];
    match first {
        Some(first) => cells.push(Cell::text(rule_form(&first.rule, first.mode)).class("good")),
        None => cells.push(Cell::text("missed").class("bad")),
    }
    cells.push(Cell::measure(
        format::seconds(row.time_to_detect),
        row.time_to_detect,
    ));
    let parts = first.and_then(|first| first.parts);
    let of = |part: fn(PartSeconds) -> f64| {
        parts.map_or_else(Cell::default, |parts| {
            Cell::sorted(format::span(part(parts)), part(parts))
        })
    };
    cells.extend([
        of(|parts| parts.accumulate),
        of(|parts| parts.ingestion),
        of(|parts| parts.schedule_wait),
        of(|parts| parts.run),
    ]);
    cells.push(Cell::text(stages_seen(row)));
    let mut why = Vec::new();
    if !row.detected {
        why.push((inputs.why_missed)(row));
    }
    let slept = (inputs.rules_that_slept)(row);
    if row.detected && !slept.is_empty() {
        why.push(format!("unseen by {slept}"));
    }
    cells.push(Cell::text(why.join("; ")));
    cells
}

/// `2 of 3: enter, exfiltrate`.
fn stages_seen(row: &CampaignRow) -> String {
    let seen: Vec<&str> = row
        .stages_seen
        .iter()
        .map(|stage| stage.stage.as_str())
        .collect();
    let count = format!("{} of {}", seen.len(), row.stages.len());
    if seen.is_empty() {
        count
    } else {
        format!("{count}: {}", seen.join(", "))
    }
}
