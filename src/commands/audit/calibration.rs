//! `livefire audit calibration`: a scenario's traffic, or a folder of logs, beside published facts.

use std::sync::Arc;

use livefire_generator::assemble::Options as Generation;
use livefire_harness::FileSource;
use livefire_harness::audit::calibration::{Line, Observed, Options, Report, page, samples};
use livefire_labels::SourceError;

use super::write_page;
use crate::arguments::CalibrationArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::{self, Output};
use crate::{generation, verdict};

/// Measures and prints the facts.
pub(crate) fn run(arguments: &CalibrationArguments, output: Output) -> Outcome {
    let options = Options {
        code: arguments.code.clone(),
    };
    let report = if arguments.log.is_dir() {
        of_folder(arguments, &options)?
    } else {
        of_scenario(arguments, &options, output)?
    };
    if report.requests == 0 {
        return Err(Failure::nothing(
            "nothing to evaluate: the log holds no request of the application log",
        ));
    }
    let name = arguments.log.display().to_string();
    write_page(arguments.output.as_deref(), &page(&name, &report))?;
    output.json(&report)?;
    output.human(&text(&report))?;
    Ok(if report.broken().next().is_some() {
        Exit::Failed
    } else {
        Exit::Pass
    })
}

fn of_folder(arguments: &CalibrationArguments, options: &Options) -> Result<Report, Failure> {
    if arguments.seed.is_some() {
        return Err(Failure::usage(
            "--seed needs a scenario; a folder of logs has its own",
        ));
    }
    let known = Known::load(None)?;
    let mut source = FileSource::open(&arguments.log, &known.schema).map_err(|e| failure(&e))?;
    let observed = Observed::read(&mut source, &known.schema, options).map_err(|e| failure(&e))?;
    Ok(Report::new(&observed, None))
}

fn of_scenario(
    arguments: &CalibrationArguments,
    options: &Options,
    output: Output,
) -> Result<Report, Failure> {
    let (mut scenario, known) = input::require_scenario(&arguments.log, output)?;
    if let Some(seed) = arguments.seed {
        scenario = scenario.with_seed(seed);
    }
    let (mut source, _) = generation::source(&scenario, &known, &Generation::default(), output)?;
    let observed = Observed::read(&mut source, &known.schema, options).map_err(|e| failure(&e))?;
    // The samples are of the shipped kinds.
    let shipped = Known::load(None)?;
    let attackers = samples(&shipped.kinds, &Arc::new(shipped.schema))
        .map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Report::new(&observed, Some(&attackers)))
}

fn failure(error: &SourceError) -> Failure {
    Failure::input(error.to_string())
}

fn text(report: &Report) -> String {
    let cells = |line: &Line| {
        vec![
            line.id.clone(),
            line.status.to_string(),
            line.values_text(),
            line.band_text(),
            verdict::grouped(line.n),
            line.verdict.to_string(),
            if line.note.is_empty() {
                line.statistic.clone()
            } else {
                line.note.clone()
            },
        ]
    };
    let rows: Vec<Vec<String>> = report.own.lines.iter().map(cells).collect();
    let header = ["fact", "status", "measured", "band", "n", "verdict", "what"];
    let mut text = output::table(&header, &rows, &[4]);
    let broken: Vec<&str> = report.broken().map(|line| line.id.as_str()).collect();
    text.push_str(&match broken.as_slice() {
        [] => "every fact that must hold and can be shown holds\n".to_owned(),
        broken => format!("outside their band: {}\n", broken.join(", ")),
    });
    text
}
