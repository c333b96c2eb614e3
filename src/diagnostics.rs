//! Faults drawn under the lines that they are about, on standard error, all of them.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use livefire_schema::spec::{Fault, FaultSeverity, Faults};
use serde::Serialize;

use crate::escape;
use crate::output::wants_color;
use crate::shipped;

/// Faults as JSON.
#[derive(Serialize)]
pub(crate) struct FaultList {
    /// Errors, warnings not included.
    pub(crate) errors: usize,
    /// Warnings.
    pub(crate) warnings: usize,
    /// All of them by file and place.
    pub(crate) faults: Vec<Fault>,
}

impl FaultList {
    /// Counts and sorts.
    pub(crate) fn of(faults: &Faults) -> Self {
        let faults = faults.sorted();
        let is_error = |fault: &&Fault| fault.severity == FaultSeverity::Error;
        let errors = faults.iter().filter(is_error).count();
        FaultList {
            errors,
            warnings: faults.len() - errors,
            faults,
        }
    }

    /// `2 errors, 1 warning`, without what there is none of.
    pub(crate) fn summary(&self) -> String {
        let counted = |number: usize, what: &str| match number {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{number} {what}s")),
        };
        let parts = [
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }
}

/// Draws every fault on standard error.
pub(crate) fn print(faults: &Faults) {
    let mut err = io::stderr().lock();
    let color = wants_color(err.is_terminal());
    // Nobody is left to be told that standard error is gone.
    let _ = err.write_all(render(&faults.sorted(), color).as_bytes());
}

/// All faults as text.
fn render(faults: &[Fault], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut sources: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for fault in faults {
        let files = std::iter::once(&fault.file).chain(fault.related.iter().map(|at| &at.file));
        for file in files {
            sources.entry(file).or_insert_with(|| source_of(file));
        }
    }
    let mut text = String::new();
    for fault in faults {
        let source = sources.get(&*fault.file).and_then(Option::as_deref);
        match source {
            // A file that was not read has no line to show, and may be anything.
            Some(source) if fault.code != "LF-S011" => {
                text.push_str(&renderer.render(&[group(fault, source)]));
                text.push_str("\n\n");
            }
            _ => text.push_str(&escape::terminal_lines(&format!("{fault}\n"))),
        }
    }
    text
}

/// The text of a file, with characters that a terminal would obey replaced one byte by one byte,
/// so that spans stay where they are.
fn source_of(file: &str) -> Option<String> {
    let bytes = shipped::read(Path::new(file)).ok()?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
    {
        let replace = |c: char| {
            if c.is_control() && !matches!(c, '\n' | '\t' | '\r') && c.len_utf8() == 1 {
                '?'
            } else {
                c
            }
        };
        text = text.chars().map(replace).collect();
    }
    (!text.trim().is_empty()).then_some(text)
}

fn group<'a>(fault: &'a Fault, source: &'a str) -> Group<'a> {
    let level = match fault.severity {
        FaultSeverity::Error => Level::ERROR,
        FaultSeverity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(escape::terminal_lines(&fault.message))
        .id(fault.code);
    let span = clamp(source, fault.span.start..fault.span.end);
    let snippet = Snippet::source(source)
        .path(&*fault.file)
        .annotation(AnnotationKind::Primary.span(span));
    let mut group = title.element(snippet);
    for place in &fault.related {
        let origin = Origin::path(&*place.file)
            .line(usize::try_from(place.line).unwrap_or(1))
            .char_column(usize::try_from(place.column).unwrap_or(1));
        group = group.element(Level::NOTE.message(escape::terminal_lines(&place.message)));
        group = group.element(origin);
    }
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(escape::terminal_lines(help)));
    }
    group
}

/// A span inside the text, on character borders, on one line, at least one byte long if it can be.
fn clamp(source: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = source[start..]
        .find('\n')
        .map_or(source.len(), |at| start + at);
    let next = source[start..]
        .chars()
        .next()
        .map_or(start, |c| start + c.len_utf8());
    let mut end = span.end.max(next).min(line_end.max(start));
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_stay_inside_their_line() {
        let text = "aä\nb";
        assert_eq!(clamp(text, 0..0), 0..1);
        assert_eq!(clamp(text, 2..9), 1..3);
        assert_eq!(clamp(text, 99..120), 5..5);
    }

    #[test]
    fn a_fault_without_a_readable_file_is_one_line() {
        let faults = Faults::new("gone\x1b.yaml");
        faults.error("LF-Y003", livefire_schema::spec::Span::HEAD, "no such key");
        assert_eq!(
            render(&faults.sorted(), false),
            "gone\\u{1b}.yaml:1:1 no such key\n"
        );
        assert_eq!(FaultList::of(&faults).summary(), "1 error");
    }
}
