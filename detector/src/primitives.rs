//! Building blocks that rules share: distinct counts over sliding windows and bins, thresholds with
//! edges and realerts, statistics of gaps.
//!
//! They work on records in event order and know nothing of tables. State is per key and goes by
//! event time.

mod gaps;
mod history;
mod keyed_count;
mod threshold;
mod tokens;

pub use gaps::{Gaps, is_automated};
pub use keyed_count::{Closed, Counting, KeyedCount, SamplePolicy};
pub use threshold::{HighWater, ThresholdSink};
pub use tokens::{Token, Tokens};
