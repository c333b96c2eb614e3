//! Building blocks that rules share: distinct counts over sliding windows and bins, thresholds with
//! edges and realerts, statistics of gaps, interval joins, first sightings, baselines of hours.
//!
//! They work on records in event order and know nothing of tables. State is per key and goes by
//! event time.

mod baseline;
mod first_seen;
mod gaps;
mod history;
mod interval_join;
mod keyed_count;
mod threshold;
mod tokens;

pub use baseline::{BaselineCount, Comparison, Hours, Standing};
pub use first_seen::{Baseline, Seen};
pub(crate) use gaps::median;
pub use gaps::{Gaps, is_automated};
pub(crate) use interval_join::is_copy;
pub use interval_join::{IntervalJoin, Match};
pub use keyed_count::{Closed, Counting, KeyedCount, SamplePolicy};
pub use threshold::{HighWater, ThresholdSink};
pub use tokens::{Token, Tokens};
