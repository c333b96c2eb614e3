//! Cover requests: round(20 s²) of stealth, or a given number, for each of the attack's requests.
//!
//! Same account, address, application and session as the request that they cover, ordinary prompts
//! of that application, spread up to the next request. Under stealth no window of an hour gets more
//! of a user than H2's and U1's floors allow, the attack's own requests included; what doesn't fit
//! comes later. They are a stage of their own, labelled cover.

use std::sync::Arc;

use livefire_schema::rules::RuleToken;
use livefire_schema::spec::Span;
use livefire_schema::time::{EventTime, TimeSpan};

use super::bounds::Bounds;
use super::counting::{CountRule, Keys};
use crate::event::{AccountRef, Action, Event, Outcome};
use crate::kinds::model::{Label, Stage};
use crate::kinds::plan::draft::{Draft, DraftEvent, RunDraft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// Cover requests per attack request at full stealth.
const MOST: f64 = 20.0;
/// Where no next request tells how far to spread.
const SPAN_SECONDS: i64 = 3600;

/// How many cover requests each of the attack's gets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// As stealth has it, within the bounds on volume.
    Stealth(f64),
    /// So many, whoever counts them.
    Exactly(u64),
}

impl Number {
    fn count(self) -> u64 {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 20"
            )]
            Number::Stealth(stealth) => libm::round(MOST * stealth * stealth) as u64,
            Number::Exactly(count) => count,
        }
    }
}

/// What a stage of harmless events is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// Name of the stage.
    pub(super) name: &'static str,
    /// Who added it.
    pub(super) file: &'static str,
}

/// Adds cover to the attack's requests.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub(super) number: Number,
    /// Whether stages without a label are the attack's.
    pub(super) is_attack: bool,
}

impl Transform for Cover {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let number = self.number.count();
        if number == 0 {
            return;
        }
        let mut traps: Vec<Option<Arc<str>>> = Vec::new();
        for planned in &draft.stages {
            if !traps.contains(&planned.trap) {
                traps.push(planned.trap.clone());
            }
        }
        let mut bounds = Bounds::new(self.bounds(), 1);
        let mut keys = Keys::new(world);
        for event in draft.stages.iter().flat_map(|planned| &planned.events) {
            let marks = keys.marks(bounds.rules(), &event.event);
            bounds.place(&marks, event.event.at);
        }
        for trap in traps {
            let covered = self.covered(draft, trap.as_ref());
            let mut events = Vec::new();
            for (attack, span) in covered {
                for index in 0..number {
                    let place = attack.id.named("cover").index(index);
                    let mut event = cover(&attack, place, world);
                    let share = place.named("place").uniform();
                    let wanted = attack.at + TimeSpan::from_seconds_f64(span.seconds_f64() * share);
                    let marks = keys.marks(bounds.rules(), &event);
                    event.at = bounds.earliest(&marks, wanted);
                    bounds.place(&marks, event.at);
                    events.push(event);
                }
            }
            if !events.is_empty() {
                let role = Role {
                    name: "cover",
                    file: "stealth",
                };
                draft.stages.push(stage_of(role, events, trap, key, draft));
            }
        }
    }
}

/// H2's bound on requests of a user, which is also U1's floor.
fn floors() -> Vec<CountRule> {
    let token = RuleToken {
        rule: "H2".to_owned(),
        class: None,
        variant: None,
    };
    CountRule::all(&[token])
}

impl Cover {
    fn bounds(&self) -> Vec<CountRule> {
        match self.number {
            Number::Stealth(_) => floors(),
            Number::Exactly(_) => Vec::new(),
        }
    }

    /// The attack's requests of a trap (or of none), each with the time to the account's next.
    fn covered(&self, draft: &Draft, trap: Option<&Arc<str>>) -> Vec<(Event, TimeSpan)> {
        let is_own = |planned: &&StageDraft| {
            let label = planned.stage.label;
            let is_attack = label == Some(Label::Attack)
                || (label.is_none() && (self.is_attack || planned.trap.is_some()));
            is_attack && planned.trap.as_ref() == trap
        };
        let stages = draft.stages.iter().filter(is_own);
        let mut requests: Vec<&Event> = stages
            .flat_map(|planned| &planned.events)
            .filter(|draft| draft.event.action == Action::Request && !draft.is_retry)
            .map(|draft| &draft.event)
            .filter(|event| event.account.is_some() && event.application.is_some())
            .collect();
        requests.sort_by_key(|event| (event.account, event.at, event.id.bits()));
        let by_account = requests.chunk_by(|a, b| a.account == b.account);
        let mut covered = Vec::new();
        for own in by_account {
            let mut span = TimeSpan::from_seconds(SPAN_SECONDS);
            for (position, event) in own.iter().enumerate() {
                if let Some(next) = own.get(position + 1) {
                    span = next.at - event.at;
                }
                covered.push(((*event).clone(), span));
            }
        }
        covered.sort_by_key(|(event, _)| (event.at, event.id.bits()));
        covered
    }
}

/// A harmless request in place of another: same account, address, application and session.
pub(super) fn cover(attack: &Event, place: Key, world: &World) -> Event {
    let application = attack.application;
    let sets = application.map(|application| &world.application(application).prompt_sets);
    let set = sets.and_then(|sets| {
        let at = place.named("set").below(sets.len() as u64);
        sets.get(usize::try_from(at).ok()?).copied()
    });
    Event {
        id: place.named("id"),
        at: attack.at,
        action: Action::Request,
        outcome: Outcome::Pass,
        account: attack.account,
        address: attack.address,
        application,
        deployment: application.map(|application| world.usual_deployment(application, place)),
        resource: None,
        prompt: set.map(|set| world.prompts.draw(set, place.named("prompt"))),
        session: attack.session,
        origin: None,
        detail: None,
    }
}

/// A stage of its own for harmless events of the attacker.
pub(super) fn stage_of(
    role: Role,
    mut events: Vec<Event>,
    trap: Option<Arc<str>>,
    key: Key,
    draft: &Draft,
) -> StageDraft {
    events.sort_by_key(|event| (event.at, event.id.bits()));
    let (start, account): (EventTime, Option<AccountRef>) = events
        .first()
        .map_or((EventTime::MIN, None), |event| (event.at, event.account));
    let mut name: String = match &trap {
        Some(trap) => format!("{trap}.{}", role.name),
        None => role.name.to_owned(),
    };
    while draft.stage(&name).is_some() {
        name.push('_');
    }
    let stage = Stage {
        name: Arc::from(name),
        file: Arc::from(role.file),
        span: Span::HEAD,
        action: Some(Action::Request),
        label: Some(Label::Cover),
        ..Stage::default()
    };
    StageDraft {
        stage: Arc::new(stage),
        runs: vec![RunDraft {
            account,
            ordinal: 0,
            day: None,
            key: key.named("run"),
            start,
        }],
        events: (0u64..)
            .zip(events)
            .map(|(index, event)| DraftEvent {
                event,
                run: 0,
                index,
                is_retry: false,
            })
            .collect(),
        dropped: 0,
        trap,
        altered: Vec::new(),
    }
}
