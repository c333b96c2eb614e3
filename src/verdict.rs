//! The verdict as a person reads it: what was caught and how soon, what was missed and why, what
//! was false and why, and what to do next.

mod format;

use std::collections::{BTreeMap, BTreeSet};

use livefire_schema::alert::Mode;
use livefire_schema::rules::rule;
use livefire_scorer::attribution::FalseClass;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{CampaignRow, IncidentRow, RuleRow, ScoreReport, Target};
use livefire_scorer::{Measure, NearestApproach};

use crate::output;

pub(crate) use self::format::{grouped, seconds_text};
use self::format::{rate, share, two_digits};

/// Lines of each list that are shown; the files have all.
const SHOWN: usize = 12;

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
    text.push_str(&rule_table(report));
    text.push('\n');
    for line in missed(report) {
        text.push_str(&line);
    }
    for line in false_incidents(report, title) {
        text.push_str(&line);
    }
    text.push_str(&targets(report));
    for line in remarks(report) {
        text.push_str(&line);
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

fn rule_table(report: &ScoreReport) -> String {
    let within = seconds_text(Measure::number(report.options.within.seconds_f64()));
    let within = format!("recall@{}", within.replace(' ', ""));
    let header = ["rule", "caught", "false/day", &within, "median", "P90"];
    let (totals, others): (Vec<_>, Vec<_>) = report.rules.iter().partition(|row| row.in_totals);
    let mut rows: Vec<Vec<String>> = totals.iter().map(|row| rule_row(row)).collect();
    rows.push(all_rules(report));
    if !others.is_empty() {
        rows.push(vec!["in no total:".to_owned()]);
        rows.extend(others.iter().map(|row| rule_row(row)));
    }
    for row in &mut rows {
        row.resize(header.len(), String::new());
    }
    let mut text = output::table(&header, &rows, &[1, 2, 3, 4, 5]);
    text.push_str(&undefined(report));
    let headline = &report.headline;
    let interval = &headline.precision_interval;
    let between = match (interval.low.finite(), interval.high.finite()) {
        (Some(low), Some(high)) => format!(" ({low:.2}–{high:.2})"),
        _ => String::new(),
    };
    text.push_str(&format!(
        "\nprecision {}{between}   F1 {}   {} false incidents: {} noise, {} look-alike, {} coincidental\n",
        share(headline.ratios.precision),
        share(headline.ratios.f1),
        headline.false_incidents,
        headline.false_by_class.noise,
        headline.false_by_class.confounder,
        headline.false_by_class.coincidental,
    ));
    text
}

/// Why cells of the table are undefined, if any is.
fn undefined(report: &ScoreReport) -> String {
    let headline = &report.headline;
    let totals = [
        headline.false_per_day.rate,
        headline.recall_within,
        headline.p50,
        headline.p90,
        headline.ratios.precision,
        headline.ratios.f1,
    ];
    let cells = report
        .rules
        .iter()
        .flat_map(|row| [row.false_per_day, row.recall_within, row.p50, row.p90]);
    let reasons: BTreeSet<String> = totals
        .into_iter()
        .chain(cells)
        .filter_map(|cell| cell.reason())
        .map(|reason| reason.to_string().replace('_', " "))
        .collect();
    if reasons.is_empty() {
        return String::new();
    }
    let reasons: Vec<String> = reasons.into_iter().collect();
    format!("– undefined: {}\n", reasons.join("; "))
}

/// A rule as the table names it: `R1 prompt injection`, `R1@app_log`, `R2 content safety, binned`.
fn rule_label(id: &str, mode: Mode) -> String {
    let name = match id.split_once('@') {
        None => rule(id).map_or(String::new(), |info| {
            format!(" {}", info.name.replace('_', " "))
        }),
        Some(_) => String::new(),
    };
    let mode = match mode {
        Mode::Streaming => "",
        Mode::Binned => ", binned",
    };
    format!("{id}{name}{mode}")
}

fn rule_row(row: &RuleRow) -> Vec<String> {
    vec![
        rule_label(&row.rule, row.mode),
        format!("{}/{}", row.caught, row.expected),
        rate(row.false_per_day),
        share(row.recall_within),
        seconds_text(row.p50),
        seconds_text(row.p90),
    ]
}

fn all_rules(report: &ScoreReport) -> Vec<String> {
    let headline = &report.headline;
    vec![
        "all rules".to_owned(),
        format!("{}/{}", headline.detected, headline.campaigns),
        rate(headline.false_per_day.rate),
        share(headline.recall_within),
        seconds_text(headline.p50),
        seconds_text(headline.p90),
    ]
}

/// A block of lines: a heading in the first, spaces in the others, what is left out in the last.
fn block(heading: &str, rows: &[Vec<String>], file: &str) -> Vec<String> {
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len))
        .map(|column| {
            rows.iter()
                .take(SHOWN)
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut lines = Vec::new();
    for (index, row) in rows.iter().take(SHOWN).enumerate() {
        let head = if index == 0 { heading } else { "" };
        let mut line = format!("{head:<10}");
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        lines.push(format!("{}\n", line.trim_end()));
    }
    if rows.len() > SHOWN {
        lines.push(format!(
            "{:10}… {} more in {file}\n",
            "",
            rows.len() - SHOWN
        ));
    }
    lines
}

fn missed(report: &ScoreReport) -> Vec<String> {
    let missed = report.campaigns.iter().filter(|row| !row.detected);
    let rows: Vec<Vec<String>> = missed
        .map(|row| vec![row.id.clone(), row.kind.clone(), why_missed(row)])
        .collect();
    block("missed", &rows, "campaigns.csv")
}

/// Why a campaign was missed, how near its expected rules came, and which other forms saw it.
pub(crate) fn why_missed(row: &CampaignRow) -> String {
    let Some(miss) = &row.miss else {
        return String::new();
    };
    let reason = reason_text(miss.reason);
    // The forms that count: variants and bins are told below, where they saw it.
    let is_default =
        |near: &&NearestApproach| near.mode == Mode::Streaming && !near.rule.contains('@');
    let nearest = miss.nearest.iter().filter(is_default).map(approach_text);
    let nearest: Vec<String> = nearest.collect();
    let mut text = match (&miss.silenced_by, nearest.is_empty()) {
        (Some(alert), _) => format!("{reason} {alert}"),
        (None, true) if miss.reason == MissReason::BelowThreshold => {
            let expected: Vec<String> = row.expected.iter().map(ToString::to_string).collect();
            format!("nothing in it that {} looks for", expected.join(" or "))
        }
        (None, true) => reason.to_owned(),
        // The nearest approach says more than that the threshold was not reached.
        (None, false) if miss.reason == MissReason::BelowThreshold => String::new(),
        (None, false) => format!("{reason}; "),
    };
    text.push_str(&nearest.join("; "));
    let seen: Vec<String> = row
        .forms
        .iter()
        .map(|form| rule_form(&form.rule, form.mode))
        .collect();
    if !seen.is_empty() {
        text.push_str(&format!("; seen by {}", seen.join(", ")));
    }
    text
}

/// `R5@sample`, `R2 binned`.
fn rule_form(rule: &str, mode: Mode) -> String {
    match mode {
        Mode::Streaming => rule.to_owned(),
        Mode::Binned => format!("{rule} binned"),
    }
}

fn reason_text(reason: MissReason) -> &'static str {
    match reason {
        MissReason::NoExpectedRule => "none of its expected rules is loaded",
        MissReason::Suppressed => "its alerts were suppressed by",
        MissReason::AlreadyFiring => "ordinary traffic was above the threshold already",
        MissReason::LogEnded => "the log ended before the alert",
        MissReason::ArrivedTooLate => "its rows arrived too late",
        MissReason::SplitBySchedule => "no run or bin saw its events together",
        // Reasons that come to be are told by their code in campaigns.csv.
        _ => "never enough events together",
    }
}

fn approach_text(approach: &NearestApproach) -> String {
    let mut text = format!(
        "{}: {} of {}",
        rule_form(&approach.rule, approach.mode),
        approach.level,
        approach.threshold
    );
    if !approach.missed_by.is_empty() {
        text.push_str(", ");
        text.push_str(&approach.missed_by);
    }
    text
}

fn false_incidents(report: &ScoreReport, title: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut groups: BTreeMap<(String, String), (usize, String)> = BTreeMap::new();
    let of_totals = report.incidents.iter();
    // An incident without a class is neither true nor false: it stands on collateral rows.
    let is_false = |incident: &&IncidentRow| incident.in_totals && incident.false_class.is_some();
    for incident in of_totals.filter(is_false) {
        let (cause, what) = match (&incident.look_alike, incident.false_class) {
            (Some(look_alike), _) => (look_alike.clone(), title(look_alike)),
            (None, Some(FalseClass::Coincidental)) => (
                "coincidental".to_owned(),
                "an attack's row among benign ones that reach the threshold alone".to_owned(),
            ),
            (None, Some(FalseClass::Confounder)) => (
                "look-alikes".to_owned(),
                "several of them together".to_owned(),
            ),
            (None, _) => ("noise".to_owned(), "ordinary traffic".to_owned()),
        };
        let group = groups.entry((incident.rule.clone(), cause));
        group.or_insert((0, what)).0 += 1;
    }
    let mut rows: Vec<(usize, Vec<String>)> = groups
        .into_iter()
        .map(|((rule, cause), (number, what))| {
            (number, vec![format!("{rule} ×{number}"), cause, what])
        })
        .collect();
    rows.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    block("false", &rows, "incidents.csv")
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
    let masked = u64::try_from(report.masked.len()).unwrap_or(u64::MAX);
    let counted = [
        (
            counts.collateral,
            "alerts on attackers' harmless rows only (collateral)",
        ),
        (
            counts.by_world,
            "alerts judged by the world without attacks only",
        ),
        (counts.overlap_only, "alerts without evidence, not judged"),
        (counts.suppressed, "alerts suppressed"),
        (
            counts.early,
            "campaigns seen before their first hostile event",
        ),
        (counts.cut, "campaigns cut by the end of the log"),
        (
            counts.censored,
            "missed campaigns that a longer log might have caught",
        ),
        (masked, "benign alerts hidden by an attack"),
    ];
    let rows: Vec<Vec<String>> = counted
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| vec![number.to_string(), (*what).to_owned()])
        .collect();
    let mut lines = block("remarks", &rows, "metrics.json");
    let rules: BTreeSet<String> = report
        .left_out
        .iter()
        .map(|left| left.rule.to_string())
        .collect();
    if !rules.is_empty() {
        let rules: Vec<String> = rules.into_iter().collect();
        lines.push(format!(
            "{:<10}expected, but not built or loaded: {}\n",
            "left out",
            rules.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_as_people_say_them() {
        assert_eq!(rule_label("R1", Mode::Streaming), "R1 prompt injection");
        assert_eq!(rule_label("R1@app_log", Mode::Streaming), "R1@app_log");
        assert_eq!(rule_label("R2", Mode::Binned), "R2 content safety, binned");
    }

    #[test]
    fn long_lists_end_with_how_much_is_left_out() {
        let rows: Vec<_> = (0..SHOWN + 2)
            .map(|index| vec![format!("c{index}")])
            .collect();
        let lines = block("missed", &rows, "campaigns.csv");
        assert_eq!(lines[0], "missed    c0\n");
        assert_eq!(lines[SHOWN], "          … 2 more in campaigns.csv\n");
    }
}
