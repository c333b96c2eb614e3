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

/// One sentence on what an evasion does, for lists and help; empty for an unknown name.
#[must_use]
pub fn evasion_help(name: &str) -> &'static str {
    match name {
        "just_under" => "stays below the threshold in every window of every key",
        "bin_straddle" => "splits matching events over an edge of tumbling windows",
        "schedule_gap" => "delays rows past the look-back of a scheduled run",
        "ip_rotate_in_net" => "a new host of the same network for each request",
        "ip_rotate_across" => "a new network for each request",
        "user_rotate" => "spreads requests over many accounts",
        "session_rotate" => "a new session for each request",
        "tail_mutation" => "changes the prompt only behind character 80: new hash, same sample",
        "head_mutation" => "changes the first 80 characters: new hash and new sample",
        "invisible_mutation" => "zero-width, homoglyph or tag characters in the prompt",
        "prewarm" => "harmless use before the attack, so that the baseline knows it",
        "baseline_expiry" => "reuses an address at the edge of the 7-day baseline",
        "low_and_slow" => "one request per long gap",
        "mix_benign" => "harmless requests between the attack's",
        "human_pacing" => "gaps of a human in place of a bot's",
        "office_exit" => "leaves through the address that the account uses most",
        "outside_join" => "keeps the two sides of a join just further apart than its bound",
        "filter_avoid" => "wording that passes the security check",
        "xff_spoof" => "a forged client address in the application log",
        _ => "",
    }
}
