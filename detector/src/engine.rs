//! All rule state of one world, driven by projected rows in ingestion order.
//!
//! Each rule form runs once per mode it has. Streaming forms stand behind the watermark *clock −
//! allowed lateness*; whether a row is too late depends on its time and the clock alone, so that
//! two engines that share a clock decide alike. Binned forms run the same code behind a watermark
//! that lies beyond every real delay ([`EngineOptions::binned_lateness`]): a bin is then complete
//! when it closes, whatever its rows' ingestion times were.

use std::collections::BTreeMap;
use std::sync::Arc;

use livefire_schema::alert::{Alert, Mode};
use livefire_schema::reference::Reference;
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeSpan};

use crate::context::{Context, FormHead};
use crate::names::Names;
use crate::parameters::Parameters;
use crate::projected::Projected;
use crate::record::Record;
use crate::reorder::{BUCKET, Bucket, Reorder};
use crate::rules::Rule;
use crate::ruleset::{Form, FormIndex, RuleSet};
use crate::schedule::Schedule;

pub use self::levels::{Level, LevelObserver, Unobserved, View};
use self::scheduled::{Scheduled, Surroundings};

/// How an [`Engine`] runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineOptions {
    /// Run the streaming forms.
    pub streaming: bool,
    /// Run the binned forms of the rules that have one.
    pub binned: bool,
    /// How long after its time a row may come and still be in its bin. The default, 48 h, lies
    /// beyond what Azure Monitor keeps the time of; a smaller value saves memory.
    pub binned_lateness: TimeSpan,
    /// For each form by its index: the schedule on which it runs instead; `streaming` and `binned`
    /// do not matter to it then. Forms beyond the end have none.
    /// [`ScheduleChoice::of_forms`](crate::schedule::ScheduleChoice::of_forms).
    pub schedules: Vec<Option<Schedule>>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            streaming: true,
            binned: false,
            binned_lateness: TimeSpan::from_hours(48),
            schedules: Vec::new(),
        }
    }
}

impl EngineOptions {
    /// The schedule of a form; nothing where it runs without a grid.
    #[must_use]
    pub fn schedule_of(&self, form: FormIndex) -> Option<Schedule> {
        self.schedules.get(usize::from(form.0)).copied().flatten()
    }
}

/// Rows that came after their watermark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LateCount {
    /// The rule form, e.g. `R1@app_log`.
    pub rule: Arc<str>,
    /// Its mode.
    pub mode: Mode,
    /// Table of the rows.
    pub table: Arc<str>,
    /// How many.
    pub rows: u64,
}

/// The state of one world.
pub struct Engine<O = Unobserved> {
    instances: Vec<Instance>,
    /// Instances that take a form's records, by form index.
    by_form: Vec<Vec<usize>>,
    scheduled: Vec<Scheduled>,
    /// Which of them take a form's records, by form index.
    scheduled_of: Vec<Vec<usize>>,
    names: Names,
    reference: Arc<Reference>,
    tables: Vec<Arc<str>>,
    clock: EventTime,
    next_release: EventTime,
    alerts: Vec<Alert>,
    /// The form of each alert.
    origins: Vec<FormIndex>,
    observer: O,
}

struct Instance {
    head: FormHead,
    rule: Box<dyn Rule>,
    lateness: TimeSpan,
    resolve: TimeSpan,
    waiting: Reorder,
    resolved: Reorder,
    late: BTreeMap<TableId, u64>,
}

mod levels;
mod scheduled;
#[cfg(test)]
mod tests;

impl Engine<Unobserved> {
    /// An engine that reports no levels.
    #[must_use]
    pub fn new(
        rules: &RuleSet,
        schema: &Schema,
        reference: &Arc<Reference>,
        options: &EngineOptions,
    ) -> Self {
        Self::with_observer(rules, schema, reference, options, Unobserved)
    }
}

impl<O: LevelObserver> Engine<O> {
    /// An engine that reports every level to `observer`.
    #[must_use]
    pub fn with_observer(
        rules: &RuleSet,
        schema: &Schema,
        reference: &Arc<Reference>,
        options: &EngineOptions,
        observer: O,
    ) -> Self {
        let mut instances = Vec::new();
        let mut by_form = vec![Vec::new(); rules.forms().count()];
        let mut scheduled_of = by_form.clone();
        let mut keep = TimeSpan::ZERO;
        let mut scheduled = Vec::new();
        for (index, form) in rules.forms() {
            // Whose records it takes; of those that take the same and run without a grid one runs.
            let source = usize::from(rules.leader(index).0);
            let mut sinks = rules.sinks(rules.leader(index));
            sinks.retain(|&(form, _)| options.schedule_of(form).is_none());
            let schedule = options.schedule_of(index);
            if let Some(schedule) = schedule {
                let runs = Scheduled::new(index, form, schedule, options, observer.is_enabled());
                keep = keep.max(runs.keeps() + form.plan().horizon + BUCKET * 4);
                scheduled_of[source].push(scheduled.len());
                scheduled.push(runs);
            } else if sinks.first().is_some_and(|&(first, _)| first != index) {
                continue;
            }
            for mode in modes(form, options, schedule, observer.is_enabled()) {
                let mut instance = Instance::new(index, form, mode, schema, reference, options);
                if schedule.is_none() {
                    instance.fan_out(&sinks);
                }
                let horizon = form.plan().horizon;
                keep = keep.max(instance.lateness + instance.resolve + horizon + BUCKET * 4);
                by_form[source].push(instances.len());
                instances.push(instance);
            }
        }
        Engine {
            instances,
            by_form,
            scheduled,
            scheduled_of,
            names: Names::new(keep),
            reference: Arc::clone(reference),
            tables: schema
                .iter()
                .map(|(_, table)| Arc::from(table.name.as_str()))
                .collect(),
            clock: EventTime::MIN,
            next_release: EventTime::MIN,
            alerts: Vec::new(),
            origins: Vec::new(),
            observer,
        }
    }

    /// Takes one row. A row that goes back in ingestion time counts as arriving now.
    pub fn push(&mut self, row: Projected<'_>) {
        self.advance(row.ingestion());
        let records = row.records();
        if records.is_empty() {
            return;
        }
        for (hash, text) in row.names() {
            self.names.mention(hash, text);
        }
        let arrived = self.clock;
        for record in records {
            let mut record = *record;
            record.available = record.available.max(arrived);
            let text = row.text(&record);
            let instances = self.by_form.get(usize::from(record.form.0));
            for &index in instances.map_or(&[][..], Vec::as_slice) {
                self.instances[index].push(&record, text, arrived);
            }
            let scheduled = self.scheduled_of.get(usize::from(record.form.0));
            for &scheduled in scheduled.map_or(&[][..], Vec::as_slice) {
                let runs = &mut self.scheduled[scheduled];
                runs.push(&record, text, self.observer.follows(record.item));
            }
        }
    }

    /// Moves the ingestion clock, also for a row that this world does not get to see.
    pub fn advance(&mut self, clock: EventTime) {
        if clock > self.clock {
            self.clock = clock;
            if clock >= self.next_release {
                self.release();
            }
        }
    }

    /// Ends the log: applies everything that waits and raises what is pending.
    pub fn finish(&mut self) {
        self.for_each(|instance, context| {
            instance.release(EventTime::MAX, context);
            instance.rule.finish(context);
        });
        let clock = self.clock;
        self.for_each_scheduled(|runs, surroundings| {
            runs.run_until(clock.saturating_add(TimeSpan::from_ticks(1)), surroundings);
            runs.finish(clock, surroundings);
        });
    }

    /// The alerts since the last call, in the order in which they became final.
    pub fn take_alerts(&mut self) -> Vec<Alert> {
        self.origins.clear();
        std::mem::take(&mut self.alerts)
    }

    /// As [`Engine::take_alerts`], each with the form that raised it: forms of
    /// [`RuleSet::side_by_side`] share their names.
    pub fn take_alerts_by_form(&mut self) -> Vec<(FormIndex, Alert)> {
        let origins = std::mem::take(&mut self.origins);
        origins.into_iter().zip(self.take_alerts()).collect()
    }

    /// The ingestion clock.
    #[must_use]
    pub fn clock(&self) -> EventTime {
        self.clock
    }

    /// Rows dropped for coming too late, by rule, mode and table.
    #[must_use]
    pub fn late(&self) -> Vec<LateCount> {
        let own = self.instances.iter();
        let own = own.filter(|instance| instance.head.view == View::AsRun);
        let own = own.map(|instance| (&instance.head, &instance.late));
        let scheduled = self.scheduled.iter().map(|runs| (&runs.head, &runs.late));
        let counts = own.chain(scheduled).flat_map(|(head, late)| {
            late.iter().map(|(table, &rows)| LateCount {
                rule: Arc::clone(&head.name),
                mode: head.mode,
                table: Arc::clone(&self.tables[usize::from(table.0)]),
                rows,
            })
        });
        counts.collect()
    }

    /// Records that wait for a watermark, over all instances; bounded by rate × lateness.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waiting = self.instances.iter();
        waiting
            .map(|instance| instance.waiting.len() + instance.resolved.len())
            .sum()
    }

    /// The observer.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Gives the observer back.
    #[must_use]
    pub fn into_observer(self) -> O {
        self.observer
    }

    fn release(&mut self) {
        let clock = self.clock;
        let mut next = EventTime::MAX;
        self.for_each(|instance, context| {
            let watermark = (clock - instance.lateness).bin(BUCKET);
            instance.release(watermark, context);
            next = next.min(watermark + BUCKET + instance.lateness);
        });
        self.for_each_scheduled(|runs, surroundings| {
            next = next.min(runs.run_until(clock, surroundings));
        });
        self.next_release = next;
        // Last, so that a jump of the clock takes no text from what it releases.
        self.names.advance(clock);
    }

    fn for_each(&mut self, mut act: impl FnMut(&mut Instance, &mut Context<'_>)) {
        for instance in &mut self.instances {
            let head = instance.head.clone();
            let observer: &mut dyn LevelObserver = &mut self.observer;
            let mut context = Context {
                names: &mut self.names,
                reference: &self.reference,
                form: &head,
                tables: &self.tables,
                alerts: &mut self.alerts,
                origins: &mut self.origins,
                observer: observer.is_enabled().then_some(observer),
            };
            let known = context.alerts.len();
            act(instance, &mut context);
            if head.view != View::AsRun {
                context.alerts.truncate(known);
                context.origins.truncate(known);
            }
        }
    }

    fn for_each_scheduled(&mut self, mut act: impl FnMut(&mut Scheduled, &mut Surroundings<'_>)) {
        for runs in &mut self.scheduled {
            let mut surroundings = Surroundings {
                names: &mut self.names,
                reference: &self.reference,
                tables: &self.tables,
                alerts: &mut self.alerts,
                observer: &mut self.observer,
            };
            act(runs, &mut surroundings);
            self.origins.resize(self.alerts.len(), runs.head.index);
        }
    }
}

fn modes(
    form: &Form,
    options: &EngineOptions,
    schedule: Option<Schedule>,
    is_observed: bool,
) -> Vec<Mode> {
    if schedule.is_some() {
        // Only to tell how near the rule would have come without a grid.
        let shadow = is_observed.then_some(Mode::Streaming);
        return shadow.into_iter().collect();
    }
    let has_bins = form.plan().has_bins;
    let mut modes = Vec::new();
    if options.streaming || !has_bins {
        modes.push(Mode::Streaming);
    }
    if options.binned && has_bins {
        modes.push(Mode::Binned);
    }
    modes
}

impl Instance {
    fn new(
        index: FormIndex,
        form: &Form,
        mode: Mode,
        schema: &Schema,
        reference: &Arc<Reference>,
        options: &EngineOptions,
    ) -> Self {
        let plan = form.plan();
        let cuts = plan.tables.iter().filter_map(|name| schema.find(name));
        let cut = cuts.map(|table| schema.table(table).delay_cut()).max();
        let allowed = form.parameters().optional_span("allowed_lateness");
        let (parameters, view, lateness) = match (options.schedule_of(index), mode) {
            (Some(schedule), _) => {
                let parameters = scheduled::as_shadow(form, schedule);
                (parameters, View::AnyWindow, options.binned_lateness)
            }
            (None, Mode::Streaming) => {
                let lateness = allowed.or(cut).unwrap_or(TimeSpan::ZERO);
                (form.parameters().clone(), View::AsRun, lateness)
            }
            (None, Mode::Binned) => {
                let parameters = form.parameters().clone();
                (parameters, View::AsRun, options.binned_lateness)
            }
        };
        let head = FormHead {
            index,
            sinks: Arc::default(),
            name: Arc::clone(form.name()),
            mode,
            view,
            since: EventTime::MIN,
        };
        Instance {
            lateness,
            ..Instance::of(head, form, &parameters, mode, reference)
        }
    }

    /// A rule that has seen nothing yet, without lateness.
    fn of(
        head: FormHead,
        form: &Form,
        parameters: &Parameters,
        mode: Mode,
        reference: &Arc<Reference>,
    ) -> Self {
        Instance {
            head,
            rule: form.native().rule(parameters, mode, reference),
            lateness: TimeSpan::ZERO,
            resolve: form.plan().resolve,
            waiting: Reorder::default(),
            resolved: Reorder::default(),
            late: BTreeMap::new(),
        }
    }

    /// Lets the rule raise the alerts of several forms.
    fn fan_out(&mut self, sinks: &[(FormIndex, u64)]) {
        if sinks.len() > 1 {
            let thresholds: Vec<u64> = sinks.iter().map(|&(_, threshold)| threshold).collect();
            self.rule.fan_out(&thresholds);
            self.head.sinks = sinks.iter().map(|&(form, _)| form).collect();
        }
    }

    fn push(&mut self, record: &Record, text: &str, clock: EventTime) {
        if record.time < clock - self.lateness {
            *self.late.entry(record.table).or_insert(0) += 1;
        } else {
            self.waiting.push(record, text);
        }
    }

    /// Applies everything before the watermark, a bucket at a time, so that timers run at the
    /// same event times however far the clock jumps.
    fn release(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        if self.resolve == TimeSpan::ZERO {
            while let Some(bucket) = self.waiting.pop(watermark) {
                self.apply(&bucket, context);
                self.waiting.recycle(bucket);
            }
            self.rule.advance(watermark, context);
            return;
        }
        while let Some(bucket) = self.waiting.pop(watermark) {
            for (record, text) in bucket.iter() {
                let mut record = *record;
                if self.rule.resolve(&mut record, text, context) {
                    self.resolved.push(&record, text);
                }
            }
            self.release_resolved(bucket.end(), context);
            self.waiting.recycle(bucket);
        }
        self.release_resolved(watermark, context);
    }

    /// The second stage stands [`Instance::resolve`] behind the first.
    fn release_resolved(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        let watermark = match watermark {
            EventTime::MAX => EventTime::MAX,
            watermark => (watermark - self.resolve).bin(BUCKET),
        };
        while let Some(bucket) = self.resolved.pop(watermark) {
            self.apply(&bucket, context);
            self.resolved.recycle(bucket);
        }
        self.rule.advance(watermark, context);
    }

    fn apply(&mut self, bucket: &Bucket, context: &mut Context<'_>) {
        // What is due before the bucket is closed before it, also if the clock has jumped over both.
        self.rule.advance(bucket.start(), context);
        for (record, text) in bucket.iter() {
            self.rule.apply(record, text, context);
        }
        self.rule.advance(bucket.end(), context);
    }
}

impl<O> std::fmt::Debug for Engine<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("instances", &self.instances.len())
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
