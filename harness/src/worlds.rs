//! One pass over an event source, through two engines: W sees every row, W0 only rows without
//! `caused_by`.
//!
//! Both worlds share one ingestion clock (a withheld row still advances it), hence one decision
//! on late rows (EVALUATION.md §2). Lines are projected in parallel, in chunks of a fixed number
//! of rows, so that the number of threads changes nothing.

use std::ops::Range;
use std::sync::Arc;

use livefire_detector::engine::LevelObserver;
use livefire_detector::{
    Engine, EngineOptions, FormIndex, LateCount, LineError, Projected, ProjectedBatch, Projector,
    RuleSet,
};
use livefire_labels::{Batch, BatchRow, EventSource, LabelBook, LogExtent, RowLabel, SourceError};
use livefire_schema::alert::{Alert, Details, sort_alerts};
use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;
use livefire_scorer::BenignReach;
use rayon::prelude::*;
use serde::Serialize;

use crate::approach::{Approach, ApproachObserver};
use crate::reach::ReachObserver;
use crate::tally::{TableTally, Tally};

/// Rows that one task projects.
const CHUNK: usize = 4096;
/// Unreadable lines that are kept as samples.
const SAMPLES: usize = 5;

/// What a run needs besides its source.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Tables.
    pub schema: &'a Schema,
    /// Selected rule forms.
    pub rules: &'a RuleSet,
    /// Modes and lateness.
    pub engine: &'a EngineOptions,
    /// Whether the first unreadable line ends the run.
    pub strict: bool,
}

/// Lines that gave no row.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Unreadable {
    /// How many.
    pub rows: u64,
    /// The first few: table, and what was wrong.
    pub samples: Vec<(String, String)>,
}

/// What a pass leaves: grows with campaigns and alerts, never with rows.
#[derive(Debug)]
pub struct RunResult {
    /// Alerts of W, ordered by (raised, id).
    pub alerts: Vec<Alert>,
    /// Alerts of W0, ordered by (raised, id), as [`bare`]: they are only ever compared.
    pub benign_alerts: Vec<Alert>,
    /// All truth.
    pub book: LabelBook,
    /// What the log covers.
    pub extent: LogExtent,
    /// Row counts and fingerprints.
    pub tables: Vec<TableTally>,
    /// Lines that gave no row.
    pub unreadable: Unreadable,
    /// Rows that came too late, by rule form.
    pub late: Vec<LateCount>,
    /// How close each rule came to each campaign.
    pub approaches: Vec<Approach>,
    /// How near benign traffic came to each rule form.
    pub reach: Vec<BenignReach>,
    /// Rows in all.
    pub rows: u64,
}

/// Why a run ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The source could not go on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A line was unreadable and the run is strict.
    #[error("{table}: {error}")]
    Strict {
        /// Its table.
        table: String,
        /// What was wrong.
        error: LineError,
    },
}

/// Runs both worlds over the source to its end.
///
/// `progress` is told the rows so far and the ingestion clock after each batch; `keep` is shown
/// every batch before it is dropped (a writer of logs attaches here).
///
/// # Errors
/// [`RunError`]; nothing has been written then.
pub fn run(
    source: &mut dyn EventSource,
    settings: Settings<'_>,
    progress: &mut dyn FnMut(u64, EventTime),
    keep: &mut dyn FnMut(&Batch) -> Result<(), SourceError>,
) -> Result<RunResult, RunError> {
    let (mut result, alerts, benign) =
        pass(source, settings, Observers::default(), progress, keep)?;
    result.alerts = sorted(alerts);
    result.benign_alerts = sorted(benign);
    Ok(result)
}

/// The alerts of one of several rule sets that ran beside each other.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OwnAlerts {
    /// Alerts of W, as in [`RunResult::alerts`].
    pub alerts: Vec<Alert>,
    /// Alerts of W0, as in [`RunResult::benign_alerts`].
    pub benign_alerts: Vec<Alert>,
}

/// As [`run`], for a set made by [`RuleSet::side_by_side`], whose ranges are `sets`: gives what
/// the sets share, without alerts and approaches, and the alerts of each.
///
/// Each set's alerts are those of a run of its own; the source is read and parsed once.
///
/// # Errors
/// As [`run`].
pub fn run_side_by_side(
    source: &mut dyn EventSource,
    settings: Settings<'_>,
    sets: &[Range<usize>],
    progress: &mut dyn FnMut(u64, EventTime),
) -> Result<(RunResult, Vec<OwnAlerts>), RunError> {
    let nobody = (ApproachObserver::disabled(), ReachObserver::disabled());
    let (result, alerts, benign) = pass(source, settings, nobody, progress, &mut |_| Ok(()))?;
    let mut own: Vec<OwnAlerts> = sets.iter().map(|_| OwnAlerts::default()).collect();
    let owner = |form: FormIndex| {
        sets.iter()
            .position(|set| set.contains(&usize::from(form.0)))
    };
    for (form, alert) in alerts {
        if let Some(set) = owner(form) {
            own[set].alerts.push(alert);
        }
    }
    for (form, alert) in benign {
        if let Some(set) = owner(form) {
            own[set].benign_alerts.push(alert);
        }
    }
    for set in &mut own {
        sort_alerts(&mut set.alerts);
        sort_alerts(&mut set.benign_alerts);
    }
    Ok((result, own))
}

/// Of W and of W0.
type Observers = (ApproachObserver, ReachObserver);

/// Alerts with the rule forms that raised them.
type ByForm = Vec<(FormIndex, Alert)>;

fn sorted(alerts: ByForm) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = alerts.into_iter().map(|(_, alert)| alert).collect();
    sort_alerts(&mut alerts);
    alerts
}

/// Reads the source to its end; the result's alerts are given beside it, unsorted.
fn pass(
    source: &mut dyn EventSource,
    settings: Settings<'_>,
    observers: Observers,
    progress: &mut dyn FnMut(u64, EventTime),
    keep: &mut dyn FnMut(&Batch) -> Result<(), SourceError>,
) -> Result<(RunResult, ByForm, ByForm), RunError> {
    let mut pass = Pass::new(settings, &source.reference(), observers);
    let mut batch = Batch::default();
    while source.next_batch(&mut batch)? {
        keep(&batch)?;
        pass.label(&batch, &*source);
        pass.feed(&batch, settings)?;
        progress(pass.rows, batch.clock);
    }
    pass.book.groups = source.groups().to_vec();
    pass.book.campaigns = source.campaigns();
    Ok(pass.finish(source.extent(), settings))
}

struct Pass {
    projector: Projector,
    world: Engine<ApproachObserver>,
    benign: Engine<ReachObserver>,
    chunks: Vec<Chunk>,
    tally: Tally,
    book: LabelBook,
    /// For each row of the current batch: whether W0 does not see it.
    withheld: Vec<bool>,
    unreadable: Unreadable,
    benign_alerts: ByForm,
    rows: u64,
}

/// Projections of some consecutive rows of a batch.
#[derive(Default)]
struct Chunk {
    projected: ProjectedBatch,
    /// For each row of the batch: whether it was projected.
    kept: Vec<bool>,
    faults: Vec<(usize, LineError)>,
}

impl Pass {
    fn new(
        settings: Settings<'_>,
        reference: &Arc<livefire_schema::reference::Reference>,
        observers: Observers,
    ) -> Self {
        let Settings {
            schema,
            rules,
            engine,
            ..
        } = settings;
        Pass {
            projector: Projector::new(rules, schema, reference),
            world: Engine::with_observer(rules, schema, reference, engine, observers.0),
            benign: Engine::with_observer(rules, schema, reference, engine, observers.1),
            chunks: Vec::new(),
            tally: Tally::new(schema),
            book: LabelBook::default(),
            withheld: Vec::new(),
            unreadable: Unreadable::default(),
            benign_alerts: Vec::new(),
            rows: 0,
        }
    }

    /// Takes the labels of a batch and notes which of its rows W0 does not see.
    fn label(&mut self, batch: &Batch, source: &dyn EventSource) {
        let groups = source.groups();
        self.withheld.clear();
        for row in &batch.rows {
            self.tally.add(row.table, batch.line(row));
            let caused = row.group.and_then(|group| {
                let index = usize::try_from(group.0).ok()?;
                groups.get(index).and_then(|group| group.caused_by)
            });
            self.withheld.push(caused.is_some());
            if let Some(campaign) = caused {
                self.world.observer_mut().caused(row.item, campaign);
            }
            if let Some(label) = label_of(row) {
                self.book.rows.insert(row.item, label);
            }
        }
    }

    fn feed(&mut self, batch: &Batch, settings: Settings<'_>) -> Result<(), RunError> {
        let wanted = batch.rows.len().div_ceil(CHUNK);
        if self.chunks.len() < wanted {
            self.chunks.resize_with(wanted, Chunk::default);
        }
        let projector = &self.projector;
        let chunks = &mut self.chunks[..wanted];
        let parts = batch.rows.par_chunks(CHUNK).zip(chunks.par_iter_mut());
        parts.for_each(|(rows, chunk)| chunk.project(projector, batch, rows));
        for (chunk, rows) in chunks.iter().zip(batch.rows.chunks(CHUNK)) {
            self.unreadable.take(chunk, rows, settings)?;
        }
        let (world, benign, withheld) = (&mut self.world, &mut self.benign, &self.withheld);
        let chunks = &*chunks;
        rayon::join(
            || push_all(world, batch, chunks, &|_| true, &|_, _| {}),
            || {
                let sees = |index: usize| !withheld[index];
                push_all(benign, batch, chunks, &sees, &ReachObserver::reads);
            },
        );
        self.take_benign();
        self.rows += u64::try_from(batch.rows.len()).unwrap_or(0);
        Ok(())
    }

    fn take_benign(&mut self) {
        let benign = self.benign.take_alerts_by_form().into_iter();
        let benign = benign.map(|(form, alert)| (form, bare(alert)));
        self.benign_alerts.extend(benign);
    }

    fn finish(mut self, extent: LogExtent, settings: Settings<'_>) -> (RunResult, ByForm, ByForm) {
        self.world.finish();
        self.benign.finish();
        self.take_benign();
        let alerts = self.world.take_alerts_by_form();
        let result = RunResult {
            alerts: Vec::new(),
            benign_alerts: Vec::new(),
            book: self.book,
            extent,
            tables: self.tally.tables(settings.schema),
            unreadable: self.unreadable,
            late: self.world.late(),
            approaches: self.world.into_observer().approaches(),
            reach: self.benign.into_observer().reach(settings.rules),
            rows: self.rows,
        };
        (result, alerts, self.benign_alerts)
    }
}

/// An alert without what is only shown to people: entities and details.
///
/// W0 has about as many alerts as W, and they are kept as long.
#[must_use]
pub fn bare(alert: Alert) -> Alert {
    Alert {
        entities: Vec::new(),
        details: Details::default(),
        ..alert
    }
}

impl Unreadable {
    fn take(
        &mut self,
        chunk: &Chunk,
        rows: &[BatchRow],
        settings: Settings<'_>,
    ) -> Result<(), RunError> {
        for (index, error) in &chunk.faults {
            let table = &settings.schema.table(rows[*index].table).name;
            if settings.strict {
                return Err(RunError::Strict {
                    table: table.clone(),
                    error: error.clone(),
                });
            }
            self.rows += 1;
            if self.samples.len() < SAMPLES {
                self.samples.push((table.clone(), error.to_string()));
            }
        }
        Ok(())
    }
}

impl Chunk {
    fn project(&mut self, projector: &Projector, batch: &Batch, rows: &[BatchRow]) {
        self.projected.clear();
        self.kept.clear();
        self.faults.clear();
        for (index, row) in rows.iter().enumerate() {
            let result = projector
                .reads(row.table)
                .then(|| projector.project(row.table, batch.line(row), &mut self.projected));
            self.kept.push(matches!(result, Some(Ok(()))));
            if let Some(Err(error)) = result {
                self.faults.push((index, error));
            }
        }
    }
}

fn label_of(row: &BatchRow) -> Option<RowLabel> {
    Some(RowLabel {
        item: row.item,
        event: row.event,
        time: row.time,
        ingestion: row.ingestion,
        group: row.group?,
    })
}

/// Feeds an engine the rows that it may see; the others only move its clock. Its observer is told
/// each of them first.
fn push_all<O: LevelObserver>(
    engine: &mut Engine<O>,
    batch: &Batch,
    chunks: &[Chunk],
    sees: &dyn Fn(usize) -> bool,
    told: &dyn Fn(&mut O, &Projected<'_>),
) {
    let mut index = 0;
    for (chunk, rows) in chunks.iter().zip(batch.rows.chunks(CHUNK)) {
        let mut projected = chunk.projected.iter();
        for (row, kept) in rows.iter().zip(&chunk.kept) {
            engine.advance(row.ingestion);
            if *kept
                && let Some(row) = projected.next()
                && sees(index)
            {
                told(engine.observer_mut(), &row);
                engine.push(row);
            }
            index += 1;
        }
    }
    engine.advance(batch.clock);
}
