//! Forms that differ in nothing but the threshold run as one, with a sink for each.
//!
//! A rule that counts projects, orders and counts the same records whatever its threshold; only
//! where levels become alerts is the threshold known. Of such forms in a set made by
//! [`RuleSet::side_by_side`] the first one leads: it alone is projected and keeps state, and it
//! raises the alerts of all. So a sweep costs one pass of the rule, not one per value.

use super::{Form, FormIndex, RuleSet};

impl RuleSet {
    /// The form that runs for this one; most run for themselves.
    pub(crate) fn leader(&self, index: FormIndex) -> FormIndex {
        let leader = self.leaders.get(usize::from(index.0)).copied();
        leader.unwrap_or(index)
    }

    /// The forms that run as `leader`, itself first, with their thresholds; empty for a form whose
    /// rule has no sinks.
    pub(crate) fn sinks(&self, leader: FormIndex) -> Vec<(FormIndex, u64)> {
        let own = self
            .forms()
            .filter(|&(index, _)| self.leader(index) == leader);
        own.filter_map(|(index, form)| {
            let sink = form.native.sink()?;
            Some((index, form.parameters.count(sink)))
        })
        .collect()
    }

    /// Finds out who leads whom.
    pub(super) fn share(&mut self) {
        let forms: Vec<(FormIndex, &Form)> = self.forms().collect();
        let mut leaders: Vec<FormIndex> = Vec::with_capacity(forms.len());
        for &(index, form) in &forms {
            let led = leaders.iter().zip(&forms);
            let mut led = led.filter(|(leader, (own, _))| *leader == own);
            let leader = led.find(|(_, (_, first))| first.shares_state_with(form));
            leaders.push(leader.map_or(index, |(leader, _)| *leader));
        }
        self.leaders = leaders;
    }
}

impl Form {
    /// Whether the two differ in their thresholds at most, and their rule has sinks.
    fn shares_state_with(&self, other: &Form) -> bool {
        let Some(sink) = self.native.sink() else {
            return false;
        };
        // With a threshold of one the first row is an alert, and its state is kept from there.
        let is_one = |form: &Form| form.parameters.count(sink) == 1;
        let pairs = self.parameters.iter().zip(other.parameters.iter());
        self.name == other.name
            && is_one(self) == is_one(other)
            && pairs
                .into_iter()
                .all(|((spec, own), (_, value))| spec.name == sink || own == value)
    }
}
