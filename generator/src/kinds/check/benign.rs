//! Which values benign rows have: a few days of a small world, looked at for lints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use livefire_schema::ids::ItemId;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::Value as Json;

use crate::assemble::BenignTraffic;
use crate::emit::EventProducer;
use crate::recipes::{Delivery, Recipes, Scratch};
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::World;

/// Users and days that show what is common.
const USERS: u32 = 60;
const DAYS: i64 = 4;
/// Monday, 2 March 2026.
const START: EventTime = EventTime::from_unix_seconds(1_772_409_600);

/// Texts by table and column; fields of dynamic columns as `Column.field`.
pub(crate) struct BenignValues(BTreeMap<(String, String), BTreeSet<String>>);

impl BenignValues {
    /// Simulates, and reads the rows of some tables.
    pub(crate) fn sample<'t>(schema: &Schema, tables: impl Iterator<Item = &'t str>) -> Self {
        let wanted: BTreeSet<&str> = tables.collect();
        let calendar = Calendar {
            start: START,
            duration: TimeSpan::from_days(DAYS),
            baseline: TimeSpan::from_days(1),
        };
        let population = Population {
            users: USERS,
            ..Population::default()
        };
        let profile = BenignProfile {
            indicators: 100,
            ..BenignProfile::default()
        };
        let world = Arc::new(World::build(7, &population, &profile, &calendar));
        let recipes = Recipes::new(Arc::clone(&world), Arc::new(schema.clone()));
        let mut found = BenignValues(BTreeMap::new());
        let mut scratch = Scratch::default();
        let mut line = Vec::new();
        for event in BenignTraffic::new(world, None).events(START, calendar.end()) {
            for kind in recipes.rows(&event) {
                let Some(table) = kind.table_name().filter(|table| wanted.contains(table)) else {
                    continue;
                };
                let delivery = Delivery {
                    item: ItemId(1),
                    time: event.at,
                    ingestion: event.at,
                };
                line.clear();
                recipes.render(kind, &event, &delivery, &mut scratch, &mut line);
                if let Ok(Json::Object(row)) = serde_json::from_slice(&line) {
                    row.iter()
                        .for_each(|(column, value)| found.add(table, column, value));
                }
            }
        }
        found
    }

    fn add(&mut self, table: &str, column: &str, value: &Json) {
        match value {
            Json::String(text) => {
                let key = (table.to_owned(), column.to_owned());
                self.0.entry(key).or_default().insert(text.clone());
            }
            Json::Object(fields) if !column.contains('.') => {
                for (field, value) in fields {
                    self.add(table, &format!("{column}.{field}"), value);
                }
            }
            _ => {}
        }
    }

    /// The values of a column; none where no benign row of the table has a text there.
    pub(crate) fn of(&self, table: &str, column: &str) -> Option<&BTreeSet<String>> {
        self.0.get(&(table.to_owned(), column.to_owned()))
    }
}
