//! Windows, thresholds and phase: what a rule's grid lets through, and a whole threshold axis at once.
//!
//! EVALUATION.md §6. Times in the pure geometry (`phase`) are seconds, elsewhere ticks.

pub mod phase;
pub mod sliding;
pub mod suppression;
pub mod sweep;
