//! Reading one parameter file of a rule.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_schema::spec::{self, Faults, MapReader, Node, NodeValue, Span, Spanned, or_list};

use super::{Entry, Variant};
use crate::parameters::{ParameterSpec, Value};

/// The `*.yaml` files of a folder in name order; none if there is no such folder.
pub(super) fn list(folder: &Path, faults: &Faults) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.error("LF-R001", Span::default(), error.to_string());
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    paths
}

/// Reads a file into the entry of the rule that it names; faults leave the entry as far as read,
/// and the caller drops it then.
pub(super) fn read(entries: &mut [Entry], name: &str, origin: &str, bytes: &[u8], faults: &Faults) {
    let Some(node) = spec::parse(bytes, faults) else {
        return;
    };
    let Some(mut map) = MapReader::open(&node, "the rule", faults) else {
        return;
    };
    let id = map.require("id", "R1").and_then(|node| node.text(faults));
    // Files that a rule names stand beside its own.
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let known = id
        .as_ref()
        .and_then(|id| entries.iter().find(|entry| entry.info.id == id.value));
    let example = known.map_or("prompt_injection", |entry| entry.info.name);
    let title = map.require("name", example);
    let title = title.and_then(|node| node.text(faults));
    if let Some(id) = id
        && let Some(entry) = find(entries, &id, faults)
    {
        check_name(entry, name, title.as_ref(), faults);
        for (key, value) in map.entries("parameters") {
            if let Some((spec, value)) = parameter(entry, key, value, folder, faults) {
                entry.parameters.set(spec, value);
            }
        }
        for (key, value) in map.entries("variants") {
            variant(entry, key, value, folder, faults);
        }
        entry.origin = Arc::from(origin);
        entry.source = Arc::from(String::from_utf8_lossy(bytes));
    } else {
        map.know(&["parameters", "variants"]);
    }
    map.finish();
}

fn find<'e>(
    entries: &'e mut [Entry],
    id: &Spanned<String>,
    faults: &Faults,
) -> Option<&'e mut Entry> {
    let ids: Vec<&'static str> = entries.iter().map(|entry| entry.info.id).collect();
    let found = entries.iter_mut().find(|entry| entry.info.id == id.value);
    if found.is_none() {
        let end = or_list(&id.value, "native rules", ids);
        let message = format!("`{}` is no native rule{end}", id.value);
        faults.error("LF-R002", id.span, message);
    }
    found
}

fn check_name(entry: &Entry, file: &str, name: Option<&Spanned<String>>, faults: &Faults) {
    let Some(name) = name else { return };
    if name.value != entry.info.name {
        let (id, known) = (entry.info.id, entry.info.name);
        let message = format!("rule {id} is named `{known}`, not `{}`", name.value);
        faults.error("LF-R002", name.span, message);
    } else if Path::new(file)
        .file_stem()
        .is_none_or(|stem| stem != name.value.as_str())
    {
        let message = format!(
            "the file of rule `{0}` is usually named {0}.yaml",
            name.value
        );
        faults.warning("LF-R003", name.span, message);
    }
}

fn parameter(
    entry: &Entry,
    key: &Spanned<String>,
    node: &Node,
    folder: &Path,
    faults: &Faults,
) -> Option<(&'static str, Value)> {
    let Some(spec) = entry.parameters.spec(&key.value) else {
        let names: Vec<_> = entry.parameters.iter().map(|(spec, _)| spec.name).collect();
        let end = or_list(&key.value, "parameters", names);
        let message = format!(
            "rule {} has no parameter `{}`{end}",
            entry.info.id, key.value
        );
        faults.error("LF-R004", key.span, message);
        return None;
    };
    match read_value(spec, node, folder) {
        Ok(value) => Some((spec.name, value)),
        Err(message) => {
            let message = format!("`{}`: {message}", spec.name);
            faults.error("LF-R005", node.span, message);
            None
        }
    }
}

fn read_value(spec: &ParameterSpec, node: &Node, folder: &Path) -> Result<Value, String> {
    match &node.value {
        NodeValue::List(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Node::scalar).collect();
            let texts = texts.ok_or_else(|| format!("expected {}", spec.bounds))?;
            spec.parse_list(texts.into_iter(), folder)
        }
        _ => match node.scalar() {
            Some(text) => spec.parse_in(text, folder),
            None => Err(format!(
                "expected {}, found {}",
                spec.bounds,
                node.value.describe()
            )),
        },
    }
}

fn variant(entry: &mut Entry, key: &Spanned<String>, node: &Node, folder: &Path, faults: &Faults) {
    if !entry.info.variants.contains(&key.value.as_str()) {
        let known = entry.info.variants.iter().copied();
        let end = or_list(&key.value, "variants", known);
        let message = format!("rule {} has no variant `{}`{end}", entry.info.id, key.value);
        faults.error("LF-R006", key.span, message);
        return;
    }
    let mut changes = Vec::new();
    for (name, value) in node.entries("variant", faults) {
        changes.extend(parameter(entry, name, value, folder, faults));
    }
    let made = Variant {
        name: key.value.clone(),
        changes,
    };
    match entry
        .variants
        .iter_mut()
        .find(|known| known.name == made.name)
    {
        Some(known) => *known = made,
        None => entry.variants.push(made),
    }
}
