//! `livefire score`: any alerts against the labels of a generated folder.

use std::fs;
use std::path::Path;

use livefire_harness::FileSource;
use livefire_labels::{Batch, EventSource, SourceError, io};
use livefire_schema::alert::{Alert, sort_alerts};
use livefire_schema::time::TimeSpan;
use livefire_scorer::incidents::Grouping;
use livefire_scorer::{LoadedRule, ScoreInput, ScoreOptions, ScoreReport, score};
use serde_json::json;

use crate::arguments::ScoreArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::Known;
use crate::output::Output;
use crate::report;
use crate::results::{ResultsFolder, require_whole_log};
use crate::verdict::{self, Heading};

/// Faulty lines of an alert file that are told one by one.
const SAMPLES: usize = 10;

/// Scores and prints the verdict.
pub(crate) fn run(arguments: &ScoreArguments, output: Output) -> Outcome {
    let grouping = grouping(&arguments.grouping)?;
    require_whole_log(&arguments.folder)?;
    let labels = labels(&arguments.folder)?;
    let alerts = read_alerts(&arguments.alerts)?;
    if alerts.is_empty() && labels.book.campaigns.is_empty() {
        return Err(Failure::nothing(
            "no alerts and no campaigns: there is nothing to evaluate",
        ));
    }
    let rules = loaded(&alerts);
    let known = Known::load(None)?;
    verify(&arguments.folder, &labels, &known)?;
    let input = ScoreInput {
        alerts: &alerts,
        world_zero: None,
        book: &labels.book,
        extent: &labels.extent,
        rules: &rules,
        nearest: &[],
        options: ScoreOptions {
            grouping,
            largest_ingestion_delay: known.largest_delay(),
            ..ScoreOptions::default()
        },
    };
    let scored = score(&input)
        .map_err(|error| Failure::input(format!("{}: {error}", arguments.alerts.display())))?;
    if let Some(target) = &arguments.output {
        write(target, &scored)?;
    }
    output.json(&scored)?;
    let heading = Heading::default();
    let mut text = verdict::text(&scored, &heading, &|kind| known.title(kind));
    if let Some(target) = &arguments.output {
        text.push_str(&format!("written to {}\n", target.display()));
    }
    output.human(&text)?;
    Ok(Exit::Pass)
}

fn labels(folder: &Path) -> Result<io::Labels, Failure> {
    let inside = folder.join("labels");
    let place = if inside.is_dir() {
        inside
    } else {
        folder.to_path_buf()
    };
    if !place.join(io::CAMPAIGNS).exists() {
        return Err(Failure::input(format!(
            "{}: holds no labels; name a folder that `livefire generate` or `livefire run` wrote",
            folder.display()
        )));
    }
    io::read(&place).map_err(|error| Failure::input(error.to_string()))
}

/// Where logs stand beside the labels, checks that every row of them is accounted for: a row that
/// the labels do not know would count as benign.
fn verify(folder: &Path, labels: &io::Labels, known: &Known) -> Result<(), Failure> {
    let has_logs = folder.join("ContainerLogV2.ndjson").is_file();
    if labels.coverage.is_none() || !has_logs {
        return Ok(());
    }
    let wrong = |error: SourceError| Failure::input(error.to_string());
    let mut source = FileSource::open(folder, &known.schema).map_err(wrong)?;
    let mut batch = Batch::default();
    while source.next_batch(&mut batch).map_err(wrong)? {}
    Ok(())
}

/// Reads alerts as `detect` writes them, in the order in which everything downstream reads them.
fn read_alerts(path: &Path) -> Result<Vec<Alert>, Failure> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::input(format!("{name}: there is no such file")),
        _ => Failure::input(format!("{name}: cannot be read: {error}")),
    })?;
    let mut alerts = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(alert) => alerts.push(alert),
            Err(error) => faults.push(format!("{name}:{}: no alert: {error}", index + 1)),
        }
    }
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(SAMPLES);
        faults.truncate(SAMPLES);
        if more > 0 {
            faults.push(format!("… {more} more"));
        }
        return Err(Failure::input(faults.join("\n")));
    }
    sort_alerts(&mut alerts);
    Ok(alerts)
}

/// The rules that a run without a rule set has loaded: the built ones in their default form, and
/// every other form that its alerts name.
fn loaded(alerts: &[Alert]) -> Vec<LoadedRule> {
    use livefire_schema::alert::Mode;
    let mut forms: Vec<(String, Mode)> = Vec::new();
    let rules = livefire_detector::RuleSet::embedded();
    for (info, _) in rules.rules() {
        forms.push((info.id.to_owned(), Mode::Streaming));
    }
    for alert in alerts {
        let form = (alert.rule.clone(), alert.mode);
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
        .iter()
        .filter_map(|(rule, mode)| LoadedRule::with_defaults(rule, *mode))
        .collect()
}

fn write(target: &Path, report: &ScoreReport) -> Result<(), Failure> {
    let folder = ResultsFolder::create(target)?;
    report::write(&folder, report)?;
    let manifest = json!({
        "program": "livefire",
        "version": env!("CARGO_PKG_VERSION"),
        "name": report.scenario,
        "seed": report.seed,
    });
    folder.write("manifest.json", format!("{manifest:#}\n").as_bytes())?;
    folder.finish()
}

/// `session`, `anchored`, `none`, `session:5h`.
fn grouping(text: &str) -> Result<Grouping, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--grouping {text}: write session, anchored or none, with a time as in session:5h"
        ))
    };
    let (form, gap) = match text.split_once(':') {
        None => (text, TimeSpan::from_hours(5)),
        Some((form, gap)) => {
            let gap = TimeSpan::parse(gap).filter(|gap| *gap >= TimeSpan::ZERO);
            (form, gap.ok_or_else(wrong)?)
        }
    };
    match form {
        "session" => Ok(Grouping::Session(gap)),
        "anchored" => Ok(Grouping::Anchored(gap)),
        "none" if !text.contains(':') => Ok(Grouping::None),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groupings_are_words_with_a_time() {
        assert_eq!(
            grouping("session:2h").ok(),
            Some(Grouping::Session(TimeSpan::from_hours(2)))
        );
        assert_eq!(grouping("none").ok(), Some(Grouping::None));
        assert!(
            grouping("sesion").is_err()
                && grouping("session:fast").is_err()
                && grouping("none:1h").is_err()
        );
    }
}
