//! Hand-made requests as an event source: few users, addresses and texts, so that rules fire.
//!
//! A request is a row of the application log; an injection is a Defender alert of two entity rows
//! besides, a refusal for its rate a row of the resource log. Times are unique, so that a recount
//! needs no order among equals.

use std::sync::Arc;

use livefire_labels::{
    Batch, BatchRow, Campaign, CampaignIndex, Class, EventSource, GroupIndex, LabelGroup,
    LogExtent, Phase, SourceError,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde_json::{Value, json};

/// Campaigns of every world.
pub(crate) const CAMPAIGNS: u32 = 2;

/// Why a request was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// Ordinary work.
    Ordinary,
    /// A look-alike.
    LookAlike,
    /// An attack of this campaign.
    Attack(u32),
    /// Harmless, yet it would not be there without this campaign.
    Cover(u32),
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// Answered.
    Passed,
    /// Stopped as an injection; Defender alerts.
    Injection,
    /// Stopped for its content.
    Content,
    /// Refused for its rate.
    Throttled,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Seconds after the start.
    pub(crate) second: i64,
    /// User.
    pub(crate) user: u8,
    /// Session.
    pub(crate) session: u8,
    /// Address; 0 and 1 are of one network.
    pub(crate) host: u8,
    /// Prompt.
    pub(crate) text: u8,
    /// How it ended.
    pub(crate) ending: Ending,
    /// Why it was made.
    pub(crate) cause: Cause,
    /// Seconds until its rows are ingested.
    pub(crate) delay: i64,
    /// Seconds until its application row is ingested a second time, if it is.
    pub(crate) again: Option<i64>,
}

impl Request {
    /// The campaign without which it would not be.
    pub(crate) fn caused_by(&self) -> Option<u32> {
        match self.cause {
            Cause::Attack(campaign) | Cause::Cover(campaign) => Some(campaign),
            Cause::Ordinary | Cause::LookAlike => None,
        }
    }

    /// Whether the application stopped it.
    pub(crate) fn fails(&self) -> bool {
        matches!(self.ending, Ending::Injection | Ending::Content)
    }

    /// Its user's name.
    pub(crate) fn user_name(&self) -> String {
        format!("user-{}", self.user)
    }
}

/// Seconds after the start of every world, a Monday at midnight.
pub(crate) fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(1_772_409_600 + seconds)
}

/// Event time of a request of this number; no two are equal.
pub(crate) fn time_of(number: usize, request: &Request) -> EventTime {
    let thousandths = i64::try_from(number).expect("few requests");
    at(request.second) + TimeSpan::from_ticks(thousandths * 10_000)
}

struct Row {
    row: BatchRow,
    text: String,
}

/// The requests' rows in ingestion order.
pub(crate) struct Requests {
    rows: Vec<Row>,
    groups: Vec<LabelGroup>,
    per_batch: usize,
    next: usize,
}

impl Requests {
    /// The rows of those requests that `keep` accepts, so many in a batch.
    pub(crate) fn new(
        schema: &Schema,
        requests: &[Request],
        per_batch: usize,
        keep: impl Fn(&Request) -> bool,
    ) -> Self {
        let mut source = Requests {
            rows: Vec::new(),
            groups: Vec::new(),
            per_batch,
            next: 0,
        };
        for (number, request) in requests.iter().enumerate().filter(|(_, one)| keep(one)) {
            source.add(schema, number, request);
        }
        source
            .rows
            .sort_by_key(|row| (row.row.ingestion, row.row.item));
        source
    }

    fn add(&mut self, schema: &Schema, number: usize, request: &Request) {
        let time = time_of(number, request);
        let id = format!("request-{number}");
        let mut row =
            |table: &str, part: u128, key: &str, time: EventTime, delay: i64, mut fields: Value| {
                let item = ItemId((number as u128) << 8 | part);
                let ingestion = time + TimeSpan::from_seconds(delay);
                fields["TimeGenerated"] = json!(time.to_string());
                fields["IngestionTime"] = json!(ingestion.to_string());
                fields["_ItemId"] = json!(item.to_string());
                let group = self.group(table, request);
                self.rows.push(Row {
                    row: BatchRow {
                        table: schema.find(table).expect("is embedded"),
                        ingestion,
                        time,
                        item,
                        event: EventId::from_text(key),
                        group,
                        ..BatchRow::default()
                    },
                    text: fields.to_string(),
                });
            };
        let log = application_row(&id, request);
        row("ContainerLogV2", 0, &id, time, request.delay, log.clone());
        if let Some(delay) = request.again {
            row("ContainerLogV2", 1, &id, time, delay, log);
        }
        if request.ending == Ending::Throttled {
            let fields = json!({
                "ResultSignature": "429", "CorrelationId": id, "Resource": "AOAI-PROD",
                "CallerIPAddress": "10.0.0.***",
            });
            row("AzureDiagnostics", 2, &id, time, request.delay, fields);
        }
        if request.ending == Ending::Injection {
            let (alert, later) = (format!("alert-{number}"), time + TimeSpan::from_seconds(30));
            let entities = [
                json!({ "EntityType": "Ip", "RemoteIP": address(request) }),
                json!({ "EntityType": "User", "AccountObjectId": request.user_name() }),
            ];
            for (part, mut entity) in (3..).zip(entities) {
                entity["AlertId"] = json!(alert);
                entity["Title"] = json!("A Jailbreak attempt was blocked by Prompt Shields");
                entity["DetectionSource"] = json!("Microsoft Defender for AI Services");
                row("AlertEvidence", part, &alert, later, request.delay, entity);
            }
        }
    }

    fn group(&mut self, table: &str, request: &Request) -> Option<GroupIndex> {
        let class = match request.cause {
            Cause::Ordinary => return None,
            Cause::LookAlike => Class::HardNegative,
            Cause::Attack(_) => Class::Campaign,
            Cause::Cover(_) => Class::Benign,
        };
        let group = LabelGroup {
            class,
            caused_by: request.caused_by().map(CampaignIndex),
            hard_negative: (class == Class::HardNegative).then(|| "look_alike".into()),
            phase: match class {
                Class::Campaign => Phase::Hostile,
                _ => Phase::Preparation,
            },
            stage: "only".into(),
            actor: request.user_name(),
            kind: "made".into(),
            technique: String::new(),
            table: table.into(),
            outcome: "content".into(),
        };
        let known = self.groups.iter().position(|one| *one == group);
        let index = known.unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        });
        Some(GroupIndex(u32::try_from(index).expect("few groups")))
    }
}

fn address(request: &Request) -> &'static str {
    ["198.18.7.1", "198.18.7.2", "203.0.113.9"][usize::from(request.host)]
}

fn application_row(id: &str, request: &Request) -> Value {
    let (check, status, message) = match request.ending {
        Ending::Passed => ("PASS", 200, "Request completed"),
        Ending::Injection => ("FAIL", 400, "Security check failed: prompt injection"),
        Ending::Content => ("FAIL", 400, "Security check failed: content safety"),
        Ending::Throttled => ("PASS", 429, "Too many requests"),
    };
    json!({ "LogMessage": {
        "request_id": id, "end_user_id": request.user_name(),
        "session_id": format!("session-{}", request.session), "source_ip": address(request),
        "application_name": "Assistant", "prompt_hash": format!("hash-{}", request.text),
        "full_prompt_sample": format!("sample {}", request.text / 2),
        "security_check_passed": check, "http_status": status, "message": message,
    }})
}

impl EventSource for Requests {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        batch.clear();
        let end = (self.next + self.per_batch).min(self.rows.len());
        for Row { row, text } in &self.rows[self.next..end] {
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(text.as_bytes());
            let end = batch.bytes.len();
            batch.rows.push(BatchRow { start, end, ..*row });
            batch.clock = row.ingestion;
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
        let campaign = |number| Campaign {
            id: format!("campaign-{number}"),
            kind: "made".into(),
            actor: String::new(),
            stages: Vec::new(),
            expected: vec!["R2".parse().expect("is a rule")],
            may: Vec::new(),
            t0: at(0),
            t_end: at(86_399),
            cut: false,
        };
        (0..CAMPAIGNS).map(campaign).collect()
    }

    fn extent(&self) -> LogExtent {
        let log = TimeRange {
            start: at(0),
            end: at(86_400),
        };
        LogExtent {
            scenario: "made".into(),
            seed: None,
            log,
            scored: log,
            requests: 0,
        }
    }
}
