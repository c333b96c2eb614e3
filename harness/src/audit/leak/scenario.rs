//! The log that a leak audit looks at: every attack kind once, among look-alikes that bring
//! accounts and devices of their own.

use livefire_generator::kinds::AttackLibrary;
use livefire_generator::kinds::model::Label;

/// The text of a scenario with every attack kind of a library, at its default knobs.
#[must_use]
pub fn every_kind(library: &AttackLibrary, seed: u64) -> String {
    let mut text = format!(
        "name: every-kind\nseed: {seed}\nstart: 2026-03-02T00:00:00Z\nduration: 16d\nbaseline: 7d\n\
         population: {{ users: 300, applications: 8, sites: 2 }}\n\
         look_alikes: [onboarding_wave, travel_vpn_mobile_handover, forgotten_password_day]\n\
         telemetry: {{ delay: log_analytics, duplicates: 0.1%, clock_skew: 1s }}\ncampaigns:\n"
    );
    for kind in library.iter().filter(|kind| kind.label() == Label::Attack) {
        text.push_str(&format!("  - {}\n", kind.id()));
    }
    text
}
