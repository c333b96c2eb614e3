//! The evaluator put to the test itself. EVALUATION.md §9.

pub mod detectors;
pub mod leak;
pub mod mutation;
pub mod reference;
