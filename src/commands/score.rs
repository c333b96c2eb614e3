//! `livefire score`: any alerts against the labels of a generated folder.

mod mapping;

use std::path::Path;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_harness::scoring::nearest_approaches;
use livefire_harness::{FileSource, RunResult, Settings};
use livefire_labels::io;
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::ids::ItemId;
use livefire_schema::rules::{RuleToken, rule};
use livefire_schema::time::TimeSpan;
use livefire_scorer::incidents::Grouping;
use livefire_scorer::score::report::AlertVerdict;
use livefire_scorer::{LoadedRule, ScoreInput, ScoreOptions, ScoreReport, score};
use rustc_hash::FxHashSet;
use serde_json::json;

use crate::arguments::ScoreArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{Known, rule_tokens};
use crate::output::Output;
use crate::results::{ResultsFolder, require_whole_log};
use crate::verdict::{self, Heading, grouped};
use crate::{alerts, report};

/// Scores and prints the verdict.
pub(crate) fn run(arguments: &ScoreArguments, output: Output) -> Outcome {
    let grouping = grouping(&arguments.grouping)?;
    require_whole_log(&arguments.folder)?;
    let labels = labels(&arguments.folder)?;
    let known = Known::load(None)?;
    let alerts = match &arguments.mapping {
        None => alerts::read(&arguments.alerts, &labels.book)?,
        Some(mapping) => mapping::read(
            &arguments.alerts,
            mapping,
            &arguments.folder,
            &labels.book,
            &known.schema,
            output,
        )?,
    };
    let name = arguments.alerts.display();
    if alerts.is_empty() {
        return Err(Failure::nothing(format!(
            "{name}: holds no alerts: nothing to evaluate"
        )));
    }
    let rules = loaded(&alerts, &rule_tokens(&arguments.rules)?);
    let beside = beside(&arguments.folder, &labels, &alerts, &rules, &known)?;
    if beside.unknown > 0 {
        output.remark(&format!(
            "note: {} of the alerts' rows are not in {}: they count as benign",
            grouped(beside.unknown),
            arguments.folder.display()
        ));
    }
    let run = beside.run.as_ref();
    let nearest = run.map_or_else(Vec::new, |(run, rules)| nearest_approaches(run, rules));
    let input = ScoreInput {
        alerts: &alerts,
        world_zero: run.map(|(run, _)| run.benign_alerts.as_slice()),
        book: &labels.book,
        extent: &labels.extent,
        rules: &rules,
        nearest: &nearest,
        reach: run.map_or(&[], |(run, _)| run.reach.as_slice()),
        options: ScoreOptions {
            grouping,
            largest_ingestion_delay: known.largest_delay(),
            ..ScoreOptions::default()
        },
    };
    let scored = score(&input)
        .map_err(|error| Failure::input(format!("{}: {error}", arguments.alerts.display())))?;
    require_judged(&scored, &name.to_string())?;
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

/// What the logs beside the labels tell.
#[derive(Default)]
struct Beside {
    /// Rows that the alerts name and the logs do not hold.
    unknown: u64,
    /// A run of our rules over the logs, where it raised every alert of ours that was given: then
    /// they are of these rules, and the world without attacks is theirs.
    run: Option<(RunResult, RuleSet)>,
}

/// Where logs stand beside the labels, checks that every row of them is accounted for: a row that
/// the labels do not know would count as benign; and runs the rules of ours over them.
fn beside(
    folder: &Path,
    labels: &io::Labels,
    alerts: &[Alert],
    loaded: &[LoadedRule],
    known: &Known,
) -> Result<Beside, Failure> {
    let has_logs = folder.join("ContainerLogV2.ndjson").is_file();
    if labels.coverage.is_none() || !has_logs {
        return Ok(Beside::default());
    }
    let rows = alerts.iter().flat_map(|alert| &alert.evidence);
    let mut sought: FxHashSet<ItemId> = rows.map(|row| row.item).collect();
    let named = sought.len();
    let mut rules = known.rules.clone();
    let tokens: Vec<RuleToken> = loaded
        .iter()
        .filter_map(|form| form.rule.parse().ok())
        .collect();
    // Names that the shipped rules do not have run nothing: the logs are still read.
    let is_ours = !tokens.is_empty() && rules.select(&tokens).is_ok();
    let runs = |mode| loaded.iter().any(|form| form.mode == mode);
    let engine = EngineOptions {
        streaming: runs(Mode::Streaming),
        binned: runs(Mode::Binned),
        ..EngineOptions::default()
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::input(error.to_string());
    let mut source = FileSource::open(folder, &known.schema).map_err(|error| wrong(&error))?;
    let settings = Settings {
        schema: &known.schema,
        rules: &rules,
        engine: &engine,
        strict: false,
    };
    let result = livefire_harness::run(&mut source, settings, &mut |_, _| {}, &mut |batch| {
        for row in &batch.rows {
            sought.remove(&row.item);
        }
        Ok(())
    });
    let result = result.map_err(|error| wrong(&error))?;
    if named > 0 && sought.len() == named {
        return Err(Failure::input(format!(
            "the alerts are of another log: none of the rows that they name is in {}",
            folder.display()
        )));
    }
    let raised: FxHashSet<&str> = result
        .alerts
        .iter()
        .map(|alert| alert.id.as_str())
        .collect();
    let mut ours = alerts
        .iter()
        .filter(|alert| rule(alert.base_rule()).is_some());
    let is_same = is_ours && ours.all(|alert| raised.contains(alert.id.as_str()));
    Ok(Beside {
        unknown: u64::try_from(sought.len()).unwrap_or(u64::MAX),
        run: is_same.then_some((result, rules)),
    })
}

/// Refuses a verdict that rests on no alert: its recall of 0 would be the alerts', not the rules'.
fn require_judged(scored: &ScoreReport, name: &str) -> Result<(), Failure> {
    let verdicts = || scored.alerts.iter().map(|alert| alert.verdict);
    let all = |verdict| verdicts().all(|own| own == verdict);
    if all(AlertVerdict::OutsideLog) {
        return Err(Failure::nothing(format!(
            "{name}: nothing to evaluate: all {} alerts lie nowhere near the log, whose scored part is {} to {}; are their times in UTC, and of this log?",
            grouped(u64::try_from(scored.alerts.len()).unwrap_or(u64::MAX)),
            scored.scored.start,
            scored.scored.end
        )));
    }
    if all(AlertVerdict::OverlapOnly) {
        return Err(Failure::nothing(format!(
            "{name}: nothing to evaluate: no alert has evidence that decides it; name in `evidence` the `_ItemId` of each row that the rule counted, or let livefire run the rules: livefire run LOGS"
        )));
    }
    Ok(())
}

/// The rules that a run without a rule set has loaded.
///
/// Those of `--rule`; else, if any alert is of a rule of ours, all of them in their default form,
/// a rule that alerted in bins only in bins; and every other form that the alerts name. An export
/// of somebody else's rules says nothing of ours.
fn loaded(alerts: &[Alert], only: &[RuleToken]) -> Vec<LoadedRule> {
    let mut forms: Vec<(String, Mode)> = Vec::new();
    let mut load = |rule: String, mode: Mode| {
        if !forms.contains(&(rule.clone(), mode)) {
            forms.push((rule, mode));
        }
    };
    let of_rule = |id: &str, mode: Mode| {
        let mut own = alerts.iter().filter(|alert| alert.base_rule() == id);
        own.any(|alert| alert.mode == mode)
    };
    let is_ours = |alert: &Alert| rule(alert.base_rule()).is_some();
    if !only.is_empty() {
        for token in only {
            let variant = token.variant.as_ref();
            let variant = variant.map_or_else(String::new, |variant| format!("@{variant}"));
            load(format!("{}{variant}", token.rule), Mode::Streaming);
        }
    } else if alerts.iter().any(is_ours) {
        for (info, _) in RuleSet::embedded().rules() {
            if of_rule(info.id, Mode::Streaming) || !of_rule(info.id, Mode::Binned) {
                load(info.id.to_owned(), Mode::Streaming);
            }
        }
    }
    for alert in alerts {
        load(alert.rule.clone(), alert.mode);
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
