//! From what a pass leaves to a score: the run's rules and approaches in the scorer's terms.

use livefire_detector::{EngineOptions, RuleSet};
use livefire_schema::alert::Mode;
use livefire_schema::table::Schema;
use livefire_schema::time::{TICKS_PER_SECOND, TimeSpan};
use livefire_scorer::score::{
    LoadedRule, NearestApproach, NextEvent, ScoreError, ScoreInput, ScoreOptions, ScoreReport,
    rule_subjects, score,
};
use livefire_scorer::survival::Subject;

use crate::approach::Approach;
use crate::worlds::{OwnAlerts, RunResult};

/// The rule forms of a run as the scorer counts them.
#[must_use]
pub fn loaded_rules(rules: &RuleSet, engine: &EngineOptions) -> Vec<LoadedRule> {
    let mut loaded = Vec::new();
    for (index, form) in rules.forms() {
        let schedule = engine.schedule_of(index);
        let has_bins = form.plan().has_bins && schedule.is_none();
        let mut modes = Vec::new();
        if engine.streaming || !has_bins {
            modes.push(Mode::Streaming);
        }
        if engine.binned && has_bins {
            modes.push(Mode::Binned);
        }
        let info = form.info();
        let parameters = form.parameters();
        let span = |name: &str| {
            parameters
                .spec(name)
                .and_then(|_| parameters.optional_span(name))
        };
        for mode in modes {
            loaded.push(LoadedRule {
                rule: form.name().to_string(),
                mode,
                window: span("window").unwrap_or(info.window),
                realert: span("realert").unwrap_or(info.realert),
                schedule: schedule.map_or(TimeSpan::ZERO, |schedule| schedule.reach()),
            });
        }
    }
    loaded
}

/// Scores a pass.
///
/// # Errors
/// [`ScoreError`] if a rule broke its contract; that is a defect of the rule, not of the input.
pub fn score_run(
    result: &RunResult,
    rules: &RuleSet,
    engine: &EngineOptions,
    schema: &Schema,
    options: ScoreOptions,
) -> Result<ScoreReport, ScoreError> {
    let scored = score_with_subjects(result, None, rules, engine, schema, options)?;
    Ok(scored.report)
}

/// A score, with what pooling over seeds needs besides.
#[derive(Clone, PartialEq, Debug)]
pub struct Scored {
    /// The score.
    pub report: ScoreReport,
    /// For each of its rules: the campaigns that expect it, as subjects of its time to detect.
    pub subjects: Vec<Vec<Subject>>,
}

/// Scores a pass; with `own`, those alerts in place of the pass's.
///
/// # Errors
/// As [`score_run`].
pub fn score_with_subjects(
    result: &RunResult,
    own: Option<&OwnAlerts>,
    rules: &RuleSet,
    engine: &EngineOptions,
    schema: &Schema,
    options: ScoreOptions,
) -> Result<Scored, ScoreError> {
    let loaded = loaded_rules(rules, engine);
    let nearest = nearest_approaches(result, rules);
    let longest = schema.iter().map(|(_, table)| table.delay_cut()).max();
    let input = ScoreInput {
        alerts: own.map_or(&result.alerts, |own| &own.alerts),
        world_zero: Some(own.map_or(&result.benign_alerts, |own| &own.benign_alerts)),
        book: &result.book,
        extent: &result.extent,
        rules: &loaded,
        nearest: &nearest,
        reach: &result.reach,
        options: ScoreOptions {
            largest_ingestion_delay: longest.unwrap_or(TimeSpan::ZERO),
            ..options
        },
    };
    let report = score(&input)?;
    let subjects = report.rules.iter();
    let subjects = subjects
        .map(|row| rule_subjects(&input, &report, &row.rule, row.mode))
        .collect();
    Ok(Scored { report, subjects })
}

/// How near each rule form came to each campaign, in the scorer's terms.
#[must_use]
pub fn nearest_approaches(result: &RunResult, rules: &RuleSet) -> Vec<NearestApproach> {
    let approaches = result.approaches.iter();
    approaches
        .filter_map(|approach| nearest(approach, rules))
        .collect()
}

fn nearest(approach: &Approach, rules: &RuleSet) -> Option<NearestApproach> {
    let form = rules.form(approach.form)?;
    Some(NearestApproach {
        rule: form.name().to_string(),
        mode: approach.mode,
        campaign: approach.campaign,
        level: approach.level,
        threshold: approach.threshold,
        key: approach.key.clone(),
        at: approach.at,
        missed_by: missed_by(approach),
        next: approach.next_after.map(|after| NextEvent {
            after,
            other_key: approach.next_other_key,
        }),
        level_without_delay: approach.without_delay,
        level_after_log_end: approach.after_log_end,
        level_in_any_window: approach.in_any_window,
    })
}

/// What kept the level from rising: where the campaign's next record stood.
fn missed_by(approach: &Approach) -> String {
    match approach.next_after {
        None => "no further event".to_owned(),
        Some(_) if approach.next_other_key => "the next event stood under another key".to_owned(),
        Some(after) => format!("the next event came {} later", rounded(after)),
    }
}

/// A span to whole units that a person reads: `40 s`, `3 min`, `5 h`, `2 d`.
#[must_use]
pub fn rounded(span: TimeSpan) -> String {
    let seconds = (span.ticks() + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND;
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", (seconds + 30) / 60),
        7_200..=172_799 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_to_one_unit() {
        let text = |seconds| rounded(TimeSpan::from_seconds(seconds));
        assert_eq!(
            [text(40), text(170), text(7200), text(200_000)],
            ["40 s", "3 min", "2 h", "2 d"]
        );
    }
}
