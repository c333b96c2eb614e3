//! Reading of `cast:`.

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_schema::spec::{Faults, MapReader, Node, NodeValue};

use super::stage::guard;
use super::{check_identifier, name};
use crate::kinds::model::{
    AccountPool, AccountSource, AddressPool, AddressRole, Deal, Name, Pool, PoolBody, TextPool,
    ThingKind, ThingPool, ThingSource,
};
use crate::kinds::value::Value;
use crate::kinds::vocabulary;

const TYPES: [&str; 8] = [
    "accounts",
    "addresses",
    "applications",
    "deployments",
    "resources",
    "texts",
    "lines",
    "of",
];

/// Reads the pools of a file.
pub(crate) fn cast(map: &mut MapReader<'_>) -> IndexMap<Arc<str>, Pool> {
    let faults = map.faults();
    let mut pools = IndexMap::new();
    for (key, node) in map.entries("cast") {
        check_identifier(key, "pool", faults);
        if key.value == "own" {
            let message = "`own` is the account's own address; give the pool another name";
            faults.error("LF-A001", key.span, message);
        }
        let key = name(key.clone());
        if let Some(pool) = pool(&key, node, faults) {
            pools.insert(Arc::clone(&key.value), pool);
        }
    }
    pools
}

fn pool(key: &Name, node: &Node, faults: &Faults) -> Option<Pool> {
    let what = format!("pool `{}`", key.value);
    let mut map = MapReader::open(node, what.clone(), faults)?;
    let written: Vec<&str> = TYPES.into_iter().filter(|kind| map.has(kind)).collect();
    // `of` beside another type narrows that type; alone it is a subset.
    let kind = match written.as_slice() {
        [kind] | [kind, "of"] => *kind,
        _ => {
            let message = format!("{what} needs exactly one of {}", TYPES.join(", "));
            faults.error("LF-A012", key.span, message);
            return None;
        }
    };
    let body = match kind {
        "accounts" => accounts(&mut map),
        "addresses" => addresses(&mut map),
        "applications" => things(&mut map, "applications", ThingKind::Application),
        "deployments" => things(&mut map, "deployments", ThingKind::Deployment),
        "resources" => things(&mut map, "resources", ThingKind::Resource),
        "texts" | "lines" => texts(&mut map),
        _ => subset(&mut map),
    };
    let when = guard(&mut map);
    map.finish();
    Some(Pool {
        name: key.clone(),
        body: body?,
        when,
    })
}

/// A value of any form under a key.
pub(crate) fn value(map: &mut MapReader<'_>, key: &'static str) -> Option<Value> {
    let faults = map.faults();
    map.take(key).and_then(|node| Value::read(node, faults))
}

fn subset(map: &mut MapReader<'_>) -> Option<PoolBody> {
    let of = map.text("of").map(name);
    let count = value(map, "count");
    Some(PoolBody::Subset { of: of?, count })
}

fn accounts(map: &mut MapReader<'_>) -> Option<PoolBody> {
    use AccountSource as S;
    const SOURCES: [(&str, AccountSource); 7] = [
        ("existing", S::Existing),
        ("new", S::New),
        ("external", S::External),
        ("privileged", S::Privileged),
        ("service", S::Service),
        ("not_in_directory", S::NotInDirectory),
        ("api_key", S::ApiKey),
    ];
    let faults = map.faults();
    let words = SOURCES.map(|(word, _)| word);
    let sources: Vec<AccountSource> = map
        .list("accounts")
        .iter()
        .filter_map(|node| node.word("accounts", &words, faults))
        .map(|index| SOURCES[index.value].1)
        .collect();
    let (count, share) = (value(map, "count"), value(map, "share"));
    if let (Some(_), Some(share)) = (&count, &share) {
        faults.error(
            "LF-A012",
            share.span,
            "`count` and `share` exclude each other",
        );
    }
    let department = map.text("department").map(name);
    let site = map.one_of("site", &["one"]);
    let works = map.one_of("works", &["day", "night"]);
    let uses = map.text("uses").map(name);
    let age = value(map, "age");
    if let Some(age) = age.as_ref().filter(|_| !sources.contains(&S::New)) {
        faults.error("LF-A012", age.span, "`age` is for `accounts: new` only");
    }
    (!sources.is_empty()).then_some(PoolBody::Accounts(AccountPool {
        sources,
        count,
        share,
        department,
        is_one_site: site.is_some(),
        works_at_night: works.map(|index| index.value == 1),
        uses,
        age,
    }))
}

fn deal(map: &mut MapReader<'_>) -> Option<Deal> {
    let faults = map.faults();
    let node = map.take("deal")?;
    match node.scalar() {
        Some("per_account") => Some(Deal::PerAccount),
        Some("per_event") => Some(Deal::PerEvent),
        Some("random") => Some(Deal::Random),
        Some(text) if text.starts_with(|c: char| c == '$' || c.is_ascii_digit()) => {
            Value::read(node, faults).map(Deal::Every)
        }
        _ => {
            node.expected("per_account, per_event, random or a duration", faults);
            None
        }
    }
}

fn addresses(map: &mut MapReader<'_>) -> Option<PoolBody> {
    use AddressRole as R;
    const ROLES: [(&str, AddressRole); 9] = [
        ("own", R::Own),
        ("office", R::Office),
        ("vpn", R::Vpn),
        ("carrier", R::Carrier),
        ("home", R::Home),
        ("hosting", R::Hosting),
        ("residential", R::Residential),
        ("tor", R::Tor),
        ("any", R::Any),
    ];
    let faults = map.faults();
    let role = map.one_of("addresses", &ROLES.map(|(word, _)| word));
    let (count, per_account) = (value(map, "count"), value(map, "per_account"));
    if let (Some(_), Some(other)) = (&count, &per_account) {
        faults.error(
            "LF-A012",
            other.span,
            "`count` and `per_account` exclude each other",
        );
    }
    let pool = AddressPool {
        role: ROLES[role?.value].1,
        count,
        per_account,
        shared_by: value(map, "shared_by"),
        deal: deal(map).unwrap_or(Deal::PerAccount),
        country: value(map, "country"),
        distance: value(map, "distance"),
        site_of: map.text("site_of").map(name),
        last_seen: value(map, "last_seen"),
        family: match map
            .one_of("family", &["ipv4", "ipv6", "both"])
            .map(|f| f.value)
        {
            Some(0) => Some(4),
            Some(1) => Some(6),
            _ => None,
        },
    };
    Some(PoolBody::Addresses(pool))
}

fn things(map: &mut MapReader<'_>, key: &'static str, kind: ThingKind) -> Option<PoolBody> {
    let source = map.one_of(key, &["existing", "new", "test"]);
    let pool = ThingPool {
        kind,
        source: match source?.value {
            0 => ThingSource::Existing,
            1 => ThingSource::New,
            _ => ThingSource::Test,
        },
        count: value(map, "count"),
        deal: deal(map),
        of: map.text("of").map(name),
    };
    Some(PoolBody::Things(pool))
}

fn texts(map: &mut MapReader<'_>) -> Option<PoolBody> {
    let faults = map.faults();
    let mut known: Vec<&str> = vocabulary::prompt_sets()
        .keys()
        .map(String::as_str)
        .collect();
    known.push(crate::prompts::FILE_SET);
    let sets: Vec<Name> = map
        .list("texts")
        .iter()
        .filter_map(|node| {
            let index = node.word("prompt set", &known, faults)?;
            let text = known[index.value];
            Some(Name::new(Arc::from(text), node.span))
        })
        .collect();
    let lines: Vec<Arc<str>> = map
        .texts("lines")
        .into_iter()
        .map(|line| Arc::from(line.value))
        .collect();
    let is_per_account = match map.one_of("deal", &["random", "per_account"]) {
        Some(index) => index.value == 1,
        None => false,
    };
    let pool = TextPool {
        sets,
        lines,
        count: value(map, "count"),
        is_per_account,
        mutate: value(map, "mutate"),
        size: value(map, "size"),
        order: value(map, "order"),
    };
    let is_empty = pool.sets.is_empty() && pool.lines.is_empty();
    (!is_empty).then_some(PoolBody::Texts(pool))
}

/// Names from a scalar or list.
pub(crate) fn names(node: &Node, what: &str, faults: &Faults) -> Option<Vec<Name>> {
    if matches!(node.value, NodeValue::Map(_) | NodeValue::Null) {
        node.expected(what, faults);
        return None;
    }
    let texts = node.items().iter().map(|item| item.text(faults).map(name));
    texts.collect()
}
