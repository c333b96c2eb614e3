//! A whole benign log with real traffic: pure in threads and windows, true to the tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use livefire_generator::assemble::BenignTraffic;
use livefire_generator::emit::{Generation, GeneratorSource, shard};
use livefire_generator::settings::{BenignProfile, Calendar, Population, Telemetry};
use livefire_generator::world::World;
use livefire_generator::write::TableHash;
use livefire_labels::{Batch, EventSource};
use livefire_schema::table::{ColumnType, Schema};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde_json::{Map, Value};

fn world(days: i64) -> Arc<World> {
    let population = Population {
        users: 80,
        applications: 3,
        sites: 2,
        service_callers: 4,
        ..Population::default()
    };
    let calendar = Calendar {
        start: EventTime::parse("2026-03-04T00:00:00Z").expect("is a time"),
        duration: TimeSpan::from_days(days),
        baseline: TimeSpan::from_days(1),
    };
    let profile = BenignProfile {
        false_alerts_per_10k: 50.0,
        indicators: 200,
        ..BenignProfile::default()
    };
    World::build(5, &population, &profile, &calendar).into()
}

fn source(world: &Arc<World>, threads: usize, window: Option<TimeRange>) -> GeneratorSource {
    GeneratorSource::new(Generation {
        scenario: "benign".to_owned(),
        world: Arc::clone(world),
        schema: Arc::new(Schema::embedded()),
        producers: vec![Box::new(BenignTraffic::new(Arc::clone(world), None))],
        origins: Vec::new(),
        campaigns: Vec::new(),
        telemetry: Telemetry {
            duplicates: 0.01,
            lost: 0.001,
            clock_skew: TimeSpan::from_seconds(2),
            ..Telemetry::default()
        },
        threads,
        window,
    })
    .expect("starts")
}

/// Hash of all lines, tables mixed.
fn hash(sources: impl Iterator<Item = GeneratorSource>) -> (u64, String) {
    let mut hash = TableHash::default();
    let mut batch = Batch::default();
    for mut source in sources {
        while source.next_batch(&mut batch).expect("goes on") {
            for row in &batch.rows {
                hash.add(batch.line(row));
            }
        }
    }
    (hash.rows(), hash.text())
}

#[test]
fn threads_and_windows_change_no_byte() {
    let world = world(4);
    let whole = hash([source(&world, 1, None)].into_iter());
    assert!(whole.0 > 10_000, "{} rows", whole.0);
    for threads in [2, 8] {
        assert_eq!(hash([source(&world, threads, None)].into_iter()), whole);
    }
    for count in [4, 16] {
        let shards = (0..count).map(|index| {
            let window = shard(&world.calendar, index, count);
            source(&world, 2, Some(window))
        });
        assert_eq!(hash(shards), whole, "{count} windows");
    }
}

#[track_caller]
fn fits(kind: ColumnType, value: &Value, name: &str) {
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
    assert!(fits, "{name}: {value} is no {kind:?}");
}

#[test]
fn every_row_of_every_table_is_what_its_definition_says() {
    let schema = Schema::embedded();
    let mut source = source(&world(14), 2, None);
    let mut batch = Batch::default();
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    while source.next_batch(&mut batch).expect("goes on") {
        for row in &batch.rows {
            let table = schema.table(row.table);
            let line: Map<String, Value> =
                serde_json::from_slice(batch.line(row)).expect("is a JSON object");
            for (name, value) in &line {
                if name == "_ItemId" || name == "IngestionTime" {
                    continue;
                }
                let column = table.column(name);
                let column = column.unwrap_or_else(|| panic!("{} has no {name}", table.name));
                fits(column.kind, value, name);
            }
            assert_eq!(line["_ItemId"], row.item.to_string());
            assert_eq!(line["IngestionTime"], row.ingestion.to_string());
            *rows.entry(table.name.clone()).or_default() += 1;
        }
    }
    for table in [
        "ContainerLogV2",
        "AzureDiagnostics",
        "SigninLogs",
        "AADNonInteractiveUserSignInLogs",
        "IdentityLogonEvents",
        "AlertInfo",
        "AlertEvidence",
        "SecurityAlert",
        "ThreatIntelIndicators",
        "SecurityRecommendation",
        "CloudAppEvents",
        "AmlModelsEvent",
        "AuditLogs",
        "IdentityInfo",
    ] {
        assert!(rows.contains_key(table), "no row of {table}: {rows:?}");
    }
}
