//! Expected and found: for a run around one kind, rule by rule.

use std::collections::BTreeMap;

use livefire_generator::kinds::AttackKind;
use livefire_labels::Campaign;
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::rules::RuleToken;
use livefire_scorer::Measure;
use livefire_scorer::score::report::{IncidentRow, ScoreReport};
use serde::Serialize;

use super::format::seconds_text;
use crate::output;

/// One rule beside what it was expected to do.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct ExpectedRow {
    /// The rule as it is expected.
    rule: String,
    /// Attack kind or look-alike.
    kind: String,
    /// What was expected of it.
    expected: &'static str,
    /// What was found, in words.
    found: String,
    /// Seconds to each first alert, in the order of the campaigns.
    seconds: Vec<f64>,
}

/// The rows of a run: attacks by their campaigns, look-alikes by their incidents.
pub(crate) fn rows(
    report: &ScoreReport,
    alerts: &[Alert],
    campaigns: &[Campaign],
    look_alike: Option<&AttackKind>,
) -> Vec<ExpectedRow> {
    let mut rows = Vec::new();
    let mut kinds: Vec<&str> = report
        .campaigns
        .iter()
        .map(|row| row.kind.as_str())
        .collect();
    kinds.dedup();
    for kind in kinds {
        rows.extend(of_attack(report, campaigns, kind));
    }
    if let Some(kind) = look_alike {
        rows.extend(of_look_alike(report, alerts, kind));
    }
    rows
}

/// The rows as a table.
pub(crate) fn table(rows: &[ExpectedRow]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let times: Vec<String> = row
                .seconds
                .iter()
                .map(|seconds| seconds_text(Measure::number(*seconds)))
                .collect();
            vec![
                row.rule.clone(),
                row.kind.clone(),
                row.expected.to_owned(),
                row.found.clone(),
                times.join(", "),
            ]
        })
        .collect();
    output::table(&["rule", "kind", "expected", "found", "after"], &cells, &[])
}

fn of_attack(report: &ScoreReport, campaigns: &[Campaign], kind: &str) -> Vec<ExpectedRow> {
    let scored = || report.campaigns.iter().filter(|row| row.kind == kind);
    let of_kind = campaigns.iter().find(|campaign| campaign.kind == kind);
    let fires = of_kind.map_or(&[][..], |campaign| &campaign.expected);
    let may = of_kind.map_or(&[][..], |campaign| &campaign.may);
    let all = scored().count();
    let row = |rule: String, expected, seconds: Vec<f64>| ExpectedRow {
        rule,
        kind: kind.to_owned(),
        expected,
        found: format!("in {} of {all}", seconds.len()),
        seconds,
    };
    // The first alert of the rule, and for a class the first in that class.
    let times = |token: &RuleToken, as_expected: bool| -> Vec<f64> {
        let first = scored().filter_map(|row| {
            let mut forms = row.forms.iter().filter(|form| form.mode == Mode::Streaming);
            let form = forms.find(|form| form.rule == form_name(token))?;
            if as_expected {
                form.as_expected
            } else {
                form.time_to_detect.finite()
            }
        });
        first.collect()
    };
    let mut rows = Vec::new();
    for token in fires {
        let is_loaded = scored().any(|row| row.expected.contains(token));
        let mut own = row(token.to_string(), "should fire", times(token, true));
        if !is_loaded {
            own.found = "did not run".to_owned();
        }
        rows.push(own);
    }
    for token in may {
        rows.push(row(token.to_string(), "may fire", times(token, false)));
    }
    let mut others: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let is_named = |rule: &str| {
        fires
            .iter()
            .chain(may)
            .any(|token| form_name(token) == rule)
    };
    for campaign in scored() {
        let forms = campaign
            .forms
            .iter()
            .filter(|form| form.mode == Mode::Streaming);
        for form in forms.filter(|form| !is_named(&form.rule)) {
            let seconds = form.time_to_detect.finite();
            others.entry(&form.rule).or_default().extend(seconds);
        }
    }
    let others = others.into_iter();
    rows.extend(others.map(|(rule, seconds)| row(rule.to_owned(), "not expected", seconds)));
    rows
}

/// `R1@app_log`, without the class.
fn form_name(token: &RuleToken) -> String {
    match &token.variant {
        Some(variant) => format!("{}@{variant}", token.rule),
        None => token.rule.clone(),
    }
}

fn of_look_alike(report: &ScoreReport, alerts: &[Alert], kind: &AttackKind) -> Vec<ExpectedRow> {
    let needed = |row: &&IncidentRow| row.look_alike.as_deref() == Some(kind.id());
    let incidents: Vec<&IncidentRow> = report.incidents.iter().filter(needed).collect();
    let row = |rule: String, expected, number: usize| ExpectedRow {
        rule,
        kind: kind.id().to_owned(),
        expected,
        found: match number {
            1 => "1 false incident".to_owned(),
            _ => format!("{number} false incidents"),
        },
        seconds: Vec::new(),
    };
    // An incident counts for a class if one of its alerts is of it.
    let meets = |incident: &IncidentRow, token: &RuleToken| {
        let mut own = alerts
            .iter()
            .filter(|alert| incident.alerts.contains(&alert.id));
        own.any(|alert| alert.meets(token))
    };
    let number = |token: &RuleToken| {
        let met = incidents.iter().filter(|incident| meets(incident, token));
        met.count()
    };
    let mut rows = Vec::new();
    for token in kind.literal() {
        rows.push(row(
            token.to_string(),
            "raises it as published",
            number(token),
        ));
    }
    for token in kind.must_not_fire() {
        rows.push(row(token.to_string(), "should not fire", number(token)));
    }
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    let named = || kind.literal().iter().chain(kind.must_not_fire());
    for incident in &incidents {
        if !named().any(|token| form_name(token) == incident.rule) {
            *others.entry(&incident.rule).or_default() += 1;
        }
    }
    let others = others.into_iter();
    rows.extend(others.map(|(rule, number)| row(rule.to_owned(), "not expected", number)));
    rows
}
