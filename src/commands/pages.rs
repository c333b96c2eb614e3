//! `livefire pages`: documentation of attacks, look-alikes, evasions, rules and tables, written
//! from what the program itself reads, so that it cannot tell anything else.

mod kinds;
mod rules;
mod tables;

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::arguments::PagesArguments;
use crate::exit::{Exit, Outcome};
use crate::input::Known;
use crate::output::Output;
use crate::results;

/// Says on each page how it came about.
const MADE: &str = "<!-- Written by `livefire pages`; change what it describes instead. -->\n\n";

/// Writes the pages into a folder.
pub(crate) fn run(arguments: &PagesArguments, output: Output) -> Outcome {
    let known = Known::load(arguments.folder.as_deref())?;
    let folder = &arguments.output;
    fs::create_dir_all(folder).map_err(|error| results::cannot_write(folder, &error))?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, text) in pages(&known) {
        let path = folder.join(name);
        results::write_file(&path, text.as_bytes())?;
        written.push(path);
    }
    output.json(&json!({ "written": written }))?;
    let count = written.len();
    output.human(&format!("{count} pages written to {}\n", folder.display()))?;
    Ok(Exit::Pass)
}

/// All pages: file name and text.
fn pages(known: &Known) -> [(&'static str, String); 5] {
    let whole = |text: String| format!("{MADE}{text}");
    [
        ("attacks.md", whole(kinds::attacks(known))),
        ("look-alikes.md", whole(kinds::look_alikes(known))),
        ("evasions.md", whole(kinds::evasions())),
        ("rules.md", whole(rules::page(known))),
        ("tables.md", whole(tables::page(known))),
    ]
}

/// A Markdown table; bars within cells are escaped.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell_text(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let mut text = line(&names);
    text.push_str(&format!("|{}\n", " --- |".repeat(header.len())));
    for row in rows {
        text.push_str(&line(row));
    }
    text
}

fn cell_text(cell: &str) -> String {
    let cell = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    cell.replace('|', "\\|").replace('<', "&lt;")
}

/// Names in code quotes, comma-separated; a dash for none.
fn code<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() {
        "–".to_owned()
    } else {
        quoted.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_in_their_cell() {
        assert_eq!(
            table(&["a", "b"], &[vec!["x|y".to_owned(), "<p>\nz".to_owned()]]),
            "| a | b |\n| --- | --- |\n| x\\|y | &lt;p> z |\n"
        );
    }

    #[test]
    fn no_names_are_a_dash() {
        assert_eq!(code::<&str>([]), "–");
        assert_eq!(code(["R1", "R2"]), "`R1`, `R2`");
    }
}
