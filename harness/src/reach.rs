//! How near benign traffic comes to each rule: rows of W0 that meet all but one of its conditions.
//!
//! For a count that is a level of at least k − 1 of k, for a join one side within the bound. A rule
//! of one condition, which one row triggers, has no such level: there every row counts that it
//! reads. Only counts are kept.

use livefire_detector::engine::{Level, LevelObserver, View};
use livefire_detector::ruleset::FormIndex;
use livefire_detector::{Projected, RuleSet};
use livefire_schema::alert::{Mode, Semantics};
use livefire_schema::ids::ItemId;
use livefire_scorer::BenignReach;

/// Counts near rows of one world, by form and mode.
#[derive(Debug, Default)]
pub struct ReachObserver {
    is_disabled: bool,
    /// By form index: streaming, binned.
    near: Vec<[u64; 2]>,
    read: Vec<u64>,
}

impl ReachObserver {
    /// One that asks for no level and counts nothing.
    #[must_use]
    pub fn disabled() -> Self {
        ReachObserver {
            is_disabled: true,
            ..ReachObserver::default()
        }
    }

    /// Tells that the rules read a row.
    pub fn reads(&mut self, row: &Projected<'_>) {
        if self.is_disabled {
            return;
        }
        for record in row.records() {
            *entry(&mut self.read, record.form) += 1;
        }
    }

    /// Every selected form in both modes, by form; a mode that did not run has no near rows.
    #[must_use]
    pub fn reach(&self, rules: &RuleSet) -> Vec<BenignReach> {
        let mut all = Vec::new();
        for (index, form) in rules.forms() {
            let form_index = usize::from(index.0);
            let read = self.read.get(form_index).copied().unwrap_or_default();
            let near = self.near.get(form_index).copied().unwrap_or_default();
            for mode in [Mode::Streaming, Mode::Binned] {
                all.push(BenignReach {
                    rule: form.name().to_string(),
                    mode,
                    near_rows: match form.info().semantics {
                        Semantics::Trigger => read,
                        _ => near[usize::from(mode == Mode::Binned)],
                    },
                });
            }
        }
        all
    }
}

impl LevelObserver for ReachObserver {
    fn is_enabled(&self) -> bool {
        !self.is_disabled
    }

    /// Near rows are the same whatever the schedule, so no run needs to be repeated.
    fn follows(&self, _: ItemId) -> bool {
        false
    }

    /// On a schedule each run meets its rows anew: there the form without a grid is counted.
    fn level(&mut self, level: &Level<'_>) {
        let is_as_run = matches!(level.view, View::AsRun | View::AnyWindow);
        if is_as_run && level.level + 1 >= level.threshold {
            entry(&mut self.near, level.form)[usize::from(level.mode == Mode::Binned)] += 1;
        }
    }
}

/// The count of a form; the list grows to it.
fn entry<T: Default + Clone>(counts: &mut Vec<T>, form: FormIndex) -> &mut T {
    let index = usize::from(form.0);
    if counts.len() <= index {
        counts.resize(index + 1, T::default());
    }
    &mut counts[index]
}

#[cfg(test)]
mod tests {
    use livefire_schema::ids::EventId;
    use livefire_schema::time::EventTime;

    use super::*;

    #[test]
    fn all_but_one_is_near() {
        let mut observer = ReachObserver::default();
        let time = EventTime::from_unix_seconds(0);
        for level in [0, 1, 2, 3] {
            observer.level(&Level {
                form: FormIndex(0),
                mode: Mode::Streaming,
                view: View::AsRun,
                time,
                available: time,
                item: ItemId(1),
                event: EventId(1),
                level,
                threshold: 3,
                key: 7,
                text: None,
            });
        }
        let reach = observer.reach(&RuleSet::embedded());
        assert_eq!((reach[0].mode, reach[0].near_rows), (Mode::Streaming, 2));
        assert!(reach[1..].iter().all(|reach| reach.near_rows == 0));
    }
}
