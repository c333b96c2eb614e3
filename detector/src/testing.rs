//! Test support: a small world of lines, run through projector and engine.
//!
//! Times are seconds after [`START`], an hour that begins a bin of every usual width. Lines are
//! delivered in ingestion order; a row's ingestion is its time unless it says otherwise.

use std::sync::Arc;

use livefire_schema::alert::{Alert, Mode, sort_alerts};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Value, json};

use crate::engine::{Engine, EngineOptions, LateCount};
use crate::projected::ProjectedBatch;
use crate::projector::Projector;
use crate::ruleset::RuleSet;

/// 2026-03-02T00:00:00Z, a Monday; days are bins of every width that divides one.
pub(crate) const START: i64 = 1_772_409_600;

/// The instant `offset` seconds after [`START`].
pub(crate) fn at(offset: f64) -> EventTime {
    EventTime::from_unix_seconds(START) + TimeSpan::from_seconds_f64(offset)
}

/// One row to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) table: &'static str,
    pub(crate) time: f64,
    pub(crate) ingested: f64,
    pub(crate) fields: Value,
}

impl Line {
    /// A row of any table.
    pub(crate) fn new(table: &'static str, time: f64, fields: Value) -> Self {
        Line {
            table,
            time,
            ingested: time,
            fields,
        }
    }

    /// A row of the application log; `fields` are those of the log line.
    pub(crate) fn app(time: f64, fields: &Value) -> Self {
        Line::new("ContainerLogV2", time, json!({ "LogMessage": fields }))
    }

    /// Delivered `delay` seconds after its time.
    pub(crate) fn delayed(mut self, delay: f64) -> Self {
        self.ingested = self.time + delay;
        self
    }

    /// The NDJSON line.
    pub(crate) fn text(&self) -> String {
        let mut fields = self.fields.clone();
        fields["TimeGenerated"] = json!(at(self.time).to_string());
        fields["IngestionTime"] = json!(at(self.ingested).to_string());
        fields.to_string()
    }
}

/// What runs.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rules: RuleSet,
    pub(crate) schema: Schema,
    pub(crate) reference: Arc<Reference>,
    pub(crate) options: EngineOptions,
}

impl World {
    /// The given rule forms (`R2`, `R2@rows`), both modes.
    pub(crate) fn of(forms: &[&str]) -> Self {
        let tokens: Vec<_> = forms
            .iter()
            .map(|form| form.parse().expect("token"))
            .collect();
        let mut rules = RuleSet::embedded();
        rules.select(&tokens).expect("forms exist");
        World {
            rules,
            schema: Schema::embedded(),
            reference: Arc::new(Reference::default()),
            options: EngineOptions {
                binned: true,
                ..EngineOptions::default()
            },
        }
    }

    /// With a parameter set.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.rules.set(name, value).expect("parameter fits");
        self
    }

    /// With reference data.
    pub(crate) fn knowing(mut self, reference: Reference) -> Self {
        self.reference = Arc::new(reference);
        self
    }

    /// Runs the lines and gives the alerts sorted by (raised, id), and late rows.
    pub(crate) fn run_counting(&self, lines: &[Line]) -> (Vec<Alert>, Vec<LateCount>) {
        let projector = Projector::new(&self.rules, &self.schema, &self.reference);
        let mut engine = Engine::new(&self.rules, &self.schema, &self.reference, &self.options);
        let mut lines: Vec<&Line> = lines.iter().collect();
        lines.sort_by(|a, b| a.ingested.total_cmp(&b.ingested));
        let mut batch = ProjectedBatch::new();
        for line in lines {
            let table = self.schema.find(line.table).expect("table exists");
            batch.clear();
            let text = line.text();
            projector
                .project(table, text.as_bytes(), &mut batch)
                .expect("is a row");
            for row in batch.iter() {
                engine.push(row);
            }
        }
        engine.finish();
        let mut alerts = engine.take_alerts();
        sort_alerts(&mut alerts);
        (alerts, engine.late())
    }

    /// Runs the lines and gives the alerts of one mode.
    pub(crate) fn run(&self, mode: Mode, lines: &[Line]) -> Vec<Alert> {
        let (mut alerts, _) = self.run_counting(lines);
        alerts.retain(|alert| alert.mode == mode);
        alerts
    }

    /// The seconds after [`START`] at which the alerts' completing events lie.
    #[track_caller]
    pub(crate) fn alerts_at(&self, mode: Mode, lines: &[Line], expected: &[f64]) {
        let alerts = self.run(mode, lines);
        let times: Vec<EventTime> = alerts.iter().map(|alert| alert.time).collect();
        let expected: Vec<EventTime> = expected.iter().map(|&offset| at(offset)).collect();
        assert_eq!(times, expected, "{mode:?}");
    }
}

mod boundary;
mod brute_force;
mod joins;
