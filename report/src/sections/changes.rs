//! What changed against an earlier result of the same scenario: campaigns lost and gained by name.

use std::collections::BTreeMap;

use livefire_scorer::Measure;
use livefire_scorer::score::report::{CampaignRow, RuleRow};
use livefire_scorer::uncertainty::paired::mcnemar;

use super::rule_title;
use crate::document::{Cell, Section, Table, Tile};
use crate::format;
use crate::results::Results;

pub(super) fn section(results: &Results, baseline: &Results) -> Section {
    let mut section = Section::new("changes", "What changed");
    let (new, old) = (&results.score, &baseline.score);
    if new.seed != old.seed || new.scored != old.scored {
        section.text(
            "The two results are of other seeds or days: campaigns of one name are not the same \
             campaigns, and the differences below hold their chance too.",
        );
    }
    let before: BTreeMap<&str, &CampaignRow> = old
        .campaigns
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    let pairs: Vec<(&CampaignRow, &CampaignRow)> = new
        .campaigns
        .iter()
        .filter_map(|row| before.get(row.id.as_str()).map(|old| (*old, row)))
        .collect();
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for (old, new) in &pairs {
        match (old.detected, new.detected) {
            (true, false) => lost.push(*new),
            (false, true) => gained.push(*new),
            _ => {}
        }
    }
    let test = mcnemar(lost.len() as u64, gained.len() as u64);
    let difference = |get: &dyn Fn(&Results) -> Measure| {
        get(results)
            .finite()
            .zip(get(baseline).finite())
            .map(|(new, old)| new - old)
    };
    let per_day = difference(&|results| results.score.headline.false_per_day.rate);
    let mean = difference(&|results| results.score.headline.restricted_mean_time_to_detect);
    section.tiles(vec![
        Tile::new("Lost", lost.len().to_string(), names(&lost)).judged(worse(lost.len() as f64)),
        Tile::new("Gained", gained.len().to_string(), names(&gained)),
        Tile::new(
            "Exact McNemar test",
            format!("p = {:.3}", test.two_sided),
            format!(
                "of {} paired campaigns; worse: p = {:.3}",
                pairs.len(),
                test.regression
            ),
        ),
        Tile::new(
            "False incidents a day",
            signed(per_day, |value| format!("{value:.1}")),
            "",
        )
        .judged(per_day.and_then(worse)),
        Tile::new(
            "Mean time to detect, misses included",
            signed(mean, format::span),
            "",
        )
        .judged(mean.and_then(worse)),
    ]);
    let unpaired = new.campaigns.len() - pairs.len();
    if unpaired > 0 || old.campaigns.len() != pairs.len() {
        section.note(format!(
            "{} of this result and {} of the earlier one have no partner and are left out.",
            format::counted(unpaired, "campaign"),
            old.campaigns.len() - pairs.len()
        ));
    }
    section.push(rules(&new.rules, &old.rules));
    section
}

fn worse(change: f64) -> Option<bool> {
    (change != 0.0).then_some(change < 0.0)
}

fn names(rows: &[&CampaignRow]) -> String {
    let names: Vec<&str> = rows.iter().take(8).map(|row| row.id.as_str()).collect();
    let more = rows.len() - names.len();
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    names.join(", ") + &rest
}

fn signed(change: Option<f64>, text: impl Fn(f64) -> String) -> String {
    match change {
        None => format::UNDEFINED.to_owned(),
        Some(0.0) => "no change".to_owned(),
        Some(change) if change > 0.0 => format!("+{}", text(change)),
        Some(change) => format!("−{}", text(-change)),
    }
}

fn rules(new: &[RuleRow], old: &[RuleRow]) -> Table {
    let columns = [
        "rule",
        "caught before",
        "caught now",
        "#false a day before",
        "#false a day now",
    ];
    let mut table = Table::new("Rules before and now", &columns);
    let caught = |row: &RuleRow| format!("{}/{}", row.caught, row.expected);
    for row in new {
        let before = old
            .iter()
            .find(|old| old.rule == row.rule && old.mode == row.mode);
        let false_before = before.map(|old| old.false_per_day);
        table.rows.push(vec![
            Cell::text(rule_title(&row.rule, row.mode)),
            Cell::text(before.map_or_else(|| "not run".to_owned(), caught)),
            Cell::text(caught(row)),
            false_before.map_or_else(Cell::default, |rate| {
                Cell::measure(format::rate(rate), rate)
            }),
            Cell::measure(format::rate(row.false_per_day), row.false_per_day),
        ]);
    }
    table
}
