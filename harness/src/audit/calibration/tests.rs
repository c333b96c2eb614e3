//! Negative controls: logs that are wrong in one way must miss the facts that say so.

use livefire_generator::random::Key;
use livefire_schema::time::{EventTime, TimeSpan};

use super::*;

/// A Monday, 00:00 UTC.
const MONDAY: EventTime = EventTime::from_unix_seconds(1_772_409_600);
/// Requests of a control.
const MANY: u64 = 200_000;
const PRINCIPALS: u64 = 400;

/// A log of requests that a function makes of their number.
fn log_of(count: u64, make: impl Fn(u64) -> Request) -> Observed {
    let mut requests: Vec<Request> = (0..count).map(make).collect();
    requests.sort_by_key(|request| request.time);
    Observed {
        requests,
        principals: (0..PRINCIPALS).map(|_| Principal::default()).collect(),
        applications: vec![("chat".to_owned(), false), ("code".to_owned(), true)],
        countries: vec![String::new()],
        zones: vec!["UTC".to_owned()],
        rows: count,
        says_ingestion: true,
        ..Observed::default()
    }
}

/// A request of a Poisson process over two weeks; all principals are equally busy.
fn poisson(index: u64) -> Request {
    let key = Key::root(1).index(index);
    let seconds = 14.0 * 86_400.0 * key.index(1).uniform();
    let small = |number: u64| u32::try_from(number).expect("small");
    Request {
        time: MONDAY + TimeSpan::from_seconds_f64(seconds),
        principal: small(key.index(2).below(PRINCIPALS)),
        session: index,
        application: small(key.index(3).below(2)),
        prompt: index,
        address: 1,
        country: 0,
        tokens: None,
        status: 200,
        stopped: false,
        injection_like: false,
        truth: Truth::default(),
    }
}

#[track_caller]
fn is_outside(observed: &Observed, id: &str) {
    let table = measure(observed);
    let line = table.line(id).expect("is a fact with a check");
    assert_eq!(line.verdict, Verdict::Outside, "{line:?}");
}

#[track_caller]
fn holds(observed: &Observed, id: &str) {
    let table = measure(observed);
    let line = table.line(id).expect("is a fact with a check");
    assert_eq!(line.verdict, Verdict::Holds, "{line:?}");
}

#[test]
fn poisson_requests_of_equal_principals_are_not_calibrated() {
    let log = log_of(MANY, poisson);
    for id in ["A5", "A8", "U1", "U3"] {
        is_outside(&log, id);
    }
    // As dense as the facts about one hour need: all of it in the steady hours of one morning.
    let dense = log_of(MANY, |index| {
        let key = Key::root(3).index(index);
        let seconds = 10.0 * 3600.0 + 3600.0 * key.uniform();
        Request {
            time: MONDAY + TimeSpan::from_seconds_f64(seconds),
            ..poisson(index)
        }
    });
    for id in ["A3", "A5", "U4"] {
        is_outside(&dense, id);
    }
    holds(&dense, "A1");
}

#[test]
fn geometric_conversations_are_not_calibrated() {
    let mut session = 0;
    let starts: Vec<u64> = (0..MANY)
        .map(|index| {
            session += u64::from(Key::root(2).index(index).chance(1.0 / 2.54));
            session
        })
        .collect();
    let log = log_of(MANY, |index| Request {
        principal: 0,
        session: starts[usize::try_from(index).expect("small")],
        ..poisson(index)
    });
    is_outside(&log, "S4");
    holds(&log, "S1");
}

#[test]
fn lengths_of_one_latent_size_are_not_calibrated() {
    let log = log_of(MANY, |index| {
        let key = Key::root(4).index(index);
        let size = 0.9 * key.normal();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "lengths"
        )]
        let length = |median: f64, own: Key| (median * (size + 0.3 * own.normal()).exp()) as u32;
        Request {
            tokens: Some((length(757.0, key.index(1)), length(180.0, key.index(2)))),
            ..poisson(index)
        }
    });
    // Quantiles alone (T1, T2) would not tell it from real lengths.
    is_outside(&log, "T5");
}

#[test]
fn a_world_without_errors_is_not_calibrated() {
    is_outside(&log_of(MANY, poisson), "E1");
    let failing = log_of(MANY, |index| Request {
        status: if index % 50 == 0 { 503 } else { 200 },
        ..poisson(index)
    });
    holds(&failing, "E1");
}

#[test]
fn a_world_without_ingestion_delay_is_not_calibrated() {
    let mut log = log_of(10, poisson);
    log.delays.resource = vec![0.0; 6000];
    is_outside(&log, "G2");
    log.delays.resource = (0..6000)
        .map(|index| 200.0 + f64::from(index) / 20.0)
        .collect();
    holds(&log, "G2");
    log.says_ingestion = false;
    let table = measure(&log);
    let line = table.line("G2").expect("is a fact with a check");
    assert_eq!(line.verdict, Verdict::NotApplicable);
}

#[test]
fn too_few_observations_decide_nothing() {
    let table = measure(&log_of(20, poisson));
    let line = table.line("U1").expect("is a fact with a check");
    assert_eq!(line.verdict, Verdict::TooFew, "{line:?}");
    let empty = measure(&Observed::default());
    assert!(
        empty
            .lines
            .iter()
            .all(|line| line.verdict != Verdict::Holds)
    );
    assert_eq!(empty.broken().count(), 0);
}

#[test]
fn every_fact_with_a_band_has_a_line() {
    let table = measure(&log_of(20, poisson));
    let wanted = facts::all().iter().filter(|fact| {
        let check = fact.check.as_ref();
        check.is_some_and(|check| check.low.is_some())
    });
    assert_eq!(table.lines.len(), wanted.count());
    assert!(
        table
            .lines
            .iter()
            .all(|line| line.note != "no check reads it")
    );
}
