//! Folders that are written whole, refused or replaced.

use std::fs;
use std::sync::Arc;

use livefire_labels::{Batch, EventSource, SourceError};
use livefire_schema::ids::ItemId;
use livefire_schema::time::TimeSpan;

use super::*;
use crate::emit::{Generation, GeneratorSource};
use crate::event::{Action, Event, Origin, OriginRef, Outcome};
use crate::random::Key;
use crate::recipes::fixture;
use crate::settings::Telemetry;

fn events() -> Vec<Event> {
    (0..200)
        .map(|index| {
            let mut event = fixture::event(Action::Request, Outcome::Injection);
            event.id = Key::root(4).index(index);
            event.at = event.at + TimeSpan::from_minutes(i64::try_from(index).unwrap() * 20);
            event.origin = (index % 4 == 0).then_some(OriginRef(0));
            event
        })
        .collect()
}

fn source(telemetry: Telemetry) -> GeneratorSource {
    GeneratorSource::new(Generation {
        scenario: "small".to_owned(),
        world: Arc::new(fixture::world()),
        schema: Arc::new(Schema::embedded()),
        producers: vec![Box::new(events())],
        origins: vec![Origin {
            class: livefire_labels::Class::Campaign,
            caused_by: None,
            hard_negative: None,
            phase: livefire_labels::Phase::Hostile,
            stage: "inject".to_owned(),
            kind: "prompt_injection".to_owned(),
            technique: String::new(),
        }],
        campaigns: Vec::new(),
        telemetry,
        threads: 1,
        window: None,
    })
    .expect("starts")
}

fn write(folder: &Path, format: Format) -> Result<Manifest, WriteError> {
    let telemetry = Telemetry {
        malformed: 0.05,
        ..Telemetry::default()
    };
    let options = WriteOptions {
        format,
        scenario: "name: small\n".to_owned(),
        window: None,
    };
    write_dir(
        &mut source(telemetry),
        &Schema::embedded(),
        folder,
        &options,
        &mut |_, _| {},
    )
}

#[test]
fn a_folder_holds_tables_reference_labels_and_manifest() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let manifest = write(&folder, Format::Ndjson).expect("writes");
    let text = fs::read_to_string(folder.join("ContainerLogV2.ndjson"));
    // Truncated lines may end inside a character.
    let lines = match text {
        Ok(text) => text.lines().count(),
        Err(_) => {
            fs::read(folder.join("ContainerLogV2.ndjson"))
                .unwrap()
                .split(|byte| *byte == b'\n')
                .count()
                - 1
        }
    };
    let summary = &manifest.tables["ContainerLogV2"];
    assert_eq!(summary.rows, lines as u64);
    assert!(lines >= 200);
    let back = fs::read_to_string(folder.join(MANIFEST)).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&back).unwrap(), manifest);
    let labels = livefire_labels::io::read(&folder.join(LABELS)).expect("reads");
    assert!(labels.book.rows.len() >= 100);
    assert_eq!(labels.extent.seed, Some(7));
    let reference = livefire_schema::reference::io::read(&folder.join(REFERENCE)).expect("reads");
    assert_eq!(
        reference.identities,
        fixture::world().reference().identities
    );
    let rest: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(rest.len(), 1, "nothing temporary remains: {rest:?}");
}

#[test]
fn coverage_accounts_for_every_line() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let manifest = write(&folder, Format::Ndjson).expect("writes");
    let labels = livefire_labels::io::read(&folder.join(LABELS)).expect("reads");
    let coverage = labels.coverage.expect("is written");
    let rows: u64 = manifest.tables.values().map(|table| table.rows).sum();
    assert_eq!(coverage.rows(), rows);
}

#[test]
fn the_same_log_has_the_same_hashes_in_both_formats() {
    let place = tempfile::tempdir().unwrap();
    let ndjson = write(&place.path().join("a"), Format::Ndjson).expect("writes");
    let csv = write(&place.path().join("b"), Format::Csv).expect("writes");
    assert_eq!(ndjson.tables, csv.tables);
}

#[test]
fn csv_holds_the_items_of_the_readable_lines() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    write(&folder, Format::Csv).expect("writes");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(folder.join("AzureDiagnostics.csv"))
        .unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name| header.iter().position(|column| column == name).unwrap();
    let (item, status) = (column("_ItemId"), column("ResultSignature"));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let readable: Vec<_> = records.iter().filter(|record| record.len() > 1).collect();
    assert!(readable.len() > 150 && readable.len() < records.len());
    for record in readable {
        assert!(ItemId::parse_guid(&record[item]).is_some());
        assert_eq!(&record[status], "400");
    }
}

#[test]
fn an_earlier_log_is_replaced_and_anything_else_refused() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    write(&folder, Format::Ndjson).expect("writes");
    write(&folder, Format::Csv).expect("replaces");
    assert!(!folder.join("ContainerLogV2.ndjson").exists());
    assert!(folder.join("ContainerLogV2.csv").exists());

    let other = place.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "mine").unwrap();
    let error = write(&other, Format::Ndjson).expect_err("is refused");
    assert!(matches!(error, WriteError::Foreign { .. }), "{error}");
    assert!(other.join("thesis.txt").exists());
}

/// Breaks off after its first batch.
struct Failing(GeneratorSource, bool);

impl EventSource for Failing {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        if self.1 {
            return Err(SourceError::Plan("broke off".to_owned()));
        }
        self.1 = true;
        self.0.next_batch(batch)
    }
    fn reference(&self) -> Arc<livefire_schema::reference::Reference> {
        self.0.reference()
    }
    fn groups(&self) -> &[livefire_labels::LabelGroup] {
        self.0.groups()
    }
    fn campaigns(&self) -> Vec<livefire_labels::Campaign> {
        self.0.campaigns()
    }
    fn extent(&self) -> livefire_labels::LogExtent {
        self.0.extent()
    }
}

#[test]
fn a_source_that_breaks_off_leaves_the_old_log_and_nothing_partial() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let before = write(&folder, Format::Ndjson).expect("writes");
    let mut failing = Failing(source(Telemetry::default()), false);
    let result = write_dir(
        &mut failing,
        &Schema::embedded(),
        &folder,
        &WriteOptions::default(),
        &mut |_, _| {},
    );
    assert!(result.is_err());
    let text = fs::read_to_string(folder.join(MANIFEST)).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), before);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}
