//! Reading a table's rows: only the asked-for fields are kept, borrowed where possible.
//!
//! A [`FieldSet`] is the union of what all rules read of one table, as paths into columns and
//! into dynamic columns (`LogMessage.end_user_id`). Dynamic columns are read as objects and, when
//! they arrive as a JSON string, through it. Unknown and missing columns are fine.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use crate::time::EventTime;

mod scan;
#[cfg(test)]
mod tests;

/// A field of a row.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value<'a> {
    /// Missing, JSON null, or a path that does not lead anywhere.
    #[default]
    Null,
    /// A JSON boolean.
    Bool(bool),
    /// A JSON integer.
    Int(i64),
    /// Any other JSON number.
    Real(f64),
    /// A JSON string.
    Text(Cow<'a, str>),
    /// A JSON object or array, as JSON text.
    Json(String),
}

/// The fields of one row, in the order of the [`FieldSet`] that read it.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    values: SmallVec<[Value<'a>; 24]>,
}

impl Row<'_> {
    /// The field in a slot.
    #[must_use]
    pub fn value(&self, slot: Slot) -> &Value<'_> {
        self.values.get(slot.0).unwrap_or(&Value::Null)
    }

    /// The field as non-empty text; `None` for anything else.
    #[must_use]
    pub fn text(&self, slot: Slot) -> Option<&str> {
        match self.values.get(slot.0) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The field as an integer, also from text (`"429"`) and from a real without fraction.
    #[must_use]
    pub fn integer(&self, slot: Slot) -> Option<i64> {
        match self.values.get(slot.0)? {
            Value::Int(value) => Some(*value),
            Value::Text(text) => text.trim().parse().ok(),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked to be integral and small"
            )]
            Value::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
            _ => None,
        }
    }

    /// The field as an instant.
    #[must_use]
    pub fn time(&self, slot: Slot) -> Option<EventTime> {
        self.text(slot).and_then(EventTime::parse)
    }

    /// The field as a boolean, also from the text `true` or `false` in any case.
    #[must_use]
    pub fn boolean(&self, slot: Slot) -> Option<bool> {
        match self.values.get(slot.0)? {
            Value::Bool(value) => Some(*value),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// Index of a path in its [`FieldSet`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot(usize);

/// The paths to read from one table's rows.
#[derive(Clone, Debug, Default)]
pub struct FieldSet {
    paths: Vec<String>,
    tree: Tree,
}

#[derive(Clone, Debug, Default)]
struct Tree {
    slot: Option<usize>,
    children: Vec<(String, Tree)>,
    /// Position of the first child in each [`bucket`]; empty without children.
    heads: Vec<usize>,
    /// For each child the position of the next one in its bucket.
    nexts: Vec<usize>,
    /// The keys of an object that was read here: those of one table mostly come in one order.
    order: OnceLock<Vec<scan::Expected>>,
}

/// Buckets of a [`Tree`]: many more than children, since most names of a line are not asked for
/// and an empty bucket settles that at once.
const BUCKETS: usize = 128;
/// No position.
const NOWHERE: usize = usize::MAX;

/// Where to look for a name, from its length, first and last byte, which tell most names apart.
#[inline]
fn bucket(name: &[u8]) -> usize {
    let (first, last) = match name {
        [] => (0, 0),
        [only] => (*only, *only),
        [first, .., last] => (*first, *last),
    };
    let [length, ..] = name.len().to_le_bytes();
    let mark = u32::from_le_bytes([length, first, last, 0]);
    // The top seven bits of a product that every bit of the mark reaches.
    (mark.wrapping_mul(0x9e37_79b1) >> 25) as usize
}

impl Tree {
    fn child(&self, name: &[u8]) -> Option<&Tree> {
        self.position(name)
            .map(|position| &self.children[position].1)
    }

    #[inline]
    fn position(&self, name: &[u8]) -> Option<usize> {
        let mut position = *self.heads.get(bucket(name))?;
        while let Some((own, _)) = self.children.get(position) {
            if own.as_bytes() == name {
                return Some(position);
            }
            position = self.nexts[position];
        }
        None
    }

    /// Adds a child that is not there yet and gives its position.
    fn add(&mut self, name: &str) -> usize {
        let position = self.children.len();
        self.order = OnceLock::new();
        self.heads.resize(BUCKETS, NOWHERE);
        let head = &mut self.heads[bucket(name.as_bytes())];
        self.nexts.push(std::mem::replace(head, position));
        self.children.push((name.to_owned(), Tree::default()));
        position
    }
}

/// Why a line is no row.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct RowError {
    message: String,
}

impl FieldSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path (`Column` or `Column.field…`) and returns its slot; asking twice gives the same.
    pub fn slot(&mut self, path: &str) -> Slot {
        if let Some(index) = self.paths.iter().position(|known| known == path) {
            return Slot(index);
        }
        let index = self.paths.len();
        self.paths.push(path.to_owned());
        let mut tree = &mut self.tree;
        for part in path.split('.') {
            let position = tree.children.iter().position(|(name, _)| name == part);
            let position = position.unwrap_or_else(|| tree.add(part));
            tree = &mut tree.children[position].1;
        }
        tree.slot = Some(index);
        Slot(index)
    }

    /// The paths, in slot order.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The path of a slot.
    ///
    /// # Panics
    /// If the slot comes from another set.
    #[must_use]
    pub fn path(&self, slot: Slot) -> &str {
        &self.paths[slot.0]
    }

    /// Reads one NDJSON line. Of what no path asks for only strings and brackets are checked.
    ///
    /// # Errors
    /// [`RowError`] if the line is no JSON object, or is not UTF-8.
    pub fn read_json<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, RowError> {
        let text = std::str::from_utf8(line).map_err(|error| RowError {
            message: error.to_string(),
        })?;
        let mut row = self.empty_row();
        match scan::scan(self, text, &mut row) {
            Some(()) => Ok(row),
            None => self.read_json_fully(text),
        }
    }

    /// The full parser: slower, strict everywhere, and able to say what is wrong.
    fn read_json_fully<'a>(&self, text: &'a str) -> Result<Row<'a>, RowError> {
        let mut row = self.empty_row();
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = ObjectSeed {
            tree: &self.tree,
            values: &mut row.values,
            nested: false,
        };
        seed.deserialize(&mut json)
            .and_then(|()| json.end())
            .map_err(|error| RowError {
                message: error.to_string(),
            })?;
        Ok(row)
    }

    /// Prepares to read CSV records whose header is `columns`.
    #[must_use]
    pub fn bind_csv<'s>(&'s self, columns: &[&str]) -> CsvBinding<'s> {
        let trees = columns
            .iter()
            .map(|column| self.tree.child(column.as_bytes()))
            .collect();
        CsvBinding { set: self, trees }
    }

    fn empty_row<'a>(&self) -> Row<'a> {
        Row {
            values: (0..self.paths.len()).map(|_| Value::Null).collect(),
        }
    }
}

/// A CSV header matched with a [`FieldSet`].
#[derive(Clone, Debug)]
pub struct CsvBinding<'s> {
    set: &'s FieldSet,
    trees: Vec<Option<&'s Tree>>,
}

impl CsvBinding<'_> {
    /// Reads one record; empty cells are null, cells of dynamic columns are JSON text.
    pub fn read<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Row<'a> {
        let mut row = self.set.empty_row();
        for (cell, tree) in cells.zip(&self.trees) {
            let Some(tree) = tree else { continue };
            if cell.is_empty() {
                continue;
            }
            if !tree.children.is_empty() {
                read_nested(tree, cell, &mut row.values);
            }
            if let Some(slot) = tree.slot {
                row.values[slot] = Value::Text(Cow::Borrowed(cell));
            }
        }
        row
    }
}

/// Follows a dynamic column that arrived as text; text that is no JSON object gives nulls.
fn read_nested<'a>(tree: &Tree, text: &str, values: &mut SmallVec<[Value<'a>; 24]>) {
    if !text.trim_start().starts_with('{') {
        return;
    }
    let mut inner: SmallVec<[Value<'_>; 24]> = (0..values.len()).map(|_| Value::Null).collect();
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = ObjectSeed {
        tree,
        values: &mut inner,
        nested: true,
    };
    if seed
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .is_err()
    {
        return;
    }
    for (slot, value) in inner.into_iter().enumerate() {
        if value != Value::Null {
            values[slot] = value.into_owned();
        }
    }
}

impl Value<'_> {
    fn into_owned<'b>(self) -> Value<'b> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Real(value) => Value::Real(value),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Json(text) => Value::Json(text),
        }
    }
}

/// Reads a JSON object, keeping what `tree` asks for. At the top level anything but an object is
/// an error; nested it is ignored.
struct ObjectSeed<'t, 'v, 'de> {
    tree: &'t Tree,
    values: &'v mut SmallVec<[Value<'de>; 24]>,
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.nested {
            deserializer.deserialize_any(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, one a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(KeySeed { tree: self.tree })? {
            match child {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(tree) if tree.children.is_empty() => {
                    if let Some(slot) = tree.slot {
                        self.values[slot] = map.next_value_seed(LeafSeed)?;
                    }
                }
                Some(tree) => {
                    let nested = ObjectSeed {
                        tree,
                        values: &mut *self.values,
                        nested: true,
                    };
                    map.next_value_seed(nested)?;
                }
            }
        }
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        read_nested(self.tree, text, self.values);
        if let Some(slot) = self.tree.slot {
            self.values[slot] = Value::Text(Cow::Owned(text.to_owned()));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

struct KeySeed<'t> {
    tree: &'t Tree,
}

impl<'de, 't> DeserializeSeed<'de> for KeySeed<'t> {
    type Value = Option<&'t Tree>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'_> for KeySeed<'t> {
    type Value = Option<&'t Tree>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column name")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.tree.child(key.as_bytes()))
    }
}

struct LeafSeed;

impl<'de> DeserializeSeed<'de> for LeafSeed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LeafSeed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Int(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 2^63 a JSON number is a real"
    )]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(value).map_or(Value::Real(value as f64), Value::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Real(value))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value<'de>, A::Error> {
        let value: serde_json::Value =
            de::Deserialize::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
        Ok(Value::Json(value.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
        let value: serde_json::Value =
            de::Deserialize::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Value::Json(value.to_string()))
    }
}
