//! What the service does to everybody at a moment: throttling, outages, refused credentials.
//!
//! Failures cluster in time, and an actor must stay a pure function of its own day. So they do not
//! come from realised load but from streams of (seed, deployment or application, minute), as a
//! quota used up by others would look.

use livefire_schema::time::{EventTime, TICKS_PER_SECOND};

use crate::event::{ApplicationRef, DeploymentRef, Outcome};
use crate::random::Key;
use crate::settings::BenignProfile;

/// Chance that a request in a throttled minute is answered 429.
const THROTTLED: f64 = 0.5;
/// Chance that a request in an outage is answered 503.
const UNAVAILABLE: f64 = 0.6;
/// Chance that a request is refused while its application's credential fails.
const REFUSED: f64 = 0.5;
/// Minutes of a throttled spell, of which six in ten are throttled.
const THROTTLED_SPELL: i64 = 3;
const OUTAGE: i64 = 3;
const CREDENTIAL_FAILURE: i64 = 5;
/// Parts of the profile's other failures.
const OUTAGE_SHARE: f64 = 0.4;
const LONE_SHARE: f64 = 0.4;
const CREDENTIAL_SHARE: f64 = 0.2;

/// The streams of a world.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    throttling: Key,
    outages: Key,
    credentials: Key,
    throttled_spells: f64,
    outage_spells: f64,
    credential_spells: f64,
    lone: f64,
}

impl Weather {
    pub(crate) fn new(key: Key, profile: &BenignProfile) -> Self {
        // A failed request is tried again up to twice, so that a share of rows needs a smaller
        // share of requests: rows are 1 + p + p², failed ones p + p² + p³ per request.
        let requests = |rows: f64, p: f64| rows / (p + p * p + p * p * p);
        let other = profile.other_failures;
        Weather {
            throttling: key.named("throttling"),
            outages: key.named("outages"),
            credentials: key.named("credentials"),
            throttled_spells: requests(profile.throttled, THROTTLED) / 0.6,
            outage_spells: requests(other * OUTAGE_SHARE, UNAVAILABLE),
            credential_spells: other * CREDENTIAL_SHARE / REFUSED,
            lone: other * LONE_SHARE,
        }
    }

    /// Whether a deployment is throttled in the minute of an instant.
    fn throttles(&self, deployment: DeploymentRef, minute: i64) -> bool {
        let stream = self.throttling.index(u64::from(deployment.0));
        let spell = stream.index(bits(minute.div_euclid(THROTTLED_SPELL)));
        spell.chance(self.throttled_spells) && stream.index(bits(minute)).index(1).chance(0.6)
    }

    /// What the service answers to one attempt, if it fails.
    pub(crate) fn failure(
        &self,
        application: ApplicationRef,
        deployment: DeploymentRef,
        at: EventTime,
        attempt: Key,
    ) -> Option<Outcome> {
        let minute = minute_of(at);
        if self.throttles(deployment, minute) && attempt.index(0x20).chance(THROTTLED) {
            return Some(Outcome::Throttled);
        }
        let stream = self.outages.index(u64::from(deployment.0));
        let outage = stream.index(bits(minute.div_euclid(OUTAGE)));
        if outage.chance(self.outage_spells) && attempt.index(0x21).chance(UNAVAILABLE) {
            return Some(Outcome::Unavailable);
        }
        let stream = self.credentials.index(u64::from(application.0));
        let spell = stream.index(bits(minute.div_euclid(CREDENTIAL_FAILURE)));
        if spell.chance(self.credential_spells) && attempt.index(0x22).chance(REFUSED) {
            return Some(Outcome::Refused);
        }
        attempt
            .index(0x23)
            .chance(self.lone)
            .then_some(Outcome::Unavailable)
    }
}

/// Minutes since 0001-01-01.
pub(crate) fn minute_of(at: EventTime) -> i64 {
    at.ticks().div_euclid(60 * TICKS_PER_SECOND)
}

fn bits(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}
