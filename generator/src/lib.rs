//! Scenario → events and labels: benign traffic, attack kinds and look-alikes, rows.

pub mod assemble;
pub mod benign;
pub mod emit;
pub mod evasions;
pub mod event;
pub mod kinds;
pub mod prompts;
pub mod random;
pub mod recipes;
pub mod scenario;
pub mod settings;
pub mod world;
pub mod write;
