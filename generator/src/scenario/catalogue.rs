//! What a scenario must know of attack kinds, look-alikes and evasions to be checked.

use livefire_schema::spec::Faults;

use super::entry::EntrySpec;

/// Evasions that this version can apply; the others of `schema::rules::EVASIONS` are only known.
pub const BUILT_EVASIONS: &[&str] = &[
    "just_under",
    "bin_straddle",
    "ip_rotate_in_net",
    "ip_rotate_across",
    "session_rotate",
    "tail_mutation",
    "low_and_slow",
    "office_exit",
];

/// The kinds that a scenario may name.
pub trait Catalogue {
    /// Ids of attack kinds, in the order in which they are listed.
    fn attacks(&self) -> Vec<&str>;

    /// Ids of look-alikes, in the order in which they are listed.
    fn look_alikes(&self) -> Vec<&str>;

    /// Whether what the kind promises is verified in this version.
    fn is_verified(&self, kind: &str) -> bool;

    /// Checks what an entry of a known kind says about it: knobs, evasions, stages and traps.
    fn check(&self, entry: &EntrySpec, faults: &Faults);
}
