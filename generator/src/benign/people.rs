//! A person's day: sign-ins, sessions of requests, token refreshes, logons.
//!
//! A local day is planned as a whole from its own key; a UTC day takes from the one or two local
//! days that overlap it what starts in it. Sessions may then run on past midnight.

use livefire_schema::time::{EventTime, TimeSpan};

use super::calls::Call;
use super::draw::{poisson, whole};
use super::weather::minute_of;
use super::{Benign, Day};
use crate::event::{AccountRef, Action, Address, ApplicationRef, Detail, Event, Outcome};
use crate::random::Key;
use crate::world::Account;
use crate::world::MEAN_TURNS;

/// Longest session; later turns are dropped.
pub(crate) const SESSION_CUT_SECONDS: i64 = 4 * 3600;
/// Longest pause inside a session (S5).
const THINK_CUT_SECONDS: f64 = 1800.0;
/// Part of a code assistant's turns that follow the last within milliseconds (A3).
const BURST_SHARE: f64 = 0.78;
/// Part of a code assistant's other turns that wait for the busiest of the next minutes, and how
/// many these are (A5).
const CROWDED_SHARE: f64 = 0.9;
const CROWD_MINUTES: i64 = 6;
/// How far meetings that end on the half hour pull requests together, seconds (A5).
const MEETING_PULL_SECONDS: f64 = 60.0;
/// Days between two snapshots of an account in `IdentityInfo`.
const SNAPSHOT_DAYS: i64 = 7;

/// One person on one local day.
struct PersonDay<'a> {
    account: AccountRef,
    who: &'a Account,
    /// Key of the account over all days.
    key: Key,
    /// Key of the day.
    today: Key,
    local_day: i64,
    works: bool,
    active: bool,
    /// Addresses of the day's parts, as far as asked for.
    places: [Option<Address>; 5],
}

/// Kinds of random places below a person's day.
mod purpose {
    pub(super) const ACTIVE: u64 = 1;
    pub(super) const SESSIONS: u64 = 2;
    pub(super) const SIGN_INS: u64 = 3;
    pub(super) const REFRESHES: u64 = 4;
    pub(super) const LOGONS: u64 = 5;
    pub(super) const SAVED: u64 = 6;
    pub(super) const CHRONOTYPE: u64 = 7;
    pub(super) const STARTER: u64 = 8;
    pub(super) const SNAPSHOT: u64 = 9;
}

impl Benign<'_> {
    /// Appends what one person does in a UTC day.
    pub(crate) fn person(&self, account: AccountRef, day: &Day, out: &mut Vec<Event>) {
        let who = self.world.account(account);
        let key = self.people.index(u64::from(account.0));
        let first = self.world.local(account, day.start).day;
        let last = self
            .world
            .local(account, day.end - TimeSpan::from_ticks(1))
            .day;
        let before = out.len();
        for local_day in first..=last {
            let today = key.index(u64::from_ne_bytes(local_day.to_ne_bytes()));
            let works = self.world.works_on(account, local_day);
            let profile = &self.world.profile;
            let share = if works { 1.0 } else { profile.weekend_share };
            let mut person = PersonDay {
                account,
                who,
                key,
                today,
                local_day,
                works,
                active: today
                    .index(purpose::ACTIVE)
                    .chance(profile.active_share * share),
                places: [None; 5],
            };
            self.sessions_and_sign_ins(&mut person, day, out);
            self.refreshes(&mut person, day, out);
            self.logons(&mut person, day, out);
        }
        self.directory_events(account, who, key, day, out);
        if !who.in_directory {
            // A starter does nothing before the account exists.
            let mut index = before;
            while index < out.len() {
                if out[index].at < who.created {
                    out.swap_remove(index);
                } else {
                    index += 1;
                }
            }
        }
    }

    fn sessions_and_sign_ins(&self, person: &mut PersonDay, day: &Day, out: &mut Vec<Event>) {
        let sign_ins = self.sign_in_count(person);
        let sessions = if person.active {
            let more = (person.who.rate / MEAN_TURNS - 1.0).max(0.0);
            1 + poisson(more, person.today.index(purpose::SESSIONS))
        } else {
            0
        };
        for number in 0..sessions.max(sign_ins) {
            let key = person.today.index(purpose::SESSIONS).index(0x1000 + number);
            let start = self.start_of(person, key);
            if number < sign_ins {
                let key = person.today.index(purpose::SIGN_INS).index(0x1000 + number);
                let lead = TimeSpan::from_seconds_f64(5.0 + 120.0 * key.index(1).uniform());
                let at = start - lead;
                if day.contains(at) {
                    self.sign_in(person, key, at, out);
                }
            }
            if number < sessions && day.contains(start) {
                self.session(person, key, start, out);
            }
        }
    }

    fn sign_in_count(&self, person: &PersonDay) -> u64 {
        let mean = self.world.profile.sign_ins_per_day;
        let mean = match (person.active, person.works) {
            (true, _) => mean,
            (false, true) => 0.3 * mean,
            (false, false) => 0.05 * mean,
        };
        poisson(mean, person.today.index(purpose::SIGN_INS))
    }

    /// A time of day in the person's own rhythm.
    fn start_of(&self, person: &PersonDay, key: Key) -> EventTime {
        let shape = if person.works {
            &self.workday
        } else {
            &self.weekend
        };
        let rhythm = 2400.0 * (person.key.index(purpose::CHRONOTYPE).uniform() - 0.5);
        let second = (shape.second(key.index(2).uniform()) + rhythm).max(0.0);
        let half_hour = libm::sin(second * std::f64::consts::TAU / 1800.0);
        let shift = if person.who.night { 43_200.0 } else { 0.0 };
        let second = (second + shift - MEETING_PULL_SECONDS * half_hour).max(0.0);
        self.world.instant(person.account, person.local_day, second)
    }

    fn place(&self, person: &mut PersonDay, at: EventTime) -> Address {
        let local = self.world.local(person.account, at);
        if local.day != person.local_day {
            return self.world.usual_address(person.account, at);
        }
        let slot = usize::try_from(self.world.part_of_day(person.who, local)).unwrap_or(0);
        *person.places[slot].get_or_insert_with(|| self.world.address_of(person.account, local))
    }

    /// One conversation: 65 % single turn, else 2 + ⌊log-normal⌋ (S4), with think times (S5).
    fn session(&self, person: &mut PersonDay, key: Key, start: EventTime, out: &mut Vec<Event>) {
        let profile = &self.world.profile;
        let address = self.place(person, start);
        let application = self.world.usual_application(person.who, key);
        let turns = turns(key.index(3), profile.single_turn);
        let entry = self.world.application(application);
        let set = pick_set(&entry.prompt_sets, key.index(4));
        let deployment = self.world.usual_deployment(application, key);
        let cut = start + TimeSpan::from_seconds(SESSION_CUT_SECONDS);
        let session = key.index(0x50);
        let mut at = start;
        for turn in 0..turns {
            let key = key.index(0x100 + turn);
            if turn > 0 {
                at = at + self.pause(entry.code, key);
            }
            if entry.code {
                at = self.crowded(application, at, key);
            }
            if at >= cut {
                break;
            }
            let call = Call {
                key,
                at,
                account: person.account,
                address,
                application,
                deployment,
                set,
                author: Some(person.key.index(purpose::SAVED)),
                session,
            };
            let (last, _) = self.calls.make(self.world, &call, out);
            at = last;
        }
    }

    /// The pause before a turn; a code assistant's requests come in bursts of milliseconds (A3).
    fn pause(&self, code: bool, key: Key) -> TimeSpan {
        let profile = &self.world.profile;
        if code {
            if key.index(0x40).chance(BURST_SHARE) {
                return TimeSpan::from_seconds_f64(0.0005 + key.index(0x41).exponential(0.004));
            }
            return TimeSpan::from_seconds_f64(key.index(0x42).lognormal(20.0, 1.2).min(600.0));
        }
        let seconds = key
            .index(0x42)
            .lognormal(profile.think_median, profile.think_sigma);
        TimeSpan::from_seconds_f64(seconds.min(THINK_CUT_SECONDS))
    }

    /// Moves a code assistant's request to a busier minute: editors and builds of one application
    /// run in step, so its load varies far more than a Poisson stream's (A4, A5).
    fn crowded(&self, application: ApplicationRef, at: EventTime, key: Key) -> EventTime {
        if key.index(0x40).chance(BURST_SHARE) {
            return at;
        }
        if !key.index(0x43).chance(CROWDED_SHARE) {
            return at;
        }
        let stream = self.crowds.index(u64::from(application.0));
        let now = minute_of(at);
        let ahead = now..now + CROWD_MINUTES;
        let draw = |minute: i64| {
            stream
                .index(u64::from_ne_bytes(minute.to_ne_bytes()))
                .bits()
        };
        match ahead.max_by_key(|minute| draw(*minute)) {
            Some(minute) if minute > now => {
                let start =
                    at.bin(TimeSpan::from_minutes(1)) + TimeSpan::from_minutes(minute - now);
                start + TimeSpan::from_seconds_f64(60.0 * key.index(0x44).uniform())
            }
            _ => at,
        }
    }

    /// A sign-in: perhaps a failed run first, then success, with interrupts on the way (I3).
    fn sign_in(&self, person: &mut PersonDay, key: Key, start: EventTime, out: &mut Vec<Event>) {
        let application = self.world.usual_application(person.who, key);
        let address = self.place(person, start);
        let mut at = start;
        let mut step = 0;
        let mut push = |outcome: Outcome, at: EventTime, session: Key, step: u64| {
            let event = plain(
                key.index(0x100 + step),
                at,
                Action::SignIn,
                person.account,
                address,
            );
            out.push(Event {
                outcome,
                application: Some(application),
                session,
                ..event
            });
        };
        let mut gave_up = false;
        if key.index(5).chance(self.world.profile.sign_in_failure) {
            let tries = failed_tries(key.index(6));
            for attempt in 0..tries {
                let outcome = failure_of(key.index(7).index(attempt), attempt);
                push(outcome, at, key.index(0x200 + step), step);
                step += 1;
                let gap = key.index(8).index(attempt).lognormal(14.0, 0.7).min(300.0);
                at = at + TimeSpan::from_seconds_f64(gap);
            }
            gave_up = key.index(9).chance(0.1);
        }
        if gave_up {
            return;
        }
        // The steps of one sign-in share a correlation id, which the session stands for.
        let chain = key.index(0x2ff);
        if key.index(10).chance(0.5) {
            push(Outcome::MfaNeeded, at, chain, step);
            step += 1;
            at = at + TimeSpan::from_seconds_f64(4.0 + key.index(11).lognormal(9.0, 0.5));
        }
        if key.index(12).chance(0.08) {
            push(Outcome::Kmsi, at, chain, step);
            step += 1;
            at = at + TimeSpan::from_seconds_f64(2.0 + 6.0 * key.index(13).uniform());
        }
        push(Outcome::Ok, at, chain, step);
    }

    fn refreshes(&self, person: &mut PersonDay, day: &Day, out: &mut Vec<Event>) {
        let mean = self.world.profile.token_refreshes_per_day;
        let mean = match (person.active, person.works) {
            (true, _) => mean,
            (false, true) => 0.5 * mean,
            (false, false) => 0.3 * mean,
        };
        let key = person.today.index(purpose::REFRESHES);
        for number in 0..poisson(mean, key) {
            let key = key.index(0x1000 + number);
            // Devices stay on when their people rest.
            let at = if key.index(1).chance(0.35) {
                let second = 6.5 * 3600.0 + 16.5 * 3600.0 * key.index(2).uniform();
                self.world.instant(person.account, person.local_day, second)
            } else {
                self.start_of(person, key)
            };
            if !day.contains(at) {
                continue;
            }
            let address = self.place(person, at);
            let event = plain(key, at, Action::TokenRefresh, person.account, address);
            out.push(Event {
                outcome: Outcome::Ok,
                application: Some(self.world.usual_application(person.who, key)),
                ..event
            });
        }
    }

    fn logons(&self, person: &mut PersonDay, day: &Day, out: &mut Vec<Event>) {
        let mean = if person.active { 1.5 } else { 0.2 };
        let key = person.today.index(purpose::LOGONS);
        for number in 0..poisson(mean, key) {
            let key = key.index(0x1000 + number);
            let at = self.start_of(person, key);
            if !day.contains(at) {
                continue;
            }
            let address = self.place(person, at);
            let failed = key.index(3).chance(0.02);
            out.push(Event {
                outcome: if failed {
                    Outcome::BadPassword
                } else {
                    Outcome::Ok
                },
                ..plain(key, at, Action::Logon, person.account, address)
            });
        }
    }

    /// What the directory writes about a person: snapshots, and a starter's first steps.
    fn directory_events(
        &self,
        account: AccountRef,
        who: &Account,
        key: Key,
        day: &Day,
        out: &mut Vec<Event>,
    ) {
        if who.in_directory {
            if day.index.rem_euclid(SNAPSHOT_DAYS) == 0 && day.index >= 0 {
                let key = key.index(purpose::SNAPSHOT).index(day.index.unsigned_abs());
                let start = day.start.max(self.world.calendar.start);
                let at = start + TimeSpan::from_seconds_f64(3600.0 * key.uniform());
                let event = plain(key, at, Action::Row, account, who.carrier);
                out.push(Event {
                    detail: Some(Box::new(Detail {
                        row: Some("IdentityInfo".to_owned()),
                        ..Detail::default()
                    })),
                    ..event
                });
            }
            return;
        }
        let key = key.index(purpose::STARTER);
        let later = TimeSpan::from_seconds_f64(600.0 + 3.0 * 3600.0 * key.index(2).uniform());
        let steps = [
            (Outcome::AccountCreated, who.created),
            (Outcome::MfaRegistered, who.created + later),
        ];
        for (number, (outcome, at)) in (0u64..).zip(steps) {
            if day.contains(at) {
                let address = self.world.usual_address(account, at);
                out.push(Event {
                    outcome,
                    ..plain(
                        key.index(0x10 + number),
                        at,
                        Action::Change,
                        account,
                        address,
                    )
                });
            }
        }
    }
}

/// An event with nothing but who, where and when; its session is its own.
pub(crate) fn plain(
    key: Key,
    at: EventTime,
    action: Action,
    account: AccountRef,
    address: Address,
) -> Event {
    Event {
        id: key,
        at,
        action,
        outcome: Outcome::None,
        account: Some(account),
        address,
        application: None,
        deployment: None,
        resource: None,
        prompt: None,
        session: key.index(0x2a),
        origin: None,
        detail: None,
    }
}

/// Turns of a conversation (S4).
pub(crate) fn turns(key: Key, single: f64) -> u64 {
    if key.chance(single) {
        return 1;
    }
    2 + whole(libm::exp(0.65 + 1.2 * key.index(1).normal()))
}

fn pick_set(sets: &[u16], key: Key) -> u16 {
    let at = usize::try_from(key.below(sets.len() as u64)).unwrap_or(0);
    sets.get(at).copied().unwrap_or(0)
}

/// Failed tries of a run: 60 % one, 25 % two, the rest up to five.
fn failed_tries(key: Key) -> u64 {
    match key.uniform() {
        u if u < 0.60 => 1,
        u if u < 0.85 => 2,
        u if u < 0.95 => 3,
        u if u < 0.98 => 4,
        _ => 5,
    }
}

fn failure_of(key: Key, attempt: u64) -> Outcome {
    match key.uniform() {
        _ if attempt >= 4 => Outcome::Locked,
        u if u < 0.78 => Outcome::BadPassword,
        u if u < 0.88 => Outcome::MfaDenied,
        u if u < 0.93 => Outcome::Expired,
        u if u < 0.97 => Outcome::UnknownUser,
        _ => Outcome::Blocked,
    }
}
