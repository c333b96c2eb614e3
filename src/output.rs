//! Where a command's words go: results and human text to standard output, remarks to standard error.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use crate::escape;

/// How this call prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON document on standard output instead of human text.
    pub(crate) json: bool,
    /// No remarks on standard error, no human text on standard output.
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints human text, escaped, unless JSON or quiet was asked for.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn human(self, text: &str) -> io::Result<()> {
        if self.json || self.quiet {
            return Ok(());
        }
        io::stdout().write_all(escape::terminal_lines(text).as_bytes())
    }

    /// Prints a file or other text that is the command's result, unescaped if a program reads it.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if out.is_terminal() {
            out.write_all(escape::terminal_lines(text).as_bytes())
        } else {
            out.write_all(text.as_bytes())
        }
    }

    /// Prints a JSON document if JSON was asked for.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        text.push('\n');
        self.text(&text)
    }

    /// A remark on standard error.
    pub(crate) fn remark(self, text: &str) {
        if !self.quiet {
            // Nobody is left to be told that standard error is gone.
            let _ = writeln!(io::stderr(), "{}", escape::terminal_lines(text));
        }
    }
}

/// Whether colours are wanted on a stream: it is a terminal and `NO_COLOR` is unset or empty.
pub(crate) fn wants_color(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A plain table: two spaces between columns, no lines, `right` columns aligned right.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.iter().map(|text| Cell::new(*text)));
    for row in rows {
        table.add_row(row.iter().map(|text| Cell::new(escape::terminal(text))));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(index > 0), 1));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_aligned_columns_and_no_trailing_space() {
        let rows = [
            vec!["R1".to_owned(), "3/3".to_owned()],
            vec!["all rules".to_owned(), "11/13".to_owned()],
        ];
        assert_eq!(
            table(&["rule", "caught"], &rows, &[1]),
            "rule       caught\nR1            3/3\nall rules   11/13\n"
        );
    }

    #[test]
    fn cells_cannot_break_out_of_their_line() {
        let rows = [vec!["a\nb\x1b[2J".to_owned()]];
        assert_eq!(table(&["x"], &rows, &[]), "x\na\\u{a}b\\u{1b}[2J\n");
    }
}
