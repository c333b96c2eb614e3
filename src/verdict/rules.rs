//! The table of rules: what each caught of what it should, at what cost, how soon; and below it
//! what its signs mean, where any of them stands there.

use std::collections::BTreeSet;

use livefire_schema::alert::Mode;
use livefire_schema::rules::{Family, rule};
use livefire_scorer::score::report::{RuleRow, ScoreReport};
use livefire_scorer::{Measure, ReachClass, Reachability, Undefined};

use super::format::{rate, seconds_text, share};
use crate::output;

/// The table with its legend.
pub(super) fn table(report: &ScoreReport) -> String {
    let within = seconds_text(Measure::number(report.options.within.seconds_f64()));
    let within = format!("recall@{}", within.replace(' ', ""));
    let mut header = vec!["rule", "caught", "false/day", &within, "median", "P90"];
    if report.rules.iter().any(|row| row.benign_data.is_some()) {
        header.push("benign data");
    }
    let (totals, others): (Vec<_>, Vec<_>) = report.rules.iter().partition(|row| row.in_totals);
    let mut rows: Vec<Vec<String>> = totals.iter().map(|row| rule_row(row)).collect();
    rows.push(all_rules(report));
    rows.extend(as_expected(report));
    if !others.is_empty() {
        rows.push(vec!["in no total:".to_owned()]);
        rows.extend(others.iter().map(|row| rule_row(row)));
    }
    for row in &mut rows {
        row.resize(header.len(), String::new());
    }
    let mut text = output::table(&header, &rows, &[1, 2, 3, 4, 5]);
    for line in legend(report) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Precision, F1 and the classes of false incidents.
pub(super) fn precision(report: &ScoreReport) -> String {
    let headline = &report.headline;
    let interval = &headline.precision_interval;
    let between = match (interval.low.finite(), interval.high.finite()) {
        (Some(low), Some(high)) => format!(" ({low:.2}–{high:.2})"),
        _ => String::new(),
    };
    let unmeasured = unmeasured(report);
    let unmeasured = match unmeasured.as_slice() {
        [] => String::new(),
        rules => format!(
            "false/day of {} proves little: hardly a benign row comes near them\n",
            rules.join(", ")
        ),
    };
    format!(
        "precision {}{between}   F1 {}   {} false incidents: {} noise, {} look-alike, {} coincidental\n{unmeasured}",
        share(headline.ratios.precision),
        share(headline.ratios.f1),
        headline.false_incidents,
        headline.false_by_class.noise,
        headline.false_by_class.confounder,
        headline.false_by_class.coincidental,
    )
}

/// Rules of the totals that benign traffic hardly comes near.
fn unmeasured(report: &ScoreReport) -> Vec<&str> {
    let is_unmeasured = |row: &&RuleRow| {
        let reach = row.benign_data;
        row.in_totals && reach.is_some_and(|reach| reach.class != ReachClass::Measured)
    };
    let rows = report.rules.iter().filter(is_unmeasured);
    rows.map(|row| row.rule.as_str()).collect()
}

/// A rule as the table names it: `R1 prompt injection`, `R1@app_log`, `R2 content safety, binned`.
pub(crate) fn label(id: &str, mode: Mode) -> String {
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

/// Whether a rule is none of ours, so that no campaign says whether it should fire.
fn is_foreign(id: &str) -> bool {
    rule(id.split('@').next().unwrap_or(id)).is_none()
}

fn rule_row(row: &RuleRow) -> Vec<String> {
    let caught = if is_foreign(&row.rule) {
        row.credited.to_string()
    } else {
        format!("{}/{}", row.caught, row.expected)
    };
    vec![
        label(&row.rule, row.mode),
        caught,
        rate(row.false_per_day),
        share(row.recall_within),
        seconds_text(row.p50),
        seconds_text(row.p90),
        row.benign_data.map_or_else(String::new, benign_data),
    ]
}

/// What benign traffic says about a rule's false alerts.
fn benign_data(reach: Reachability) -> String {
    match reach.class {
        ReachClass::Blind => "blind".to_owned(),
        ReachClass::Thin if reach.near_rows == 1 => "thin (1 row)".to_owned(),
        ReachClass::Thin => format!("thin ({} rows)", reach.near_rows),
        ReachClass::Measured => "measured".to_owned(),
    }
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

/// What expected rules caught of the campaigns that have a loaded one, where that is another
/// figure than the one of all rules.
fn as_expected(report: &ScoreReport) -> Option<Vec<String>> {
    let headline = &report.headline;
    let as_expected = report.campaigns.iter();
    let as_expected = as_expected.filter(|row| row.detected_as_expected).count();
    let figures = format!("{as_expected}/{}", headline.expecting);
    let all = format!("{}/{}", headline.detected, headline.campaigns);
    (headline.expecting > 0 && figures != all)
        .then(|| vec!["  by a rule that should".to_owned(), figures])
}

/// What the table's signs mean, those that stand in it.
fn legend(report: &ScoreReport) -> Vec<String> {
    let mut lines = Vec::new();
    let times: Vec<Measure> = report
        .rules
        .iter()
        .flat_map(|row| [row.p50, row.p90])
        .chain([report.headline.p50, report.headline.p90])
        .collect();
    let mut signs = Vec::new();
    if times.contains(&Measure::INFINITE) {
        signs.push("∞ never: so many were missed for good".to_owned());
    }
    let reasons = undefined(report);
    if !reasons.is_empty() {
        signs.push(format!("– undefined: {}", reasons.join("; ")));
    }
    if !signs.is_empty() {
        lines.push(signs.join("   "));
    }
    if report.rules.iter().any(|row| is_foreign(&row.rule)) {
        lines.push(
            "a rule that livefire does not know: no campaign expects it, caught is all it is credited with"
                .to_owned(),
        );
    }
    lines.extend(outside_totals(report));
    lines
}

/// Why some forms stand in no total, and which rules do so altogether.
fn outside_totals(report: &ScoreReport) -> Option<String> {
    let others: Vec<&RuleRow> = report.rules.iter().filter(|row| !row.in_totals).collect();
    let is_hunting = |row: &RuleRow| rule(&row.rule).is_some_and(|it| it.family == Family::Hunting);
    let kinds = [
        ("bins", others.iter().any(|row| row.mode == Mode::Binned)),
        ("variants", others.iter().any(|row| row.rule.contains('@'))),
        ("hunting rules", others.iter().any(|row| is_hunting(row))),
    ];
    let kinds: Vec<&str> = kinds
        .iter()
        .filter(|kind| kind.1)
        .map(|kind| kind.0)
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} have rows of their own and enter no total",
        kinds.join(", ")
    );
    let only: Vec<&str> = binned_only(report);
    if !only.is_empty() {
        text.push_str(&format!(
            ": {} ran in bins only, so `all rules` is without them (`--mode both` has both)",
            only.join(", ")
        ));
    }
    Some(text)
}

/// Rules whose default form ran in bins and not over sliding windows.
fn binned_only(report: &ScoreReport) -> Vec<&str> {
    let binned = report.rules.iter();
    let binned = binned.filter(|row| row.mode == Mode::Binned && !row.rule.contains('@'));
    let streams = |id: &str| {
        let mut rows = report.rules.iter();
        rows.any(|row| row.rule == id && row.mode == Mode::Streaming)
    };
    binned
        .map(|row| row.rule.as_str())
        .filter(|id| !streams(id))
        .collect()
}

/// Why cells of the table are undefined, each reason once.
fn undefined(report: &ScoreReport) -> Vec<String> {
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
        .map(reason_text)
        .collect();
    reasons.into_iter().collect()
}

fn reason_text(reason: Undefined) -> String {
    match reason {
        Undefined::NoCampaigns => "no campaign expects it".to_owned(),
        Undefined::NotReachedWithinFollowUp | Undefined::FollowUpShorterThanTau => {
            "the log ends too soon after a miss to tell late from never".to_owned()
        }
        Undefined::NothingReported => "nothing was reported".to_owned(),
        _ => reason.to_string().replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_as_people_say_them() {
        assert_eq!(label("R1", Mode::Streaming), "R1 prompt injection");
        assert_eq!(label("R1@app_log", Mode::Streaming), "R1@app_log");
        assert_eq!(label("R2", Mode::Binned), "R2 content safety, binned");
    }

    #[test]
    fn only_rules_of_the_registry_are_ours() {
        assert!(is_foreign("MyRule") && !is_foreign("R1") && !is_foreign("R1@app_log"));
    }
}
