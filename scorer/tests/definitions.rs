//! Properties of the pure definitions, by the numbers of EVALUATION.md §11.

#[path = "definitions/alerts.rs"]
mod alerts;
#[path = "definitions/statistics.rs"]
mod statistics;
#[path = "definitions/windows.rs"]
mod windows;
