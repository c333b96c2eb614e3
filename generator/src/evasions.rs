//! Evasions and stealth: how an attacker who knows the rules changes a planned campaign.
//!
//! An evasion is a [`Transform`] of a drafted campaign with a name, knobs and one file; stealth is
//! one number that turns several components on at once (`stealth`). They aim at the published
//! defaults of `schema::rules`, never at a user's tuned rule, and only at what the kind itself says
//! it loses when quiet. [`Tactics`] puts an entry's choices in order: the kind's defaults, then
//! stealth, then named evasions and explicit knobs each in place of one component, the cap last.
//! To add an evasion: a file, its line in [`EVASIONS`], its name in
//! `schema::rules::EVASIONS`, a sentence in `scenario::evasion_help`.

mod baseline_expiry;
mod bin_straddle;
mod bounds;
mod counting;
mod cover;
mod explicit;
mod filter_avoid;
mod head_mutation;
mod human_pacing;
mod invisible_mutation;
mod ip_rotate_across;
mod ip_rotate_in_net;
mod just_under;
mod knobs;
mod low_and_slow;
mod mix_benign;
mod office_exit;
mod outside_join;
mod prewarm;
mod retime;
mod rewording;
mod schedule_gap;
mod session_rotate;
mod stealth;
mod tactics;
mod tail_mutation;
mod user_rotate;
mod visits;
mod windows;
mod xff_spoof;

use std::fmt::Debug;

use livefire_schema::rules::RuleToken;

use crate::event::Action;
use crate::kinds::model::{Knob, Label};
use crate::kinds::plan::draft::{StageDraft, Transform};
use crate::scenario::evasion_help;

pub use knobs::KnobSet;
pub use tactics::Tactics;

/// All evasions, in the order of their documentation.
pub const EVASIONS: &[&dyn Evasion] = &[
    &just_under::JustUnder,
    &bin_straddle::BinStraddle,
    &schedule_gap::ScheduleGap,
    &ip_rotate_in_net::IpRotateInNet,
    &ip_rotate_across::IpRotateAcross,
    &user_rotate::UserRotate,
    &session_rotate::SessionRotate,
    &tail_mutation::TailMutation,
    &head_mutation::HeadMutation,
    &invisible_mutation::InvisibleMutation,
    &prewarm::Prewarm,
    &baseline_expiry::BaselineExpiry,
    &low_and_slow::LowAndSlow,
    &mix_benign::MixBenign,
    &human_pacing::HumanPacing,
    &office_exit::OfficeExit,
    &outside_join::OutsideJoin,
    &filter_avoid::FilterAvoid,
    &xff_spoof::XffSpoof,
];

/// An evasion by name: what it takes, and the transform that it is.
pub trait Evasion: Debug + Sync {
    /// Name in scenarios and kinds.
    fn name(&self) -> &'static str;

    /// One sentence on what it does.
    fn help(&self) -> &'static str {
        evasion_help(self.name())
    }

    /// Its knobs: names, defaults and ranges.
    fn knobs(&self) -> Vec<(&'static str, Knob)> {
        Vec::new()
    }

    /// What it governs, in place of the same part of stealth.
    fn component(&self) -> Component;

    /// The transform for checked knobs, aimed at what the kind loses.
    fn build(&self, knobs: &KnobSet, aim: &Aim) -> Box<dyn Transform>;
}

/// What a transform governs; also the order in which transforms are applied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    /// Share of requests that the security check stops.
    Failures,
    /// Gaps between events.
    Gap,
    /// Where events lie against the edges of tumbling windows.
    Phase,
    /// How far apart the two sides of a join lie.
    Join,
    /// Which accounts act.
    Accounts,
    /// Source addresses by network.
    Networks,
    /// Session ids.
    Session,
    /// Wording of prompts.
    Mutation,
    /// Harmless requests between the attack's.
    Cover,
    /// Counts in sliding windows.
    Cap,
    /// Exits that look like the account's own; it looks at when stages lie in the end.
    Exit,
    /// The address that the application believes.
    Claim,
    /// What a baseline holds of the campaign's addresses when it begins.
    Baseline,
    /// When rows reach the log.
    Ingestion,
}

/// What an evasion aims at.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    /// Rules that the kind says it loses when quiet.
    pub lost: Vec<RuleToken>,
    /// Whether the kind is an attack, so that its stages without a label are.
    pub is_attack: bool,
}

/// Finds an evasion by name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Evasion> {
    EVASIONS
        .iter()
        .find(|evasion| evasion.name() == name)
        .copied()
}

/// Whether a stage's events are the attacker's own doing, cover included.
pub(crate) fn is_attackers(planned: &StageDraft) -> bool {
    planned.stage.label != Some(Label::Benign)
}

/// Whether an action goes over the network from the actor's address.
pub(crate) fn is_call(action: Action) -> bool {
    matches!(
        action,
        Action::Request | Action::ToolCall | Action::KeyCall | Action::SignIn
    )
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
