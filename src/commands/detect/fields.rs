//! Says what the rules could not read in a log: tables without a rule, fields that no row has.

use std::collections::BTreeMap;

use livefire_detector::Projector;
use livefire_detector::census::{Gap, Gaps};
use livefire_detector::input::InputSummary;
use livefire_schema::table::Schema;

use crate::exit::Failure;
use crate::output::Output;
use crate::verdict::grouped;

/// Remarks on tables and fields, or a failure if no rule could see anything.
///
/// # Errors
/// If no loaded rule reads any of the tables, or none finds any of its fields.
pub(super) fn check(
    summary: &InputSummary,
    gaps: &Gaps,
    projector: &Projector,
    schema: &Schema,
    output: Output,
) -> Result<(), Failure> {
    let is_read = |name: &&str| schema.find(name).is_some_and(|id| projector.reads(id));
    let names: Vec<&str> = summary.rows.keys().map(String::as_str).collect();
    let (read, unread): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_read);
    if read.is_empty() {
        let wanted = schema.iter().filter(|(id, _)| projector.reads(*id));
        let wanted: Vec<&str> = wanted.map(|(_, table)| table.name.as_str()).collect();
        return Err(Failure::nothing(format!(
            "nothing to evaluate: no loaded rule reads {}; they read {}",
            unread.join(", "),
            wanted.join(", ")
        )));
    }
    let lines = lines(&gaps.fields);
    if gaps.is_total {
        return Err(Failure::nothing(format!(
            "nothing to evaluate: {}",
            lines.join("; ")
        )));
    }
    for line in lines {
        output.remark(&format!("note: {line}"));
    }
    if !unread.is_empty() {
        output.remark(&format!("note: no loaded rule reads {}", unread.join(", ")));
    }
    Ok(())
}

/// One line for all fields of a table that are missing in the same way.
fn lines(gaps: &[Gap]) -> Vec<String> {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        groups.entry((&gap.table, gap.found)).or_default().push(gap);
    }
    let lines = groups.into_iter().map(|((table, found), gaps)| {
        let paths: Vec<String> = gaps.iter().map(|gap| format!("`{}`", gap.path)).collect();
        let mut rules: Vec<&str> = gaps
            .iter()
            .flat_map(|gap| gap.rules.iter().map(String::as_str))
            .collect();
        rules.sort_unstable();
        rules.dedup();
        let rows = gaps.first().map_or(0, |gap| gap.rows);
        let (state, remedy) = match found {
            Some(found) => (
                " as text".to_owned(),
                format!(" (it is {found}); write it as text"),
            ),
            None if gaps.iter().all(|gap| gap.path.starts_with("LogMessage.")) => (
                String::new(),
                "; LogMessage must be a JSON object, or its text, with these fields".to_owned(),
            ),
            None => (String::new(), String::new()),
        };
        format!(
            "{table}: none of {} rows looked at has {}{state}, which {} read{remedy}",
            grouped(rows),
            paths.join(", "),
            rules.join(", ")
        )
    });
    lines.collect()
}
