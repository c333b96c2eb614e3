//! Candidates beside each other in one pass give what a run of each alone gives, alert for alert.

use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_harness::worlds::{OwnAlerts, run_side_by_side};
use livefire_harness::{Settings, run};
use livefire_labels::{
    Batch, BatchRow, Campaign, CampaignIndex, Class, EventSource, GroupIndex, LabelGroup,
    LogExtent, Phase, SourceError,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

/// A day of failed requests of a few users, one of them an attacker, in the order of ingestion.
struct Failures {
    schema: Schema,
    groups: Vec<LabelGroup>,
    next: u64,
}

const ROWS: u64 = 3000;
const BATCH: u64 = 257;

/// A number that depends on its arguments alone.
fn mix(row: u64, purpose: u64) -> u64 {
    let mut x = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (purpose << 32);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn at(seconds: u64) -> EventTime {
    EventTime::from_unix_seconds(1_800_000_000 + i64::try_from(seconds).expect("is small"))
}

fn campaign_group() -> LabelGroup {
    LabelGroup {
        class: Class::Campaign,
        caused_by: Some(CampaignIndex(0)),
        hard_negative: None,
        phase: Phase::Hostile,
        stage: "attempts".into(),
        actor: "u0".into(),
        kind: "content_violation".into(),
        technique: String::new(),
        table: "ContainerLogV2".into(),
        outcome: "content".into(),
    }
}

impl Failures {
    fn new() -> Self {
        Failures {
            schema: Schema::embedded(),
            groups: vec![campaign_group()],
            next: 0,
        }
    }

    /// Time of a row: bursts, so that levels rise and fall again and again.
    fn time(row: u64) -> u64 {
        let burst = row / 40;
        burst * 1100 + (row % 40) * 17 + mix(row, 1) % 17
    }
}

impl EventSource for Failures {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        let table = self.schema.find("ContainerLogV2").expect("is embedded");
        let end = (self.next + BATCH).min(ROWS);
        for row in self.next..end {
            let (time, seen) = (at(Self::time(row)), at(Self::time(row) + 40));
            let user = mix(row, 2) % 5;
            // Some rows are delivered twice.
            let request = if row % 50 == 1 { row - 1 } else { row };
            let text = format!(
                r#"{{"TimeGenerated":"{time}","_ItemId":"{}","IngestionTime":"{seen}","LogMessage":{{"request_id":"r{request}","security_check_passed":"FAIL","end_user_id":"u{user}","session_id":"s{}","message":"Security check failed: content safety"}}}}"#,
                ItemId(u128::from(row)),
                mix(row, 3) % 3,
            );
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(text.as_bytes());
            batch.rows.push(BatchRow {
                table,
                start,
                end: batch.bytes.len(),
                ingestion: seen,
                time,
                item: ItemId(u128::from(row)),
                event: EventId::from_text(&format!("r{request}")),
                group: (user == 0).then_some(GroupIndex(0)),
                malformed: false,
            });
            batch.clock = seen;
        }
        let more = end > self.next;
        self.next = end;
        Ok(more)
    }

    fn reference(&self) -> Arc<Reference> {
        Arc::new(Reference::default())
    }

    fn groups(&self) -> &[LabelGroup] {
        &self.groups
    }

    fn campaigns(&self) -> Vec<Campaign> {
        vec![Campaign {
            id: "one".into(),
            kind: "content_violation".into(),
            actor: "u0".into(),
            stages: Vec::new(),
            expected: vec!["R2".parse().expect("is a rule")],
            may: Vec::new(),
            t0: at(0),
            t_end: at(Self::time(ROWS)),
            cut: false,
        }]
    }

    fn extent(&self) -> LogExtent {
        let log = TimeRange {
            start: at(0),
            end: at(0) + TimeSpan::from_days(2),
        };
        LogExtent {
            scenario: "failures".into(),
            seed: None,
            log,
            scored: log,
            requests: ROWS,
        }
    }
}

/// R2 with these values.
fn candidate(values: &[(&str, String)]) -> RuleSet {
    let mut rules = RuleSet::embedded();
    rules
        .select(&["R2".parse().expect("is a rule")])
        .expect("is built");
    for (name, value) in values {
        rules.set(name, value).expect("is a value");
    }
    rules
}

/// Asserts that candidates give the same alerts together as alone; returns how many each gave.
#[track_caller]
fn equal_together_and_alone(candidates: &[RuleSet], engine: &EngineOptions) -> Vec<usize> {
    let schema = Schema::embedded();
    let settings = |rules| Settings {
        schema: &schema,
        rules,
        engine,
        strict: true,
    };
    let (all, sets) = RuleSet::side_by_side(candidates);
    let together = run_side_by_side(&mut Failures::new(), settings(&all), &sets, &mut |_, _| {});
    let (shared, own) = together.expect("runs");
    assert_eq!(shared.rows, ROWS);
    for (rules, own) in candidates.iter().zip(&own) {
        let alone = run(
            &mut Failures::new(),
            settings(rules),
            &mut |_, _| {},
            &mut |_| Ok(()),
        );
        let alone = alone.expect("runs");
        let alone = OwnAlerts {
            alerts: alone.alerts,
            benign_alerts: alone.benign_alerts,
        };
        assert!(*own == alone, "{rules:?}");
    }
    own.iter().map(|own| own.alerts.len()).collect()
}

fn engine(is_binned: bool) -> EngineOptions {
    EngineOptions {
        streaming: !is_binned,
        binned: is_binned,
        ..EngineOptions::default()
    }
}

fn thresholds(realert: &str, window: &str) -> Vec<RuleSet> {
    (1..=20)
        .map(|k| {
            candidate(&[
                ("R2.threshold", k.to_string()),
                ("R2.realert", realert.to_owned()),
                ("R2.window", window.to_owned()),
            ])
        })
        .collect()
}

#[test]
fn every_threshold_gives_what_a_rerun_gives_over_sliding_windows() {
    for (realert, window) in [("4h", "10m"), ("2m", "1h")] {
        let counts = equal_together_and_alone(&thresholds(realert, window), &engine(false));
        assert!(counts[0] > 20 && counts[0] > counts[19], "{counts:?}");
    }
}

#[test]
fn every_threshold_gives_what_a_rerun_gives_in_bins() {
    let counts = equal_together_and_alone(&thresholds("5m", "10m"), &engine(true));
    assert!(counts[0] > counts[15] && counts[0] > 20, "{counts:?}");
    assert!(
        counts.is_sorted_by(|fewer, more| fewer >= more),
        "bins alert once each"
    );
}

#[test]
fn other_parameters_run_beside_each_other_too() {
    let mixed = [
        candidate(&[("R2.window", "5m".to_owned())]),
        candidate(&[("R2.key", "session".to_owned())]),
        candidate(&[
            ("R2.counts", "rows".to_owned()),
            ("R2.threshold", "9".to_owned()),
        ]),
        candidate(&[("R2.allowed_lateness", "45s".to_owned())]),
    ];
    let counts = equal_together_and_alone(&mixed, &engine(false));
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
