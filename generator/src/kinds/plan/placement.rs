//! Where in the log a campaign lies.
//!
//! t0, the first hostile event, is drawn uniformly in the scored interval less the hostile extent.
//! Windows of local time are respected because the campaign is planned anew at its place instead
//! of being shifted there. A look-alike that runs until the log's end begins with the log, unless its
//! entry says `at`.

use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use super::draft::{Draft, StageDraft};
use super::{CampaignDraw, PlanError, Planner, truth};
use crate::kinds::model::{Days, Until};

/// Attempts to bring t0 into its interval where windows push it out.
const ATTEMPTS: usize = 12;

/// Days by which a campaign is then moved back at most.
const MOST_DAYS_BACK: usize = 60;

/// What placement looks at in a draft.
#[derive(Clone, Copy)]
struct Reach {
    /// What must lie in the interval: t0, or a look-alike's first event.
    first: EventTime,
    /// What should lie before the log's end.
    last: EventTime,
}

/// The campaign's start and its draft there.
pub(crate) fn place(
    planner: &mut Planner<'_>,
    draw: &CampaignDraw<'_>,
) -> Result<(EventTime, Draft), PlanError> {
    let calendar = planner.world.calendar;
    if draw.at.is_none() && planner.is_look_alike() && runs_all_along(planner) {
        let draft = checked(planner, calendar.start)?;
        return Ok((calendar.start, draft));
    }
    let scored = TimeRange {
        start: calendar.scored_start(),
        end: calendar.end(),
    };
    let interval = draw.at.map_or(scored, |at| TimeRange {
        start: at.start.max(scored.start),
        end: at.end.min(scored.end),
    });
    let probe = checked(planner, interval.start)?;
    let Some(reach) = reach(planner, &probe) else {
        return Ok((interval.start, probe));
    };
    // An interval of its own bounds t0 only; otherwise the whole extent should fit.
    let room = if draw.at.is_some() {
        interval.span()
    } else {
        interval.span() - (reach.last - reach.first)
    };
    let room = room.max(TimeSpan::ZERO).seconds_f64();
    let share = planner.key.named("placement").uniform();
    let target = interval.start + TimeSpan::from_seconds_f64(room * share);
    let mut start = interval.start + (target - reach.first);
    let mut draft = checked(planner, start)?;
    for _ in 0..ATTEMPTS {
        let Some(reach) = self::reach(planner, &draft) else {
            break;
        };
        // A window may have moved it: step by what is missing, at least an hour.
        let hour = TimeSpan::from_hours(1);
        let beyond = reach.last - scored.end;
        start = if reach.first < interval.start {
            start + (interval.start - reach.first).max(hour)
        } else if reach.first >= interval.end {
            start - (reach.first - interval.end).max(hour)
        } else if beyond > TimeSpan::ZERO && room > 0.0 && reach.first - beyond >= interval.start {
            start - beyond.max(hour)
        } else {
            break;
        };
        draft = checked(planner, start)?;
    }
    bring_back(planner, interval, start, draft)
}

/// Days of preparation that the log's end hid make a campaign later each time it is moved to begin
/// earlier: go on, a day at a time.
fn bring_back(
    planner: &mut Planner<'_>,
    interval: TimeRange,
    mut start: EventTime,
    mut draft: Draft,
) -> Result<(EventTime, Draft), PlanError> {
    for _ in 0..MOST_DAYS_BACK {
        match reach(planner, &draft) {
            Some(reach) if reach.first >= interval.end => {}
            _ => break,
        }
        start = start - TimeSpan::from_days(1);
        draft = checked(planner, start)?;
    }
    Ok((start, draft))
}

fn checked(planner: &mut Planner<'_>, start: EventTime) -> Result<Draft, PlanError> {
    let draft = planner.pass(start);
    if draft.events() > planner.limit {
        return Err(PlanError::TooManyEvents {
            campaign: planner.name.clone(),
            limit: planner.limit,
        });
    }
    Ok(draft)
}

/// Whether a look-alike begins with the log: a stage of it runs until the log's end.
fn runs_all_along(planner: &Planner<'_>) -> bool {
    let mut stages = planner.kind.stages().values();
    stages.any(|stage| {
        matches!(stage.until, Some(Until::Scenario)) || matches!(stage.days, Some(Days::Scenario))
    })
}

/// An attack's hostile extent; a look-alike's own, widened to the first events of its traps, whether
/// they are on or not, so that turning one on moves nothing.
fn reach(planner: &Planner<'_>, draft: &Draft) -> Option<Reach> {
    let is_look_alike = planner.is_look_alike();
    let counts = |planned: &&StageDraft| {
        if is_look_alike {
            // What lies before a stage of it may lie before the scored interval.
            let anchor = planned.stage.anchor.as_ref();
            planned.trap.is_none() && anchor.is_none_or(|anchor| !anchor.is_before)
        } else {
            truth::is_hostile(planner.kind, &planned.stage)
        }
    };
    let own = draft.stages.iter().filter(counts);
    let extents: Vec<(EventTime, EventTime)> = own
        .flat_map(|planned| {
            let altered = planned.altered.iter().map(|range| (range.start, range.end));
            planned.extent().into_iter().chain(altered)
        })
        .collect();
    let mut first = extents.iter().map(|(first, _)| *first).min()?;
    let mut last = extents.iter().map(|(_, last)| *last).max()?;
    if is_look_alike {
        let traps = draft.stages.iter().filter(|planned| planned.trap.is_some());
        for (t0, _) in traps.filter_map(StageDraft::extent) {
            first = first.min(t0);
            last = last.max(t0);
        }
    }
    Some(Reach { first, last })
}
