//! W and W0 in one pass, over a small hand-made log.

use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_harness::{RunResult, Settings, run};
use livefire_labels::{
    Batch, BatchRow, Campaign, CampaignIndex, Class, EventSource, GroupIndex, LabelGroup,
    LogExtent, Phase, SourceError,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

/// Lines of `ContainerLogV2`, each with its seconds and whether the campaign caused it.
struct Lines {
    rows: Vec<(i64, String, bool)>,
    groups: Vec<LabelGroup>,
    per_batch: usize,
    schema: Schema,
    next: usize,
}

fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(1_800_000_000 + seconds)
}

fn group() -> LabelGroup {
    LabelGroup {
        class: Class::Campaign,
        caused_by: Some(CampaignIndex(0)),
        hard_negative: None,
        phase: Phase::Hostile,
        stage: "attempts".into(),
        actor: "u".into(),
        kind: "content_violation".into(),
        technique: String::new(),
        table: "ContainerLogV2".into(),
        outcome: "content".into(),
    }
}

impl Lines {
    fn new(fails: &[(i64, bool)], per_batch: usize) -> Self {
        let line = |(number, &(seconds, caused)): (usize, &(i64, bool))| {
            let (time, seen) = (at(seconds), at(seconds + 30));
            let text = format!(
                r#"{{"TimeGenerated":"{time}","_ItemId":"{}","IngestionTime":"{seen}","LogMessage":{{"request_id":"r{number}","security_check_passed":"FAIL","end_user_id":"u","message":"Security check failed: content safety"}}}}"#,
                ItemId(number as u128),
            );
            (seconds, text, caused)
        };
        Lines {
            rows: fails.iter().enumerate().map(line).collect(),
            groups: vec![group()],
            per_batch,
            schema: Schema::embedded(),
            next: 0,
        }
    }
}

impl EventSource for Lines {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        let table = self.schema.find("ContainerLogV2").expect("is embedded");
        let end = (self.next + self.per_batch).min(self.rows.len());
        for (index, (seconds, text, caused)) in self.rows[self.next..end].iter().enumerate() {
            let number = self.next + index;
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(text.as_bytes());
            batch.rows.push(BatchRow {
                table,
                start,
                end: batch.bytes.len(),
                ingestion: at(seconds + 30),
                time: at(*seconds),
                item: ItemId(number as u128),
                event: EventId::from_text(&format!("r{number}")),
                group: caused.then_some(GroupIndex(0)),
                malformed: false,
            });
            batch.clock = at(seconds + 30);
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
            actor: "u".into(),
            stages: Vec::new(),
            expected: vec!["R2".parse().expect("is a rule")],
            may: Vec::new(),
            t0: at(0),
            t_end: at(1000),
            cut: false,
        }]
    }

    fn extent(&self) -> LogExtent {
        let log = TimeRange {
            start: at(0),
            end: at(0) + TimeSpan::from_days(1),
        };
        LogExtent {
            scenario: "lines".into(),
            seed: None,
            log,
            scored: log,
            requests: 9,
        }
    }
}

fn outcome(fails: &[(i64, bool)], per_batch: usize) -> RunResult {
    let schema = Schema::embedded();
    let mut rules = RuleSet::embedded();
    rules
        .select(&["R2".parse().expect("is a rule")])
        .expect("R2 is native");
    let engine = EngineOptions::default();
    let settings = Settings {
        schema: &schema,
        rules: &rules,
        engine: &engine,
        strict: false,
    };
    let mut source = Lines::new(fails, per_batch);
    run(&mut source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs")
}

#[track_caller]
fn check(fails: &[(i64, bool)], alerts: usize, benign_alerts: usize) {
    let result = outcome(fails, 2);
    assert_eq!(
        (result.alerts.len(), result.benign_alerts.len()),
        (alerts, benign_alerts)
    );
}

#[test]
fn w0_fires_only_on_what_no_campaign_caused() {
    check(&[(0, true), (60, true), (120, true)], 1, 0);
    check(&[(0, false), (60, false), (120, false)], 1, 1);
    check(&[(0, false), (60, true), (120, false)], 1, 0);
}

#[test]
fn an_alert_does_not_depend_on_how_the_stream_is_cut_into_batches() {
    let fails = [
        (0, true),
        (60, false),
        (120, true),
        (5000, true),
        (5100, true),
        (5200, false),
    ];
    let alerts = |per_batch| outcome(&fails, per_batch).alerts;
    assert_eq!(alerts(1), alerts(6));
}

#[test]
fn the_nearest_approach_to_a_missed_campaign_is_kept() {
    let result = outcome(&[(0, true), (60, true), (9000, true)], 10);
    assert!(result.alerts.is_empty());
    let approach = &result.approaches[0];
    assert_eq!((approach.level, approach.threshold), (2, 3));
    assert_eq!(approach.next_after, Some(TimeSpan::from_seconds(8940)));
}
