//! One call of an application with its retries and what hangs on it.
//!
//! Human sessions and service callers make calls through the same code: the filter's verdict, the
//! service's failures, the SDK's retries (TABLES §6: gaps of 0.375–0.5 s and 0.75–1 s, at most two)
//! and the rare false Defender alert.

use livefire_schema::time::{EventTime, TimeSpan};

use super::weather::Weather;
use crate::event::{
    AccountRef, Action, Address, ApplicationRef, DeploymentRef, Detail, Event, Outcome, Prompt,
};
use crate::random::Key;
use crate::world::World;

/// Longest delay from a cause to its false alert.
pub(crate) const ALERT_CUT_SECONDS: f64 = 7200.0;

/// Median and sigma of that delay (ATTACKS.md, Defender alerts).
const ALERT_MEDIAN_SECONDS: f64 = 180.0;
const ALERT_SIGMA: f64 = 0.9;

/// False alerts on requests that passed, with weights in per cent.
const FALSE_ALERTS: &[(&str, u64)] = &[
    ("Azure_AccessAnomaly", 35),
    ("Azure_SensitiveDataAnomaly", 20),
    ("Azure_MaliciousUrl.UserPrompt", 15),
    ("Azure_AccessFromSuspiciousUserAgent", 10),
    ("Azure_LLMReconnaissance", 10),
    ("Azure_DOWDuplicateRequests", 10),
];

const CATEGORIES: [&str; 4] = ["hate", "violence", "sexual", "self_harm"];

/// What one call is, before the service answers.
pub(crate) struct Call {
    pub(crate) key: Key,
    pub(crate) at: EventTime,
    pub(crate) account: AccountRef,
    pub(crate) address: Address,
    pub(crate) application: ApplicationRef,
    pub(crate) deployment: DeploymentRef,
    /// Prompt set that the prompt comes from.
    pub(crate) set: u16,
    /// Where the author's saved prompts are drawn from, for people.
    pub(crate) author: Option<Key>,
    pub(crate) session: Key,
}

/// How calls end: the service's moods, the filter's rates, the alerts' rates.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    weather: Weather,
    /// Per prompt set: chance that the filter stops a prompt.
    filtered: Vec<f64>,
    injection_share: f64,
    injection_like: f64,
    look_alikes: u16,
    /// Chance of a false alert after a passed and after an injection-like request.
    alert_after_pass: f64,
    alert_after_injection: f64,
    items: Key,
}

/// Part of people's own prompts that they send again from their notes.
const SAVED_SHARE: f64 = 0.25;
const SAVED_PROMPTS: u64 = 12;
/// Part of service callers' prompts about items that several of them work on (U7).
const KNOWN_ITEMS: f64 = 0.5;
const ITEMS_PER_USER: u64 = 8;

impl Calls {
    pub(crate) fn new(world: &World, key: Key) -> Self {
        let profile = &world.profile;
        // Scaled to the profile's share, medical and legal departments stay above the others.
        let mean = world.mean_failure();
        let sets = (0..u16::MAX).map_while(|index| world.prompts.set(index));
        let scale = profile.content_filter / mean.max(1e-9);
        let rate = profile.false_alerts_per_10k / 10_000.0;
        let injections = profile.content_filter * profile.filter_injection_share;
        let from_injections = rate * 0.5;
        Calls {
            weather: Weather::new(key.named("weather"), profile),
            filtered: sets.map(|set| (set.p_fail * scale).min(0.5)).collect(),
            injection_share: profile.filter_injection_share,
            injection_like: profile.injection_like,
            look_alikes: world.prompts.set_index("security_lookalikes").unwrap_or(0),
            alert_after_pass: rate - from_injections,
            items: key.named("items"),
            alert_after_injection: (from_injections / injections.max(1e-9)).min(0.9),
        }
    }

    /// Appends the call, its retries and its alert; returns when the last attempt was made and
    /// whether it failed for a reason of the service.
    pub(crate) fn make(
        &self,
        world: &World,
        call: &Call,
        out: &mut Vec<Event>,
    ) -> (EventTime, bool) {
        let verdict = self.verdict(call);
        let prompt = self.prompt(world, call, verdict);
        let mut at = call.at;
        for attempt in 0..3u64 {
            let key = call.key.index(attempt);
            let failure = self
                .weather
                .failure(call.application, call.deployment, at, key);
            let outcome = failure.unwrap_or(verdict);
            let detail = self.detail(world, call, outcome, key);
            let event = Event {
                id: key,
                at,
                action: Action::Request,
                outcome,
                account: Some(call.account),
                address: call.address,
                application: Some(call.application),
                deployment: Some(call.deployment),
                resource: None,
                prompt: Some(prompt),
                session: call.session,
                origin: None,
                detail,
            };
            let alert = self.alert(world, &event);
            out.push(event);
            out.extend(alert);
            match failure {
                None | Some(Outcome::Refused) => return (at, failure.is_some()),
                Some(_) if attempt == 2 => {}
                Some(_) => at = at + retry_gap(attempt, key),
            }
        }
        (at, true)
    }

    /// What the filter says, whatever the service's mood.
    fn verdict(&self, call: &Call) -> Outcome {
        let chance = self
            .filtered
            .get(usize::from(call.set))
            .copied()
            .unwrap_or(0.0);
        let key = call.key.index(0x24);
        if !key.chance(chance) {
            return Outcome::Pass;
        }
        match (
            key.index(1).chance(self.injection_share),
            key.index(2).uniform(),
        ) {
            (true, u) if u < 0.75 => Outcome::Injection,
            (true, _) => Outcome::Jailbreak,
            (false, u) if u < 0.8 => Outcome::Content,
            (false, _) => Outcome::Withheld,
        }
    }

    fn prompt(&self, world: &World, call: &Call, verdict: Outcome) -> Prompt {
        let key = call.key.index(0x25);
        let Some(author) = call.author else {
            let items = ITEMS_PER_USER * u64::from(world.population.users);
            let item = self.items.index(key.index(1).below(items));
            let known = key.index(2).chance(KNOWN_ITEMS);
            return world
                .prompts
                .draw_own(call.set, if known { item } else { key });
        };
        let quotes = matches!(verdict, Outcome::Injection | Outcome::Jailbreak);
        if quotes || key.index(1).chance(self.injection_like) {
            return world.prompts.draw(self.look_alikes, key);
        }
        if key.index(2).chance(SAVED_SHARE) {
            let saved = author.index(key.index(3).below(SAVED_PROMPTS));
            return world
                .prompts
                .draw(call.set, saved.index(u64::from(call.set)));
        }
        world.prompts.draw(call.set, key)
    }

    fn detail(
        &self,
        world: &World,
        call: &Call,
        outcome: Outcome,
        key: Key,
    ) -> Option<Box<Detail>> {
        if !matches!(outcome, Outcome::Content | Outcome::Withheld) {
            return None;
        }
        let set = world.prompts.set(call.set);
        let own = set.map_or(&[][..], |set| &set.categories[..]);
        let category = if own.is_empty() {
            CATEGORIES[usize::try_from(key.index(0x26).below(4)).unwrap_or(0)].to_owned()
        } else {
            own[usize::try_from(key.index(0x26).below(own.len() as u64)).unwrap_or(0)].clone()
        };
        let (low, high) = set.map_or((2, 4), |set| set.severity);
        let step = key
            .index(0x27)
            .below(u64::from(high.saturating_sub(low)) / 2 + 1);
        Some(Box::new(Detail {
            content_category: Some(category),
            content_severity: Some(low + 2 * u8::try_from(step).unwrap_or(0)),
            ..Detail::default()
        }))
    }

    /// A false Defender alert caused by a request.
    fn alert(&self, world: &World, cause: &Event) -> Option<Event> {
        let injection = matches!(cause.outcome, Outcome::Injection | Outcome::Jailbreak);
        let chance = match cause.outcome {
            Outcome::Pass => self.alert_after_pass,
            _ if injection => self.alert_after_injection,
            _ => return None,
        };
        let key = cause.id.index(0x28);
        if !key.chance(chance) {
            return None;
        }
        let stopped = cause
            .application
            .is_some_and(|application| world.application(application).stops_prompts);
        if injection && stopped {
            return None;
        }
        let name = if injection {
            "Azure_Jailbreak.ContentFiltering.BlockedAttempt"
        } else {
            weighted(FALSE_ALERTS, key.index(1))
        };
        let delay = key.index(2).lognormal(ALERT_MEDIAN_SECONDS, ALERT_SIGMA);
        let delay = TimeSpan::from_seconds_f64(delay.min(ALERT_CUT_SECONDS));
        Some(Event {
            id: key,
            at: cause.at + delay,
            action: Action::DefenderAlert,
            outcome: Outcome::None,
            prompt: None,
            detail: Some(Box::new(Detail {
                alert_type: Some(name.to_owned()),
                cause: Some(cause.at),
                ..Detail::default()
            })),
            ..cause.clone()
        })
    }
}

/// The wait of openai-python before retry `n`: min(0.5·2ⁿ, 8) s × U(0.75, 1).
fn retry_gap(attempt: u64, key: Key) -> TimeSpan {
    let base = if attempt == 0 { 0.5 } else { 1.0 };
    TimeSpan::from_seconds_f64(base * (0.75 + 0.25 * key.index(0x29).uniform()))
}

fn weighted(list: &[(&'static str, u64)], key: Key) -> &'static str {
    let total: u64 = list.iter().map(|(_, weight)| weight).sum();
    let mut rest = key.below(total);
    for (name, weight) in list {
        if rest < *weight {
            return name;
        }
        rest -= weight;
    }
    ""
}
