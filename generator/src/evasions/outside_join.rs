//! `outside_join`: failed sign-ins and refused requests of one account lie too far apart to join.
//!
//! Events of either side wait until every event of the other side of the same account is at least
//! the gap away; the rest of a run waits with them. A Defender alert follows the refusal that
//! causes it within minutes, whatever an attacker does, so C2 is escaped only as far as refusals
//! and what else raises alerts are different events.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use super::knobs::{KnobSet, duration};
use super::retime::{by_time, retime};
use super::windows::Windows;
use super::{Aim, Component, Evasion, is_attackers};
use crate::event::{AccountRef, Action, Event, Outcome};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct OutsideJoin;

impl Evasion for OutsideJoin {
    fn name(&self) -> &'static str {
        "outside_join"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let seconds = TimeSpan::from_seconds;
        let help = "least gap between the two sides of a join";
        let gap = duration(seconds(3660), seconds(3601), seconds(5400), help);
        vec![("gap", gap)]
    }

    fn component(&self) -> Component {
        Component::Join
    }

    fn build(&self, knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Apart(knobs.clone()))
    }
}

#[derive(Clone, Debug)]
struct Apart(KnobSet);

impl Transform for Apart {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let mut sides = Sides {
            gap: self.0.span("gap", key),
            placed: FxHashMap::default(),
        };
        retime(draft, world, &mut |planned| sides.part(planned, world));
    }
}

/// The side of a join that an event is on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Side {
    FailedSignIn,
    Refusal,
}

impl Side {
    fn of(event: &Event) -> Option<Side> {
        let is_failure = !matches!(
            event.outcome,
            Outcome::Ok | Outcome::MfaNeeded | Outcome::Kmsi
        );
        match event.action {
            Action::SignIn if is_failure => Some(Side::FailedSignIn),
            Action::Request | Action::ToolCall if event.outcome.is_fail() => Some(Side::Refusal),
            _ => None,
        }
    }

    fn other(self) -> Side {
        match self {
            Side::FailedSignIn => Side::Refusal,
            Side::Refusal => Side::FailedSignIn,
        }
    }
}

/// What was placed so far, by account and side.
struct Sides {
    gap: TimeSpan,
    placed: FxHashMap<(AccountRef, Side), Vec<EventTime>>,
}

impl Sides {
    fn part(&mut self, planned: &mut StageDraft, world: &World) {
        let stage = std::sync::Arc::clone(&planned.stage);
        let windows = Windows::new(world, &stage);
        let is_moved = is_attackers(planned);
        // How much later each run is by now.
        let mut carried: FxHashMap<usize, TimeSpan> = FxHashMap::default();
        for index in by_time(planned) {
            let run = planned.events[index].run;
            let event = &mut planned.events[index].event;
            let late = carried.get(&run).copied().unwrap_or(TimeSpan::ZERO);
            let side = Side::of(event).zip(event.account);
            if is_moved {
                let wanted = event.at + late;
                let mut at = wanted;
                loop {
                    let open = windows.opening(event.account, at);
                    let free = side.map_or(open, |(side, account)| self.clear(account, side, open));
                    if free == at {
                        break;
                    }
                    at = free;
                }
                carried.insert(run, late + (at - wanted));
                event.at = at;
            }
            if let Some((side, account)) = side {
                let placed = self.placed.entry((account, side)).or_default();
                placed.push(event.at);
            }
        }
    }

    /// The earliest instant from `from` on at which nothing of the other side is near.
    fn clear(&self, account: AccountRef, side: Side, from: EventTime) -> EventTime {
        let Some(others) = self.placed.get(&(account, side.other())) else {
            return from;
        };
        let mut at = from;
        loop {
            let near = others
                .iter()
                .filter(|other| at - self.gap < **other && **other < at + self.gap);
            let Some(last) = near.max() else {
                return at;
            };
            at = *last + self.gap;
        }
    }
}
