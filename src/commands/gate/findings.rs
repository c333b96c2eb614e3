//! What a gate found, as machines list it: one entry for each gate, lost campaign and expectation.

use std::path::Path;

use livefire_detector::RuleSet;
use livefire_harness::gate::{Change, Checked, GateReport};
use livefire_scorer::uncertainty::gates::Decision;

use super::text;

/// One finding.
pub(super) struct Finding {
    /// What kind of finding: `gate`, `lost-campaign`, `gained-campaign`, `expectation`.
    pub(super) kind: &'static str,
    /// What it is about.
    pub(super) name: String,
    /// FAIL is an error, INCONCLUSIVE a warning.
    pub(super) decision: Decision,
    /// One sentence or more.
    pub(super) message: String,
    /// File and place, where there is one.
    pub(super) place: Option<(String, u32, u32)>,
}

/// All findings: gates, gained and lost campaigns, expectations.
pub(super) fn of(
    report: &GateReport,
    rules: Option<&RuleSet>,
    expect: Option<&Path>,
) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(comparison) = &report.comparison {
        for verdict in &comparison.verdicts {
            all.push(Finding {
                kind: "gate",
                name: verdict.gate.to_owned(),
                decision: verdict.decision,
                message: verdict.why.clone(),
                place: None,
            });
        }
        let recall = comparison.verdicts.first();
        let recall = recall.map_or(Decision::Inconclusive, |verdict| verdict.decision);
        // A campaign lost for good reason is still a loss; only a failed gate makes it an error.
        let lost = match recall {
            Decision::Fail => Decision::Fail,
            Decision::Pass | Decision::Inconclusive => Decision::Inconclusive,
        };
        let pairs = &comparison.seeds;
        for change in pairs.iter().flat_map(|pair| &pair.gained) {
            all.push(changed("gained-campaign", change, Decision::Pass, rules));
        }
        for change in pairs.iter().flat_map(|pair| &pair.lost) {
            all.push(changed("lost-campaign", change, lost, rules));
        }
    }
    let expected = report.expectations.iter();
    all.extend(expected.map(|checked| expectation(checked, expect)));
    all
}

fn changed(
    kind: &'static str,
    change: &Change,
    decision: Decision,
    rules: Option<&RuleSet>,
) -> Finding {
    let sentence = if kind == "lost-campaign" {
        text::lost(change)
    } else {
        text::gained(change)
    };
    Finding {
        kind,
        name: match change.seed {
            Some(seed) => format!("{} (seed {seed})", change.campaign),
            None => change.campaign.clone(),
        },
        decision,
        message: format!("{} ({}): {sentence}", change.campaign, change.kind),
        place: change.caught_by.first().and_then(|rule| {
            let id = rule.split('@').next()?;
            let (_, origin) = rules?.source(id)?;
            let is_file = origin != "embedded" && origin != "none";
            is_file.then(|| (origin.to_owned(), 1, 1))
        }),
    }
}

fn expectation(checked: &Checked, expect: Option<&Path>) -> Finding {
    Finding {
        kind: "expectation",
        name: format!("{} {}", checked.what, checked.wanted),
        decision: checked.decision,
        message: text::expected(checked),
        place: expect.map(|path| {
            let path = path.display().to_string();
            (path, checked.line, checked.column)
        }),
    }
}
