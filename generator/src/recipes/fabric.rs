//! What many rows repeat: pods, resources, deployments and applications, formatted once.
//!
//! All of it is a function of the world's key and of names, never of an index: what one campaign
//! brings along moves the index of what another brings. Every source (a pod, a resource) also has
//! its own clock error here, in standard deviations.

use std::sync::LazyLock;

use livefire_schema::address::Network;
use livefire_schema::reference::Place;
use rustc_hash::FxHashMap;

use super::chance::guid;
use super::row::{SUBSCRIPTION, WORKSPACE};
use super::text::{escaped, guid_text, push_hex};
use crate::event::{Address, Event, ResourceRef};
use crate::random::Key;
use crate::world::{
    Account, AccountKind, AddressRole, Application, CountryRule, Family, Resource, World,
};

/// Replicas of every application.
const PODS: usize = 3;

/// One pod's part of a `ContainerLogV2` row.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    /// From the brace to the opening quote of `LogLevel`'s value.
    pub(crate) head: Vec<u8>,
    /// From `LogSource` to the opening quote of `TimeGenerated`'s value.
    pub(crate) tail: Vec<u8>,
    /// In standard deviations.
    pub(crate) clock_error: f64,
}

/// One application.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationText {
    /// Name, escaped.
    pub(crate) name: String,
    /// Its gateway's address, as the model service sees it.
    pub(crate) gateway: Address,
    /// Object id of its managed identity; empty where it uses the resource's key.
    pub(crate) identity: Vec<u8>,
    /// Application id in Entra.
    pub(crate) client_id: [u8; 36],
    /// Whether a code assistant.
    pub(crate) code: bool,
    resource: usize,
    deployment: usize,
    pods: Vec<Pod>,
}

/// One deployment.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentText {
    /// Name, escaped.
    pub(crate) name: String,
    /// Its fields of `properties_s`, escaped twice, with a leading comma.
    pub(crate) properties: Vec<u8>,
}

/// One Azure `OpenAI` resource's part of an `AzureDiagnostics` row; each starts with a comma.
#[derive(Clone, Debug)]
pub(crate) struct ResourceText {
    /// Name, lower case, not escaped.
    pub(crate) name: String,
    /// Full id, lower case, not escaped.
    pub(crate) id: String,
    /// `event_s` and `location_s`.
    pub(crate) event: Vec<u8>,
    /// `Resource` to `ResourceType`.
    pub(crate) ids: Vec<u8>,
    /// `SourceSystem` to the opening quote of `TimeGenerated`'s value.
    pub(crate) tail: Vec<u8>,
    /// In standard deviations.
    pub(crate) clock_error: f64,
}

/// Everything formatted once.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    applications: Vec<ApplicationText>,
    deployments: Vec<DeploymentText>,
    resources: Vec<ResourceText>,
    /// Indices of the population's privileged accounts.
    administrators: Vec<usize>,
    /// `LocationDetails` by key of the network.
    locations: FxHashMap<u64, LocationText>,
}

/// What sign-in rows say about a network, formatted.
#[derive(Clone, Debug)]
pub(crate) struct LocationText {
    /// Country, escaped.
    pub(crate) country: String,
    /// Autonomous system number.
    pub(crate) number: String,
    /// `LocationDetails` as an object.
    pub(crate) details: String,
    /// The same as JSON text, escaped.
    pub(crate) details_text: String,
}

/// The location of addresses outside the plan.
static NOWHERE: LazyLock<LocationText> = LazyLock::new(|| location_text(&Place::default()));

impl Fabric {
    pub(crate) fn new(world: &World) -> Self {
        let key = world.key.named("fabric");
        let directory = &world.directory;
        let mut applications: Vec<_> = directory
            .applications
            .iter()
            .map(|application| {
                let key = key.named("application").named(&application.name);
                application_text(world, key, application)
            })
            .collect();
        if applications.is_empty() {
            let nameless = nameless_application();
            applications.push(application_text(world, key.named("nameless"), &nameless));
        }
        let mut deployments: Vec<_> = directory
            .deployments
            .iter()
            .map(|deployment| {
                deployment_text(&deployment.name, &deployment.model, &deployment.version)
            })
            .collect();
        if deployments.is_empty() {
            deployments.push(deployment_text("default", "gpt-4o", "2024-11-20"));
        }
        let mut resources: Vec<_> = directory
            .resources
            .iter()
            .map(|resource| resource_text(key.named("resource").named(&resource.name), resource))
            .collect();
        if resources.is_empty() {
            let nameless = Resource {
                name: "aoai-default".to_owned(),
                region: "westeurope".to_owned(),
            };
            resources.push(resource_text(key.named("nameless"), &nameless));
        }
        let population = directory
            .accounts
            .iter()
            .take(directory.population)
            .enumerate();
        let privileged = |account: &Account| account.kind == AccountKind::Privileged;
        Fabric {
            applications,
            deployments,
            resources,
            locations: (world.addresses.places().iter())
                .filter_map(|place| {
                    let base = place.network.split('/').next()?;
                    Some((Network::parse(base)?.key(), location_text(place)))
                })
                .collect(),
            administrators: population
                .filter(|(_, account)| privileged(account))
                .map(|(index, _)| index)
                .collect(),
        }
    }

    /// Where an address is.
    pub(crate) fn location(&self, address: Address) -> &LocationText {
        let network = Network::of(address.ip()).key();
        self.locations.get(&network).unwrap_or(&NOWHERE)
    }

    /// One of the population's administrators.
    pub(crate) fn administrator(&self, key: Key) -> Option<usize> {
        let index = usize::try_from(key.below(self.administrators.len() as u64)).ok()?;
        self.administrators.get(index).copied()
    }

    /// The event's application; where it names none, the first one of its resource.
    pub(crate) fn application(&self, event: &Event) -> &ApplicationText {
        let named = event
            .application
            .and_then(|application| self.applications.get(application.0 as usize));
        let by_resource = || {
            let resource = event.resource?.0 as usize;
            self.applications
                .iter()
                .find(|application| application.resource == resource)
        };
        named.or_else(by_resource).unwrap_or(&self.applications[0])
    }

    /// The event's deployment, else its application's first.
    pub(crate) fn deployment(
        &self,
        event: &Event,
        application: &ApplicationText,
    ) -> &DeploymentText {
        let named = event
            .deployment
            .and_then(|deployment| self.deployments.get(deployment.0 as usize));
        named
            .or_else(|| self.deployments.get(application.deployment))
            .unwrap_or(&self.deployments[0])
    }

    /// The event's resource, else its application's.
    pub(crate) fn resource(&self, event: &Event, application: &ApplicationText) -> &ResourceText {
        let named = event
            .resource
            .and_then(|resource| self.resources.get(resource.0 as usize));
        named
            .or_else(|| self.resources.get(application.resource))
            .unwrap_or(&self.resources[0])
    }

    /// The pod that served the event's session.
    pub(crate) fn pod(&self, event: &Event) -> &Pod {
        let pods = &self.application(event).pods;
        let index = event.session.index(0x0070_6f64).below(PODS as u64);
        &pods[usize::try_from(index).unwrap_or(0) % pods.len()]
    }
}

fn nameless_application() -> Application {
    Application {
        name: "application".to_owned(),
        resource: ResourceRef(0),
        deployments: Vec::new(),
        prompt_sets: Vec::new(),
        stops_prompts: false,
        passes_user_context: false,
        code: false,
        test: false,
    }
}

fn application_text(world: &World, key: Key, application: &Application) -> ApplicationText {
    let slug = slug(&application.name);
    let keyless = key.named("keyless").chance(0.6);
    let deployment = application.deployments.first();
    ApplicationText {
        name: escaped(&application.name),
        gateway: world.addresses.pick(
            AddressRole::Hosting,
            &CountryRule::Any,
            Family::V4,
            key.named("gateway"),
        ),
        identity: if keyless {
            guid_text(guid(key.named("identity"))).to_vec()
        } else {
            Vec::new()
        },
        client_id: guid_text(guid(key.named("client"))),
        code: application.code,
        resource: application.resource.0 as usize,
        deployment: deployment.map_or(0, |deployment| deployment.0 as usize),
        pods: (0..PODS as u64)
            .map(|index| pod(key.named("pod").index(index), &slug))
            .collect(),
    }
}

fn pod(key: Key, slug: &str) -> Pod {
    let mut container = Vec::with_capacity(64);
    for index in 0..4 {
        push_hex(&mut container, &key.index(index).bits().to_be_bytes());
    }
    let container = String::from_utf8(container).expect("hex is ASCII");
    let node = key.named("node").below(4);
    let replica = {
        const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut bits = key.named("replica").bits();
        let mut name = String::new();
        for position in 0..14 {
            if position == 9 {
                name.push('-');
                continue;
            }
            name.push(char::from(LETTERS[usize::try_from(bits % 27).unwrap_or(0)]));
            bits /= 27;
        }
        name
    };
    let head = format!(
        "{{\"Computer\":\"aks-nodepool1-12345678-vmss{node:06}\",\"ContainerId\":\"{container}\",\
         \"ContainerName\":\"{slug}\",\"KubernetesMetadata\":{{\"podLabels\":{{\"app\":\"{slug}\"}}}},\
         \"LogLevel\":\""
    );
    let tail = format!(
        ",\"LogSource\":\"stdout\",\"PodName\":\"{slug}-{replica}\",\"PodNamespace\":\"genai\",\
         \"_ResourceId\":\"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-genai/providers/\
         microsoft.containerservice/managedclusters/aks-genai\",\"SourceSystem\":\"Containers\",\
         \"TenantId\":\"{WORKSPACE}\",\"TimeGenerated\":\""
    );
    Pod {
        head: head.into_bytes(),
        tail: tail.into_bytes(),
        clock_error: key.named("clock").normal(),
    }
}

fn deployment_text(name: &str, model: &str, version: &str) -> DeploymentText {
    let inner = format!(
        ",\"modelDeploymentName\":\"{}\",\"modelName\":\"{}\",\"modelVersion\":\"{}\"",
        escaped(name),
        escaped(model),
        escaped(version)
    );
    DeploymentText {
        name: escaped(name),
        properties: escaped(&inner).into_bytes(),
    }
}

fn location_text(place: &Place) -> LocationText {
    let details = if place.country.is_empty() {
        "{}".to_owned()
    } else {
        format!(
            "{{\"city\":\"{}\",\"countryOrRegion\":\"{}\",\
             \"geoCoordinates\":{{\"latitude\":{},\"longitude\":{}}}}}",
            escaped(&place.city),
            escaped(&place.country),
            place.latitude,
            place.longitude
        )
    };
    LocationText {
        country: escaped(&place.country),
        number: place.asn.to_string(),
        details_text: escaped(&details),
        details,
    }
}

fn resource_text(key: Key, resource: &Resource) -> ResourceText {
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-genai/providers/\
         microsoft.cognitiveservices/accounts/{}",
        resource.name.to_lowercase()
    );
    let region = escaped(&resource.region);
    let ids = format!(
        ",\"Resource\":\"{}\",\"ResourceGroup\":\"RG-GENAI\",\"_ResourceId\":\"{}\",\
         \"ResourceId\":\"{}\",\"ResourceProvider\":\"MICROSOFT.COGNITIVESERVICES\",\
         \"ResourceType\":\"ACCOUNTS\"",
        escaped(&resource.name.to_uppercase()),
        escaped(&id),
        escaped(&id.to_uppercase()),
    );
    let tail = format!(
        ",\"SourceSystem\":\"Azure\",\"SubscriptionId\":\"{SUBSCRIPTION}\",\
         \"Tenant_s\":\"{region}\",\"TenantId\":\"{WORKSPACE}\",\"TimeGenerated\":\""
    );
    ResourceText {
        name: resource.name.to_lowercase(),
        id,
        event: format!(",\"event_s\":\"ShoeboxCallResult\",\"location_s\":\"{region}\"")
            .into_bytes(),
        ids: ids.into_bytes(),
        tail: tail.into_bytes(),
        clock_error: key.named("clock").normal(),
    }
}

/// A name as Kubernetes writes it: lower case, digits and dashes.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "app".to_owned()
    } else {
        slug.to_owned()
    }
}
