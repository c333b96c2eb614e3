//! Count rules as an attacker sees them: which events count, under which key, as which unit.
//!
//! Thresholds, windows and keys are the published defaults of `schema::rules` and RULES.md. A unit
//! is what is counted distinct: the event, or for R5 the user. Only this campaign's own events are
//! known here; other people's traffic under the same key is not the attacker's to see.

use livefire_schema::address::{Network, address_key};
use livefire_schema::alert::Semantics;
use livefire_schema::ids::hash_bytes;
use livefire_schema::rules::{self, RuleToken};
use livefire_schema::time::TimeSpan;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::event::{Action, Event, Outcome, Prompt};
use crate::prompts::prompt_sample;
use crate::world::World;

/// What a rule counts, and under which key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Refusals by reason, by network (R1 on the application log).
    Injections,
    /// Refusals, by user.
    Failures,
    /// Refusals, by user, session, address and application.
    SessionFailures,
    /// Responses 429, by caller and application.
    Throttled,
    /// Responses 429, by address.
    ThrottledAddress,
    /// Users of one text.
    Users,
    /// Users of one sample.
    SampleUsers,
    /// Requests, by user.
    Requests,
    /// Refusals, by application.
    RareFailures,
}

impl What {
    /// Whether something other than events is counted distinct.
    pub(super) fn has_units(self) -> bool {
        matches!(self, What::Users | What::SampleUsers)
    }
}

/// One count rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CountRule {
    /// What it counts.
    pub(super) what: What,
    /// Count that raises it.
    pub(super) threshold: u64,
    /// Width of its window.
    pub(super) window: TimeSpan,
}

/// Under which key and as which unit one event counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Mark {
    /// Position of the rule in the list that was asked, and hash of the key.
    pub(super) place: (usize, u64),
    /// What is counted distinct.
    pub(super) unit: u64,
}

/// Marks of one event.
pub(super) type Marks = SmallVec<[Mark; 4]>;

impl CountRule {
    /// The count rule over events that a token names; none for joins, baselines, and R1 by default,
    /// which counts alerts.
    pub(super) fn of(token: &RuleToken) -> Option<CountRule> {
        let info = rules::rule(&token.rule)?;
        if !matches!(info.semantics, Semantics::Count | Semantics::Distinct) {
            return None;
        }
        let what = match (info.id, token.variant.as_deref()) {
            ("R1", Some("app_log")) => What::Injections,
            ("R2", Some("session")) => What::SessionFailures,
            ("R2", _) => What::Failures,
            ("R3", Some("address")) => What::ThrottledAddress,
            ("R3", _) => What::Throttled,
            ("R5", Some("sample")) => What::SampleUsers,
            ("R5", _) => What::Users,
            ("H2", _) => What::Requests,
            ("H3", _) => What::RareFailures,
            _ => return None,
        };
        Some(CountRule {
            what,
            threshold: info.threshold,
            window: info.window,
        })
    }

    /// All count rules over events among some tokens, each once, in their order.
    pub(super) fn all(tokens: &[RuleToken]) -> Vec<CountRule> {
        let mut found: Vec<CountRule> = Vec::new();
        for rule in tokens.iter().filter_map(CountRule::of) {
            if !found.contains(&rule) {
                found.push(rule);
            }
        }
        found
    }
}

/// Keys of events, with what is costly to find kept.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    world: &'a World,
    texts: FxHashMap<Prompt, (u64, u64)>,
    buffer: String,
}

impl<'a> Keys<'a> {
    /// For events of a world.
    pub(super) fn new(world: &'a World) -> Self {
        Keys {
            world,
            texts: FxHashMap::default(),
            buffer: String::new(),
        }
    }

    /// Under which keys of the rules an event counts.
    pub(super) fn marks(&mut self, rules: &[CountRule], event: &Event) -> Marks {
        let mut marks = Marks::new();
        for (number, rule) in rules.iter().enumerate() {
            let id = event.id.bits();
            for (key, unit) in self.keys(rule.what, event) {
                marks.push(Mark {
                    place: (number, key),
                    unit: unit.unwrap_or(id),
                });
            }
        }
        marks
    }

    /// Keys with their unit; none stands for the event itself.
    fn keys(&mut self, what: What, event: &Event) -> SmallVec<[(u64, Option<u64>); 2]> {
        let mut keys = SmallVec::new();
        let has_app_row = matches!(event.action, Action::Request | Action::ToolCall);
        let user = event.account.map(|account| u64::from(account.0));
        let is_fail = has_app_row && event.outcome.is_fail();
        let source = event.detail.as_ref().and_then(|detail| detail.source_ip);
        let source = source.unwrap_or(event.address).ip();
        let application = event.application.map_or(u64::MAX, |app| u64::from(app.0));
        match what {
            What::Injections => {
                let reasons = [Outcome::Injection, Outcome::Jailbreak, Outcome::Leak];
                if has_app_row && reasons.contains(&event.outcome) {
                    keys.push((Network::of(source).key(), None));
                }
            }
            What::Failures => keys.extend(user.filter(|_| is_fail).map(|user| (user, None))),
            What::SessionFailures => {
                if let Some(user) = user.filter(|_| is_fail) {
                    let parts = [user, event.session.bits(), address_key(source), application];
                    keys.push((mixed(&parts), None));
                }
            }
            What::Throttled => {
                if event.outcome == Outcome::Throttled {
                    let caller = user.unwrap_or(1 << 40 | address_key(source) << 1);
                    if has_app_row {
                        keys.push((mixed(&[caller, application]), None));
                    }
                    keys.extend(self.fallback(event).map(|key| (key, None)));
                }
            }
            What::ThrottledAddress => {
                if event.outcome == Outcome::Throttled {
                    keys.push((address_key(source), None));
                }
            }
            What::Users | What::SampleUsers => {
                if let (Some(prompt), Some(user), true) = (&event.prompt, user, has_app_row) {
                    let (text, sample) = self.text(prompt);
                    let key = if what == What::Users { text } else { sample };
                    keys.push((key, Some(user)));
                }
            }
            What::Requests => {
                keys.extend(user.filter(|_| has_app_row).map(|user| (user, None)));
                keys.extend(self.fallback(event).map(|key| (key, None)));
            }
            What::RareFailures => {
                if is_fail {
                    keys.push((application, None));
                }
            }
        }
        keys
    }

    /// The key of a service row that may have no application row beside it: resource and network.
    fn fallback(&self, event: &Event) -> Option<u64> {
        let is_direct = event.action == Action::KeyCall;
        let is_apart = matches!(event.action, Action::Request | Action::ToolCall)
            && self.world.profile.share_request_id < 1.0;
        if !is_direct && !is_apart {
            return None;
        }
        let of_application = || Some(self.world.application(event.application?).resource);
        let resource = event.resource.or_else(of_application);
        let resource = resource.map_or(u64::MAX, |resource| u64::from(resource.0));
        let network = if is_direct {
            Network::of(event.address.ip()).key()
        } else {
            0
        };
        Some(mixed(&[0xfa11, resource, network]))
    }

    /// Hashes of a prompt's text and of its sample.
    pub(super) fn text(&mut self, prompt: &Prompt) -> (u64, u64) {
        if let Some(known) = self.texts.get(prompt) {
            return *known;
        }
        self.world.prompts.render(prompt, &mut self.buffer);
        let sample = hash_bytes(prompt_sample(&self.buffer).as_bytes());
        let hashes = (hash_bytes(self.buffer.as_bytes()), sample);
        self.texts.insert(*prompt, hashes);
        hashes
    }
}

fn mixed(parts: &[u64]) -> u64 {
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_le_bytes()).collect();
    hash_bytes(&bytes)
}
