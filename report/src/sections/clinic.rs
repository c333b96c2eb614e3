//! The false-positive clinic: which false incidents there are, samples of each sort, and what the
//! plainest cures would save and cost.

use std::collections::BTreeMap;

use livefire_schema::alert::{Details, Mode};
use livefire_scorer::attribution::FalseClass;
use livefire_scorer::score::report::IncidentRow;
use serde_json::Value;

use super::rule_title;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::results::Results;

/// Samples of each sort of false incident.
const SAMPLES: usize = 2;
/// Sorts that are sampled.
const SORTS: usize = 60;
/// Characters of an alert's details.
const DETAILS: usize = 240;

/// One sort of false incident: form of the rule, class, look-alike.
type Sort<'a> = (&'a str, Mode, FalseClass, Option<&'a str>);

pub(super) fn section(results: &Results) -> Section {
    let title = "False-positive clinic";
    let mut sorts: BTreeMap<Sort<'_>, Vec<&IncidentRow>> = BTreeMap::new();
    for incident in &results.score.incidents {
        if let Some(class) = incident.false_class.filter(|_| !incident.is_true) {
            let look_alike = incident.look_alike.as_deref();
            let sort = (incident.rule.as_str(), incident.mode, class, look_alike);
            sorts.entry(sort).or_default().push(incident);
        }
    }
    if sorts.is_empty() {
        return super::left_out("clinic", title, "there was no false incident.");
    }
    let mut sorts: Vec<(Sort<'_>, Vec<&IncidentRow>)> = sorts.into_iter().collect();
    sorts.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut section = Section::new("clinic", title);
    section.push(worst(results, &sorts));
    section.push(samples(results, &sorts));
    section.push(dropped(results));
    section.note(
        "Where benign data are blind or thin (see “Every rule”), a rule without false incidents may \
         just never have been tried. Leaving out a key is the smallest cure shown here; thresholds \
         are swept where levels are known, and by `livefire tune`.",
    );
    section
}

fn class_text(class: FalseClass) -> &'static str {
    match class {
        FalseClass::Coincidental => "coincidental",
        FalseClass::Confounder => "look-alike",
        FalseClass::Noise => "noise",
    }
}

fn cause(results: &Results, sort: &Sort<'_>) -> String {
    match (sort.3, sort.2) {
        (Some(look_alike), _) => results.title(look_alike),
        (None, FalseClass::Coincidental) => "an attack's row that was not needed".to_owned(),
        (None, _) => "ordinary traffic".to_owned(),
    }
}

fn worst(results: &Results, sorts: &[(Sort<'_>, Vec<&IncidentRow>)]) -> Table {
    let columns = [
        "rule",
        "class",
        "cause",
        "#incidents",
        "#a day",
        "worst key",
        "#its incidents",
        "#true ones under it",
    ];
    let days = results.score.headline.scored_days;
    let caption =
        "False incidents by cause, and what leaving out their worst key would save and cost";
    let rows = sorts.iter().map(|(sort, incidents)| {
        let (key, count) = worst_key(incidents);
        let true_ones = results.score.incidents.iter().filter(|incident| {
            let same_rule = incident.rule == sort.0 && incident.mode == sort.1;
            same_rule && incident.is_true && incident.key == key
        });
        let per_day = incidents.len() as f64 / days.max(f64::MIN_POSITIVE);
        vec![
            Cell::text(rule_title(sort.0, sort.1)),
            Cell::text(class_text(sort.2)),
            Cell::text(cause(results, sort)),
            Cell::count(incidents.len() as u64),
            Cell::sorted(format::short(per_day), per_day),
            Cell::sample(format::shortened(&key, 80)),
            Cell::count(count as u64),
            Cell::count(true_ones.count() as u64),
        ]
    });
    Table::new(caption, &columns).with(rows.collect(), "incidents.csv")
}

/// The key with the most incidents; of equal ones the first by name.
fn worst_key(incidents: &[&IncidentRow]) -> (String, usize) {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for incident in incidents {
        *keys.entry(&incident.key).or_default() += 1;
    }
    let most = keys.iter().rev().max_by_key(|(_, count)| **count);
    most.map_or_else(Default::default, |(key, count)| ((*key).to_owned(), *count))
}

fn samples(results: &Results, sorts: &[(Sort<'_>, Vec<&IncidentRow>)]) -> Table {
    let columns = [
        "rule",
        "class",
        "when",
        "key",
        "severity",
        "what the alert says",
        "first rows of its evidence",
    ];
    let mut table = Table::new("Samples of false incidents", &columns);
    for (sort, incidents) in sorts.iter().take(SORTS) {
        for incident in incidents.iter().take(SAMPLES) {
            table.rows.push(sample(results, sort, incident));
        }
    }
    let shown = table.rows.len();
    let all: usize = sorts.iter().map(|(_, incidents)| incidents.len()).sum();
    if shown < all {
        table.cut = format!(
            "{shown} of {all} false incidents, up to {SAMPLES} of each sort; all of them: incidents.csv."
        );
    }
    table
}

fn sample(results: &Results, sort: &Sort<'_>, incident: &IncidentRow) -> Vec<Cell> {
    let alert = incident.alerts.first().and_then(|id| results.alert(id));
    let mut cells = vec![
        Cell::text(rule_title(sort.0, sort.1)),
        Cell::text(class_text(sort.2)),
        Cell::text(format::minute(incident.first)),
        Cell::sample(format::shortened(&incident.key, 80)),
    ];
    let Some(alert) = alert else {
        cells.extend([Cell::default(), Cell::default(), Cell::default()]);
        return cells;
    };
    let mut severity = vec![alert.severity.token().to_owned()];
    severity.extend(alert.classes.iter().cloned());
    let rows = alert.evidence.iter().take(2).map(|row| {
        let mut item = Vec::new();
        row.item.write_guid(&mut item);
        let item = String::from_utf8_lossy(&item).into_owned();
        format!("{} {} {item}", row.table, format::minute(row.time))
    });
    let rows: Vec<String> = rows.collect();
    let more = alert.evidence_rows.saturating_sub(rows.len());
    let rest = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    cells.extend([
        Cell::text(severity.join(", ")),
        Cell::sample(details_text(&alert.details)),
        Cell::sample(rows.join("; ") + &rest),
    ]);
    cells
}

/// What a rule says of its alert, samples first, as one line.
pub(super) fn details_text(details: &Details) -> String {
    let map = details.to_map();
    let is_sample = |name: &str| {
        [
            "sample",
            "samples",
            "phrase",
            "titles",
            "alert_titles",
            "suspicious_prompts",
        ]
        .contains(&name)
    };
    let (first, last): (Vec<_>, Vec<_>) = map.iter().partition(|(name, _)| is_sample(name));
    let parts = first.into_iter().chain(last).filter_map(|(name, value)| {
        let value = value_text(value);
        (!value.is_empty()).then(|| format!("{}: {value}", format::words(name)))
    });
    format::shortened(&parts.collect::<Vec<_>>().join(" · "), DETAILS)
}

/// A value without brackets and quotation marks; nothing for what holds nothing.
fn value_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format::written_span(text).unwrap_or_else(|| text.clone()),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() != 0.0 => format!("{number:.3}"),
            _ => number.to_string(),
        },
        Value::Bool(is) => (if *is { "yes" } else { "no" }).to_owned(),
        Value::Array(values) => {
            let texts = values.iter().take(4).map(value_text);
            let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
            let more = values.len().saturating_sub(4);
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            texts.join(", ") + &rest
        }
        Value::Object(map) => {
            let texts = map.values().map(value_text);
            texts
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        }
    }
}

/// The largest change of all: what each rule's absence would save and cost.
fn dropped(results: &Results) -> Table {
    let columns = [
        "rule",
        "#false incidents saved",
        "#a day",
        "#campaigns only it catches",
        "these",
    ];
    let mut table = Table::new("If a rule were dropped", &columns);
    let score = &results.score;
    for rule in score.rules.iter().filter(|rule| rule.in_totals) {
        let only = score
            .campaigns
            .iter()
            .filter(|row| row.credited_rules.len() == 1 && row.credited_rules[0] == rule.rule);
        let lost: Vec<&str> = only.map(|row| row.id.as_str()).collect();
        let mut names = lost.iter().take(6).copied().collect::<Vec<_>>().join(", ");
        if lost.len() > 6 {
            names.push_str(&format!(" and {} more", lost.len() - 6));
        }
        table.rows.push(vec![
            Cell::text(rule_title(&rule.rule, rule.mode)),
            Cell::count(rule.false_incidents),
            Cell::measure(format::rate(rule.false_per_day), rule.false_per_day),
            Cell::count(lost.len() as u64).class(if lost.is_empty() { "" } else { "bad" }),
            Cell::text(names),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_read_as_a_line_with_samples_first() {
        let value: Details = serde_json::from_str(
            r#"{"failures":3,"span":"2s","samples":["a","b"],"empty":null,"places":[{"country":"DE","city":"Berlin"}]}"#,
        )
        .expect("is an object");
        assert_eq!(
            details_text(&value),
            "samples: a, b · failures: 3 · span: 2 s · places: DE Berlin"
        );
    }
}
