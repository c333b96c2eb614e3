//! Ground truth: which delivered row belongs to which campaign, kept apart from the logs.
//!
//! Labels are sparse: a row without one is plainly benign. The detector does not depend on this
//! crate, so it cannot see the answers. Definitions: EVALUATION.md §1.

pub mod book;
pub mod io;
pub mod payload;
pub mod source;

pub use book::{
    Campaign, CampaignIndex, Class, GroupIndex, LabelBook, LabelGroup, LogExtent, Phase, RowLabel,
    StageExtent,
};
pub use payload::Payload;
pub use source::{Batch, BatchRow, EventSource, SourceError};
