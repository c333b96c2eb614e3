//! Why a campaign is missed: every reason from a log that brings it about, and schedules against
//! the definition of their outcome.
//!
//! The rule is R2: three failed requests of a user. Where its hourly bins are the runs' periods,
//! what it makes of a campaign is what [`Schedule::outcome`] computes from the events alone.

#[path = "twins/requests.rs"]
#[expect(dead_code, reason = "other tests ask more of the same source")]
mod requests;

use livefire_detector::{EngineOptions, RuleSet, ScheduleChoice};
use livefire_harness::{Settings, run, score_run};
use livefire_schema::table::Schema;
use livefire_schema::time::TimeSpan;
use livefire_scorer::detection_time::{MissReason, Schedule, ScheduledOutcome, TimedEvent};
use livefire_scorer::score::report::CampaignRow;
use livefire_scorer::windows::suppression::Suppression;
use livefire_scorer::{ScoreOptions, ScoreReport};
use proptest::prelude::*;
use requests::{Cause, Ending, Request, Requests, at, time_of};

const MINUTE: i64 = 60;
/// The last row of every log, in seconds after its start.
const LAST: i64 = 86_390;

/// A failed request at a minute, ingested some minutes later.
fn fail(minute: i64, user: u8, cause: Cause, delay: i64) -> Request {
    Request {
        second: minute * MINUTE,
        user,
        session: 0,
        host: 0,
        text: 0,
        ending: Ending::Content,
        cause,
        delay: delay * MINUTE,
        again: None,
    }
}

fn attack(minute: i64) -> Request {
    fail(minute, 0, Cause::Attack(0), 0)
}

fn benign(minute: i64, user: u8) -> Request {
    fail(minute, user, Cause::Ordinary, 0)
}

/// A harmless row, so that the log runs on.
fn last() -> Request {
    Request {
        second: LAST,
        ending: Ending::Passed,
        ..benign(0, 7)
    }
}

fn report(rule: &str, schedule: &str, suppress: i64, requests: &[Request]) -> ScoreReport {
    let schema = Schema::embedded();
    let mut rules = RuleSet::embedded();
    rules
        .select(&[rule.parse().expect("is a rule")])
        .expect("is native");
    let choice: ScheduleChoice = schedule.parse().expect("is a schedule");
    let engine = EngineOptions {
        schedules: choice.of_forms(&rules),
        ..EngineOptions::default()
    };
    let mut requests = requests.to_vec();
    requests.push(last());
    let mut source = Requests::new(&schema, &requests, 5, |_| true);
    let settings = Settings {
        schema: &schema,
        rules: &rules,
        engine: &engine,
        strict: true,
    };
    let result = run(&mut source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs");
    let options = ScoreOptions {
        suppression: Suppression {
            span: TimeSpan::from_hours(suppress),
            ..Suppression::default()
        },
        ..ScoreOptions::default()
    };
    score_run(&result, &rules, &engine, &schema, options).expect("scores")
}

/// The first campaign's reason; nothing if it was caught.
fn reason_of(report: &ScoreReport) -> Option<MissReason> {
    let miss = report.campaigns[0].miss.as_ref();
    miss.map(|miss| miss.reason)
}

/// What R2 makes of the first campaign on an hourly grid without overlap, and without a grid.
#[track_caller]
fn check(requests: &[Request], hourly: Option<MissReason>, ideal: Option<MissReason>) {
    let reason = |schedule| reason_of(&report("R2", schedule, 0, requests));
    assert_eq!(reason("1h/1h"), hourly, "1h/1h");
    assert_eq!(reason("ideal"), ideal, "ideal");
}

#[test]
fn what_runs_see_together_is_caught() {
    check(&[attack(1), attack(2), attack(3)], None, None);
}

#[test]
fn no_expected_rule() {
    let requests = [attack(1), attack(2), attack(3)];
    for schedule in ["ideal", "1h/1h"] {
        let reason = reason_of(&report("R3", schedule, 0, &requests));
        assert_eq!(reason, Some(MissReason::NoExpectedRule));
    }
}

#[test]
fn suppressed() {
    let mut requests = vec![benign(1, 1), benign(2, 1), benign(3, 1)];
    requests.extend([attack(61), attack(62), attack(63)]);
    for schedule in ["ideal", "1h/1h"] {
        let reason = |hours| reason_of(&report("R2", schedule, hours, &requests));
        assert_eq!(reason(5), Some(MissReason::Suppressed), "{schedule}");
        assert_eq!(reason(1), None, "{schedule}: a silence is over at its end");
    }
}

#[test]
fn already_firing() {
    let firing = Some(MissReason::AlreadyFiring);
    let requests = [benign(1, 0), benign(2, 0), benign(3, 0), attack(4)];
    check(&requests, firing, firing);
}

#[test]
fn log_ended() {
    let minutes = [LAST / MINUTE - 9, LAST / MINUTE - 8, LAST / MINUTE - 7];
    check(&minutes.map(attack), Some(MissReason::LogEnded), None);
}

#[test]
fn arrived_too_late() {
    let late = |delay| [attack(50), attack(51), fail(52, 0, Cause::Attack(0), delay)];
    check(&late(13), Some(MissReason::ArrivedTooLate), dropped(13));
    check(&late(12), None, dropped(12));
}

/// R2 without a grid drops what comes later than its table's delay cut, 440 s.
fn dropped(minutes: i64) -> Option<MissReason> {
    (minutes * MINUTE > 440).then_some(MissReason::BelowThreshold)
}

#[test]
fn split_by_schedule() {
    let split = Some(MissReason::SplitBySchedule);
    check(&[attack(58), attack(59), attack(61)], split, None);
    let report = report("R2", "1h/2h", 0, &[attack(58), attack(59), attack(61)]);
    // A longer period sees them together, but the bins of its query do not.
    assert_eq!(reason_of(&report), split);
}

#[test]
fn below_threshold() {
    let below = Some(MissReason::BelowThreshold);
    check(&[attack(1), attack(2)], below, below);
    check(&[attack(1), attack(2), attack(62)], below, below);
}

#[test]
fn the_first_reason_that_applies_is_given() {
    // Late and split: had it come at once, the second run would have seen all three.
    let requests = [
        attack(58),
        attack(61),
        attack(62),
        fail(63, 0, Cause::Attack(0), 70),
    ];
    let reason = reason_of(&report("R2", "1h/1h", 0, &requests));
    assert_eq!(reason, Some(MissReason::ArrivedTooLate));
    let near = report("R2", "1h/1h", 0, &requests).campaigns[0]
        .miss
        .clone();
    let near = near.expect("is missed").nearest;
    let levels = |near: &livefire_scorer::NearestApproach| {
        (
            near.level,
            near.level_without_delay,
            near.level_in_any_window,
        )
    };
    assert_eq!(
        near.iter().map(levels).collect::<Vec<_>>(),
        [(2, Some(3), Some(4))]
    );
}

fn outcome(events: &[(usize, &Request)]) -> ScheduledOutcome {
    let schedule = Schedule {
        threshold: 3,
        period: TimeSpan::from_hours(1),
        lookback: TimeSpan::from_hours(1),
        first_run: at(3600),
        offset: TimeSpan::from_minutes(5),
        query_delay: TimeSpan::ZERO,
        log_end: at(LAST),
    };
    let events: Vec<TimedEvent> = events
        .iter()
        .map(|(number, request)| {
            let time = time_of(*number, request);
            TimedEvent {
                time,
                available: time + TimeSpan::from_seconds(request.delay),
            }
        })
        .collect();
    schedule.outcome(at(0), &events)
}

/// What the run found, in the terms of the definition.
fn found(row: &CampaignRow) -> (Option<livefire_schema::time::EventTime>, Option<MissReason>) {
    let first = row.first.as_ref();
    (
        first.map(|first| first.raised),
        row.miss.as_ref().map(|miss| miss.reason),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_schedule_does_what_its_definition_says(
        rows in prop::collection::vec((0i64..1438, 0i64..100), 1..14),
        crowd in 1i64..24,
    ) {
        // Crowded into some hours, so that all outcomes are about as frequent.
        let requests: Vec<Request> = rows
            .iter()
            .map(|&(minute, delay)| {
                let minute = 1438 - minute / crowd;
                fail(minute, 0, Cause::Attack(0), if delay < 60 { 0 } else { delay })
            })
            .filter(|one| one.second + one.delay < LAST)
            .collect();
        let numbered: Vec<(usize, &Request)> = requests.iter().enumerate().collect();
        let report = report("R2", "1h/1h", 0, &requests);
        let row = &report.campaigns[0];
        match outcome(&numbered) {
            ScheduledOutcome::Detected { raised, parts } => {
                prop_assert_eq!(found(row), (Some(raised), None));
                let given = row.first.as_ref().and_then(|first| first.parts);
                prop_assert_eq!(given, parts.map(Into::into));
            }
            ScheduledOutcome::Missed(reason) => {
                prop_assert_eq!(found(row), (None, Some(reason)));
            }
        }
    }
}
