//! From a benchmark's figures to a site's: rates, base rates, queues. EVALUATION.md §8.

pub mod queue;
pub mod rates;
