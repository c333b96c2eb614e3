//! What would have been enough to catch a campaign, or to catch it sooner.
//!
//! Each statement follows from the nearest approach: a level that was reached, and the event that
//! came next. None says what it would cost in false incidents: only a run can.

use livefire_schema::alert::Mode;
use livefire_scorer::NearestApproach;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{CampaignRow, PartSeconds, RuleMiss, ScoreReport};
use serde::Serialize;

use crate::scoring::rounded;

/// One change that would have been enough.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Remedy {
    /// What to change: `threshold`, `window`, `key`, `form`.
    pub change: String,
    /// To what, and why that suffices.
    pub text: String,
}

fn remedy(change: &str, text: String) -> Remedy {
    Remedy {
        change: change.to_owned(),
        text,
    }
}

/// Changes that would have made a rule catch what it missed.
pub(super) fn of(report: &ScoreReport, row: &CampaignRow, missed: &RuleMiss) -> Vec<Remedy> {
    let mut list = Vec::new();
    let streaming = missed.miss.nearest.iter();
    let mut own = streaming.filter(|near| near.mode == Mode::Streaming && !near.rule.contains('@'));
    if missed.miss.reason == MissReason::BelowThreshold
        && let Some(near) = own.next()
    {
        list.extend(from_approach(report, near));
    }
    // Other forms of the same rule that did see it.
    let forms = row.forms.iter().filter(|form| {
        let base = form.rule.split('@').next();
        base == Some(missed.rule.rule.as_str())
            && (form.rule != missed.rule.rule || form.mode == Mode::Binned)
    });
    list.extend(forms.map(|form| {
        let mode = match form.mode {
            Mode::Streaming => "",
            Mode::Binned => " in bins",
        };
        remedy("form", format!("{}{mode} saw it", form.rule))
    }));
    list
}

fn from_approach(report: &ScoreReport, near: &NearestApproach) -> Vec<Remedy> {
    let mut list = Vec::new();
    // A join has no threshold to lower: one of its two sides was there.
    let is_join = livefire_schema::rules::rule(&near.rule)
        .is_some_and(|info| info.semantics == livefire_schema::alert::Semantics::Join);
    // A threshold of 1 fires at every row: no remedy.
    if near.level >= 2 && near.level < near.threshold && !is_join {
        list.push(remedy(
            "threshold",
            format!(
                "{} instead of {}: so many it held at {}",
                near.level, near.threshold, near.at
            ),
        ));
    }
    let Some(next) = near.next else {
        return list;
    };
    if next.other_key {
        list.push(remedy(
            "key",
            format!(
                "one under which the next event, {} later, counts with this one",
                rounded(next.after)
            ),
        ));
        return list;
    }
    let mut rows = report.rules.iter();
    let window = rows
        .find(|row| row.rule == near.rule && row.mode == near.mode)
        .and_then(|row| row.window);
    if let Some(window) = window
        && near.level + 1 == near.threshold
    {
        list.push(remedy(
            "window",
            format!(
                "{} instead of {}: the event that was wanting came {} later",
                rounded(window + next.after),
                rounded(window),
                rounded(next.after)
            ),
        ));
    }
    list
}

/// The part of a time to detect that took longest, and what changes it.
pub(super) fn longest(parts: PartSeconds) -> (String, String) {
    let named = [
        ("accumulate", parts.accumulate, "threshold, key or window"),
        ("ingestion", parts.ingestion, "connector or pipeline"),
        (
            "schedule wait",
            parts.schedule_wait,
            "period or near-real-time mode; streaming instead of bins",
        ),
        ("run", parts.run, "query cost"),
    ];
    let mut longest = named[0];
    for part in named {
        if part.1 > longest.1 {
            longest = part;
        }
    }
    (longest.0.to_owned(), longest.2.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_is_named_with_what_changes_it() {
        let parts = PartSeconds {
            accumulate: 60.0,
            ingestion: 300.0,
            schedule_wait: 0.0,
            run: 0.0,
        };
        assert_eq!(longest(parts).0, "ingestion");
        let even = PartSeconds {
            ingestion: 60.0,
            ..parts
        };
        assert_eq!(longest(even).0, "accumulate");
    }
}
