//! Which tables and columns a rule needs: what its projection reads, so it cannot be out of date.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use livefire_detector::{Projector, RuleSet};
use livefire_schema::reference::Reference;
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::{self, Faults, NodeValue};
use livefire_schema::table::Schema;

/// Columns that every row has or may have; they need no mention.
const USUAL: [&str; 4] = ["TimeGenerated", "IngestionTime", "_TimeReceived", "_ItemId"];

/// `R2 reads ContainerLogV2 (LogMessage.end_user_id, …)`; empty for a file without a known rule.
pub(super) fn of_file(path: &Path, schema: &Schema) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let node = spec::parse(&bytes, &Faults::new(""));
    let Some(NodeValue::Map(entries)) = node.map(|node| node.value) else {
        return String::new();
    };
    let id = entries.iter().find(|(key, _)| key.value == "id");
    let id = id.and_then(|(_, node)| node.scalar());
    id.and_then(|id| of_rule(id, schema)).unwrap_or_default()
}

fn of_rule(id: &str, schema: &Schema) -> Option<String> {
    let mut rules = RuleSet::embedded();
    let token: RuleToken = id.parse().ok()?;
    rules.select(&[token]).ok()?;
    let projector = Projector::new(&rules, schema, &Arc::new(Reference::default()));
    let mut tables = Vec::new();
    for (table, definition) in schema.iter().filter(|(table, _)| projector.reads(*table)) {
        let paths = projector.fields(table).paths().iter();
        let columns: Vec<&str> = paths
            .map(String::as_str)
            .filter(|path| !USUAL.contains(path))
            .collect();
        tables.push(format!("{} ({})", definition.name, columns.join(", ")));
    }
    Some(format!("{id} reads {}", tables.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_needs_what_it_reads() {
        let text = of_rule("R2", &Schema::embedded()).expect("is a rule");
        assert!(text.starts_with("R2 reads ContainerLogV2 ("), "{text}");
        assert!(text.contains("LogMessage.end_user_id"), "{text}");
        assert_eq!(of_rule("X1", &Schema::embedded()), None, "no rule");
    }
}
