//! Every fault of a user's table file at once, each with its place.
//!
//! The definition itself is read by serde, which stops at the first fault; this reads the same
//! text as a tree of nodes (JSON is YAML) and says all that is wrong with it.

use rustc_hash::FxHashMap;

use super::TableError;
use crate::spec::{Faults, MapReader, Node, NodeValue, Span, Spanned, or_list, parse};

/// Column types as files write them.
const TYPES: &[&str] = &[
    "string", "datetime", "dynamic", "bool", "int", "long", "real", "guid",
];
/// Keys of a table in which there is nothing to check.
const PLAIN: &[&str] = &[
    "kind",
    "description",
    "source",
    "source_date",
    "test_table",
    "ingestion_delay_basis",
    "logs_ingestion_api",
];
/// The column of event times where a file names none.
const TIME: &str = "TimeGenerated";

/// What the JSON reader found, in the words of a user, without the place that goes beside it.
pub(super) fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").map_or(&*text, |end| &text[..end]);
    if error.is_syntax() || error.is_eof() {
        return format!("not valid JSON: {text}");
    }
    let parts = text.strip_prefix("invalid type: ");
    let Some((found, expected)) = parts.and_then(|parts| parts.split_once(", expected ")) else {
        return format!("does not describe a table: {text}");
    };
    let kinds = ["integer ", "floating point ", "boolean "];
    let found = kinds
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .map(str::to_owned)
        .or_else(|| {
            found
                .strip_prefix("string ")
                .map(|text| format!("the text {text}"))
        })
        .unwrap_or_else(|| match found {
            "sequence" => "a list".to_owned(),
            "null" => "null".to_owned(),
            other => format!("a {other}"),
        });
    let expected = match expected {
        "a string" => "a text in quotes",
        "a boolean" => "true or false",
        "f64" => "a number without quotes",
        "a sequence" => "a list",
        number if number.starts_with(['u', 'i']) => "a whole number without quotes",
        _ => "something else",
    };
    format!("expected {expected}, found {found}")
}

/// What is wrong with a file, in the order of its places.
pub(super) fn find(path: &str, bytes: &[u8]) -> Vec<TableError> {
    let faults = Faults::new(path);
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        return vec![TableError::Definition {
            path: path.to_owned(),
            line: error.line().max(1),
            column: error.column().max(1),
            message: sentence(&error),
        }];
    }
    if let Some(node) = parse(bytes, &faults)
        && let Some(map) = MapReader::open(&node, "the table", &faults)
    {
        table(map, &faults);
    }
    let place = |number: u32| usize::try_from(number).unwrap_or(1);
    let error = |fault: crate::spec::Fault| TableError::Definition {
        path: path.to_owned(),
        line: place(fault.span.line),
        column: place(fault.span.column),
        message: fault.message,
    };
    faults.sorted().into_iter().map(error).collect()
}

fn table(mut map: MapReader<'_>, faults: &Faults) {
    if let Some(name) = map
        .require("name", "MyApp_CL")
        .and_then(|node| node.text(faults))
    {
        check_name("table", &name, faults);
    }
    map.know(PLAIN);
    let delay = written(&mut map, "ingestion_delay_seconds");
    if let Some(mut delay) =
        delay.and_then(|node| MapReader::open(node, "the ingestion delay", faults))
    {
        for key in ["p50", "p95"] {
            let seconds = delay.require(key, "60");
            seconds.and_then(|node| node.number(0.0..=f64::MAX, faults));
        }
        delay.finish();
    }
    let head = map.span();
    let roles = [
        "time_column",
        "duplicate_key",
        "identity_column",
        "address_column",
    ];
    let named = roles.map(|key| {
        let node = written(&mut map, key);
        (key, node.and_then(|node| node.text(faults)))
    });
    if let Some(list) = map.require(
        "columns",
        "[{ \"name\": \"TimeGenerated\", \"type\": \"datetime\" }]",
    ) {
        let columns = columns(list, faults);
        for (key, name) in named {
            check_role(key, name, head, &columns, faults);
        }
    }
    map.finish();
}

/// The value of a key; nothing where it is absent or null.
fn written<'a>(map: &mut MapReader<'a>, key: &'static str) -> Option<&'a Node> {
    map.take(key).filter(|node| node.value != NodeValue::Null)
}

/// Columns by name, with their types where these are known.
type Columns = FxHashMap<String, Option<usize>>;

fn columns(list: &Node, faults: &Faults) -> Columns {
    let mut columns = Columns::default();
    for item in list.items() {
        let Some(mut map) = MapReader::open(item, "the column", faults) else {
            continue;
        };
        map.know(&["description", "example", "note", "generated"]);
        let kind = map.require("type", "string");
        let kind = kind.and_then(|node| node.word("type", TYPES, faults));
        let kind = kind.map(|kind| kind.value);
        let name = map
            .require("name", "UserId")
            .and_then(|node| node.text(faults));
        if let Some(name) = name {
            check_name("column", &name, faults);
            if columns.contains_key(&name.value) {
                let message = format!("column `{}` is defined twice; remove one", name.value);
                faults.error("LF-T002", name.span, message);
            }
            columns.entry(name.value).or_insert(kind);
        }
        map.finish();
    }
    columns
}

fn check_name(what: &str, name: &Spanned<String>, faults: &Faults) {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = name.value.starts_with(is_letter)
        && name
            .value
            .chars()
            .all(|c| is_letter(c) || c.is_ascii_digit());
    if !fits {
        let message = format!(
            "`{}` is no name of a {what}; write letters, digits and `_`, a letter first",
            name.value
        );
        faults.error("LF-T003", name.span, message);
    }
}

/// Checks that a key names a column; the time column is a datetime and there by default.
fn check_role(
    key: &str,
    name: Option<Spanned<String>>,
    head: Span,
    columns: &Columns,
    faults: &Faults,
) {
    let is_time = key == "time_column";
    let name = match name {
        Some(name) => name,
        None if is_time => Spanned::new(TIME.to_owned(), head),
        None => return,
    };
    // a path into a dynamic column names the column first
    let root = name.value.split('.').next().unwrap_or_default();
    let message = match columns.get(root) {
        None => {
            let mut known: Vec<&str> = columns.keys().map(String::as_str).collect();
            known.sort_unstable();
            let end = or_list(root, "columns", known);
            format!("{key} `{}` is no column of the table{end}", name.value)
        }
        Some(Some(kind)) if is_time && TYPES[*kind] != "datetime" => {
            format!("{key} `{}` must be of type datetime", name.value)
        }
        Some(_) => return,
    };
    faults.error("LF-T004", name.span, message);
}
