//! Sign-ins and addresses of ordinary people: I3 to I5, and the spray's shape, I6.

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::log::Log;
use super::observe::{SignIn, SignInResult};
use super::statistics::quantiles;
use super::{Reading, missing, reading};

const DAY: TimeSpan = TimeSpan::from_days(1);
const WEEK: TimeSpan = TimeSpan::from_days(7);

/// I3: share of real failures, and of failure runs that are one or two tries long.
pub(super) fn failures(log: &Log) -> Reading {
    let (mut all, mut failed) = (0_usize, 0.0);
    let mut open: FxHashMap<u32, u64> = FxHashMap::default();
    let (mut runs, mut short) = (0.0, 0.0);
    let mut close = |run: u64| {
        runs += f64::from(u8::from(run > 0));
        short += f64::from(u8::from(run == 1 || run == 2));
    };
    for step in &log.observed.sign_ins {
        let run = open.entry(step.principal).or_default();
        match step.result {
            SignInResult::Interrupt => continue,
            SignInResult::Failure => {
                failed += 1.0;
                *run += 1;
            }
            SignInResult::Success => close(std::mem::take(run)),
        }
        all += 1;
    }
    open.into_values().for_each(&mut close);
    reading([failed / all as f64, short / runs], all)
}

/// Address, country and time of everything that people did.
fn presence<'a>(log: &'a Log) -> impl Iterator<Item = (u32, u64, u32, EventTime)> + 'a {
    let people = &log.observed.principals;
    let requests = log.requests().iter();
    let requests = requests.map(|one| (one.principal, one.address, one.country, one.time));
    let sign_ins = log.observed.sign_ins.iter();
    let sign_ins = sign_ins.map(|one| (one.principal, one.address, one.country, one.time));
    requests
        .chain(sign_ins)
        .filter(|(principal, address, ..)| !people[*principal as usize].service && *address != 0)
}

/// I4: most users behind one address on a day, and the share of addresses with one user.
pub(super) fn users_per_address(log: &Log) -> Reading {
    let mut days: FxHashMap<(u64, EventTime), FxHashSet<u32>> = FxHashMap::default();
    for (principal, address, _, time) in presence(log) {
        days.entry((address, time.bin(DAY)))
            .or_default()
            .insert(principal);
    }
    let most = days.values().map(FxHashSet::len).max().unwrap_or(0);
    let alone = days.values().filter(|users| users.len() == 1).count();
    reading([most as f64, alone as f64 / days.len() as f64], days.len())
}

/// I5: 90th percentile of new addresses per user and week after the first one, and the share of
/// these weeks with a new country.
pub(super) fn new_places(log: &Log) -> Reading {
    let mut all: Vec<_> = presence(log).collect();
    all.sort_by_key(|one| one.3);
    let Some(start) = all.first().map(|one| one.3) else {
        return reading([f64::NAN; 2], 0);
    };
    let mut known: FxHashSet<(u32, u64)> = FxHashSet::default();
    let mut countries: FxHashSet<(u32, u32)> = FxHashSet::default();
    let mut weeks: FxHashMap<(u32, i64), (f64, bool)> = FxHashMap::default();
    for (principal, address, country, time) in all {
        let week = (time - start).ticks() / WEEK.ticks();
        let is_new = known.insert((principal, address));
        let is_abroad = country != 0 && countries.insert((principal, country));
        if week > 0 {
            let entry = weeks.entry((principal, week)).or_default();
            entry.0 += f64::from(u8::from(is_new));
            entry.1 |= is_abroad;
        }
    }
    let abroad = weeks.values().filter(|(_, abroad)| *abroad).count();
    let share = abroad as f64 / weeks.len() as f64;
    let addresses: Vec<f64> = weeks.values().map(|(new, _)| *new).collect();
    let count = addresses.len();
    let [most] = quantiles(addresses, [0.9]);
    reading([most, share], count)
}

/// Sign-in tries of attackers.
fn tries<'a>(log: &'a Log) -> impl Iterator<Item = &'a SignIn> {
    let sign_ins = log.observed.sign_ins.iter();
    sign_ins.filter(|step| step.truth.hostile && step.result == SignInResult::Failure)
}

/// I6: share of (campaign, account, day) with exactly one try, and addresses used.
pub(super) fn spray(log: &Log) -> Reading {
    let mut days: FxHashMap<(Option<u32>, u32, i64), u64> = FxHashMap::default();
    let mut addresses: FxHashSet<u64> = FxHashSet::default();
    for step in tries(log) {
        let local = log.clock_of(step.principal).local(step.time);
        let day = (step.truth.campaign, step.principal, local.day);
        *days.entry(day).or_default() += 1;
        addresses.insert(step.address);
    }
    if days.is_empty() {
        return missing("the log holds no sign-in that is labelled as an attack");
    }
    let once = days.values().filter(|tries| **tries == 1).count();
    let share = once as f64 / days.len() as f64;
    reading([share, addresses.len() as f64], days.len())
}

/// L6: median tries per address of a rotating attacker.
pub(super) fn rotation(log: &Log) -> Reading {
    let mut addresses: FxHashMap<(Option<u32>, u64), f64> = FxHashMap::default();
    for step in tries(log) {
        let address = (step.truth.campaign, step.address);
        *addresses.entry(address).or_default() += 1.0;
    }
    if addresses.is_empty() {
        return missing("the log holds no sign-in that is labelled as an attack");
    }
    let count = addresses.len();
    let tries: Vec<f64> = addresses.into_values().collect();
    reading(quantiles(tries, [0.5]), count)
}
