//! Changes that no log can show: mutants that behave as the original, each with the reason.
//!
//! Mutation testing does not count them, for no scenario could ever kill them. The reason must
//! follow from the rule's definition and its other parameters, not from what our logs happen to
//! hold; a mutant that a scenario kills although it stands here is mislabelled, and counts as
//! killed.

use livefire_detector::parameters::{Parameters, Value};
use livefire_schema::time::TimeSpan;

/// No two places are farther apart along the Earth's surface, in km: half its circumference.
const FARTHEST_KM: f64 = 20_038.0;

/// Why a rule with one value changed raises the same alerts on every log, if that is so.
///
/// Severities and classes are no part of it: they change neither what a rule catches nor its
/// incidents.
#[must_use]
pub(super) fn reason(
    rule: &str,
    parameter: &str,
    changed: &Value,
    parameters: &Parameters,
) -> Option<&'static str> {
    let value = |name: &str| parameters.iter().find(|(spec, _)| spec.name == name);
    match (rule, parameter) {
        ("R1", "reasons") => {
            let (_, input) = value("input")?;
            (*input == Value::Word("alerts"))
                .then_some("read only where the input is the application's log")
        }
        ("U2", "release_accounts" | "change_actions") => {
            Some("decides how severe an alert is, not whether it is raised")
        }
        ("U3", "window") => {
            let (_, Value::Ratio(speed)) = value("speed_kmh")? else {
                return None;
            };
            let (_, Value::Span(window)) = value("window")? else {
                return None;
            };
            let Value::Span(changed) = changed else {
                return None;
            };
            let longest = TimeSpan::from_seconds_f64(FARTHEST_KM / speed * 3600.0);
            (longest < *window && longest < *changed)
                .then_some("so long apart, no two places on Earth are too far from each other")
        }
        _ => None,
    }
}
