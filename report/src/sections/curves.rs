//! Precision and recall over the threshold, as steps: no interpolation, no area.
//!
//! A binned alert's level is the whole count of its bin, so every higher threshold can be read off.
//! A streaming alert is raised at the event that completes the threshold: its level says nothing of
//! higher ones, and the steps are left out.

use livefire_schema::alert::Mode;
use livefire_scorer::score::report::{AlertRow, AlertVerdict, RuleRow};
use livefire_scorer::windows::sweep::{Sweep, SweepGroup, sweep};

use super::{left_out, rule_title};
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::plot::{Axis, Plot};
use crate::results::Results;

/// Highest threshold of a sweep.
const HIGHEST: u64 = 200;

pub(super) fn section(results: &Results) -> Section {
    let title = "Precision and recall over the threshold";
    let swept: Vec<_> = results
        .score
        .rules
        .iter()
        .filter(|rule| rule.mode == Mode::Binned)
        .filter_map(|rule| Some((rule, sweep_of(results, rule)?)))
        .collect();
    if swept.is_empty() {
        let why = "it needs levels above the threshold, which alerts of sliding windows do not \
                   carry: they are raised at the event that completes the threshold. Run with \
                   --mode both for the steps of the binned forms.";
        return left_out("threshold", title, why);
    }
    let mut section = Section::new("threshold", title);
    section.note(
        "Binned forms, from the threshold that ran upwards; every alert is an incident of its own \
         (grouping none), so the figures at the operating point may differ from the table of rules.",
    );
    for (rule, (first, sweep)) in &swept {
        section.push(plot(rule, *first, sweep));
        section.push(table(rule, *first, sweep));
    }
    section
}

/// The sweep of a binned rule from its own threshold on; nothing if it decides on no count.
fn sweep_of(results: &Results, rule: &RuleRow) -> Option<(u64, Sweep)> {
    let alerts: Vec<&AlertRow> = results
        .score
        .alerts
        .iter()
        .filter(|alert| alert.rule == rule.rule && alert.mode == rule.mode)
        .filter(|alert| {
            let judged = [AlertVerdict::TruePositive, AlertVerdict::FalsePositive];
            judged.contains(&alert.verdict)
        })
        .collect();
    let first = alerts.iter().map(|alert| alert.threshold).min()?;
    let highest = alerts.iter().map(|alert| alert.level).max()?.min(HIGHEST);
    if first < 2 || highest <= first || rule.expected == 0 {
        return None;
    }
    let groups: Vec<SweepGroup<&str>> = alerts
        .iter()
        .map(|alert| SweepGroup {
            events: alert.level,
            benign: alert.benign.min(alert.level),
            campaign: alert.credited.first().map(String::as_str),
        })
        .collect();
    let campaigns = rule.expected.max(rule.credited);
    let highest = usize::try_from(highest).ok()?;
    Some((first, sweep(&groups, campaigns, highest)))
}

/// Positions of a sweep's rows from the operating point on, with their thresholds.
fn thresholds(first: u64, sweep: &Sweep) -> impl Iterator<Item = (usize, u64)> {
    let from = usize::try_from(first.saturating_sub(1)).unwrap_or(0);
    (from..sweep.recall.len()).map(|index| (index, index as u64 + 1))
}

fn plot(rule: &RuleRow, first: u64, sweep: &Sweep) -> Plot {
    let name = rule_title(&rule.rule, rule.mode);
    let axis = Axis::linear(0.0, 1.0);
    let title = format!("{name}: precision over recall");
    let (mut plot, x, y) = Plot::new(&title, 280.0, 0.0, ("recall", axis), ("precision", axis));
    let ticks = || [0.0, 0.25, 0.5, 0.75, 1.0].map(|at| (at, format!("{at}")));
    plot.x_ticks(&x, ticks());
    plot.y_ticks(&y, ticks());
    let mut points = Vec::new();
    for (index, threshold) in thresholds(first, sweep) {
        let (Some(recall), Some(precision)) = (
            sweep.recall[index].finite(),
            sweep.precision[index].finite(),
        ) else {
            continue;
        };
        let at = (x.at(recall), y.at(precision));
        let title = format!("threshold {threshold}: recall {recall:.2}, precision {precision:.2}");
        if threshold == first {
            plot.dot(at, 7.0, "operating", format!("operating point, {title}"));
        }
        plot.dot(at, 3.0, "series-1", title);
        points.push(at);
    }
    plot.steps(&points, "series-1");
    plot.legend("operating", format!("operating point: threshold {first}"));
    plot.described(format!(
        "Steps of {name} over thresholds from {first}; the figures are in the table below."
    ))
}

fn table(rule: &RuleRow, first: u64, sweep: &Sweep) -> Table {
    let name = rule_title(&rule.rule, rule.mode);
    let columns = [
        "#threshold",
        "#caught",
        "#false alerts",
        "#recall",
        "#precision",
    ];
    let mut table = Table::new(format!("{name}: every threshold"), &columns).folded();
    for (index, threshold) in thresholds(first, sweep) {
        table.rows.push(vec![
            Cell::count(threshold),
            Cell::count(sweep.detected[index]),
            Cell::count(sweep.false_alerts[index]),
            Cell::measure(format::share(sweep.recall[index]), sweep.recall[index]),
            Cell::measure(
                format::share(sweep.precision[index]),
                sweep.precision[index],
            ),
        ]);
    }
    table
}
