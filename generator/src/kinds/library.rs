//! All kinds of a run: the shipped ones and the user's, checked.

use std::sync::Arc;

use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use livefire_schema::spec::{Fault, FaultSeverity, Faults, did_you_mean};
use livefire_schema::table::Schema;

use super::check::{self, Context};
use super::inline::Inliner;
use super::kind::AttackKind;
use super::model::Label;
use super::read::{KindSpec, read_kind};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/kinds");

/// Kinds and look-alikes that are verified in this version: their expected, literal and must-fire
/// rules are measured by tests. One that is not listed loads and runs, and `list` says that it is
/// not verified.
pub const VERIFIED: &[&str] = &[
    "prompt_injection",
    "content_violation",
    "jailbreak_campaign",
    "rate_limit_storm_bot",
    "coordinated_prompt_hash",
    "stolen_accounts_same_prompt",
    "new_ip_login",
    "credential_stuffing_then_genai",
    "password_spray_low_slow",
    "llm_reconnaissance",
    "data_exfiltration_via_completion",
    "ti_listed_ip",
    "malicious_model_upload_and_use",
    "kill_chain_spray_to_exfil",
    "after_hours",
    "anonymised_access",
    "ascii_smuggling",
    "impossible_travel",
    "indirect_injection",
    "kill_chain_key_to_resale",
    "kill_chain_poisoned_model",
    "log_injection",
    "phishing_url_in_chat",
    "prompt_leak",
    "spoofed_source_ip",
    "tool_abuse",
    "rate_limit_human_retry",
    "nat_office_ip",
    "shared_template_prompts",
    "training_workshop",
    "buggy_client_retry_storm",
    "travel_vpn_mobile_handover",
    "forgotten_password_day",
    "clinical_legal_false_positives",
    "duplicate_and_late_rows",
    "emoji_and_scripts",
    "load_test",
    "model_migration",
    "new_feature_launch",
    "newsletter_links",
    "nightly_batch_job",
    "office_move",
    "on_call_and_dst",
    "onboarding_wave",
    "pasted_code_and_json",
    "quota_cut",
    "red_team_drill",
    "security_lookalike_prompts",
    "stale_shared_indicator",
    "app_switches_model",
    "denial_of_wallet",
    "insider_volume_jump",
    "key_listing_by_service_principal",
    "llmjacking",
    "model_extraction",
    "key_rotation",
    "quarter_end_reporting",
];

/// One file, shipped or the user's.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name as messages show it.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// All kinds that a scenario may name.
#[derive(Clone, Debug)]
pub struct AttackLibrary {
    kinds: IndexMap<Arc<str>, AttackKind>,
    warnings: Vec<Fault>,
    faulty: Vec<Arc<str>>,
}

impl AttackLibrary {
    /// The shipped files, in name order, as `kinds/<id>.yaml`.
    #[must_use]
    pub fn embedded_sources() -> Vec<Source> {
        let mut sources: Vec<Source> = EMBEDDED
            .files()
            .map(|file| Source {
                path: format!("kinds/{}", file.path().display()),
                bytes: file.contents().to_vec(),
            })
            .collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    }

    /// Only the shipped kinds.
    ///
    /// # Panics
    /// Never in a released binary: a test loads every shipped file.
    #[must_use]
    pub fn embedded(schema: &Schema) -> Self {
        Self::load(&Self::embedded_sources(), &[], schema).expect("shipped kinds are valid")
    }

    /// Reads and checks all kinds; a user's kind joins the shipped ones, or replaces the one that
    /// its `replaces:` names.
    ///
    /// # Errors
    /// Every fault of every file, if any of them is an error.
    pub fn load(embedded: &[Source], user: &[Source], schema: &Schema) -> Result<Self, Faults> {
        let all = Faults::new("kinds");
        let library = Self::read(embedded, user, schema, &all);
        if all.has_errors() {
            return Err(all);
        }
        Ok(library)
    }

    /// As [`AttackLibrary::load`], but leaves out the kinds that have an error, and those that use
    /// them: a faulty file says nothing about the others. All faults are noted.
    #[must_use]
    pub fn read(embedded: &[Source], user: &[Source], schema: &Schema, all: &Faults) -> Self {
        let mut specs: IndexMap<Arc<str>, (KindSpec, Faults)> = IndexMap::new();
        let mut origins: IndexMap<Arc<str>, bool> = IndexMap::new();
        let mut faulty: Vec<Arc<str>> = Vec::new();
        let embedded = embedded.iter().map(|source| (source, false));
        for (source, is_user) in embedded.chain(user.iter().map(|source| (source, true))) {
            let faults = Faults::new(&source.path);
            let Some(spec) = read_kind(&source.bytes, &faults) else {
                all.append(faults);
                faulty.push(Arc::from(stem(&source.path)));
                continue;
            };
            let id = Arc::clone(&spec.id.value);
            if is_user && !joins(&spec, &origins, &faults) {
                all.append(faults);
                continue;
            }
            origins.insert(Arc::clone(&id), is_user);
            if let Some((_, earlier)) = specs.insert(id, (spec, faults)) {
                all.append(earlier);
            }
        }
        let mut kinds = checked(&specs, &origins, schema);
        faulty.extend(with_errors(&specs));
        kinds.retain(|id, _| !faulty.contains(id));
        let before = all.sorted();
        for (_, (_, faults)) in specs {
            all.append(faults);
        }
        let mut warnings = all.sorted();
        warnings.retain(|fault| fault.severity == FaultSeverity::Warning);
        warnings.retain(|fault| !before.contains(fault));
        AttackLibrary {
            kinds,
            warnings,
            faulty,
        }
    }

    /// Whether a kind of this id was left out for its own faults, or those of a kind that it uses.
    #[must_use]
    pub fn is_faulty(&self, id: &str) -> bool {
        self.faulty.iter().any(|faulty| &**faulty == id)
    }

    /// A kind by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&AttackKind> {
        self.kinds.get(id)
    }

    /// All kinds, the shipped ones first, by id.
    pub fn iter(&self) -> impl Iterator<Item = &AttackKind> {
        self.kinds.values()
    }

    /// The id that a misspelt one most likely means, among attacks or look-alikes.
    #[must_use]
    pub fn suggest(&self, id: &str, label: Label) -> Option<&str> {
        let of_label = self.kinds.values().filter(|kind| kind.label() == label);
        did_you_mean(id, of_label.map(AttackKind::id))
    }

    /// Warnings of the files, such as unused pools.
    #[must_use]
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }
}

/// A file's name without folders and `.yaml`.
fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let end = name.rfind('.').unwrap_or(name.len());
    &name[..end]
}

/// Inlines and checks every kind that was read; faults go to each one's own collector.
fn checked(
    specs: &IndexMap<Arc<str>, (KindSpec, Faults)>,
    origins: &IndexMap<Arc<str>, bool>,
    schema: &Schema,
) -> IndexMap<Arc<str>, AttackKind> {
    let ids: Vec<(Arc<str>, Label)> = specs
        .iter()
        .map(|(id, (spec, _))| (Arc::clone(id), spec.label))
        .collect();
    let mut inliner = Inliner::new(specs);
    let mut kinds = IndexMap::new();
    for (id, (written, faults)) in specs {
        let Some(kind) = inliner.kind(id) else {
            continue;
        };
        let is_user = origins.get(id).copied().unwrap_or(false);
        check::check(&Context {
            written,
            kind: &kind,
            schema,
            ids: &ids,
            is_user,
            faults,
        });
        kinds.insert(Arc::clone(id), AttackKind::new(kind, is_user));
    }
    kinds
}

/// Ids of the kinds that have an error, and of those that use them, directly or not.
fn with_errors(specs: &IndexMap<Arc<str>, (KindSpec, Faults)>) -> Vec<Arc<str>> {
    let uses = |spec: &KindSpec, used: &str| {
        let traps = spec.traps.values().flat_map(|trap| &trap.stages);
        let mut all = spec.stages.values().chain(traps);
        all.any(|stage| {
            let target = stage.using.as_ref().map(|using| &*using.target.value);
            target.is_some_and(|target| target.split('.').next() == Some(used))
        })
    };
    let mut faulty: Vec<Arc<str>> = Vec::new();
    loop {
        let next = specs.iter().find(|(id, (spec, faults))| {
            let is_bad = faults.has_errors() || faulty.iter().any(|bad| uses(spec, bad));
            is_bad && !faulty.contains(id)
        });
        match next {
            Some((id, _)) => faulty.push(Arc::clone(id)),
            None => return faulty,
        }
    }
}

/// Whether a user's file may join: its id may repeat a shipped one only where it says so.
fn joins(spec: &KindSpec, origins: &IndexMap<Arc<str>, bool>, faults: &Faults) -> bool {
    let id = &spec.id.value;
    let (span, message) = match (&spec.replaces, origins.get(id)) {
        (None, Some(false)) => (
            spec.id.span,
            format!("`{id}` is a shipped kind; choose another id, or write `replaces: {id}`"),
        ),
        (_, Some(true)) => (
            spec.id.span,
            format!("a second file has the id `{id}`; choose another"),
        ),
        (Some(replaced), _) if replaced.value != *id => (
            replaced.span,
            format!("`replaces` must be the file's own id, `{id}`"),
        ),
        (Some(replaced), None) => (
            replaced.span,
            format!("`replaces: {id}`: no shipped kind has this id; remove it"),
        ),
        (Some(_), Some(false)) | (None, None) => return true,
    };
    faults.error("LF-A008", span, message);
    false
}
