//! Campaigns plan as their files say.

use std::fmt::Write as _;

use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;

use super::{CampaignDraw, CampaignPlan, plan};
use crate::kinds::{AttackLibrary, VERIFIED};
use crate::settings::{BenignProfile, Calendar, Population};
use crate::world::World;

fn calendar() -> Calendar {
    Calendar {
        start: EventTime::parse("2026-03-02T00:00:00Z").expect("is a time"),
        duration: livefire_schema::time::TimeSpan::from_days(14),
        baseline: livefire_schema::time::TimeSpan::from_days(7),
    }
}

fn world(seed: u64) -> World {
    World::build(
        seed,
        &Population::default(),
        &BenignProfile::default(),
        &calendar(),
    )
}

fn library() -> AttackLibrary {
    AttackLibrary::embedded(&Schema::embedded())
}

#[test]
fn dump() {
    let library = library();
    let mut out = String::new();
    for id in VERIFIED {
        let kind = library.get(id).unwrap();
        for seed in 0..3 {
            let mut world = world(seed);
            let mut draw = CampaignDraw::new("c");
            draw.traps = kind.traps().keys().map(|k| k.to_string()).collect();
            let t = std::time::Instant::now();
            match plan(kind, &draw, &mut world) {
                Ok(plan) => {
                    writeln!(out, "== {id} seed {seed} events {} overlays {} notes {:?} {:?}", plan.events.len(), plan.overlays.len(), plan.notes, t.elapsed()).unwrap();
                    for c in &plan.campaigns {
                        writeln!(out, "  {} t0 {} end {} cut {} fires {:?}", c.id, c.t0, c.t_end, c.cut, c.expected.iter().map(|t| t.to_string()).collect::<Vec<_>>()).unwrap();
                        for s in &c.stages {
                            writeln!(out, "     {:24} {} .. {} n={}", s.name, s.first, s.last, s.events).unwrap();
                        }
                    }
                    if plan.campaigns.is_empty() || kind.label() == crate::kinds::model::Label::HardNegative {
                        writeln!(out, "     first {:?} last {:?}", plan.events.first().map(|e| e.at), plan.events.last().map(|e| e.at)).unwrap();
                    }
                    for o in &plan.overlays { writeln!(out, "     overlay {} {:?}", o.stage, o.ranges).unwrap(); }
                }
                Err(error) => writeln!(out, "== {id} seed {seed} ERROR {error}").unwrap(),
            }
        }
    }
    println!("{out}");
}
