//! From a checked scenario to its event source, as the options of a call ask for it.

use std::sync::Arc;

use livefire_generator::assemble::BenignTraffic;
use livefire_generator::emit::{Generation, GeneratorSource};
use livefire_generator::scenario::Scenario;
use livefire_generator::world::World;
use livefire_schema::time::TimeRange;

use crate::exit::Failure;
use crate::input::Known;

/// The generator over a scenario; `window` gives only what is ingested in it.
///
/// # Errors
/// If a campaign cannot be planned as the scenario asks.
pub(crate) fn source(
    scenario: &Scenario,
    known: &Known,
    threads: Option<u16>,
    window: Option<TimeRange>,
) -> Result<GeneratorSource, Failure> {
    let world = World::build(
        scenario.seed(),
        scenario.population(),
        scenario.benign(),
        &scenario.calendar(),
    );
    let world = Arc::new(world);
    let benign = BenignTraffic::new(Arc::clone(&world), None);
    let generation = Generation {
        scenario: scenario.name().to_owned(),
        world,
        schema: Arc::new(known.schema.clone()),
        producers: vec![Box::new(benign)],
        origins: Vec::new(),
        campaigns: Vec::new(),
        telemetry: scenario.telemetry().clone(),
        threads: threads.map_or(0, usize::from),
        window,
    };
    GeneratorSource::new(generation).map_err(|error| Failure::input(error.to_string()))
}

/// Sets the number of worker threads of everything that is parallel.
pub(crate) fn use_threads(threads: Option<u16>) {
    if let Some(threads) = threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        // It fails only if threads run already, which changes speed, never results.
        let _ = pool.build_global();
    }
}
