//! Detectors whose score is known beforehand, on every shipped scenario (EVALUATION.md §9).
//!
//! A *cell* is one (rule, key, hour) of the scored interval with all rows of the key in it: here
//! every row of the log, whatever its table, stands in one cell under its identity.

use std::collections::BTreeMap;

use livefire_labels::{CampaignIndex, LabelBook};
use livefire_schema::alert::{Alert, EvidenceRow, Mode};
use livefire_schema::table::Table;
use livefire_schema::time::{TimeRange, TimeSpan};
use livefire_scorer::evaluator::detectors::{self, Cell};
use livefire_scorer::evaluator::reference::{ReferenceScores, expected_scores};
use livefire_scorer::incidents::Grouping;
use livefire_scorer::score::worlds::twin_disagreements;
use livefire_scorer::{LoadedRule, Measure, ScoreInput, ScoreOptions, ScoreReport, score};

use crate::worlds::{Log, World, shipped, shortened};

/// Chance of the random detector per cell.
const CHANCE: f64 = 0.02;
/// Runs of the random detector over which its overlap is averaged.
const RUNS: u32 = 40;

/// A scenario's truth and its cells.
struct Case {
    name: String,
    log: Log,
    book: LabelBook,
    rules: Vec<LoadedRule>,
    cells: Vec<Cell>,
    /// Cells that each campaign touches, in the book's order.
    touched: Vec<u64>,
}

/// The rule whose cells hold the rows of a table.
fn rule_of(table: &str) -> &'static str {
    match table {
        "AlertEvidence" => "R1",
        "ContainerLogV2" => "R2",
        "AzureDiagnostics" => "R3",
        "SigninLogs" => "C1",
        _ => "C3",
    }
}

/// Who a row is about; empty where its table does not know, or the line is damaged.
fn identity(table: &Table, line: &[u8]) -> String {
    let path = table.identity_column.as_deref().unwrap_or_default();
    let Ok(row) = serde_json::from_slice::<serde_json::Value>(line) else {
        return String::new();
    };
    let value = row.pointer(&format!("/{}", path.replace('.', "/")));
    value
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

fn cells(world: &World, log: &Log) -> Vec<Cell> {
    let hour = TimeSpan::from_hours(1);
    let mut rows: BTreeMap<_, Vec<EvidenceRow>> = BTreeMap::new();
    for row in &log.batch.rows {
        let start = row.time.bin(hour);
        if start < log.extent.scored.start {
            continue;
        }
        let table = world.schema.table(row.table);
        let key = identity(table, log.batch.line(row));
        let cell = rows.entry((rule_of(&table.name), key, start)).or_default();
        cell.push(EvidenceRow {
            table: table.name.as_str().into(),
            item: row.item,
            event: row.event,
            time: row.time,
            available: row.ingestion.max(row.time),
            distinct: None,
            side: None,
        });
    }
    let cells = rows.into_iter().map(|((rule, key, start), rows)| Cell {
        rule: rule.to_owned(),
        key,
        bin: TimeRange {
            start,
            end: start + hour,
        },
        rows,
    });
    cells.collect()
}

impl Case {
    fn new(name: &str) -> Self {
        let world = shortened(name);
        let log = world.log();
        let cells = cells(&world, &log);
        let book = log.book();
        let mut touched = vec![0; book.campaigns.len()];
        for cell in &cells {
            for campaign in campaigns_of(cell, &book) {
                touched[usize::try_from(campaign.0).expect("small")] += 1;
            }
        }
        let forms = [
            "R1", "R2", "R3", "R4", "R5", "R6", "C1", "C2", "C3", "U1", "U2", "U3", "U4",
        ];
        let rule = |form| LoadedRule::with_defaults(form, Mode::Streaming).expect("is a rule");
        Case {
            name: name.to_owned(),
            rules: forms.map(rule).to_vec(),
            log,
            book,
            cells,
            touched,
        }
    }

    fn score(&self, alerts: &[Alert], zero: &[Alert]) -> ScoreReport {
        let scored = score(&ScoreInput {
            alerts,
            world_zero: Some(zero),
            book: &self.book,
            extent: &self.log.extent,
            rules: &self.rules,
            nearest: &[],
            reach: &[],
            options: ScoreOptions {
                grouping: Grouping::None,
                ..ScoreOptions::default()
            },
        });
        scored.expect("reference detectors keep the contract")
    }

    fn expected(&self) -> ReferenceScores {
        let benign = |cell: &&Cell| campaigns_of(cell, &self.book).is_empty();
        let benign = self.cells.iter().filter(benign).count();
        expected_scores(&self.touched, benign as u64, CHANCE)
    }
}

/// Campaigns without which the cell would hold fewer rows.
fn campaigns_of(cell: &Cell, book: &LabelBook) -> Vec<CampaignIndex> {
    let groups = cell.rows.iter().filter_map(|row| book.group_of(row.item));
    let mut campaigns: Vec<_> = groups.filter_map(|group| group.caused_by).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    campaigns
}

fn oracle_and_null(case: &Case, want: &ReferenceScores) {
    let oracle = detectors::oracle(&case.book, &case.log.extent);
    let oracle = case.score(&oracle, &[]).headline;
    let name = &case.name;
    assert_eq!(
        oracle.campaigns,
        case.book.campaigns.len() as u64,
        "{name}: all are scored"
    );
    assert_eq!(oracle.ratios.recall, want.oracle_recall, "{name}");
    assert_eq!(oracle.ratios.precision, want.oracle_precision, "{name}");
    if oracle.expecting > 0 {
        assert_eq!(oracle.recall_expected, Measure::number(1.0), "{name}");
    }
    let null = case.score(&detectors::null(), &[]).headline;
    assert_eq!(null.ratios.recall, want.null_recall, "{name}");
    assert_eq!(null.ratios.precision, want.null_precision, "{name}");
    assert_eq!((null.false_incidents, null.counts.alerts), (0, 0), "{name}");
}

fn always_fires(case: &Case, want: &ReferenceScores) {
    let full = detectors::always(&case.cells);
    let zero = detectors::always(&detectors::without_campaigns(&case.cells, &case.book));
    let name = &case.name;
    let found = twin_disagreements(&full, &zero, &case.book, &case.rules);
    assert_eq!(found, [], "{name}: it fires in W0 too");
    let always = case.score(&full, &zero).headline;
    assert_eq!(always.ratios.recall, want.always_recall, "{name}");
    assert_eq!(always.ratios.precision, want.always_precision, "{name}");
    assert_eq!(always.overlap_recall, want.always_overlap_recall, "{name}");
    assert_eq!(always.false_incidents, case.cells.len() as u64, "{name}");
}

fn fires_at_random(case: &Case, want: &ReferenceScores) {
    let name = &case.name;
    let null = case.score(&detectors::null(), &[]).headline;
    let mut mean = 0.0;
    for seed in 0..RUNS {
        let alerts = detectors::random(&case.cells, CHANCE, u64::from(seed));
        let touched = touched_by(case, &alerts);
        mean += touched as f64 / f64::from(RUNS);
        if seed >= 2 {
            continue;
        }
        let random = case.score(&alerts, &alerts).headline;
        assert_eq!(random.ratios.recall, want.random_recall, "{name}");
        assert_eq!(
            random.ratios.f1, null.ratios.f1,
            "{name}: ranks no higher than null"
        );
        assert_eq!(random.false_incidents, alerts.len() as u64, "{name}");
        if let Some(overlap) = random.overlap_recall.value() {
            let share = touched as f64 / case.touched.len() as f64;
            assert!((overlap - share).abs() < 1e-9, "{name}: {overlap}, {share}");
        }
    }
    let chances = case.touched.iter().map(|&cells| {
        let cells = i32::try_from(cells).expect("few cells");
        1.0 - (1.0 - CHANCE).powi(cells)
    });
    let (sum, spread) = chances.fold((0.0, 0.0), |(sum, spread), chance| {
        (sum + chance, spread + chance * (1.0 - chance))
    });
    let deviation = (spread / f64::from(RUNS)).sqrt();
    assert!(
        (mean - sum).abs() <= 5.0 * deviation,
        "{name}: {mean} of {sum} ± {deviation}"
    );
    if let Some(expected) = want.random_expected_overlap_recall.value() {
        assert!(
            (expected - sum / case.touched.len() as f64).abs() < 1e-9,
            "{name}"
        );
    }
}

/// How many campaigns the evidence of these alerts touches.
fn touched_by(case: &Case, alerts: &[Alert]) -> usize {
    let rows = alerts.iter().flat_map(|alert| &alert.evidence);
    let groups = rows.filter_map(|row| case.book.group_of(row.item));
    let mut touched: Vec<_> = groups.filter_map(|group| group.caused_by).collect();
    touched.sort_unstable();
    touched.dedup();
    touched.len()
}

#[test]
fn reference_detectors_score_as_they_must_on_every_scenario() {
    for name in shipped() {
        let case = Case::new(&name);
        assert!(case.cells.len() > 500, "{name}: {} cells", case.cells.len());
        assert!(
            case.touched.iter().all(|&cells| cells > 0),
            "{name}: {:?}",
            case.touched
        );
        let want = case.expected();
        oracle_and_null(&case, &want);
        always_fires(&case, &want);
        fires_at_random(&case, &want);
    }
}
