//! The nearest approach: how close each rule came to each campaign, for those that it missed.
//!
//! The engine reports every level that a key reaches; of the records that a campaign caused, the
//! highest level is kept for each (rule form, campaign). Memory grows with campaigns × rules.

use livefire_detector::engine::{Level, LevelObserver, View};
use livefire_detector::ruleset::FormIndex;
use livefire_labels::CampaignIndex;
use livefire_schema::alert::Mode;
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

/// The closest that one rule form came to one campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approach {
    /// Rule form.
    pub form: FormIndex,
    /// Its mode.
    pub mode: Mode,
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Highest level reached at one of its records.
    pub level: u64,
    /// The threshold.
    pub threshold: u64,
    /// Event time of that record.
    pub at: EventTime,
    /// The key, as text where the rule knows it.
    pub key: String,
    /// From that record to the campaign's next event that the rule reads, under any key.
    pub next_after: Option<TimeSpan>,
    /// Whether that next record stood under another key.
    pub next_other_key: bool,
    /// On a schedule: the level had every row arrived at once.
    pub without_delay: Option<u64>,
    /// On a schedule: the level in a run due after the log's end.
    pub after_log_end: Option<u64>,
    /// On a schedule: the level without a grid and without delays.
    pub in_any_window: Option<u64>,
    key_hash: u64,
    event: EventId,
}

/// Collects nearest approaches of one world.
#[derive(Debug, Default)]
pub struct ApproachObserver {
    is_disabled: bool,
    campaigns: FxHashMap<ItemId, CampaignIndex>,
    best: FxHashMap<(u16, u8, u32), Approach>,
}

impl ApproachObserver {
    /// One that asks for no level and collects nothing.
    #[must_use]
    pub fn disabled() -> Self {
        ApproachObserver {
            is_disabled: true,
            ..ApproachObserver::default()
        }
    }

    /// Tells that a row is caused by a campaign; before the engine reaches it.
    pub fn caused(&mut self, item: ItemId, campaign: CampaignIndex) {
        if !self.is_disabled {
            self.campaigns.insert(item, campaign);
        }
    }

    /// All approaches, ordered by form, mode and campaign.
    #[must_use]
    pub fn approaches(self) -> Vec<Approach> {
        let mut all: Vec<_> = self.best.into_iter().collect();
        all.sort_by_key(|(key, _)| *key);
        all.into_iter().map(|(_, approach)| approach).collect()
    }
}

impl LevelObserver for ApproachObserver {
    fn is_enabled(&self) -> bool {
        !self.is_disabled
    }

    fn follows(&self, item: ItemId) -> bool {
        self.campaigns.contains_key(&item)
    }

    fn level(&mut self, level: &Level<'_>) {
        let Some(&campaign) = self.campaigns.get(&level.item) else {
            return;
        };
        let mode = u8::from(level.mode == Mode::Binned);
        let entry = self.best.entry((level.form.0, mode, campaign.0));
        let best = entry.or_insert_with(|| Approach {
            form: level.form,
            mode: level.mode,
            campaign,
            level: 0,
            threshold: level.threshold,
            at: level.time,
            key: String::new(),
            next_after: None,
            next_other_key: false,
            without_delay: None,
            after_log_end: None,
            in_any_window: None,
            key_hash: 0,
            event: level.event,
        });
        let other = match level.view {
            View::AsRun | View::InRun => None,
            View::WithoutDelay => Some(&mut best.without_delay),
            View::AfterLogEnd => Some(&mut best.after_log_end),
            View::AnyWindow => Some(&mut best.in_any_window),
        };
        if let Some(other) = other {
            *other = Some(other.unwrap_or(0).max(level.level));
            return;
        }
        if level.level > best.level {
            best.level = level.level;
            best.threshold = level.threshold;
            best.at = level.time;
            best.key = level.text.map_or_else(String::new, str::to_owned);
            best.key_hash = level.key;
            best.event = level.event;
            best.next_after = None;
            best.next_other_key = false;
        } else if best.next_after.is_none() && level.event != best.event && level.time >= best.at {
            // On a schedule earlier records come again. Other rows of the same event add nothing, so they missed nothing.
            best.next_after = Some(level.time - best.at);
            best.next_other_key = level.key != best.key_hash;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level at a record that is an event of its own.
    fn level(item: u128, seconds: i64, key: u64, value: u64) -> Level<'static> {
        Level {
            form: FormIndex(0),
            mode: Mode::Streaming,
            view: View::AsRun,
            time: EventTime::from_unix_seconds(seconds),
            available: EventTime::from_unix_seconds(seconds),
            item: ItemId(item),
            event: EventId(u64::try_from(item).expect("is small")),
            level: value,
            threshold: 5,
            key,
            text: Some("ada"),
        }
    }

    #[test]
    fn the_highest_level_is_kept_with_what_came_next() {
        let mut observer = ApproachObserver::default();
        (1..5).for_each(|item| observer.caused(ItemId(item), CampaignIndex(0)));
        observer.level(&level(1, 10, 7, 3));
        observer.level(&level(2, 20, 7, 4));
        observer.level(&level(9, 25, 7, 5));
        let copy = Level {
            event: EventId(2),
            ..level(4, 20, 7, 4)
        };
        observer.level(&copy);
        observer.level(&level(3, 80, 8, 1));
        let all = observer.approaches();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].level, all[0].threshold, all[0].key.as_str()),
            (4, 5, "ada")
        );
        assert_eq!(all[0].next_after, Some(TimeSpan::from_seconds(60)));
        assert!(all[0].next_other_key);
    }
}
