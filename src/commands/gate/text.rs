//! A gate's decision as a person reads it: what was compared, what changed, what failed at the end.

use livefire_harness::gate::{Change, Checked, Comparison, GateReport, Verdict};
use livefire_harness::why::{Origin, RowWhy};
use livefire_scorer::uncertainty::gates::Decision;
use livefire_scorer::{Measure, NearestApproach};

use crate::output;
use crate::verdict::{grouped, reason_text, seconds_text};

/// Rows of evidence shown for each campaign; `--json` has all.
const ROWS: usize = 4;
/// Campaigns shown with their rows, of those lost and of those gained.
const SHOWN: usize = 8;

/// The whole text; what failed stands last.
pub(super) fn report(report: &GateReport) -> String {
    let mut text = String::new();
    if let Some(comparison) = &report.comparison {
        text.push_str(&head(&report.scenario, comparison));
        text.push_str(&figures(comparison));
        text.push_str(&rules(comparison));
        text.push_str(&changes("gained", comparison));
        text.push_str(&changes("lost", comparison));
    } else if !report.scenario.is_empty() {
        text.push_str(&format!("{}\n", report.scenario));
    }
    for note in &report.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for decision in [Decision::Pass, Decision::Inconclusive, Decision::Fail] {
        for line in decided(report, decision) {
            text.push_str(&format!("{:<13} {line}\n", word(decision)));
        }
    }
    text.push_str(&format!("\n{}\n", word(report.decision)));
    text
}

/// PASS, FAIL or INCONCLUSIVE.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Pass => "PASS",
        Decision::Fail => "FAIL",
        Decision::Inconclusive => "INCONCLUSIVE",
    }
}

/// Gates and expectations that ended so.
pub(super) fn decided(report: &GateReport, decision: Decision) -> Vec<String> {
    let gates = report.comparison.iter().flat_map(|all| &all.verdicts);
    let gates = gates.filter(|gate| gate.decision == decision).map(gate);
    let expected = report.expectations.iter();
    let expected = expected
        .filter(|checked| checked.decision == decision)
        .map(expected_line);
    gates.chain(expected).collect()
}

fn gate(verdict: &Verdict) -> String {
    let name = verdict.gate.replace('_', " ");
    match verdict.reason {
        Some(reason) => format!("{name}: {} ({reason})", verdict.why),
        None => format!("{name}: {}", verdict.why),
    }
}

fn expected_line(checked: &Checked) -> String {
    format!("expected: {}", expected(checked))
}

/// An expectation beside what was measured.
pub(super) fn expected(checked: &Checked) -> String {
    let is_time = checked.what.starts_with("campaign ");
    let measured = match checked.measured.reason() {
        Some(reason) => format!("undefined ({reason})"),
        None if is_time && checked.measured.is_infinite() => "it was not caught".to_owned(),
        None if is_time => format!("it was caught after {}", seconds_text(checked.measured)),
        None => format!("it is {}", number(checked.measured)),
    };
    let seed = checked
        .seed
        .map_or(String::new(), |seed| format!(" on seed {seed}"));
    format!("{} {}; {measured}{seed}", checked.what, checked.wanted)
}

fn number(measure: Measure) -> String {
    match measure.value() {
        Some(value) if (value - value.round()).abs() < 1e-9 => format!("{value:.0}"),
        Some(value) => format!("{value:.3}"),
        None => measure.to_string(),
    }
}

fn head(scenario: &str, comparison: &Comparison) -> String {
    let seeds = comparison.seeds.len();
    let seeds = match (seeds, comparison.seeds.first().and_then(|pair| pair.seed)) {
        (1, Some(seed)) => format!("seed {seed}"),
        (1, None) => "one log".to_owned(),
        (number, _) => format!("{number} seeds"),
    };
    format!(
        "{scenario} · {seeds} · {} campaigns · {:.0} scored days\n\n",
        grouped(comparison.campaigns),
        comparison.days
    )
}

/// Rows of (figure, baseline, candidate, difference).
pub(super) fn figure_rows(comparison: &Comparison) -> Vec<Vec<String>> {
    let share = |detected: u64| {
        let ratio = detected as f64 / comparison.campaigns.max(1) as f64;
        format!(
            "{detected}/{} ({:.0} %)",
            comparison.campaigns,
            ratio * 100.0
        )
    };
    let points = |measure: Measure| {
        let value = measure.value();
        value.map_or("–".to_owned(), |value| format!("{:+.1}", value * 100.0))
    };
    let difference = &comparison.recall_difference;
    let interval = match (difference.low.value(), difference.high.value()) {
        (Some(_), Some(_)) => format!(
            "{} points, 95 % of {} to {}",
            points(difference.point),
            points(difference.low),
            points(difference.high)
        ),
        _ => format!("{} points", points(difference.point)),
    };
    let per_day = |count: u64| match comparison.days {
        days if days > 0.0 => format!("{count} ({:.2} a day)", count as f64 / days),
        _ => count.to_string(),
    };
    let slower = comparison.restricted_mean_difference;
    let slower = slower.value().map_or("–".to_owned(), |value| {
        let sign = if value < 0.0 { "−" } else { "+" };
        format!("{sign}{}", seconds_text(Measure::number(value.abs())))
    });
    let seed = comparison
        .by_seed
        .map_or(String::new(), |p| format!(", by seed {p:.3}"));
    vec![
        vec![
            "caught".to_owned(),
            share(comparison.baseline),
            share(comparison.candidate),
            interval,
        ],
        vec![
            "lost, gained".to_owned(),
            String::new(),
            format!("{}, {}", comparison.lost, comparison.gained),
            format!(
                "McNemar p {:.3} of a regression{seed}",
                comparison.mcnemar.regression
            ),
        ],
        vec![
            "false incidents".to_owned(),
            per_day(comparison.false_baseline),
            per_day(comparison.false_candidate),
            match comparison.false_per_day_difference.value() {
                Some(value) => format!("{value:+.2} a day"),
                None => "–".to_owned(),
            },
        ],
        vec![
            "mean time to detect".to_owned(),
            String::new(),
            slower,
            "misses counted at the end of follow-up".to_owned(),
        ],
    ]
}

fn figures(comparison: &Comparison) -> String {
    let header = ["", "baseline", "candidate", "difference"];
    output::table(&header, &figure_rows(comparison), &[1, 2])
}

/// Rows of (rule, lost, gained, false before, false after) where these differ.
pub(super) fn rule_rows(comparison: &Comparison) -> Vec<Vec<String>> {
    let rows = comparison.rules.iter();
    rows.map(|rule| {
        let mode = match rule.mode {
            livefire_schema::alert::Mode::Streaming => "",
            livefire_schema::alert::Mode::Binned => ", binned",
        };
        vec![
            format!("{}{mode}", rule.rule),
            rule.lost.to_string(),
            rule.gained.to_string(),
            format!("{} → {}", rule.false_baseline, rule.false_candidate),
        ]
    })
    .collect()
}

fn rules(comparison: &Comparison) -> String {
    let rows = rule_rows(comparison);
    if rows.is_empty() {
        return "\nno rule caught anything else, or raised more or fewer false incidents\n"
            .to_owned();
    }
    let header = ["rule", "lost", "gained", "false incidents"];
    format!("\n{}", output::table(&header, &rows, &[1, 2]))
}

fn changes(which: &str, comparison: &Comparison) -> String {
    let pairs = comparison.seeds.iter();
    let all: Vec<&Change> = match which {
        "lost" => pairs.flat_map(|pair| &pair.lost).collect(),
        _ => pairs.flat_map(|pair| &pair.gained).collect(),
    };
    let mut text = String::new();
    for (index, change) in all.iter().enumerate() {
        let sentence = match which {
            "lost" => lost(change),
            _ => gained(change),
        };
        let seed = change
            .seed
            .map_or(String::new(), |seed| format!("seed {seed} "));
        text.push_str(&format!(
            "\n{which:<7} {seed}{} · {} · {} to {}\n        {sentence}\n",
            change.campaign, change.kind, change.t0, change.t_end
        ));
        if index < SHOWN {
            text.push_str(&evidence(change));
        }
    }
    if all.len() > SHOWN {
        text.push_str("        the rows of the others: --json\n");
    }
    text
}

fn caught(change: &Change) -> String {
    format!(
        "by {} after {}",
        change.caught_by.join(", "),
        seconds_text(change.time_to_detect)
    )
}

/// Who caught a lost campaign, and how near the candidate came.
pub(super) fn lost(change: &Change) -> String {
    format!(
        "the baseline caught it {}; the candidate: {}",
        caught(change),
        missed(change)
    )
}

/// Who catches a gained campaign, and how near the baseline came.
pub(super) fn gained(change: &Change) -> String {
    format!(
        "the candidate catches it {}; the baseline: {}",
        caught(change),
        missed(change)
    )
}

fn missed(change: &Change) -> String {
    let reason = change.reason.map_or("missed", reason_text);
    let reason = reason.trim_end_matches(" by");
    let near: Vec<String> = change.nearest.iter().map(nearest).collect();
    if near.is_empty() {
        return reason.to_owned();
    }
    format!("{reason}, nearest {}", near.join("; "))
}

fn nearest(near: &NearestApproach) -> String {
    format!(
        "{}: {} of {} at {}, {}",
        near.rule, near.level, near.threshold, near.at, near.missed_by
    )
}

/// The rows that the alert counted, the attack's only; the last says most.
fn evidence(change: &Change) -> String {
    let rows = change.found.iter().flat_map(|found| &found.evidence);
    let rows: Vec<&RowWhy> = rows.filter(|row| row.origin == Origin::Attack).collect();
    let left_out = rows.len().saturating_sub(ROWS);
    let mut text = String::new();
    if left_out > 0 {
        text.push_str(&format!("        … {left_out} earlier rows\n"));
    }
    for row in rows.into_iter().skip(left_out) {
        text.push_str(&format!(
            "        {}  {}  {}  {}\n",
            row.time, row.table, row.stage, row.item
        ));
    }
    text
}
