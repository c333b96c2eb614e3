//! Reference detectors on a synthetic book score exactly as EVALUATION §9 says.

use livefire_schema::time::TimeRange;
use livefire_scorer::evaluator::detectors::{self, Cell};
use livefire_scorer::evaluator::reference::expected_scores;
use livefire_scorer::incidents::Grouping;
use livefire_scorer::score::worlds::twin_disagreements;
use livefire_scorer::{Measure, Undefined};

use crate::world::{By, World, at};

/// Campaign i touches `cells[i]` cells of its own; the others hold benign rows or none.
fn world(cells_per_campaign: &[u64], benign_cells: u64) -> (World, Vec<Cell>) {
    let mut world = World::new();
    world.options.grouping = Grouping::None;
    let mut cells = Vec::new();
    let mut add = |world: &mut World, by: Option<By>| {
        let start = i64::try_from(cells.len()).expect("few cells") * 60;
        let mut rows = Vec::new();
        if let Some(by) = by {
            rows.push(world.row(by, start + 1));
        }
        if start % 120 == 0 {
            rows.push(world.row(By::Benign, start + 2));
        }
        cells.push(Cell {
            rule: "R2".to_owned(),
            key: "ada".to_owned(),
            bin: TimeRange {
                start: at(start),
                end: at(start + 60),
            },
            rows,
        });
    };
    for &touched in cells_per_campaign {
        let campaign = world.campaign("content_violation", 0, 3600, &["R2"]);
        for _ in 0..touched {
            add(&mut world, Some(By::Attack(campaign)));
        }
    }
    for _ in 0..benign_cells {
        add(&mut world, None);
    }
    (world, cells)
}

#[track_caller]
fn check(cells_per_campaign: &[u64], benign_cells: u64) {
    let (world, cells) = world(cells_per_campaign, benign_cells);
    let want = expected_scores(cells_per_campaign, benign_cells, 0.5);

    let oracle = world
        .score(&detectors::oracle(&world.book, &world.extent))
        .headline;
    assert_eq!(oracle.ratios.precision, want.oracle_precision);
    assert_eq!(oracle.ratios.recall, want.oracle_recall);
    assert_eq!(oracle.recall_expected, want.oracle_recall);

    let null = world.score(&detectors::null()).headline;
    assert_eq!(null.ratios.precision, want.null_precision);
    assert_eq!(null.ratios.recall, want.null_recall);

    let always = world.score(&detectors::always(&cells)).headline;
    assert_eq!(always.ratios.precision, want.always_precision);
    assert_eq!(always.ratios.recall, want.always_recall);
    assert_eq!(always.overlap_recall, want.always_overlap_recall);
    assert_eq!(always.false_incidents, want.always_false_alerts);

    let random = world.score(&detectors::random(&cells, 0.5, 1)).headline;
    assert_eq!(random.ratios.recall, want.random_recall);
}

#[test]
fn reference_detectors_score_as_they_must() {
    check(&[1, 4, 12], 40);
    check(&[3], 0);
    check(&[], 10);
    check(&[], 0);
}

#[test]
fn a_random_detector_overlaps_as_often_as_chance_says() {
    let (world, cells) = world(&[3], 40);
    let q = 0.4;
    let runs: u32 = 2000;
    let (mut overlap, mut false_alerts) = (0.0, 0.0);
    for seed in 0..runs {
        let report = world.score(&detectors::random(&cells, q, u64::from(seed)));
        overlap += report
            .headline
            .overlap_recall
            .value()
            .expect("one campaign");
        false_alerts += report.headline.false_incidents as f64;
    }
    let want = expected_scores(&[3], 40, q);
    let expected = want
        .random_expected_overlap_recall
        .value()
        .expect("defined");
    let deviation = (expected * (1.0 - expected) / f64::from(runs)).sqrt();
    assert!((overlap / f64::from(runs) - expected).abs() < 5.0 * deviation);
    let deviation = (43.0 * q * (1.0 - q) / f64::from(runs)).sqrt();
    let mean = false_alerts / f64::from(runs);
    assert!((mean - want.random_expected_false_alerts).abs() < 5.0 * deviation);
}

#[test]
fn an_always_firing_detector_is_consistent_over_worlds() {
    let (world, cells) = world(&[2, 3], 5);
    let full = detectors::always(&cells);
    let zero = detectors::always(&detectors::without_campaigns(&cells, &world.book));
    assert_eq!(full.len(), zero.len());
    assert!(zero.iter().map(|alert| alert.evidence.len()).sum::<usize>() < 10);
    assert_eq!(
        twin_disagreements(&full, &zero, &world.book, &world.rules),
        []
    );
    assert_eq!(
        twin_disagreements(&full, &[], &world.book, &world.rules).len(),
        10
    );
}

#[test]
fn an_empty_world_is_undefined_with_its_reasons() {
    let report = World::new().score(&[]);
    let headline = report.headline;
    assert_eq!(
        headline.ratios.recall,
        Measure::undefined(Undefined::NoCampaigns)
    );
    assert_eq!(
        headline.ratios.precision,
        Measure::undefined(Undefined::NothingReported)
    );
    assert_eq!(headline.p50, Measure::undefined(Undefined::NoCampaigns));
    assert!(
        report
            .targets
            .iter()
            .all(|target| target.name != "MTTD" || target.met.is_none())
    );
}
