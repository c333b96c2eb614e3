//! Attack events, and which of them an expected rule can see.

use std::collections::{BTreeMap, BTreeSet};

use livefire_labels::{Campaign, CampaignIndex, GroupIndex, LabelGroup};
use livefire_schema::ids::EventId;
use livefire_schema::rules::{self, RuleToken};
use rustc_hash::FxHashMap;

use crate::score::input::ScoreInput;

/// Distinct attack events of the campaigns in the scored interval.
#[derive(Debug, Default)]
pub(crate) struct AttackEvents {
    pub(crate) all: BTreeSet<EventId>,
    pub(crate) observable: BTreeSet<EventId>,
    /// Observable and other events of each campaign.
    pub(crate) of_campaign: BTreeMap<CampaignIndex, (u64, u64)>,
}

/// Whether a campaign belongs to N.
pub(crate) fn is_scored(input: &ScoreInput<'_>, campaign: &Campaign) -> bool {
    input.extent.scored.contains(campaign.t0)
}

/// Collects attack events from the label book.
pub(crate) fn attack_events(input: &ScoreInput<'_>) -> AttackEvents {
    let mut kinds: FxHashMap<GroupIndex, Option<(CampaignIndex, bool)>> = FxHashMap::default();
    let mut events: BTreeMap<CampaignIndex, BTreeMap<EventId, bool>> = BTreeMap::new();
    for row in input.book.rows.values() {
        let kind = kinds.entry(row.group).or_insert_with(|| {
            input
                .book
                .group(row.group)
                .and_then(|group| classify(input, group))
        });
        if let Some((campaign, is_observable)) = *kind {
            let seen = events.entry(campaign).or_default();
            *seen.entry(row.event).or_default() |= is_observable;
        }
    }
    let mut collected = AttackEvents::default();
    for (campaign, events) in events {
        let observable = events
            .values()
            .filter(|&&is_observable| is_observable)
            .count() as u64;
        let counts = (observable, events.len() as u64 - observable);
        collected.of_campaign.insert(campaign, counts);
        for (event, is_observable) in events {
            collected.all.insert(event);
            if is_observable {
                collected.observable.insert(event);
            }
        }
    }
    collected
}

/// The campaign of a group of attack rows in the scored interval, and whether an expected rule reads them.
fn classify(input: &ScoreInput<'_>, group: &LabelGroup) -> Option<(CampaignIndex, bool)> {
    let index = group.caused_by.filter(|_| group.is_attack())?;
    let campaign = input.book.campaign(index)?;
    let reads = |token: &RuleToken| {
        input.loaded_for(token).next().is_some()
            && rules::rule(&token.rule)
                .is_some_and(|info| info.observes(&group.table, &group.outcome))
    };
    is_scored(input, campaign).then(|| (index, campaign.expected.iter().any(reads)))
}
