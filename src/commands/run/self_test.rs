//! `run --self-test`: the evaluator on this run's own truth, and each rule left out in turn.

use livefire_harness::RunResult;
use livefire_harness::mutate::{RuleReview, review};
use livefire_harness::self_test::{SelfTest, self_test};
use livefire_scorer::ScoreReport;
use serde::Serialize;

use crate::commands::mutate::reviewed;
use crate::exit::{Exit, Failure};
use crate::output;

/// What `--json` prints of it.
#[derive(Serialize)]
pub(super) struct Tested {
    /// Detectors whose score is known.
    evaluator: SelfTest,
    /// Each rule left out.
    review: Vec<RuleReview>,
}

/// Tests the evaluator on a run, where that is asked for.
///
/// # Errors
/// If the reference detectors cannot be scored at all, which is a defect.
pub(super) fn of(
    is_asked: bool,
    result: &RunResult,
    scored: &ScoreReport,
) -> Result<Option<Tested>, Failure> {
    if !is_asked {
        return Ok(None);
    }
    let evaluator = self_test(&result.book, &result.extent, &result.benign_alerts);
    Ok(Some(Tested {
        evaluator: evaluator.map_err(|error| Failure::internal(error.to_string()))?,
        review: review(std::slice::from_ref(scored)),
    }))
}

impl Tested {
    /// How a run ends that was tested so.
    pub(super) fn exit(&self) -> Exit {
        match (self.evaluator.campaigns, self.evaluator.holds()) {
            (0, _) => Exit::Inconclusive,
            (_, true) => Exit::Pass,
            (_, false) => Exit::Failed,
        }
    }

    /// What a person reads of it.
    pub(super) fn text(&self) -> String {
        let test = &self.evaluator;
        let verdict = match self.exit() {
            Exit::Pass => "the evaluator scores all of them as it must",
            Exit::Inconclusive => "no campaign left rows, so nothing was tested",
            _ => "THE EVALUATOR IS BROKEN: no figure of this run can be trusted",
        };
        let rows: Vec<Vec<String>> = test
            .checks
            .iter()
            .map(|check| {
                vec![
                    check.detector.to_owned(),
                    check.figure.replace('_', " "),
                    number(check.wanted),
                    number(check.measured),
                    if check.holds { "✓" } else { "✗" }.to_owned(),
                ]
            })
            .collect();
        let header = ["detector", "figure", "must be", "is", ""];
        format!(
            "\nself-test: {} campaigns, {} cells: {verdict}\n{}\neach rule left out\n{}",
            test.campaigns,
            test.cells,
            output::table(&header, &rows, &[2, 3]),
            reviewed(&self.review)
        )
    }
}

fn number(measure: livefire_scorer::Measure) -> String {
    match measure.value() {
        Some(value) if value == value.round() => format!("{value:.0}"),
        Some(value) => format!("{value:.3}"),
        None => measure.to_string(),
    }
}
