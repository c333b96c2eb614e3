//! Service callers: flat over the day, each with its own bursts, and its hourly token.
//!
//! Arrivals are a renewal process with Gamma gaps whose coefficient of variation is drawn anew per
//! ten-minute window (CALIBRATION A6, A7). After a failed call a caller waits for the next minute,
//! as `retry-after` asks.

use livefire_schema::time::{EventTime, TICKS_PER_SECOND, TimeSpan};

use super::calls::Call;
use super::draw::gamma;
use super::people::{plain, turns};
use super::{Benign, Day};
use crate::event::{AccountRef, Action, Event, Outcome};
use crate::random::Key;

const WINDOW_SECONDS: i64 = 600;
const DAY_SECONDS: f64 = 86_400.0;
/// A caller's calls in one day end here: a limit against absurd profiles.
const MOST_CALLS_A_DAY: u64 = 4_000_000;

impl Benign<'_> {
    /// Appends what one service caller does in a UTC day.
    pub(crate) fn service(&self, account: AccountRef, day: &Day, out: &mut Vec<Event>) {
        let who = self.world.account(account);
        let key = self.services.index(u64::from(account.0));
        let today = key.index(u64::from_ne_bytes(day.number.to_ne_bytes()));
        let Some((application, address)) = who.applications.first().zip(who.homes.first()) else {
            return;
        };
        let test = self.world.application(*application).test;
        let set = if test { self.load_test } else { self.batch_job };
        let mean = DAY_SECONDS / who.rate.max(1e-6);
        let mut at = day.start + seconds(mean * today.index(1).exponential(1.0));
        let mut session = today.index(2);
        let mut left = 0;
        for number in 0..MOST_CALLS_A_DAY {
            if at >= day.end {
                break;
            }
            let key = today.index(0x100 + number);
            if left == 0 {
                session = key.index(0x10);
                left = turns(session, self.world.profile.single_turn);
            }
            left -= 1;
            let call = Call {
                key,
                at,
                account,
                address: *address,
                application: *application,
                deployment: self.world.usual_deployment(*application, session),
                set,
                author: None,
                session,
            };
            let (last, failed) = self.calls.make(self.world, &call, out);
            at = last + seconds(self.gap(today, key, last, mean));
            if failed {
                at = at.max(next_minute(last) + seconds(key.index(0x11).exponential(4.0)));
            }
        }
        self.service_sign_ins(account, today, day, out);
    }

    /// The wait before the next call.
    fn gap(&self, today: Key, key: Key, at: EventTime, mean: f64) -> f64 {
        let window = at.ticks().div_euclid(WINDOW_SECONDS * TICKS_PER_SECOND);
        let window = today.index(u64::from_ne_bytes(window.to_ne_bytes()));
        let spread = window.normal();
        let variation = 1.25 * libm::exp(if spread > 0.0 { 1.2 } else { 0.4 } * spread);
        // Callers of a few requests a window have no bursts worth the name.
        let busy = (600.0 / mean / 20.0).min(1.0);
        let variation = (1.0 + (variation - 1.0) * busy).clamp(0.3, 9.0);
        gamma(mean, 1.0 / (variation * variation), key.index(0x12))
    }

    /// A workload identity renews its token every hour.
    fn service_sign_ins(&self, account: AccountRef, today: Key, day: &Day, out: &mut Vec<Event>) {
        let who = self.world.account(account);
        let Some(address) = who.homes.first() else {
            return;
        };
        let phase = self.services.index(u64::from(account.0)).index(3).uniform();
        for hour in 0..24u64 {
            let key = today.index(4).index(hour);
            let minutes = 60.0 * phase + 0.5 * key.index(1).uniform();
            let at = day.start + TimeSpan::from_hours(i64::try_from(hour).unwrap_or(0));
            let event = plain(
                key,
                at + seconds(60.0 * minutes),
                Action::ServiceSignIn,
                account,
                *address,
            );
            out.push(Event {
                outcome: Outcome::Ok,
                application: who.applications.first().copied(),
                ..event
            });
        }
    }
}

fn seconds(value: f64) -> TimeSpan {
    TimeSpan::from_seconds_f64(value)
}

fn next_minute(at: EventTime) -> EventTime {
    at.bin(TimeSpan::from_minutes(1)) + TimeSpan::from_minutes(1)
}
