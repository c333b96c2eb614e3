//! Rule × attack, and every rule with what it catches and costs.

use livefire_scorer::score::reach::{ReachClass, Reachability};
use livefire_scorer::score::report::MatrixCell;

use super::rule_title;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::results::Results;

pub(super) fn matrix(results: &Results) -> Section {
    let score = &results.score;
    let title = "Rules against attacks";
    if score.matrix.is_empty() {
        return super::left_out(
            "matrix",
            title,
            "no rule met or was expected to meet an attack.",
        );
    }
    let mut section = Section::new("matrix", title);
    section.note(
        "Campaigns that a rule is credited with, of all of the kind. “expected” marks a rule that \
         the kind should raise, “unexpected” one that caught it all the same.",
    );
    let kinds: Vec<&str> = score.attacks.iter().map(|row| row.kind.as_str()).collect();
    let titles: Vec<String> = kinds.iter().map(|kind| results.title(kind)).collect();
    let mut columns = vec!["rule"];
    columns.extend(titles.iter().map(String::as_str));
    let mut table = Table::new("Rule × attack: caught of all", &columns);
    table.class = "matrix";
    for rule in &score.rules {
        let own: Vec<&MatrixCell> = score
            .matrix
            .iter()
            .filter(|cell| cell.rule == rule.rule && cell.mode == rule.mode)
            .collect();
        if own.is_empty() {
            continue;
        }
        let mut cells = vec![Cell::text(rule_title(&rule.rule, rule.mode))];
        cells.extend(kinds.iter().map(|kind| {
            let cell = own.iter().find(|cell| cell.kind == *kind);
            cell.map_or_else(Cell::default, |cell| matrix_cell(cell))
        }));
        table.rows.push(cells);
    }
    section.push(table);
    section
}

fn matrix_cell(cell: &MatrixCell) -> Cell {
    let share = cell.detected as f64 / cell.total.max(1) as f64;
    let expected = if cell.expected > 0 {
        "expected"
    } else {
        "unexpected"
    };
    let text = format!("{}/{} {expected}", cell.detected, cell.total);
    let class = match (cell.expected > 0, cell.detected) {
        (true, 0) => "bad",
        (true, detected) if detected < cell.expected => "part",
        (true, _) => "good",
        (false, _) => "extra",
    };
    Cell::sorted(text, share).class(class)
}

pub(super) fn table(results: &Results) -> Section {
    let mut section = Section::new("rules", "Every rule");
    let columns = [
        "rule",
        "caught",
        "#recall",
        "#false a day",
        "#noise",
        "#look-alike",
        "#coincidental",
        "#redundancy",
        "#suppressed",
        "#alerts",
        "#within 15 min",
        "#median",
        "#P90",
        "benign data",
        "in totals",
    ];
    let mut table = Table::new("Rules: what they catch and what they cost", &columns);
    for row in &results.score.rules {
        let classes = row.false_by_class;
        let caught = format!("{}/{}", row.caught, row.expected);
        let missed_all = row.expected > 0 && row.caught == 0;
        table.rows.push(vec![
            Cell::text(rule_title(&row.rule, row.mode)),
            Cell::text(caught).class(if missed_all { "bad" } else { "" }),
            Cell::measure(format::share(row.recall), row.recall),
            Cell::measure(format::rate(row.false_per_day), row.false_per_day),
            Cell::count(classes.noise),
            Cell::count(classes.confounder),
            Cell::count(classes.coincidental),
            Cell::measure(format::rate(row.redundancy), row.redundancy),
            Cell::count(row.suppressed),
            Cell::count(row.alerts),
            Cell::measure(format::share(row.recall_within), row.recall_within),
            Cell::measure(format::seconds(row.p50), row.p50),
            Cell::measure(format::seconds(row.p90), row.p90),
            benign_data(row.benign_data),
            Cell::text(if row.in_totals { "yes" } else { "no" }),
        ]);
    }
    section.push(table);
    section.note(
        "caught: attacks that the rule is credited with, of those that expect it. False incidents \
         are noise from ordinary traffic, look-alikes that a harmless pattern raised, or \
         coincidental: an attack's row stood in the evidence but was not needed. Redundancy: true \
         incidents for each campaign caught. Benign data: how many harmless rows met all but one of \
         the rule's conditions; blind is none, thin under 30: the absence of false incidents then \
         proves nothing. Hunting rules, variants and binned forms enter no \
         total.",
    );
    let left: Vec<String> = results
        .score
        .left_out
        .iter()
        .take(50)
        .map(|left| {
            format!(
                "{} is expected by {}, but not loaded",
                left.rule, left.campaign
            )
        })
        .collect();
    section.list(left);
    section
}

/// What benign traffic says about a rule's false incidents.
fn benign_data(reach: Option<Reachability>) -> Cell {
    let Some(reach) = reach else {
        return Cell::default();
    };
    let (text, class) = match reach.class {
        ReachClass::Blind => ("blind".to_owned(), "bad"),
        ReachClass::Thin => (
            format!("thin ({})", format::grouped(reach.near_rows)),
            "part",
        ),
        ReachClass::Measured => ("measured".to_owned(), ""),
    };
    Cell::sorted(text, reach.near_rows as f64).class(class)
}
