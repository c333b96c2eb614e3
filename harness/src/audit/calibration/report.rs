//! From tables of facts to one report, and to a page.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

use super::observe::Observed;
use super::{Line, Table, Verdict, measure};

/// Attacks above this share of requests change benign facts.
const SMALL_SHARE: f64 = 0.01;

/// The facts on one log: without the rows of its campaigns, with them, and on samples of kinds.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Report {
    /// Requests measured.
    pub requests: u64,
    /// Principals measured.
    pub principals: u64,
    /// Rows measured, all tables, copies included.
    pub rows: u64,
    /// Requests that a campaign caused, as a share of all.
    pub caused: f64,
    /// Facts on rows that no campaign caused; facts about attackers on the others or on samples.
    pub own: Table,
    /// Benign facts on all rows, where campaigns caused less than one per cent of the requests.
    pub mixed: Option<Table>,
}

impl Report {
    /// Measures a log; facts about attackers come from `samples` where it has them.
    #[must_use]
    pub fn new(observed: &Observed, samples: Option<&Table>) -> Self {
        let all = observed.requests.len();
        let caused = observed.requests.iter();
        let caused = caused.filter(|one| one.truth.campaign.is_some()).count();
        let mixed = measure(observed);
        let mut own = if caused > 0 {
            measure(&observed.without_campaigns())
        } else {
            mixed.clone()
        };
        for line in &mut own.lines {
            let is_about_attackers = is_about_attackers(&line.id);
            let sample = samples.and_then(|samples| samples.line(&line.id));
            let whole = mixed.line(&line.id).filter(|_| is_about_attackers);
            if let Some(better) = sample.or(whole) {
                line.clone_from(better);
            }
        }
        let share = caused as f64 / all.max(1) as f64;
        let is_small = caused > 0 && share < SMALL_SHARE;
        let mixed = is_small.then(|| {
            let mut table = mixed;
            table.lines.retain(|line| !is_about_attackers(&line.id));
            table
        });
        Report {
            requests: all as u64,
            principals: observed.principals.len() as u64,
            rows: observed.rows,
            caused: share,
            own,
            mixed,
        }
    }

    /// Facts that must hold and do not, in either table.
    pub fn broken(&self) -> impl Iterator<Item = &Line> {
        let mixed = self.mixed.iter().flat_map(Table::broken);
        self.own.broken().chain(mixed)
    }

    /// Lines of a verdict among the facts that must hold.
    fn count(&self, verdict: Verdict) -> usize {
        let bound = self.own.lines.iter().filter(|line| line.status.is_bound());
        bound.filter(|line| line.verdict == verdict).count()
    }
}

fn is_about_attackers(id: &str) -> bool {
    ["J", "L", "I6"].iter().any(|start| id.starts_with(start))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Holds => "holds",
            Verdict::Outside => "OUTSIDE",
            Verdict::TooFew => "too few",
            Verdict::NotApplicable => "not applicable",
        })
    }
}

impl fmt::Display for super::Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}"))
    }
}

impl Line {
    /// The numbers as text, `0.41; 1.9`.
    #[must_use]
    pub fn values_text(&self) -> String {
        join(&self.values)
    }

    /// The band as text, `0.1; 1.6 to 0.5; 3`.
    #[must_use]
    pub fn band_text(&self) -> String {
        format!("{} to {}", join(&self.low), join(&self.high))
    }
}

fn join(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| short(*value)).collect();
    texts.join("; ")
}

/// A number in three digits; whole numbers as they are.
fn short(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        return format!("{value:.0}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "a number of digits")]
    let whole = value.abs().log10().floor() as i32;
    let digits = usize::try_from(2 - whole).unwrap_or(0);
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The page of results.
#[must_use]
pub fn page(name: &str, report: &Report) -> String {
    let mut page = format!(
        "# Calibration\n\n\
         Made by `livefire audit calibration {name}`. Facts of status M, P and P2 were measured or \
         published and must hold; A (our choice) and R (recalled) are shown beside their band. Of \
         vectors every component lies between its ends; what says ratio is divided by the published \
         value. Benign facts are measured on the rows that no campaign caused, and again with all \
         rows; facts about attackers on samples of their kind.\n\n\
         {} rows, {} requests, {} principals; campaigns caused {} of the requests.\n\n\
         Of the facts that must hold {} hold, {} are outside, {} have too few observations here, \
         {} cannot be shown.\n\n",
        report.rows,
        report.requests,
        report.principals,
        short(report.caused),
        report.count(Verdict::Holds),
        report.count(Verdict::Outside),
        report.count(Verdict::TooFew),
        report.count(Verdict::NotApplicable),
    );
    page.push_str(
        "| fact | status | measured | with attacks | band | n | needs | verdict | what |\n",
    );
    page.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for line in &report.own.lines {
        let mixed = report.mixed.as_ref().and_then(|table| table.line(&line.id));
        let mixed = mixed.map_or_else(|| "–".to_owned(), |line| line.values_text());
        let mut what = line.statistic.clone();
        if !line.note.is_empty() {
            let _ = write!(what, " ({})", line.note);
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {mixed} | {} | {} | {} | {} | {what} |",
            line.id,
            line.status,
            line.values_text(),
            line.band_text(),
            line.n,
            line.least,
            line.verdict,
        );
    }
    page
}
