//! When the runs of a stage begin: anchors, delays, members, days.

use std::sync::Arc;

use livefire_schema::time::{EventTime, TimeSpan};

use super::Planner;
use super::clock::Open;
use super::draft::{Draft, StageDraft};
use crate::event::{AccountRef, Event, Outcome};
use crate::kinds::model::{Anchor, Days, Gap, Pick, Stage};
use crate::random::Key;

/// A run before its instants are drawn.
#[derive(Clone, Debug)]
pub(crate) struct RunStart {
    /// The member's account.
    pub(crate) account: Option<AccountRef>,
    /// Position in the pool that the stage runs over; 0 without one.
    pub(crate) ordinal: u64,
    /// Number of the day, with `days`.
    pub(crate) day: Option<u32>,
    /// Earliest start.
    pub(crate) base: EventTime,
    /// End of the day's window, with `days`.
    pub(crate) limit: Option<EventTime>,
    /// The event that it follows, for `.every` and `.run`.
    pub(crate) parent: Option<Event>,
    /// Whether an anchor fixes the base.
    pub(crate) is_fixed: bool,
    /// Whether the base is the member's own, not the whole stage's.
    pub(crate) is_own: bool,
    /// Place.
    pub(crate) key: Key,
}

/// A member's account and the number of a day.
type MemberDay = (Option<AccountRef>, Option<u32>);
/// Time and id of an event.
type Instant = (EventTime, Key);
/// An instant of a member on a day.
type MemberInstant = (Option<AccountRef>, Option<u32>, EventTime);

/// What an anchor gives: instants by member, or one for all.
enum Base {
    /// One instant for all runs; whether something fixes it.
    Common(EventTime, bool),
    /// Each member's own: (account, day, instant).
    Members(Vec<MemberInstant>),
    /// One run for each event.
    Children(Vec<(Event, u64)>),
    /// The anchor has no event.
    Nothing,
}

impl Planner<'_> {
    /// The runs of a resolved stage, in order of member and day.
    pub(crate) fn runs(&self, stage: &Stage, draft: &Draft, start: EventTime) -> Vec<RunStart> {
        let key = self.stage_key(stage);
        let (anchor, delays) = self.active_anchor(stage);
        let delay = |key: Key| {
            delays
                .iter()
                .fold(TimeSpan::ZERO, |sum, stage| sum + scaled_delay(stage, key))
        };
        let members = self.members_of(stage);
        match self.base(stage, anchor.as_ref(), draft, start) {
            Base::Nothing => Vec::new(),
            Base::Children(parents) => parents
                .into_iter()
                .map(|(event, ordinal)| {
                    let key = key.named("child").index(event.id.bits());
                    RunStart {
                        account: event.account,
                        ordinal,
                        day: None,
                        base: event.at + delay(key),
                        limit: None,
                        parent: Some(event),
                        is_fixed: true,
                        is_own: true,
                        key,
                    }
                })
                .collect(),
            Base::Common(instant, is_fixed) => {
                let is_before = anchor.as_ref().is_some_and(|anchor| anchor.is_before);
                let span = delay(key);
                let base = if is_before {
                    instant - span
                } else {
                    instant + span
                };
                let runs = members.into_iter().flat_map(|(account, ordinal)| {
                    let key = key.index(ordinal);
                    let run = RunStart {
                        account,
                        ordinal,
                        day: None,
                        base,
                        limit: None,
                        parent: None,
                        is_fixed,
                        is_own: false,
                        key,
                    };
                    self.by_day(stage, run, None)
                });
                // One more than may be is enough to be too many.
                runs.take(self.limit.saturating_add(1)).collect()
            }
            Base::Members(own) => {
                let runs = members.into_iter().flat_map(|(account, ordinal)| {
                    let key = key.index(ordinal);
                    let instants: Vec<(Option<u32>, EventTime)> = own
                        .iter()
                        .filter(|(whose, _, _)| *whose == account)
                        .map(|(_, day, instant)| (*day, *instant + delay(key)))
                        .collect();
                    self.member_runs(stage, account, ordinal, key, &instants)
                });
                runs.take(self.limit.saturating_add(1)).collect()
            }
        }
    }

    /// The one run of an `alter` stage, its days not split.
    pub(crate) fn whole_run(
        &self,
        stage: &Stage,
        draft: &Draft,
        start: EventTime,
    ) -> Option<RunStart> {
        let mut whole = stage.clone();
        whole.days = None;
        self.runs(&whole, draft, start).into_iter().next()
    }

    fn member_runs(
        &self,
        stage: &Stage,
        account: Option<AccountRef>,
        ordinal: u64,
        key: Key,
        instants: &[(Option<u32>, EventTime)],
    ) -> Vec<RunStart> {
        let run = |day, base| RunStart {
            account,
            ordinal,
            day,
            base,
            limit: None,
            parent: None,
            is_fixed: true,
            is_own: true,
            key,
        };
        let Some(first) = instants.first() else {
            return Vec::new();
        };
        if stage.days.is_some() && first.0.is_some() {
            // Same day: the anchor's days are the stage's.
            let open = Open::new(self.world, stage, account);
            let most = self.days_of(stage, key);
            let mut instants = instants.to_vec();
            instants.sort_unstable();
            return instants
                .iter()
                .take(usize::try_from(most).unwrap_or(usize::MAX))
                .filter_map(|(day, base)| {
                    let window = open.windows(*base).next()?;
                    let mut run = run(*day, (*base).max(window.start));
                    run.limit = Some(window.end);
                    run.key = key.named("day").index(u64::from((*day)?));
                    Some(run)
                })
                .collect();
        }
        self.by_day(stage, run(None, first.1), Some(first.1))
    }

    /// Splits a run into one a day where the stage has `days`.
    fn by_day(&self, stage: &Stage, run: RunStart, fixed: Option<EventTime>) -> Vec<RunStart> {
        if stage.days.is_none() {
            return vec![run];
        }
        let open = Open::new(self.world, stage, run.account);
        let most = self.days_of(stage, run.key);
        let end = self.world.calendar.end();
        let windows = open
            .windows(run.base)
            .take_while(|window| window.start < end);
        (0u32..)
            .zip(windows)
            .take_while(|(day, _)| u64::from(*day) < most)
            .map(|(day, window)| {
                let key = run.key.named("day").index(u64::from(day));
                // The campaign's own start is nobody's, so it does not clip the first day.
                let from = if run.is_fixed {
                    window.start.max(run.base)
                } else {
                    window.start
                };
                let is_spread = matches!(stage.gap, Some(Gap::Spread)) && stage.over.is_none();
                // Nothing fixes a day's start but, on the first day, an anchor of its own.
                let base = if is_spread || (day == 0 && fixed == Some(from)) {
                    from
                } else {
                    uniform(from, window.end, key.named("start"))
                };
                RunStart {
                    day: Some(day),
                    base,
                    limit: Some(window.end),
                    is_fixed: true,
                    key,
                    ..run.clone()
                }
            })
            .collect()
    }

    fn days_of(&self, stage: &Stage, key: Key) -> u64 {
        match &stage.days {
            Some(Days::Count(days)) => days.count(key.named("days")),
            Some(Days::Scenario) => u64::from(u32::MAX),
            None => 1,
        }
    }

    /// Members that a stage has a run for: (account, position). A stage without `each` has one.
    pub(crate) fn members_of(&self, stage: &Stage) -> Vec<(Option<AccountRef>, u64)> {
        let Some(pool) = &stage.each else {
            return vec![(self.single_actor(stage), 0)];
        };
        let accounts = self.pools.accounts(&pool.value);
        if !accounts.is_empty() {
            return (0u64..)
                .zip(accounts)
                .map(|(ordinal, account)| (*account, ordinal))
                .collect();
        }
        let count = self
            .pools
            .get(&pool.value)
            .map_or(0, super::pools::Members::len);
        (0..count)
            .map(|ordinal| (self.single_actor(stage), ordinal))
            .collect()
    }

    /// The first account of `who`, whose local time a single process keeps.
    fn single_actor(&self, stage: &Stage) -> Option<AccountRef> {
        let pool = stage.who.as_ref().or(stage.in_turn.as_ref())?;
        self.pools.accounts(&pool.value).first().copied().flatten()
    }

    /// The anchor that counts once inactive stages are passed over, and whose delays add up.
    fn active_anchor<'s>(&'s self, stage: &'s Stage) -> (Option<Anchor>, Vec<&'s Stage>) {
        let mut delays = vec![stage];
        let mut anchor = stage.anchor.clone();
        while let Some(current) = &anchor {
            if self.is_active(&current.stage.value) {
                break;
            }
            let Some(skipped) = self.stage(&current.stage.value) else {
                return (None, delays);
            };
            delays.push(skipped);
            anchor.clone_from(&skipped.anchor);
        }
        (anchor, delays)
    }

    fn base(
        &self,
        stage: &Stage,
        anchor: Option<&Anchor>,
        draft: &Draft,
        start: EventTime,
    ) -> Base {
        let Some(anchor) = anchor else {
            return Base::Common(start, false);
        };
        let Some(target) = draft.stage(&anchor.stage.value) else {
            return Base::Nothing;
        };
        if let Some(first) = target
            .altered
            .first()
            .filter(|_| target.stage.alter.is_some())
        {
            let last = target.altered.last().map_or(first.end, |range| range.end);
            let is_start = anchor.is_before || anchor.pick != Pick::End;
            return Base::Common(if is_start { first.start } else { last }, true);
        }
        match anchor.pick {
            Pick::Every => Base::Children(matching(target, anchor.outcome)),
            Pick::Run => Base::Children(last_of_runs(target, anchor.outcome)),
            _ if self.is_member_wise(stage, &target.stage) => {
                Base::Members(self.member_instants(target, anchor))
            }
            pick => {
                let events: Vec<(EventTime, Key)> = target
                    .events
                    .iter()
                    .filter(|draft| fits(draft, anchor.outcome))
                    .map(|draft| (draft.event.at, draft.event.id))
                    .collect();
                let key = self.stage_key(stage).named("anchor");
                let pick = if anchor.is_before { Pick::Start } else { pick };
                match picked(&events, pick, key) {
                    Some(instant) => Base::Common(instant, true),
                    None => Base::Nothing,
                }
            }
        }
    }

    /// Whether members of a stage wait for their own events of its anchor.
    fn is_member_wise(&self, stage: &Stage, target: &Stage) -> bool {
        let over = |stage: &Stage| {
            let pool = stage.each.as_ref().or(stage.in_turn.as_ref());
            pool.map(|pool| Arc::clone(&pool.value))
        };
        match (&stage.each, over(target)) {
            (Some(own), Some(theirs)) => {
                !self.pools.accounts(&own.value).is_empty()
                    && self.pools.are_related(&own.value, &theirs)
            }
            _ => false,
        }
    }

    fn member_instants(&self, target: &StageDraft, anchor: &Anchor) -> Vec<MemberInstant> {
        let key = |run: usize| target.runs[run].key.named("anchor");
        // Events of one member on one day, and the run of the first.
        let mut found: Vec<(MemberDay, usize, Vec<Instant>)> = Vec::new();
        for draft in target
            .events
            .iter()
            .filter(|draft| fits(draft, anchor.outcome))
        {
            let run = &target.runs[draft.run];
            let event = (draft.event.at, draft.event.id);
            match found.last_mut() {
                Some((whose, _, events)) if *whose == (draft.event.account, run.day) => {
                    events.push(event);
                }
                _ => found.push(((draft.event.account, run.day), draft.run, vec![event])),
            }
        }
        let instants = found
            .into_iter()
            .filter_map(|((account, day), run, events)| {
                Some((account, day, picked(&events, anchor.pick, key(run))?))
            });
        let mut instants: Vec<_> = instants.collect();
        instants.sort_by_key(|(account, day, _)| (account.map(|account| account.0), *day));
        self.merge_days(target, anchor, instants)
    }

    /// Without `days` on the waiting stage a pick is over all days of the anchor: the last day's
    /// end, the first day's start, one of them at random.
    fn merge_days(
        &self,
        target: &StageDraft,
        anchor: &Anchor,
        instants: Vec<MemberInstant>,
    ) -> Vec<MemberInstant> {
        if target.stage.days.is_none() {
            return instants;
        }
        let key = self.stage_key(&target.stage).named("day");
        let mut merged: Vec<MemberInstant> = Vec::new();
        let groups = instants.chunk_by(|a, b| a.0 == b.0);
        for group in groups {
            let picked = match anchor.pick {
                Pick::Start | Pick::First => group.first(),
                Pick::Random => {
                    // By id, as the index of a brought account depends on other campaigns.
                    let id = group[0]
                        .0
                        .map(|account| &self.world.account(account).object_id);
                    let at = key
                        .named(id.map_or("", String::as_str))
                        .below(group.len() as u64);
                    group.get(usize::try_from(at).unwrap_or(0))
                }
                _ => group.last(),
            };
            // The picked day comes first; the others follow for stages that run on the same days.
            merged.extend(picked.copied());
            merged.extend(group.iter().copied().filter(|entry| Some(entry) != picked));
        }
        merged
    }
}

/// An instant between two others.
pub(crate) fn uniform(from: EventTime, to: EventTime, key: Key) -> EventTime {
    let width = u64::try_from((to - from).ticks()).unwrap_or(0);
    from + TimeSpan::from_ticks(i64::try_from(key.below(width)).unwrap_or(0))
}

/// The delay that a stage's file writes, with the factors of the files that wrote it.
fn scaled_delay(stage: &Stage, key: Key) -> TimeSpan {
    let Some(delay) = &stage.delay else {
        return TimeSpan::ZERO;
    };
    let delay = delay.span(key.named("delay"));
    let factor: f64 = stage
        .scale
        .iter()
        .map(|scale| scale.number(key.named("scale")))
        .product();
    TimeSpan::from_seconds_f64(delay.seconds_f64() * factor)
}

fn fits(draft: &super::draft::DraftEvent, outcome: Option<Outcome>) -> bool {
    !draft.is_retry && outcome.is_none_or(|outcome| draft.event.outcome == outcome)
}

fn picked(events: &[(EventTime, Key)], pick: Pick, key: Key) -> Option<EventTime> {
    let times = events.iter().map(|(time, _)| *time);
    match pick {
        Pick::Start | Pick::First => times.min(),
        Pick::Random => {
            let at = key.below(events.len() as u64);
            events.get(usize::try_from(at).ok()?).map(|(time, _)| *time)
        }
        Pick::End | Pick::Every | Pick::Run => times.max(),
    }
}

fn matching(target: &StageDraft, outcome: Option<Outcome>) -> Vec<(Event, u64)> {
    let fitting = target.events.iter().filter(|draft| fits(draft, outcome));
    fitting
        .map(|draft| (draft.event.clone(), target.runs[draft.run].ordinal))
        .collect()
}

fn last_of_runs(target: &StageDraft, outcome: Option<Outcome>) -> Vec<(Event, u64)> {
    let mut last: Vec<(usize, Event)> = Vec::new();
    for draft in target.events.iter().filter(|draft| fits(draft, outcome)) {
        match last.last_mut() {
            Some((run, event)) if *run == draft.run => *event = draft.event.clone(),
            _ => last.push((draft.run, draft.event.clone())),
        }
    }
    let with_ordinal = |(run, event): (usize, Event)| (event, target.runs[run].ordinal);
    last.into_iter().map(with_ordinal).collect()
}
