//! What stands in cells of an export: times, severities, entities and lists of ids.

use livefire_schema::alert::{Entity, Severity};
use livefire_schema::time::EventTime;
use serde_json::Value;

/// Fields of Sentinel's entities that identify them, by the type as exports write it.
const ENTITIES: &[(&str, &str, &[&str])] = &[
    (
        "account",
        "Account",
        &["UserPrincipalName", "AadUserId", "Name"],
    ),
    ("ip", "IP", &["Address"]),
    ("cloud-application", "CloudApplication", &["Name", "AppId"]),
    ("azure-resource", "AzureResource", &["ResourceId"]),
    ("host", "Host", &["HostName"]),
    ("url", "URL", &["Url"]),
];

/// An instant: ISO 8601, or as the Azure portal exports it (`3/9/2026, 10:12:00.000 AM`).
pub(super) fn time(text: &str) -> Option<EventTime> {
    let text = text.trim();
    EventTime::parse(text).or_else(|| portal_time(text))
}

fn portal_time(text: &str) -> Option<EventTime> {
    let (date, clock) = text.split_once(',')?;
    let mut date = date.trim().splitn(3, '/').map(str::parse::<u32>);
    let (month, day, year) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let (clock, half) = clock.trim().rsplit_once(' ')?;
    let (hour, rest) = clock.split_once(':')?;
    let hour: u32 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    EventTime::parse(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{rest}Z"))
}

/// A severity in any case.
pub(super) fn severity(text: &str) -> Option<Severity> {
    let all = [
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let text = text.trim().to_ascii_lowercase();
    all.into_iter().find(|severity| severity.token() == text)
}

/// Texts of some values; one that is a list as people write it gives each item.
pub(super) fn texts(values: &[Value]) -> Vec<String> {
    let mut texts = Vec::new();
    for value in values {
        match value {
            Value::String(text) => {
                // Ids hold no blank, so one within a list of words is a name: it stays whole.
                let parts = text.split([',', ';', '\n']).map(str::trim);
                let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
                texts.extend(parts.into_iter().map(str::to_owned));
            }
            Value::Number(number) => texts.push(number.to_string()),
            _ => {}
        }
    }
    texts
}

/// Sentinel's entities; an object of another kind is known by its first text.
pub(super) fn entities(values: &[Value]) -> Vec<Entity> {
    let mut entities: Vec<Entity> = values.iter().filter_map(entity).collect();
    entities.sort();
    entities.dedup();
    entities
}

fn entity(value: &Value) -> Option<Entity> {
    let fields = match value {
        Value::Object(fields) => fields,
        Value::String(text) => {
            let (kind, value) = (String::new(), text.clone());
            return Some(Entity { kind, value });
        }
        _ => return None,
    };
    let kind = fields.get("Type").and_then(Value::as_str).unwrap_or("");
    let known = ENTITIES.iter().find(|(name, _, _)| *name == kind);
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let value = match known {
        Some((_, _, names)) => names.iter().find_map(|name| text(name))?.to_owned(),
        None => fields
            .iter()
            .filter(|(name, _)| *name != "Type" && !name.starts_with('$'))
            .find_map(|(_, value)| value.as_str())?
            .to_owned(),
    };
    let value = match (kind, text("UPNSuffix")) {
        ("account", Some(suffix)) if !value.contains('@') => format!("{value}@{suffix}"),
        _ => value,
    };
    let kind = known.map_or(kind, |(_, kind, _)| kind).to_owned();
    Some(Entity { kind, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn is(text: &str, iso: &str) {
        assert_eq!(time(text), EventTime::parse(iso), "{text}");
        assert!(time(text).is_some(), "{text}");
    }

    #[test]
    fn times_are_read_as_the_portal_writes_them() {
        is("3/9/2026, 10:12:00.000 AM", "2026-03-09T10:12:00Z");
        is("12/31/2026, 12:00:01.500 AM", "2026-12-31T00:00:01.5Z");
        is("3/9/2026, 12:30:00.000 PM", "2026-03-09T12:30:00Z");
        is(" 2026-03-09T10:12:00Z ", "2026-03-09T10:12:00Z");
        for wrong in [
            "",
            "yesterday",
            "13/13/2026, 10:00:00 AM",
            "3/9/2026, 13:00:00 PM",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn entities_are_named_as_ours() {
        let values = [
            json!({ "$id": "1", "Type": "ip", "Address": "198.18.7.41" }),
            json!({ "$id": "2", "Type": "account", "Name": "ada", "UPNSuffix": "example.org" }),
            json!({ "$id": "3", "Type": "file", "Name": "x.exe" }),
            json!({ "$id": "4", "Type": "ip" }),
        ];
        let found = entities(&values);
        let shown: Vec<String> = found
            .iter()
            .map(|entity| format!("{} {}", entity.kind, entity.value))
            .collect();
        assert_eq!(
            shown,
            ["Account ada@example.org", "IP 198.18.7.41", "file x.exe"]
        );
    }

    #[test]
    fn lists_of_ids_are_read_as_people_write_them() {
        assert_eq!(
            texts(&[json!("a, b;c"), json!(7), json!(null)]),
            ["a", "b", "c", "7"]
        );
        assert_eq!(severity("high"), Some(Severity::High));
        assert_eq!(severity("urgent"), None);
    }
}
