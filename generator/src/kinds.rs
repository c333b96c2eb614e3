//! Attack kinds and look-alikes as data: reading, checking and planning.
//!
//! A kind is a YAML file that says who does what, when, in named stages; ATTACK format version 1.
//! Files are read into what they say ([`model`]), used kinds are inlined, everything is checked
//! with all faults reported at once, and the result is an [`AttackKind`] that plans campaigns.
//! The rows that an event writes are decided elsewhere, by (action, outcome).

mod check;
mod inline;
mod kind;
mod library;
pub mod model;
mod place;
pub mod plan;
mod read;
pub mod value;
mod visit;
pub mod vocabulary;

pub use kind::{AttackKind, KnobOverrides};
pub use library::{AttackLibrary, Source, VERIFIED};

#[cfg(test)]
mod tests;
