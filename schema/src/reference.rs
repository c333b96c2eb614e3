//! Reference data that rules may read: identities, application and model maps, drills, geography.
//!
//! Written to and read from `reference/` as CSV, so that a user can bring their own. None of it
//! depends on campaigns.

mod drills;
pub mod io;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use crate::address::Network;
use crate::time::EventTime;

type FxMap<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// One account of the identity map (`reference/identities.csv`).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Entra object id.
    pub object_id: String,
    /// User principal name.
    pub upn: String,
    /// Department, or empty.
    #[serde(default)]
    pub department: String,
    /// ISO 3166 country of the account, or empty.
    #[serde(default)]
    pub country: String,
    /// IANA time zone, or empty (the site's, else UTC, applies).
    #[serde(default)]
    pub time_zone: String,
    /// When the account was made, where known.
    #[serde(default)]
    pub created: Option<EventTime>,
    /// Whether it is a service account.
    #[serde(default)]
    pub service: bool,
}

/// One row of the `APP_MAP` watchlist (`reference/APP_MAP.csv`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Application {
    /// `application_name` of the app log.
    pub application: String,
    /// Azure OpenAI resource name, lower case (`CloudResource`, `CompromisedEntity`, `Resource`).
    pub resource: String,
}

/// One row of the `MODEL_MAP` watchlist (`reference/MODEL_MAP.csv`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Model {
    /// Model name with version, as findings name it.
    pub model: String,
    /// Deployment name, as the app log and `properties_s` name it.
    pub deployment: String,
    /// Id of the registry asset, as findings name it.
    pub asset_id: String,
}

/// One authorised exercise of the drill watchlist (`reference/DRILLS.csv`); all four match.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Drill {
    /// Account's object id or UPN.
    pub account: String,
    /// Source address.
    pub address: String,
    /// Application name.
    pub application: String,
    /// From when.
    pub from: EventTime,
    /// Until when, exclusive.
    pub to: EventTime,
}

/// Where a network is (`reference/geo.csv`).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// `198.18.7.0/24` or `2001:db8:1:2::/64`.
    pub network: String,
    /// ISO 3166 country.
    pub country: String,
    /// City.
    pub city: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Autonomous system number.
    pub asn: u32,
    /// Name of the provider.
    pub provider: String,
    /// `office`, `home`, `vpn`, `carrier`, `hosting`, `tor` …, as an enrichment service says.
    pub usage: String,
}

/// All reference data of a run, indexed.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// Identities; indices are what [`Reference::account`] returns.
    pub identities: Vec<Identity>,
    /// `APP_MAP`.
    pub applications: Vec<Application>,
    /// `MODEL_MAP`.
    pub models: Vec<Model>,
    /// Drills.
    pub drills: Vec<Drill>,
    /// Geography.
    pub places: Vec<Place>,
    by_account: FxMap<u64, u32>,
    by_network: FxMap<u64, u32>,
    drill_index: drills::DrillIndex,
}

impl Reference {
    /// Indexes the given lists. Of two identities with one id the later wins, as `arg_max` does.
    #[must_use]
    pub fn new(
        identities: Vec<Identity>,
        applications: Vec<Application>,
        models: Vec<Model>,
        drills: Vec<Drill>,
        places: Vec<Place>,
    ) -> Self {
        let mut by_account = FxMap::default();
        for (index, identity) in identities.iter().enumerate() {
            let Ok(index) = u32::try_from(index) else {
                break;
            };
            for text in [&identity.upn, &identity.object_id] {
                if !text.is_empty() {
                    by_account.insert(crate::ids::hash_text_lower(text), index);
                }
            }
        }
        let mut by_network = FxMap::default();
        for (index, place) in places.iter().enumerate() {
            let base = place.network.split('/').next().unwrap_or("");
            if let (Ok(index), Some(network)) = (u32::try_from(index), Network::parse(base)) {
                by_network.insert(network.key(), index);
            }
        }
        let mut reference = Reference {
            identities,
            applications,
            models,
            drills,
            places,
            by_account,
            by_network,
            drill_index: drills::DrillIndex::default(),
        };
        reference.index_drills();
        reference
    }

    /// Resolves an object id or UPN, in any case, to an index of [`Reference::identities`].
    #[must_use]
    pub fn account(&self, text: &str) -> Option<u32> {
        self.by_account
            .get(&crate::ids::hash_text_lower(text))
            .copied()
    }

    /// [`Reference::account`] by the [`crate::ids::hash_text_lower`] of its text.
    #[must_use]
    pub fn account_by_hash(&self, hash: u64) -> Option<u32> {
        self.by_account.get(&hash).copied()
    }

    /// The canonical key of an account: equal for object id and UPN of one identity; for accounts
    /// that the map does not hold, a hash of the text itself.
    #[must_use]
    pub fn account_key(&self, text: &str) -> u64 {
        let hash = crate::ids::hash_text_lower(text);
        self.by_account
            .get(&hash)
            .map_or(hash, |&index| u64::from(index))
    }

    /// The identity at an index.
    #[must_use]
    pub fn identity(&self, index: u32) -> Option<&Identity> {
        self.identities.get(usize::try_from(index).ok()?)
    }

    /// Where a network is, if the table knows.
    #[must_use]
    pub fn place(&self, network: Network) -> Option<&Place> {
        let index = *self.by_network.get(&network.key())?;
        self.places.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_id_and_upn_name_one_account_in_any_case() {
        let ada = Identity {
            object_id: "0A-1".into(),
            upn: "ada@x.example".into(),
            ..Identity::default()
        };
        let reference = Reference::new(vec![ada], vec![], vec![], vec![], vec![]);
        assert_eq!(
            reference.account_key("ADA@x.example"),
            reference.account_key("0a-1")
        );
        assert_eq!(reference.account("bob@x.example"), None);
        let hash = crate::ids::hash_text_lower("0a-1");
        assert_eq!(reference.account_by_hash(hash), reference.account("0A-1"));
    }
}
