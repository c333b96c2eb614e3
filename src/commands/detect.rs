//! `livefire detect`: the rules over log files, folders or standard input, ours or anybody's.

mod fields;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_detector::input::{InputError, InputOptions, InputSummary, Reader};
use livefire_detector::{Engine, LateCount, Projector};
use livefire_harness::scoring::rounded;
use livefire_schema::alert::{Alert, sort_alerts};
use livefire_schema::reference::{self, Reference};
use livefire_schema::table::{Schema, TableId};
use serde_json::json;

use crate::arguments::DetectArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::Output;
use crate::suggest::unknown;
use crate::verdict::grouped;
use crate::{progress, report, results};

/// What a pass over the files gave.
struct Found {
    alerts: Vec<Alert>,
    summary: InputSummary,
    late: Vec<LateCount>,
}

/// Runs the rules and writes their alerts.
pub(crate) fn run(arguments: &DetectArguments, output: Output) -> Outcome {
    let known = Known::load_tables(arguments.tables.as_deref())?;
    if let Some(path) = &arguments.output {
        refuse_input(path, &arguments.paths, &known.schema)?;
    }
    let (rules, engine) = input::select_rules(known.rules, &arguments.rules)?;
    let options = InputOptions {
        table: table(arguments.table.as_deref(), &known.schema)?,
        strict: arguments.strict,
    };
    let reference = Arc::new(reference_data(arguments)?);
    let projector = Projector::new(&rules, &known.schema, &reference);
    let mut engine = Engine::new(&rules, &known.schema, &reference, &engine);
    let found = pass(
        &arguments.paths,
        &known.schema,
        &projector,
        options,
        &mut engine,
        output,
    )?;
    remarks(&found, output);
    let gaps = found.summary.census.gaps(&projector, &rules, &known.schema);
    require_order(&found)?;
    let rows: u64 = found.summary.rows.values().sum();
    if rows == 0 {
        return Err(match found.summary.unreadable {
            0 => Failure::nothing("nothing to evaluate: the input holds no rows"),
            lines => Failure::input(format!("none of {lines} lines could be read")),
        });
    }
    fields::check(&found.summary, &gaps, &projector, &known.schema, output)?;
    tell(arguments, &found, rows, output)?;
    Ok(Exit::Pass)
}

fn pass(
    paths: &[PathBuf],
    schema: &Schema,
    projector: &Projector,
    options: InputOptions,
    engine: &mut Engine,
    output: Output,
) -> Result<Found, Failure> {
    let bar = progress::spinner(output, "reading");
    let mut reader =
        Reader::open(paths, schema, projector, options).map_err(|error| failure(&error))?;
    let mut alerts = Vec::new();
    let mut rows = 0_u64;
    while let Some(row) = reader.next_row().map_err(|error| failure(&error))? {
        engine.advance(row.ingestion());
        engine.push(row);
        rows += 1;
        if rows.is_multiple_of(65_536) {
            alerts.append(&mut engine.take_alerts());
            bar.set_position(rows);
        }
    }
    engine.finish();
    alerts.append(&mut engine.take_alerts());
    sort_alerts(&mut alerts);
    bar.finish_and_clear();
    Ok(Found {
        alerts,
        summary: reader.summary(),
        late: engine.late(),
    })
}

fn failure(error: &InputError) -> Failure {
    match error {
        InputError::Nothing { .. } => Failure::nothing(error.to_string()),
        _ => Failure::input(error.to_string()),
    }
}

fn table(name: Option<&str>, schema: &Schema) -> Result<Option<TableId>, Failure> {
    let Some(name) = name else { return Ok(None) };
    if let Some(id) = schema.find(name) {
        return Ok(Some(id));
    }
    let names = schema.iter().map(|(_, table)| table.name.as_str());
    let why = unknown("known table", name, names, "livefire list tables");
    Err(Failure::usage(format!("--table: {why}")))
}

/// The reference data of `--reference`, else of the first given folder that holds any.
fn reference_data(arguments: &DetectArguments) -> Result<Reference, Failure> {
    let inside = |path: &PathBuf| path.join("reference");
    let folder = match &arguments.reference {
        Some(folder) if !folder.is_dir() => {
            return Err(Failure::usage(format!(
                "{}: there is no such folder of reference data",
                folder.display()
            )));
        }
        Some(folder) => Some(folder.clone()),
        None => arguments
            .paths
            .iter()
            .map(inside)
            .find(|path| path.is_dir()),
    };
    match folder {
        Some(folder) => read_reference(&folder),
        None => Ok(Reference::default()),
    }
}

fn read_reference(folder: &Path) -> Result<Reference, Failure> {
    reference::io::read(folder).map_err(|error| Failure::input(error.to_string()))
}

/// Refuses to write alerts over a log that is to be read.
fn refuse_input(output: &Path, inputs: &[PathBuf], schema: &Schema) -> Result<(), Failure> {
    let Ok(output) = output.canonicalize() else {
        return Ok(());
    };
    let stem = output.file_stem().and_then(|stem| stem.to_str());
    let is_log = stem.is_some_and(|stem| schema.find(stem).is_some());
    let is_input = |input: &PathBuf| {
        let input = input.canonicalize();
        input.is_ok_and(|input| input == output || (is_log && output.starts_with(input)))
    };
    if inputs.iter().any(is_input) {
        return Err(Failure::usage(format!(
            "--output {}: is one of the logs to read; choose another file",
            output.display()
        )));
    }
    Ok(())
}

/// Refuses a log whose disorder made rules miss rows: what would be written is not its result.
fn require_order(found: &Found) -> Result<(), Failure> {
    let summary = &found.summary;
    let missed: u64 = found.late.iter().map(|late| late.rows).sum();
    match summary.clock {
        Some(clock) if summary.disordered > 0 && missed > 0 => Err(Failure::input(format!(
            "{} rows go back in ingestion time, by up to {}, and rules missed some for it (the \
             latest row was ingested at {clock}); sort each file by IngestionTime, else by \
             TimeGenerated, oldest first, and give tables as files of their own",
            grouped(summary.disordered),
            rounded(summary.furthest_back),
        ))),
        _ => Ok(()),
    }
}

/// What was left out or could not be read.
fn remarks(found: &Found, output: Output) {
    let summary = &found.summary;
    // A folder of our own holds a manifest beside its logs; that needs no remark.
    let skipped = summary
        .skipped
        .iter()
        .filter(|(path, _)| !path.ends_with("manifest.json"));
    for (path, reason) in skipped {
        output.remark(&format!("{path}: left out: {reason}"));
    }
    for sample in &summary.samples {
        output.remark(&format!("{sample}"));
    }
    if summary.unreadable > 0 {
        output.remark(&format!(
            "{} lines could not be read and are not counted",
            grouped(summary.unreadable)
        ));
    }
    for late in &found.late {
        output.remark(&format!(
            "{}: {} rows of {} came later than the rule waits and are not counted",
            late.rule,
            grouped(late.rows),
            late.table
        ));
    }
}

fn tell(
    arguments: &DetectArguments,
    found: &Found,
    rows: u64,
    output: Output,
) -> Result<(), Failure> {
    let mut document = json!({
        "rows": found.summary.rows,
        "unreadable": found.summary.unreadable,
        "late": found.late.iter().map(report::late).collect::<Vec<_>>(),
        "alerts": found.alerts.len(),
    });
    let Some(path) = &arguments.output else {
        if output.json {
            document["alerts"] = json!(found.alerts);
            output.json(&document)?;
        } else {
            let mut lines = Vec::new();
            report::alerts(&mut lines, &found.alerts)?;
            output.text(&String::from_utf8_lossy(&lines))?;
        }
        return Ok(());
    };
    results::write_file_with(path, |file| report::alerts(file, &found.alerts))?;
    document["written"] = json!(path);
    output.json(&document)?;
    let alerts = grouped(u64::try_from(found.alerts.len()).unwrap_or(u64::MAX));
    let text = format!(
        "{} rows, {alerts} alerts, written to {}\n",
        grouped(rows),
        path.display()
    );
    output.human(&text)?;
    Ok(())
}
