//! What an alert carries beside its evidence, held as the JSON text that is written out.
//!
//! A run keeps its alerts until it is scored, in both worlds; text is a tenth of what a tree of
//! values takes, and most alerts are never looked into.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Named values of an alert: samples, geography, spans; each rule has its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Details(Box<str>);

impl Details {
    /// The values as a map, in the order in which the rule gave them.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// One value, if the alert carries it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.to_map().swap_remove(name)
    }

    /// The JSON object.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for Details {
    fn default() -> Self {
        Details("{}".into())
    }
}

impl From<Map<String, Value>> for Details {
    fn from(map: Map<String, Value>) -> Self {
        Details(Value::Object(map).to_string().into())
    }
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::<String, Value>::deserialize(deserializer).map_err(D::Error::custom)?;
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn details(value: Value) -> Details {
        let Value::Object(map) = value else {
            panic!("not an object: {value}")
        };
        map.into()
    }

    #[track_caller]
    fn check_round_trip(value: &Value) {
        let written = serde_json::to_string(&details(value.clone())).expect("it is JSON");
        assert_eq!(written, value.to_string());
        let read: Details = serde_json::from_str(&written).expect("it is an object");
        assert_eq!(read, details(value.clone()));
        assert_eq!(&Value::Object(read.to_map()), value);
        assert_eq!(&serde_json::to_value(&read).expect("it is JSON"), value);
    }

    #[test]
    fn details_read_and_write_as_the_object_that_they_are() {
        check_round_trip(&json!({}));
        check_round_trip(&json!({"b": 1, "a": [{"country": "DE"}, null], "text": "\u{1b}[31m\"é"}));
    }

    #[test]
    fn a_value_is_found_by_name() {
        let details = details(json!({"users": ["ada"], "fails": 3}));
        assert_eq!(details.get("fails"), Some(json!(3)));
        assert_eq!(details.get("fail"), None);
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        assert!(serde_json::from_str::<Details>("[1]").is_err());
    }
}
