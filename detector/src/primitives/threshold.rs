//! The threshold sink: where a stream of levels becomes alerts.
//!
//! A rule produces levels; only here is the threshold known. The highest level ever seen stays
//! readable, so that a silent rule can say how near it came.

use livefire_schema::time::{EventTime, TimeSpan};

/// A threshold with edge, re-arm and realert, all in event time. Source: EVALUATION.md §6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThresholdSink {
    /// Threshold k.
    pub threshold: u64,
    /// After an alert, an unbroken run alerts again at its first event this much later.
    pub realert: TimeSpan,
    high_water: Option<HighWater>,
}

/// The highest level seen, and where first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HighWater {
    /// The level.
    pub level: u64,
    /// Hash of the key.
    pub key: u64,
    /// Event time.
    pub time: EventTime,
}

impl ThresholdSink {
    /// A sink that has seen nothing.
    #[must_use]
    pub fn new(threshold: u64, realert: TimeSpan) -> Self {
        ThresholdSink {
            threshold,
            realert,
            high_water: None,
        }
    }

    /// Notes the level of a key.
    pub fn note(&mut self, key: u64, time: EventTime, level: u64) {
        if self.high_water.is_none_or(|high| high.level < level) {
            self.high_water = Some(HighWater { level, key, time });
        }
    }

    /// Whether an event that moves the level from `before` (after expiry) to `after` alerts, given
    /// the key's last alert. `is_new` says that the event is no duplicate.
    #[must_use]
    pub fn fires(
        &self,
        before: u64,
        after: u64,
        is_new: bool,
        time: EventTime,
        last: Option<EventTime>,
    ) -> bool {
        if after < self.threshold {
            return false;
        }
        before < self.threshold || is_new && last.is_some_and(|last| time - last >= self.realert)
    }

    /// The highest level seen.
    #[must_use]
    pub fn high_water(&self) -> Option<HighWater> {
        self.high_water
    }
}
