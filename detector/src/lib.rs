//! Runs native detection rules over log rows and emits alerts.
//!
//! A line goes two ways past each rule. [`Projector`] is stateless and shared by all parsing
//! threads: it reads the fields that the loaded rules need, once, and leaves small [`Record`]s in a
//! [`ProjectedBatch`]. [`Engine`] owns all state of one world: it puts records back into event
//! order behind a watermark, hands them to the rules and collects alerts. Two engines may consume
//! the same projections, one of them fewer rows, and still share one clock.
//!
//! Nothing here knows a label: this crate depends on `schema` alone.

pub mod census;
pub mod context;
pub mod engine;
pub mod input;
pub mod names;
pub mod parameters;
pub mod phrases;
pub mod primitives;
pub mod projected;
pub mod projector;
pub mod record;
mod reorder;
pub mod rules;
pub mod ruleset;
pub mod schedule;

pub use context::{AlertDraft, Context};
pub use engine::{Engine, EngineOptions, LateCount, Level, LevelObserver, Unobserved, View};
pub use projected::{Projected, ProjectedBatch};
pub use projector::{LineError, Projector};
pub use record::Record;
pub use ruleset::{Form, FormIndex, RuleSet};
pub use schedule::{Schedule, ScheduleChoice};

#[cfg(test)]
mod testing;
