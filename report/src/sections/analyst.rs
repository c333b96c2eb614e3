//! The analyst workbook: accounts over time by status, their sessions, and prompts by hash.

use super::executive::{STATUSES, by_status, columns, stack};
use super::left_out;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::plot::{Axis, Plot, round_ticks};
use crate::results::Results;
use crate::summary::{Activity, Session, Summary};

/// Accounts with a plot of their own.
const PLOTTED: usize = 12;

pub(super) fn section(results: &Results) -> Section {
    let title = "Analyst";
    let Some(summary) = &results.summary else {
        return left_out("analyst", title, super::NO_SUMMARY);
    };
    let mut section = Section::new("analyst", title);
    section.note(
        "Accounts in the foreground: the acting ones of campaigns (known from the truth, not from \
         the log), those with most failures, and those with most requests.",
    );
    for activity in summary.activities.iter().take(PLOTTED) {
        if !activity.hours.is_empty() {
            section.push(timeline(activity));
        }
    }
    if summary.activities.len() > PLOTTED {
        section.note(format!(
            "{PLOTTED} of {} accounts are drawn; the tables hold them all.",
            summary.activities.len()
        ));
    }
    section.push(sessions(summary));
    section.push(durations(summary));
    section.push(prompts(summary));
    section
}

fn timeline(activity: &Activity) -> Plot {
    let (columns, width) = columns(&activity.hours);
    let most = columns
        .values()
        .map(crate::summary::StatusCounts::total)
        .max()
        .unwrap_or(1);
    let start = activity.hours[0].start;
    let last = activity.hours.last().map_or(start, |hour| hour.start);
    let start = start.bin(width);
    let hours = super::campaigns::hours_since(start, last.saturating_add(width)).max(1.0);
    let ticks = round_ticks(most as f64);
    let top = ticks.last().copied().unwrap_or(1.0);
    let actor = if activity.is_campaign_actor {
        " (acts in a campaign)"
    } else {
        ""
    };
    let title = format!("Activity of {}{actor}", activity.user);
    let unit = format!("requests in {width}");
    let (mut plot, x, y) = Plot::new(
        &title,
        170.0,
        0.0,
        ("UTC", Axis::linear(0.0, hours)),
        (&unit, Axis::linear(0.0, top)),
    );
    plot.x_ticks(&x, super::campaigns::days(start, hours));
    let few = ticks.iter().step_by(2).copied();
    plot.y_ticks(&y, few.map(|at| (at, format!("{at}"))));
    for (time, counts) in &columns {
        let at = super::campaigns::hours_since(start, *time);
        let end = super::campaigns::hours_since(start, time.saturating_add(width));
        stack(
            &mut plot,
            &y,
            (x.at(at), x.at(end)),
            *counts,
            &format::minute(*time),
        );
    }
    for (class, label) in STATUSES {
        plot.legend(class, label);
    }
    let [passed, blocked, limited, failed] = by_status(activity.counts);
    plot.described(format!(
        "{passed} passed, {blocked} blocked, {limited} rate limited, {failed} failed otherwise, in {}.",
        format::counted(activity.sessions.len(), "session")
    ))
}

fn length(session: &Session) -> f64 {
    (session.last - session.first).seconds_f64()
}

fn sessions(summary: &Summary) -> Table {
    let columns = [
        "session",
        "user",
        "from",
        "#lasted",
        "#requests",
        "#passed",
        "#blocked",
        "#rate limited",
        "#failed",
    ];
    let table = Table::new("Sessions of these accounts: length and failures", &columns);
    let mut all: Vec<(&Activity, &Session)> = summary
        .activities
        .iter()
        .flat_map(|activity| {
            activity
                .sessions
                .iter()
                .map(move |session| (activity, session))
        })
        .collect();
    all.sort_by_key(|(_, session)| {
        (
            std::cmp::Reverse(session.counts.not_passed()),
            session.first,
        )
    });
    let rows = all.into_iter().map(|(activity, session)| {
        let mut cells = vec![
            Cell::sample(&session.id),
            Cell::sample(&activity.user),
            Cell::text(format::minute(session.first)),
            Cell::sorted(format::span(length(session)), length(session)),
            Cell::count(session.counts.total()),
        ];
        cells.extend(by_status(session.counts).map(Cell::count));
        cells
    });
    let mut table = table.with(rows.collect(), "summary.json");
    let dropped: u64 = summary
        .activities
        .iter()
        .map(|activity| activity.sessions_dropped)
        .sum();
    if dropped > 0 {
        let text = format!(
            "{} more sessions were not kept; those with failures were.",
            format::grouped(dropped)
        );
        table.cut = format!("{} {text}", table.cut).trim_start().to_owned();
    }
    table
}

/// How long sessions last, in steps that people think in.
fn durations(summary: &Summary) -> Table {
    const STEPS: [(f64, &str); 6] = [
        (60.0, "under 1 min"),
        (300.0, "1 to 5 min"),
        (900.0, "5 to 15 min"),
        (3600.0, "15 min to 1 h"),
        (14_400.0, "1 to 4 h"),
        (f64::INFINITY, "4 h and more"),
    ];
    let mut table = Table::new(
        "How long these sessions last",
        &["lasted", "#sessions", "#with a failure", "#requests"],
    );
    let mut below = 0.0;
    for (order, (end, label)) in STEPS.iter().enumerate() {
        let sessions = summary
            .activities
            .iter()
            .flat_map(|activity| &activity.sessions);
        let own: Vec<&Session> = sessions
            .filter(|session| (below..*end).contains(&length(session)))
            .collect();
        let failing = own.iter().filter(|session| session.counts.not_passed() > 0);
        table.rows.push(vec![
            Cell::sorted(*label, order as f64),
            Cell::count(own.len() as u64),
            Cell::count(failing.count() as u64),
            Cell::count(own.iter().map(|session| session.counts.total()).sum()),
        ]);
        below = *end;
    }
    table
}

fn prompts(summary: &Summary) -> Table {
    let columns = [
        "prompt hash",
        "beginning",
        "#requests",
        "#blocked",
        "#users",
        "first",
        "last",
    ];
    let mut table = Table::new("Prompts sent most often", &columns);
    for prompt in &summary.prompts {
        let more = if prompt.users >= prompt.users_counted_to {
            " or more"
        } else {
            ""
        };
        table.rows.push(vec![
            Cell::sample(&prompt.hash),
            Cell::sample(&prompt.sample),
            Cell::count(prompt.counts.total()),
            Cell::count(prompt.counts.blocked),
            Cell::sorted(format!("{}{more}", prompt.users), prompt.users as f64),
            Cell::text(format::minute(prompt.first)),
            Cell::text(format::minute(prompt.last)),
        ]);
    }
    let misses = summary
        .prompts
        .iter()
        .map(|prompt| prompt.may_miss)
        .max()
        .unwrap_or(0);
    if misses > 0 {
        table.cut =
            format!("More prompts than are kept: a count may miss up to {misses} requests.");
    }
    table
}
