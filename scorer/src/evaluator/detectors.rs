//! The reference detectors themselves: alerts made from the answers, or from nothing.
//!
//! They run on a label book and a list of cells, so every scenario can be scored with them; what
//! must come out is [`expected_scores`](super::reference::expected_scores). A detector that fires
//! whatever it sees has threshold 0: it fires in the world without campaigns too, so no campaign
//! can be its cause.

use std::collections::BTreeMap;

use livefire_labels::{Campaign, CampaignIndex, LabelBook, LogExtent};
use livefire_schema::alert::{Alert, EvidenceRow, Mode, Semantics, Severity, sort_alerts};
use livefire_schema::ids::hash_bytes;
use livefire_schema::rules;
use livefire_schema::time::TimeRange;

use crate::score::counts_in_totals;

/// One (rule, key, bin) in which a detector could fire, with the rows in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Rule, a default form.
    pub rule: String,
    /// Key.
    pub key: String,
    /// Bin.
    pub bin: TimeRange,
    /// All rows in it.
    pub rows: Vec<EvidenceRow>,
}

/// One alert per campaign of the scored interval, over its hostile rows only, in an expected class.
///
/// Campaigns whose rows are all lost get none.
#[must_use]
pub fn oracle(book: &LabelBook, extent: &LogExtent) -> Vec<Alert> {
    let mut rows: BTreeMap<CampaignIndex, Vec<EvidenceRow>> = BTreeMap::new();
    for label in book.rows.values() {
        let Some(group) = book.group(label.group).filter(|group| group.is_attack()) else {
            continue;
        };
        if let Some(campaign) = group.caused_by {
            rows.entry(campaign).or_default().push(EvidenceRow {
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
    let mut alerts: Vec<Alert> = rows
        .into_iter()
        .filter_map(|(index, mut rows)| {
            let campaign = book.campaign(index)?;
            rows.sort_by_key(|row| (row.time, row.item));
            extent
                .scored
                .contains(campaign.t0)
                .then(|| of_campaign(campaign, rows))
        })
        .collect();
    sort_alerts(&mut alerts);
    alerts
}

fn of_campaign(campaign: &Campaign, rows: Vec<EvidenceRow>) -> Alert {
    let in_totals = |token: &&rules::RuleToken| {
        token.variant.is_none() && counts_in_totals(&token.rule, Mode::Streaming)
    };
    let token = campaign.expected.iter().find(in_totals);
    let rule = token.map_or("R1", |token| token.rule.as_str());
    let first = rows.first().map_or(campaign.t0, |row| row.time);
    let available = rows.iter().map(|row| row.available).min();
    let window = TimeRange {
        start: campaign.t0,
        end: campaign.t_end,
    };
    Alert {
        time: first,
        available: available.unwrap_or(first),
        raised: available.unwrap_or(first),
        classes: token
            .and_then(|token| token.class.clone())
            .into_iter()
            .collect(),
        ..blank("oracle", rule, &campaign.id, window, 1, rows)
    }
}

/// No alert at all.
#[must_use]
pub fn null() -> Vec<Alert> {
    Vec::new()
}

/// An alert in every cell.
#[must_use]
pub fn always(cells: &[Cell]) -> Vec<Alert> {
    fire(cells, "always", |_| true)
}

/// An alert in each cell with chance `q`, decided by a hash of seed, rule, key and bin alone.
#[must_use]
pub fn random(cells: &[Cell], q: f64, seed: u64) -> Vec<Alert> {
    fire(cells, "random", |cell| {
        let name = format!(
            "{seed}\u{0}{}\u{0}{}\u{0}{}",
            cell.rule,
            cell.key,
            cell.bin.start.ticks()
        );
        // the upper 53 bits as a number in [0, 1)
        let uniform = (hash_bytes(name.as_bytes()) >> 11) as f64 / (1u64 << 53) as f64;
        uniform < q
    })
}

/// The same cells in the world without campaigns.
#[must_use]
pub fn without_campaigns(cells: &[Cell], book: &LabelBook) -> Vec<Cell> {
    let is_kept = |row: &&EvidenceRow| {
        let group = book.group_of(row.item);
        group.is_none_or(|group| group.caused_by.is_none())
    };
    cells
        .iter()
        .map(|cell| Cell {
            rows: cell.rows.iter().filter(is_kept).cloned().collect(),
            ..cell.clone()
        })
        .collect()
}

fn fire(cells: &[Cell], detector: &str, chosen: impl Fn(&Cell) -> bool) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = cells
        .iter()
        .filter(|cell| chosen(cell))
        .map(|cell| {
            let rows = cell.rows.clone();
            blank(detector, &cell.rule, &cell.key, cell.bin, 0, rows)
        })
        .collect();
    sort_alerts(&mut alerts);
    alerts
}

fn blank(
    detector: &str,
    rule: &str,
    key: &str,
    window: TimeRange,
    threshold: u64,
    evidence: Vec<EvidenceRow>,
) -> Alert {
    Alert {
        id: format!("{detector}:{rule}:{key}:{}", window.start),
        rule: rule.to_owned(),
        mode: Mode::Streaming,
        semantics: Semantics::Count,
        key: key.to_owned(),
        threshold,
        level: evidence.len() as u64,
        window,
        time: window.end,
        available: window.end,
        raised: window.end,
        severity: Severity::Informational,
        classes: Vec::new(),
        entities: Vec::new(),
        evidence,
        details: livefire_schema::alert::Details::default(),
    }
}
