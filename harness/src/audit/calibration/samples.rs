//! Facts about attackers, on logs of one kind each: few people, many campaigns.

use std::io;
use std::path::Path;
use std::sync::Arc;

use livefire_generator::assemble::{AssembleError, Options as Generation, plan};
use livefire_generator::kinds::AttackLibrary;
use livefire_generator::scenario::ScenarioSpec;
use livefire_labels::SourceError;
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;

use super::log::Log;
use super::observe::{Observed, Options};
use super::{Line, Reading, Table, attacks, facts, judged, line, missing};

/// What all samples share.
const BASE: &str = "name: sample\nseed: 7\nstart: 2026-03-02T00:00:00Z\n";

/// Some accounts share a few templates (J2).
const TEMPLATES: &str = "duration: 7d\nbaseline: 1d\npopulation: { users: 120 }\ncampaigns:\n\
    - { kind: jailbreak_campaign, times: 8 }\n";
/// Attackers of unequal persistence: most give up soon, few do not (J4).
const PERSISTENCE: &str = "duration: 4d\nbaseline: 1d\npopulation: { users: 120 }\ncampaigns:\n\
    - { kind: prompt_injection, name: soon, times: 20, knobs: { events: 6..20 } }\n\
    - { kind: prompt_injection, name: later, times: 10, knobs: { events: 20..70, window: 1h } }\n\
    - { kind: prompt_injection, name: never, times: 6, knobs: { events: 80..200, window: 4h } }\n";
/// Four sprays in five try an account once a day (I6, L6).
const SPRAY: &str = "duration: 9d\nbaseline: 1d\npopulation: { users: 400 }\ncampaigns:\n\
    - { kind: password_spray_low_slow, name: once, times: 4, knobs: { targets: 200, days: 5, enter_delay: 1d } }\n\
    - { kind: password_spray_low_slow, name: twice, knobs: { targets: 200, days: 5, enter_delay: 1d, tries_per_account_day: 2 } }\n";
/// A stolen key at the published rate of a loud case (L1, L3).
const RESALE: &str = "duration: 9d\nbaseline: 1d\npopulation: { users: 60 }\ncampaigns:\n\
    - { kind: llmjacking, knobs: { peak_per_s: 5.6, duration: 20h, rows: 400000 } }\n";
/// A script on a timer, and one that varies its pauses (L5).
const TIMER: &str = "duration: 2d\nbaseline: 1d\npopulation: { users: 60 }\ncampaigns:\n\
    - { kind: rate_limit_storm_bot, times: 4 }\n";
const JITTER: &str = "duration: 2d\nbaseline: 1d\npopulation: { users: 60 }\ncampaigns:\n\
    - { kind: rate_limit_storm_bot, times: 4, knobs: { jitter: 0.4 } }\n";

/// Why a sample cannot be made: a kind of its name has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Its scenario is faulty.
    #[error("sample of {sample}: {faults}")]
    Scenario {
        /// Facts that it is for.
        sample: &'static str,
        /// What is wrong.
        faults: String,
    },
    /// Its campaigns cannot be planned.
    #[error("sample of {sample}: {error}")]
    Plan {
        /// Facts that it is for.
        sample: &'static str,
        /// What is impossible.
        error: AssembleError,
    },
    /// Its log cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Measures the facts about attackers, each on a log that shows it.
///
/// # Errors
/// [`SampleError`] if a kind no longer takes the knobs that the samples set.
pub fn samples(library: &AttackLibrary, schema: &Arc<Schema>) -> Result<Table, SampleError> {
    let observe = |name, text| observe(name, text, library, schema);
    let mut lines = Vec::new();
    for (sample, text, ids) in [
        ("J2", TEMPLATES, &["J2"][..]),
        ("J4", PERSISTENCE, &["J4"]),
        ("I6, L6", SPRAY, &["I6", "L6"]),
        ("L1, L3", RESALE, &["L1", "L3"]),
    ] {
        let observed = observe(sample, text)?;
        let log = Log::new(&observed);
        let facts = ids.iter().filter_map(|id| facts::find(id));
        lines.extend(facts.filter_map(|fact| line(fact, &log)));
    }
    let timer = observe("L5", TIMER)?;
    let jitter = observe("L5", JITTER)?;
    lines.extend(timers(&timer, &jitter));
    lines.sort_by_key(|line| facts::all().iter().position(|fact| fact.id == line.id));
    Ok(Table { lines })
}

/// L5: a timer beside a bot that varies its pauses.
fn timers(timer: &Observed, jitter: &Observed) -> Option<Line> {
    let fact = facts::find("L5")?;
    let check = fact.check.as_ref()?;
    let (low, high) = (check.low.as_ref()?.list(), check.high.as_ref()?.list());
    let [timer, jitter] = [timer, jitter].map(|one| attacks::timer(&Log::new(one)));
    let count = timer.1.min(jitter.1);
    let reading = if count == 0 {
        missing("the samples hold no long campaign")
    } else {
        Reading::Numbers(vec![timer.0, jitter.0], count as u64)
    };
    Some(judged(fact, low, high, check.min_n.unwrap_or(0), reading))
}

fn observe(
    sample: &'static str,
    text: &str,
    library: &AttackLibrary,
    schema: &Arc<Schema>,
) -> Result<Observed, SampleError> {
    let faults = Faults::new("");
    let text = format!("{BASE}{text}");
    let read = |_: &Path| -> io::Result<Vec<u8>> { Ok(text.clone().into_bytes()) };
    let spec = ScenarioSpec::load(Path::new("sample.yaml"), &read, &faults);
    let scenario = spec.validate(library, &faults);
    let scenario = scenario.ok_or_else(|| SampleError::Scenario {
        sample,
        faults: faults.to_string(),
    })?;
    let options = Generation::default();
    let failed = |error| SampleError::Plan { sample, error };
    let plan = plan(&scenario, library, &options).map_err(failed)?;
    let mut source = plan.source(schema, &options).map_err(failed)?;
    Ok(Observed::read(&mut source, schema, &Options::default())?)
}
