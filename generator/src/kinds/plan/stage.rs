//! The events of one stage: runs drawn, instants placed, outcomes and retries decided.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use super::Planner;
use super::clock::Open;
use super::draft::{Draft, DraftEvent, RunDraft, StageDraft};
use super::emit::Emitter;
use super::runs::{RunStart, uniform};
use super::timing::{Instants, Process};
use crate::event::{AccountRef, Action, Outcome};
use crate::kinds::model::{Days, Gap, Stage, Until};
use crate::kinds::value::{Form, Literal, Value};
use crate::kinds::vocabulary;
use crate::random::Key;

/// What a stage's planning needs of the campaign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The campaign's start.
    pub(crate) start: EventTime,
    /// The campaign's end, as far as known.
    pub(crate) end: Option<EventTime>,
}

impl Planner<'_> {
    /// Plans a stage that emits events.
    pub(crate) fn emit_stage(&self, stage: &Arc<Stage>, draft: &Draft, frame: Frame) -> StageDraft {
        let mut planned = StageDraft {
            stage: Arc::clone(stage),
            runs: Vec::new(),
            events: Vec::new(),
            dropped: 0,
            trap: self.trap_of(&stage.name),
            altered: Vec::new(),
        };
        let mut starts = self.runs(stage, draft, frame.start);
        let chance = |run: &RunStart| {
            let chance = stage.chance.as_ref();
            chance.is_none_or(|chance| {
                let key = run.key.named("chance");
                key.named("drawn").chance(chance.number(key))
            })
        };
        starts.retain(chance);
        if stage.in_turn.is_some() {
            for start in &starts {
                self.in_turn(stage, start, frame, &mut planned);
            }
            return planned;
        }
        let mut ended: Vec<u64> = Vec::new();
        for start in starts {
            // An outcome that ends a member's run ends its later days too.
            if start.day.is_some() && ended.contains(&start.ordinal) {
                continue;
            }
            let count = start_count(stage, start.key);
            let instants = self.instants(stage, &start, count, frame);
            if self.run_events(stage, &start, instants, &mut planned) {
                ended.push(start.ordinal);
            }
            if planned.events.len() > self.limit {
                break;
            }
        }
        planned
    }

    /// Appends a run's events; whether an outcome ended it.
    fn run_events(
        &self,
        stage: &Stage,
        start: &RunStart,
        instants: Instants,
        planned: &mut StageDraft,
    ) -> bool {
        let run = planned.runs.len();
        let first = planned.events.len() as u64;
        planned.dropped += instants.dropped;
        let emitter = Emitter::new(self, stage, start, first);
        let count = instants.times.len() as u64;
        let mut is_ended = false;
        for (index, at) in (0u64..).zip(instants.times) {
            let event = emitter.event(index, count, at);
            let outcome = event.outcome;
            let retries = emitter.retries(&event, index);
            planned.events.push(DraftEvent {
                event,
                run,
                index,
                is_retry: false,
            });
            planned
                .events
                .extend(retries.into_iter().map(|event| DraftEvent {
                    event,
                    run,
                    index,
                    is_retry: true,
                }));
            if matches!(stage.until, Some(Until::Outcome(stop)) if stop == outcome) {
                is_ended = true;
                break;
            }
        }
        planned.runs.push(RunDraft {
            account: start.account,
            ordinal: start.ordinal,
            day: start.day,
            key: start.key,
            start: start.base,
        });
        is_ended
    }

    /// The instants of one run.
    fn instants(
        &self,
        stage: &Stage,
        run: &RunStart,
        count: Option<u64>,
        frame: Frame,
    ) -> Instants {
        let mut open = Open::new(self.world, stage, run.account);
        if stage.each.is_some() && run.day.is_none() && !run.is_own {
            open = open.on_days_of(self.lead(stage));
        }
        let gap = effective_gap(stage);
        // Members who spread over one span share it.
        let place = if matches!(gap, Gap::Spread) && !run.is_own {
            self.stage_key(stage)
        } else {
            run.key
        };
        let over = stage
            .over
            .as_ref()
            .map(|over| over.span(place.named("over")));
        let start = self.run_start(stage, run, &gap, &open, over.unwrap_or(TimeSpan::ZERO));
        let limit = self.run_limit(stage, run, start, frame);
        let process = Process {
            gap: &gap,
            count,
            most: self.limit as u64 + 1,
            over,
            limit,
            open: &open,
            key: run.key,
        };
        process.run(start)
    }

    /// Where a run's gap process begins.
    fn run_start(
        &self,
        stage: &Stage,
        run: &RunStart,
        gap: &Gap,
        open: &Open<'_>,
        over: TimeSpan,
    ) -> EventTime {
        if run.day.is_some() || run.parent.is_some() || run.is_own {
            return open.opening(run.base);
        }
        let is_spread = matches!(gap, Gap::Spread);
        let is_each = stage.each.is_some();
        match (open.is_always(), is_spread) {
            // Members spread over one span, which starts somewhere in the window for all.
            (false, true) if !run.is_fixed => {
                let lead = self.lead(stage).or(run.account);
                let open = Open::new(self.world, stage, lead);
                self.window_start(&open, run, over, self.stage_key(stage))
            }
            (false, false) if !run.is_fixed || is_each => {
                self.window_start(open, run, over, run.key)
            }
            (true, false) if is_each => {
                let process = Process {
                    gap,
                    count: None,
                    most: 0,
                    over: None,
                    limit: None,
                    open,
                    key: run.key,
                };
                run.base + TimeSpan::from_seconds_f64(process.gap(0))
            }
            _ => open.opening(run.base),
        }
    }

    /// The member whose working days a crowd keeps: its first who works by day.
    fn lead(&self, stage: &Stage) -> Option<AccountRef> {
        let accounts = self.pools.accounts(&stage.each.as_ref()?.value);
        let mut accounts = accounts.iter().flatten().copied();
        let first = accounts.clone().next();
        accounts
            .find(|account| !self.world.account(*account).night)
            .or(first)
    }

    /// A uniform instant of the window that contains or follows the run's base; the campaign's
    /// start, which is nobody's, does not clip it.
    fn window_start(&self, open: &Open<'_>, run: &RunStart, over: TimeSpan, key: Key) -> EventTime {
        match open.windows(run.base).next() {
            Some(window) => {
                let from = if run.is_fixed {
                    window.start.max(run.base)
                } else {
                    window.start
                };
                // A span to fill should end inside the window, if it fits.
                uniform(from, (window.end - over).max(from), key.named("start"))
            }
            None => run.base,
        }
    }

    fn run_limit(
        &self,
        stage: &Stage,
        run: &RunStart,
        start: EventTime,
        frame: Frame,
    ) -> Option<EventTime> {
        let until = match &stage.until {
            Some(Until::Span(span)) => Some(start + span.span(run.key.named("until"))),
            Some(Until::End) => Some(frame.end.unwrap_or(start) + TimeSpan::from_ticks(1)),
            Some(Until::Scenario) => Some(self.world.calendar.end()),
            Some(Until::Outcome(_)) | None => None,
        };
        match (until, run.limit) {
            (Some(until), Some(limit)) => Some(until.min(limit)),
            (until, limit) => until.or(limit),
        }
    }

    /// Members one after another in one process; `over` is shared equally by all their events.
    fn in_turn(&self, stage: &Stage, start: &RunStart, frame: Frame, planned: &mut StageDraft) {
        let Some(pool) = &stage.in_turn else { return };
        let accounts = self.pools.accounts(&pool.value);
        let members = self
            .pools
            .get(&pool.value)
            .map_or(0, super::pools::Members::len);
        let counts: Vec<u64> = (0..members)
            .map(|member| start_count(stage, start.key.index(member)).unwrap_or(u64::MAX))
            .collect();
        let total = counts
            .iter()
            .fold(0u64, |sum, count| sum.saturating_add(*count));
        let count = (total < u64::MAX).then_some(total);
        let instants = self.instants(stage, start, count, frame);
        planned.dropped += instants.dropped;
        let mut times = instants.times.into_iter();
        for (member, count) in (0u64..).zip(counts) {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let own: Vec<EventTime> = times.by_ref().take(count).collect();
            if own.is_empty() {
                continue;
            }
            let index = usize::try_from(member).unwrap_or(0);
            let run = RunStart {
                account: accounts.get(index).copied().flatten().or(start.account),
                ordinal: member,
                base: own[0],
                key: start.key.index(member),
                ..start.clone()
            };
            let instants = Instants {
                times: own,
                dropped: 0,
            };
            self.run_events(stage, &run, instants, planned);
        }
    }

    /// The spans in which an `alter` stage changes benign traffic.
    pub(crate) fn altered(&self, stage: &Stage, draft: &Draft, frame: Frame) -> Vec<TimeRange> {
        let Some(run) = self.whole_run(stage, draft, frame.start) else {
            return Vec::new();
        };
        let account = stage
            .alter
            .as_ref()
            .and_then(|pool| self.pools.accounts(&pool.value).first().copied().flatten());
        let open = Open::new(self.world, stage, account);
        if let Some(days) = &stage.days {
            let most = match days {
                Days::Count(days) => days.count(run.key.named("days")),
                Days::Scenario => u64::from(u32::MAX),
            };
            let end = self.world.calendar.end();
            let windows = open
                .windows(run.base)
                .take_while(|window| window.start < end);
            return windows
                .take(usize::try_from(most).unwrap_or(usize::MAX))
                .collect();
        }
        let start = if run.is_fixed || open.is_always() {
            open.opening(run.base)
        } else {
            self.window_start(&open, &run, TimeSpan::ZERO, run.key)
        };
        let end = self.run_limit(stage, &run, start, frame);
        let end = end.unwrap_or(self.world.calendar.end());
        let range = TimeRange { start, end };
        if range.start < range.end {
            vec![range]
        } else {
            Vec::new()
        }
    }
}

/// A run's number of events: written, else one, else unbounded by an end.
fn start_count(stage: &Stage, key: Key) -> Option<u64> {
    match (&stage.count, &stage.until) {
        (Some(count), _) => Some(count.count(key.named("count"))),
        (None, Some(Until::Outcome(_))) => Some(1000),
        (None, Some(_)) => None,
        (None, None) => match stage.gap {
            Some(Gap::Rate { .. }) => None,
            _ => Some(1),
        },
    }
}

/// The written gap, or the action's default.
pub(crate) fn effective_gap(stage: &Stage) -> Gap {
    match (&stage.gap, stage.action) {
        (Some(gap), _) => gap.clone(),
        (None, Some(Action::KeyCall)) => Gap::Script,
        _ => Gap::Human,
    }
}

/// The value over outcomes of a stage, its action's default where it writes none.
pub(crate) fn outcome_value(stage: &Stage) -> Value {
    stage.outcomes.clone().unwrap_or_else(|| {
        let action = stage.action.unwrap_or(Action::Request);
        let default = vocabulary::outcomes(action).first().copied();
        let word = default.map_or("", Outcome::name);
        Value::constant(Literal::Word(Arc::from(word)))
    })
}

/// Whether a value is one constant word.
pub(crate) fn is_constant(value: &Value) -> bool {
    matches!(value.form, Form::Constant(_))
}
