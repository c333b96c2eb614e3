//! The state of R4: sightings by user and address, and alerts that wait for their class.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::tz::TimeZone;
use livefire_schema::alert::Severity;
use livefire_schema::ids::EventId;
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::habit::{Habit, local_hour};
use super::networks::Networks;
use super::{FAIL, REQUEST};
use crate::context::Context;
use crate::parameters::Parameters;
use crate::primitives::{Baseline, Seen};
use crate::record::Record;
use crate::rules::Rule;
use crate::rules::accounts::Aliases;

mod countries;
mod describe;

use countries::{Countries, Country, network_of};

/// Prompt samples kept per user, and printed.
const SAMPLES: usize = 8;
/// How often old state is looked for.
const SWEEP: TimeSpan = TimeSpan::from_hours(6);

/// All users and addresses of one world.
#[derive(Debug)]
pub(super) struct State {
    baseline: Baseline,
    fires_without_baseline: bool,
    severity: Severity,
    fail_within: TimeSpan,
    shared_by: usize,
    rare_hour: f64,
    day: (u64, u64),
    site: TimeZone,
    /// Zones of the identities, by name.
    zones: FxHashMap<String, TimeZone>,
    pairs: FxHashMap<(u64, u64), Pair>,
    users: FxHashMap<u64, User>,
    networks: Networks,
    countries: Countries,
    aliases: Aliases,
    /// Alerts by time.
    pending: VecDeque<Pending>,
    /// The last request, to recognise its copies.
    last: (EventTime, EventId),
    next_sweep: EventTime,
}

/// One address of one user.
#[derive(Clone, Copy, Debug)]
struct Pair {
    seen: Seen,
    alerted: EventTime,
    country: Country,
}

#[derive(Debug, Default)]
struct User {
    any: Seen,
    countries: SmallVec<[(Country, Seen); 1]>,
    habit: Habit,
    fail_times: VecDeque<EventTime>,
    fail_samples: VecDeque<(EventTime, Box<str>)>,
    /// Alerts of the user that still collect failed requests.
    pending: u32,
}

/// An alert that waits for its class.
#[derive(Debug)]
struct Pending {
    user: u64,
    /// The triggering row and its copies.
    rows: Vec<Record>,
    had_baseline: bool,
    is_after_hours: bool,
    is_new_country: bool,
    country: Country,
    known_countries: Vec<Country>,
    others: usize,
    fails: u32,
    samples: Vec<Box<str>>,
}

impl State {
    pub(super) fn new(parameters: &Parameters, reference: &Arc<Reference>) -> Self {
        let shared_by = usize::try_from(parameters.count("shared_by")).unwrap_or(usize::MAX);
        let site = parameters.texts("time_zone").first();
        let mut zones = FxHashMap::default();
        for identity in &reference.identities {
            let name = &identity.time_zone;
            if !name.is_empty()
                && !zones.contains_key(name)
                && let Ok(zone) = TimeZone::get(name)
            {
                zones.insert(name.clone(), zone);
            }
        }
        State {
            baseline: Baseline {
                lookback: parameters.span("lookback"),
                gap: parameters.span("exclude"),
            },
            fires_without_baseline: parameters.word("without_baseline") == "fire",
            severity: parameters.severity(),
            fail_within: parameters.span("fail_within"),
            shared_by,
            rare_hour: parameters.ratio("rare_hour"),
            day: (parameters.count("day_from"), parameters.count("day_to")),
            site: site
                .and_then(|name| TimeZone::get(name).ok())
                .unwrap_or(TimeZone::UTC),
            zones,
            pairs: FxHashMap::default(),
            users: FxHashMap::default(),
            networks: Networks::new(shared_by),
            countries: Countries::default(),
            aliases: Aliases::default(),
            pending: VecDeque::new(),
            last: (EventTime::MIN, EventId::default()),
            next_sweep: EventTime::MIN,
        }
    }
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        if record.kind == REQUEST {
            self.request(record, text, context);
        } else {
            self.aliases.learn(record.other, record.key, record.time);
            self.see(self.aliases.resolve(record.key), record, text, context);
        }
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        while let Some(pending) = self.pending.front()
            && pending.time() + self.fail_within < watermark
        {
            let pending = self.pending.pop_front().expect("the front was there");
            if let Some(user) = self.users.get_mut(&pending.user) {
                user.pending = user.pending.saturating_sub(1);
            }
            let draft = self.describe(&pending, context);
            context.raise(draft);
        }
        if watermark >= self.next_sweep {
            self.next_sweep = watermark + SWEEP;
            self.sweep(watermark);
        }
    }
}

impl State {
    fn request(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        let user = self.aliases.resolve(record.key);
        let event = (record.time, record.event);
        if event == self.last {
            self.copy(user, record);
            return;
        }
        self.last = event;
        if record.flags & FAIL != 0 {
            self.fail(user, record.time, text);
        }
        if self.is_new(user, record) {
            self.fire(user, record, context);
        }
        self.see(user, record, "", context);
        let lookback = self.baseline.lookback;
        self.users
            .entry(user)
            .or_default()
            .habit
            .add(record.time, lookback);
    }

    /// A row delivered twice is evidence once more, and nothing else.
    fn copy(&mut self, user: u64, record: &Record) {
        let same = self
            .pending
            .iter_mut()
            .rev()
            .take_while(|p| p.time() == record.time);
        for pending in same.filter(|p| p.user == user && p.rows[0].event == record.event) {
            pending.rows.push(*record);
        }
    }

    /// Notes a sighting of a user at an address.
    fn see(&mut self, user: u64, record: &Record, location: &str, context: &Context<'_>) {
        let (time, baseline) = (record.time, self.baseline);
        let pair = self
            .pairs
            .entry((user, record.value))
            .or_insert_with(|| Pair {
                seen: Seen::default(),
                alerted: EventTime::MIN,
                country: self.countries.of(record.value, context.reference),
            });
        if pair.country == Country::UNKNOWN && !location.is_empty() {
            pair.country = self.countries.named(location);
        }
        pair.seen.add(time, baseline);
        let country = pair.country;
        let known = self.users.entry(user).or_default();
        known.any.add(time, baseline);
        if country != Country::UNKNOWN {
            match known
                .countries
                .iter_mut()
                .find(|(known, _)| *known == country)
            {
                Some((_, seen)) => seen.add(time, baseline),
                None => {
                    let mut seen = Seen::default();
                    seen.add(time, baseline);
                    known.countries.push((country, seen));
                }
            }
        }
        self.networks
            .add(network_of(record.value).key(), user, time);
    }

    fn fail(&mut self, user: u64, time: EventTime, sample: &str) {
        let known = self.users.entry(user).or_default();
        let oldest = time - self.fail_within;
        known.fail_times.push_back(time);
        while known
            .fail_times
            .front()
            .is_some_and(|first| *first < oldest)
        {
            known.fail_times.pop_front();
        }
        while known
            .fail_samples
            .front()
            .is_some_and(|(first, _)| *first < oldest)
        {
            known.fail_samples.pop_front();
        }
        if !sample.is_empty() {
            if known.fail_samples.len() >= SAMPLES {
                known.fail_samples.pop_front();
            }
            known.fail_samples.push_back((time, sample.into()));
        }
        if known.pending == 0 {
            return;
        }
        let near = |pending: &&mut Pending| {
            pending.user == user && time - pending.time() <= self.fail_within
        };
        for pending in self.pending.iter_mut().filter(near) {
            pending.fails += 1;
            pending.sample(sample);
        }
    }

    /// Whether the request's address is outside the baseline and has not alerted yet.
    fn is_new(&mut self, user: u64, record: &Record) -> bool {
        let (time, baseline) = (record.time, self.baseline);
        if let Some(pair) = self.pairs.get_mut(&(user, record.value)) {
            // The alert's own request is in the baseline once the gap has passed.
            let is_alerted = pair.alerted != EventTime::MIN && time - pair.alerted < baseline.gap;
            if is_alerted || pair.seen.contains(time, baseline) {
                return false;
            }
        }
        let known = self.users.get_mut(&user);
        let has_baseline = known.is_some_and(|user| user.any.contains(time, baseline));
        has_baseline || self.fires_without_baseline
    }

    fn fire(&mut self, user: u64, record: &Record, context: &mut Context<'_>) {
        let (time, baseline) = (record.time, self.baseline);
        let geography = self.countries.of(record.value, context.reference);
        let fresh = Pair {
            seen: Seen::default(),
            alerted: time,
            country: geography,
        };
        let pair = self.pairs.entry((user, record.value)).or_insert(fresh);
        pair.alerted = time;
        let country = pair.country;
        let zone = self.zone(user, context.reference).clone();
        let known = self.users.entry(user).or_default();
        let share = known.habit.share(time, baseline.lookback, &zone);
        let hour = u64::try_from(local_hour(time, &zone)).unwrap_or(0);
        let is_day = self.day.0 <= hour && hour < self.day.1;
        let mut known_countries = Vec::new();
        for (country, seen) in &mut known.countries {
            if seen.contains(time, baseline) {
                known_countries.push(*country);
            }
        }
        let oldest = time - self.fail_within;
        let fails = known
            .fail_times
            .iter()
            .filter(|fail| **fail >= oldest)
            .count();
        let samples = known
            .fail_samples
            .iter()
            .filter(|(fail, _)| *fail >= oldest);
        let network = network_of(record.value).key();
        let pending = Pending {
            user,
            rows: vec![*record],
            had_baseline: known.any.contains(time, baseline),
            is_after_hours: !is_day && share.is_some_and(|share| share < self.rare_hour),
            is_new_country: country != Country::UNKNOWN
                && !known_countries.is_empty()
                && !known_countries.contains(&country),
            country,
            known_countries,
            others: self
                .networks
                .others(network, user, time - baseline.lookback),
            fails: u32::try_from(fails).unwrap_or(u32::MAX),
            samples: samples.map(|(_, sample)| sample.clone()).collect(),
        };
        known.pending += 1;
        self.pending.push_back(pending);
        context.level(record, user, 1, 1);
    }

    fn zone(&self, user: u64, reference: &Reference) -> &TimeZone {
        let identity = u32::try_from(user)
            .ok()
            .and_then(|index| reference.identity(index));
        let own = identity.and_then(|identity| self.zones.get(&identity.time_zone));
        own.unwrap_or(&self.site)
    }

    /// Users with their addresses, users, networks.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        (self.pairs.len(), self.users.len(), self.networks.len())
    }

    fn sweep(&mut self, watermark: EventTime) {
        let baseline = self.baseline;
        self.pairs
            .retain(|_, pair| !pair.seen.is_over(watermark, baseline));
        self.users.retain(|_, user| {
            user.countries
                .retain(|(_, seen)| !seen.is_over(watermark, baseline));
            user.pending > 0 || !user.any.is_over(watermark, baseline)
        });
        self.networks.advance(watermark - baseline.lookback);
        self.aliases.advance(watermark, baseline.lookback);
    }
}

impl Pending {
    fn time(&self) -> EventTime {
        self.rows[0].time
    }

    fn sample(&mut self, text: &str) {
        let is_known = self.samples.iter().any(|known| **known == *text);
        if !text.is_empty() && !is_known && self.samples.len() < SAMPLES {
            self.samples.push(text.into());
        }
    }
}
