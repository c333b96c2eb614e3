//! The verdict as a person reads it: what was caught and how soon, what was missed and why, what
//! was false and why, and what to do next.

mod block;
mod expected;
mod falses;
mod format;
mod misses;
mod rules;

use std::collections::BTreeMap;

use livefire_scorer::score::report::{ScoreReport, Target};

use self::block::block;
pub(crate) use self::expected::{ExpectedRow, rows as expected_rows};
pub(crate) use self::format::{grouped, rate, seconds_text, share, two_digits};
pub(crate) use self::misses::{reason_text, rules_that_slept, why_missed};
pub(crate) use self::rules::label as rule_label;

/// Campaigns that a line names.
const NAMED: usize = 4;

/// What stands above the table, besides what the report knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heading {
    /// Users of the population.
    pub(crate) users: Option<u32>,
    /// Days of log before the scored interval.
    pub(crate) baseline_days: Option<f64>,
    /// Rows read.
    pub(crate) rows: Option<u64>,
    /// Wall-clock time of the pass.
    pub(crate) seconds: Option<f64>,
}

/// The whole verdict; `title` gives a kind's title.
pub(crate) fn text(
    report: &ScoreReport,
    heading: &Heading,
    title: &dyn Fn(&str) -> String,
) -> String {
    let mut text = headline(report, heading);
    text.push_str("\n\n");
    text.push_str(&rules::table(report));
    text.push('\n');
    text.push_str(&rules::precision(report));
    text.push('\n');
    let blocks = [
        misses::missed(report),
        misses::slept(report),
        misses::stages(report),
        falses::false_incidents(report, title),
        vec![targets(report)],
        remarks(report),
        left_out(report),
    ];
    for line in blocks.iter().flatten() {
        text.push_str(line);
    }
    text
}

/// What a run around one kind says: expected and found instead of the table of rules.
pub(crate) fn text_of_kind(
    report: &ScoreReport,
    heading: &Heading,
    expected: &[ExpectedRow],
    title: &dyn Fn(&str) -> String,
) -> String {
    let mut text = headline(report, heading);
    text.push_str("\n\n");
    text.push_str(&expected::table(expected));
    text.push('\n');
    let blocks = [
        misses::missed(report),
        misses::slept(report),
        misses::stages(report),
        falses::false_incidents(report, title),
        remarks(report),
        left_out(report),
    ];
    for line in blocks.iter().flatten() {
        text.push_str(line);
    }
    text
}

fn headline(report: &ScoreReport, heading: &Heading) -> String {
    let mut parts = vec![report.scenario.clone()];
    if let Some(seed) = report.seed {
        parts.push(format!("seed {seed}"));
    }
    let scored = report.headline.scored_days;
    parts.push(match heading.baseline_days {
        Some(baseline) => format!(
            "{} days, {} of them baseline",
            two_digits(scored + baseline),
            two_digits(baseline)
        ),
        None => format!("{} scored days", two_digits(scored)),
    });
    if let Some(users) = heading.users {
        parts.push(format!("{} users", grouped(u64::from(users))));
    }
    match (heading.rows, heading.seconds) {
        (Some(rows), Some(seconds)) => {
            parts.push(format!("{} rows in {seconds:.1} s", grouped(rows)));
        }
        (Some(rows), None) => parts.push(format!("{} rows", grouped(rows))),
        _ => {}
    }
    parts.join(" · ")
}

fn targets(report: &ScoreReport) -> String {
    let texts: Vec<String> = report
        .targets
        .iter()
        .map(|target| target_text(target, report))
        .collect();
    format!("{:<10}{}\n", "targets", texts.join("   "))
}

fn target_text(target: &Target, report: &ScoreReport) -> String {
    let is_time = target.name == "MTTD";
    let measured = match target.measured.reason() {
        Some(reason) => format!("undefined ({reason})"),
        None if is_time => seconds_text(target.measured),
        None => format!("{:.2} %", target.measured.value().unwrap_or(0.0) * 100.0),
    };
    let mark = match target.met {
        Some(true) => " ✓",
        Some(false) => " ✗",
        None => "",
    };
    let headline = &report.headline;
    let beside = if is_time && target.measured.reason().is_none() {
        format!(
            " (of the {}/{} detected; with misses, up to {}: {})",
            headline.detected,
            headline.campaigns,
            report.options.tau,
            seconds_text(headline.restricted_mean_time_to_detect)
        )
    } else {
        String::new()
    };
    format!(
        "{} {}: {measured}{mark}{beside}",
        target.name, target.wanted
    )
}

/// What qualifies the figures, where there is any of it.
fn remarks(report: &ScoreReport) -> Vec<String> {
    let counts = &report.headline.counts;
    let log = report.scored;
    let hidden = report.masked.as_ref();
    let hidden = hidden.map_or(0, |hidden| u64::try_from(hidden.len()).unwrap_or(u64::MAX));
    let outside = format!(
        "alerts nowhere near the log, whose scored part is {} to {}: not scored",
        log.start, log.end
    );
    let counted = [
        (counts.outside_log, outside.as_str()),
        (
            counts.collateral,
            "alerts on attackers' harmless rows only (collateral)",
        ),
        (
            counts.by_world,
            "alerts judged by the world without attacks only",
        ),
        (
            counts.overlap_only,
            "alerts that their evidence cannot judge: in no figure",
        ),
        (counts.suppressed, "alerts suppressed"),
        (
            counts.early,
            "campaigns seen before their first hostile event",
        ),
        (counts.cut, "campaigns cut by the end of the log"),
        (
            counts.censored,
            "missed campaigns that end too near the log's end to count as never caught",
        ),
        (hidden, "benign alerts hidden by an attack"),
    ];
    let mut rows: Vec<Vec<String>> = counted
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| vec![number.to_string(), (*what).to_owned()])
        .collect();
    if report.masked.is_none() {
        let what = "benign alerts hidden by an attack: these alerts alone cannot tell";
        rows.push(vec!["?".to_owned(), what.to_owned()]);
    }
    block("remarks", &rows, "metrics.json")
}

/// Expected rules that did not run, with the campaigns that expect them.
fn left_out(report: &ScoreReport) -> Vec<String> {
    let mut rules: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for left in &report.left_out {
        let campaigns = rules.entry(left.rule.to_string()).or_default();
        campaigns.push(&left.campaign);
    }
    let row = |(rule, campaigns): (String, Vec<&str>)| {
        let named = campaigns.iter().take(NAMED).copied();
        let mut names = named.collect::<Vec<_>>().join(", ");
        if campaigns.len() > NAMED {
            names.push_str(&format!(" and {} more", campaigns.len() - NAMED));
        }
        vec![rule, format!("expected by {names}, but not loaded")]
    };
    let rows: Vec<Vec<String>> = rules.into_iter().map(row).collect();
    block("left out", &rows, "metrics.json")
}
