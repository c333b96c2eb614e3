//! The sections of the report, in the order of EVALUATION.md §10 and then the workbooks.

use livefire_schema::alert::Mode;
use livefire_scorer::score::report::CampaignRow;

use crate::document::{Document, Group, Section};
use crate::format;
use crate::results::Results;

mod analyst;
mod campaigns;
mod changes;
mod clinic;
mod curves;
mod detection;
mod executive;
mod hunting;
mod limits;
mod operations;
mod rules;
mod seeds;
mod techniques;
mod verdict;

pub use self::techniques::navigator_layer;

/// Why workbooks are left out.
const NO_SUMMARY: &str =
    "the result holds no summary.json; `livefire run` writes one, `livefire score` sees no rows.";

/// What a report needs besides the results.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The results to report.
    pub results: &'a Results,
    /// Earlier results of the same scenario to compare with.
    pub baseline: Option<&'a Results>,
    /// Why a campaign was missed, as one line.
    pub why_missed: &'a dyn Fn(&CampaignRow) -> String,
    /// Which expected rules did not catch a campaign and why, as one line.
    pub rules_that_slept: &'a dyn Fn(&CampaignRow) -> String,
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs")
            .field("results", &self.results.folder)
            .field("baseline", &self.baseline.map(|baseline| &baseline.folder))
            .finish_non_exhaustive()
    }
}

/// The whole report.
pub(crate) fn document(inputs: &Inputs<'_>) -> Document {
    let results = inputs.results;
    let mut evaluation = vec![verdict::section(results)];
    evaluation.extend(seeds::section(results));
    evaluation.extend(
        inputs
            .baseline
            .map(|baseline| changes::section(results, baseline)),
    );
    evaluation.extend([
        campaigns::section(inputs),
        curves::section(results),
        detection::section(results),
        rules::matrix(results),
        rules::table(results),
        clinic::section(results),
        operations::section(results),
        operations::frontier(results),
        techniques::section(results),
        limits::section(results),
    ]);
    let workbooks = vec![
        executive::section(results),
        analyst::section(results),
        hunting::section(results),
    ];
    let version = results.manifest["version"].as_str().unwrap_or("");
    Document {
        title: format!("livefire: {}", results.name()),
        subtitle: subtitle(results),
        program: format!("livefire {version}").trim_end().to_owned(),
        groups: vec![
            Group {
                title: "Evaluation",
                sections: evaluation,
            },
            Group {
                title: "Workbooks",
                sections: workbooks,
            },
        ],
    }
}

fn subtitle(results: &Results) -> String {
    let score = &results.score;
    let mut parts = vec![format!("scenario {}", results.name())];
    if let Some(seed) = score.seed {
        parts.push(format!("seed {seed}"));
    }
    parts.push(format!(
        "scored {} to {} UTC",
        format::minute(score.scored.start),
        format::minute(score.scored.end)
    ));
    if let Some(rows) = results.manifest["rows"].as_u64() {
        parts.push(format!("{} log rows", format::grouped(rows)));
    }
    parts.join(" · ")
}

/// `R5@sample`, `R2 (binned)`.
fn rule_form(rule: &str, mode: Mode) -> String {
    match mode {
        Mode::Streaming => rule.to_owned(),
        Mode::Binned => format!("{rule} (binned)"),
    }
}

/// `R1 prompt injection`.
fn rule_title(rule: &str, mode: Mode) -> String {
    let base = rule.split('@').next().unwrap_or(rule);
    let known = livefire_schema::rules::rule(base);
    let name = known.map_or_else(String::new, |info| format!(" {}", format::words(info.name)));
    format!("{}{name}", rule_form(rule, mode))
}

/// A section that has nothing to show, and why.
fn left_out(id: &'static str, title: &str, why: &str) -> Section {
    let mut section = Section::new(id, title);
    section.note(format!("Left out: {why}"));
    section
}
