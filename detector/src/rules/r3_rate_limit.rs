//! R3 `rate_limit`: one caller is refused for its rate again and again.
//!
//! A 429 stands in the resource log, which does not know the caller: its address is the gateway's
//! or the pod's. The caller comes from the application's row of the same request id; only rows
//! without one fall back to resource and masked network ([`callers`]). Whether a bot or a person
//! retries is told from how the gaps grow ([`retries`]).
//!
//! Record: `kind` tells the two tables apart; after resolving `key` caller and application (or
//! address), `value` user, `other` application, `address` source address, `number` prompt.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::service_log::{self, ServiceLog};
use super::{Native, Plan, Rule, app_log, counted, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Closed, Counting, Gaps, KeyedCount, SamplePolicy, Token};
use crate::projected::Sink;
use crate::projector::{FieldPlan, Projection, RowView};
use crate::record::Record;
use callers::{Callers, REQUEST, THROTTLED};
use retries::{Pace, Retries};

mod callers;
mod retries;
#[cfg(test)]
mod tests;

/// How much longer than the class may read them rows are kept for other callers' classes.
const SLACK: TimeSpan = TimeSpan::from_minutes(2);

/// The registered rule.
pub(crate) struct RateLimit;

impl Native for RateLimit {
    fn id(&self) -> &'static str {
        "R3"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "responses 429 that raise an alert");
        specs.extend([
            ParameterSpec::word(
                "key",
                &["caller", "address"],
                "caller: user (else source address) and application; address: source address",
            ),
            ParameterSpec::severity(info.severity),
            ParameterSpec::span(
                "resolve",
                TimeSpan::from_minutes(10),
                "how long a response waits for the application's row of the same request",
            ),
        ]);
        specs.extend(classes());
        specs
    }

    fn sink(&self) -> Option<&'static str> {
        Some("threshold")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![service_log::TABLE, app_log::TABLE],
            resolve: parameters.span("resolve"),
            horizon: parameters.span("window") * 2 + parameters.span("class_hold") * 2,
            has_bins: true,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        Box::new(Project::new(fields))
    }

    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let (window, hold) = (parameters.span("window"), parameters.span("class_hold"));
        let counting = Counting {
            mode,
            window,
            token: Token::Event,
            hold,
            keep: window + hold + SLACK,
            samples: SamplePolicy::None,
        };
        let realert = parameters.span("realert");
        Box::new(State {
            count: KeyedCount::new(counting, parameters.count("threshold"), realert),
            callers: Callers::new(
                parameters.word("key") == "address",
                parameters.span("resolve"),
            ),
            retries: Retries::new(parameters),
            defect_callers: parameters.count("defect_callers"),
            severity: parameters.severity(),
            hold,
        })
    }
}

/// Parameters of the classes.
fn classes() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::span(
            "class_hold",
            TimeSpan::from_minutes(10),
            "how long after the alert rows still decide severity and class",
        ),
        ParameterSpec::span(
            "sdk_gap",
            TimeSpan::from_seconds_f64(1.1),
            "shorter gaps of one prompt are a chain of a client library's own retries",
        ),
        ParameterSpec::count(
            "sdk_retries",
            2,
            "retries per chain that are the library's own",
        ),
        ParameterSpec::count("bot_gaps", 4, "gaps needed to tell a bot from a person"),
        ParameterSpec::ratio(
            "bot_ratio",
            1.3,
            0.1..=100.0,
            "a smaller median ratio of successive gaps is a bot",
        ),
        ParameterSpec::count(
            "defect_callers",
            10,
            "so many bots of one application at once are a defect of its client",
        ),
    ]
}

struct Project {
    service: ServiceLog,
    log: Option<TableId>,
    user: Option<Slot>,
    address: Option<Slot>,
    application: Option<Slot>,
    prompt: Option<Slot>,
    answer: Option<Slot>,
}

impl Project {
    fn new(fields: &mut FieldPlan<'_>) -> Self {
        let service = ServiceLog::new(fields);
        let log = fields.table(app_log::TABLE);
        let mut field = |name| app_log::field(fields, log, name);
        Project {
            user: field("end_user_id"),
            address: field("source_ip"),
            application: field("application_name"),
            prompt: field("prompt_hash"),
            answer: field("http_status"),
            service,
            log,
        }
    }
}

impl Projection for Project {
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>) {
        if self.service.holds(row) {
            let is_throttled = row.integer(self.service.status) == Some(429);
            if is_throttled && self.service.is_model_call(row) {
                let mut record = self.service.record(row, sink);
                record.kind = THROTTLED;
                sink.push(record);
            }
        } else if self.log == Some(row.table) {
            // A request that the application saw succeed cannot be the partner of a 429.
            if row.integer(self.answer).is_some_and(|status| status < 400) {
                return;
            }
            let mut record = sink.record();
            record.kind = REQUEST;
            record.value = row.text(self.user).map_or(0, |text| sink.name(text));
            record.other = row.text(self.application).map_or(0, |text| sink.name(text));
            record.address = row.text(self.address).map_or(0, |text| sink.name(text));
            let prompt = row.text(self.prompt);
            record.number = prompt.map_or(0, callers::prompt_number);
            sink.push(record);
        }
    }
}

struct State {
    count: KeyedCount,
    callers: Callers,
    retries: Retries,
    defect_callers: u64,
    severity: Severity,
    hold: TimeSpan,
}

impl Rule for State {
    fn resolve(&mut self, record: &mut Record, _: &str, _: &mut Context<'_>) -> bool {
        if record.kind == REQUEST {
            self.callers.add(record);
        }
        record.kind == THROTTLED
    }

    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        let record = self.callers.identify(record, context);
        self.count.apply(&record, text, context);
    }

    fn fan_out(&mut self, thresholds: &[u64]) {
        self.count.fan_out(thresholds);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for closed in self.count.take_closed(watermark) {
            let draft = self.describe(&closed, context);
            context.raise_of(closed.sink, draft);
        }
        self.count.forget(watermark);
        self.callers.forget(watermark, &self.count);
    }
}

impl State {
    fn describe(&self, closed: &Closed, context: &Context<'_>) -> AlertDraft {
        let rows = &closed.extended;
        let application = closed.completing.other;
        let pace = self.retries.pace(rows);
        let bots = match pace {
            Pace::Bot => self.bots_of(application, closed),
            Pace::Human | Pace::Undecided => 0,
        };
        let is_defect = bots >= self.defect_callers;
        let users = details::texts(&details::distinct(rows, |row| row.value), context);
        let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
        let applications = details::texts(&details::distinct(rows, |row| row.other), context);
        let times = details::event_times(rows);
        let mut carried = Map::new();
        let lasted = match (times.first(), times.last()) {
            (Some(&first), Some(&last)) => last - first,
            _ => TimeSpan::ZERO,
        };
        carried.insert("responses".to_owned(), json!(times.len()));
        carried.insert("duration".to_owned(), json!(lasted.to_string()));
        let gaps = Gaps::of(&times);
        carried.insert("median_gap_seconds".to_owned(), json!(gaps.median()));
        carried.insert(
            "median_gap_ratio".to_owned(),
            json!(self.retries.ratio(rows)),
        );
        details::list(&mut carried, "address", &addresses);
        details::list(&mut carried, "application", &applications);
        if is_defect {
            carried.insert("cause".to_owned(), json!("client_defect"));
            carried.insert("bot_callers".to_owned(), json!(bots));
        }
        let mut entities = details::entities("Account", &users);
        entities.extend(details::entities("IP", &addresses));
        entities.extend(details::entities("CloudApplication", &applications));
        let mut draft = closed.draft(Semantics::Count, context);
        draft.severity = match pace {
            Pace::Bot if !is_defect => Severity::High,
            Pace::Undecided => self.severity,
            Pace::Bot | Pace::Human => Severity::Low,
        };
        draft.classes = vec![pace.token().to_owned()];
        draft
            .classes
            .extend(is_defect.then(|| "client_defect".to_owned()));
        draft.entities = entities;
        draft.details = carried;
        draft
    }

    /// How many callers of the application are bots within the alert's stretch of time; counting
    /// stops where more make no difference.
    fn bots_of(&self, application: u64, closed: &Closed) -> u64 {
        let (start, end) = (closed.window.start, closed.completing.time + self.hold);
        let mut bots = 0;
        for key in self.callers.of_application(application) {
            let mut rows: Vec<Record> = Vec::new();
            rows.extend(
                self.count
                    .rows(key)
                    .into_iter()
                    .filter(|row| start <= row.time && row.time <= end && row.other == application),
            );
            bots += u64::from(self.retries.pace(&rows) == Pace::Bot);
            if bots >= self.defect_callers {
                break;
            }
        }
        bots
    }
}
