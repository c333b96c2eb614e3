//! Which alert first saw which stage of a campaign: how much of a chain was over by then.
//!
//! A stage counts as seen by an alert that is credited with the campaign and holds a row of that
//! stage in its evidence, whatever else it holds.

use livefire_labels::{Campaign, CampaignIndex};

use crate::headline::time_to_detect;
use crate::score::input::ScoreInput;
use crate::score::report::StageSeen;
use crate::score::verdict::Judged;

/// The first alert of the totals that saw each stage, in the order of the stages; stages that no
/// alert saw are left out. `crediting` are the campaign's alerts by (raised, id).
pub(crate) fn seen(
    input: &ScoreInput<'_>,
    index: CampaignIndex,
    campaign: &Campaign,
    crediting: &[&Judged<'_>],
) -> Vec<StageSeen> {
    let sees = |one: &Judged<'_>, stage: &str| {
        one.alert.evidence.iter().any(|row| {
            let group = input.book.group_of(row.item);
            group.is_some_and(|group| group.caused_by == Some(index) && group.stage == stage)
        })
    };
    let first = |stage: &str| {
        let first = crediting
            .iter()
            .find(|one| one.in_totals && sees(one, stage))?;
        Some(StageSeen {
            stage: stage.to_owned(),
            rule: first.alert.rule.clone(),
            alert: first.alert.id.clone(),
            time_to_detect: time_to_detect(campaign.t0, Some(first.alert.raised)),
        })
    };
    let stages = campaign.stages.iter();
    stages.filter_map(|stage| first(&stage.name)).collect()
}
