//! Reader of user-written YAML that keeps positions and reports every fault at once.
//!
//! A file becomes one [`Node`] tree ([`parse`]); a [`MapReader`] lowers each map of it, noting a
//! [`Fault`] per mistake in a [`Faults`] collector instead of stopping at the first. Scenarios,
//! attack kinds and native rules are all read through it, so all speak the same way:
//!
//! ```
//! use livefire_schema::spec::{self, Faults, MapReader};
//!
//! let faults = Faults::new("storm.yaml");
//! let node = spec::parse(b"count: 12\nwindw: 10m\n", &faults).expect("is YAML");
//! let mut map = MapReader::open(&node, "the storm", &faults).expect("is a map");
//! assert_eq!(map.integer("count", 1..=100).map(|count| count.value), Some(12));
//! assert!(map.duration("window").is_none());
//! map.finish();
//! assert_eq!(
//!     faults.to_string(),
//!     "storm.yaml:2:1 unknown key `windw` in the storm; did you mean `window`?\n"
//! );
//! ```
//!
//! Codes of this layer: `LF-Y001` syntax, `LF-Y002` duplicate key, `LF-Y003` unknown key,
//! `LF-Y004` missing key, `LF-Y005` wrong kind of value, `LF-Y006` value out of range,
//! `LF-Y007` unknown word, `LF-Y008` file too large.

mod fault;
mod node;
mod reader;
mod scalar;
mod suggest;
mod syntax;

pub use fault::{Fault, FaultSeverity, Faults, Related};
pub use node::{MAX_FILE_BYTES, Node, NodeValue, Span, Spanned, parse};
pub use reader::MapReader;
pub use suggest::{did_you_mean, or_list};
