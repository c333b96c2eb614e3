//! What was missed: campaigns that no rule caught, rules that slept while another did, and what of
//! a chain of stages was seen.

use livefire_schema::alert::Mode;
use livefire_scorer::NearestApproach;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{CampaignRow, Miss, RuleMiss, ScoreReport};

use super::block::block;
use super::format::seconds_text;

/// Campaigns of so many stages are shown stage by stage.
const CHAIN: usize = 5;

/// Whether the run measured how near rules came: alerts alone cannot tell.
fn is_measured(report: &ScoreReport) -> bool {
    report.masked.is_some()
}

/// Campaigns that no rule caught.
pub(super) fn missed(report: &ScoreReport) -> Vec<String> {
    let missed = report.campaigns.iter().filter(|row| !row.detected);
    let rows: Vec<Vec<String>> = missed
        .map(|row| {
            let why = why_missed(row, is_measured(report));
            vec![row.id.clone(), row.kind.clone(), why]
        })
        .collect();
    block("missed", &rows, "campaigns.csv")
}

/// Rules that should have caught a campaign and did not, though another rule did.
pub(super) fn slept(report: &ScoreReport) -> Vec<String> {
    let caught = report.campaigns.iter().filter(|row| row.detected);
    let rows: Vec<Vec<String>> = caught
        .flat_map(|row| row.rule_misses.iter().map(move |miss| (row, miss)))
        .map(|(row, miss)| {
            let by = format!("caught by {}", row.credited_rules.join(", "));
            vec![
                row.id.clone(),
                miss.rule.to_string(),
                why_slept(row, miss, is_measured(report)),
                by,
            ]
        })
        .collect();
    block("unseen by", &rows, "campaigns.csv")
}

/// Chains stage by stage: which rule saw it, and how long after t0.
pub(super) fn stages(report: &ScoreReport) -> Vec<String> {
    let chains = report.campaigns.iter();
    let rows: Vec<Vec<String>> = chains
        .filter(|row| row.stages.len() >= CHAIN)
        .map(|row| {
            let stages = row.stages.iter().map(|stage| {
                let seen = row.stages_seen.iter().find(|seen| seen.stage == stage.name);
                let by = seen.map_or_else(
                    || "unseen".to_owned(),
                    |seen| format!("{} after {}", seen.rule, seconds_text(seen.time_to_detect)),
                );
                format!("{}: {by}", stage.name)
            });
            let (seen, all) = (row.stages_seen.len(), row.stages.len());
            vec![
                row.id.clone(),
                format!("{seen} of {all} seen"),
                stages.collect::<Vec<_>>().join(" · "),
            ]
        })
        .collect();
    block("stages", &rows, "metrics.json")
}

/// Why a campaign was missed, how near its expected rules came, and which other forms saw it.
pub(crate) fn why_missed(row: &CampaignRow, measured: bool) -> String {
    let Some(miss) = &row.miss else {
        return String::new();
    };
    let expected: Vec<String> = row.expected.iter().map(ToString::to_string).collect();
    let in_bins = row.rule_misses.iter().filter(|miss| miss.binned_only);
    let in_bins: Vec<String> = in_bins.map(|miss| miss.rule.to_string()).collect();
    let mut text = if !in_bins.is_empty() && in_bins.len() == expected.len() {
        format!(
            "{} ran in bins only, which enter no total",
            in_bins.join(", ")
        )
    } else {
        reason_and_approach(miss, &expected.join(" or "), true, measured)
    };
    let seen: Vec<String> = row
        .forms
        .iter()
        .map(|form| rule_form(&form.rule, form.mode))
        .collect();
    if !seen.is_empty() {
        text.push_str(&format!("; seen by {}", seen.join(", ")));
    }
    text
}

/// Why one expected rule did not catch a campaign.
fn why_slept(row: &CampaignRow, missed: &RuleMiss, measured: bool) -> String {
    if missed.binned_only {
        let bins = |form: &&livefire_scorer::score::report::Detection| {
            form.mode == Mode::Binned && form.rule == missed.rule.rule
        };
        return match row.forms.iter().find(bins) {
            Some(form) => format!(
                "ran in bins only, which saw it after {}",
                seconds_text(form.time_to_detect)
            ),
            None => "ran in bins only, which did not see it either".to_owned(),
        };
    }
    match &missed.fired_as {
        Some(classes) => format!("fired, but as {}", classes.join(", ")),
        None => reason_and_approach(&missed.miss, "it", false, measured),
    }
}

/// Every expected rule that did not catch a campaign, with the reason, as one cell.
pub(crate) fn rules_that_slept(row: &CampaignRow, measured: bool) -> String {
    let misses = row.rule_misses.iter();
    let texts: Vec<String> = misses
        .map(|miss| format!("{}: {}", miss.rule, why_slept(row, miss, measured)))
        .collect();
    texts.join("; ")
}

/// The reason, and the nearest approach of the forms that count: variants and bins are told where
/// they saw it. `rules` are those that were expected; `named` puts the rule before its approach;
/// `measured` tells whether approaches were.
fn reason_and_approach(miss: &Miss, rules: &str, named: bool, measured: bool) -> String {
    let reason = reason_text(miss.reason);
    let is_default =
        |near: &&NearestApproach| near.mode == Mode::Streaming && !near.rule.contains('@');
    let nearest = miss.nearest.iter().filter(is_default);
    let nearest: Vec<String> = nearest.map(|near| approach_text(near, named)).collect();
    let mut text = match (&miss.silenced_by, nearest.is_empty()) {
        (Some(alert), _) => format!("{reason} {alert}"),
        (None, true) if miss.reason == MissReason::BelowThreshold && !measured => {
            "no alert".to_owned()
        }
        (None, true) if miss.reason == MissReason::BelowThreshold => {
            format!("nothing in it that {rules} looks for")
        }
        (None, true) => reason.to_owned(),
        // The nearest approach says more than that the threshold was not reached.
        (None, false) if miss.reason == MissReason::BelowThreshold => String::new(),
        (None, false) => format!("{reason}; "),
    };
    if miss.silenced_by.is_none() {
        text.push_str(&nearest.join("; "));
    }
    text
}

/// `R5@sample`, `R2 binned`.
fn rule_form(rule: &str, mode: Mode) -> String {
    match mode {
        Mode::Streaming => rule.to_owned(),
        Mode::Binned => format!("{rule} binned"),
    }
}

/// A reason in words; `Suppressed` is followed by the alert.
pub(crate) fn reason_text(reason: MissReason) -> &'static str {
    match reason {
        MissReason::NoExpectedRule => "none of its expected rules is loaded",
        MissReason::Suppressed => "its alerts were suppressed by",
        MissReason::AlreadyFiring => "ordinary traffic was above the threshold already",
        MissReason::LogEnded => "the log ended before the alert",
        MissReason::ArrivedTooLate => "its rows arrived too late",
        MissReason::SplitBySchedule => "no run or bin saw its events together",
        // Reasons that come to be are told by their code in campaigns.csv.
        _ => "never enough events together",
    }
}

fn approach_text(approach: &NearestApproach, named: bool) -> String {
    let mut text = format!("{} of {}", approach.level, approach.threshold);
    if named {
        text = format!("{}: {text}", rule_form(&approach.rule, approach.mode));
    }
    if !approach.missed_by.is_empty() {
        text.push_str(", ");
        text.push_str(&approach.missed_by);
    }
    text
}
