//! An export as rows of named cells, each with its place: CSV with a header, or NDJSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::exit::Failure;

/// What the Azure portal adds to the names of time columns.
const PORTAL_TIME: &str = " [UTC]";

/// An export.
#[derive(Debug)]
pub(super) struct Export {
    /// Its name in messages.
    pub(super) name: String,
    /// Names of all columns that any row has, sorted.
    pub(super) columns: Vec<String>,
    /// Its rows in the order of the file.
    pub(super) rows: Vec<Row>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// Line of its beginning, from 1.
    pub(super) line: u64,
    cells: IndexMap<String, Cell>,
}

#[derive(Debug)]
struct Cell {
    value: Value,
    line: u64,
    column: u64,
}

impl Export {
    /// Reads a file; a first character of `{` says that it is NDJSON.
    ///
    /// # Errors
    /// If it cannot be read, or its form is broken, with file, line and column.
    pub(super) fn read(path: &Path) -> Result<Export, Failure> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::input(format!("{name}: there is no such file"))
            }
            _ => Failure::input(format!("{name}: cannot be read: {error}")),
        })?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let (line, column) = place(&String::from_utf8_lossy(before));
            Failure::input(format!(
                "{name}:{line}:{column}: is not UTF-8; export it as UTF-8"
            ))
        })?;
        let rows = if text.trim_start().starts_with('{') {
            ndjson(text)
        } else {
            csv(text)
        };
        let rows = rows.map_err(|(line, column, why)| {
            Failure::input(format!("{name}:{line}:{column}: {why}"))
        })?;
        let columns: BTreeSet<&String> = rows.iter().flat_map(|row| row.cells.keys()).collect();
        Ok(Export {
            columns: columns.into_iter().cloned().collect(),
            name,
            rows,
        })
    }

    /// Whether any row has the column of a path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.rows.iter().any(|row| row.split(path).is_some())
    }
}

type Fault = (u64, u64, String);

/// Line and column of the end of a text, from 1.
fn place(before: &str) -> (u64, u64) {
    let line = before.bytes().filter(|&byte| byte == b'\n').count();
    let last = before.rsplit('\n').next().unwrap_or("");
    let small = |number: usize| u64::try_from(number).unwrap_or(u64::MAX - 1) + 1;
    (small(line), small(last.chars().count()))
}

fn ndjson(text: &str) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |error: &serde_json::Error| {
            let column = u64::try_from(error.column()).unwrap_or(1);
            (number, column, format!("is no JSON object: {error}"))
        };
        let fields: IndexMap<String, &RawValue> =
            serde_json::from_str(line).map_err(|error| wrong(&error))?;
        let mut cells = IndexMap::new();
        for (name, raw) in fields {
            let start = raw.get().as_ptr().addr() - line.as_ptr().addr();
            let value = serde_json::from_str(raw.get()).map_err(|error| wrong(&error))?;
            let cell = Cell {
                value,
                line: number,
                column: place(&line[..start]).1,
            };
            cells.insert(name, cell);
        }
        rows.push(Row {
            line: number,
            cells,
        });
    }
    Ok(rows)
}

fn csv(text: &str) -> Result<Vec<Row>, Fault> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let wrong = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        (line, 1, format!("is no CSV: {error}"))
    };
    let header = reader.headers().map_err(|error| wrong(&error))?.clone();
    let mut rows = Vec::new();
    let mut scanner = Scanner::new(text);
    scanner.record(header.len());
    for record in reader.records() {
        let record = record.map_err(|error| wrong(&error))?;
        let places = scanner.record(record.len());
        let head = places.first().copied().unwrap_or((1, 1));
        if record.len() != header.len() {
            let why = format!(
                "has {} fields, its header {}; quote a field that holds a comma or a line's end",
                record.len(),
                header.len()
            );
            return Err((head.0, head.1, why));
        }
        let cells = header.iter().zip(&record).zip(&places);
        let cells = cells.map(|((name, text), &(line, column))| {
            let value = match text.trim() {
                "" => Value::Null,
                _ => Value::String(text.to_owned()),
            };
            let name = name.trim().to_owned();
            (
                name,
                Cell {
                    value,
                    line,
                    column,
                },
            )
        });
        rows.push(Row {
            line: head.0,
            cells: cells.collect(),
        });
    }
    Ok(rows)
}

/// Finds where fields begin, which the reader of CSV does not tell.
struct Scanner<'a> {
    rest: std::str::Chars<'a>,
    line: u64,
    column: u64,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Scanner {
            rest: text.chars(),
            line: 1,
            column: 1,
        }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(next)
    }

    /// Places of the fields of the next record, which has `fields` of them.
    fn record(&mut self, fields: usize) -> Vec<(u64, u64)> {
        while self.rest.as_str().starts_with(['\r', '\n']) {
            self.next();
        }
        let mut places = Vec::with_capacity(fields);
        for _ in 0..fields {
            places.push((self.line, self.column));
            // A quote inside a field that began with none is a character like any other.
            let can_quote = self.rest.as_str().starts_with('"');
            let mut quoted = false;
            while let Some(next) = self.next() {
                match next {
                    '"' if can_quote => quoted = !quoted,
                    ',' | '\n' | '\r' if !quoted => break,
                    _ => {}
                }
            }
        }
        places
    }
}

impl Row {
    /// The cell that a path begins with, and what of the path lies inside it.
    ///
    /// The longest name wins: a column may have a dot in its own.
    fn split<'a, 'p>(&'a self, path: &'p str) -> Option<(&'a Cell, &'p str)> {
        let named = |name: &str| {
            let cell = self.cells.get(name);
            cell.or_else(|| self.cells.get(&format!("{name}{PORTAL_TIME}")))
        };
        let mut end = path.len();
        loop {
            if let Some(cell) = named(&path[..end]) {
                return Some((cell, path[end..].trim_start_matches('.')));
            }
            end = path[..end].rfind('.')?;
        }
    }

    /// Whether the column is there and holds something.
    pub(super) fn has(&self, path: &str) -> bool {
        !self.values(path).is_empty()
    }

    /// What stands at a path: texts that hold JSON are looked into, lists give each item.
    pub(super) fn values(&self, path: &str) -> Vec<Value> {
        let mut values = Vec::new();
        if let Some((cell, inside)) = self.split(path) {
            collect(&cell.value, inside, &mut values);
        }
        values
    }

    /// `file:line:column` of the column of a path.
    pub(super) fn place(&self, path: &str, file: &str) -> String {
        let cell = self.split(path);
        let place = cell.map_or((self.line, 1), |(cell, _)| (cell.line, cell.column));
        format!("{file}:{}:{}", place.0, place.1)
    }
}

fn collect(value: &Value, path: &str, out: &mut Vec<Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, out)),
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            match serde_json::from_str::<Value>(text) {
                Ok(inner) => collect(&inner, path, out),
                Err(_) if path.is_empty() => out.push(value.clone()),
                Err(_) => {}
            }
        }
        Value::Object(fields) if !path.is_empty() => {
            // As with columns: the longest name wins.
            let mut end = path.len();
            loop {
                if let Some(inner) = fields.get(&path[..end]) {
                    return collect(inner, path[end..].trim_start_matches('.'), out);
                }
                match path[..end].rfind('.') {
                    Some(dot) => end = dot,
                    None => return,
                }
            }
        }
        _ if path.is_empty() => out.push(value.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_csv_survive_quotes_and_line_ends() {
        let text = "a,b,c\r\n\"x\ny\",\"say \"\"hi\"\", you\",1\n\n2,q\"q,\"\"\n";
        let rows = csv(text).expect("is CSV");
        assert_eq!(rows[0].place("a", "f"), "f:2:1");
        assert_eq!(rows[0].place("b", "f"), "f:3:4");
        assert_eq!(rows[0].place("c", "f"), "f:3:22");
        assert_eq!(rows[1].place("b", "f"), "f:5:3");
        assert_eq!(rows[1].place("c", "f"), "f:5:7");
        assert_eq!(csv("a,b\n1\n").expect_err("is short").0, 2);
    }

    #[test]
    fn places_of_json_are_those_of_values() {
        let rows = ndjson("\n{\"ä\": 1, \"b\": {\"c\": [\"x\"]}}\n").expect("is NDJSON");
        assert_eq!(rows[0].place("b.c", "f"), "f:2:15");
        assert_eq!(rows[0].values("b.c"), [Value::from("x")]);
    }

    #[test]
    fn paths_lead_into_json_that_is_text_in_text() {
        let inner = r#"{"Custom Details":"{\"request_id\":[\"r1\",\"r2\"]}"}"#;
        let line = serde_json::json!({ "E": inner, "a.b": 1 }).to_string();
        let rows = ndjson(&line).expect("is NDJSON");
        let found = rows[0].values("E.Custom Details.request_id");
        assert_eq!(found, [Value::from("r1"), Value::from("r2")]);
        assert_eq!(rows[0].values("a.b"), [Value::from(1)]);
        assert!(rows[0].values("E.nothing").is_empty());
    }
}
