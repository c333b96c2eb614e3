//! What the YAML parser says of a file that is none: its place, exactly, and what to write instead.

use super::node::{Span, span};

/// The place of a byte.
pub(super) fn span_of_byte(bytes: &[u8], at: usize) -> Span {
    let before = &bytes[..at];
    let line_start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |i| i + 1);
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    let columns = String::from_utf8_lossy(&before[line_start..])
        .chars()
        .count();
    Span {
        line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
        column: u32::try_from(columns + 1).unwrap_or(u32::MAX),
        start: at,
        end: at + 1,
    }
}

/// Where the parser gave up, with its byte, which the parser does not say. A tab is shown itself,
/// not the value that it ends.
pub(super) fn error_span(error: &serde_saphyr::Error, text: &str) -> Span {
    let Some(location) = error.location().filter(|location| location.line() > 0) else {
        return span_of_byte(text.as_bytes(), text.len());
    };
    let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (line, column) = (small(location.line()), small(location.column()));
    let at = byte_of(text, line, column);
    if error.without_snippet().to_string().contains(TAB) {
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        if let Some(tab) = text[line_start..].find('\t') {
            return span_of_byte(text.as_bytes(), line_start + tab);
        }
    }
    Span {
        start: at,
        end: at,
        ..span(location)
    }
}

/// How the parser calls a tab in a sentence about one.
const TAB: &str = "tab";

/// The byte of a place; the end of the text where it has no such place.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    let inside = text[start..].char_indices().nth(column.saturating_sub(1));
    inside.map_or(text.len(), |(at, _)| start + at)
}

/// The parser's sentence without its place, which the fault carries itself.
pub(super) fn error_text(error: &serde_saphyr::Error) -> String {
    let rendered = error.without_snippet().to_string();
    let line = rendered.lines().next().unwrap_or("cannot be read");
    let sentence = line.find(" at line ").map_or(line, |at| &line[..at]);
    let known = [
        (
            "unclosed quote",
            "not valid YAML: the quote that opens here is never closed",
        ),
        (TAB, "not valid YAML: a tab; indent with spaces"),
        (
            "mapping values are not allowed",
            "not valid YAML: no `:` may stand here; put quotes around a text with `: `, and indent \
             keys of one map alike",
        ),
        (
            "did not find expected key",
            "not valid YAML: no key of the map above; indent keys of one map alike",
        ),
        (
            "did not find expected '-'",
            "not valid YAML: no item of the list above; begin it with `- `, indented as the others",
        ),
        (
            "did not find expected ','",
            "not valid YAML: expected `,` or the end of the list or map; is a `[`, `{` or quote above \
             still open?",
        ),
        (
            "multiple YAML documents",
            "a second document begins here; one file holds one",
        ),
        (
            "Aliases",
            "aliases (`*name`) are not read; write the value out",
        ),
        (
            "recursion limit",
            "lists and maps are nested too deeply; at most 32 levels are read",
        ),
        (
            "Depth",
            "lists and maps are nested too deeply; at most 32 levels are read",
        ),
        (
            "illegal placement of ':'",
            "not valid YAML: no `:` may stand here; is a `[`, `{` or quote above still open?",
        ),
    ];
    match known.iter().find(|(mark, _)| sentence.contains(mark)) {
        Some((_, message)) => (*message).to_owned(),
        None => format!(
            "not valid YAML: {}",
            sentence.trim_end_matches([',', ':', ' '])
        ),
    }
}
