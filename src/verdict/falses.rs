//! What was false, and why: false incidents by rule and cause, most first.

use std::collections::BTreeMap;

use livefire_scorer::attribution::FalseClass;
use livefire_scorer::score::report::{IncidentRow, ScoreReport};

use super::block::block;

/// False incidents of the totals; `title` gives a kind's title.
pub(super) fn false_incidents(report: &ScoreReport, title: &dyn Fn(&str) -> String) -> Vec<String> {
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
