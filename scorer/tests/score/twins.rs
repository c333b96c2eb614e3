//! What the second world tells: disagreements with the arithmetic, and masked alerts.

use livefire_schema::alert::{Alert, Mode};
use livefire_schema::time::TimeRange;
use livefire_scorer::score::worlds::{masked, twin_disagreements};

use crate::verdicts::with_campaign;
use crate::world::{By, World, alert, at};

/// A false alert of R2 at 2000 s beside an alert of W0 at `zero` seconds.
#[track_caller]
fn check_run_begun(zero: i64, agrees: bool) {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, 20_000), (By::Attack(0), 20_001)]);
    let before = world.rows(&[(By::Benign, zero)]);
    let full = [alert("R2", "ada", 1, rows)];
    let zero = [alert("R2", "ada", 1, before)];
    let found = twin_disagreements(&full, &zero, &world.book, &world.rules);
    assert_eq!(found.is_empty(), agrees, "{found:?}");
}

#[test]
fn a_benign_run_must_have_begun_within_the_realert_time() {
    check_run_begun(20_000, true);
    check_run_begun(20_000 - 4 * 3600 + 1, true);
    check_run_begun(20_000 - 4 * 3600, false);
    check_run_begun(20_002, false);
}

fn bin(mut alert: Alert, level: u64) -> Alert {
    alert.window = TimeRange {
        start: at(0),
        end: at(3600),
    };
    (alert.mode, alert.level) = (Mode::Binned, level);
    alert
}

#[test]
fn a_bin_of_the_second_world_must_hold_exactly_the_benign_events() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, 10), (By::Benign, 20), (By::Attack(0), 1000)]);
    let benign = vec![rows[0].clone(), rows[1].clone()];
    let full = [bin(alert("R2", "ada", 2, rows), 3)];
    let found = |level| {
        let zero = [bin(alert("R2", "ada", 2, benign.clone()), level)];
        let found = twin_disagreements(&full, &zero, &world.book, &world.rules);
        found.first().map(|one| (one.benign, one.zero.is_some()))
    };
    assert_eq!(found(2), None);
    assert_eq!(found(3), Some((2, true)));
}

#[test]
fn only_scored_alerts_of_rules_that_do_not_count_can_be_masked() {
    let mut world = with_campaign();
    let mut zero = Vec::new();
    for (rule, seconds) in [("R4", 100), ("R4", -100), ("R2", 200), ("C1", 300)] {
        let rows = world.rows(&[(By::Benign, seconds)]);
        zero.push(alert(rule, "ada", 1, rows));
    }
    let names = |full: &[Alert]| -> Vec<String> {
        let found = masked(full, &zero, &world.rules, world.extent.scored);
        found.into_iter().map(|one| one.rule).collect()
    };
    assert_eq!(names(&[]), ["R4", "C1"]);
    assert_eq!(names(&zero), Vec::<String>::new());
    // a first-seen alert matches at its own time only, a join while its run may last
    let earlier = |rule: &str, seconds| {
        let mut copy = zero
            .iter()
            .find(|one| one.rule == rule)
            .expect("is there")
            .clone();
        (copy.time, copy.raised) = (at(seconds), at(seconds));
        copy
    };
    assert_eq!(names(&[earlier("R4", 99), earlier("C1", 250)]), ["R4"]);
    assert_eq!(names(&[earlier("R4", 100), earlier("C1", 301)]), ["C1"]);
}

#[test]
fn a_true_alert_is_contradicted_by_one_of_the_second_world_over_its_own_rows() {
    let mut world: World = with_campaign();
    let rows = world.rows(&[(By::Benign, 1000), (By::Attack(0), 1001)]);
    let full = [alert("R2", "ada", 2, rows.clone())];
    let zero = [alert("R2", "ada", 1, vec![rows[0].clone()])];
    let found = twin_disagreements(&full, &zero, &world.book, &world.rules);
    assert_eq!(found[0].zero, Some(zero[0].id.clone()));
    let other_key = [alert("R2", "bob", 1, vec![rows[0].clone()])];
    assert_eq!(
        twin_disagreements(&full, &other_key, &world.book, &world.rules),
        []
    );
}
