//! From the scenario as written to the scenario as meant: what only the whole can tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_schema::spec::{FaultSeverity, Faults, Spanned, did_you_mean, or_list};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use rustc_hash::FxHashMap;

use super::catalogue::Catalogue;
use super::entry::{Entry, EntrySpec};
use super::fields::{Field, benign_fields, population_fields, telemetry_fields};
use super::spec::{Grouping, ScenarioSpec, Setting, Written};
use crate::settings::{BenignProfile, Calendar, EndUserId, Population, Telemetry};

/// Midnight UTC of Monday, 2 March 2026: where a log begins unless the scenario says otherwise.
const DEFAULT_START: EventTime = EventTime::from_unix_seconds(1_772_409_600);
const DEFAULT_DURATION: TimeSpan = TimeSpan::from_days(14);
/// The rules look back 7 days; a shorter log spends half of itself on history.
const DEFAULT_BASELINE: TimeSpan = TimeSpan::from_days(7);
const DEFAULT_SEED: u64 = 7;
/// Longest name of a scenario or campaign; names become file names and label columns.
const MAX_NAME: usize = 64;

/// A scenario that has been checked; made only by [`ScenarioSpec::validate`].
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    name: String,
    seed: u64,
    calendar: Calendar,
    population: Population,
    benign: BenignProfile,
    telemetry: Telemetry,
    grouping: Grouping,
    campaigns: Vec<Entry>,
    look_alikes: Vec<Entry>,
    folder: PathBuf,
    sources: Vec<(Arc<str>, String)>,
    prompt_lines: Vec<String>,
}

impl Scenario {
    /// Name; also the name of its results folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seed of every random stream.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The same scenario under another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// When the log begins and ends, and which part is scored.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// Who lives in the world.
    #[must_use]
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// How benign traffic behaves.
    #[must_use]
    pub fn benign(&self) -> &BenignProfile {
        &self.benign
    }

    /// Faults between the source and the workspace.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// How alerts become incidents.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// Attacks, in the order of the file.
    #[must_use]
    pub fn campaigns(&self) -> &[Entry] {
        &self.campaigns
    }

    /// Look-alikes, in the order of the file.
    #[must_use]
    pub fn look_alikes(&self) -> &[Entry] {
        &self.look_alikes
    }

    /// The folder whose `kinds/`, `tables/` and `rules/` belong to the scenario.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its files and their text, included ones first.
    #[must_use]
    pub fn sources(&self) -> &[(Arc<str>, String)] {
        &self.sources
    }

    /// The user's own prompts, in the order of their file; empty where the shipped ones are used.
    #[must_use]
    pub fn prompt_lines(&self) -> &[String] {
        &self.prompt_lines
    }

    /// The same world without any campaign, and with every look-alike's traps off.
    #[must_use]
    pub fn without_campaigns(mut self) -> Self {
        self.campaigns.clear();
        for entry in &mut self.look_alikes {
            entry.spec.traps.clear();
        }
        self
    }
}

impl ScenarioSpec {
    /// Checks the whole and resolves it; `None` if anything is wrong, here or before.
    ///
    /// Notes in `faults`: unknown kinds and names, kinds under the wrong list, duplicate names,
    /// `at` outside the scored interval, impossible times, unknown time zones, and what the
    /// catalogue finds in entries; as a warning, kinds that are not verified yet.
    #[must_use]
    pub fn validate(self, catalogue: &dyn Catalogue, faults: &Faults) -> Option<Scenario> {
        let calendar = self.calendar(faults);
        self.check_name(faults);
        self.check_time_zone(faults);
        self.check_spelling(faults);
        self.check_prompt_file(catalogue, faults);
        for entry in &self.campaigns {
            check_entry(entry, calendar, Wanted::attacks(catalogue), faults);
        }
        for entry in &self.look_alikes {
            check_entry(entry, calendar, Wanted::look_alikes(catalogue), faults);
        }
        let names = self.campaign_names(faults);
        if faults.has_errors() {
            return None;
        }
        Some(self.resolve(calendar, names))
    }

    fn calendar(&self, faults: &Faults) -> Calendar {
        let duration = value_or(self.duration.as_ref(), DEFAULT_DURATION);
        let half = TimeSpan::from_ticks(duration.ticks() / 2);
        let calendar = Calendar {
            start: value_or(self.start.as_ref(), DEFAULT_START),
            duration,
            baseline: value_or(self.baseline.as_ref(), DEFAULT_BASELINE.min(half)),
        };
        if calendar.baseline >= calendar.duration {
            let message = format!(
                "baseline {} leaves nothing to score of the log's {}; make it shorter or `duration` longer",
                calendar.baseline, calendar.duration
            );
            if let Some(baseline) = &self.baseline {
                faults.push(baseline.fault("LF-S005", message));
            }
        }
        if let Some(start) = &self.start {
            let year = calendar.start.to_string();
            if !("2000".."2100").contains(&year.get(..4).unwrap_or("")) {
                let message = format!("{} is outside 2000-01-01..2099-12-31", &year[..10]);
                faults.push(start.fault("LF-Y006", message));
            }
        }
        calendar
    }

    fn check_name(&self, faults: &Faults) {
        if let Some(name) = &self.name
            && !is_usable_name(&name.value)
        {
            faults.push(name.fault("LF-S006", unusable("scenario", &name.value)));
        }
    }

    /// Remarks on a spelling of users that leaves joins without a partner.
    fn check_spelling(&self, faults: &Faults) {
        let Some(spelling) = &self.end_user_id else {
            return;
        };
        if spelling.value == EndUserId::Hash {
            let message = "a hash of the user joins with no table: R4 and C1 know no sign-in of \
                           anybody, and alerts name nobody; write `upn` or `object_id` to see them";
            let mut fault = spelling.fault("LF-S019", message);
            fault.severity = FaultSeverity::Warning;
            faults.push(fault);
        }
    }

    /// Kinds that take prompts from a file need the scenario to name one.
    fn check_prompt_file(&self, catalogue: &dyn Catalogue, faults: &Faults) {
        if self.prompts.is_some() {
            return;
        }
        let entries = self.campaigns.iter().chain(&self.look_alikes);
        for entry in entries.filter(|entry| catalogue.needs_prompt_file(&entry.kind.value)) {
            let own = entry.faults();
            let message = format!(
                "`{}` takes its prompts from `file`; write `prompts: my_lines.txt` in the scenario",
                entry.kind.value
            );
            own.error("LF-S018", entry.kind.span, message);
            faults.append(own);
        }
    }

    fn check_time_zone(&self, faults: &Faults) {
        let Some(zone) = &self.time_zone else { return };
        if jiff::tz::TimeZone::get(&zone.value).is_ok() {
            return;
        }
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
            .collect();
        let near = did_you_mean(&zone.value, known.iter().map(String::as_str));
        let end = near.map_or_else(
            || "; write an IANA name like Europe/Berlin".to_owned(),
            |near| format!("; did you mean `{near}`?"),
        );
        let message = format!("unknown time zone `{}`{end}", zone.value);
        faults.push(zone.fault("LF-S010", message));
    }

    /// Names of every entry's campaigns, campaigns' entries first; duplicates are faults.
    fn campaign_names(&self, faults: &Faults) -> Vec<Vec<String>> {
        let mut taken: FxHashMap<String, &EntrySpec> = FxHashMap::default();
        let entries = self.campaigns.iter().chain(&self.look_alikes);
        for entry in entries.clone().filter(|entry| entry.name.is_some()) {
            let base = &entry.name.as_ref().expect("entries are filtered").value;
            for name in numbered(base).take(times(entry)) {
                if let Some(first) = taken.insert(name.clone(), entry) {
                    duplicate(entry, first, &name, faults);
                }
            }
        }
        let mut names = Vec::new();
        for entry in entries {
            let own = if let Some(name) = &entry.name {
                numbered(&name.value).take(times(entry)).collect()
            } else {
                let free = numbered(&entry.kind.value).filter(|name| !taken.contains_key(name));
                let own: Vec<String> = free.take(times(entry)).collect();
                taken.extend(own.iter().map(|name| (name.clone(), entry)));
                own
            };
            names.push(own);
        }
        names
    }

    fn resolve(self, calendar: Calendar, names: Vec<Vec<String>>) -> Scenario {
        let mut names = names.into_iter();
        let mut entries = |specs: Vec<EntrySpec>| -> Vec<Entry> {
            let joined = specs.into_iter().zip(names.by_ref());
            joined.map(|(spec, names)| Entry { spec, names }).collect()
        };
        let campaigns = entries(self.campaigns);
        let look_alikes = entries(self.look_alikes);
        let mut telemetry = applied(Telemetry::default(), telemetry_fields(), &self.telemetry);
        telemetry.no_delay = value_or(self.no_delay.as_ref(), false);
        let mut population = applied(Population::default(), population_fields(), &self.population);
        derive_population(&mut population, &self.population);
        if let Some(zone) = self.time_zone {
            population.time_zone = zone.value;
        }
        let mut benign = applied(BenignProfile::default(), benign_fields(), &self.benign);
        benign.end_user_id = value_or(self.end_user_id.as_ref(), EndUserId::default());
        let stem = Path::new(&*self.file).file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.filter(|stem| is_usable_name(stem));
        Scenario {
            name: match self.name {
                Some(name) => name.value,
                None => stem.unwrap_or_else(|| "scenario".to_owned()),
            },
            seed: value_or(self.seed.as_ref(), DEFAULT_SEED),
            calendar,
            population,
            benign,
            telemetry,
            grouping: value_or(self.grouping.as_ref(), Grouping::default()),
            campaigns,
            look_alikes,
            folder: self.folder,
            sources: self.sources,
            prompt_lines: self.prompt_lines,
        }
    }
}

fn value_or<T: Copy>(written: Option<&Written<T>>, default: T) -> T {
    written.map_or(default, |written| written.value)
}

fn applied<T>(mut target: T, fields: &[Field<T>], settings: &[Setting]) -> T {
    for setting in settings {
        (fields[setting.field].set)(&mut target, setting.value.value);
    }
    target
}

/// Fills in what follows from the number of users: one site per 300, 24 service callers per 1,000.
fn derive_population(population: &mut Population, settings: &[Setting]) {
    let written = |name: &str| {
        let field = population_fields()
            .iter()
            .position(|field| field.name == name);
        settings.iter().any(|setting| Some(setting.field) == field)
    };
    if !written("sites") {
        population.sites = population.users.div_ceil(300).min(1000);
    }
    if !written("service_callers") {
        let callers = u64::from(population.users) * 24 / 1000;
        population.service_callers = u32::try_from(callers.clamp(2, 20_000)).unwrap_or(2);
    }
}

fn times(entry: &EntrySpec) -> usize {
    usize::try_from(entry.times).unwrap_or(usize::MAX)
}

/// `spray`, `spray-2`, `spray-3`, …
fn numbered(base: &str) -> impl Iterator<Item = String> {
    let rest = (2_u64..).map(move |number| format!("{base}-{number}"));
    std::iter::once(base.to_owned()).chain(rest)
}

fn duplicate(entry: &EntrySpec, first: &EntrySpec, name: &str, faults: &Faults) {
    let written = entry.name.as_ref().unwrap_or(&entry.kind);
    let earlier = first.name.as_ref().unwrap_or(&first.kind);
    let message = format!("campaign `{name}` exists already; choose another `name`");
    let fault = entry.faults().fault("LF-S003", written.span, message);
    faults.push(fault.with_related(&first.file, earlier.span, "the first one"));
}

fn is_usable_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
}

fn unusable(what: &str, name: &str) -> String {
    format!(
        "`{}` cannot name a {what}; write up to {MAX_NAME} letters, digits, `-`, `_` and `.`, a letter or digit first",
        name.escape_debug()
    )
}

/// Which kinds an entry may name, and which it must not.
struct Wanted<'a> {
    catalogue: &'a dyn Catalogue,
    what: &'static str,
    kinds: Vec<&'a str>,
    others: Vec<&'a str>,
    other_list: &'static str,
}

impl<'a> Wanted<'a> {
    fn attacks(catalogue: &'a dyn Catalogue) -> Self {
        Wanted {
            catalogue,
            what: "attack kind",
            kinds: catalogue.attacks(),
            others: catalogue.look_alikes(),
            other_list: "is a look-alike; move it to `look_alikes`",
        }
    }

    fn look_alikes(catalogue: &'a dyn Catalogue) -> Self {
        Wanted {
            catalogue,
            what: "look-alike",
            kinds: catalogue.look_alikes(),
            others: catalogue.attacks(),
            other_list: "is an attack kind; move it to `campaigns`",
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "built for one entry at its only call"
)]
fn check_entry(entry: &EntrySpec, calendar: Calendar, wanted: Wanted<'_>, faults: &Faults) {
    let own = entry.faults();
    check_kind(&entry.kind, &wanted, &own);
    if let Some(name) = &entry.name
        && !is_usable_name(&name.value)
    {
        own.error("LF-S006", name.span, unusable("campaign", &name.value));
    }
    if let Some(at) = &entry.at {
        check_at(at, calendar, &own);
    }
    if wanted.kinds.contains(&entry.kind.value.as_str()) {
        wanted.catalogue.check(entry, &own);
    }
    faults.append(own);
}

fn check_kind(kind: &Spanned<String>, wanted: &Wanted<'_>, faults: &Faults) {
    let name = kind.value.as_str();
    if wanted.kinds.contains(&name) {
        if !wanted.catalogue.is_verified(name) {
            let message = format!(
                "`{name}` is not verified in this version: its rows are made as its file says, what it promises is untested"
            );
            faults.warning("LF-S009", kind.span, message);
        }
    } else if wanted.others.contains(&name) {
        let message = format!("`{name}` {}", wanted.other_list);
        faults.error("LF-S002", kind.span, message);
    } else if !wanted.catalogue.is_faulty(name) {
        let end = or_list(name, "known", wanted.kinds.iter().copied());
        let message = format!("unknown {} `{name}`{end}", wanted.what);
        faults.error("LF-S001", kind.span, message);
    }
}

/// t0 lies in the scored interval, so a range that reaches outside is a fault.
fn check_at(at: &Spanned<TimeRange>, calendar: Calendar, faults: &Faults) {
    let (scored, end) = (calendar.scored_start(), calendar.end());
    let message = if at.value.start < scored {
        format!(
            "`at` begins before the baseline ends ({}); an attack there is not scored",
            short(scored)
        )
    } else if at.value.end > end {
        format!("`at` reaches past the end of the log ({})", short(end))
    } else {
        return;
    };
    faults.error("LF-S004", at.span, message);
}

/// An instant to the minute.
fn short(time: EventTime) -> String {
    let text = time.to_string();
    format!("{}Z", &text[..16])
}
