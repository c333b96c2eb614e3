//! For count rules arithmetic and twin worlds agree on every alert, over random small worlds.
//!
//! Three views of one world must be the same: what the evidence says by arithmetic, what the
//! second detector of the pass raised in W0, and a recount of the requests themselves, which knows
//! neither engine nor labels.

mod requests;

use std::collections::BTreeSet;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_harness::scoring::loaded_rules;
use livefire_harness::{RunResult, Settings, bare, run, score_run};
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::rules::RuleToken;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange};
use livefire_scorer::score::report::AlertVerdict;
use livefire_scorer::score::worlds::twin_disagreements;
use livefire_scorer::{ScoreOptions, ScoreReport};
use proptest::prelude::*;
use requests::{CAMPAIGNS, Cause, Ending, Request, Requests, time_of};

/// Every count rule in every form.
const FORMS: &[&str] = &[
    "R1",
    "R1@app_log",
    "R1@exact_ip",
    "R1@rows",
    "R2",
    "R2@session",
    "R2@rows",
    "R3",
    "R3@address",
    "R5",
    "R5@sample",
];
/// Seconds of delay that no table's rule calls late.
const PROMPT: i64 = 400;

struct World {
    schema: Schema,
    rules: RuleSet,
    engine: EngineOptions,
}

impl World {
    fn new() -> Self {
        let mut rules = RuleSet::embedded();
        let tokens = FORMS.iter().map(|form| form.parse().expect("is a form"));
        rules
            .select(&tokens.collect::<Vec<RuleToken>>())
            .expect("are native");
        World {
            schema: Schema::embedded(),
            rules,
            engine: EngineOptions {
                binned: true,
                ..EngineOptions::default()
            },
        }
    }

    fn run(&self, requests: &[Request], keep: impl Fn(&Request) -> bool) -> RunResult {
        let mut source = Requests::new(&self.schema, requests, 7, keep);
        let settings = Settings {
            schema: &self.schema,
            rules: &self.rules,
            engine: &self.engine,
            strict: true,
        };
        run(&mut source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs")
    }

    fn score(&self, result: &RunResult) -> ScoreReport {
        let options = ScoreOptions::default();
        score_run(result, &self.rules, &self.engine, &self.schema, options).expect("scores")
    }
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        4 => Just(Cause::Ordinary),
        1 => Just(Cause::LookAlike),
        4 => (0..CAMPAIGNS).prop_map(Cause::Attack),
        1 => (0..CAMPAIGNS).prop_map(Cause::Cover),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        1 => Just(Ending::Passed),
        3 => Just(Ending::Injection),
        3 => Just(Ending::Content),
        5 => Just(Ending::Throttled),
    ]
}

fn request(longest_delay: i64) -> impl Strategy<Value = Request> {
    // one user does most; R5 needs five
    let user = prop_oneof![3 => 0..1_u8, 1 => 1..2_u8, 2 => 2..8_u8];
    let names = (user, 0..2_u8, 0..3_u8, 0..4_u8);
    let times = (0..30_i64, 0..120_i64, 0..longest_delay);
    let again = proptest::option::weighted(0.2, 0..longest_delay);
    (names, times, ending(), cause(), again).prop_map(|(names, times, ending, cause, again)| {
        let (user, session, host, text) = names;
        let (slot, second, delay) = times;
        Request {
            // crowded stretches with gaps between them, over about two hours
            second: slot * slot * 10 + second,
            user,
            session,
            host,
            text,
            ending,
            cause,
            delay,
            again: again.map(|more| delay.max(more)),
        }
    })
}

fn world(longest_delay: i64) -> impl Strategy<Value = Vec<Request>> {
    proptest::collection::vec(request(longest_delay), 5..140)
}

/// The stretch of time that an alert looks at.
fn looks_at(alert: &Alert, time: EventTime) -> bool {
    match alert.mode {
        Mode::Binned => alert.window.contains(time),
        Mode::Streaming => {
            let TimeRange { start, .. } = alert.window;
            start < time && time <= alert.time
        }
    }
}

/// What a form counts at an alert, from the requests alone: distinct requests of the key's user
/// that failed (R2), or distinct users with the key's prompt (R5).
fn recount(alert: &Alert, requests: &[Request], keep: impl Fn(&Request) -> bool) -> Option<u64> {
    let seen = requests
        .iter()
        .enumerate()
        .filter(|(number, request)| keep(request) && looks_at(alert, time_of(*number, request)));
    let count = match &*alert.rule {
        "R2" => seen
            .filter(|(_, request)| request.fails() && request.user_name() == alert.key)
            .count(),
        "R5" => {
            let texts = seen.filter(|(_, one)| format!("hash-{}", one.text) == alert.key);
            texts
                .map(|(_, one)| one.user)
                .collect::<BTreeSet<u8>>()
                .len()
        }
        _ => return None,
    };
    Some(count as u64)
}

fn is_benign(request: &Request) -> bool {
    request.caused_by().is_none()
}

fn kinds_of(alerts: &[Alert]) -> BTreeSet<(String, Mode)> {
    let kinds = alerts.iter().map(|alert| (alert.rule.clone(), alert.mode));
    kinds.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arithmetic_and_twin_worlds_agree_on_every_alert(requests in world(PROMPT)) {
        let world = World::new();
        let result = world.run(&requests, |_| true);
        let loaded = loaded_rules(&world.rules, &world.engine);
        let found = twin_disagreements(&result.alerts, &result.benign_alerts, &result.book, &loaded);
        prop_assert_eq!(found, []);
    }

    #[test]
    fn they_agree_also_where_rows_come_too_late(requests in world(4 * 3600)) {
        let world = World::new();
        let result = world.run(&requests, |_| true);
        let loaded = loaded_rules(&world.rules, &world.engine);
        let found = twin_disagreements(&result.alerts, &result.benign_alerts, &result.book, &loaded);
        prop_assert_eq!(found, []);
        prop_assert!(score_run(&result, &world.rules, &world.engine, &world.schema, ScoreOptions::default()).is_ok());
    }

    #[test]
    fn verdicts_are_what_a_recount_of_the_requests_says(requests in world(PROMPT)) {
        let world = World::new();
        let result = world.run(&requests, |_| true);
        let report = world.score(&result);
        for row in &report.alerts {
            let alert = result.alerts.iter().find(|alert| alert.id == row.id).expect("is scored");
            let Some(level) = recount(alert, &requests, |_| true) else { continue };
            let benign = recount(alert, &requests, is_benign).expect("is recounted");
            prop_assert_eq!((row.level, row.benign), (level, benign), "{:?}", alert);
            let fires_without = benign >= alert.threshold;
            prop_assert_eq!(row.verdict == AlertVerdict::FalsePositive, fires_without);
        }
    }

    #[test]
    fn the_second_world_of_a_pass_is_the_world_run_alone(requests in world(PROMPT)) {
        let world = World::new();
        let both = world.run(&requests, |_| true);
        let alone = world.run(&requests, is_benign);
        let alerts: Vec<Alert> = alone.alerts.into_iter().map(bare).collect();
        prop_assert_eq!(&both.benign_alerts, &alerts);
        prop_assert_eq!(&alone.benign_alerts, &alerts);
    }

    #[test]
    fn leaving_out_a_campaign_changes_no_alert_of_a_user_it_never_touched(requests in world(PROMPT)) {
        let world = World::new();
        let untouched = |alerts: Vec<Alert>| -> Vec<Alert> {
            let touches = |alert: &Alert| {
                let mut of_user = requests.iter().filter(|one| one.user_name() == alert.key);
                of_user.any(|one| one.caused_by() == Some(0))
            };
            let is_kept = |alert: &Alert| alert.rule == "R2" && !touches(alert);
            alerts.into_iter().filter(is_kept).collect()
        };
        let full = world.run(&requests, |_| true);
        let less = world.run(&requests, |request| request.caused_by() != Some(0));
        prop_assert_eq!(untouched(full.alerts), untouched(less.alerts));
    }
}

/// Guards the properties above against worlds in which nothing ever happens.
#[test]
fn random_worlds_raise_true_and_false_alerts_of_every_form_in_both_modes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let world = World::new();
    let mut runner = TestRunner::deterministic();
    let strategy = self::world(PROMPT);
    let (mut full, mut zero) = (BTreeSet::new(), BTreeSet::new());
    let mut verdicts = BTreeSet::new();
    for _ in 0..100 {
        let requests = strategy.new_tree(&mut runner).expect("a world").current();
        let result = world.run(&requests, |_| true);
        full.append(&mut kinds_of(&result.alerts));
        zero.append(&mut kinds_of(&result.benign_alerts));
        let rows = world.score(&result).alerts.into_iter();
        verdicts.extend(rows.map(|row| row.verdict));
    }
    let every = FORMS.iter().flat_map(|form| {
        let modes = [Mode::Streaming, Mode::Binned];
        modes.map(|mode| ((*form).to_owned(), mode))
    });
    let every: BTreeSet<_> = every.collect();
    assert_eq!(full, every);
    assert_eq!(zero, every, "the world without campaigns has alerts too");
    assert!(verdicts.contains(&AlertVerdict::TruePositive));
    assert!(verdicts.contains(&AlertVerdict::FalsePositive));
    assert!(verdicts.contains(&AlertVerdict::Collateral));
}
