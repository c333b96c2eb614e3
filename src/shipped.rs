//! The scenarios that livefire ships, embedded: `livefire run quick` works without the repository.

use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};
use livefire_generator::kinds::Source;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Names and texts of the shipped scenarios, by name.
pub(crate) fn scenarios() -> Vec<(&'static str, &'static str)> {
    let mut list: Vec<_> = SCENARIOS
        .files()
        .filter(|file| file.path().extension().is_some_and(|end| end == "yaml"))
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            Some((name, file.contents_utf8()?))
        })
        .collect();
    list.sort_unstable();
    list
}

/// The kinds that stand beside the shipped scenarios, as a user's stand beside theirs.
pub(crate) fn kinds() -> Vec<Source> {
    let files = SCENARIOS.get_dir("kinds").into_iter().flat_map(Dir::files);
    files
        .map(|file| Source {
            path: format!("scenarios/{}", file.path().display()),
            bytes: file.contents().to_vec(),
        })
        .collect()
}

/// The text of a shipped scenario by its name.
pub(crate) fn scenario(name: &str) -> Option<&'static str> {
    scenarios()
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| text)
}

/// Whether a path is the name of a shipped scenario: one word, without folder and extension.
///
/// Such a word means the shipped one whatever stands in the current folder; `./quick` and
/// `quick.yaml` are files.
pub(crate) fn is_name(path: &Path) -> bool {
    path.to_str().is_some_and(|name| scenario(name).is_some())
}

/// Reads a shipped scenario by its name, else a file; `quick.yaml` too is the shipped one where
/// there is no such file.
///
/// # Errors
/// As [`std::fs::read`]; a pipe or device is refused, as reading it might never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(text) = path.to_str().and_then(scenario) {
        return Ok(text.as_bytes().to_vec());
    }
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let message = "is a pipe or device, not a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let error = match std::fs::read(path) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    let name = path.file_stem().and_then(|name| name.to_str());
    let is_bare = path
        .parent()
        .is_none_or(|parent| parent.as_os_str().is_empty());
    match name.and_then(scenario) {
        Some(text) if is_bare && error.kind() == io::ErrorKind::NotFound => {
            Ok(text.as_bytes().to_vec())
        }
        _ => Err(error),
    }
}

/// What a scenario's header comment says in its first sentence.
pub(crate) fn headline(text: &str) -> String {
    let comment: Vec<&str> = text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let joined = comment.join(" ");
    let ends = [". ", "? ", ": "];
    let end = ends.iter().filter_map(|end| joined.find(end)).min();
    let end = end.map_or(joined.len(), |at| at + 1);
    joined[..end].trim_end_matches(':').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_is_the_first_sentence_of_the_header() {
        assert_eq!(
            headline("# Shows two\n# things. And more.\nname: x\n"),
            "Shows two things."
        );
        assert_eq!(
            headline("# What does it cost? Much.\n"),
            "What does it cost?"
        );
    }
}
