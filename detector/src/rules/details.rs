//! Small helpers for what alerts carry: distinct texts, entities, geography.

use livefire_schema::address::Network;
use livefire_schema::alert::Entity;
use livefire_schema::reference::Reference;
use livefire_schema::time::EventTime;
use serde_json::{Map, Value, json};

use crate::context::{Context, entity};
use crate::record::Record;

/// Distinct values listed in an alert at most; counts are always exact.
const LISTED: usize = 50;

/// The distinct non-zero hashes that `of` gives, in order of first appearance.
pub(crate) fn distinct(rows: &[Record], of: impl Fn(&Record) -> u64) -> Vec<u64> {
    let mut seen = rustc_hash::FxHashSet::default();
    let hashes = rows.iter().map(of);
    hashes
        .filter(|&hash| hash != 0 && seen.insert(hash))
        .collect()
}

/// The texts of some hashes, sorted.
pub(crate) fn texts(hashes: &[u64], context: &Context<'_>) -> Vec<String> {
    let mut texts: Vec<String> = hashes.iter().map(|&hash| context.name(hash)).collect();
    texts.sort();
    texts
}

/// Notes how many distinct texts there are and lists the first of them: `users` and `user_count`;
/// `name` is the singular, `addresses` being the one irregular plural.
pub(crate) fn list(details: &mut Map<String, Value>, name: &str, texts: &[String]) {
    let listed: Vec<&String> = texts.iter().take(LISTED).collect();
    let ending = if name.ends_with('s') { "es" } else { "s" };
    details.insert(format!("{name}{ending}"), json!(listed));
    details.insert(format!("{name}_count"), json!(texts.len()));
}

/// Entities of one kind.
pub(crate) fn entities(kind: &str, texts: &[String]) -> Vec<Entity> {
    texts
        .iter()
        .take(LISTED)
        .filter_map(|text| entity(kind, text))
        .collect()
}

/// The instants of distinct events, in order.
pub(crate) fn event_times(rows: &[Record]) -> Vec<EventTime> {
    let mut seen = rustc_hash::FxHashSet::default();
    let firsts = rows.iter().filter(|row| seen.insert(row.event));
    firsts.map(|row| row.time).collect()
}

/// Where some addresses are, as far as the geography table knows: distinct places, sorted.
pub(crate) fn places(addresses: &[String], reference: &Reference) -> Vec<Value> {
    let mut places: Vec<(&str, &str, &str, &str)> = addresses
        .iter()
        .filter_map(|address| reference.place(Network::parse(address)?))
        .map(|place| {
            (
                place.country.as_str(),
                place.city.as_str(),
                place.provider.as_str(),
                place.usage.as_str(),
            )
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    let shown = places.into_iter().take(LISTED);
    shown
        .map(|(country, city, provider, usage)| {
            json!({"country": country, "city": city, "provider": provider, "usage": usage})
        })
        .collect()
}

/// The networks of some addresses, sorted.
pub(crate) fn networks(addresses: &[String]) -> Vec<String> {
    let parsed = addresses
        .iter()
        .filter_map(|address| Network::parse(address));
    let mut networks: Vec<String> = parsed.map(|network| network.to_string()).collect();
    networks.sort();
    networks.dedup();
    networks.truncate(LISTED);
    networks
}
