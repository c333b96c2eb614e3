//! `office_exit`: requests, tool calls and sign-ins leave through the account's own exit.
//!
//! That is the address that the account itself used most in the seven days before the stage, the
//! last hour left out (what rules take for known), counted over its ordinary sign-ins and requests.
//! An account without any leaves through its site's NAT. Never an address that an indicator lists.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Aim, Component, Evasion, KnobSet, is_attackers};
use crate::benign::Benign;
use crate::event::{AccountRef, Action, Address, Outcome};
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct OfficeExit;

impl Evasion for OfficeExit {
    fn name(&self) -> &'static str {
        "office_exit"
    }

    fn component(&self) -> Component {
        Component::Exit
    }

    fn build(&self, _knobs: &KnobSet, _aim: &Aim) -> Box<dyn Transform> {
        Box::new(Exit)
    }
}

#[derive(Clone, Copy, Debug)]
struct Exit;

impl Transform for Exit {
    fn apply(&self, draft: &mut Draft, _key: Key, world: &World) {
        let listed = listed(draft);
        let benign = Benign::new(world);
        for planned in draft
            .stages
            .iter_mut()
            .filter(|planned| is_attackers(planned))
        {
            let Some((start, _)) = planned.extent() else {
                continue;
            };
            let mut exits: FxHashMap<AccountRef, Address> = FxHashMap::default();
            for draft in &mut planned.events {
                let event = &mut draft.event;
                let leaves = matches!(
                    event.action,
                    Action::Request | Action::ToolCall | Action::SignIn
                );
                if let (Some(account), true) = (event.account, leaves) {
                    event.address = *exits
                        .entry(account)
                        .or_insert_with(|| exit(account, start, &listed, &benign, world));
                }
            }
        }
    }
}

/// Addresses that the campaign's own indicators list.
pub(super) fn listed(draft: &Draft) -> FxHashSet<Address> {
    let events = draft
        .stages
        .iter()
        .flat_map(|planned: &StageDraft| &planned.events);
    let indicators = events.filter(|draft| draft.event.action == Action::Indicator);
    indicators.map(|draft| draft.event.address).collect()
}

/// The exit of an account before `start`.
pub(super) fn exit(
    account: AccountRef,
    start: EventTime,
    listed: &FxHashSet<Address>,
    benign: &Benign<'_>,
    world: &World,
) -> Address {
    let used = used_addresses(account, start, benign, world);
    let mut best: Option<(u64, Address)> = None;
    for (address, count) in used {
        let is_better = best.is_none_or(|(most, least)| (count, least) > (most, address));
        if is_better && !listed.contains(&address) {
            best = Some((count, address));
        }
    }
    best.map_or_else(
        || world.site_nat(world.account(account).site),
        |(_, address)| address,
    )
}

/// How often the account used which address, in its ordinary traffic inside the log.
fn used_addresses(
    account: AccountRef,
    start: EventTime,
    benign: &Benign<'_>,
    world: &World,
) -> FxHashMap<Address, u64> {
    let mut used = FxHashMap::default();
    let is_brought =
        usize::try_from(account.0).is_ok_and(|index| index >= world.directory.population);
    if is_brought {
        return used;
    }
    let day = TimeSpan::from_days(1);
    let from = (start - day * 7).max(world.calendar.start);
    let to = start - TimeSpan::from_hours(1);
    let origin = world.calendar.start.bin(day);
    let index = |time: EventTime| (time - origin).ticks().div_euclid(day.ticks());
    for number in index(from) - 1..=index(to) {
        for event in benign.day(number, account.0..account.0 + 1, None) {
            let is_inside = from <= event.at && event.at <= to;
            let is_use = match event.action {
                Action::Request => true,
                Action::SignIn => event.outcome == Outcome::Ok,
                _ => false,
            };
            if is_inside && is_use && event.account == Some(account) {
                *used.entry(event.address).or_insert(0) += 1;
            }
        }
    }
    used
}
