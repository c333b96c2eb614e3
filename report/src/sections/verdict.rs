//! The verdict: whether the targets are met, and the headline figures with their intervals.

use livefire_scorer::score::report::{Counts, ScoreReport, Target};

use crate::document::{Block, Cell, Section, Table, Tile};
use crate::format::{self, UNDEFINED};
use crate::results::Results;

pub(super) fn section(results: &Results) -> Section {
    let score = &results.score;
    let mut section = Section::new("verdict", "Verdict");
    let (text, class) = word(score);
    section.push(Block::Text { text, class });
    section.tiles(tiles(score));
    section.push(targets(score));
    section.note(
        "A campaign counts as caught only if an alert would not have fired without the attack's \
         rows. Precision depends on how many attacks the scenario holds; false incidents per day \
         do not.",
    );
    section.list(remarks(score));
    section
}

/// PASS, FAIL or INCONCLUSIVE by the source's targets, and which of them decided.
fn word(score: &ScoreReport) -> (String, &'static str) {
    let named = |met: Option<bool>| -> Vec<String> {
        let targets = score.targets.iter().filter(|target| target.met == met);
        let texts = targets.map(|target| format!("{} {}", target.name, target.wanted));
        texts.collect()
    };
    let (failed, open) = (named(Some(false)), named(None));
    if !failed.is_empty() {
        let text = format!("FAIL: not met: {}.", failed.join("; "));
        (text, "verdict bad")
    } else if !open.is_empty() || score.targets.is_empty() {
        let text = format!("INCONCLUSIVE: cannot be decided: {}.", open.join("; "));
        (text, "verdict")
    } else {
        let all = named(Some(true));
        (format!("PASS: met: {}.", all.join("; ")), "verdict good")
    }
}

fn tiles(score: &ScoreReport) -> Vec<Tile> {
    let headline = &score.headline;
    let interval = |interval| {
        let percent = score.options.confidence * 100.0;
        format::interval(interval).map_or_else(String::new, |text| {
            format!("{percent:.0} % interval {text}")
        })
    };
    let rate = &headline.false_per_day;
    let spread = format!(
        "{} a day ({}–{})",
        format::rate(rate.rate),
        format::rate(rate.low),
        format::rate(rate.high)
    );
    vec![
        Tile::new(
            "Campaigns caught",
            format!("{} of {}", headline.detected, headline.campaigns),
            format!("{} missed", headline.missed),
        ),
        Tile::new(
            "Recall",
            format::share(headline.ratios.recall),
            interval(headline.recall_interval),
        ),
        Tile::new(
            "Precision",
            format::share(headline.ratios.precision),
            interval(headline.precision_interval),
        ),
        Tile::new("F1", format::share(headline.ratios.f1), ""),
        Tile::new(
            "False incidents",
            format::grouped(headline.false_incidents),
            spread,
        ),
        Tile::new(
            "Median time to detect",
            format::seconds(headline.p50),
            format!("P90 {}", format::seconds(headline.p90)),
        ),
        Tile::new(
            &format!(
                "Caught within {}",
                format::span(score.options.within.seconds_f64())
            ),
            format::share(headline.recall_within),
            "share of all campaigns",
        ),
        Tile::new(
            "Mean time to detect, misses included",
            format::seconds(headline.restricted_mean_time_to_detect),
            format!(
                "a miss counts as {}",
                format::span(score.options.tau.seconds_f64())
            ),
        ),
    ]
}

fn targets(score: &ScoreReport) -> Table {
    let rows = score.targets.iter().map(|target| {
        let (text, class) = match target.met {
            Some(true) => ("met".to_owned(), "good"),
            Some(false) => ("not met".to_owned(), "bad"),
            None => {
                let reason = target.measured.reason();
                let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
                (format!("undecided{reason}"), "")
            }
        };
        vec![
            Cell::text(&target.name),
            Cell::text(&target.wanted),
            Cell::measure(measured(target), target.measured),
            Cell::text(text).class(class),
            Cell::text(beside(target, score)),
        ]
    });
    let columns = ["target", "wanted", "#measured", "verdict", "beside it"];
    let mut table = Table::new("Targets of the detection catalogue", &columns);
    table.rows = rows.collect();
    let mut mttr = vec![
        Cell::text("MTTR"),
        Cell::text("< 4 h"),
        Cell::text(UNDEFINED),
        Cell::text("depends on staffing"),
    ];
    mttr.push(Cell::text("see “Time to respond against false incidents”"));
    table.rows.push(mttr);
    table
}

fn measured(target: &Target) -> String {
    if target.name == "MTTD" {
        format::seconds(target.measured)
    } else {
        format::percent(target.measured)
    }
}

fn beside(target: &Target, score: &ScoreReport) -> String {
    let headline = &score.headline;
    if target.name == "MTTD" {
        format!(
            "mean of the {} of {} caught; with misses, up to {}: {}",
            headline.detected,
            headline.campaigns,
            score.options.tau,
            format::seconds(headline.restricted_mean_time_to_detect)
        )
    } else {
        format!(
            "{} of {} requests stand in the evidence of an alert",
            format::grouped(headline.reported_requests),
            format::grouped(headline.requests)
        )
    }
}

/// What qualifies the figures, where there is any of it.
fn remarks(score: &ScoreReport) -> Vec<String> {
    let Counts {
        collateral,
        by_world,
        overlap_only,
        suppressed,
        early,
        cut,
        censored,
        joint,
        outside_log,
        ..
    } = score.headline.counts;
    let hidden = score.masked.as_ref().map_or(0, Vec::len) as u64;
    let counted = [
        (collateral, "alert on attackers' harmless rows only"),
        (by_world, "alert judged by the world without attacks only"),
        (
            overlap_only,
            "alert that its evidence cannot judge: in no figure",
        ),
        (outside_log, "alert nowhere near the log: not scored"),
        (suppressed, "alert suppressed"),
        (joint, "credit that no campaign would have earned alone"),
        (early, "campaign seen before its first hostile event"),
        (cut, "campaign cut by the end of the log"),
        (
            censored,
            "missed campaign that ends too near the log's end to count as never caught",
        ),
        (hidden, "benign alert hidden by an attack"),
    ];
    let told = counted.into_iter().filter(|(number, _)| *number > 0);
    told.map(|(number, what)| format!("{} × {what}", format::grouped(number)))
        .collect()
}
