//! Model shares per application: a sliding window against the hours before it.

use std::collections::VecDeque;

use livefire_schema::alert::EvidenceRow;
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::context::Context;
use crate::parameters::Parameters;
use crate::primitives::{Hours, Tokens};
use crate::record::Record;

/// One tick of 100 ns: `(a, b]` is `[a + tick, b + tick)`.
const TICK: TimeSpan = TimeSpan::from_ticks(1);
/// Levels are in parts of this.
const WHOLE: u64 = 1000;

/// All applications.
#[derive(Debug)]
pub(super) struct Mix {
    window: TimeSpan,
    lookback: TimeSpan,
    requests: u64,
    threshold: u64,
    realert: TimeSpan,
    applications: FxHashMap<u64, Application>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct Application {
    rows: VecDeque<Row>,
    events: Tokens,
    models: Vec<Model>,
    is_above: bool,
    last_alert: Option<EventTime>,
}

/// A request of the window, as small as evidence allows.
#[derive(Clone, Copy, Debug)]
struct Row {
    item: ItemId,
    event: EventId,
    time: EventTime,
    available: EventTime,
    model: u64,
    is_copy: bool,
}

#[derive(Debug)]
struct Model {
    name: u64,
    /// Its text: a model can be silent for longer than texts are kept.
    text: Box<str>,
    recent: u64,
    past: Hours,
}

/// Where an application stands at a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    /// Distance in per mille; 0 with too few requests on one side.
    pub(super) level: u64,
    pub(super) fires: bool,
    pub(super) is_copy: bool,
}

/// An alert with all that the window holds.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub(super) completing: Record,
    pub(super) level: u64,
    pub(super) window: TimeRange,
    pub(super) requests: u64,
    pub(super) baseline_requests: u64,
    pub(super) models: Vec<Value>,
    pub(super) evidence: Vec<EvidenceRow>,
}

impl Switch {
    /// Whether the record is a copy of the completing one.
    pub(super) fn is_open_to(&self, record: &Record) -> bool {
        let own = &self.completing;
        (own.key, own.time, own.event) == (record.key, record.time, record.event)
    }

    /// When the completing event could be seen.
    pub(super) fn available(&self) -> EventTime {
        let copies = self.evidence.iter();
        let copies = copies.filter(|row| row.event == self.completing.event);
        let first = copies.map(|row| row.available).min();
        first.unwrap_or(self.completing.available)
    }
}

impl Mix {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Mix {
            window: parameters.span("window"),
            lookback: parameters.span("lookback"),
            requests: parameters.count("requests"),
            threshold: per_mille(parameters.ratio("distance")),
            realert: parameters.span("realert"),
            applications: FxHashMap::default(),
            next_sweep: EventTime::MIN,
        }
    }

    pub(super) fn threshold(&self) -> u64 {
        self.threshold
    }

    /// Adds a request; `text` is its model's, asked for once per model.
    pub(super) fn apply(&mut self, record: &Record, text: impl FnOnce() -> String) -> Standing {
        let application = self.applications.entry(record.key).or_default();
        application.advance(record.time, self.window, self.lookback);
        let is_copy = !application.push(record, text);
        let level = application.distance(self.requests);
        let is_reached = level >= self.threshold;
        let last = application.last_alert;
        let is_again = last.is_some_and(|last| record.time - last >= self.realert);
        let fires = is_reached && (!application.is_above || !is_copy && is_again);
        if fires {
            application.last_alert = Some(record.time);
        }
        application.is_above = is_reached;
        Standing {
            level,
            fires,
            is_copy,
        }
    }

    /// The application of a record just applied, as an alert.
    pub(super) fn switch(&self, record: &Record, level: u64, context: &Context<'_>) -> Switch {
        let window = TimeRange {
            start: record.time - self.window + TICK,
            end: record.time + TICK,
        };
        let application = self.applications.get(&record.key);
        let rows = application.into_iter().flat_map(|own| &own.rows);
        let evidence = rows.map(|row| {
            context.evidence(&Record {
                item: row.item,
                event: row.event,
                time: row.time,
                available: row.available,
                ..*record
            })
        });
        let models = application.map_or(&[][..], |own| &own.models);
        let (requests, baseline_requests) = totals(models);
        let mut shown: Vec<(String, u64, u64)> = models
            .iter()
            .filter(|model| model.recent + model.past.sum() > 0)
            .map(|model| (model.text.to_string(), model.recent, model.past.sum()))
            .collect();
        shown.sort();
        let models = shown.into_iter().map(|(model, recent, past)| {
            json!({ "model": model, "requests": recent, "baseline_requests": past })
        });
        Switch {
            completing: *record,
            level,
            window,
            requests,
            baseline_requests,
            models: models.collect(),
            evidence: evidence.collect(),
        }
    }

    /// Forgets models and applications without a request in window and past.
    pub(super) fn forget(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        self.next_sweep = watermark + TimeSpan::from_hours(6);
        self.applications.retain(|_, application| {
            application.advance(watermark, self.window, self.lookback);
            application
                .models
                .retain(|model| model.recent > 0 || !model.past.is_empty());
            !application.models.is_empty()
        });
    }

    /// Applications with state.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.applications.len()
    }
}

impl Application {
    /// Moves window and past on to an instant.
    fn advance(&mut self, time: EventTime, window: TimeSpan, lookback: TimeSpan) {
        let edge = time - window;
        while let Some(row) = self.rows.front()
            && row.time <= edge
        {
            self.events.remove(row.event.0);
            if !row.is_copy
                && let Some(model) = self.models.iter_mut().find(|own| own.name == row.model)
            {
                model.recent -= 1;
            }
            self.rows.pop_front();
        }
        for model in &mut self.models {
            model.past.advance(edge - lookback, edge);
        }
    }

    /// Adds a request; `false` for a copy.
    fn push(&mut self, record: &Record, text: impl FnOnce() -> String) -> bool {
        let is_new = self.events.add(record.event.0);
        self.rows.push_back(Row {
            item: record.item,
            event: record.event,
            time: record.time,
            available: record.available,
            model: record.value,
            is_copy: !is_new,
        });
        if is_new {
            let found = self.models.iter().position(|own| own.name == record.value);
            let index = found.unwrap_or_else(|| {
                self.models.push(Model {
                    name: record.value,
                    text: text().into(),
                    recent: 0,
                    past: Hours::default(),
                });
                self.models.len() - 1
            });
            self.models[index].recent += 1;
            self.models[index].past.add(record.time, 1);
        }
        is_new
    }

    /// Total variation distance in per mille, rounded down; 0 with fewer than `least` on a side.
    fn distance(&self, least: u64) -> u64 {
        let (recent, past) = totals(&self.models);
        if recent < least || past < least {
            return 0;
        }
        let crossed = |count: u64, total: u64| u128::from(count) * u128::from(total);
        let differences = self.models.iter().map(|model| {
            let (own, before) = (
                crossed(model.recent, past),
                crossed(model.past.sum(), recent),
            );
            own.abs_diff(before)
        });
        let distance = differences.sum::<u128>() * u128::from(WHOLE) / (2 * crossed(recent, past));
        u64::try_from(distance).unwrap_or(WHOLE)
    }
}

/// Requests of the window and of the past.
fn totals(models: &[Model]) -> (u64, u64) {
    let each = models.iter().map(|model| (model.recent, model.past.sum()));
    each.fold((0, 0), |sums, one| (sums.0 + one.0, sums.1 + one.1))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the parameter is within 0.001..=1"
)]
fn per_mille(distance: f64) -> u64 {
    // A whole number of per mille that a decimal fraction only nearly is.
    (distance * 1000.0 - 1e-6).ceil() as u64
}
