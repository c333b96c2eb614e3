//! `check --timeline`: when each campaign of a scenario does what, and how many rows that makes.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use livefire_generator::assemble::Plan;
use livefire_generator::kinds::plan::CampaignPlan;
use livefire_generator::kinds::plan::timeline::{self, StageLine};
use livefire_generator::recipes::Recipes;
use livefire_labels::Class;
use livefire_schema::time::EventTime;
use serde::Serialize;

use crate::input::Known;
use crate::output;

/// One campaign or look-alike.
#[derive(Serialize)]
pub(super) struct Timeline {
    /// Its name; for a trap `look-alike/trap`.
    name: String,
    kind: String,
    /// The first hostile event; none for a look-alike.
    t0: Option<EventTime>,
    stages: Vec<Line>,
    /// What planning clamped, dropped or cut.
    notes: Vec<String>,
}

/// One stage.
#[derive(Serialize)]
struct Line {
    stage: String,
    part: &'static str,
    first: EventTime,
    last: EventTime,
    events: u64,
    alerts: u64,
    rows: u64,
}

/// Every campaign of a plan, in the order of labels.
pub(super) fn of(plan: &Plan, known: &Known) -> Vec<Timeline> {
    let schema = Arc::new(known.schema.clone());
    let recipes = Recipes::new(Arc::clone(plan.world()), schema);
    let all = plan.plans().iter();
    all.flat_map(|plan| of_plan(plan, &recipes)).collect()
}

fn of_plan(plan: &CampaignPlan, recipes: &Recipes) -> Vec<Timeline> {
    let lines = timeline::stages(plan, recipes);
    let mut notes = plan.notes.clone();
    let mut made = Vec::new();
    let whose = (0..plan.campaigns.len()).map(Some);
    for whose in std::iter::once(None).chain(whose) {
        let own: Vec<Line> = lines
            .iter()
            .filter(|line| line.campaign == whose)
            .map(Line::of)
            .collect();
        if own.is_empty() {
            continue;
        }
        let campaign = whose.and_then(|at| plan.campaigns.get(at));
        made.push(Timeline {
            name: campaign.map_or_else(|| plan.name.clone(), |campaign| campaign.id.clone()),
            kind: plan.kind.clone(),
            t0: campaign.map(|campaign| campaign.t0),
            stages: own,
            notes: std::mem::take(&mut notes),
        });
    }
    made
}

impl Line {
    fn of(line: &StageLine) -> Self {
        Line {
            stage: line.stage.clone(),
            part: match (line.class, line.is_hostile) {
                (Class::Campaign, true) => "hostile",
                (Class::Campaign, false) => "preparation",
                (Class::HardNegative, _) => "look-alike",
                (Class::Benign, _) => "benign",
            },
            first: line.first,
            last: line.last,
            events: line.events,
            alerts: line.alerts,
            rows: line.rows,
        }
    }
}

/// The timelines of one file as text: a heading and a table each.
pub(super) fn text(path: &Path, timelines: &[Timeline]) -> String {
    let mut text = String::new();
    for timeline in timelines {
        let Timeline { name, kind, t0, .. } = timeline;
        let t0 = t0.map_or_else(String::new, |t0| format!(" · t0 {}", clock(t0)));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{} · {name} · {kind}{t0}", path.display());
        let rows: Vec<Vec<String>> = timeline.stages.iter().map(Line::cells).collect();
        let header = ["stage", "part", "first", "last", "events", "alerts", "rows"];
        text.push_str(&output::table(&header, &rows, &[4, 5, 6]));
        for note in &timeline.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text.push('\n');
    }
    text
}

impl Line {
    fn cells(&self) -> Vec<String> {
        vec![
            self.stage.clone(),
            self.part.to_owned(),
            clock(self.first),
            clock(self.last),
            self.events.to_string(),
            self.alerts.to_string(),
            self.rows.to_string(),
        ]
    }
}

/// An instant to the second, UTC.
fn clock(time: EventTime) -> String {
    let text = time.to_string();
    format!("{} {}Z", &text[..10], &text[11..19])
}
