//! Every row against its table's definition, and the values that TABLES.md asks for.

use std::collections::{BTreeMap, BTreeSet};

use livefire_schema::ids::EventId;
use livefire_schema::table::{ColumnType, Table};
use livefire_schema::time::EventTime;
use serde_json::{Map, Value};

use super::fixture::{delivery, event, recipes, with};
use super::{Recipes, RowKind, Scratch};
use crate::event::{Action, Event, Outcome};

mod values;

type Json = Map<String, Value>;

fn render(recipes: &Recipes, kind: RowKind, event: &Event) -> (Json, EventId) {
    let mut out = Vec::new();
    let id = recipes.render(
        kind,
        event,
        &delivery(event),
        &mut Scratch::default(),
        &mut out,
    );
    let text = String::from_utf8(out).expect("rows are UTF-8");
    assert!(!text.contains('\n'), "one line: {text}");
    let row = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (row, id)
}

fn row(recipes: &Recipes, kind: RowKind, event: &Event) -> Json {
    render(recipes, kind, event).0
}

/// What every action can end in, by the format's names.
const OUTCOMES: &[(Action, &str)] = &[
    (
        Action::Request,
        "pass injection jailbreak leak content withheld throttled refused unavailable",
    ),
    (Action::ToolCall, "pass denied injection"),
    (Action::KeyCall, "ok bad refused throttled list_models"),
    (
        Action::SignIn,
        "ok bad_password unknown_user locked mfa_needed mfa_denied expired kmsi blocked",
    ),
    (Action::TokenRefresh, "ok"),
    (Action::ServiceSignIn, "ok blocked"),
    (Action::Logon, "ok bad_password"),
    (
        Action::Change,
        "configuration model_upload keys_listed mfa_registered password_reset role_added \
         consent account_created",
    ),
    (Action::Indicator, "active expired revoked"),
    (Action::Finding, "unhealthy healthy"),
    (Action::Watchlist, ""),
];

/// One event of every action and outcome that the format knows.
fn every_event() -> Vec<Event> {
    let mut events: Vec<Event> = OUTCOMES
        .iter()
        .flat_map(|(action, outcomes)| {
            let outcomes = outcomes.split(' ');
            outcomes.map(|name| event(*action, Outcome::from_name(name).expect("is an outcome")))
        })
        .collect();
    for alert in [
        "Azure_Jailbreak.ContentFiltering.BlockedAttempt",
        "Azure_MaliciousUrl.ModelResponse",
        "Azure_AnomalousToolInvocation",
        "Azure_AnomalousOperation.InitialAccess",
        "AIModelScan_MalwareDetected",
        "Azure_AccessAnomaly",
    ] {
        let alert = alert.to_owned();
        events.push(with(
            event(Action::DefenderAlert, Outcome::None),
            |detail| {
                detail.alert_type = Some(alert);
            },
        ));
    }
    events.push(with(event(Action::Row, Outcome::None), |detail| {
        detail.row = Some("IdentityInfo".to_owned());
    }));
    events
}

/// Every kind of row with one event that makes it.
fn every_row(recipes: &Recipes) -> Vec<(RowKind, Event)> {
    let mut rows: Vec<(RowKind, Event)> = every_event()
        .into_iter()
        .flat_map(|event| {
            recipes
                .rows(&event)
                .into_iter()
                .map(move |kind| (kind, event.clone()))
        })
        .collect();
    let upload = event(Action::Change, Outcome::ModelUpload);
    rows.push((RowKind::CloudActivity, upload));
    rows
}

#[track_caller]
fn has_type(kind: ColumnType, value: &Value, context: &str) {
    let fits = match kind {
        ColumnType::String | ColumnType::Guid => value.is_string(),
        ColumnType::Datetime => {
            value.is_null()
                || value
                    .as_str()
                    .is_some_and(|text| EventTime::parse(text).is_some())
        }
        ColumnType::Dynamic => value.is_object() || value.is_array(),
        ColumnType::Bool => value.is_boolean(),
        ColumnType::Int | ColumnType::Long => value.is_i64(),
        ColumnType::Real => value.is_number(),
    };
    assert!(fits, "{context}: {value} is no {kind:?}");
}

#[track_caller]
fn fits_table(table: &Table, row: &Json) {
    let order: Vec<usize> = row
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "_ItemId" | "IngestionTime"))
        .map(|(name, value)| {
            let index = table.columns.iter().position(|column| column.name == *name);
            let index = index.unwrap_or_else(|| panic!("{} has no column {name}", table.name));
            has_type(
                table.columns[index].kind,
                value,
                &format!("{}.{name}", table.name),
            );
            index
        })
        .collect();
    assert!(order.is_sorted(), "{}: columns out of order", table.name);
    let tail: Vec<&String> = row.keys().rev().take(2).collect();
    assert_eq!(tail, ["IngestionTime", "_ItemId"], "{}", table.name);
    assert_eq!(row["Type"], table.name.as_str());
}

#[test]
fn every_row_fits_its_table() {
    let recipes = recipes();
    for (kind, event) in every_row(&recipes) {
        let table = recipes.table(kind, &event).expect("tables are embedded");
        fits_table(recipes.schema().table(table), &row(&recipes, kind, &event));
    }
}

#[test]
fn every_generated_column_is_written_by_some_row() {
    let recipes = recipes();
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (kind, event) in every_row(&recipes) {
        let row = row(&recipes, kind, &event);
        if let Some(Value::Object(message)) = row.get("LogMessage") {
            let app = written.entry("AppLog".to_owned()).or_default();
            app.extend(message.keys().cloned());
        }
        let table = row["Type"].as_str().unwrap().to_owned();
        written
            .entry(table)
            .or_default()
            .extend(row.keys().cloned());
    }
    let kinds = RowKind::ALL.iter().filter_map(|kind| kind.table_name());
    for name in kinds.chain(["AppLog"]) {
        let table = recipes.schema().find(name).expect("is embedded");
        let expected = recipes.schema().table(table).columns.iter();
        for column in expected.filter(|column| column.generated) {
            assert!(
                written[name].contains(&column.name),
                "{name}.{} is never written",
                column.name
            );
        }
    }
}

#[test]
fn every_field_of_the_log_line_is_one_of_the_app_log() {
    let recipes = recipes();
    let table = recipes.schema().find("AppLog").expect("is embedded");
    let table = recipes.schema().table(table);
    for (kind, event) in every_row(&recipes) {
        let row = row(&recipes, kind, &event);
        let Some(Value::Object(message)) = row.get("LogMessage") else {
            continue;
        };
        for (name, value) in message {
            let column = table
                .column(name)
                .unwrap_or_else(|| panic!("AppLog has no {name}"));
            has_type(column.kind, value, name);
        }
        assert_eq!(row["LogLevel"], message["level"]);
    }
}

#[test]
fn a_reader_finds_the_event_id_in_the_row() {
    let recipes = recipes();
    for (kind, event) in every_row(&recipes) {
        let (row, id) = render(&recipes, kind, &event);
        let table = recipes
            .schema()
            .find(row["Type"].as_str().unwrap())
            .unwrap();
        let key = recipes.schema().table(table).duplicate_key.clone();
        let text = key
            .as_deref()
            .and_then(|key| super::overrides::find_path(&row, key));
        let expected = text.and_then(Value::as_str).map_or_else(
            || EventId::from_item(delivery(&event).item),
            EventId::from_text,
        );
        assert_eq!(id, expected, "{kind:?}");
    }
}
