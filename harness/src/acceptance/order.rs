//! Does every stage start after the stage that it waits for?

use livefire_generator::event::{AccountRef, Action, Event};
use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::model::{Anchor, Days, Pick, Stage};
use livefire_generator::kinds::plan::CampaignPlan;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

/// The stages of a plan that begin before what they wait for, as sentences.
///
/// A stage after a whole stage begins after its last event; where both run once for each account,
/// that holds for each account by itself; for any other anchor after its first event. Of a stage
/// of every day the log's first day is left out, as what it waits for may lie before the log.
#[must_use]
pub fn out_of_order(kind: &AttackKind, plan: &CampaignPlan, start: EventTime) -> Vec<String> {
    let traps = kind.traps().values().flat_map(|trap| &trap.stages);
    let mut faults = Vec::new();
    for stage in kind.stages().values().chain(traps) {
        let Some(anchor) = stage.anchor.as_ref().filter(|anchor| !anchor.is_before) else {
            continue;
        };
        let (mut own, other) = (times(plan, &stage.name), times(plan, &anchor.stage.value));
        if matches!(stage.days, Some(Days::Scenario)) {
            own.retain(|(_, at)| *at >= start + TimeSpan::from_days(1));
        }
        if is_early(kind, stage, anchor, &own, &other) {
            faults.push(format!(
                "{}: stage `{}` begins before `{}`",
                plan.name, stage.name, anchor.stage.value
            ));
        }
    }
    faults
}

type Times = Vec<(Option<AccountRef>, EventTime)>;

fn is_early(kind: &AttackKind, stage: &Stage, anchor: &Anchor, own: &Times, other: &Times) -> bool {
    let Some(first) = own.iter().map(|(_, at)| *at).min() else {
        return false;
    };
    let Some(begun) = other.iter().map(|(_, at)| *at).min() else {
        return false;
    };
    if first < begun {
        return true;
    }
    let runs_once = |stage: &Stage| stage.each.is_none() && stage.in_turn.is_none();
    let before = kind.stages().get(&anchor.stage.value);
    let is_whole = anchor.pick == Pick::End && anchor.outcome.is_none() && stage.days.is_none();
    let is_whole = is_whole && before.is_some_and(|before| before.days.is_none());
    if !is_whole {
        return false;
    }
    if runs_once(stage) || before.is_some_and(runs_once) {
        let ended = other.iter().map(|(_, at)| *at).max();
        return ended.is_some_and(|ended| first < ended);
    }
    let mut ended: FxHashMap<Option<AccountRef>, EventTime> = FxHashMap::default();
    for (account, at) in other {
        let last = ended.entry(*account).or_insert(*at);
        *last = (*at).max(*last);
    }
    own.iter()
        .any(|(account, at)| ended.get(account).is_some_and(|ended| at < ended))
}

/// Accounts and times of a stage's events, alerts aside.
fn times(plan: &CampaignPlan, stage: &str) -> Times {
    let is_own = |event: &&Event| {
        let origin = event.origin.and_then(|at| usize::try_from(at.0).ok());
        let origin = origin.and_then(|at| plan.origins.get(at));
        event.action != Action::DefenderAlert && origin.is_some_and(|origin| origin.stage == stage)
    };
    let own = plan.events.iter().filter(is_own);
    own.map(|event| (event.account, event.at)).collect()
}
