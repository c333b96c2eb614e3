//! Credit and its times where several campaigns, copies or tables meet in one alert.

use livefire_schema::alert::{EvidenceRow, Side};
use livefire_scorer::score::report::Detection;
use livefire_scorer::{Measure, ScoreReport};

use crate::world::{By, World, alert, at};

fn with_campaigns(count: i64) -> World {
    let mut world = World::new();
    for _ in 0..count {
        world.campaign("content_violation", 1000, 2000, &["R2"]);
    }
    world
}

#[track_caller]
fn first(report: &ScoreReport, campaign: usize) -> Detection {
    report.campaigns[campaign]
        .first
        .clone()
        .expect("is credited")
}

#[test]
fn campaigns_of_which_none_qualifies_alone_share_a_joint_credit_without_parts() {
    let mut world = with_campaigns(3);
    let rows: Vec<EvidenceRow> = (0..6)
        .map(|row| world.row(By::Attack(row % 3), 1000))
        .collect();
    let report = world.score(&[alert("R2", "ada", 3, rows)]);
    assert_eq!(report.headline.detected, 3);
    assert_eq!(report.headline.counts.joint, 1);
    let credited = first(&report, 1);
    assert!(credited.joint && credited.parts.is_none());
    assert_eq!(credited.time_to_detect, Measure::ZERO);
}

#[test]
fn the_parts_of_a_sufficient_campaign_leave_the_others_out() {
    let mut world = with_campaigns(2);
    let rows = world.rows(&[
        (By::Attack(1), 1000),
        (By::Attack(0), 1010),
        (By::Attack(0), 1100),
    ]);
    let mut later = alert("R2", "ada", 2, rows);
    later.raised = at(1200);
    let report = world.score(&[later]);
    let parts = first(&report, 0).parts.expect("has parts");
    assert_eq!((parts.accumulate, parts.run), (100.0, 100.0));
    // campaign 1 has one row only: without it the alert would still stand
    assert!(!report.campaigns[1].detected);
}

#[test]
fn the_parts_of_a_campaign_that_is_only_necessary_take_all_rows() {
    let mut world = with_campaigns(2);
    let rows = world.rows(&[(By::Attack(1), 1000), (By::Attack(0), 1010)]);
    let report = world.score(&[alert("R2", "ada", 2, rows)]);
    assert_eq!(report.headline.detected, 2);
    assert!(!first(&report, 1).joint);
    assert_eq!(first(&report, 1).parts.expect("has parts").accumulate, 10.0);
}

#[test]
fn copies_of_an_event_do_not_hasten_the_parts() {
    let mut world = with_campaigns(1);
    let row = world.row(By::Attack(0), 1000);
    let mut copy = world.row(By::Attack(0), 1000);
    copy.event = row.event;
    let last = world.row(By::Attack(0), 1300);
    let report = world.score(&[alert("R2", "ada", 2, vec![row, copy, last])]);
    assert_eq!(
        first(&report, 0).parts.expect("has parts").accumulate,
        300.0
    );
}

#[test]
fn both_sides_of_a_pair_are_credited_when_each_was_needed() {
    let mut world = with_campaigns(2);
    let request = world.sided(By::Attack(0), 1500, Side::Left);
    let sign_in = world.sided(By::Attack(1), 1100, Side::Right);
    let other = world.sided(By::Attack(1), 1400, Side::Right);
    let report = world.score(&[alert("C1", "ada", 1, vec![sign_in, other, request])]);
    assert_eq!(report.headline.detected, 2);
    let parts = first(&report, 0).parts.expect("has parts");
    assert_eq!(
        parts.accumulate, 500.0,
        "a pair is there once both sides are"
    );
    let mut world = with_campaigns(2);
    let rows = vec![
        world.sided(By::Attack(1), 1100, Side::Right),
        world.sided(By::Attack(0), 1200, Side::Right),
        world.sided(By::Attack(0), 1500, Side::Left),
    ];
    let report = world.score(&[alert("C1", "ada", 1, rows)]);
    assert!(report.campaigns[0].detected && !report.campaigns[1].detected);
}

#[test]
fn among_rows_of_one_instant_the_last_triggers() {
    let mut world = with_campaigns(1);
    let rows = world.rows(&[(By::Attack(0), 1000), (By::Benign, 1000)]);
    let report = world.score(&[alert("R4", "ada", 1, rows)]);
    assert_eq!(report.headline.false_incidents, 1);
}

#[test]
fn the_detection_rate_counts_requests_of_the_scored_interval_once() {
    let mut world = with_campaigns(1);
    let mut rows = world.rows(&[(By::Benign, -10), (By::Benign, 10), (By::Attack(0), 20)]);
    let mut sign_in = world.row(By::Benign, 30);
    sign_in.table = "SigninLogs".into();
    rows.push(sign_in);
    let report = world.score(&[
        alert("R2", "ada", 1, rows.clone()),
        alert("R5", "x", 1, rows),
    ]);
    assert_eq!(report.headline.reported_requests, 2);
    assert_eq!(report.headline.detection_rate, Measure::number(0.002));
}

#[test]
fn an_event_is_observable_if_one_of_its_rows_is() {
    let mut world = with_campaigns(1);
    let seen = world.row(By::Attack(0), 1000);
    for _ in 0..8 {
        let copy = world.labelled(By::Attack(0), "AzureDiagnostics", "content", 1000, 0);
        world
            .book
            .rows
            .get_mut(&copy.item)
            .expect("is labelled")
            .event = seen.event;
    }
    world.labelled(By::Attack(0), "SigninLogs", "bad_password", 1000, 0);
    world.labelled(By::Preparation(0), "ContainerLogV2", "content", 500, 0);
    let report = world.score(&[alert("R2", "ada", 1, vec![seen])]);
    let row = &report.campaigns[0];
    assert_eq!((row.observable_events, row.scaffolding_events), (1, 1));
    assert_eq!(report.headline.events.event_recall, Measure::number(1.0));
    assert_eq!(report.headline.events.event_precision, Measure::number(1.0));
}
