//! Runs worlds: the full log W and, in the same pass, W0 without the rows of any campaign.
//!
//! The runner, not the detector, decides which rows W0 sees: the detector never meets a label.
//! Rules stand behind `detector`'s engine; scoring is `scorer`'s. What attaches here later (why,
//! tune, gate, audit) reads the same pass.

pub mod acceptance;
pub mod approach;
pub mod audit;
pub mod bench;
pub mod experiment;
pub mod files;
pub mod gate;
pub mod mutate;
pub mod reach;
pub mod schedule;
pub mod scoring;
pub mod self_test;
pub mod tally;
pub mod tune;
pub mod why;
pub mod worlds;

pub use approach::Approach;
pub use files::FileSource;
pub use scoring::{loaded_rules, score_run};
pub use tally::{TableTally, Tally};
pub use worlds::{RunError, RunResult, Settings, Unreadable, bare, run};
