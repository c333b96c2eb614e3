//! From alerts and labels to the figures of EVALUATION.md.
//!
//! Two layers: pure definitions (`attribution`, `incidents`, `headline`, `detection_time`,
//! `survival`, `windows`, `uncertainty`, `operations`, `evaluator`), each pinned by the worked
//! cases in `tests/test_vectors.json`; and `score`, which applies them to real alerts and a label
//! book. The crate runs no rules and reads no clock. A result is a [`Measure`]: a number, `+inf`,
//! or undefined with a reason, never NaN.

pub mod attribution;
pub mod detection_time;
pub mod evaluator;
pub mod headline;
pub mod incidents;
pub mod measure;
pub mod operations;
pub mod score;
pub mod survival;
pub mod uncertainty;
pub mod windows;

pub use measure::{Measure, Undefined};
pub use score::{
    BenignReach, LoadedRule, NearestApproach, NextEvent, ReachClass, Reachability, ScoreError,
    ScoreInput, ScoreOptions, ScoreReport, score,
};
