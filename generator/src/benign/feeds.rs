//! What nobody in particular does: threat intelligence, posture findings, administration.
//!
//! Indicators list addresses that no account uses, except a few stale ones on shared exits, as real
//! feeds have them: they never match a rule that reads validity and confidence.

use livefire_schema::time::TimeSpan;

use super::draw::poisson;
use super::people::plain;
use super::{Benign, Day};
use crate::event::{
    AccountRef, Action, Address, ApplicationRef, DeploymentRef, Detail, Event, Outcome, ResourceRef,
};
use crate::random::Key;
use crate::world::addresses::Use;
use crate::world::systems::BENIGN_SPARES;
use crate::world::{AddressRole, CountryRule, Family};

/// Indicators that one actor publishes.
pub(crate) const INDICATORS_PER_ACTOR: u32 = 500;
/// Share of indicators that list an address of the population's shared exits.
const STALE_SHARED: f64 = 0.001;

/// What an indicator is over its life.
enum Life {
    Active {
        confidence: u8,
    },
    Expired,
    /// Revoked by its publisher this many days after the log's start.
    Revoked {
        after: i64,
    },
    /// No longer active this many days after the log's start.
    Lapsed {
        after: i64,
    },
}

impl Benign<'_> {
    /// Appends the publications of one shard of indicators in a UTC day.
    pub(crate) fn indicators(&self, shard: u32, day: &Day, out: &mut Vec<Event>) {
        let first = shard * INDICATORS_PER_ACTOR;
        let last = (first + INDICATORS_PER_ACTOR).min(self.world.profile.indicators);
        for index in first..last {
            self.indicator(self.feed.index(u64::from(index)), day, out);
        }
    }

    /// A full copy when the log starts, then one publication every 7 to 10 days.
    fn indicator(&self, key: Key, day: &Day, out: &mut Vec<Event>) {
        let interval = 7 + i64::try_from(key.index(1).below(4)).unwrap_or(0);
        let phase = i64::try_from(key.index(2).below(10)).unwrap_or(0);
        let copy = key
            .index(3)
            .index(u64::from_ne_bytes(day.number.to_ne_bytes()));
        let at = if day.index == 0 {
            let start = day.start.max(self.world.calendar.start);
            start + TimeSpan::from_seconds_f64(7200.0 * copy.uniform())
        } else if (day.index + phase).rem_euclid(interval) == 0 {
            day.start + TimeSpan::from_seconds_f64(86_400.0 * copy.uniform())
        } else {
            return;
        };
        let shared = key.index(4).chance(STALE_SHARED);
        let (outcome, confidence) = match life(key.index(5), shared) {
            Life::Active { confidence } => (Outcome::Active, confidence),
            Life::Expired => (Outcome::Expired, high_confidence(key)),
            Life::Revoked { after } if day.index >= after => {
                (Outcome::Revoked, high_confidence(key))
            }
            Life::Lapsed { after } if day.index >= after => {
                (Outcome::Expired, high_confidence(key))
            }
            _ => (Outcome::Active, high_confidence(key)),
        };
        let valid = 14 + i64::try_from(copy.index(1).below(60)).unwrap_or(0);
        out.push(Event {
            id: copy,
            at,
            action: Action::Indicator,
            outcome,
            account: None,
            address: self.listed_address(key.index(6), shared),
            detail: Some(Box::new(Detail {
                confidence: Some(confidence),
                valid: Some(TimeSpan::from_days(valid)),
                indicator: Some(key),
                ..Detail::default()
            })),
            ..plain(copy, at, Action::Indicator, AccountRef(0), nowhere())
        });
    }

    fn listed_address(&self, key: Key, shared: bool) -> Address {
        let part = if shared { Use::Population } else { Use::Listed };
        let role = match key.uniform() {
            _ if shared => AddressRole::Carrier,
            u if u < 0.55 => AddressRole::Hosting,
            u if u < 0.85 => AddressRole::Residential,
            u if u < 0.95 => AddressRole::Tor,
            _ => AddressRole::Vpn,
        };
        let family = if key.index(1).chance(0.1) {
            Family::V6
        } else {
            Family::V4
        };
        self.world
            .addresses
            .draw(part, role, &CountryRule::Any, family, key.index(2))
    }

    /// Appends the posture findings of a UTC day: every model healthy once a day, every resource
    /// judged once a week, a fifth of those unhealthy.
    pub(crate) fn findings(&self, day: &Day, out: &mut Vec<Event>) {
        let deployments = self.world.directory.population_deployments + BENIGN_SPARES;
        for index in 0..u32::try_from(deployments).unwrap_or(0) {
            let key = self.posture.index(1).index(u64::from(index));
            let event = self.finding(key, day, Outcome::Healthy);
            out.push(Event {
                deployment: Some(DeploymentRef(index)),
                ..event
            });
        }
        let resources = self.world.directory.population_applications;
        for index in 0..u32::try_from(resources).unwrap_or(0) {
            let key = self.posture.index(2).index(u64::from(index));
            let weekday = i64::try_from(key.index(1).below(7)).unwrap_or(0);
            if day.number.rem_euclid(7) != weekday {
                continue;
            }
            let sound = key.index(2).chance(0.8);
            let outcome = if sound {
                Outcome::Healthy
            } else {
                Outcome::Unhealthy
            };
            let event = self.finding(key, day, outcome);
            out.push(Event {
                resource: Some(ResourceRef(index)),
                ..event
            });
        }
    }

    fn finding(&self, key: Key, day: &Day, outcome: Outcome) -> Event {
        let today = key
            .index(3)
            .index(u64::from_ne_bytes(day.number.to_ne_bytes()));
        let second = 82_800.0 * key.index(4).uniform() + 1800.0 * today.uniform();
        let at = day.start + TimeSpan::from_seconds_f64(second);
        Event {
            outcome,
            account: None,
            ..plain(today, at, Action::Finding, AccountRef(0), nowhere())
        }
    }

    /// Appends a UTC day's administration: settings, uploads, keys, roles, consent, resets.
    pub(crate) fn administration(&self, day: &Day, out: &mut Vec<Event>) {
        let today = self
            .administration
            .index(u64::from_ne_bytes(day.number.to_ne_bytes()));
        let applications = self.world.directory.population_applications as u64;
        let users = f64::from(self.world.population.users);
        let changes = [
            (Outcome::Configuration, 0.12 * applications as f64),
            (Outcome::ModelUpload, 0.8),
            (Outcome::KeysListed, 0.1 * applications as f64),
            (Outcome::RoleAdded, 0.2 + users / 20_000.0),
            (Outcome::Consent, users / 5000.0),
            (Outcome::PasswordReset, users / 700.0),
            (Outcome::MfaRegistered, users / 2500.0),
        ];
        for (number, (outcome, mean)) in (0u64..).zip(changes) {
            let key = today.index(number);
            for change in 0..poisson(mean, key) {
                let key = key.index(0x1000 + change);
                out.extend(self.change(outcome, key, day));
            }
        }
    }

    fn change(&self, outcome: Outcome, key: Key, day: &Day) -> Option<Event> {
        let account = match outcome {
            Outcome::KeysListed => self.some_service(key.index(1))?,
            Outcome::Consent | Outcome::PasswordReset | Outcome::MfaRegistered => {
                AccountRef(self.some_user(key.index(1)))
            }
            _ => self.some_administrator(key.index(1)),
        };
        // Working hours of the one who does it; automation at any hour.
        let local_day = self.world.local(account, day.start).day;
        let second = 8.0 * 3600.0 + 9.5 * 3600.0 * key.index(2).uniform();
        let mut at = self.world.instant(account, local_day, second);
        if at < day.start {
            at = self.world.instant(account, local_day + 1, second);
        }
        let people = outcome != Outcome::KeysListed;
        if people
            && !self
                .world
                .works_on(account, self.world.local(account, at).day)
        {
            return None;
        }
        let event = Event {
            outcome,
            ..plain(
                key,
                at,
                Action::Change,
                account,
                self.world.usual_address(account, at),
            )
        };
        let applications = self.world.directory.population_applications as u64;
        let application = u32::try_from(key.index(3).below(applications)).unwrap_or(0);
        let application = ApplicationRef(application);
        Some(match outcome {
            Outcome::Configuration => Event {
                application: Some(application),
                deployment: Some(self.world.usual_deployment(application, key)),
                ..event
            },
            Outcome::ModelUpload => self.upload(&event, key),
            Outcome::KeysListed => Event {
                resource: Some(self.world.application(application).resource),
                ..event
            },
            Outcome::Consent => Event {
                application: Some(application),
                ..event
            },
            _ => event,
        })
    }

    /// A version of one of the first spare models, in an ordinary format.
    fn upload(&self, event: &Event, key: Key) -> Event {
        let spare = usize::try_from(key.index(4).below(BENIGN_SPARES as u64)).unwrap_or(0);
        let index = self.world.directory.population_deployments + spare;
        let format = match key.index(5).uniform() {
            u if u < 0.75 => "safetensors",
            u if u < 0.9 => "onnx",
            _ => "pickle",
        };
        Event {
            deployment: Some(DeploymentRef(u32::try_from(index).unwrap_or(0))),
            detail: Some(Box::new(Detail {
                model_format: Some(format.to_owned()),
                ..Detail::default()
            })),
            ..event.clone()
        }
    }

    fn some_user(&self, key: Key) -> u32 {
        u32::try_from(key.below(u64::from(self.world.population.users))).unwrap_or(0)
    }

    fn some_administrator(&self, key: Key) -> AccountRef {
        let list = self.world.administrators();
        let at = usize::try_from(key.below(list.len() as u64)).unwrap_or(0);
        list.get(at).copied().unwrap_or(AccountRef(0))
    }

    fn some_service(&self, key: Key) -> Option<AccountRef> {
        let callers = self.world.service_callers();
        let count = u64::from(callers.end - callers.start);
        let at = u32::try_from(key.below(count)).unwrap_or(0);
        (count > 0).then(|| AccountRef(callers.start + at))
    }
}

/// The address of events that have none.
fn nowhere() -> Address {
    Address::new(std::net::Ipv6Addr::UNSPECIFIED.into())
}

fn life(key: Key, shared: bool) -> Life {
    let after = 1 + i64::try_from(key.index(1).below(21)).unwrap_or(0);
    match key.uniform() {
        u if shared && u < 0.5 => Life::Expired,
        _ if shared => Life::Active { confidence: 20 },
        u if u < 0.80 => Life::Active {
            confidence: high_confidence(key),
        },
        u if u < 0.86 => Life::Active {
            confidence: 10 + u8::try_from(key.index(2).below(40)).unwrap_or(0),
        },
        u if u < 0.94 => Life::Expired,
        u if u < 0.97 => Life::Revoked { after },
        _ => Life::Lapsed { after },
    }
}

fn high_confidence(key: Key) -> u8 {
    50 + u8::try_from(key.index(7).below(51)).unwrap_or(0)
}
