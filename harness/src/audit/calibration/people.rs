//! Who sends how much, and in which conversations: U1 to U7, S1 to S6.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::log::Log;
use super::observe::Request;
use super::statistics::{gini, mean, median, slope, variance};
use super::{Reading, reading};

const WINDOW: TimeSpan = TimeSpan::from_minutes(10);
/// Pauses beyond this end a conversation's train of thought (S5).
const LONGEST_PAUSE: f64 = 1800.0;
/// Shorter pauses are a client's own retries (TABLES.md §6).
const SHORTEST_PAUSE: f64 = 1.1;

/// Requests of every principal that sent any, most first.
fn counts(log: &Log) -> Vec<f64> {
    let mut counts = vec![0.0_f64; log.observed.principals.len()];
    for request in log.requests() {
        counts[request.principal as usize] += 1.0;
    }
    counts.retain(|count| *count > 0.0);
    counts.sort_by(|a, b| b.total_cmp(a));
    counts
}

/// U1: share of requests of the busiest tenth.
pub(super) fn top_tenth(log: &Log) -> Reading {
    let counts = counts(log);
    let top: f64 = counts[..counts.len().div_ceil(10)].iter().sum();
    reading([top / counts.iter().sum::<f64>()], counts.len())
}

/// U2: slope of log count over log rank, first fifty.
pub(super) fn rank_slope(log: &Log) -> Reading {
    let counts = counts(log);
    let top = &counts[..counts.len().min(50)];
    let points = (1..).zip(top);
    let points: Vec<(f64, f64)> = points
        .map(|(rank, count)| (f64::from(rank).ln(), count.ln()))
        .collect();
    reading([slope(&points)], top.len())
}

/// U3: Gini coefficient of requests by principal.
pub(super) fn inequality(log: &Log) -> Reading {
    let counts = counts(log);
    let size = counts.len();
    reading([gini(counts)], size)
}

/// U4: median share of ten-minute windows in which a principal of the quieter half sends anything.
pub(super) fn quiet_half(log: &Log) -> Reading {
    let (Some(first), Some(last)) = (log.requests().first(), log.requests().last()) else {
        return reading([f64::NAN], 0);
    };
    let windows = (last.time.bin(WINDOW) - first.time.bin(WINDOW)).ticks() / WINDOW.ticks() + 1;
    let mut of: FxHashMap<u32, (u64, EventTime, u64)> = FxHashMap::default();
    for request in log.requests() {
        let window = request.time.bin(WINDOW);
        let entry = of
            .entry(request.principal)
            .or_insert((0, EventTime::MIN, 0));
        entry.0 += 1;
        entry.2 += u64::from(entry.1 != window);
        entry.1 = window;
    }
    let mut all: Vec<(u64, u64)> = of
        .into_values()
        .map(|(sent, _, active)| (sent, active))
        .collect();
    all.sort_unstable();
    let quiet = &all[..all.len().div_ceil(2)];
    let shares = quiet
        .iter()
        .map(|(_, active)| *active as f64 / windows as f64);
    reading([median(shares.collect())], all.len())
}

/// U5: conversations of a person over the log.
pub(super) fn conversations(log: &Log) -> Reading {
    let mut sessions: FxHashSet<(u32, u64)> = FxHashSet::default();
    let mut people: FxHashSet<u32> = FxHashSet::default();
    for request in log.human() {
        sessions.insert((request.principal, request.session));
        people.insert(request.principal);
    }
    reading([sessions.len() as f64 / people.len() as f64], people.len())
}

/// U7: share of prompts that two or more principals sent.
pub(super) fn shared_prompts(log: &Log) -> Reading {
    let mut prompts: FxHashMap<u64, (u32, bool)> = FxHashMap::default();
    for request in log.requests() {
        let entry = prompts
            .entry(request.prompt)
            .or_insert((request.principal, false));
        entry.1 |= entry.0 != request.principal;
    }
    let shared = prompts.values().filter(|(_, shared)| *shared).count();
    reading([shared as f64 / prompts.len() as f64], prompts.len())
}

/// Requests of every conversation.
fn turns(log: &Log) -> Vec<f64> {
    let mut turns: FxHashMap<(u32, u64), f64> = FxHashMap::default();
    for request in log.requests() {
        *turns
            .entry((request.principal, request.session))
            .or_default() += 1.0;
    }
    turns.into_values().collect()
}

fn long_share(turns: &[f64]) -> f64 {
    turns.iter().filter(|turns| **turns > 10.0).count() as f64 / turns.len() as f64
}

/// S1: mean turns of a conversation.
pub(super) fn mean_turns(log: &Log) -> Reading {
    let turns = turns(log);
    reading([mean(&turns)], turns.len())
}

/// S2: share of conversations over ten turns.
pub(super) fn long_conversations(log: &Log) -> Reading {
    let turns = turns(log);
    reading([long_share(&turns)], turns.len())
}

/// S4: that share against a geometric law's of the same mean.
pub(super) fn against_geometric(log: &Log) -> Reading {
    let turns = turns(log);
    let geometric = (1.0 - 1.0 / mean(&turns)).powi(10);
    reading([long_share(&turns) / geometric], turns.len())
}

/// S5: median pause of people inside a chat conversation, and the spread of its logarithm.
pub(super) fn pauses(log: &Log) -> Reading {
    let mut last: FxHashMap<(u32, u64), EventTime> = FxHashMap::default();
    let mut pauses = Vec::new();
    for request in log.human().filter(|request| !is_code(log, request)) {
        let session = (request.principal, request.session);
        if let Some(before) = last.insert(session, request.time) {
            let pause = (request.time - before).seconds_f64();
            if (SHORTEST_PAUSE..=LONGEST_PAUSE).contains(&pause) {
                pauses.push(pause);
            }
        }
    }
    let logs: Vec<f64> = pauses.iter().map(|pause| pause.ln()).collect();
    let count = pauses.len();
    reading([median(pauses), variance(&logs).sqrt()], count)
}

fn is_code(log: &Log, request: &Request) -> bool {
    log.observed.applications[request.application as usize].1
}

/// S6: share of people's working-day requests between 07 and 19 local time, and a weekend day
/// against a working day.
pub(super) fn office_day(log: &Log) -> Reading {
    let (mut working, mut inside, mut weekend) = (0.0, 0.0, 0.0);
    let mut days: FxHashSet<i64> = FxHashSet::default();
    for request in log.human() {
        let local = log.clock_of(request.principal).local(request.time);
        days.insert(local.day);
        if local.weekday() >= 5 {
            weekend += 1.0;
            continue;
        }
        working += 1.0;
        inside += f64::from(u8::from((7..19).contains(&local.hour())));
    }
    let is_free = |day: &&i64| livefire_generator::world::clock::weekday(**day) >= 5;
    let free = days.iter().filter(is_free).count();
    let work = days.len() - free;
    let ratio = (weekend / free as f64) / (working / work as f64);
    reading([inside / working, ratio], log.human().count())
}
