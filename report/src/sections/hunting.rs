//! The hunting workbook: what H1 (suspicious keywords), H2 (high volume) and H3 (rare failures)
//! bring up, one table each.

use livefire_scorer::score::report::{AlertRow, AlertVerdict};

use super::clinic::details_text;
use super::rule_form;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::results::Results;

/// The hunting rules and their questions.
const HUNTS: [(&str, &str); 3] = [
    (
        "H1",
        "H1 suspicious keywords: prompts that hold a listed phrase",
    ),
    (
        "H2",
        "H2 high volume: callers with many requests in an hour",
    ),
    (
        "H3",
        "H3 rare failures: applications whose failures are few and far between",
    ),
];

pub(super) fn section(results: &Results) -> Section {
    let mut section = Section::new("hunting", "Hunting");
    section.note("Hunting rules raise leads, not incidents; they enter no total. Baseline days are left out.");
    for (rule, caption) in HUNTS {
        let runs = results.score.rules.iter();
        if !runs
            .clone()
            .any(|row| row.rule.split('@').next() == Some(rule))
        {
            section.note(format!("{caption}: left out, the rule did not run."));
            continue;
        }
        section.push(table(results, rule, caption));
    }
    section
}

fn table(results: &Results, rule: &str, caption: &str) -> Table {
    let columns = [
        "key",
        "when",
        "rule",
        "#level",
        "severity",
        "what the alert says",
        "truth",
    ];
    let outside = [AlertVerdict::OutsideScored, AlertVerdict::OutsideLog];
    let alerts = results.score.alerts.iter();
    let own = alerts.filter(|alert| {
        alert.rule.split('@').next() == Some(rule) && !outside.contains(&alert.verdict)
    });
    let mut own: Vec<&AlertRow> = own.collect();
    // The interesting ones first, so that a cut takes the ordinary.
    own.sort_by_key(|alert| (!is_attack(alert), alert.raised, alert.id.clone()));
    let rows = own.into_iter().map(|alert| row(results, alert)).collect();
    Table::new(caption, &columns).with(rows, "alerts.ndjson")
}

fn is_attack(alert: &AlertRow) -> bool {
    alert.verdict == AlertVerdict::TruePositive
}

fn row(results: &Results, alert: &AlertRow) -> Vec<Cell> {
    let sample = results.alert(&alert.id);
    let says = sample.map_or_else(String::new, |sample| details_text(&sample.details));
    let severity = sample.map_or("", |sample| sample.severity.token());
    let truth = match (&alert.look_alike, is_attack(alert)) {
        (_, true) => Cell::text(alert.credited.join(", ")).class("bad"),
        (Some(look_alike), false) => Cell::text(results.title(look_alike)),
        (None, false) if alert.verdict == AlertVerdict::FalsePositive => {
            Cell::text("ordinary traffic")
        }
        (None, false) => Cell::text("not judged"),
    };
    vec![
        Cell::sample(format::shortened(&alert.key, 100)),
        Cell::text(format::minute(alert.time)),
        Cell::text(rule_form(&alert.rule, alert.mode)),
        Cell::count(alert.level),
        Cell::text(severity),
        Cell::sample(says),
        truth,
    ]
}
