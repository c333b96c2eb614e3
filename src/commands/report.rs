//! `livefire report`: a run's results as one HTML file, and as a layer for the ATLAS Navigator.

use std::path::Path;

use livefire_report::{Inputs, Results, html, navigator_layer};
use serde_json::json;

use super::why::results_folder;
use crate::arguments::ReportArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::results::{REPORT, write_file};
use crate::verdict::{rules_that_slept, why_missed};

/// Writes the report.
pub(crate) fn run(arguments: &ReportArguments, output: Output) -> Outcome {
    let folder = results_folder(&arguments.results)?;
    let baseline = arguments.baseline.as_deref().map(results_folder);
    let baseline = baseline.transpose()?;
    let page = page(&folder, baseline.as_deref())?;
    let target = arguments.output.clone();
    let target = target.unwrap_or_else(|| folder.join(REPORT));
    write_file(&target, page.as_bytes())?;
    let mut written = vec![target];
    if let Some(layer) = &arguments.navigator {
        let text = format!("{:#}\n", navigator_layer(&read(&folder)?));
        write_file(layer, text.as_bytes())?;
        written.push(layer.clone());
    }
    output.json(&json!({ "written": written, "bytes": page.len() }))?;
    for path in &written {
        output.human(&format!("written to {}\n", path.display()))?;
    }
    Ok(Exit::Pass)
}

/// The report of a results folder, beside an earlier one of the same scenario.
///
/// # Errors
/// If a folder is no result, or the two are of different scenarios.
pub(crate) fn page(folder: &Path, baseline: Option<&Path>) -> Result<String, Failure> {
    let results = read(folder)?;
    let baseline = match baseline {
        Some(baseline) => Some(comparable(read(baseline)?, &results)?),
        None => None,
    };
    // Only a run measures how near rules came; alerts alone cannot tell.
    let measured = results.score.masked.is_some();
    let inputs = Inputs {
        results: &results,
        baseline: baseline.as_ref(),
        why_missed: &|row| why_missed(row, measured),
        rules_that_slept: &|row| rules_that_slept(row, measured),
    };
    html(&inputs).map_err(|error| Failure::internal(error.to_string()))
}

fn read(folder: &Path) -> Result<Results, Failure> {
    Results::read(folder).map_err(|error| Failure::input(error.to_string()))
}

fn comparable(baseline: Results, results: &Results) -> Result<Results, Failure> {
    if baseline.score.scenario == results.score.scenario {
        return Ok(baseline);
    }
    Err(Failure::input(format!(
        "--baseline {}: is of scenario `{}`, but {} of `{}`; name a result of the same scenario",
        baseline.folder.display(),
        baseline.score.scenario,
        results.folder.display(),
        results.score.scenario
    )))
}
