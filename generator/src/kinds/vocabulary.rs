//! The closed word lists of the attack format: actions, outcomes, set-able fields, prompt sets,
//! techniques and Defender alert types. Lists that other files hold are read from those files.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::place::Place;
use crate::event::{Action, Outcome};

/// The words of `do:`, in the order of the format's documentation.
pub const ACTIONS: &[(&str, Action)] = &[
    ("request", Action::Request),
    ("tool_call", Action::ToolCall),
    ("key_call", Action::KeyCall),
    ("sign_in", Action::SignIn),
    ("change", Action::Change),
    ("indicator", Action::Indicator),
    ("finding", Action::Finding),
    ("watchlist", Action::Watchlist),
    ("row", Action::Row),
];

/// The word of an action.
#[must_use]
pub fn action_word(action: Action) -> &'static str {
    ACTIONS
        .iter()
        .find(|(_, known)| *known == action)
        .map_or("", |(word, _)| word)
}

/// The outcomes that an action may have, its default first; empty for actions without one.
#[must_use]
pub fn outcomes(action: Action) -> &'static [Outcome] {
    use Outcome as O;
    match action {
        Action::Request => &[
            O::Pass,
            O::Injection,
            O::Jailbreak,
            O::Leak,
            O::Content,
            O::Withheld,
            O::Throttled,
            O::Refused,
            O::Unavailable,
        ],
        Action::ToolCall => &[O::Pass, O::Denied, O::Injection],
        Action::KeyCall => &[O::Ok, O::Bad, O::Refused, O::Throttled, O::ListModels],
        Action::SignIn => &[
            O::Ok,
            O::BadPassword,
            O::UnknownUser,
            O::Locked,
            O::MfaNeeded,
            O::MfaDenied,
            O::Expired,
            O::Kmsi,
            O::Blocked,
        ],
        Action::Change => &[
            O::Configuration,
            O::ModelUpload,
            O::KeysListed,
            O::MfaRegistered,
            O::PasswordReset,
            O::RoleAdded,
            O::Consent,
            O::AccountCreated,
        ],
        Action::Indicator => &[O::Active, O::Expired, O::Revoked],
        Action::Finding => &[O::Unhealthy, O::Healthy],
        _ => &[],
    }
}

/// The tables that rows of (action, outcome) go to, the main one first.
#[must_use]
pub fn tables(action: Action, outcome: Outcome) -> &'static [&'static str] {
    match (action, outcome) {
        (Action::Request | Action::ToolCall, _) => &["ContainerLogV2", "AzureDiagnostics"],
        (Action::KeyCall, _) | (Action::Change, Outcome::KeysListed) => &["AzureDiagnostics"],
        (Action::SignIn, _) => &["SigninLogs"],
        (Action::Change, Outcome::ModelUpload) => &["AmlModelsEvent", "CloudAppEvents"],
        (Action::Change, Outcome::Configuration) => &["CloudAppEvents"],
        (Action::Change, _) => &["AuditLogs"],
        (Action::Indicator, _) => &["ThreatIntelIndicators"],
        (Action::Finding, _) => &["SecurityRecommendation"],
        (Action::Watchlist, _) => &["Watchlist"],
        (Action::DefenderAlert, _) => &["SecurityAlert", "AlertInfo", "AlertEvidence"],
        _ => &[],
    }
}

/// Fields that `set:` takes by a plain name, with what each takes.
pub(crate) const FIELDS: &[(&str, Place)] = {
    use super::value::Kind;
    const fn whole(high: f64) -> Place {
        Place::new(Kind::Integer, 0.0, high)
    }
    &[
        ("response_bytes", whole(1e9)),
        ("completion_tokens", whole(1e7)),
        ("tool", Place::of(Kind::Word)),
        ("tools", whole(100.0)),
        ("model_format", Place::of(Kind::Word)),
        ("mutate", Place::of(Kind::Word)),
        ("content_severity", whole(7.0)),
        ("confidence", whole(100.0)),
        ("valid", Place::span()),
        ("client", Place::of(Kind::Word)),
        ("escape", Place::of(Kind::Flag)),
        ("copies", Place::new(Kind::Integer, 1.0, 100.0)),
        ("ingest_delay", Place::span()),
    ]
};

/// Fields of `set:` that take pools or prompt sets; all but the first only under `alter`.
pub const POOL_FIELDS: &[&str] = &["source_ip", "address", "deployment", "prompts"];

/// One prompt set of `prompt_templates.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptSet {
    /// Position in the file, which is [`crate::event::Prompt::set`].
    pub index: u16,
    /// Number of templates.
    pub templates: u16,
}

struct Lists {
    prompt_sets: IndexMap<String, PromptSet>,
    mutations: Vec<String>,
    alert_types: Vec<String>,
    atlas: Vec<String>,
    owasp: Vec<String>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let json = |text: &str| -> Json {
        serde_json::from_str(text).expect("embedded data files are valid JSON")
    };
    let keys = |value: &Json| -> Vec<String> {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    };
    let prompts = json(include_str!("../../data/prompt_templates.json"));
    let alerts = json(include_str!("../../../schema/data/defender_ai_alerts.json"));
    let texts = |value: &Json, field: &str| -> Vec<String> {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .filter_map(|item| item[field].as_str().map(str::to_owned))
            .collect()
    };
    let mut mutations = vec!["none".to_owned()];
    mutations.extend(texts(&prompts["mutations"], "name"));
    mutations.push("honest_unicode".to_owned());
    let sets = prompts["sets"].as_object().cloned().unwrap_or_default();
    let count = |set: &Json| set["templates"].as_array().map_or(0, Vec::len);
    Lists {
        prompt_sets: sets
            .iter()
            .enumerate()
            .map(|(index, (name, set))| {
                let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
                let (index, templates) = (small(index), small(count(set)));
                (name.clone(), PromptSet { index, templates })
            })
            .collect(),
        mutations,
        alert_types: texts(&alerts, "id")
            .into_iter()
            .map(|id| id.trim_start_matches("AI.").to_owned())
            .collect(),
        atlas: keys(&json(include_str!("../../../schema/data/atlas_names.json"))),
        owasp: keys(&json(include_str!(
            "../../../schema/data/owasp_llm_2025.json"
        )))
        .into_iter()
        .map(|id| id.split(':').next().unwrap_or_default().to_owned())
        .collect(),
    }
});

/// All prompt sets by name.
#[must_use]
pub fn prompt_sets() -> &'static IndexMap<String, PromptSet> {
    &LISTS.prompt_sets
}

/// Names of all mutations, `none` first.
#[must_use]
pub fn mutations() -> &'static [String] {
    &LISTS.mutations
}

/// Types of Defender for AI alerts, without `AI.`.
#[must_use]
pub fn alert_types() -> &'static [String] {
    &LISTS.alert_types
}

/// Known ATLAS technique ids.
#[must_use]
pub fn atlas() -> &'static [String] {
    &LISTS.atlas
}

/// Known OWASP ids without their year (`LLM01`).
#[must_use]
pub fn owasp() -> &'static [String] {
    &LISTS.owasp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_lists_are_filled() {
        assert_eq!(prompt_sets().len(), 25);
        assert_eq!(prompt_sets()["jailbreak"].templates, 10);
        assert!(mutations().iter().any(|name| name == "tail_nonce"));
        assert_eq!(alert_types().len(), 18);
        assert!(atlas().iter().any(|id| id == "AML.T0051.000"));
        assert!(owasp().iter().any(|id| id == "LLM10"));
    }

    #[test]
    fn every_outcome_of_an_action_has_a_table() {
        for (word, action) in ACTIONS {
            for outcome in outcomes(*action) {
                assert!(!tables(*action, *outcome).is_empty(), "{word} {outcome:?}");
            }
        }
    }
}
