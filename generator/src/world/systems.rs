//! Applications, their Azure `OpenAI` resources and model deployments, and the spare models.
//!
//! Each application has a resource of its own. `MODEL_MAP` always lists 64 spare models: benign
//! uploads use the first of them, `new` deployments of campaigns the rest, and nothing in a name
//! tells which is which.

use livefire_schema::time::EventTime;

use crate::event::{ApplicationRef, DeploymentRef, ResourceRef};
use crate::prompts::PromptLibrary;
use crate::random::{Key, Permutation};
use crate::settings::BenignProfile;
use crate::world::{Application, Deployment, Directory, Resource};

/// Spare models in `MODEL_MAP`.
pub const SPARE_MODELS: usize = 64;
/// Spare models that benign uploads may register; the others are for campaigns.
pub const BENIGN_SPARES: usize = 24;

/// Name, prompt sets, whether a code assistant, departments that use it first.
type Template = (
    &'static str,
    &'static [&'static str],
    bool,
    &'static [&'static str],
);

const ALL_SETS: &[&str] = &["finance", "hr", "engineering", "support", "legal"];

/// The first applications in order; the order is part of the output.
const APPLICATIONS: &[Template] = &[
    ("harbor-assistant", ALL_SETS, false, &[]),
    (
        "ledger-copilot",
        &["finance"],
        false,
        &["finance", "procurement"],
    ),
    (
        "forge-code",
        &["engineering"],
        true,
        &["engineering", "research"],
    ),
    ("desk-support", &["support"], false, &["support", "sales"]),
    ("people-desk", &["hr"], false, &["people"]),
    ("clinic-notes", &["medical"], false, &["medical"]),
    ("case-notes", &["legal"], false, &["legal"]),
    ("market-writer", &["support", "hr"], false, &["sales"]),
    (
        "ops-helper",
        &["engineering", "support"],
        false,
        &["operations", "security"],
    ),
    ("plan-review", &["finance", "legal"], false, &["operations"]),
    ("atlas-search", ALL_SETS, false, &["research"]),
    ("pilot-code", &["engineering"], true, &["engineering"]),
];

const BASE_MODELS: &[(&str, &str)] = &[
    ("gpt-4o", "2024-11-20"),
    ("gpt-4o-mini", "2024-07-18"),
    ("gpt-4.1", "2025-04-14"),
    ("gpt-4.1-mini", "2025-04-14"),
    ("o4-mini", "2025-04-16"),
];

const REGIONS: &[&str] = &["westeurope", "northeurope", "swedencentral", "eastus2"];

const SPARE_PURPOSES: [&str; 8] = [
    "support-classifier",
    "invoice-reader",
    "summary-ranker",
    "ticket-router",
    "intent-tagger",
    "draft-scorer",
    "query-rewriter",
    "topic-finder",
];

const SPARE_TEAMS: [&str; 8] = [
    "north", "south", "atlas", "beacon", "cedar", "delta", "ember", "fjord",
];

/// Departments whose main application this is.
pub(crate) fn serves(application: usize, department: &str) -> bool {
    template(application).3.contains(&department)
}

/// Whether everybody may use it.
pub(crate) fn serves_all(application: usize) -> bool {
    template(application).3.is_empty()
}

fn template(application: usize) -> &'static Template {
    &APPLICATIONS[application % APPLICATIONS.len()]
}

/// Adds `count` applications, one test application, their resources and deployments, and the
/// spare models.
pub(crate) fn add(
    directory: &mut Directory,
    count: usize,
    profile: &BenignProfile,
    prompts: &PromptLibrary,
    key: Key,
) {
    for index in 0..count {
        let (name, sets, code, _) = template(index);
        let round = index / APPLICATIONS.len();
        let name = if round == 0 {
            (*name).to_owned()
        } else {
            format!("{name}-{}", round + 1)
        };
        add_application(directory, &name, sets, *code, false, profile, prompts, key);
    }
    add_application(
        directory,
        "perf-bench",
        &["load_test"],
        false,
        true,
        profile,
        prompts,
        key,
    );
    directory.population_applications = directory.applications.len();
    directory.population_deployments = directory.deployments.len();
    add_spares(directory, key);
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site per kind of application"
)]
fn add_application(
    directory: &mut Directory,
    name: &str,
    sets: &[&str],
    code: bool,
    test: bool,
    profile: &BenignProfile,
    prompts: &PromptLibrary,
    key: Key,
) {
    let key = key.named("application").named(name);
    let resource = reference(directory.resources.len());
    directory.resources.push(Resource {
        name: format!("aoai-{name}"),
        region: choose(REGIONS, key.named("region")).to_string(),
    });
    let count = if test {
        1
    } else {
        1 + key.named("deployments").below(3)
    };
    let first_model = key.named("model").below(BASE_MODELS.len() as u64);
    let deployments = (0..count).map(|number| {
        let at = (first_model + number) % BASE_MODELS.len() as u64;
        let (model, version) = BASE_MODELS[usize::try_from(at).unwrap_or(0)];
        let suffix = if test {
            "test"
        } else {
            ["prod", "fast", "next"][usize::try_from(number).unwrap_or(0)]
        };
        let deployment = DeploymentRef(reference(directory.deployments.len()));
        directory.deployments.push(Deployment {
            name: format!("{name}-{suffix}"),
            // A fine-tuned name per application, so that a finding concerns one deployment.
            model: format!("{model}.ft-{name}-{suffix}"),
            version: version.to_owned(),
            asset_id: format!(
                "/registries/reg-main/models/{model}.ft-{name}-{suffix}/versions/{version}"
            ),
            test,
        });
        deployment
    });
    let deployments = deployments.collect();
    directory.applications.push(Application {
        name: name.to_owned(),
        resource: ResourceRef(resource),
        deployments,
        prompt_sets: sets
            .iter()
            .filter_map(|set| prompts.set_index(set))
            .collect(),
        stops_prompts: key.named("stops").chance(profile.stopped_in_app),
        passes_user_context: key.named("context").chance(profile.user_security_context),
        code,
        test,
    });
}

fn add_spares(directory: &mut Directory, key: Key) {
    let key = key.named("spare models");
    let order = Permutation::new(key, SPARE_MODELS as u64);
    for index in 0..SPARE_MODELS as u64 {
        let at = usize::try_from(order.at(index)).unwrap_or(0);
        let name = format!("{}-{}", SPARE_PURPOSES[at % 8], SPARE_TEAMS[at / 8 % 8]);
        let version = 1 + key.index(index).below(9);
        directory.deployments.push(Deployment {
            name: format!("{name}-live"),
            asset_id: format!("/registries/reg-main/models/{name}/versions/{version}"),
            model: name,
            version: version.to_string(),
            test: false,
        });
    }
}

/// The application's index as the list's element type.
pub(crate) fn application(index: usize) -> ApplicationRef {
    ApplicationRef(reference(index))
}

fn choose<T>(list: &[T], key: Key) -> &T {
    &list[usize::try_from(key.below(list.len() as u64)).unwrap_or(0)]
}

fn reference(index: usize) -> u32 {
    u32::try_from(index).expect("a world holds fewer than 2^32 things")
}

/// Accounts that exist since long before the log, 1 to 8 years.
pub(crate) fn long_ago(start: EventTime, key: Key) -> EventTime {
    let seconds = 86_400.0 * (365.0 + 7.0 * 365.0 * key.uniform());
    start - livefire_schema::time::TimeSpan::from_seconds_f64(seconds)
}
