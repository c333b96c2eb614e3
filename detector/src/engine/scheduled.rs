//! A rule form on a schedule: every run starts the rule anew over the rows that it can see.
//!
//! A run is a query: it knows nothing of the runs before it. So each is a fresh rule, fed in event
//! order with the kept rows of its period that have arrived, and finished at once; counting rules
//! in bins, as their queries do. What a key fires is one alert a run, raised when the run executes.
//! Where an observer follows rows, runs that a followed row came too late for are repeated as if
//! it had not, and those due after the log's end are looked at too: that tells why a campaign was
//! missed. Memory holds the rows of one period, as 96-byte records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use livefire_schema::alert::{Alert, Mode};
use livefire_schema::ids::hash_bytes;
use livefire_schema::reference::Reference;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashSet;

use super::{EngineOptions, Instance, LevelObserver, View};
use crate::context::{Context, FormHead};
use crate::names::Names;
use crate::parameters::{Parameters, Value};
use crate::record::Record;
use crate::reorder::Reorder;
use crate::ruleset::{Form, FormIndex};
use crate::schedule::{RUN_DELAY, Schedule, reports_over};

#[cfg(test)]
mod tests;

/// The runs of one form in one world.
pub(super) struct Scheduled {
    pub(super) head: FormHead,
    /// Rows that no run could see, by table.
    pub(super) late: BTreeMap<TableId, u64>,
    form: Form,
    schedule: Schedule,
    reports_over: Option<TimeSpan>,
    rows: Reorder,
    /// Due time of the next run; nothing before the first row.
    next: Option<EventTime>,
    /// Alerts of the rule that fired in the last run and that this or an earlier one has reported.
    reported: FxHashSet<String>,
    /// How long after a run rows may come that it is repeated with; nothing if nobody follows rows.
    patience: Option<TimeSpan>,
    /// Due times of runs that a followed row came too late for.
    unfair: BTreeSet<EventTime>,
    /// Event time of the last followed row.
    followed: EventTime,
}

/// What runs need of their engine.
pub(super) struct Surroundings<'a> {
    pub(super) names: &'a mut Names,
    pub(super) reference: &'a Arc<Reference>,
    pub(super) tables: &'a [Arc<str>],
    pub(super) alerts: &'a mut Vec<Alert>,
    pub(super) observer: &'a mut dyn LevelObserver,
}

impl Scheduled {
    pub(super) fn new(
        index: FormIndex,
        form: &Form,
        schedule: Schedule,
        options: &EngineOptions,
        is_observed: bool,
    ) -> Self {
        Scheduled {
            head: FormHead {
                index,
                sinks: Arc::default(),
                name: Arc::clone(form.name()),
                mode: Mode::Streaming,
                view: View::InRun,
                since: EventTime::MIN,
            },
            late: BTreeMap::new(),
            form: form.clone(),
            schedule,
            reports_over: reports_over(form.info().id, schedule),
            rows: Reorder::default(),
            next: None,
            reported: FxHashSet::default(),
            patience: is_observed.then_some(options.binned_lateness),
            unfair: BTreeSet::new(),
            followed: EventTime::MIN,
        }
    }

    /// How long a row may be printed after its event time.
    pub(super) fn keeps(&self) -> TimeSpan {
        self.schedule.period() + self.schedule.reach() + self.patience.unwrap_or_default()
    }

    /// Keeps a row for the runs that are to come.
    pub(super) fn push(&mut self, record: &Record, text: &str, is_followed: bool) {
        let period = self.schedule.period();
        let next = self.next.unwrap_or(EventTime::MIN);
        if record.time < next - period {
            *self.late.entry(record.table).or_insert(0) += 1;
            if self.patience.is_none() {
                return;
            }
        }
        if is_followed && self.patience.is_some() {
            self.followed = self.followed.max(record.time);
            let mut missed = self.schedule.first_over(record.time);
            while missed < next && missed - period <= record.time {
                self.unfair.insert(missed);
                missed = missed + self.schedule.frequency();
            }
        }
        self.rows.push(record, text);
    }

    /// Executes every run that is over before `until`; gives the instant at which to ask again.
    pub(super) fn run_until(
        &mut self,
        until: EventTime,
        surroundings: &mut Surroundings<'_>,
    ) -> EventTime {
        let first = self.schedule.due_from(until - RUN_DELAY);
        let mut due = *self.next.get_or_insert(first);
        while due + RUN_DELAY < until {
            if self.rows.len() == 0 {
                due = first;
                continue;
            }
            self.report(due, surroundings);
            due = due + self.schedule.frequency();
            self.next = Some(due);
            self.repeat_until(due - self.patience.unwrap_or_default(), surroundings);
            let keeps = self.schedule.period() + self.patience.unwrap_or_default();
            self.rows.forget(due - keeps);
        }
        self.next = Some(due);
        (due + RUN_DELAY).saturating_add(TimeSpan::from_ticks(1))
    }

    /// The log has ended at `clock`, and all runs up to it have executed.
    pub(super) fn finish(&mut self, clock: EventTime, surroundings: &mut Surroundings<'_>) {
        if self.patience.is_none() {
            return;
        }
        self.repeat_until(clock - RUN_DELAY + TimeSpan::from_ticks(1), surroundings);
        let Some(mut due) = self.next else {
            return;
        };
        while due - self.schedule.period() <= self.followed {
            self.run(due, View::AfterLogEnd, surroundings);
            due = due + self.schedule.frequency();
        }
    }

    /// Repeats the unfair runs due before an instant, with every row of their period.
    fn repeat_until(&mut self, before: EventTime, surroundings: &mut Surroundings<'_>) {
        while let Some(&due) = self.unfair.first()
            && due < before
        {
            self.unfair.pop_first();
            self.run(due, View::WithoutDelay, surroundings);
        }
    }

    /// What the rule finds in the run due at `due`.
    fn run(
        &mut self,
        due: EventTime,
        view: View,
        surroundings: &mut Surroundings<'_>,
    ) -> Vec<Alert> {
        let executed = due + RUN_DELAY;
        let head = FormHead {
            view,
            since: self.reports_over.map_or(EventTime::MIN, |span| due - span),
            ..self.head.clone()
        };
        let mode = if self.form.plan().has_bins {
            Mode::Binned
        } else {
            Mode::Streaming
        };
        let mut instance: Option<Instance> = None;
        for (record, text) in self.rows.look(self.schedule.looks_at(due)) {
            if view == View::WithoutDelay || record.available <= executed {
                let instance = instance.get_or_insert_with(|| {
                    let parameters = self.form.parameters();
                    let reference = surroundings.reference;
                    Instance::of(head.clone(), &self.form, parameters, mode, reference)
                });
                instance.waiting.push(record, text);
            }
        }
        let (mut alerts, mut origins) = (Vec::new(), Vec::new());
        if let Some(mut instance) = instance {
            let observer = &mut *surroundings.observer;
            let mut context = Context {
                names: surroundings.names,
                reference: surroundings.reference,
                form: &head,
                tables: surroundings.tables,
                alerts: &mut alerts,
                origins: &mut origins,
                observer: observer.is_enabled().then_some(observer),
            };
            instance.release(EventTime::MAX, &mut context);
            instance.rule.finish(&mut context);
        }
        alerts
    }

    /// Raises one alert for each key that fires in the run due at `due`: what no run has reported
    /// yet, the earliest first; else the latest, again.
    fn report(&mut self, due: EventTime, surroundings: &mut Surroundings<'_>) {
        let mut found = self.run(due, View::InRun, surroundings);
        found.sort_by(|left, right| {
            let order = |alert: &Alert| (alert.key.to_lowercase(), alert.time);
            (order(left), &left.id).cmp(&(order(right), &right.id))
        });
        let still_fires: FxHashSet<&str> = found.iter().map(|alert| alert.id.as_str()).collect();
        self.reported.retain(|id| still_fires.contains(id.as_str()));
        for of_key in found.chunk_by(|a, b| a.key.to_lowercase() == b.key.to_lowercase()) {
            let is_new = |alert: &&Alert| !self.reported.contains(&alert.id);
            let Some(alert) = of_key.iter().find(is_new).or(of_key.last()) else {
                continue;
            };
            self.reported.insert(alert.id.clone());
            surroundings.alerts.push(self.raised_by(due, alert));
        }
    }

    /// An alert of the rule as the run due at `due` raises it.
    fn raised_by(&self, due: EventTime, alert: &Alert) -> Alert {
        let identity = format!("{}\u{1f}{}", alert.id, due.ticks());
        let mut details = alert.details.to_map();
        details.insert("run".to_owned(), due.to_string().into());
        Alert {
            id: format!(
                "{}-{:016x}",
                self.head.name,
                hash_bytes(identity.as_bytes())
            ),
            raised: due + RUN_DELAY,
            details: details.into(),
            ..alert.clone()
        }
    }
}

/// A form's values for the rule that tells how near it would have come without a grid: no stretch
/// is longer than a run's period.
pub(super) fn as_shadow(form: &Form, schedule: Schedule) -> Parameters {
    let mut parameters = form.parameters().clone();
    let period = schedule.period();
    if parameters.spec("window").is_some()
        && parameters
            .optional_span("window")
            .is_some_and(|window| period < window)
    {
        parameters.set("window", Value::Span(period));
    }
    parameters
}
