//! `livefire why`: one campaign or incident of a results folder, explained.

use std::fs;
use std::path::{Path, PathBuf};

use livefire_harness::why::{
    self, CampaignWhy, Found, IncidentWhy, Origin, Outcome as RuleOutcome, RowWhy, RuleWhy, Why,
};
use livefire_labels::{LabelBook, io};
use livefire_schema::alert::Mode;
use livefire_scorer::attribution::FalseClass;
use livefire_scorer::{Measure, ScoreReport};

use crate::alerts;
use crate::arguments::WhyArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{self, Output};
use crate::suggest::unknown;
use crate::verdict::{reason_text, seconds_text};

/// Rows of evidence that are shown; `--json` has all.
const ROWS: usize = 12;

/// Explains.
pub(crate) fn run(arguments: &WhyArguments, output: Output) -> Outcome {
    let folder = results_folder(&arguments.results)?;
    let report = report(&folder)?;
    let labels = io::read(&folder.join("labels"));
    let book = labels
        .map_err(|error| Failure::input(error.to_string()))?
        .book;
    let alerts = alerts::read(&folder.join("alerts.ndjson"), &book)?;
    let name = arguments.name.as_str();
    let Some(answer) = why::why(&report, &alerts, &book, name) else {
        return Err(Failure::usage(unknown(
            "campaign or incident",
            name,
            why::names(&report),
            "id in campaigns.csv, first_alert in incidents.csv",
        )));
    };
    output.json(&answer)?;
    output.human(&text(&answer, &book))?;
    Ok(Exit::Pass)
}

/// The folder as named, or of that name in `results/`.
pub(super) fn results_folder(named: &Path) -> Result<PathBuf, Failure> {
    let inside = Path::new("results").join(named);
    for folder in [named.to_path_buf(), inside] {
        if folder.join("metrics.json").is_file() {
            return Ok(folder);
        }
    }
    Err(Failure::usage(format!(
        "{}: is no results folder of `livefire run`, which holds a metrics.json",
        named.display()
    )))
}

fn report(folder: &Path) -> Result<ScoreReport, Failure> {
    let path = folder.join("metrics.json");
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::input(format!(
            "{}: cannot be read: {error}; was it written by another version of livefire?",
            path.display()
        ))
    };
    let bytes = fs::read(&path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error))
}

fn text(answer: &Why, book: &LabelBook) -> String {
    match answer {
        Why::Campaign(why) => campaign(why),
        Why::Incident(why) => incident(why, book),
    }
}

fn seconds(seconds: f64) -> String {
    seconds_text(Measure::number(seconds))
}

fn campaign(why: &CampaignWhy) -> String {
    let verdict = match (&why.found, why.reason) {
        (Some(found), _) => format!(
            "caught by {} after {}",
            found.rule,
            seconds_text(why.time_to_detect)
        ),
        (None, Some(reason)) => format!("missed: {}", reason_text(reason).trim_end_matches(" by")),
        (None, None) => "caught".to_owned(),
    };
    let mut text = format!(
        "{} · {} · {} to {}\n{verdict}\n",
        why.id, why.kind, why.t0, why.t_end
    );
    if let Some(found) = &why.found {
        text.push('\n');
        text.push_str(&found_text(found));
    }
    text.push('\n');
    for rule in &why.rules {
        text.push_str(&rule_text(rule));
    }
    for form in &why.also {
        let mode = match form.mode {
            Mode::Streaming => "",
            Mode::Binned => " in bins",
        };
        text.push_str(&format!(
            "{:<10}not expected, but saw it after {}\n",
            format!("{}{mode}", form.rule),
            seconds_text(form.time_to_detect)
        ));
    }
    if why.stages.len() > 1 {
        let seen = |stage: &String| {
            let seen = why.stages_seen.iter().find(|seen| seen.stage == *stage);
            seen.map_or_else(
                || format!("{stage}: unseen"),
                |seen| {
                    let after = seconds_text(seen.time_to_detect);
                    format!("{stage}: {} after {after}", seen.rule)
                },
            )
        };
        let stages: Vec<String> = why.stages.iter().map(seen).collect();
        text.push_str(&format!("\nstages    {}\n", stages.join(" · ")));
    }
    text
}

fn found_text(found: &Found) -> String {
    let mut text = format!(
        "alert {} under `{}`: {} of the {} that it asks for\n",
        found.alert, found.key, found.level, found.threshold
    );
    if let Some(parts) = found.parts {
        let named = [
            ("accumulate", parts.accumulate),
            ("ingestion", parts.ingestion),
            ("schedule wait", parts.schedule_wait),
            ("run", parts.run),
        ];
        let named = named.map(|(name, part)| format!("{name} {}", seconds(part)));
        text.push_str(&format!("delay     {}", named.join(" + ")));
        if let Some((longest, change)) = &found.longest {
            text.push_str(&format!("; most in {longest}: change {change}"));
        }
        text.push('\n');
    }
    text.push_str(&rows(&found.evidence));
    text
}

fn rows(evidence: &[RowWhy]) -> String {
    // What completes an alert stands last: the last rows say more than the first.
    let left_out = evidence.len().saturating_sub(ROWS);
    let cells: Vec<Vec<String>> = evidence
        .iter()
        .skip(left_out)
        .map(|row| {
            let of = match row.origin {
                Origin::Benign => "ordinary traffic".to_owned(),
                Origin::LookAlike => format!("look-alike {}", row.of),
                Origin::Attack => format!("attack {}", row.of),
                Origin::Collateral => format!("harmless row of {}", row.of),
            };
            vec![
                row.time.to_string(),
                row.available.to_string(),
                row.table.clone(),
                of,
                row.stage.clone(),
                if row.completes { "completes it" } else { "" }.to_owned(),
                row.item.clone(),
            ]
        })
        .collect();
    let header = [
        "event time",
        "available",
        "table",
        "of",
        "stage",
        "",
        "_ItemId",
    ];
    let mut text = output::table(&header, &cells, &[]);
    if left_out > 0 {
        text.push_str(&format!("{left_out} earlier rows: --json\n"));
    }
    text
}

fn rule_text(rule: &RuleWhy) -> String {
    let what = match rule.outcome {
        RuleOutcome::Caught => match rule.seconds {
            Some(after) => format!("caught it after {}", seconds(after)),
            None => "caught it".to_owned(),
        },
        RuleOutcome::OtherClass => {
            let classes = rule.fired_as.clone().unwrap_or_default();
            format!("fired, but as {}", classes.join(", "))
        }
        RuleOutcome::BinsOnly => "ran in bins only".to_owned(),
        RuleOutcome::NotLoaded => "did not run: not loaded".to_owned(),
        RuleOutcome::Missed => {
            let reason = rule.reason.map_or("", reason_text);
            let reason = reason.trim_end_matches(" by");
            let nearest = rule
                .nearest
                .iter()
                .filter(|near| near.mode == Mode::Streaming && !near.rule.contains('@'));
            let nearest: Vec<String> = nearest
                .map(|near| {
                    let key = match near.key.as_str() {
                        "" => String::new(),
                        key => format!(" under `{key}`"),
                    };
                    format!(
                        "{} of {}{key} at {}, {}",
                        near.level, near.threshold, near.at, near.missed_by
                    )
                })
                .collect();
            if nearest.is_empty() {
                format!("missed it: {reason}; no row that it looks for came")
            } else {
                format!("missed it: {reason}; nearest {}", nearest.join("; "))
            }
        }
    };
    let mut text = format!("{:<10}{what}\n", rule.rule);
    for (index, remedy) in rule.would_have.iter().enumerate() {
        let head = if index == 0 { "enough:" } else { "" };
        text.push_str(&format!(
            "{:10}{head:<8}{}: {}\n",
            "", remedy.change, remedy.text
        ));
    }
    text
}

fn incident(why: &IncidentWhy, book: &LabelBook) -> String {
    let verdict = match (why.is_true, why.false_class) {
        (true, _) => format!("true: credited to {}", why.credited.join(", ")),
        (false, Some(class)) => format!("false: {}", class_text(class, why)),
        (false, None) => {
            "neither true nor false: only harmless rows of an attack made it".to_owned()
        }
    };
    let mut text = format!(
        "{} · {} under `{}` · {} alerts from {} to {}\n{verdict}\n",
        why.id, why.rule, why.key, why.alerts, why.first, why.last
    );
    text.push_str(&format!(
        "{} counted, {} of them without any attack, {} asked for\n\n",
        why.level, why.benign, why.threshold
    ));
    text.push_str(&rows(&why.evidence));
    let seen = why.evidence.iter().find(|row| row.origin == Origin::Attack);
    if let Some(kind) = seen.and_then(|row| book.campaigns.iter().find(|one| one.id == row.of)) {
        text.push_str(&format!("next: livefire show {}\n", kind.kind));
    }
    text
}

fn class_text(class: FalseClass, why: &IncidentWhy) -> String {
    match class {
        FalseClass::Coincidental => {
            "an attack's row stands among benign ones that reach the threshold alone".to_owned()
        }
        FalseClass::Confounder => format!(
            "it needed the look-alike {}",
            why.look_alike.as_deref().unwrap_or("(several)")
        ),
        FalseClass::Noise => "ordinary traffic reaches the threshold alone".to_owned(),
    }
}
