//! The evaluator put to the test on a run's own truth: detectors whose score is known beforehand.
//!
//! An oracle must catch every campaign that left rows, with no false incident; a detector that
//! never fires, always fires or fires by chance must catch none, for each would have done the same
//! without the attack. If the scorer sees any of them otherwise, no figure of the run is worth
//! anything. EVALUATION.md §9.

use std::collections::BTreeMap;

use livefire_labels::{CampaignIndex, LabelBook, LogExtent};
use livefire_schema::alert::{Alert, EvidenceRow, Mode};
use livefire_schema::rules::RULES;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use livefire_scorer::evaluator::detectors::{self, Cell};
use livefire_scorer::evaluator::reference::expected_scores;
use livefire_scorer::incidents::Grouping;
use livefire_scorer::score::report::Headline;
use livefire_scorer::{
    LoadedRule, Measure, ScoreError, ScoreInput, ScoreOptions, Undefined, score,
};
use serde::Serialize;

/// Chance with which the random detector fires in a cell.
const CHANCE: f64 = 0.5;
/// Draws of the random detector.
const DRAWS: u64 = 20;
/// Standard deviations by which its overlap may stray: one run in a million strays further.
const DEVIATIONS: f64 = 5.0;

/// What a reference detector must score and does.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// `oracle`, `null`, `always`, `random`.
    pub detector: &'static str,
    /// Figure.
    pub figure: &'static str,
    /// What it must be.
    pub wanted: Measure,
    /// What the scorer says.
    pub measured: Measure,
    /// Whether they agree: exactly, but for chance.
    pub holds: bool,
}

/// The self-test of a run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SelfTest {
    /// Campaigns that left rows in the scored interval.
    pub campaigns: u64,
    /// Cells in which a detector could fire.
    pub cells: u64,
    /// All checks.
    pub checks: Vec<Check>,
}

impl SelfTest {
    /// Whether every check holds; without campaigns nothing was tested.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.campaigns > 0 && self.checks.iter().all(|check| check.holds)
    }
}

/// Scores the reference detectors on the truth of a run, beside the rows of its benign alerts.
///
/// # Errors
/// As [`score()`].
pub fn self_test(
    book: &LabelBook,
    extent: &LogExtent,
    benign_alerts: &[Alert],
) -> Result<SelfTest, ScoreError> {
    let oracle = detectors::oracle(book, extent);
    let (cells, touched) = cells(book, extent, benign_alerts);
    let zero = detectors::without_campaigns(&cells, book);
    let want = expected_scores(&touched, cells.len() as u64, CHANCE);
    let judge = Judge::new(book, extent);

    let caught = judge.headline(&oracle, &[])?;
    let silent = judge.headline(&detectors::null(), &[])?;
    let all = judge.headline(&detectors::always(&cells), &detectors::always(&zero))?;
    let (mut detected, mut overlap) = (0, 0.0);
    for draw in 0..DRAWS {
        let alerts = detectors::random(&cells, CHANCE, draw);
        let head = judge.headline(&alerts, &detectors::random(&zero, CHANCE, draw))?;
        detected += head.detected;
        overlap += head.overlap_recall.value().unwrap_or(0.0) / DRAWS as f64;
    }
    let reached = touched.len() as u64;
    let reached = Measure::ratio(reached, all.campaigns, Undefined::NoCampaigns);
    let campaigns = oracle.len() as u64;
    let count = Measure::count;
    let exact = |detector, figure, wanted: Measure, measured: Measure| Check {
        detector,
        figure,
        wanted,
        measured,
        holds: wanted == measured,
    };
    let (oracle, null, always) = (&caught.ratios, &silent.ratios, &all.ratios);
    Ok(SelfTest {
        campaigns,
        cells: cells.len() as u64,
        checks: vec![
            exact(
                "oracle",
                "precision",
                want.oracle_precision,
                oracle.precision,
            ),
            exact("oracle", "caught", count(campaigns), count(caught.detected)),
            exact("null", "recall", want.null_recall, null.recall),
            exact("null", "precision", want.null_precision, null.precision),
            exact("always", "recall", want.always_recall, always.recall),
            exact(
                "always",
                "precision",
                want.always_precision,
                always.precision,
            ),
            exact("always", "overlap_recall", reached, all.overlap_recall),
            exact("random", "caught", Measure::ZERO, count(detected)),
            by_chance(&touched, all.campaigns, overlap),
        ],
    })
}

/// The scorer on one truth, every alert an incident of its own.
struct Judge<'a> {
    book: &'a LabelBook,
    extent: &'a LogExtent,
    rules: Vec<LoadedRule>,
}

impl<'a> Judge<'a> {
    fn new(book: &'a LabelBook, extent: &'a LogExtent) -> Self {
        let rules = RULES
            .iter()
            .filter_map(|rule| LoadedRule::with_defaults(rule.id, Mode::Streaming));
        Judge {
            book,
            extent,
            rules: rules.collect(),
        }
    }

    fn headline(&self, alerts: &[Alert], world_zero: &[Alert]) -> Result<Headline, ScoreError> {
        let report = score(&ScoreInput {
            alerts,
            world_zero: Some(world_zero),
            book: self.book,
            extent: self.extent,
            rules: &self.rules,
            nearest: &[],
            reach: &[],
            options: ScoreOptions {
                grouping: Grouping::None,
                ..ScoreOptions::default()
            },
        })?;
        Ok(report.headline)
    }
}

/// The random detector's overlap: within chance of `mean(1 − (1 − q)^m)` over all campaigns.
fn by_chance(touched: &[u64], campaigns: u64, overlap: f64) -> Check {
    let all = campaigns.max(1) as f64;
    let chances = touched
        .iter()
        .map(|&cells| 1.0 - libm::pow(1.0 - CHANCE, cells as f64));
    let (mut wanted, mut variance) = (0.0, 0.0);
    for chance in chances {
        wanted += chance / all;
        variance += chance * (1.0 - chance) / (all * all * DRAWS as f64);
    }
    Check {
        detector: "random",
        figure: "overlap_recall",
        wanted: Measure::number(wanted),
        measured: Measure::number(overlap),
        holds: (overlap - wanted).abs() <= DEVIATIONS * variance.sqrt() + 1e-9,
    }
}

/// Cells of each scored campaign, an hour of its hostile rows each, and those of benign alerts;
/// with the number of cells for each campaign that has any.
fn cells(book: &LabelBook, extent: &LogExtent, benign_alerts: &[Alert]) -> (Vec<Cell>, Vec<u64>) {
    let hour = TimeSpan::from_hours(1).ticks();
    let mut rows: BTreeMap<(CampaignIndex, i64), Vec<EvidenceRow>> = BTreeMap::new();
    for label in book.rows.values() {
        let Some(group) = book.group(label.group).filter(|group| group.is_attack()) else {
            continue;
        };
        let campaign = group
            .caused_by
            .filter(|&index| {
                let campaign = book.campaign(index);
                campaign.is_some_and(|campaign| extent.scored.contains(campaign.t0))
            })
            .filter(|_| extent.scored.contains(label.time));
        if let Some(campaign) = campaign {
            let bin = label.time.ticks().div_euclid(hour);
            rows.entry((campaign, bin)).or_default().push(EvidenceRow {
                table: group.table.as_str().into(),
                item: label.item,
                event: label.event,
                time: label.time,
                available: label.ingestion.max(label.time),
                distinct: None,
                side: None,
            });
        }
    }
    let mut touched: BTreeMap<CampaignIndex, u64> = BTreeMap::new();
    let mut cells = Vec::new();
    for ((campaign, _), mut rows) in rows {
        rows.sort_by_key(|row| (row.time, row.item));
        *touched.entry(campaign).or_default() += 1;
        cells.push(cell(format!("campaign {}", campaign.0), rows));
    }
    let benign = benign_alerts.iter();
    let benign = benign.filter(|alert| extent.scored.contains(alert.time));
    for (index, alert) in benign.enumerate() {
        if !alert.evidence.is_empty() {
            cells.push(cell(format!("benign {index}"), alert.evidence.clone()));
        }
    }
    (cells, touched.into_values().collect())
}

/// A cell that ends with its last row, so that it is raised within the log.
fn cell(key: String, rows: Vec<EvidenceRow>) -> Cell {
    let times = rows.iter().map(|row| row.time);
    let range = times.fold(None, |range: Option<(EventTime, EventTime)>, time| {
        let (start, end) = range.unwrap_or((time, time));
        Some((start.min(time), end.max(time)))
    });
    let (start, end) = range.unwrap_or_default();
    Cell {
        rule: "R2".to_owned(),
        key,
        bin: TimeRange { start, end },
        rows,
    }
}
