//! R1 `prompt_injection`: repeated injection attempts from one network.
//!
//! Default input are Defender for AI alerts in `AlertEvidence`, one row per entity: the address
//! stands on one row, the account on another. Rows are gathered by `AlertId` until the address is
//! known ([`gather`]), then alerts are counted. Variant `app_log` counts refused requests instead,
//! by the *reason* in `message`: counting every FAIL would raise it on most content violations.
//!
//! Record: `key` network or address, `value` user, `other` resource or application, `address`
//! source address, `kind` see [`gather`], `text` alert title or prompt sample.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Map, json};

use super::{Native, Plan, Rule, app_log, counted, details, info};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Closed, Gaps, KeyedCount, is_automated};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;

mod gather;
mod project;
#[cfg(test)]
mod tests;

/// Table of the default input.
const EVIDENCE: &str = "AlertEvidence";

/// The registered rule.
pub(crate) struct PromptInjection;

impl Native for PromptInjection {
    fn id(&self) -> &'static str {
        "R1"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let info = info(self);
        let mut specs = counted::parameters(info, "attempts that raise an alert");
        specs.extend([
            ParameterSpec::word(
                "key",
                &["network", "address"],
                "network: IPv4 /24, IPv6 /64; address: the exact source address",
            ),
            ParameterSpec::word(
                "input",
                &["alerts", "app_log"],
                "Defender for AI alerts, or refused requests of the application log",
            ),
            ParameterSpec::word("counts", &["events", "rows"], "rows: duplicates count"),
            ParameterSpec::severity(info.severity),
        ]);
        specs.extend(recognition());
        specs.extend(classes());
        specs
    }

    fn sink(&self) -> Option<&'static str> {
        Some("threshold")
    }

    fn plan(&self, parameters: &Parameters) -> Plan {
        let reads_log = parameters.word("input") == "app_log";
        Plan {
            tables: vec![if reads_log { app_log::TABLE } else { EVIDENCE }],
            resolve: if reads_log {
                TimeSpan::ZERO
            } else {
                parameters.span("resolve")
            },
            horizon: parameters.span("window") * 2 + parameters.span("class_hold"),
            has_bins: true,
        }
    }

    fn projection(
        &self,
        parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        match parameters.word("input") {
            "app_log" => Box::new(project::FromLog::new(parameters, fields)),
            _ => Box::new(project::FromAlerts::new(parameters, fields)),
        }
    }

    fn rule(
        &self,
        parameters: &Parameters,
        mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        let counting = counted::counting(parameters, mode);
        let threshold = parameters.count("threshold");
        let reads_log = parameters.word("input") == "app_log";
        let describe = Describe {
            semantics: counted::semantics(parameters),
            severity: parameters.severity(),
            reads_log,
            least: parameters.count("automated_gaps"),
            fast: parameters.span("automated_median"),
            regular: parameters.ratio("automated_variation"),
        };
        Box::new(State {
            count: KeyedCount::new(counting, threshold, parameters.span("realert")),
            gather: gather::Gather::new(counted::semantics(parameters) == Semantics::RowCount),
            describe,
        })
    }
}

/// Parameters that say what counts as an attempt.
fn recognition() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::texts(
            "titles",
            &["jailbreak attempt", "ascii smuggling"],
            "parts of alert titles that count, in any case of letters",
        ),
        ParameterSpec::texts(
            "sources",
            &["defender for ai"],
            "parts of DetectionSource that count; an empty DetectionSource counts too",
        ),
        ParameterSpec::texts(
            "reasons",
            &["prompt injection", "jailbreak", "instruction disclosure"],
            "parts of `message` that count (input app_log), in any case of letters",
        ),
        ParameterSpec::span(
            "resolve",
            TimeSpan::from_minutes(10),
            "how long an alert waits for the row with its address",
        ),
    ]
}

/// Parameters of the classes.
fn classes() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::span(
            "class_hold",
            TimeSpan::from_minutes(10),
            "how long after the alert rows still decide the class",
        ),
        ParameterSpec::count("automated_gaps", 4, "gaps needed to call it automated"),
        ParameterSpec::span(
            "automated_median",
            TimeSpan::from_seconds(5),
            "a shorter median gap is automated",
        ),
        ParameterSpec::ratio(
            "automated_variation",
            0.3,
            0.0..=10.0,
            "a smaller coefficient of variation of the gaps is automated",
        ),
    ]
}

struct State {
    count: KeyedCount,
    gather: gather::Gather,
    describe: Describe,
}

impl Rule for State {
    fn resolve(&mut self, record: &mut Record, _: &str, _: &mut Context<'_>) -> bool {
        self.gather.add(record)
    }

    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        if self.describe.reads_log {
            self.count.apply(record, text, context);
        } else {
            let rows = self.gather.take(record);
            if rows.first().is_some_and(|row| is_drill(row, context)) {
                return;
            }
            for row in rows {
                self.count.apply(&row, text, context);
            }
        }
    }

    fn fan_out(&mut self, thresholds: &[u64]) {
        self.count.fan_out(thresholds);
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        for closed in self.count.take_closed(watermark) {
            let draft = self.describe.draft(&closed, context);
            context.raise_of(closed.sink, draft);
        }
        self.count.forget(watermark);
    }
}

/// Whether an alert, as its rows were brought together, is about an announced drill.
fn is_drill(row: &Record, context: &Context<'_>) -> bool {
    let reference = context.reference;
    !reference.drills.is_empty()
        && reference.is_drill_alert(
            &context.name(row.value),
            &context.name(row.address),
            &context.name(row.other),
            row.time,
        )
}

/// What turns a closed count into an alert.
struct Describe {
    semantics: Semantics,
    severity: Severity,
    reads_log: bool,
    least: u64,
    fast: TimeSpan,
    regular: f64,
}

impl Describe {
    fn draft(&self, closed: &Closed, context: &Context<'_>) -> AlertDraft {
        let rows = &closed.extended;
        let users = details::texts(&details::distinct(rows, |row| row.value), context);
        let addresses = details::texts(&details::distinct(rows, |row| row.address), context);
        let targets = details::texts(&details::distinct(rows, |row| row.other), context);
        let gaps = Gaps::of(&details::event_times(rows));
        let automated = is_automated(&gaps, self.least, self.fast, self.regular);
        let (target, kind, samples) = if self.reads_log {
            ("application", "CloudApplication", "samples")
        } else {
            ("resource", "AzureResource", "titles")
        };
        let mut carried = Map::new();
        carried.insert("network".to_owned(), json!(details::networks(&addresses)));
        let places = details::places(&addresses, context.reference);
        carried.insert("places".to_owned(), json!(places));
        carried.insert("attempts".to_owned(), json!(gaps.len() + 1));
        carried.insert("median_gap_seconds".to_owned(), json!(gaps.median()));
        carried.insert(samples.to_owned(), json!(closed.samples));
        details::list(&mut carried, "user", &users);
        details::list(&mut carried, "address", &addresses);
        details::list(&mut carried, target, &targets);
        let mut entities = details::entities("Account", &users);
        entities.extend(details::entities("IP", &addresses));
        entities.extend(details::entities(kind, &targets));
        let mut draft = closed.draft(self.semantics, context);
        draft.severity = self.severity;
        draft.classes = vec![if automated { "automated" } else { "manual" }.to_owned()];
        draft.entities = entities;
        draft.details = carried;
        draft
    }
}
