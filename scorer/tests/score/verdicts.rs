//! Verdicts, credit and times, each on a world of a few rows.

use livefire_schema::alert::{Mode, Semantics, Side};
use livefire_schema::time::{TimeRange, TimeSpan};
use livefire_scorer::attribution::FalseClass;
use livefire_scorer::score::report::AlertVerdict;
use livefire_scorer::{Measure, ScoreError, ScoreReport, Undefined, score};

use crate::world::{By, World, alert, at};

pub(crate) fn with_campaign() -> World {
    let mut world = World::new();
    world.campaign("content_violation", 1000, 2000, &["R2"]);
    world
}

#[track_caller]
fn verdict(report: &ScoreReport, want: AlertVerdict, credited: &[&str]) {
    assert_eq!(report.alerts[0].verdict, want);
    assert_eq!(report.alerts[0].credited, credited);
}

#[test]
fn a_count_is_true_iff_the_benign_events_stay_below_the_threshold() {
    let mut world = with_campaign();
    let rows = world.rows(&[
        (By::Benign, 900),
        (By::Attack(0), 1000),
        (By::Attack(0), 1100),
    ]);
    let report = world.score(&[alert("R2", "ada", 3, rows.clone())]);
    verdict(
        &report,
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
    assert_eq!(report.headline.detected, 1);
    assert_eq!(report.campaigns[0].time_to_detect, Measure::number(100.0));
    let report = world.score(&[alert("R2", "ada", 1, rows)]);
    verdict(&report, AlertVerdict::FalsePositive, &[]);
    assert_eq!(report.alerts[0].false_class, Some(FalseClass::Coincidental));
    assert_eq!(report.headline.overlap_recall, Measure::number(1.0));
}

#[test]
fn a_look_alike_that_was_needed_is_named() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::LookAlike, 10), (By::LookAlike, 20), (By::Benign, 30)]);
    let report = world.score(&[alert("R2", "ada", 3, rows)]);
    verdict(&report, AlertVerdict::FalsePositive, &[]);
    assert_eq!(
        report.alerts[0].look_alike.as_deref(),
        Some("nat_office_ip")
    );
    assert_eq!(report.headline.false_by_class.confounder, 1);
    assert_eq!(report.headline.false_by_look_alike["nat_office_ip"], 1);
    assert_eq!(
        report.incidents[0].look_alike.as_deref(),
        Some("nat_office_ip")
    );
}

#[test]
fn copies_of_an_event_count_once_and_rows_only_for_row_counts() {
    let mut world = with_campaign();
    let first = world.row(By::Attack(0), 1000);
    let mut copy = world.row(By::Attack(0), 1000);
    copy.event = first.event;
    let mut by_event = alert("R2", "ada", 2, vec![first, copy]);
    let refused = score(&world.input(std::slice::from_ref(&by_event)));
    assert!(
        matches!(
            &refused,
            Err(ScoreError::BelowThreshold {
                level: 1,
                threshold: 2,
                ..
            })
        ),
        "{refused:?}"
    );
    by_event.semantics = Semantics::RowCount;
    verdict(
        &world.score(&[by_event]),
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
}

#[test]
fn a_distinct_value_is_benign_if_any_benign_row_carries_it() {
    let mut world = with_campaign();
    let rows = [
        (By::Benign, 1u64),
        (By::Attack(0), 1),
        (By::Attack(0), 2),
        (By::Attack(0), 3),
    ];
    let evidence: Vec<_> = rows
        .iter()
        .map(|&(by, value)| {
            let mut row = world.row(by, 1500);
            row.distinct = Some(value);
            row
        })
        .collect();
    let report = world.score(&[alert("R5", "hash", 3, evidence)]);
    assert_eq!((report.alerts[0].level, report.alerts[0].benign), (3, 1));
    verdict(
        &report,
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
}

#[test]
fn a_join_is_true_iff_no_pair_is_benign_on_both_sides() {
    let mut world = with_campaign();
    let request = world.sided(By::Attack(0), 1100, Side::Left);
    let sign_in = world.sided(By::Benign, 1050, Side::Right);
    let benign = world.sided(By::Benign, 1100, Side::Left);
    let pair = vec![sign_in.clone(), request.clone()];
    let report = world.score(&[alert("C1", "ada", 1, pair)]);
    verdict(
        &report,
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
    assert!(!report.campaigns[0].detected_as_expected);
    assert_eq!(report.headline.recall_expected, Measure::ZERO);
    let report = world.score(&[alert(
        "C1",
        "ada",
        1,
        vec![sign_in, request.clone(), benign],
    )]);
    verdict(&report, AlertVerdict::FalsePositive, &[]);
    let report = world.score(&[alert("C1", "ada", 1, vec![request])]);
    verdict(&report, AlertVerdict::OverlapOnly, &[]);
    assert_eq!(report.headline.detected, 0);
}

#[test]
fn a_trigger_is_judged_by_its_own_row_alone() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Attack(0), 1000), (By::Benign, 1100)]);
    let report = world.score(&[alert("R4", "ada", 1, rows)]);
    verdict(&report, AlertVerdict::FalsePositive, &[]);
    assert_eq!(report.alerts[0].false_class, Some(FalseClass::Noise));
    let rows = world.rows(&[(By::Benign, 1000), (By::Attack(0), 1100)]);
    let report = world.score(&[alert("R4", "eve", 1, rows)]);
    verdict(
        &report,
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
}

#[test]
fn a_baseline_rule_is_judged_by_the_world_without_campaigns() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Attack(0), 1000), (By::Benign, 1100)]);
    let full = [alert("U1", "ada", 50, rows.clone())];
    verdict(&world.score(&full), AlertVerdict::OverlapOnly, &[]);
    let mut input = world.input(&full);
    input.world_zero = Some(&[]);
    let report = score(&input).expect("scores");
    verdict(
        &report,
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
    let zero = [alert("U1", "ada", 50, vec![rows[1].clone()])];
    input.world_zero = Some(&zero);
    let report = score(&input).expect("scores");
    verdict(&report, AlertVerdict::FalsePositive, &[]);
    assert_eq!(report.masked, Some(Vec::new()));
    input.alerts = &[];
    assert_eq!(
        score(&input).expect("scores").masked.expect("W0 was run")[0].id,
        zero[0].id
    );
}

#[test]
fn collateral_alone_is_neither_credit_nor_fault() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Cover(0), 1500), (By::Cover(0), 1501)]);
    let report = world.score(&[alert("R2", "ada", 2, rows)]);
    verdict(&report, AlertVerdict::Collateral, &[]);
    let headline = &report.headline;
    assert_eq!((headline.detected, headline.false_incidents), (0, 0));
    assert_eq!(headline.counts.collateral, 1);
    assert_eq!(
        headline.events.alert_precision,
        Measure::undefined(Undefined::NoAlerts)
    );
}

#[test]
fn alerts_of_the_baseline_days_are_not_scored() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, -50), (By::Benign, -40)]);
    let report = world.score(&[alert("R2", "ada", 2, rows)]);
    verdict(&report, AlertVerdict::OutsideScored, &[]);
    assert_eq!(report.headline.false_incidents, 0);
    assert_eq!(report.incidents, []);
    world.book.campaigns[0].t0 = at(-1);
    assert!(matches!(
        score(&world.input(&[])),
        Err(ScoreError::CampaignBeforeScored { .. })
    ));
}

#[test]
fn a_credit_on_preparation_is_early_and_has_no_parts() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Preparation(0), 500), (By::Preparation(0), 510)]);
    let row = &world.score(&[alert("R2", "ada", 2, rows)]).campaigns[0];
    let first = row.first.as_ref().expect("credited");
    assert_eq!(row.time_to_detect, Measure::ZERO);
    assert!(first.early && first.parts.is_none());
}

#[test]
fn parts_follow_the_kth_event_and_its_arrival() {
    let mut world = with_campaign();
    let rows = vec![
        world.late_row(By::Attack(0), 1000, 300),
        world.late_row(By::Attack(0), 1060, 10),
        world.late_row(By::Attack(0), 1090, 20),
    ];
    let report = world.score(&[alert("R2", "ada", 3, rows.clone())]);
    let first = report.campaigns[0].first.clone().expect("credited");
    let parts = first.parts.expect("has parts");
    assert_eq!((parts.accumulate, parts.ingestion), (90.0, 210.0));
    assert_eq!((parts.schedule_wait, parts.run), (0.0, 0.0));
    let mut binned = alert("R2", "ada", 3, rows);
    (binned.mode, binned.raised) = (Mode::Binned, at(3600));
    let report = world.score(&[binned]);
    let form = &report.campaigns[0].forms[0];
    let parts = form.parts.expect("has parts");
    assert_eq!((parts.accumulate, parts.ingestion), (90.0, 0.0));
    assert_eq!((parts.schedule_wait, parts.run), (2510.0, 0.0));
    assert!(!report.campaigns[0].detected, "binned forms enter no total");
}

#[test]
fn variants_binned_and_hunting_forms_have_rows_of_their_own() {
    let mut world = with_campaign();
    let rows = world.rows(&[
        (By::Attack(0), 1000),
        (By::Benign, 1001),
        (By::Benign, 1002),
    ]);
    let alerts = [
        alert("R2@session", "a", 3, rows.clone()),
        alert("H1", "a", 1, rows.clone()),
        alert("R2@rows", "b", 2, rows),
    ];
    let report = world.score(&alerts);
    assert_eq!(
        (report.headline.detected, report.headline.false_incidents),
        (0, 0)
    );
    let row = |rule: &str| {
        let found = report.rules.iter().find(|row| row.rule == rule);
        found.expect("has a row").clone()
    };
    assert_eq!(
        (row("R2@session").expected, row("R2@session").caught),
        (1, 1)
    );
    assert_eq!((row("R2@rows").false_incidents, row("R2").caught), (1, 0));
    assert!(!row("H1").in_totals && row("R2").in_totals);
}

#[test]
fn the_matrix_marks_expected_cells_and_keeps_unexpected_hits() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Attack(0), 1000)]);
    let report = world.score(&[alert("R4", "a", 1, rows)]);
    let cells: Vec<_> = report
        .matrix
        .iter()
        .map(|cell| (cell.rule.as_str(), cell.detected, cell.expected, cell.total))
        .collect();
    assert_eq!(cells, [("R2", 0, 1, 1), ("R4", 1, 0, 1)]);
}

#[test]
fn classes_decide_whether_an_expectation_is_met() {
    let mut world = World::new();
    world.campaign("rate_limit_storm_bot", 1000, 2000, &["R3.bot"]);
    let rows = world.rows(&[(By::Attack(0), 1000)]);
    let mut human = alert("R3", "a", 1, rows.clone());
    human.classes = vec!["human".to_owned()];
    let report = world.score(std::slice::from_ref(&human));
    assert_eq!(report.headline.detected, 1);
    assert_eq!(report.headline.recall_expected, Measure::ZERO);
    let row = |report: &ScoreReport| {
        let found = report.rules.iter().find(|row| row.rule == "R3");
        found.map(|row| (row.expected, row.caught, row.credited))
    };
    assert_eq!(row(&report), Some((1, 0, 1)));
    let mut bot = alert("R3", "b", 1, rows);
    bot.classes = vec!["bot".to_owned()];
    let report = world.score(&[human, bot]);
    assert_eq!(row(&report), Some((1, 1, 1)));
    assert_eq!(report.headline.recall_expected, Measure::number(1.0));
}

#[test]
fn the_source_target_needs_more_than_a_flattering_mean() {
    let mut world = with_campaign();
    let target = |report: &ScoreReport| report.targets[0].met;
    let rows = world.rows(&[(By::Attack(0), 1000)]);
    let alerts = [alert("R2", "ada", 1, rows)];
    assert_eq!(target(&world.score(&alerts)), Some(true));
    world.campaign("content_violation", 1000, 2000, &["R2"]);
    assert_eq!(target(&world.score(&alerts)), Some(false), "one was missed");
    let rate = &world.score(&alerts).targets[1];
    assert_eq!(
        (rate.measured, rate.met),
        (Measure::number(0.001), Some(false))
    );
}

#[test]
fn ids_used_twice_and_impossible_levels_are_refused() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, 10)]);
    let one = alert("R2", "ada", 1, rows);
    let refused = score(&world.input(&[one.clone(), one.clone()]));
    assert_eq!(refused, Err(ScoreError::DuplicateId(one.id)));
    world.options.confidence = f64::NAN;
    assert!(matches!(
        score(&world.input(&[])),
        Err(ScoreError::Confidence(_))
    ));
}

#[test]
fn a_true_incident_swallows_its_false_alerts() {
    let mut world = with_campaign();
    let benign = world.rows(&[(By::Benign, 900)]);
    let attack = world.rows(&[(By::Attack(0), 1000)]);
    let alerts = [alert("R2", "ada", 1, benign), alert("R2", "ada", 1, attack)];
    let report = world.score(&alerts);
    assert_eq!(report.incidents.len(), 1);
    assert!(report.incidents[0].is_true);
    assert_eq!(report.headline.false_incidents, 0);
    assert_eq!(report.headline.events.alert_precision, Measure::number(0.5));
}

#[test]
fn a_bin_matches_by_bin() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, 10), (By::Attack(0), 1000)]);
    let bin = TimeRange {
        start: at(0),
        end: at(3600),
    };
    let mut full = alert("U1", "ada", 1, rows.clone());
    (full.mode, full.window) = (Mode::Binned, bin);
    let mut zero = alert("U1", "ada", 1, vec![rows[0].clone()]);
    (zero.mode, zero.window) = (Mode::Binned, bin);
    let full = [full];
    let mut input = world.input(&full);
    let same = [zero.clone()];
    input.world_zero = Some(&same);
    verdict(
        &score(&input).expect("scores"),
        AlertVerdict::FalsePositive,
        &[],
    );
    zero.window.start = at(1);
    let other = [zero];
    input.world_zero = Some(&other);
    verdict(
        &score(&input).expect("scores"),
        AlertVerdict::TruePositive,
        &["content_violation-0"],
    );
}

#[test]
fn alerts_far_from_the_log_are_of_no_account() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Attack(0), 1000), (By::Attack(0), 1001)]);
    let year = TimeSpan::from_days(365);
    for shift in [year, TimeSpan::ZERO - year] {
        let mut alert = alert("R2", "ada", 2, rows.clone());
        (alert.time, alert.raised) = (alert.time + shift, alert.raised + shift);
        let report = world.score(&[alert]);
        verdict(&report, AlertVerdict::OutsideLog, &[]);
        let headline = &report.headline;
        assert_eq!((headline.detected, headline.false_incidents), (0, 0));
        assert_eq!(
            (headline.counts.alerts, headline.counts.outside_log),
            (0, 1)
        );
    }
    // a late row may raise an alert after the log's end
    let mut late = alert("R2", "ada", 2, rows);
    late.raised = world.extent.log.end + TimeSpan::from_hours(3);
    let report = world.score(&[late]);
    assert_eq!(report.headline.detected, 1);
}
