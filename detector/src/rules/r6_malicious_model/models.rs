//! `MODEL_MAP` as R6 reads it: models by what findings say, deployments by what requests say.

use livefire_schema::ids::hash_text_lower;
use livefire_schema::reference::Reference;
use rustc_hash::FxHashMap;

/// Models and their deployments, both numbered.
#[derive(Debug, Default)]
pub(super) struct Models {
    pub(super) models: Vec<Model>,
    /// Models of each deployment.
    pub(super) deployments: Vec<Vec<usize>>,
    deployment_numbers: FxHashMap<u64, usize>,
}

/// One model.
#[derive(Debug)]
pub(super) struct Model {
    /// Name with version, as the map spells it.
    pub(super) name: String,
    /// Ids of its registry asset.
    pub(super) asset_ids: Vec<String>,
    /// Its deployments by name.
    pub(super) deployment_names: Vec<String>,
    /// The same by number.
    pub(super) deployments: Vec<usize>,
}

impl Models {
    pub(super) fn new(reference: &Reference) -> Self {
        let mut made = Models::default();
        for entry in &reference.models {
            let name = if entry.model.is_empty() {
                &entry.asset_id
            } else {
                &entry.model
            };
            if name.is_empty() || entry.deployment.is_empty() {
                continue;
            }
            let known = made
                .models
                .iter()
                .position(|m| m.name.eq_ignore_ascii_case(name));
            let model = known.unwrap_or_else(|| {
                made.models.push(Model {
                    name: name.clone(),
                    asset_ids: Vec::new(),
                    deployment_names: Vec::new(),
                    deployments: Vec::new(),
                });
                made.models.len() - 1
            });
            let hash = hash_text_lower(&entry.deployment);
            let deployment = *made.deployment_numbers.entry(hash).or_insert_with(|| {
                made.deployments.push(Vec::new());
                made.deployments.len() - 1
            });
            made.deployments[deployment].push(model);
            let model = &mut made.models[model];
            model.deployments.push(deployment);
            model.deployment_names.push(entry.deployment.clone());
            if !entry.asset_id.is_empty() {
                model.asset_ids.push(entry.asset_id.clone());
            }
        }
        made
    }

    /// The number of a deployment by the hash of its name.
    pub(super) fn deployment(&self, hash: u64) -> Option<usize> {
        self.deployment_numbers.get(&hash).copied()
    }

    /// The models that a finding's text names: by name, by asset id or the end of a longer id, or
    /// by `…/models/NAME/versions/VERSION`.
    pub(super) fn named(&self, text: &str) -> Vec<usize> {
        let text = text.trim().trim_end_matches('/').to_lowercase();
        if text.is_empty() {
            return Vec::new();
        }
        let versioned = name_and_version(&text);
        let names = |model: &Model| {
            let name = model.name.to_lowercase();
            let is_asset = model.asset_ids.iter().any(|id| ends_with_path(&text, id));
            is_asset || name == text || versioned.as_deref() == Some(name.as_str())
        };
        let models = self.models.iter().enumerate();
        models
            .filter(|(_, model)| names(model))
            .map(|(index, _)| index)
            .collect()
    }
}

/// Whether a path is `id` or ends with it at a separator; `text` is in lower case.
fn ends_with_path(text: &str, id: &str) -> bool {
    let id = id.trim_matches('/').to_lowercase();
    let head = text.strip_suffix(id.as_str());
    !id.is_empty() && head.is_some_and(|head| head.is_empty() || head.ends_with('/'))
}

/// `name:version` from `…/models/name/versions/version`.
fn name_and_version(text: &str) -> Option<String> {
    let mut parts = text.rsplit('/');
    let (version, versions) = (parts.next()?, parts.next()?);
    let (name, models) = (parts.next()?, parts.next()?);
    (versions == "versions" && models == "models").then(|| format!("{name}:{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str, expected: bool) {
        let entry = livefire_schema::reference::Model {
            model: "Classifier:3".into(),
            deployment: "classifier-3".into(),
            asset_id: "/registries/reg1/models/classifier/versions/3".into(),
        };
        let reference = Reference::new(vec![], vec![], vec![entry], vec![], vec![]);
        assert_eq!(
            !Models::new(&reference).named(text).is_empty(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_finding_names_its_model_by_name_or_asset_id() {
        names("classifier:3", true);
        names("classifier:33", false);
        names("/Registries/reg1/models/classifier/versions/3", true);
        names(
            "/subscriptions/x/registries/reg1/models/classifier/versions/3/",
            true,
        );
        names("/registries/other/models/classifier/versions/3", true);
        names("/registries/reg1/models/classifier/versions/4", false);
        names("/registries/reg1/models/my-classifier/versions/3", false);
        names("aoai-prod", false);
        names("", false);
    }
}
