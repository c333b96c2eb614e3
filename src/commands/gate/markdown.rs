//! A gate as a comment on a pull request.

use livefire_harness::gate::{Change, GateReport};
use livefire_harness::why::Origin;
use livefire_scorer::uncertainty::gates::Decision;

use super::text;
use crate::escape::terminal;

/// Campaigns that are named; a comment has an end.
const NAMED: usize = 20;
/// Rows of evidence for each.
const ROWS: usize = 5;

/// The comment.
pub(super) fn comment(report: &GateReport) -> String {
    let sign = match report.decision {
        Decision::Pass => "✅",
        Decision::Fail => "❌",
        Decision::Inconclusive => "⚪",
    };
    let mut page = format!(
        "## {sign} livefire gate: {}\n\n",
        text::word(report.decision)
    );
    for decision in [Decision::Fail, Decision::Inconclusive, Decision::Pass] {
        for line in text::decided(report, decision) {
            page.push_str(&format!("- **{}** {}\n", text::word(decision), safe(&line)));
        }
    }
    for note in &report.notes {
        page.push_str(&format!("- note: {}\n", safe(note)));
    }
    if let Some(comparison) = &report.comparison {
        page.push('\n');
        page.push_str(&table(
            &["", "baseline", "candidate", "difference"],
            &text::figure_rows(comparison),
        ));
        let rules = text::rule_rows(comparison);
        if !rules.is_empty() {
            page.push('\n');
            page.push_str(&table(
                &["rule", "lost", "gained", "false incidents"],
                &rules,
            ));
        }
        let pairs = &comparison.seeds;
        let lost: Vec<&Change> = pairs.iter().flat_map(|pair| &pair.lost).collect();
        let gained: Vec<&Change> = pairs.iter().flat_map(|pair| &pair.gained).collect();
        page.push_str(&changes("Lost", &lost, text::lost));
        page.push_str(&changes("Gained", &gained, text::gained));
    }
    page
}

fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        header.join(" | "),
        " --- |".repeat(header.len())
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| safe(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn changes(title: &str, all: &[&Change], sentence: fn(&Change) -> String) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut page = format!("\n### {title}: {}\n\n", all.len());
    for change in all.iter().take(NAMED) {
        let seed = change
            .seed
            .map_or(String::new(), |seed| format!(", seed {seed}"));
        page.push_str(&format!(
            "<details><summary><b>{}</b> ({}{seed})</summary>\n\n{}\n",
            safe(&change.campaign),
            safe(&change.kind),
            safe(&sentence(change))
        ));
        let rows = change.found.iter().flat_map(|found| &found.evidence);
        let rows: Vec<Vec<String>> = rows
            .filter(|row| row.origin == Origin::Attack)
            .map(|row| {
                vec![
                    row.time.to_string(),
                    row.table.clone(),
                    row.stage.clone(),
                    row.item.clone(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            let first = rows.len().saturating_sub(ROWS);
            page.push('\n');
            page.push_str(&table(
                &["event time", "table", "stage", "_ItemId"],
                &rows[first..],
            ));
        }
        page.push_str("\n</details>\n");
    }
    if all.len() > NAMED {
        page.push_str(&format!("\nand {} more\n", all.len() - NAMED));
    }
    page
}

/// Text that cannot become markup, a mention or a cell's end.
fn safe(text: &str) -> String {
    let mut safe = String::new();
    for c in terminal(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(safe("<b>|[x](y)@all`"), "&lt;b&gt;\\|\\[x\\](y)&#64;all\\`");
    }
}
