//! Calibration facts A8, E1, G2, S4 and U1 on the delivered rows of the `benign` scenario, all 14
//! days of it, and the negative controls that must fail them.
//!
//! Ids and bands are those of CALIBRATION.md. The numbers are read from the log's lines alone, as
//! they would be from anybody's export; copies of a request count once, and the few rows that a
//! skewed clock puts outside the 14 days not at all. Controls that the benign
//! profile can express are worlds of their own; a law that it cannot express is drawn.

use std::collections::{BTreeMap, BTreeSet};

use livefire_generator::benign::facts::{self, Band};
use livefire_generator::random::Key;
use livefire_schema::ids::EventId;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::Value;

use crate::worlds::{Log, World, folder};

/// One request as the application log tells it.
struct Request {
    time: EventTime,
    user: String,
    session: String,
    failed: bool,
}

/// What the facts are measured on.
struct Observed {
    requests: Vec<Request>,
    /// Everybody in the identity map, silent accounts too.
    accounts: Vec<String>,
    /// Seconds from event to ingestion of resource logs, ascending.
    delays: Vec<f64>,
}

impl Observed {
    /// A scenario over `benign` with other values.
    fn of(more: &str) -> Self {
        let benign = folder().join("benign.yaml");
        let world = World::read(&format!("include: [{}]\n{more}", benign.display()));
        Observed::read(&world, &world.log())
    }

    fn read(world: &World, log: &Log) -> Self {
        let mut seen: BTreeSet<EventId> = BTreeSet::new();
        let (mut requests, mut delays) = (Vec::new(), Vec::new());
        for row in &log.batch.rows {
            let table = &world.schema.table(row.table).name;
            if !["ContainerLogV2", "AzureDiagnostics"].contains(&table.as_str()) {
                continue;
            }
            let Ok(line) = serde_json::from_slice::<Value>(log.batch.line(row)) else {
                continue;
            };
            let time = instant(&line["TimeGenerated"]);
            if table == "AzureDiagnostics" {
                let delay = instant(&line["IngestionTime"]) - time;
                delays.push(delay.seconds_f64().max(0.0));
            } else if log.extent.log.contains(time) && seen.insert(row.event) {
                requests.push(Request::read(time, &line["LogMessage"]));
            }
        }
        delays.sort_by(f64::total_cmp);
        let accounts = log.reference.identities.iter();
        Observed {
            requests,
            accounts: accounts.map(|one| one.upn.to_lowercase()).collect(),
            delays,
        }
    }

    fn times(&self) -> Vec<EventTime> {
        self.requests.iter().map(|request| request.time).collect()
    }

    fn turns(&self) -> Vec<u64> {
        tally(self.requests.iter().map(|request| request.session.as_str()))
    }

    /// Requests of each principal, those who made none included.
    fn requests_by_principal(&self) -> Vec<u64> {
        let mut counts = tally(self.requests.iter().map(|request| request.user.as_str()));
        let active: BTreeSet<&str> = self.requests.iter().map(|one| one.user.as_str()).collect();
        let silent = |account: &&String| !active.contains(account.as_str());
        counts.extend(self.accounts.iter().filter(silent).map(|_| 0));
        counts
    }

    fn daily_failures(&self) -> (f64, f64) {
        facts::daily_failure_shares(self.requests.iter().map(|one| (one.time, one.failed)))
    }
}

impl Request {
    fn read(time: EventTime, message: &Value) -> Self {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_lowercase();
        let status = message["http_status"].as_i64().unwrap_or(200);
        Request {
            time,
            user: text("end_user_id"),
            session: text("session_id"),
            failed: status >= 400 || text("security_check_passed") == "fail",
        }
    }
}

#[track_caller]
fn instant(value: &Value) -> EventTime {
    let text = value.as_str().expect("a time is text");
    EventTime::parse(text).expect("a time is in ISO 8601")
}

fn tally<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u64> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts.into_values().collect()
}

#[track_caller]
fn holds(band: Band, value: f64) {
    assert!(band.holds(value), "{}: {value} not in {band:?}", band.id);
}

#[track_caller]
fn fails(band: Band, value: f64) {
    assert!(value.is_finite(), "{}: nothing was measured", band.id);
    assert!(!band.holds(value), "{}: {value} in {band:?}", band.id);
}

#[test]
fn the_benign_scenario_is_as_calibrated() {
    let observed = Observed::of("");
    let requests = observed.requests.len();
    assert!(requests >= 20_000, "{requests} requests carry the facts");
    assert!(observed.accounts.len() >= 100 && observed.delays.len() >= 5000);
    let (low, high) = facts::total_rate_tails(&observed.times());
    holds(facts::A8_LOW, low);
    holds(facts::A8_HIGH, high);
    let (fewest, most) = observed.daily_failures();
    holds(facts::E1, fewest);
    holds(facts::E1, most);
    holds(facts::G2_MEDIAN, facts::quantile(&observed.delays, 0.5));
    holds(facts::G2_TAIL, facts::quantile(&observed.delays, 0.95));
    let (long, _) = facts::long_conversations(&observed.turns());
    holds(facts::S4, long);
    holds(
        facts::U1,
        facts::top_tenth_share(&observed.requests_by_principal()),
    );
}

#[test]
fn the_same_facts_hold_under_another_seed() {
    let observed = Observed::of("seed: 1234\n");
    let (fewest, most) = observed.daily_failures();
    holds(facts::E1, fewest);
    holds(facts::E1, most);
    holds(facts::G2_MEDIAN, facts::quantile(&observed.delays, 0.5));
    let (long, _) = facts::long_conversations(&observed.turns());
    holds(facts::S4, long);
    holds(
        facts::U1,
        facts::top_tenth_share(&observed.requests_by_principal()),
    );
}

/// Negative control of E1: rows of a world in which nothing fails.
#[test]
fn a_world_without_errors_is_not_calibrated() {
    let none = "benign: { content_filter: 0, throttled: 0, other_failures: 0 }\n\
                population: { users: 100 }\n";
    let (_, most) = Observed::of(none).daily_failures();
    fails(facts::E1, most);
}

/// Negative control of G2: rows that are ingested the moment they happen.
#[test]
fn a_world_without_ingestion_delay_is_not_calibrated() {
    let observed = Observed::of("telemetry: { delay: none }\npopulation: { users: 100 }\n");
    assert!(observed.delays.len() >= 5000);
    fails(facts::G2_MEDIAN, facts::quantile(&observed.delays, 0.5));
    fails(facts::G2_TAIL, facts::quantile(&observed.delays, 0.95));
}

/// Negative control of U1: the same people, all equally busy, and no service that outdoes them.
#[test]
fn a_world_of_equal_people_is_not_calibrated() {
    let equal = "benign: { rate_sigma: 0, service_share: 0 }\npopulation: { users: 200 }\n";
    let counts = Observed::of(equal).requests_by_principal();
    fails(facts::U1, facts::top_tenth_share(&counts));
}

/// Negative controls of A8 and U1: as many requests at a Poisson process's times, dealt evenly.
#[test]
fn poisson_requests_of_equal_users_are_not_calibrated() {
    let span = TimeSpan::from_days(14).seconds_f64();
    let draw = |index: u64| Key::root(1).index(index);
    let at = |index| {
        let seconds = span * draw(index).index(0).uniform();
        EventTime::from_unix_seconds(0) + TimeSpan::from_seconds_f64(seconds)
    };
    let times: Vec<EventTime> = (0..100_000).map(at).collect();
    let (low, high) = facts::total_rate_tails(&times);
    fails(facts::A8_LOW, low);
    fails(facts::A8_HIGH, high);
    let mut counts = vec![0_u64; 500];
    for index in 0..100_000 {
        let user = draw(index).index(1).below(500);
        counts[usize::try_from(user).expect("small")] += 1;
    }
    fails(facts::U1, facts::top_tenth_share(&counts));
}

/// Negative control of S4: as many conversations, each turn the last with one chance.
#[test]
fn geometric_conversations_are_not_calibrated() {
    let turns = |index: u64| -> u64 {
        let key = Key::root(2).index(index);
        let is_last = |turn: &u64| key.index(*turn).chance(1.0 / 2.5);
        (1..).find(is_last).expect("every conversation ends")
    };
    let turns: Vec<u64> = (0..50_000).map(turns).collect();
    let (long, mean) = facts::long_conversations(&turns);
    assert!((mean - 2.5).abs() < 0.1, "{mean}");
    fails(facts::S4, long);
}
