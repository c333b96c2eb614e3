//! Reads the request rows of each batch and keeps the counts.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use livefire_labels::{Batch, BatchRow};
use livefire_schema::address::Network;
use livefire_schema::ids::hash_bytes;
use livefire_schema::reference::Reference;
use livefire_schema::row::{FieldSet, Row, Slot};
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::EventTime;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::activity::{Hours, UserState};
use super::heaviest::{Entry, Heaviest};
use super::{Activity, FORMAT, PlaceCounts, PromptPattern, Ranked, Status, StatusCounts, Summary};

/// Accounts that are kept while the log runs.
const USERS: usize = 2048;
/// Applications that are kept while the log runs.
const APPLICATIONS: usize = 512;
/// Prompts that are kept while the log runs.
const PROMPTS: usize = 1024;
/// Entries of each ranking in the summary.
const RANKED: usize = 25;
/// Places in the summary.
const PLACES: usize = 100;
/// Accounts with sessions in the summary: of campaigns, and of each ranking.
const ACTORS: usize = 16;
const FOREGROUND: usize = 6;
/// Distinct accounts of a prompt are counted up to here.
const SENDERS: usize = 32;
/// A request that did not pass weighs as much as so many that did: it is what people look for.
const FAILURE_WEIGHT: u64 = 10;
/// Rows that one task reads.
const CHUNK: usize = 512;
/// Most characters that are kept of a name or sample.
const LONGEST: usize = 160;

/// Counts the requests of a run; grows with hours, never with rows.
#[derive(Debug)]
pub struct Collector {
    reference: Arc<Reference>,
    application_log: Option<Fields>,
    diagnostics: Option<(TableId, FieldSet, Slot)>,
    requests: StatusCounts,
    service_rate_limited: u64,
    hours: Hours,
    users: Heaviest<UserState>,
    applications: Heaviest<StatusCounts>,
    prompts: Heaviest<PromptState>,
    /// By network key; bounded by the networks of the reference data.
    places: FxHashMap<u64, (Network, StatusCounts)>,
    unlocated: u64,
}

#[derive(Debug)]
struct Fields {
    table: TableId,
    set: FieldSet,
    user: Slot,
    session: Slot,
    application: Slot,
    address: Slot,
    hash: Slot,
    sample: Slot,
    check: Slot,
    level: Slot,
    message: Slot,
}

#[derive(Debug, Default)]
struct PromptState {
    sample: String,
    counts: StatusCounts,
    senders: Vec<u64>,
    span: Option<(EventTime, EventTime)>,
}

/// What was read of a row.
#[expect(
    clippy::large_enum_variant,
    reason = "most rows are requests, and a batch of them is short-lived"
)]
enum Read<'a> {
    Request(EventTime, Row<'a>),
    ServiceRateLimit,
    Nothing,
}

impl Collector {
    /// Begins to count.
    #[must_use]
    pub fn new(schema: &Schema, reference: Arc<Reference>) -> Self {
        let diagnostics = schema.find("AzureDiagnostics").map(|table| {
            let mut set = FieldSet::new();
            let status = set.slot("ResultSignature");
            (table, set, status)
        });
        Collector {
            reference,
            application_log: schema.find("ContainerLogV2").map(Fields::new),
            diagnostics,
            requests: StatusCounts::default(),
            service_rate_limited: 0,
            hours: Hours::default(),
            users: Heaviest::new(USERS),
            applications: Heaviest::new(APPLICATIONS),
            prompts: Heaviest::new(PROMPTS),
            places: FxHashMap::default(),
            unlocated: 0,
        }
    }

    /// Takes the rows of a batch; lines that cannot be read are left out.
    pub fn add(&mut self, batch: &Batch) {
        let read: Vec<Read<'_>> = batch
            .rows
            .par_iter()
            .with_min_len(CHUNK)
            .map(|row| self.read(batch, row))
            .collect();
        for row in read {
            match row {
                Read::Request(time, row) => self.request(time, &row),
                Read::ServiceRateLimit => self.service_rate_limited += 1,
                Read::Nothing => {}
            }
        }
    }

    fn read<'a>(&self, batch: &'a Batch, row: &BatchRow) -> Read<'a> {
        if let Some(fields) = &self.application_log
            && fields.table == row.table
        {
            let read = fields.set.read_json(batch.line(row));
            return read.map_or(Read::Nothing, |read| Read::Request(row.time, read));
        }
        if let Some((table, set, status)) = &self.diagnostics
            && *table == row.table
            && let Ok(read) = set.read_json(batch.line(row))
            && (read.text(*status) == Some("429") || read.integer(*status) == Some(429))
        {
            return Read::ServiceRateLimit;
        }
        Read::Nothing
    }

    fn request(&mut self, time: EventTime, row: &Row<'_>) {
        let Some(fields) = &self.application_log else {
            return;
        };
        let text = |slot| cut(row.text(slot).unwrap_or_default());
        // A line that names no request is a broken or foreign one.
        let (Some(status), user) = (fields.status(row), text(fields.user)) else {
            return;
        };
        let weight = match status {
            Status::Passed => 1,
            _ => FAILURE_WEIGHT,
        };
        self.requests.add(status);
        self.hours.add(time, status);
        if !user.is_empty() {
            let state = self.users.add(user, weight);
            state.add(time, text(fields.session), status);
        }
        let application = text(fields.application);
        if !application.is_empty() {
            self.applications.add(application, 1).add(status);
        }
        let hash = text(fields.hash);
        if !hash.is_empty() {
            let prompt = self.prompts.add(hash, 1);
            prompt.add(time, user, text(fields.sample), status);
        }
        match Network::parse(text(fields.address)) {
            Some(network) if self.reference.place(network).is_some() => {
                let place = self.places.entry(network.key());
                let (_, counts) = place.or_insert((network, StatusCounts::default()));
                counts.add(status);
            }
            _ => self.unlocated += 1,
        }
    }

    /// The summary; `actors` are the acting accounts of campaigns. Its kinds are left empty.
    #[must_use]
    pub fn finish<'a>(self, actors: impl IntoIterator<Item = &'a str>) -> Summary {
        let actors: BTreeSet<&str> = actors.into_iter().collect();
        let reference = self.reference;
        let users = self.users.into_sorted();
        let by_requests = ranking(&users, |entry| entry.value.counts.total());
        let by_failures = ranking(&users, |entry| entry.value.counts.not_passed());
        let foreground = foreground(&users, &by_requests, &by_failures, &actors);
        let activities = foreground.iter().map(|&at| {
            let is_actor = actors.contains(users[at].key.as_str());
            activity(&users[at], &reference, is_actor)
        });
        let ranked = |order: &[usize]| -> Vec<Ranked> {
            let first = order.iter().take(RANKED);
            let rows = first.map(|&at| ranked_user(&users[at], &reference));
            rows.collect()
        };
        let mut failing = by_failures.clone();
        failing.retain(|&at| users[at].value.counts.not_passed() > 0);
        Summary {
            format: FORMAT,
            requests: self.requests,
            service_rate_limited: self.service_rate_limited,
            hours: self.hours.unpacked(),
            users: ranked(&by_requests),
            failing_users: ranked(&failing),
            activities: activities.collect(),
            applications: applications(&self.applications.into_sorted()),
            places: places(self.places.into_values(), &reference),
            unlocated: self.unlocated,
            prompts: prompts(&self.prompts.into_sorted()),
            ..Summary::default()
        }
    }
}

impl Fields {
    fn new(table: TableId) -> Self {
        let mut set = FieldSet::new();
        let mut slot = |name: &str| set.slot(&format!("LogMessage.{name}"));
        let (user, session) = (slot("end_user_id"), slot("session_id"));
        let (application, address) = (slot("application_name"), slot("source_ip"));
        let (hash, sample) = (slot("prompt_hash"), slot("full_prompt_sample"));
        let (check, level) = (slot("security_check_passed"), slot("level"));
        let message = slot("message");
        Fields {
            table,
            user,
            session,
            application,
            address,
            hash,
            sample,
            check,
            level,
            message,
            set,
        }
    }

    /// How the request ended; nothing for a line that is no request.
    fn status(&self, row: &Row<'_>) -> Option<Status> {
        let check = row.text(self.check)?;
        if check.eq_ignore_ascii_case("FAIL") {
            return Some(Status::Blocked);
        }
        let level = row.text(self.level).unwrap_or_default();
        let is_error = ["ERROR", "CRITICAL"]
            .iter()
            .any(|own| level.eq_ignore_ascii_case(own));
        if !is_error {
            return Some(Status::Passed);
        }
        let message = row.text(self.message).unwrap_or_default();
        let is_limit = message.to_ascii_lowercase().contains("rate limit");
        Some(if is_limit {
            Status::RateLimited
        } else {
            Status::Failed
        })
    }
}

impl PromptState {
    fn add(&mut self, time: EventTime, user: &str, sample: &str, status: Status) {
        if self.span.is_none() {
            sample.clone_into(&mut self.sample);
        }
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        self.counts.add(status);
        let user = hash_bytes(user.as_bytes());
        if self.senders.len() < SENDERS && !self.senders.contains(&user) {
            self.senders.push(user);
        }
    }
}

/// The beginning of a text, at a character's edge: names in logs may be of any length.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// Positions by falling weight; equal ones by key, in which the entries stand.
fn ranking<V>(entries: &[Entry<V>], weight: impl Fn(&Entry<V>) -> u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&at| (Reverse(weight(&entries[at])), at));
    order
}

fn foreground(
    users: &[Entry<UserState>],
    by_requests: &[usize],
    by_failures: &[usize],
    actors: &BTreeSet<&str>,
) -> Vec<usize> {
    let acting = by_failures.iter();
    let acting = acting.filter(|at| actors.contains(users[**at].key.as_str()));
    let mut chosen: Vec<usize> = acting.take(ACTORS).copied().collect();
    for order in [by_failures, by_requests] {
        let others = order.iter().take(FOREGROUND).copied();
        let new: Vec<usize> = others.filter(|at| !chosen.contains(at)).collect();
        chosen.extend(new);
    }
    chosen
}

/// An account as people write it, and its department.
fn person(account: &str, reference: &Reference) -> (String, String) {
    let known = reference.account(account);
    match known.and_then(|index| reference.identity(index)) {
        Some(identity) if !identity.upn.is_empty() => {
            (identity.upn.clone(), identity.department.clone())
        }
        _ => (account.to_owned(), String::new()),
    }
}

fn ranked_user(entry: &Entry<UserState>, reference: &Reference) -> Ranked {
    let (name, department) = person(&entry.key, reference);
    Ranked {
        name,
        department,
        counts: entry.value.counts,
        may_miss: entry.may_miss,
    }
}

fn activity(entry: &Entry<UserState>, reference: &Reference, is_actor: bool) -> Activity {
    let (user, department) = person(&entry.key, reference);
    let mut sessions = entry.value.sessions.clone();
    sessions.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
    Activity {
        user,
        department,
        is_campaign_actor: is_actor,
        counts: entry.value.counts,
        hours: entry.value.hours.unpacked(),
        sessions,
        sessions_dropped: entry.value.sessions_dropped,
    }
}

fn applications(entries: &[Entry<StatusCounts>]) -> Vec<Ranked> {
    let order = ranking(entries, |entry| entry.value.total());
    let first = order.into_iter().take(RANKED).map(|at| &entries[at]);
    let rows = first.map(|entry| Ranked {
        name: entry.key.clone(),
        department: String::new(),
        counts: entry.value,
        may_miss: entry.may_miss,
    });
    rows.collect()
}

fn prompts(entries: &[Entry<PromptState>]) -> Vec<PromptPattern> {
    let order = ranking(entries, |entry| entry.value.counts.total());
    let first = order.into_iter().take(RANKED).map(|at| &entries[at]);
    let rows = first.filter_map(|entry| {
        let (first, last) = entry.value.span?;
        Some(PromptPattern {
            hash: entry.key.clone(),
            sample: entry.value.sample.clone(),
            counts: entry.value.counts,
            users: u64::try_from(entry.value.senders.len()).unwrap_or(u64::MAX),
            users_counted_to: SENDERS as u64,
            first,
            last,
            may_miss: entry.may_miss,
        })
    });
    rows.collect()
}

/// Requests by city: networks of one city are added up.
fn places(
    networks: impl Iterator<Item = (Network, StatusCounts)>,
    reference: &Reference,
) -> Vec<PlaceCounts> {
    let mut networks: Vec<_> = networks.collect();
    networks.sort_by_key(|(network, _)| *network);
    let mut places: Vec<PlaceCounts> = Vec::new();
    for (network, counts) in networks {
        let Some(place) = reference.place(network) else {
            continue;
        };
        let mut known = places.iter_mut();
        let known = known.find(|own| own.country == place.country && own.city == place.city);
        match known {
            Some(own) => own.counts.add_all(counts),
            None => places.push(PlaceCounts {
                country: place.country.clone(),
                city: place.city.clone(),
                latitude: place.latitude,
                longitude: place.longitude,
                counts,
            }),
        }
    }
    places.sort_by(|a, b| {
        let by_weight = b.counts.total().cmp(&a.counts.total());
        by_weight.then_with(|| (&a.country, &a.city).cmp(&(&b.country, &b.city)))
    });
    places.truncate(PLACES);
    places
}
