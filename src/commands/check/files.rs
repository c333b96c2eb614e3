//! Which files a path means, and what each of them is.

use std::fs;
use std::path::{Path, PathBuf};

use livefire_schema::spec::{self, Faults, Node, NodeValue};
use serde::Serialize;

use crate::exit::Failure;
use crate::{input, shipped};

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileKind {
    Scenario,
    Kind,
    Rule,
    Table,
}

/// The files under the paths, by name, each once.
///
/// # Errors
/// If a path leads nowhere, cannot be read, or is a pipe or device.
pub(super) fn under(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    for path in &mut files {
        if let Ok(plain) = path.strip_prefix(".") {
            *path = plain.to_path_buf();
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// The path itself, or what a folder holds, hidden files left out.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::input(format!("{}: cannot be read: {error}", path.display()));
    if !path.is_dir() {
        input::require_name(path)?;
        let is_shipped = !path.exists() && shipped::read(path).is_ok();
        if !path.exists() && !is_shipped {
            return Err(Failure::input(format!(
                "{}: there is no such file or folder",
                path.display()
            )));
        }
        if !is_shipped && !path.is_file() {
            return Err(Failure::input(format!(
                "{}: is a pipe or device, not a file",
                path.display()
            )));
        }
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        let name = entry.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.starts_with('.')) {
            continue;
        }
        let end = entry.extension().and_then(|end| end.to_str());
        let is_table = end == Some("json") && folder_is(&entry, "tables");
        let is_wanted = is_table || matches!(end, Some("yaml" | "yml"));
        if entry.is_dir() || (is_wanted && entry.is_file()) {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

fn folder_is(path: &Path, name: &str) -> bool {
    let parent = path.parent().and_then(Path::file_name);
    parent.is_some_and(|parent| parent == name)
}

/// What a file is, by its end, its folder, or the keys at its top.
pub(super) fn kind_of(path: &Path) -> FileKind {
    if path.extension().is_some_and(|end| end == "json") {
        return FileKind::Table;
    }
    if folder_is(path, "kinds") {
        return FileKind::Kind;
    }
    let is_rules =
        folder_is(path, "rules") || path.parent().is_some_and(|up| folder_is(up, "rules"));
    if is_rules {
        return FileKind::Rule;
    }
    let bytes = shipped::read(path).unwrap_or_default();
    match spec::parse(&bytes, &Faults::new("")) {
        Some(node) => by_keys(&node),
        None => FileKind::Scenario,
    }
}

fn by_keys(node: &Node) -> FileKind {
    let has = |keys: &[&str]| match &node.value {
        NodeValue::Map(entries) => (entries.iter()).any(|(name, _)| keys.contains(&&*name.value)),
        _ => false,
    };
    if has(&["stages", "label", "format", "cast", "techniques"]) {
        FileKind::Kind
    } else if has(&["parameters", "variants", "rule", "id"]) {
        FileKind::Rule
    } else {
        FileKind::Scenario
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, expected: FileKind) {
        let node = spec::parse(text.as_bytes(), &Faults::new("")).expect("is YAML");
        assert_eq!(by_keys(&node), expected, "{text}");
    }

    #[test]
    fn files_are_told_by_their_keys() {
        is("name: x\ncampaigns: []", FileKind::Scenario);
        is("id: R2\nname: content_safety", FileKind::Rule);
        is("id: mine\nlabel: attack", FileKind::Kind);
        is("format: 1\nid: mine", FileKind::Kind);
        is("", FileKind::Scenario);
    }
}
