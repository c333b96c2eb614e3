//! What a scenario must know of attack kinds, look-alikes and evasions to be checked.

use livefire_schema::spec::{Faults, Spanned, or_list};

use super::entry::EntrySpec;
use crate::evasions::Tactics;
use crate::kinds::model::Label;
use crate::kinds::{AttackKind, AttackLibrary};

/// The kinds that a scenario may name.
pub trait Catalogue {
    /// Ids of attack kinds, in the order in which they are listed.
    fn attacks(&self) -> Vec<&str>;

    /// Ids of look-alikes, in the order in which they are listed.
    fn look_alikes(&self) -> Vec<&str>;

    /// Whether what the kind promises is verified in this version, or is its user's own business.
    fn is_verified(&self, kind: &str) -> bool;

    /// Whether the kind exists but cannot be used for faults of its file, which are told already.
    fn is_faulty(&self, _kind: &str) -> bool {
        false
    }

    /// Whether the kind takes prompts from the scenario's own file.
    fn needs_prompt_file(&self, _kind: &str) -> bool {
        false
    }

    /// Checks what an entry of a known kind says about it: knobs, evasions, stages and traps.
    fn check(&self, entry: &EntrySpec, faults: &Faults);
}

impl Catalogue for AttackLibrary {
    fn attacks(&self) -> Vec<&str> {
        ids(self, Label::Attack)
    }

    fn look_alikes(&self) -> Vec<&str> {
        ids(self, Label::HardNegative)
    }

    fn is_verified(&self, kind: &str) -> bool {
        self.get(kind)
            .is_none_or(|kind| kind.is_user() || kind.is_verified())
    }

    fn is_faulty(&self, kind: &str) -> bool {
        AttackLibrary::is_faulty(self, kind)
    }

    fn needs_prompt_file(&self, kind: &str) -> bool {
        self.get(kind).is_some_and(AttackKind::uses_prompt_file)
    }

    fn check(&self, entry: &EntrySpec, faults: &Faults) {
        let Some(kind) = self.get(&entry.kind.value) else {
            return;
        };
        // Only the faults matter here; whoever plans the campaigns reads the values again.
        let _ = kind.overrides(&entry.knobs, faults);
        let _ = Tactics::read(kind, entry, faults);
        check_evasions(kind, entry, faults);
        check_names(
            "stage",
            &entry.without_stages,
            &kind.stage_names(),
            kind,
            faults,
        );
        let traps: Vec<&str> = kind.traps().keys().map(AsRef::as_ref).collect();
        check_names("trap", &entry.traps, &traps, kind, faults);
    }
}

fn ids(library: &AttackLibrary, label: Label) -> Vec<&str> {
    let kinds = library.iter().filter(|kind| kind.label() == label);
    kinds.map(AttackKind::id).collect()
}

fn check_evasions(kind: &AttackKind, entry: &EntrySpec, faults: &Faults) {
    for evasion in &entry.evasions {
        let name = &evasion.name.value;
        if kind.evasions().contains(name) {
            continue;
        }
        let allowed = match kind.evasions() {
            [] => "it has none".to_owned(),
            names => format!("it has: {}", names.join(", ")),
        };
        let message = format!(
            "evasion `{name}` does not apply to `{}`; {allowed}",
            kind.id()
        );
        faults.error("LF-S014", evasion.name.span, message);
    }
}

fn check_names(
    what: &str,
    names: &[Spanned<String>],
    known: &[&str],
    kind: &AttackKind,
    faults: &Faults,
) {
    for name in names {
        if !known.contains(&name.value.as_str()) {
            let end = or_list(&name.value, "it has", known.iter().copied());
            let message = format!("`{}` has no {what} `{}`{end}", kind.id(), name.value);
            faults.error("LF-S015", name.span, message);
        }
    }
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
