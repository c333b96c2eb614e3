//! Rows per second of one core: parsing and all rules, all rules alone, and a bare parse of the
//! same bytes beside them.
//!
//! The log is a week's shape squeezed into synthetic `ContainerLogV2` lines of about 1 kB, with
//! every column that the service writes. Floors: 0.7 M rows/s from NDJSON, 2 M rows/s from memory;
//! all sixteen rules keep at least 0.6 of the speed of the nine that look at single requests.
//! `cargo bench -p livefire-detector`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use livefire_detector::{Engine, EngineOptions, ProjectedBatch, Projector, RuleSet};
use livefire_schema::reference::{Identity, Place, Reference};
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::json;

const ROWS: u32 = 100_000;
const USERS: u32 = 2_000;
/// Event time between two rows; 2,000 users send about so many.
const PACE: TimeSpan = TimeSpan::from_seconds(3);

/// A number that depends on its arguments alone.
fn mix(row: u32, purpose: u32) -> u32 {
    let mut x = u64::from(row) << 32 | u64::from(purpose);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((x ^ (x >> 31)) >> 32).unwrap_or(0)
}

fn guid(seed: u32, purpose: u32) -> String {
    let part = |n| mix(seed, purpose * 16 + n);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:08x}{:04x}",
        part(0),
        part(1) & 0xffff,
        part(2) & 0xfff,
        part(3) & 0xfff,
        part(4),
        part(5) & 0xffff
    )
}

/// One line of the application log.
fn line(row: u32) -> String {
    let start = EventTime::parse("2026-03-02T00:00:00Z").expect("is a time");
    let time = start + PACE * i64::from(row);
    let ingestion = time + TimeSpan::from_seconds(i64::from(20 + mix(row, 1) % 90));
    let user = mix(row, 2) % USERS;
    let failed = mix(row, 3) % 100 < 2;
    let throttled = !failed && mix(row, 4) % 100 < 2;
    let prompt = if mix(row, 5).is_multiple_of(100) {
        mix(row, 6) % 50
    } else {
        row + 1000
    };
    let log = json!({
        "timestamp": time.to_string(),
        "level": if failed { "WARNING" } else { "INFO" },
        "message": if failed { "Security check failed: content safety" } else { "Request completed" },
        "request_id": guid(row, 7),
        "session_id": format!("s-{:06x}", mix(row / 5, 8) & 0xff_ffff),
        "prompt_hash": format!("{:08x}{:08x}{:08x}{:08x}", mix(prompt, 9), mix(prompt, 10), mix(prompt, 11), mix(prompt, 12)),
        "security_check_passed": if failed { "FAIL" } else { "PASS" },
        "source_ip": format!("198.18.{}.{}", user % 200, user / 200 + 1),
        "end_user_id": guid(user, 13),
        "application_name": format!("Assistant {}", user % 6),
        "model_deployment": format!("gpt-4o-{}", user % 6),
        "full_prompt_sample": "Please summarise the attached quarterly figures for the board in five short point",
        "http_status": if failed { 400 } else if throttled { 429 } else { 200 },
        "prompt_tokens": 412, "completion_tokens": 128, "finish_reason": "stop",
    });
    let fields = json!({
        "TimeGenerated": time.to_string(),
        "Computer": "aks-nodepool1-12345678-vmss000002",
        "ContainerId": format!("{}{}", guid(user % 9, 14), guid(user % 9, 15)),
        "ContainerName": "chat-api",
        "KubernetesMetadata": {"podLabels": {"app": "chat-api"}},
        "LogLevel": "INFO",
        "LogMessage": log,
        "LogSource": "stdout",
        "PodName": "chat-api-6c9f7d8b5-x2k4q",
        "PodNamespace": "genai",
        "SourceSystem": "Azure",
        "TenantId": "6f1d2c3b-0000-4000-8000-000000000001",
        "Type": "ContainerLogV2",
        "_ResourceId": "/subscriptions/00000000-0000-4000-8000-00000000a001/resourcegroups/rg-genai/providers/microsoft.containerservice/managedclusters/aks-genai",
        "_ItemId": guid(row, 16),
        "IngestionTime": ingestion.to_string(),
    });
    fields.to_string()
}

struct Setup {
    rules: RuleSet,
    schema: Schema,
    reference: Arc<Reference>,
    projector: Projector,
    table: TableId,
    lines: Vec<String>,
}

/// R1–R6 and C1–C3: the rules without hunting queries and baselines.
const NINE: [&str; 9] = ["R1", "R2", "R3", "R4", "R5", "R6", "C1", "C2", "C3"];

/// All rules, or the nine.
fn rules(nine: bool) -> RuleSet {
    let mut rules = RuleSet::embedded();
    if nine {
        let tokens = NINE.map(|id| id.parse().expect("is a rule"));
        rules.select(&tokens).expect("is native");
    }
    rules
}

/// Somewhere for every network of [`line`], so that U3 has places to compare.
fn places() -> Vec<Place> {
    (0..200u32)
        .map(|third| Place {
            network: format!("198.18.{third}.0/24"),
            country: "DE".into(),
            city: format!("City {third}"),
            latitude: 50.0 + f64::from(third) / 100.0,
            longitude: 10.0,
            usage: "home".into(),
            ..Place::default()
        })
        .collect()
}

fn setup(nine: bool) -> Setup {
    let identities = (0..USERS).map(|user| Identity {
        object_id: guid(user, 13),
        upn: format!("user{user}@contoso.example"),
        ..Identity::default()
    });
    let reference = Reference::new(identities.collect(), vec![], vec![], vec![], places());
    let (rules, schema, reference) = (rules(nine), Schema::embedded(), Arc::new(reference));
    let mut lines: Vec<(String, String)> = (0..ROWS)
        .map(|row| {
            let line = line(row);
            let stamp = line.rsplit("\"IngestionTime\":").next().unwrap_or("");
            (stamp.to_owned(), line)
        })
        .collect();
    lines.sort();
    Setup {
        projector: Projector::new(&rules, &schema, &reference),
        table: schema.find("ContainerLogV2").expect("is embedded"),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        rules,
        schema,
        reference,
    }
}

impl Setup {
    fn engine(&self, binned: bool) -> Engine {
        let options = EngineOptions {
            binned,
            ..EngineOptions::default()
        };
        Engine::new(&self.rules, &self.schema, &self.reference, &options)
    }

    fn project(&self, batch: &mut ProjectedBatch, lines: &[String]) {
        for line in lines {
            let projected = self.projector.project(self.table, line.as_bytes(), batch);
            projected.expect("lines are rows");
        }
    }

    fn feed(&self, engine: &mut Engine, batch: &ProjectedBatch) {
        for row in batch.iter() {
            engine.push(row);
        }
        black_box(engine.take_alerts());
    }

    /// All rules from lines, a few thousand rows at a time.
    fn run_lines(&self) {
        let mut engine = self.engine(false);
        let mut batch = ProjectedBatch::new();
        for chunk in self.lines.chunks(4096) {
            batch.clear();
            self.project(&mut batch, chunk);
            self.feed(&mut engine, &batch);
        }
        engine.finish();
        black_box(engine.take_alerts());
    }
}

/// The fields that a reader of this log would want, and nothing else.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only its parsing is measured")]
struct Bare<'a> {
    #[serde(rename = "TimeGenerated", borrow)]
    time: &'a str,
    #[serde(rename = "IngestionTime", borrow)]
    ingestion: &'a str,
    #[serde(rename = "_ItemId", borrow)]
    item: &'a str,
    #[serde(rename = "LogMessage", borrow)]
    log: BareLog<'a>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only its parsing is measured")]
struct BareLog<'a> {
    #[serde(borrow)]
    request_id: &'a str,
    #[serde(borrow)]
    prompt_hash: &'a str,
    #[serde(borrow)]
    security_check_passed: &'a str,
    #[serde(borrow)]
    source_ip: &'a str,
    #[serde(borrow)]
    end_user_id: &'a str,
}

fn throughput(criterion: &mut Criterion) {
    let (setup, nine) = (setup(false), setup(true));
    let mut group = criterion.benchmark_group("detector");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("bare parse", |bencher| {
        bencher.iter(|| {
            for line in &setup.lines {
                let row: Bare<'_> = serde_json::from_str(line).expect("is a row");
                black_box(row);
            }
        });
    });
    for (name, setup) in [("nine", &nine), ("all", &setup)] {
        group.bench_function(format!("{name} rules from NDJSON"), |bencher| {
            bencher.iter(|| setup.run_lines());
        });
        let mut batch = ProjectedBatch::new();
        group.bench_function(format!("{name} rules, projection alone"), |bencher| {
            bencher.iter(|| {
                for chunk in setup.lines.chunks(4096) {
                    batch.clear();
                    setup.project(&mut batch, chunk);
                }
            });
        });
        batch.clear();
        setup.project(&mut batch, &setup.lines);
        for (mode, binned) in [("", false), (", binned too", true)] {
            group.bench_function(format!("{name} rules from memory{mode}"), |bencher| {
                bencher.iter(|| {
                    let mut engine = setup.engine(binned);
                    setup.feed(&mut engine, &batch);
                    engine.finish();
                    black_box(engine.take_alerts());
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, throughput);
criterion_main!(benches);
