//! The promises of the event source, on a hand-made world.

use std::sync::Arc;

use livefire_labels::{Batch, BatchRow, CampaignIndex, Class, EventSource, Phase};
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

mod faults;

use super::{EventProducer, Generation, GeneratorSource, shard};
use crate::event::{AccountRef, Action, Detail, Event, Origin, OriginRef, Outcome};
use crate::random::Key;
use crate::recipes::fixture;
use crate::settings::Telemetry;

/// Requests, sign-ins and alerts of a few actors, day by day; sessions run past midnight.
#[derive(Clone, Debug)]
struct Traffic {
    actors: usize,
    per_day: u64,
}

impl Traffic {
    fn event(key: Key) -> Event {
        let (action, outcome) = match key.index(1).below(10) {
            0..=4 => (Action::Request, Outcome::Pass),
            5 => (Action::Request, Outcome::Throttled),
            6 => (Action::SignIn, Outcome::Ok),
            7 => (Action::TokenRefresh, Outcome::Ok),
            8 => (Action::Logon, Outcome::Ok),
            _ => (Action::DefenderAlert, Outcome::None),
        };
        let mut event = fixture::event(action, outcome);
        event.id = key;
        if action == Action::DefenderAlert {
            event.detail = Some(Box::new(Detail {
                alert_type: Some("Azure_Jailbreak.ContentFiltering.BlockedAttempt".to_owned()),
                ..Detail::default()
            }));
        }
        event
    }
}

impl EventProducer for Traffic {
    fn events(&self, from: EventTime, to: EventTime) -> Vec<Event> {
        (0..self.parts())
            .flat_map(|part| self.part_events(part, from, to))
            .collect()
    }

    fn parts(&self) -> usize {
        self.actors
    }

    fn part_events(&self, part: usize, from: EventTime, to: EventTime) -> Vec<Event> {
        let days = (to - from).ticks() / TimeSpan::from_days(1).ticks();
        let actor = u32::try_from(part).unwrap();
        let mut events = Vec::new();
        for day in 0..days {
            let day = from + TimeSpan::from_days(day);
            let key = Key::root(3)
                .index(part as u64)
                .index(day.ticks().unsigned_abs());
            for index in 0..self.per_day {
                let mut event = Self::event(key.index(index));
                // 25 hours: the last hour lies in the next day.
                let after = event.id.index(2).uniform() * 25.0 * 3600.0;
                event.at = day + TimeSpan::from_seconds_f64(after);
                event.account = Some(AccountRef(actor));
                events.push(event);
            }
        }
        events
    }

    fn horizon(&self) -> TimeSpan {
        TimeSpan::from_hours(1)
    }
}

const TRAFFIC: Traffic = Traffic {
    actors: 5,
    per_day: 60,
};

fn generation(telemetry: Telemetry) -> Generation {
    Generation {
        scenario: "test".to_owned(),
        world: Arc::new(fixture::world()),
        schema: Arc::new(Schema::embedded()),
        producers: vec![Box::new(TRAFFIC)],
        origins: Vec::new(),
        campaigns: Vec::new(),
        telemetry,
        threads: 2,
        window: None,
    }
}

/// Everything that can go wrong, at high rates.
fn faulty() -> Telemetry {
    Telemetry {
        no_delay: false,
        duplicates: 0.1,
        lost: 0.05,
        malformed: 0.05,
        late: 0.02,
        clock_skew: TimeSpan::from_seconds(3),
        defender_delay: None,
    }
}

struct Output {
    lines: Vec<(BatchRow, Vec<u8>)>,
    source: GeneratorSource,
}

impl Output {
    /// All lines as a log file would hold them, tables mixed.
    fn bytes(&self) -> Vec<u8> {
        self.lines
            .iter()
            .flat_map(|(_, line)| line.iter().copied().chain([b'\n']))
            .collect()
    }

    fn of_table(&self, name: &str) -> Vec<(&BatchRow, serde_json::Value)> {
        let table = Schema::embedded().find(name).expect("is embedded");
        self.lines
            .iter()
            .filter(|(row, _)| row.table == table)
            .map(|(row, line)| (row, serde_json::from_slice(line).expect("is JSON")))
            .collect()
    }
}

fn run(generation: Generation) -> Output {
    let mut source = GeneratorSource::new(generation).expect("starts");
    let mut batch = Batch::default();
    let mut lines = Vec::new();
    while source.next_batch(&mut batch).expect("goes on") {
        assert!(!batch.rows.is_empty());
        assert!(batch.rows.iter().all(|row| row.ingestion <= batch.clock));
        lines.extend(
            batch
                .rows
                .iter()
                .map(|row| (*row, batch.line(row).to_vec())),
        );
    }
    assert!(batch.rows.is_empty());
    Output { lines, source }
}

#[test]
fn threads_change_no_byte() {
    let outputs = [1, 2, 8].map(|threads| {
        let generation = Generation {
            threads,
            ..generation(faulty())
        };
        run(generation).bytes()
    });
    assert!(outputs[0].len() > 500_000, "{}", outputs[0].len());
    assert!(outputs[0] == outputs[1] && outputs[1] == outputs[2]);
}

#[track_caller]
fn shards_join(count: u32) {
    let whole = run(generation(faulty()));
    let calendar = fixture::world().calendar;
    let mut joined = Vec::new();
    let mut requests = 0;
    for index in 0..count {
        let generation = Generation {
            window: Some(shard(&calendar, index, count)),
            ..generation(faulty())
        };
        let part = run(generation);
        requests += part.source.extent().requests;
        joined.extend(part.bytes());
    }
    assert!(
        joined == whole.bytes(),
        "{count} windows differ from the whole"
    );
    assert_eq!(requests, whole.source.extent().requests);
}

#[test]
fn windows_of_ingestion_time_join_to_the_whole() {
    for count in [1, 4, 16] {
        shards_join(count);
    }
}

fn origin(stage: &str) -> Origin {
    Origin {
        class: Class::Campaign,
        caused_by: Some(CampaignIndex(0)),
        hard_negative: None,
        phase: Phase::Hostile,
        stage: stage.to_owned(),
        kind: "prompt_injection".to_owned(),
        technique: String::new(),
    }
}

/// Fifty events of two stages on the second day.
fn campaign() -> Vec<Event> {
    (0..50)
        .map(|index| {
            let key = Key::root(9).index(index);
            let mut event = fixture::event(Action::Request, Outcome::Injection);
            event.id = key;
            event.at = fixture::start()
                + TimeSpan::from_hours(30)
                + TimeSpan::from_seconds_f64(key.index(1).uniform() * 20_000.0);
            event.origin = Some(OriginRef(u32::from(index >= 25)));
            event
        })
        .collect()
}

#[test]
fn a_campaign_only_adds_rows() {
    let without = run(generation(faulty()));
    let mut generation = generation(faulty());
    generation.producers.push(Box::new(campaign()));
    generation.origins = vec![origin("probe"), origin("inject")];
    let mut with = run(generation);
    let before = with.lines.len();
    with.lines.retain(|(row, _)| row.group.is_none());
    assert!(before - with.lines.len() > 80);
    assert!(with.bytes() == without.bytes());
}

#[test]
fn labelled_rows_name_stage_table_and_actor() {
    let mut generation = generation(Telemetry::default());
    generation.producers.push(Box::new(campaign()));
    generation.origins = vec![origin("probe"), origin("inject")];
    let output = run(generation);
    let groups = output.source.groups();
    assert_eq!(groups.len(), 4, "two stages in two tables: {groups:?}");
    let labelled = output.lines.iter().filter_map(|(row, _)| row.group);
    let mut rows: FxHashMap<(&str, &str), usize> = FxHashMap::default();
    for group in labelled {
        let group = &groups[group.0 as usize];
        assert_eq!(group.outcome, "injection");
        assert!(group.is_attack());
        assert_eq!(
            group.actor,
            fixture::world().directory.accounts[0].object_id
        );
        *rows.entry((&group.stage, &group.table)).or_default() += 1;
    }
    assert_eq!(rows[&("probe", "ContainerLogV2")], 25);
    assert_eq!(rows[&("inject", "AzureDiagnostics")], 25);
}

#[test]
fn rows_come_in_ingestion_order_and_after_their_events() {
    let output = run(generation(faulty()));
    assert!(output.lines.is_sorted_by_key(|(row, _)| row.ingestion));
    let schema = Schema::embedded();
    let delayed = output
        .lines
        .iter()
        .filter(|(row, _)| schema.table(row.table).ingestion_delay_seconds.is_some());
    for (row, _) in delayed {
        assert!(row.ingestion > row.time);
    }
    let log = output.source.extent().log;
    assert!(output.lines.iter().all(|(row, _)| log.contains(row.time)));
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let held = |days| {
        let mut world = fixture::world();
        world.calendar.duration = TimeSpan::from_days(days);
        let generation = Generation {
            world: Arc::new(world),
            ..generation(Telemetry::default())
        };
        let output = run(generation);
        (output.source.most_rows_held(), output.lines.len())
    };
    let ((short, rows), (long, more)) = (held(5), held(20));
    assert!(more > 3 * rows);
    assert!(
        long * 10 <= short * 11,
        "{long} rows held over 20 days, {short} over 5"
    );
}
