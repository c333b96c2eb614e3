//! Delivered lines → what calibration facts are measured on: small records, each event once.
//!
//! Lines are read one by one through field sets, as rules read them, so that a user's export is
//! measured by the same code. What is kept of a request takes some sixty bytes. Copies of an event
//! count once; lines outside the scored interval and unreadable ones do not count.

use livefire_labels::{Batch, BatchRow, EventSource, LabelGroup, SourceError};
use livefire_schema::ids::{hash_bytes, hash_text_lower};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};

use super::fields::{ApplicationFields, IngestionFields, ServiceFields, SignInFields};

/// What a user decides about a log.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of the code assistants; empty: applications whose name holds `code`.
    pub code: Vec<String>,
}

/// One request as the application log tells it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Request {
    /// Event time.
    pub time: EventTime,
    /// Index in [`Observed::principals`].
    pub principal: u32,
    /// Names the conversation.
    pub session: u64,
    /// Index in [`Observed::applications`].
    pub application: u32,
    /// Hash of the prompt's hash.
    pub prompt: u64,
    /// Key of the source address; 0 where the row has none.
    pub address: u64,
    /// Index in [`Observed::countries`]; 0 for an unknown one.
    pub country: u32,
    /// Tokens of prompt and answer, of calls that were answered.
    pub tokens: Option<(u32, u32)>,
    /// HTTP status.
    pub status: u16,
    /// Whether the security check said FAIL.
    pub stopped: bool,
    /// Whether the prompt's sample holds a phrase of injections.
    pub injection_like: bool,
    /// What the labels say.
    pub truth: Truth,
}

/// Whose row it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Truth {
    /// The campaign without which it would not exist.
    pub campaign: Option<u32>,
    /// Whether it is an attack event.
    pub hostile: bool,
}

/// One step of an interactive sign-in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SignIn {
    /// Event time.
    pub time: EventTime,
    /// Index in [`Observed::principals`].
    pub principal: u32,
    /// Key of the source address; 0 where the row has none.
    pub address: u64,
    /// Index in [`Observed::countries`]; 0 for an unknown one.
    pub country: u32,
    /// How it ended.
    pub result: SignInResult,
    /// What the labels say.
    pub truth: Truth,
}

/// How a sign-in step ended (TABLES.md trap 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignInResult {
    /// Signed in.
    Success,
    /// A real failure.
    Failure,
    /// One more step was asked for.
    Interrupt,
}

/// One labelled call as the model service saw it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Call {
    /// Event time.
    pub time: EventTime,
    /// Bytes of request and answer.
    pub bytes: (i64, i64),
    /// HTTP status.
    pub status: u16,
    /// What the labels say.
    pub truth: Truth,
}

/// Who sends requests or signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Principal {
    /// Whether the identity map calls it a service.
    pub service: bool,
    /// Index in [`Observed::zones`].
    pub zone: u32,
}

/// Seconds from event to ingestion, of first deliveries.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Delays {
    /// `ContainerLogV2`, by the agent.
    pub agent: Vec<f64>,
    /// `AzureDiagnostics`, resource logs.
    pub resource: Vec<f64>,
    /// Sign-in tables of people.
    pub sign_in: Vec<f64>,
}

/// A sample of an attack's text by account: for counting templates.
#[derive(Clone, PartialEq, Debug)]
pub struct HostilePrompt {
    /// Campaign.
    pub campaign: u32,
    /// Index in [`Observed::principals`].
    pub principal: u32,
    /// `full_prompt_sample`.
    pub sample: String,
}

/// What facts are measured on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Observed {
    /// Requests in order of event time.
    pub requests: Vec<Request>,
    /// Sign-in steps in order of event time.
    pub sign_ins: Vec<SignIn>,
    /// Labelled service calls in order of event time.
    pub calls: Vec<Call>,
    /// Samples of hostile prompts that the check stopped.
    pub hostile_prompts: Vec<HostilePrompt>,
    /// Everybody who sent something.
    pub principals: Vec<Principal>,
    /// Names of applications and whether each is a code assistant.
    pub applications: Vec<(String, bool)>,
    /// Country codes; the first one is empty.
    pub countries: Vec<String>,
    /// IANA time zones; the first one is UTC.
    pub zones: Vec<String>,
    /// Ingestion delays.
    pub delays: Delays,
    /// Rows read, copies included.
    pub rows: u64,
    /// Rows of an event that was delivered before.
    pub copies: u64,
    /// Rows that Azure Monitor would stamp anew: over two days late or one day early.
    pub restamped: u64,
    /// Whether rows say when they were ingested.
    pub says_ingestion: bool,
    /// Whether any row is labelled.
    pub labelled: bool,
}

impl Observed {
    /// Reads a source to its end.
    ///
    /// # Errors
    /// [`SourceError`] where the source cannot go on.
    pub fn read(
        source: &mut dyn EventSource,
        schema: &Schema,
        options: &Options,
    ) -> Result<Self, SourceError> {
        let reference = source.reference();
        let mut observer = Observer::new(schema, &reference, options);
        let scored = source.extent().scored;
        let mut batch = Batch::default();
        while source.next_batch(&mut batch)? {
            observer.add(&batch, source.groups(), scored);
        }
        Ok(observer.finish())
    }

    /// The log without the rows that a campaign caused.
    #[must_use]
    pub fn without_campaigns(&self) -> Self {
        let own = |truth: &Truth| truth.campaign.is_none();
        let requests = self.requests.iter().filter(|one| own(&one.truth));
        let sign_ins = self.sign_ins.iter().filter(|one| own(&one.truth));
        Observed {
            requests: requests.copied().collect(),
            sign_ins: sign_ins.copied().collect(),
            calls: Vec::new(),
            hostile_prompts: Vec::new(),
            ..self.clone()
        }
    }
}

/// Numbers for names, in the order of their first appearance.
#[derive(Debug, Default)]
struct Names {
    of: FxHashMap<u64, u32>,
}

impl Names {
    /// The number of a name's hash, and whether it is new.
    fn number(&mut self, hash: u64) -> (u32, bool) {
        let next = u32::try_from(self.of.len()).unwrap_or(u32::MAX);
        let number = *self.of.entry(hash).or_insert(next);
        (number, number == next && self.of.len() > next as usize)
    }
}

/// Collects what facts need, batch by batch.
#[derive(Debug)]
struct Observer<'a> {
    schema: &'a Schema,
    reference: &'a Reference,
    options: &'a Options,
    ingestion: IngestionFields,
    application: ApplicationFields,
    service: ServiceFields,
    sign_in: SignInFields,
    principals: Names,
    applications: Names,
    countries: Names,
    zones: Names,
    seen: FxHashSet<u64>,
    out: Observed,
}

impl<'a> Observer<'a> {
    fn new(schema: &'a Schema, reference: &'a Reference, options: &'a Options) -> Self {
        let mut observer = Observer {
            schema,
            reference,
            options,
            ingestion: IngestionFields::new(),
            application: ApplicationFields::new(),
            service: ServiceFields::new(),
            sign_in: SignInFields::new(),
            principals: Names::default(),
            applications: Names::default(),
            countries: Names::default(),
            zones: Names::default(),
            seen: FxHashSet::default(),
            out: Observed::default(),
        };
        observer.country("");
        observer.zone("UTC");
        observer
    }

    fn add(&mut self, batch: &Batch, groups: &[LabelGroup], scored: TimeRange) {
        for row in &batch.rows {
            if row.malformed || !scored.contains(row.time) {
                continue;
            }
            let truth = truth(row, groups);
            self.out.labelled |= row.group.is_some();
            let table = self.schema.table(row.table);
            let line = batch.line(row);
            // Most rows say it or none does.
            self.out.says_ingestion = self.out.says_ingestion || self.ingestion.is_said(line);
            match table.name.as_str() {
                "ContainerLogV2" => self.application(line, row, truth),
                "AzureDiagnostics" => self.service(line, row, truth),
                "SigninLogs" => self.sign_in(line, row, truth),
                "AADNonInteractiveUserSignInLogs" => {
                    let delay = self.delay(row);
                    self.out.delays.sign_in.extend(delay);
                }
                _ => self.out.rows += 1,
            }
        }
    }

    /// Counts a row; its delay if it is an event's first delivery and says when it was ingested.
    fn delay(&mut self, row: &BatchRow) -> Option<f64> {
        self.out.rows += 1;
        if !self.seen.insert(row.event.0 ^ u64::from(row.table.0) << 48) {
            self.out.copies += 1;
            return None;
        }
        let delay = row.ingestion - row.time;
        let late = delay > TimeSpan::from_days(2) || delay < TimeSpan::from_days(-1);
        self.out.restamped += u64::from(late);
        Some(delay.seconds_f64().max(0.0))
    }

    fn application(&mut self, line: &[u8], row: &BatchRow, truth: Truth) {
        let Some(delay) = self.delay(row) else { return };
        let Some(read) = self.application.read(line) else {
            return;
        };
        self.out.delays.agent.push(delay);
        let principal = self.principal(&read.user);
        let application = self.application_number(&read.application);
        let place = livefire_schema::address::Network::parse(&read.address);
        let place = place.and_then(|network| self.reference.place(network));
        let country = place.map_or("", |place| place.country.as_str());
        let country = self.country(country);
        if truth.hostile && read.stopped {
            self.out.hostile_prompts.push(HostilePrompt {
                campaign: truth.campaign.unwrap_or(u32::MAX),
                principal,
                sample: read.sample.clone(),
            });
        }
        self.out.requests.push(Request {
            time: row.time,
            principal,
            session: hash_bytes(read.session.as_bytes()),
            application,
            prompt: hash_text_lower(&read.prompt),
            address: read.address_key(),
            country,
            tokens: read.tokens,
            status: read.status,
            stopped: read.stopped,
            injection_like: read.injection_like(),
            truth,
        });
    }

    fn service(&mut self, line: &[u8], row: &BatchRow, truth: Truth) {
        let Some(delay) = self.delay(row) else { return };
        self.out.delays.resource.push(delay);
        if truth.campaign.is_none() {
            return;
        }
        if let Some((bytes, status)) = self.service.read(line) {
            self.out.calls.push(Call {
                time: row.time,
                bytes,
                status,
                truth,
            });
        }
    }

    fn sign_in(&mut self, line: &[u8], row: &BatchRow, truth: Truth) {
        let Some(delay) = self.delay(row) else { return };
        self.out.delays.sign_in.push(delay);
        let Some(read) = self.sign_in.read(line) else {
            return;
        };
        let principal = self.principal(&read.user);
        let country = self.country(&read.country);
        self.out.sign_ins.push(SignIn {
            time: row.time,
            principal,
            address: read.address,
            country,
            result: read.result,
            truth,
        });
    }

    fn principal(&mut self, user: &str) -> u32 {
        let (number, is_new) = self.principals.number(self.reference.account_key(user));
        if is_new {
            let identity = self.reference.account(user);
            let identity = identity.and_then(|index| self.reference.identity(index));
            let zone = identity.map_or("", |identity| identity.time_zone.as_str());
            let principal = Principal {
                service: identity.is_some_and(|identity| identity.service),
                zone: if zone.is_empty() { 0 } else { self.zone(zone) },
            };
            self.out.principals.push(principal);
        }
        number
    }

    fn application_number(&mut self, name: &str) -> u32 {
        let (number, is_new) = self.applications.number(hash_bytes(name.as_bytes()));
        if is_new {
            let code = match self.options.code.as_slice() {
                [] => name.to_lowercase().contains("code"),
                named => named.iter().any(|one| one == name),
            };
            self.out.applications.push((name.to_owned(), code));
        }
        number
    }

    fn country(&mut self, code: &str) -> u32 {
        let (number, is_new) = self.countries.number(hash_bytes(code.as_bytes()));
        if is_new {
            self.out.countries.push(code.to_owned());
        }
        number
    }

    fn zone(&mut self, name: &str) -> u32 {
        let (number, is_new) = self.zones.number(hash_bytes(name.as_bytes()));
        if is_new {
            self.out.zones.push(name.to_owned());
        }
        number
    }

    fn finish(mut self) -> Observed {
        self.out.requests.sort_by_key(|one| one.time);
        self.out.sign_ins.sort_by_key(|one| one.time);
        self.out.calls.sort_by_key(|one| one.time);
        self.out
    }
}

fn truth(row: &BatchRow, groups: &[LabelGroup]) -> Truth {
    let group = row.group.and_then(|index| usize::try_from(index.0).ok());
    let group = group.and_then(|index| groups.get(index));
    group.map_or_else(Truth::default, |group| Truth {
        campaign: group.caused_by.map(|campaign| campaign.0),
        hostile: group.is_attack() && group.caused_by.is_some(),
    })
}
