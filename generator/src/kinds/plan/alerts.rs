//! Defender alerts that a stage's events cause.

use livefire_schema::time::TimeSpan;

use super::Planner;
use super::draft::{DraftEvent, StageDraft};
use super::pools::holds;
use crate::event::{Action, Detail, Event, Outcome};
use crate::kinds::model::{AlertRule, AlertScope};
use crate::random::Key;

/// Sigma of the logarithm of the delay from cause to alert, and its hard maximum.
const DELAY_SIGMA: f64 = 0.9;
const DELAY_CUT_SECONDS: f64 = 7200.0;

impl Planner<'_> {
    /// The alerts of a stage, in order of its rules and events.
    pub(crate) fn alerts(&self, draft: &StageDraft) -> Vec<Event> {
        let mut raised = Vec::new();
        let rules = draft.stage.alerts.iter().flatten();
        for (number, rule) in (0u64..).zip(rules) {
            if !holds(&rule.when, self.knobs) {
                continue;
            }
            let key = self.stage_key(&draft.stage).named("alert").index(number);
            let matching: Vec<&DraftEvent> = draft
                .events
                .iter()
                .filter(|event| self.causes(rule, event))
                .collect();
            match rule.scope {
                AlertScope::Event => self.each_event(rule, &matching, key, &mut raised),
                AlertScope::Run => {
                    for run in matching.chunk_by(|a, b| a.run == b.run) {
                        let key = draft.runs[run[0].run].key.named("alert").index(number);
                        self.once(rule, run, key, &mut raised);
                    }
                }
                AlertScope::Campaign => self.once(rule, &matching, key, &mut raised),
            }
        }
        raised
    }

    /// Whether an event may cause the alert: its outcome fits, and the service saw the prompt.
    fn causes(&self, rule: &AlertRule, draft: &DraftEvent) -> bool {
        let event = &draft.event;
        let is_stopped = event.outcome.is_fail()
            && event.outcome != Outcome::Withheld
            && event
                .application
                .is_some_and(|app| self.world.application(app).stops_prompts);
        !draft.is_retry
            && !is_stopped
            && rule.outcome.is_none_or(|outcome| outcome == event.outcome)
    }

    fn each_event(
        &self,
        rule: &AlertRule,
        matching: &[&DraftEvent],
        key: Key,
        raised: &mut Vec<Event>,
    ) {
        let nth = rule.nth.as_ref().map(|nth| nth.count(key.named("nth")));
        let max = rule
            .max
            .as_ref()
            .map_or(u64::MAX, |max| max.count(key.named("max")));
        let mut ordered = matching.to_vec();
        ordered.sort_by_key(|draft| (draft.event.at, draft.event.id.bits()));
        let mut count = 0;
        for (index, cause) in (1u64..).zip(ordered) {
            let place = cause.event.id.named("alert").named(&rule.kind.value);
            let is_counted = nth.is_none_or(|nth| nth == index);
            if is_counted && count < max && self.happens(rule, place) {
                count += 1;
                raised.push(self.alert(rule, &cause.event, place));
            }
        }
    }

    /// At most one alert: at the n-th matching event, or at the first after a random instant.
    fn once(&self, rule: &AlertRule, matching: &[&DraftEvent], key: Key, raised: &mut Vec<Event>) {
        if !self.happens(rule, key) {
            return;
        }
        let mut ordered = matching.to_vec();
        ordered.sort_by_key(|draft| (draft.event.at, draft.event.id.bits()));
        let (Some(first), Some(last)) = (ordered.first(), ordered.last()) else {
            return;
        };
        let cause = match &rule.nth {
            Some(nth) => {
                let nth = nth.count(key.named("nth")).max(1);
                ordered.get(usize::try_from(nth - 1).unwrap_or(usize::MAX))
            }
            None => {
                let from = first.event.at;
                let instant = super::runs::uniform(from, last.event.at, key.named("instant"));
                ordered.iter().find(|draft| draft.event.at >= instant)
            }
        };
        if let Some(cause) = cause {
            raised.push(self.alert(rule, &cause.event, key));
        }
    }

    fn happens(&self, rule: &AlertRule, key: Key) -> bool {
        let chance = rule
            .chance
            .as_ref()
            .map_or(1.0, |chance| chance.number(key));
        key.named("raised").chance(chance * self.alert_factor)
    }

    fn alert(&self, rule: &AlertRule, cause: &Event, key: Key) -> Event {
        let place = key.named("delay");
        let delay = match &rule.delay {
            Some(delay) => delay.span(place),
            None => {
                let median = self.defender_delay.seconds_f64();
                let drawn = place.lognormal(median, DELAY_SIGMA);
                TimeSpan::from_seconds_f64(drawn.min(DELAY_CUT_SECONDS))
            }
        };
        Event {
            id: key.named("id"),
            at: cause.at + delay,
            action: Action::DefenderAlert,
            outcome: Outcome::None,
            prompt: None,
            origin: None,
            detail: Some(Box::new(Detail {
                alert_type: Some(rule.kind.value.to_string()),
                cause: Some(cause.at),
                ..Detail::default()
            })),
            ..cause.clone()
        }
    }
}
