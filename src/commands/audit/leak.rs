//! `livefire audit leak`: does a field give the label away that should carry no signal?

use std::io;
use std::path::Path;
use std::sync::Arc;

use livefire_generator::assemble::{Options, plan};
use livefire_generator::scenario::{Scenario, ScenarioSpec};
use livefire_harness::FileSource;
use livefire_harness::audit::leak::{Auditor, Line, Table, every_kind, page};
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;

use super::write_page;
use crate::arguments::LeakArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::{self, Output};

/// Audits and prints the fields.
pub(crate) fn run(arguments: &LeakArguments, output: Output) -> Outcome {
    let table = match &arguments.log {
        Some(path) if path.is_dir() => of_folder(path)?,
        Some(path) => {
            let (scenario, known) = input::require_scenario(path, output)?;
            of_scenarios(&known, arguments.seeds, &|seed| {
                Ok(scenario.clone().with_seed(seed))
            })?
        }
        None => {
            let known = Known::load(None)?;
            of_scenarios(&known, arguments.seeds, &|seed| of_every_kind(&known, seed))?
        }
    };
    if table.fields.iter().all(|line| line.attack == 0) {
        return Err(Failure::nothing(
            "nothing to evaluate: no row of the log is labelled as caused by a campaign",
        ));
    }
    let log = arguments.log.as_ref();
    let log = log.map_or(String::new(), |path| format!(" {}", path.display()));
    let command = format!("livefire audit leak{log} --seeds {}", arguments.seeds);
    write_page(arguments.output.as_deref(), &page(&command, &table))?;
    output.json(&table)?;
    output.human(&text(&table))?;
    Ok(if table.leaks().next().is_some() {
        Exit::Failed
    } else {
        Exit::Pass
    })
}

fn of_folder(folder: &Path) -> Result<Table, Failure> {
    let schema = Schema::embedded();
    let mut auditor = Auditor::new(&schema);
    let failure = |error: &dyn std::fmt::Display| Failure::input(error.to_string());
    let mut source = FileSource::open(folder, &schema).map_err(|error| failure(&error))?;
    auditor.add(&mut source).map_err(|error| failure(&error))?;
    Ok(auditor.finish())
}

fn of_scenarios(
    known: &Known,
    seeds: u64,
    scenario: &dyn Fn(u64) -> Result<Scenario, Failure>,
) -> Result<Table, Failure> {
    let schema = Arc::new(known.schema.clone());
    let mut auditor = Auditor::new(&schema);
    let options = Options::default();
    let failure = |error: &dyn std::fmt::Display| Failure::input(error.to_string());
    for seed in 1..=seeds {
        let plan = plan(&scenario(seed)?, &known.kinds, &options).map_err(|e| failure(&e))?;
        let mut source = plan.source(&schema, &options).map_err(|e| failure(&e))?;
        auditor.add(&mut source).map_err(|e| failure(&e))?;
    }
    Ok(auditor.finish())
}

/// The scenario of every attack kind.
fn of_every_kind(known: &Known, seed: u64) -> Result<Scenario, Failure> {
    let text = every_kind(&known.kinds, seed);
    let faults = Faults::new("");
    let read = |_: &Path| -> io::Result<Vec<u8>> { Ok(text.clone().into_bytes()) };
    let spec = ScenarioSpec::load(Path::new("every-kind.yaml"), &read, &faults);
    spec.validate(&known.kinds, &faults)
        .ok_or(Failure::Faults(faults))
}

fn text(table: &Table) -> String {
    let lines = table.fields.iter().chain(&table.models);
    let rows: Vec<Vec<String>> = lines.map(|line| line.cells().to_vec()).collect();
    let header = ["field", "n attack", "n benign", "AUC", "p", "verdict"];
    let mut text = output::table(&header, &rows, &[1, 2, 3, 4]);
    let leaks: Vec<&Line> = table.leaks().collect();
    text.push_str(&match leaks.len() {
        0 => format!("no field gives the label away, in {} logs\n", table.logs),
        count => format!("{count} fields or models give the label away\n"),
    });
    text
}
