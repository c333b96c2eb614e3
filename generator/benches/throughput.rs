//! Rows per second of one core: benign events alone, the log in memory, the log on disk.
//!
//! The log is a working day of 2,000 users with every table; floor: 0.7 M rows/s to NDJSON on
//! disk. `cargo bench -p livefire-generator`.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use livefire_generator::assemble::BenignTraffic;
use livefire_generator::emit::{EventProducer, Generation, GeneratorSource};
use livefire_generator::settings::{BenignProfile, Calendar, Population, Telemetry};
use livefire_generator::world::World;
use livefire_generator::write::{WriteOptions, write_dir};
use livefire_labels::{Batch, EventSource};
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};

struct Day {
    world: Arc<World>,
    schema: Arc<Schema>,
}

impl Day {
    fn new() -> Self {
        let population = Population {
            users: 2000,
            ..Population::default()
        };
        let calendar = Calendar {
            start: EventTime::parse("2026-03-03T00:00:00Z").expect("is a time"),
            duration: TimeSpan::from_days(1),
            baseline: TimeSpan::ZERO,
        };
        let world = World::build(7, &population, &BenignProfile::default(), &calendar);
        Day {
            world: Arc::new(world),
            schema: Arc::new(Schema::embedded()),
        }
    }

    fn traffic(&self) -> BenignTraffic {
        BenignTraffic::new(Arc::clone(&self.world), None)
    }

    fn source(&self) -> GeneratorSource {
        GeneratorSource::new(Generation {
            scenario: "day".to_owned(),
            world: Arc::clone(&self.world),
            schema: Arc::clone(&self.schema),
            producers: vec![Box::new(self.traffic())],
            origins: Vec::new(),
            campaigns: Vec::new(),
            telemetry: Telemetry::default(),
            threads: 1,
            window: None,
        })
        .expect("one thread starts")
    }

    fn rows(&self) -> u64 {
        let (mut source, mut batch) = (self.source(), Batch::default());
        let mut rows = 0;
        while source.next_batch(&mut batch).expect("goes on") {
            rows += batch.rows.len() as u64;
        }
        rows
    }

    fn write(&self, folder: &Path) -> u64 {
        let options = WriteOptions::default();
        let written = write_dir(
            &mut self.source(),
            &self.schema,
            folder,
            &options,
            &mut |_, _| {},
        );
        let manifest = written.expect("the temporary folder can be written");
        manifest.tables.values().map(|table| table.rows).sum()
    }
}

fn bench(criterion: &mut Criterion) {
    let day = Day::new();
    let start = day.world.calendar.start;
    let mut group = criterion.benchmark_group("generator");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));

    let events = || {
        day.traffic()
            .events(start, start + TimeSpan::from_days(1))
            .len()
    };
    group.throughput(Throughput::Elements(events() as u64));
    group.bench_function("benign events", |bencher| {
        bencher.iter(|| black_box(events()))
    });

    group.throughput(Throughput::Elements(day.rows()));
    group.bench_function("rows in memory", |bencher| {
        bencher.iter(|| black_box(day.rows()))
    });

    let place = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = place.path().join("log");
    group.bench_function("rows on disk", |bencher| {
        bencher.iter(|| black_box(day.write(&folder)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
