//! What attackers do, from labelled rows: J2, J4, J6, L1, L3, L5.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::log::Log;
use super::observe::Request;
use super::statistics::{gaps, mean, median, variation};
use super::{Reading, missing, reading};

const NO_ATTACK: &str = "the log holds no request that is labelled as an attack";
/// List price of a large model in US dollars a million tokens, sent and answered (L1).
const DOLLARS_PER_MILLION: (f64, f64) = (15.0, 75.0);
/// Bytes of a token.
const BYTES_PER_TOKEN: f64 = 4.0;
/// Share of words that two samples of one template have in common at least.
const SAME_TEMPLATE: f64 = 0.5;

fn hostile<'a>(log: &'a Log) -> impl Iterator<Item = &'a Request> {
    log.requests().iter().filter(|one| one.truth.hostile)
}

/// J2: distinct jailbreak templates per hostile account; texts that share half of their words are
/// one template.
pub(super) fn templates(log: &Log) -> Reading {
    let mut accounts: FxHashMap<(u32, u32), Vec<FxHashSet<&str>>> = FxHashMap::default();
    for prompt in &log.observed.hostile_prompts {
        let words: FxHashSet<&str> = prompt.sample.split_whitespace().collect();
        let known = accounts
            .entry((prompt.campaign, prompt.principal))
            .or_default();
        let is_known = |other: &FxHashSet<&str>| {
            let common = words.intersection(other).count() as f64;
            let all = words.union(other).count() as f64;
            common / all >= SAME_TEMPLATE
        };
        if !known.iter().any(is_known) {
            known.push(words);
        }
    }
    if accounts.is_empty() {
        return missing(NO_ATTACK);
    }
    let counts: Vec<f64> = accounts.values().map(|known| known.len() as f64).collect();
    reading([mean(&counts)], counts.len())
}

/// J4: attempts per campaign, and the most persistent against the middle one.
pub(super) fn attempts(log: &Log) -> Reading {
    let mut campaigns: FxHashMap<Option<u32>, f64> = FxHashMap::default();
    for request in hostile(log) {
        *campaigns.entry(request.truth.campaign).or_default() += 1.0;
    }
    if campaigns.is_empty() {
        return missing(NO_ATTACK);
    }
    let counts: Vec<f64> = campaigns.into_values().collect();
    let most = counts.iter().copied().fold(0.0, f64::max);
    let (mean, size) = (mean(&counts), counts.len());
    reading([mean, most / median(counts)], size)
}

/// J6: share of attacks among all requests.
pub(super) fn attack_share(log: &Log) -> Reading {
    let count = hostile(log).count();
    if count == 0 {
        return missing(NO_ATTACK);
    }
    let all = log.requests().len();
    reading([count as f64 / all as f64], all)
}

/// L1: dollars that the dearest campaign of key calls costs on its dearest day, at list prices.
pub(super) fn cost(log: &Log) -> Reading {
    let mut days: FxHashMap<(Option<u32>, EventTime), f64> = FxHashMap::default();
    for call in log.observed.calls.iter().filter(|call| call.status == 200) {
        let (sent, answered) = DOLLARS_PER_MILLION;
        let dollars = call.bytes.0 as f64 * sent + call.bytes.1 as f64 * answered;
        let day = call.time.bin(TimeSpan::from_days(1));
        *days.entry((call.truth.campaign, day)).or_default() += dollars / BYTES_PER_TOKEN / 1e6;
    }
    match days.values().copied().max_by(f64::total_cmp) {
        Some(dollars) => reading([dollars], days.len()),
        None => missing("the log holds no service call that is labelled as an attack"),
    }
}

/// L3: most key calls a second, over ten seconds.
pub(super) fn peak_rate(log: &Log) -> Reading {
    let mut windows: FxHashMap<(Option<u32>, EventTime), f64> = FxHashMap::default();
    for call in &log.observed.calls {
        let window = call.time.bin(TimeSpan::from_seconds(10));
        *windows.entry((call.truth.campaign, window)).or_default() += 1.0;
    }
    let most = windows.values().copied().max_by(f64::total_cmp);
    match most {
        Some(most) => reading([most / 10.0], log.observed.calls.len()),
        None => missing("the log holds no service call that is labelled as an attack"),
    }
}

/// Median CV of the gaps of campaigns with more than fifty requests.
pub(super) fn timer(log: &Log) -> (f64, usize) {
    let mut campaigns: FxHashMap<Option<u32>, Vec<EventTime>> = FxHashMap::default();
    for request in hostile(log) {
        let times = campaigns.entry(request.truth.campaign).or_default();
        times.push(request.time);
    }
    let long = campaigns.values().filter(|times| times.len() > 50);
    let spreads: Vec<f64> = long.map(|times| variation(&gaps(times))).collect();
    let least = campaigns
        .values()
        .map(Vec::len)
        .filter(|size| *size > 50)
        .min();
    (median(spreads), least.unwrap_or(0))
}
