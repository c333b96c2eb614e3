//! Misses: their reasons, and whether the log was long enough to call them so.

use livefire_labels::CampaignIndex;
use livefire_schema::alert::Mode;
use livefire_schema::time::TimeSpan;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{FollowUp, Miss};
use livefire_scorer::windows::suppression::{Suppression, SuppressionScope};
use livefire_scorer::{Measure, NearestApproach, ScoreReport, Undefined, score};

use crate::verdicts::with_campaign;
use crate::world::{By, World, alert, at};

#[test]
fn a_rule_that_is_not_loaded_is_left_out_and_named() {
    let mut world = with_campaign();
    world.rules.retain(|rule| rule.rule != "R2");
    world.row(By::Attack(0), 1000);
    let report = world.score(&[]);
    assert_eq!(report.left_out[0].rule.to_string(), "R2");
    assert_eq!(miss(&report).reason, MissReason::NoExpectedRule);
    let headline = &report.headline;
    assert_eq!((headline.campaigns, headline.expecting), (1, 0));
    assert_eq!(
        headline.recall_expected,
        Measure::undefined(Undefined::NoCampaigns)
    );
    assert_eq!(
        headline.events.event_recall,
        Measure::undefined(Undefined::NoEvents)
    );
    assert_eq!(headline.scaffolding_events, 1);
}

#[track_caller]
fn miss(report: &ScoreReport) -> Miss {
    report.campaigns[0].miss.clone().expect("is missed")
}

#[test]
fn a_suppressed_alert_is_a_miss_that_names_its_silencer() {
    let mut world = with_campaign();
    world.options.suppression = Suppression {
        span: TimeSpan::from_hours(1),
        scope: SuppressionScope::Rule,
    };
    let benign = world.rows(&[(By::Benign, 900), (By::Benign, 901)]);
    let attack = world.rows(&[(By::Attack(0), 1000), (By::Attack(0), 1001)]);
    let silencer = alert("R2", "bob", 2, benign);
    let report = world.score(&[alert("R2", "ada", 2, attack), silencer.clone()]);
    assert_eq!(miss(&report).reason, MissReason::Suppressed);
    assert_eq!(miss(&report).silenced_by, Some(silencer.id.clone()));
    assert_eq!(report.alerts[1].suppressed_by, Some(silencer.id));
    assert_eq!(
        (
            report.headline.counts.alerts,
            report.headline.counts.suppressed
        ),
        (1, 1)
    );
}

fn approach(level: u64) -> NearestApproach {
    NearestApproach {
        rule: "R2".to_owned(),
        mode: Mode::Streaming,
        campaign: CampaignIndex(0),
        level,
        threshold: 3,
        key: "ada".to_owned(),
        at: at(1500),
        missed_by: "the third 3 min later".to_owned(),
        next: None,
        level_without_delay: None,
        level_after_log_end: None,
        level_in_any_window: None,
    }
}

#[track_caller]
fn reason(world: &World, nearest: &NearestApproach, want: MissReason) {
    let mut input = world.input(&[]);
    input.nearest = std::slice::from_ref(nearest);
    let report = score(&input).expect("scores");
    assert_eq!(miss(&report).reason, want);
    assert_eq!(miss(&report).nearest[0].missed_by, nearest.missed_by);
}

#[test]
fn misses_give_the_first_reason_that_applies() {
    let mut world = with_campaign();
    reason(&world, &approach(2), MissReason::BelowThreshold);
    reason(&world, &approach(3), MissReason::AlreadyFiring);
    let late = NearestApproach {
        level_without_delay: Some(3),
        ..approach(2)
    };
    reason(&world, &late, MissReason::ArrivedTooLate);
    let split = NearestApproach {
        level_in_any_window: Some(4),
        ..approach(2)
    };
    reason(&world, &split, MissReason::SplitBySchedule);
    world.book.campaigns[0].cut = true;
    reason(&world, &split, MissReason::LogEnded);
}

#[test]
fn a_benign_run_that_fired_before_explains_a_miss() {
    let mut world = with_campaign();
    let rows = world.rows(&[(By::Benign, 990), (By::Benign, 991), (By::Attack(0), 1000)]);
    let report = world.score(&[alert("R2", "ada", 2, rows)]);
    assert_eq!(miss(&report).reason, MissReason::AlreadyFiring);
}

#[test]
fn a_miss_is_censored_unless_the_log_runs_on_long_enough() {
    let mut world = with_campaign();
    let follow_up = |world: &World| world.score(&[]).campaigns[0].follow_up;
    assert_eq!(follow_up(&world), FollowUp::Never);
    // R2 looks back 1 h: the log must reach 2000 s + 1 h
    world.extent.log.end = at(5600);
    assert_eq!(follow_up(&world), FollowUp::Never);
    world.extent.log.end = at(5599);
    assert_eq!(follow_up(&world), FollowUp::Censored { seconds: 4599.0 });
    let report = world.score(&[]);
    assert_eq!(report.headline.counts.censored, 1);
    assert_eq!(
        report.headline.restricted_mean_time_to_detect,
        Measure::undefined(Undefined::FollowUpShorterThanTau)
    );
    world.book.campaigns[0].cut = true;
    world.extent.log.end = at(80_000);
    assert_eq!(follow_up(&world), FollowUp::Censored { seconds: 79_000.0 });
}

#[test]
fn an_expected_rule_that_slept_is_explained_though_another_caught_the_campaign() {
    let mut world = World::new();
    world.campaign("content_violation", 1000, 2000, &["R2", "R3.bot", "R4"]);
    let rows = world.rows(&[(By::Attack(0), 1000), (By::Attack(0), 1001)]);
    let mut human = alert("R3", "ada", 2, rows.clone());
    human.classes = vec!["human".to_owned()];
    let trigger = alert("R4", "ada", 1, vec![rows[0].clone()]);
    let alerts = [human, trigger];
    let mut input = world.input(&alerts);
    let near = approach(2);
    input.nearest = std::slice::from_ref(&near);
    let report = score(&input).expect("scores");
    let row = &report.campaigns[0];
    assert!(row.detected && row.miss.is_none());
    let names: Vec<String> = row
        .rule_misses
        .iter()
        .map(|one| one.rule.to_string())
        .collect();
    assert_eq!(names, ["R2", "R3.bot"]);
    assert_eq!(row.rule_misses[0].miss.reason, MissReason::BelowThreshold);
    assert_eq!(row.rule_misses[0].miss.nearest, [near]);
    let classes = row.rule_misses[1].fired_as.as_deref().expect("fired");
    assert_eq!(classes, ["human", "high"]);
}

#[test]
fn a_rule_that_ran_in_bins_only_says_so() {
    let mut world = with_campaign();
    world.rules.retain(|rule| rule.rule == "R2");
    world.rules[0].mode = Mode::Binned;
    let report = world.score(&[]);
    assert!(report.campaigns[0].rule_misses[0].binned_only);
}
