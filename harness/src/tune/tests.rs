//! Values as written, what is better, where a search goes, how seeds are split.

use livefire_detector::{Form, RuleSet};
use livefire_schema::time::TimeSpan;

use super::choice::front;
use super::search::{HasPoint, Place, choose};
use super::split::{Part, part_of};
use super::*;

fn form(name: &str) -> Form {
    let mut rules = RuleSet::embedded();
    let token = name.parse().expect("is a rule");
    rules.select(&[token]).expect("is built");
    let (_, form) = rules.forms().next().expect("was selected");
    form.clone()
}

#[track_caller]
fn reads(rule: &str, text: &str, values: &[&str], current: usize) {
    let axis = Axis::parse(text, &form(rule)).expect("is an axis");
    assert_eq!(
        (axis.values, axis.current),
        (values.iter().map(|&v| v.to_owned()).collect(), current)
    );
}

#[track_caller]
fn refuses(rule: &str, text: &str, message: &str) {
    let error = Axis::parse(text, &form(rule)).expect_err("is no axis");
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn values_are_ranges_and_lists_and_hold_the_one_in_force() {
    reads("R2", "threshold=2..5", &["2", "3", "4", "5"], 1);
    reads("R2", "threshold=10..30..10", &["10", "20", "30", "3"], 3);
    reads("R2", "threshold=1,7..8,7", &["1", "7", "8", "3"], 3);
    reads("R2", "window=60m, 5m,10m", &["1h", "5m", "10m"], 0);
    reads("R2", "key=user,session", &["user", "session"], 0);
    reads("R2@session", "key=user,session", &["user", "session"], 1);
}

#[test]
fn faulty_values_say_what_to_write() {
    refuses("R2", "threshold", "NAME=VALUES");
    refuses("R2", "treshold=1..3", "did you mean `threshold`?");
    refuses("R2", "threshold=0..3", "a whole number of 1..");
    refuses("R2", "threshold=5..3", "write it upwards");
    refuses("R2", "threshold=1..9..0", "write it upwards");
    refuses("R2", "threshold=1..5000", "give a step");
    refuses("R2", "window=5", "a duration like 10m");
    refuses("R2", "key=person", "unknown word");
    refuses("H1", "phrases=builtin", "no values to sweep");
}

#[test]
fn without_a_parameter_the_threshold_is_swept_around_its_value() {
    let axis = Axis::of_threshold(&form("R3")).expect("has a threshold");
    let now = axis.values[axis.current]
        .parse::<u64>()
        .expect("is a number");
    let values: Vec<u64> = axis
        .values
        .iter()
        .filter_map(|value| value.parse().ok())
        .collect();
    assert_eq!(
        (values.first(), values.last()),
        (Some(&(now / 4)), Some(&(now * 4)))
    );
    assert!(Axis::of_threshold(&form("R4")).is_err());
}

impl HasPoint for Point {
    fn point(&self) -> Option<Point> {
        Some(*self)
    }
}

fn point(recall: f64, false_per_day: f64, p90: f64) -> Point {
    Point {
        recall,
        false_per_day,
        p90,
    }
}

fn at_most(max_false_per_day: f64) -> Constraint {
    Constraint {
        max_false_per_day: Some(max_false_per_day),
        max_p90: None,
    }
}

#[test]
fn the_front_holds_what_nothing_else_beats() {
    let points = [
        point(0.9, 5.0, 100.0),
        point(0.9, 4.0, 100.0),
        point(0.8, 1.0, 300.0),
        point(0.8, 1.0, 300.0),
        point(0.7, 1.0, 400.0),
        point(0.7, 1.5, 50.0),
    ];
    assert_eq!(front(&points), [false, true, true, true, false, true]);
}

#[test]
fn the_constraint_decides_before_recall() {
    let limit = at_most(2.0);
    let better = |left, right| limit.compare(&left, &right).is_lt();
    assert!(better(point(0.5, 1.0, 1.0), point(0.9, 3.0, 1.0)));
    assert!(better(point(0.9, 2.0, 9.0), point(0.8, 0.0, 1.0)));
    assert!(better(point(0.8, 0.5, 9.0), point(0.8, 1.0, 1.0)));
    assert!(
        better(point(0.1, 3.0, 1.0), point(0.9, 4.0, 1.0)),
        "nearer to the limit"
    );
    let quick = Constraint {
        max_p90: Some(TimeSpan::from_minutes(30)),
        ..limit
    };
    assert!(!quick.is_met_by(&point(1.0, 0.0, f64::INFINITY)));
    assert!(quick.is_met_by(&point(1.0, 2.0, 1800.0)));
}

fn grid() -> Grid {
    let axis = |text| Axis::parse(text, &form("R2")).expect("is an axis");
    Grid::new(vec![axis("threshold=1..10"), axis("high_from=1..10")])
}

/// Recall falls with both, false incidents fall faster with the second.
fn surface(place: &[usize]) -> Point {
    let (k, high) = (place[0] as f64, place[1] as f64);
    point(
        1.0 - 0.05 * k - 0.02 * high,
        10.0 - k - 1.5 * high,
        60.0 * (1.0 + k),
    )
}

fn measured(plan: Plan, constraint: &Constraint) -> (usize, Option<Place>, usize) {
    let grid = grid();
    let mut calls = 0;
    let seen = search(&grid, plan, constraint, |places| {
        calls += 1;
        Ok::<Vec<Point>, ()>(places.iter().map(|place| surface(place)).collect())
    });
    let seen = seen.expect("nothing fails");
    (seen.len(), choose(&grid, &seen, constraint), calls)
}

#[test]
fn the_whole_grid_is_measured_at_once_and_a_budget_is_kept() {
    let limit = at_most(1.0);
    let (all, best, calls) = measured(Plan::Whole, &limit);
    assert_eq!((all, calls), (100, 1));
    assert_eq!(best, Some(vec![0, 6]));
    let (some, found, _) = measured(Plan::Budget(40), &limit);
    assert!(some <= 40);
    let found = surface(&found.expect("meets the limit"));
    let start = surface(&grid().current());
    assert!(limit.is_met_by(&found) && found.recall > start.recall - 0.2);
    let (nearly_all, found, _) = measured(Plan::Budget(99), &limit);
    assert!((80..=99).contains(&nearly_all), "{nearly_all}");
    assert_eq!(found, best, "a budget is used up where the walk ends early");
    let (few, _, _) = measured(Plan::Budget(7), &limit);
    assert_eq!(few, 7);
    let (_, none, _) = measured(Plan::Whole, &at_most(-50.0));
    assert_eq!(none, None);
}

#[test]
fn values_in_force_are_always_measured_and_win_among_equals() {
    let grid = grid();
    let flat = |places: &[Place]| Ok::<Vec<Point>, ()>(vec![point(1.0, 0.0, 1.0); places.len()]);
    for plan in [Plan::Whole, Plan::Budget(1), Plan::Budget(12)] {
        let seen = search(&grid, plan, &at_most(1.0), flat).expect("nothing fails");
        assert_eq!(choose(&grid, &seen, &at_most(1.0)), Some(grid.current()));
    }
}

#[test]
fn seeds_are_split_by_hash_and_a_longer_list_keeps_the_shorter_one() {
    let (tuning, validation) = split_seeds(7, 20, 10);
    assert_eq!((tuning.len(), validation.len()), (20, 10));
    assert!(tuning.iter().all(|seed| part_of(*seed) == Part::Tuning));
    assert!(
        validation
            .iter()
            .all(|seed| part_of(*seed) == Part::Validation)
    );
    let (fewer, _) = split_seeds(7, 5, 0);
    assert_eq!(fewer, tuning[..5]);
    let boxed = (0..1000)
        .filter(|seed| part_of(*seed) == Part::Lockbox)
        .count();
    assert!((60..140).contains(&boxed), "{boxed}");
}
