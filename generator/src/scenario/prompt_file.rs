//! `prompts: my_lines.txt`: the user's own prompt texts, one a line, beside the scenario.

use std::path::{Component, Path};

use livefire_schema::spec::{Faults, Spanned};

use super::include::ReadFile;

/// Most lines; a template's number has 16 bits.
const MOST_LINES: usize = 60_000;
/// Longest line, in characters.
const MOST_CHARACTERS: usize = 8_000;

/// The lines of a file that stands beside the scenario at `from`; empty ones are left out.
pub(super) fn read(
    from: &Path,
    name: &Spanned<String>,
    read: ReadFile<'_>,
    faults: &Faults,
) -> Vec<String> {
    let error = |message: String| {
        let message = format!("`prompts: {}`: {message}", name.value);
        faults.error("LF-S017", name.span, message);
        Vec::new()
    };
    let path = Path::new(&name.value);
    let is_inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let end = path.extension().and_then(|end| end.to_str());
    if !is_inside || end != Some("txt") {
        return error("write the name of a .txt file that stands beside the scenario".to_owned());
    }
    let bytes = match read(&from.parent().unwrap_or(Path::new("")).join(path)) {
        Ok(bytes) => bytes,
        Err(failure) if failure.kind() == std::io::ErrorKind::NotFound => {
            return error("there is no such file beside the scenario".to_owned());
        }
        Err(failure) => return error(format!("cannot be read: {failure}")),
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(invalid) => {
            let valid = &invalid.as_bytes()[..invalid.utf8_error().valid_up_to()];
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            return error(format!(
                "line {line} is invalid UTF-8; save the file as UTF-8"
            ));
        }
    };
    let lines = text.trim_start_matches('\u{feff}').lines();
    let long = |line: &str| line.chars().nth(MOST_CHARACTERS).is_some();
    if let Some(at) = lines.clone().position(long) {
        let line = at + 1;
        return error(format!(
            "line {line} has more than {MOST_CHARACTERS} characters"
        ));
    }
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    match lines.len() {
        0 => error("has no line of text; write one prompt a line".to_owned()),
        1..=MOST_LINES => lines,
        number => error(format!(
            "has {number} prompts; at most {MOST_LINES} are read"
        )),
    }
}
