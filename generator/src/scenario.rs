//! Scenarios: from the YAML that a user writes to a checked description of a world.
//!
//! Two types carry it. [`ScenarioSpec`] is what was written, every value with its place, composed
//! of the file and what it includes. [`Scenario`] is what is meant: private fields, one way in
//! ([`ScenarioSpec::validate`]), every fault reported at once. Code that takes a [`Scenario`] does
//! not check again. What a scenario says *about* a kind (knobs, stages, traps) is kept as written
//! in [`EntrySpec`] and checked by the [`Catalogue`], so that this module knows no kind by name.
//!
//! Codes of this layer: `LF-S001` unknown kind, `LF-S002` kind under the wrong list, `LF-S003`
//! duplicate name, `LF-S004` `at` outside the scored interval, `LF-S005` baseline not shorter than
//! the log, `LF-S006` unusable name, `LF-S008` include, `LF-S009` kind not verified
//! yet (warning), `LF-S010` time zone, `LF-S011` unreadable file, `LF-S013` key that does not apply
//! to this list, `LF-S014` evasion that does not apply to the kind, `LF-S015` unknown stage or trap,
//! `LF-S016` campaign that cannot be planned in this world, `LF-S017` file of prompts, `LF-S018` kind
//! that needs one, `LF-S019` spelling of users that nothing can be joined with (warning).

mod catalogue;
mod entry;
mod fields;
mod include;
mod lower;
mod prompt_file;
mod spec;
mod validate;

pub use catalogue::{Catalogue, evasion_help};
pub use entry::{Entry, EntrySpec, EvasionSpec};
pub use fields::{Bounds, Field, benign_fields, population_fields, telemetry_fields};
pub use spec::{Grouping, ScenarioSpec, Written};
pub use validate::Scenario;

#[cfg(test)]
mod tests;
