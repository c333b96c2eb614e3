//! From a checked scenario to its event source, as the options of a call ask for it.

use std::sync::Arc;

use livefire_generator::assemble::{AssembleError, Options, Plan, plan};
use livefire_generator::emit::GeneratorSource;
use livefire_generator::scenario::Scenario;
use livefire_schema::spec::Faults;

use crate::exit::Failure;
use crate::input::{Known, span_at};
use crate::output::Output;

/// The generator over a scenario, and what planning had to clamp or cut, which is also remarked.
///
/// # Errors
/// If a campaign cannot be planned as the scenario asks.
pub(crate) fn source(
    scenario: &Scenario,
    known: &Known,
    options: &Options,
    output: Output,
) -> Result<(GeneratorSource, Vec<String>), Failure> {
    let mut plan = plan(scenario, &known.kinds, options).map_err(failure)?;
    for note in &plan.notes {
        output.remark(&format!("note: {note}"));
    }
    let notes = std::mem::take(&mut plan.notes);
    let schema = Arc::new(known.schema.clone());
    let source = plan.source(&schema, options).map_err(failure)?;
    Ok((source, notes))
}

/// The plan of a scenario, for a look at it.
///
/// # Errors
/// If a campaign cannot be planned as the scenario asks.
pub(crate) fn planned(scenario: &Scenario, known: &Known) -> Result<Plan, Failure> {
    plan(scenario, &known.kinds, &Options::default()).map_err(failure)
}

fn failure(error: AssembleError) -> Failure {
    match error {
        AssembleError::Plan {
            file,
            line,
            column,
            error,
        } => {
            let faults = Faults::new(&file);
            let place = |number: u32| usize::try_from(number).unwrap_or(1);
            let span = span_at(&file, place(line), place(column));
            faults.error("LF-S016", span, error.to_string());
            Failure::Faults(faults)
        }
        AssembleError::UnknownCampaign { .. } => Failure::usage(error.to_string()),
        _ => Failure::input(error.to_string()),
    }
}

/// Sets the number of worker threads of everything that is parallel.
pub(crate) fn use_threads(threads: Option<u16>) {
    if let Some(threads) = threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        // It fails only if threads run already, which changes speed, never results.
        let _ = pool.build_global();
    }
}
