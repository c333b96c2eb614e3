//! A planted leak is found, by its field and by the model; a log that is drawn alike has none.

use std::sync::Arc;

use livefire_generator::random::Key;
use livefire_labels::{
    Batch, BatchRow, Campaign, CampaignIndex, Class, EventSource, GroupIndex, LabelGroup,
    LogExtent, Phase, SourceError,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use super::*;

const ROWS: u64 = 12_000;
const START: EventTime = EventTime::from_unix_seconds(1_772_409_600);

/// What a drawn row may give away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// Attacks' sessions begin with a small digit.
    Session,
    /// Attacks' sub-second digits lie near the middle.
    Middle,
    /// Attacks stand first in their minute.
    Order,
}

/// Requests, about every third row of a campaign.
struct Drawn {
    planted: Planted,
    table: TableId,
    groups: Vec<LabelGroup>,
    given: bool,
}

impl Drawn {
    fn new(schema: &Schema, planted: Planted) -> Self {
        let group = |campaign| LabelGroup {
            class: Class::Campaign,
            caused_by: Some(CampaignIndex(campaign)),
            hard_negative: None,
            phase: Phase::Hostile,
            stage: String::new(),
            actor: String::new(),
            kind: String::new(),
            technique: String::new(),
            table: String::new(),
            outcome: String::new(),
        };
        Drawn {
            planted,
            table: schema.find("ContainerLogV2").expect("is embedded"),
            groups: (0..60).map(group).collect(),
            given: false,
        }
    }

    fn line(&self, index: u64, is_attack: bool, time: EventTime) -> String {
        let key = Key::root(5).index(index);
        let bits = key.index(1).bits() >> 16;
        let session = match self.planted {
            Planted::Session if is_attack => bits >> 1,
            _ => bits,
        };
        let request = ItemId(u128::from(key.index(2).bits()) << 64 | u128::from(key.bits()));
        format!(
            "{{\"LogMessage\":{{\"request_id\":\"{request}\",\"session_id\":\"s-{session:012x}\",\
             \"application_name\":\"desk\",\"end_user_id\":\"ada\"}},\"PodName\":\"desk-{}\",\
             \"TimeGenerated\":\"{time}\"}}",
            key.index(4).below(3)
        )
    }
}

impl EventSource for Drawn {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        if std::mem::replace(&mut self.given, true) {
            return Ok(false);
        }
        for index in 0..ROWS {
            let key = Key::root(6).index(index);
            let place = match self.planted {
                Planted::Order => index % 12 < 4,
                _ => key.index(5).chance(1.0 / 3.0),
            };
            let mut part = key.index(1).uniform();
            if self.planted == Planted::Middle && place {
                part = 0.25 + part / 2.0;
            }
            let seconds = 5.0 * (index as f64);
            let whole = START + TimeSpan::from_seconds_f64(seconds);
            let time = whole + TimeSpan::from_seconds_f64(part);
            let line = self.line(index, place, time);
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(line.as_bytes());
            let campaign = u32::try_from(key.index(2).below(60)).expect("small");
            let bits = key.index(3);
            batch.rows.push(BatchRow {
                table: self.table,
                start,
                end: batch.bytes.len(),
                ingestion: whole + TimeSpan::from_seconds_f64(key.index(4).uniform()),
                time,
                item: ItemId(u128::from(bits.index(1).bits()) << 64 | u128::from(bits.bits())),
                event: EventId(index),
                group: place.then_some(GroupIndex(campaign)),
                malformed: false,
            });
        }
        Ok(true)
    }

    fn reference(&self) -> Arc<Reference> {
        Arc::new(Reference::default())
    }

    fn groups(&self) -> &[LabelGroup] {
        &self.groups
    }

    fn campaigns(&self) -> Vec<Campaign> {
        Vec::new()
    }

    fn extent(&self) -> LogExtent {
        let range = TimeRange {
            start: EventTime::MIN,
            end: EventTime::MAX,
        };
        LogExtent {
            scenario: "drawn".to_owned(),
            seed: None,
            log: range,
            scored: range,
            requests: ROWS,
        }
    }
}

/// Names of what leaks from a drawn log.
fn leaks(planted: Planted) -> Vec<String> {
    let schema = Schema::embedded();
    let mut auditor = Auditor::new(&schema);
    let mut source = Drawn::new(&schema, planted);
    auditor.add(&mut source).expect("the log can be read");
    let table = auditor.finish();
    table.leaks().map(|line| line.field.clone()).collect()
}

#[test]
fn a_log_drawn_alike_has_no_leak() {
    assert_eq!(leaks(Planted::Nothing), [""; 0]);
}

#[test]
fn a_planted_session_id_is_found_by_its_field_and_by_the_model() {
    let found = leaks(Planted::Session);
    let wanted = [
        "ContainerLogV2 session_id, first digits",
        "ContainerLogV2, all fields together",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_spread_without_a_shift_is_found_by_the_model_alone() {
    let found = leaks(Planted::Middle);
    assert_eq!(found, ["ContainerLogV2, all fields together"]);
}

#[test]
fn rows_that_stand_first_in_their_minute_are_found() {
    let found = leaks(Planted::Order);
    assert!(
        found.contains(&"ContainerLogV2 order within its minute".to_owned()),
        "{found:?}"
    );
}
