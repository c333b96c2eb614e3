//! Limits of validity: what the figures rest on and what they cannot say.

use livefire_scorer::Measure;

use crate::document::{Cell, Section, Table};
use crate::format;
use crate::results::Results;

pub(super) fn section(results: &Results) -> Section {
    let mut section = Section::new("limits", "Limits of validity");
    section.text(
        "Synthetic recall is not field recall: the figures compare rules and expose blind spots, \
         they do not promise what will happen on your traffic.",
    );
    section.push(ground(results));
    let undefined = undefined(results);
    if !undefined.is_empty() {
        section.heading("Undefined figures and why");
        section.list(undefined);
    }
    let notes = results.manifest["notes"].as_array();
    let notes: Vec<String> = notes
        .into_iter()
        .flatten()
        .filter_map(|note| note.as_str().map(str::to_owned))
        .take(50)
        .collect();
    if !notes.is_empty() {
        section.heading("What planning had to clamp or cut");
        section.list(notes);
    }
    section
}

fn ground(results: &Results) -> Table {
    let mut table = Table::new("What the figures rest on", &["what", "value"]);
    let facts = origin(results).into_iter().chain(counted(results));
    table.rows = facts
        .map(|(what, value)| vec![Cell::text(what), Cell::text(value)])
        .collect();
    table
}

/// What was run, and how it was scored.
fn origin(results: &Results) -> Vec<(&'static str, String)> {
    let score = &results.score;
    let options = &score.options;
    let grouping = serde_json::to_value(options.grouping).unwrap_or_default();
    let grouping = match (grouping["mode"].as_str(), grouping["gap"].as_str()) {
        (Some(mode), Some(gap)) => format!("{mode}, gap {gap}"),
        _ => grouping.to_string().trim_matches('"').to_owned(),
    };
    let version = results.manifest["version"].as_str();
    let seeds = score.seed.map_or_else(
        || "none: a log from files".to_owned(),
        |seed| format!("{seed}: a single seed says nothing of the spread between seeds"),
    );
    let follow_up = format!(
        "the rule's window and realert, and up to {} of ingestion delay",
        options.largest_ingestion_delay
    );
    let days = format!("{} days", format::short(score.headline.scored_days));
    let twin = match score.masked {
        Some(_) => "run in the same pass",
        None => "not run",
    };
    vec![
        ("Scenario", results.name().to_owned()),
        (
            "Version of livefire",
            version.unwrap_or("not recorded").to_owned(),
        ),
        ("Seeds", seeds),
        ("Scored", days),
        ("Grouping into incidents", grouping),
        ("Suppression", options.suppression.span.to_string()),
        ("Follow-up after which a miss is final", follow_up),
        ("World without attacks", twin.to_owned()),
        (
            "Splits and lockbox",
            "none: one result is no experiment".to_owned(),
        ),
    ]
}

/// Counts that qualify the figures.
fn counted(results: &Results) -> Vec<(&'static str, String)> {
    let headline = &results.score.headline;
    let counts = &headline.counts;
    let late = results.manifest["late"].as_array().into_iter().flatten();
    let late: u64 = late.filter_map(|row| row["rows"].as_u64()).sum();
    let damaged = results.manifest["unreadable"]["rows"].as_u64();
    let damaged = damaged.map_or_else(|| "not recorded".to_owned(), format::grouped);
    let numbers = [
        ("Censored campaigns", counts.censored),
        ("Joint credits", counts.joint),
        ("Campaigns cut by the log's end", counts.cut),
        (
            "Attack events that no expected rule reads",
            headline.scaffolding_events,
        ),
        ("Alerts before the scored interval", counts.outside_scored),
        ("Rows that came too late for a rule", late),
    ];
    let numbers = numbers.map(|(what, number)| (what, format::grouped(number)));
    numbers
        .into_iter()
        .chain([("Damaged lines not read", damaged)])
        .collect()
}

/// Headline and rule figures without a value, with their reasons.
fn undefined(results: &Results) -> Vec<String> {
    let headline = &results.score.headline;
    let figures = [
        ("precision", headline.ratios.precision),
        ("recall", headline.ratios.recall),
        ("F1", headline.ratios.f1),
        ("median time to detect", headline.p50),
        ("P90 of the time to detect", headline.p90),
        ("share caught in time", headline.recall_within),
        (
            "mean time to detect",
            headline.restricted_mean_time_to_detect,
        ),
        ("detection rate", headline.detection_rate),
        ("false incidents per day", headline.false_per_day.rate),
    ];
    let told = |name: String, measure: Measure| {
        measure
            .reason()
            .map(|reason| format!("{name}: {}", format::words(reason.code())))
    };
    let mut lines: Vec<String> = figures
        .into_iter()
        .filter_map(|(name, measure)| told(name.to_owned(), measure))
        .collect();
    for row in &results.score.rules {
        let own = [
            ("recall", row.recall),
            ("median", row.p50),
            ("P90", row.p90),
            ("caught in time", row.recall_within),
        ];
        let texts: Vec<String> = own
            .into_iter()
            .filter_map(|(name, measure)| told(name.to_owned(), measure))
            .collect();
        if !texts.is_empty() {
            lines.push(format!(
                "{}: {}",
                super::rule_form(&row.rule, row.mode),
                texts.join(", ")
            ));
        }
    }
    lines.truncate(80);
    lines
}
