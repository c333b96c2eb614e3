//! Single columns that an attack kind sets (`set: Table.Column`), on rows made by a recipe.
//!
//! Rare, so the finished row is read back, changed and written again.

use livefire_schema::ids::{EventId, ItemId};
use serde_json::{Map, Value};

use super::custom::{apply, duplicate_id};
use super::{Recipes, RowKind};
use crate::event::Event;

impl Recipes {
    /// Applies the event's columns to the row that starts at `start`.
    pub(super) fn override_columns(
        &self,
        kind: RowKind,
        event: &Event,
        item: ItemId,
        out: &mut Vec<u8>,
        start: usize,
        id: EventId,
    ) -> EventId {
        let (Some(table), Some(detail)) = (self.table(kind, event), &event.detail) else {
            return id;
        };
        let table = self.schema.table(table);
        if !detail.columns.iter().any(|(of, _, _)| *of == table.name) {
            return id;
        }
        let Ok(Value::Object(mut row)) = serde_json::from_slice(&out[start..]) else {
            return id;
        };
        apply(detail, &table.name, &mut row);
        let id = duplicate_id(table, &row).unwrap_or_else(|| EventId::from_item(item));
        out.truncate(start);
        out.extend_from_slice(Value::Object(row).to_string().as_bytes());
        id
    }
}

/// Sets a column, or a field below a dynamic column (`LogMessage.http_status`).
pub(super) fn set_path(row: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            row.insert(path.to_owned(), value);
        }
        Some((column, rest)) => {
            let inner = row
                .entry(column)
                .or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                set_path(inner, rest, value);
            }
        }
    }
}

/// The value at a path.
pub(super) fn find_path<'r>(row: &'r Map<String, Value>, path: &str) -> Option<&'r Value> {
    match path.split_once('.') {
        None => row.get(path),
        Some((column, rest)) => match row.get(column)? {
            Value::Object(inner) => find_path(inner, rest),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_reach_below_dynamic_columns() {
        let mut row = Map::new();
        set_path(&mut row, "LogMessage.http_status", 429.into());
        set_path(&mut row, "LogMessage.level", "ERROR".into());
        set_path(&mut row, "Plain", "x".into());
        assert_eq!(find_path(&row, "LogMessage.http_status"), Some(&429.into()));
        assert_eq!(find_path(&row, "LogMessage.level"), Some(&"ERROR".into()));
        assert_eq!(find_path(&row, "Plain.deeper"), None);
    }
}
