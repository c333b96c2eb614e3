//! The page of rules.

use livefire_schema::rules::{Family, RULES, RuleInfo};

use super::{code, table};
use crate::input::Known;

const HEAD: &str = "# Rules

Parameters are data: `livefire show RULE` prints a file to copy into `rules/` beside your scenario.
Hunting rules have rows of their own in every table and enter no total.

";

/// The page.
pub(super) fn page(known: &Known) -> String {
    let rows: Vec<Vec<String>> = RULES.iter().map(overview).collect();
    let header = ["rule", "what fires", "kind", "severity"];
    let mut text = format!("{HEAD}{}", table(&header, &rows));
    for rule in RULES {
        text.push_str(&section(rule, known));
    }
    text
}

fn overview(rule: &RuleInfo) -> Vec<String> {
    let family = match rule.family {
        Family::Detection => "detection",
        Family::Hunting => "hunting",
    };
    vec![
        format!(
            "[{0} `{1}`](#{2}-{1})",
            rule.id,
            rule.name,
            rule.id.to_lowercase()
        ),
        rule.summary.to_owned(),
        family.to_owned(),
        rule.severity.token().to_owned(),
    ]
}

fn section(rule: &RuleInfo, known: &Known) -> String {
    let mut text = format!("\n## {} {}\n\n", rule.id, rule.name);
    if let Some((_, file)) = known.rule_text(rule.id) {
        text.push_str(&comment(&file));
    }
    let mut tables: Vec<&str> = rule.inputs.iter().map(|input| input.table).collect();
    tables.sort_unstable();
    tables.dedup();
    text.push_str(&format!("- tables: {}\n", code(tables)));
    if !rule.classes.is_empty() {
        text.push_str(&format!("- classes: {}\n", code(rule.classes)));
    }
    if !rule.variants.is_empty() {
        let variants = rule.variants.iter();
        let variants = variants.map(|variant| format!("{}@{variant}", rule.id));
        text.push_str(&format!("- variants: {}\n", code(variants)));
    }
    let prefix = format!("{}.", rule.id);
    let rows: Vec<Vec<String>> = known
        .rules
        .parameters()
        .into_iter()
        .filter_map(|row| {
            let name = row.name.strip_prefix(&prefix)?;
            Some(vec![
                format!("`{name}`"),
                row.value,
                row.bounds,
                row.help.to_owned(),
            ])
        })
        .collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(
            &["parameter", "default", "allowed", "meaning"],
            &rows,
        ));
    }
    text
}

/// The comment at the head of a rule's file as a list: each `Name: text` is an item.
fn comment(file: &str) -> String {
    let lines = file.lines().take_while(|line| line.starts_with('#'));
    let mut items: Vec<String> = Vec::new();
    for line in lines.skip(1) {
        let line = line.trim_start_matches('#');
        let is_continued = line.starts_with("   ");
        let words = line.trim();
        match items.last_mut() {
            _ if words.is_empty() => {}
            Some(last) if is_continued => {
                last.push(' ');
                last.push_str(words);
            }
            _ => items.push(words.to_owned()),
        }
    }
    let mut text: String = items
        .iter()
        .map(|item| format!("- {}\n", item.replace('<', "&lt;")))
        .collect();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_rules_file_becomes_a_list() {
        let file =
            "# R2 content: title.\n#\n# Goal: find\n#   them.\n# Logic: count.\n\nid: R2\n# no\n";
        assert_eq!(comment(file), "- Goal: find them.\n- Logic: count.\n\n");
    }
}
