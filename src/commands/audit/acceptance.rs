//! `livefire audit acceptance`: do attack kinds and look-alikes keep what their files promise?

use livefire_generator::kinds::AttackKind;
use livefire_harness::acceptance::{Line, Report, Setup};
use serde_json::json;

use super::write_page;
use crate::arguments::AcceptanceArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{self, Output};

/// Measures and prints the promises.
pub(crate) fn run(arguments: &AcceptanceArguments, output: Output) -> Outcome {
    let setup = Setup::embedded();
    let kinds = chosen(&setup, &arguments.kinds)?;
    let report = Report::measured(&setup, &kinds, arguments.seeds);
    write_page(arguments.output.as_deref(), &report.page())?;
    let table = &report.table;
    let unclean: Vec<String> = report
        .plans
        .iter()
        .filter(|check| !check.is_clean())
        .map(ToString::to_string)
        .collect();
    output.json(&json!({ "promises": table, "plans": unclean }))?;
    let rows: Vec<Vec<String>> = table.lines.iter().map(cells).collect();
    let header = [
        "kind",
        "run",
        "promise",
        "rule",
        "streaming",
        "binned",
        "verdict",
    ];
    let mut text = output::table(&header, &rows, &[4, 5]);
    for fault in table.faults.iter().chain(&unclean) {
        text.push_str(&format!("{fault}\n"));
    }
    let broken = table.broken().count();
    let undecided = table.missed().count() - broken;
    text.push_str(&format!("{broken} promises broken\n"));
    if undecided > 0 {
        text.push_str(&format!(
            "{undecided} missed on too few seeds to tell; --seeds 20 tells\n"
        ));
    }
    output.human(&text)?;
    Ok(match report.faults().is_empty() {
        false => Exit::Failed,
        true if undecided > 0 => Exit::Inconclusive,
        true => Exit::Pass,
    })
}

fn chosen<'a>(setup: &'a Setup, names: &[String]) -> Result<Vec<&'a AttackKind>, Failure> {
    if names.is_empty() {
        return Ok(setup.library.iter().collect());
    }
    let find = |name: &String| {
        let kind = setup.library.get(name);
        kind.ok_or_else(|| {
            Failure::usage(format!(
                "--kind {name}: there is no such kind; see `livefire list attacks` and \
                 `livefire list look-alikes`"
            ))
        })
    };
    names.iter().map(find).collect()
}

fn cells(line: &Line) -> Vec<String> {
    let rules: Vec<String> = line.rules.iter().map(ToString::to_string).collect();
    vec![
        line.kind.clone(),
        line.case.clone(),
        line.promise.to_string(),
        rules.join(" or "),
        format!("{}/{}", line.streaming, line.of),
        format!("{}/{}", line.binned, line.of),
        line.verdict.to_string(),
    ]
}
