//! One campaign as a table: its stages on the scenario's clock, and the rows that they make.
//!
//! Rows are those that the recipes write, before the transport loses, repeats or damages any.

use livefire_labels::Class;
use livefire_schema::time::EventTime;

use super::CampaignPlan;
use crate::event::{Action, Event, Origin};
use crate::recipes::Recipes;

/// One stage of a planned campaign or look-alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StageLine {
    /// Name of the stage.
    pub stage: String,
    /// Position of the campaign in [`CampaignPlan::campaigns`]; `None` for a look-alike's own.
    pub campaign: Option<usize>,
    /// Truth class of its rows.
    pub class: Class,
    /// Whether it is the attack itself.
    pub is_hostile: bool,
    /// Its first event, alerts aside.
    pub first: EventTime,
    /// Its last event, alerts aside.
    pub last: EventTime,
    /// Events inside the log, alerts aside.
    pub events: u64,
    /// Defender alerts that they cause.
    pub alerts: u64,
    /// Rows of all of them.
    pub rows: u64,
}

/// The stages of a plan by their first event; a stage that only alters benign traffic is there
/// with the span in which it does, and no event.
#[must_use]
pub fn stages(plan: &CampaignPlan, recipes: &Recipes) -> Vec<StageLine> {
    let mut lines: Vec<(usize, StageLine)> = Vec::new();
    for event in &plan.events {
        let Some((at, origin)) = origin_of(plan, event) else {
            continue;
        };
        let rows = rows_of(event, recipes);
        let known = lines.iter().position(|(known, _)| *known == at);
        let known = known.unwrap_or_else(|| {
            lines.push((at, empty(origin, event.at, event.at)));
            lines.len() - 1
        });
        let (_, line) = &mut lines[known];
        line.rows += rows;
        if event.action == Action::DefenderAlert {
            line.alerts += 1;
        } else {
            if line.events == 0 {
                line.first = event.at;
            }
            line.events += 1;
            line.last = event.at;
        }
    }
    let mut lines: Vec<StageLine> = lines.into_iter().map(|(_, line)| line).collect();
    lines.extend(plan.overlays.iter().filter_map(|overlay| {
        let origin = plan.origins.get(overlay.origin_index())?;
        let (first, last) = (overlay.ranges.first()?, overlay.ranges.last()?);
        Some(empty(origin, first.start, last.end))
    }));
    lines.sort_by(|a, b| (a.campaign, a.first, &a.stage).cmp(&(b.campaign, b.first, &b.stage)));
    lines
}

fn empty(origin: &Origin, first: EventTime, last: EventTime) -> StageLine {
    let campaign = origin.caused_by;
    StageLine {
        stage: origin.stage.clone(),
        campaign: campaign.and_then(|campaign| usize::try_from(campaign.0).ok()),
        class: origin.class,
        is_hostile: origin.phase == livefire_labels::Phase::Hostile,
        first,
        last,
        events: 0,
        alerts: 0,
        rows: 0,
    }
}

fn origin_of<'p>(plan: &'p CampaignPlan, event: &Event) -> Option<(usize, &'p Origin)> {
    let at = usize::try_from(event.origin?.0).ok()?;
    Some((at, plan.origins.get(at)?))
}

fn rows_of(event: &Event, recipes: &Recipes) -> u64 {
    let copies = event.detail.as_ref().and_then(|detail| detail.copies);
    let kinds = recipes.rows(event);
    let rows = kinds
        .iter()
        .filter(|kind| recipes.table(**kind, event).is_some());
    rows.count() as u64 * u64::from(copies.unwrap_or(1).max(1))
}
