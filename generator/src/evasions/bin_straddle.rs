//! `bin_straddle`: k matching events around an edge of tumbling bins, never k inside one.
//!
//! It aims at the longest-window binned rule that the kind loses and whose input is an app or
//! service row (R2, R3, R5; R1 only on the application log). Matching events of a key go in groups
//! of k: ⌊k/2⌋ before an edge, as `EventTime::bin` aligns it, the rest after it, groups at every
//! second edge. So a bin holds at most k − ⌊k/2⌋ while a sliding window sees all k. The rest of
//! the stage stretches between them. Every event moves to a later time only.

use std::collections::BTreeMap;

use livefire_schema::time::{EventTime, TimeSpan};

use super::counting::{CountRule, Keys, Mark, What};
use super::knobs::{KnobSet, duration};
use super::retime::{assign, by_time, retime, times};
use super::{Aim, Component, Evasion};
use crate::kinds::model::Knob;
use crate::kinds::plan::draft::{Draft, StageDraft, Transform};
use crate::random::Key;
use crate::world::World;

/// The evasion.
#[derive(Debug)]
pub(super) struct BinStraddle;

impl Evasion for BinStraddle {
    fn name(&self) -> &'static str {
        "bin_straddle"
    }

    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        let seconds = TimeSpan::from_seconds;
        let help = "how far from the edge events lie at most";
        let offset = duration(seconds(240), seconds(1), seconds(240), help);
        vec![("edge_offset", offset)]
    }

    fn component(&self) -> Component {
        Component::Phase
    }

    fn build(&self, knobs: &KnobSet, aim: &Aim) -> Box<dyn Transform> {
        Box::new(Straddle {
            rule: target(aim),
            knobs: knobs.clone(),
        })
    }
}

/// The rule that it aims at; of equally long windows the first that the kind names.
pub(super) fn target(aim: &Aim) -> Option<CountRule> {
    let has_bins = |rule: &CountRule| {
        !matches!(rule.what, What::Requests | What::RareFailures) && rule.threshold > 1
    };
    let mut found: Option<CountRule> = None;
    for rule in CountRule::all(&aim.lost).into_iter().filter(has_bins) {
        if found.is_none_or(|best| rule.window > best.window) {
            found = Some(rule);
        }
    }
    found
}

#[derive(Clone, Debug)]
struct Straddle {
    rule: Option<CountRule>,
    knobs: KnobSet,
}

impl Transform for Straddle {
    fn apply(&self, draft: &mut Draft, key: Key, world: &World) {
        let Some(rule) = self.rule else { return };
        let offset = self.knobs.span("edge_offset", key);
        let mut keys = Keys::new(world);
        let mut edges = Edges {
            rule,
            offset,
            next: BTreeMap::new(),
        };
        retime(draft, world, &mut |planned| {
            if let Some(new) = edges.straddle(planned, &mut keys) {
                assign(planned, &new, world);
            }
        });
    }
}

/// Deals edges of bins to groups of matching events.
struct Edges {
    rule: CountRule,
    offset: TimeSpan,
    /// Earliest edge that a key's next group may take.
    next: BTreeMap<(usize, u64), EventTime>,
}

impl Edges {
    /// New times of a stage's events; none if it has no matching event.
    fn straddle(&mut self, planned: &StageDraft, keys: &mut Keys<'_>) -> Option<Vec<EventTime>> {
        let rules = [self.rule];
        let mut matching: BTreeMap<(usize, u64), Vec<(usize, u64)>> = BTreeMap::new();
        for index in by_time(planned) {
            for Mark { place, unit } in keys.marks(&rules, &planned.events[index].event) {
                matching.entry(place).or_default().push((index, unit));
            }
        }
        if matching.is_empty() {
            return None;
        }
        let mut new: Vec<Option<EventTime>> = vec![None; planned.events.len()];
        for (place, members) in matching {
            let groups = grouped(&members, self.rule.threshold);
            let next = self.next.get(&place).copied();
            let first = self.first_edge(planned, &groups, next.unwrap_or(EventTime::MIN));
            let step = self.rule.window * 2;
            let mut edge = first;
            for group in &groups {
                self.around(planned, group, edge, &mut new);
                edge = edge + step;
            }
            self.next.insert(place, edge);
        }
        Some(stretched(planned, &new))
    }

    /// The first edge from `least` on from which every second edge leaves no event advanced.
    fn first_edge(
        &self,
        planned: &StageDraft,
        groups: &[Vec<usize>],
        least: EventTime,
    ) -> EventTime {
        let window = self.rule.window;
        let mut first = least;
        let mut passed = TimeSpan::ZERO;
        for group in groups {
            let last = group.iter().map(|index| planned.events[*index].event.at);
            let last = last.max().unwrap_or(EventTime::MIN) + self.offset;
            let bin = last.bin(window);
            let edge = if bin < last { bin + window } else { bin };
            first = first.max(edge - passed);
            passed = passed + window * 2;
        }
        first
    }

    /// Puts the events of a group around an edge, in their order.
    fn around(
        &self,
        planned: &StageDraft,
        group: &[usize],
        edge: EventTime,
        new: &mut [Option<EventTime>],
    ) {
        let half = usize::try_from(self.rule.threshold / 2).unwrap_or(usize::MAX);
        let before = group.len().min(half);
        let mut distances: Vec<TimeSpan> = group
            .iter()
            .map(|index| {
                let place = planned.events[*index].event.id.named("edge");
                // Never on the edge itself, and rarely twice the same.
                let share = 0.01 + 0.99 * place.uniform();
                TimeSpan::from_seconds_f64(self.offset.seconds_f64() * share)
            })
            .collect();
        distances[..before].sort_unstable_by(|a, b| b.cmp(a));
        distances[before..].sort_unstable();
        for (position, (index, distance)) in group.iter().zip(distances).enumerate() {
            let at = if position < before {
                edge - distance
            } else {
                edge + distance
            };
            new[*index] = Some(at);
        }
    }
}

/// Groups of k events with k different units, in order of time; the last may be smaller.
fn grouped(members: &[(usize, u64)], threshold: u64) -> Vec<Vec<usize>> {
    let size = usize::try_from(threshold).unwrap_or(usize::MAX);
    let mut waiting = members.to_vec();
    let mut groups = Vec::new();
    while !waiting.is_empty() {
        let mut units: Vec<u64> = Vec::new();
        let (mut group, mut later) = (Vec::new(), Vec::new());
        for (index, unit) in waiting {
            if group.len() < size && !units.contains(&unit) {
                units.push(unit);
                group.push(index);
            } else {
                later.push((index, unit));
            }
        }
        groups.push(group);
        waiting = later;
    }
    groups
}

/// All events' times, those without a new one moved between their neighbours in the run in
/// proportion; before the first and after the last they keep their gaps.
fn stretched(planned: &StageDraft, new: &[Option<EventTime>]) -> Vec<EventTime> {
    let old = times(planned);
    let mut all = old.clone();
    let mut order: Vec<usize> = (0..old.len()).collect();
    order.sort_by_key(|index| (planned.events[*index].run, old[*index], *index));
    for run in order.chunk_by(|a, b| planned.events[*a].run == planned.events[*b].run) {
        let fixed: Vec<(EventTime, EventTime)> = run
            .iter()
            .filter_map(|index| Some((old[*index], new[*index]?)))
            .collect();
        for index in run {
            all[*index] = new[*index].unwrap_or_else(|| between(old[*index], &fixed));
        }
    }
    all
}

fn between(old: EventTime, fixed: &[(EventTime, EventTime)]) -> EventTime {
    let next = fixed.partition_point(|(at, _)| *at < old);
    match (next.checked_sub(1).map(|last| fixed[last]), fixed.get(next)) {
        (Some((old_a, new_a)), Some(&(old_b, new_b))) => {
            let width = (old_b - old_a).seconds_f64();
            let share = if width > 0.0 {
                (old - old_a).seconds_f64() / width
            } else {
                0.0
            };
            new_a + TimeSpan::from_seconds_f64((new_b - new_a).seconds_f64() * share)
        }
        (Some((old_a, new_a)), None) => new_a + (old - old_a),
        (None, Some(&(old_b, new_b))) => old + (new_b - old_b),
        (None, None) => old,
    }
}
