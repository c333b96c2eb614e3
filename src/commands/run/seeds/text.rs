//! The pooled verdict as a person reads it.

use std::path::Path;

use livefire_harness::experiment::{Estimate, Experiment, Method, PooledRow};
use livefire_scorer::Measure;
use livefire_scorer::score::report::Target;

use crate::output;
use crate::verdict::{Heading, grouped, rate, rule_label, seconds_text, share, two_digits};

/// Attack kinds that are named, those caught least first.
const KINDS: usize = 6;

/// The whole text.
pub(crate) fn text(
    experiment: &Experiment,
    heading: &Heading,
    seconds: f64,
    target: &Path,
) -> String {
    let mut text = headline(experiment, heading, seconds);
    text.push_str("\n\n");
    text.push_str(&rules(experiment));
    text.push('\n');
    text.push_str(&precision(experiment));
    text.push_str(&least_caught(experiment));
    text.push('\n');
    text.push_str(&site(experiment));
    text.push_str(&analysts(experiment));
    let targets: Vec<String> = experiment
        .targets
        .iter()
        .map(|target| target_text(target, experiment))
        .collect();
    text.push_str(&line("targets", &targets.join("   ")));
    for (number, remark) in experiment.remarks.iter().enumerate() {
        text.push_str(&line(if number == 0 { "remarks" } else { "" }, remark));
    }
    for reason in &experiment.inconclusive {
        text.push_str(&format!("INCONCLUSIVE {reason}\n"));
    }
    let first = experiment.seeds.first().copied().unwrap_or_default();
    text.push_str(&format!(
        "written to {}: all seeds in experiment.json, seed {first} in the other files\n",
        target.display()
    ));
    text
}

fn line(head: &str, text: &str) -> String {
    format!("{head:<10}{text}\n")
}

fn headline(experiment: &Experiment, heading: &Heading, seconds: f64) -> String {
    let outcomes = &experiment.outcomes;
    let mut parts = vec![experiment.scenario.clone()];
    let seeds = &experiment.seeds;
    parts.push(match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("{} seeds, {first} to {last}", seeds.len())
        }
        _ => "1 seed".to_owned(),
    });
    if let Some(first) = outcomes.first() {
        parts.push(format!(
            "{} scored days each",
            two_digits(first.scored_days)
        ));
    }
    if let Some(users) = heading.users {
        parts.push(format!("{} users", grouped(u64::from(users))));
    }
    let rows = outcomes.iter().map(|outcome| outcome.rows).sum();
    parts.push(format!("{} rows in {seconds:.1} s", grouped(rows)));
    parts.join(" · ")
}

fn rules(experiment: &Experiment) -> String {
    let within = seconds_text(Measure::number(experiment.options.within.seconds_f64()));
    let within = format!("recall@{}", within.replace(' ', ""));
    let confidence = experiment.options.confidence_percent;
    let recall = format!("recall, {confidence} %");
    let false_per_day = format!("false/day, {confidence} %");
    let header = [
        "rule",
        "caught",
        &recall,
        &false_per_day,
        &within,
        "median",
        "P90",
    ];
    let (totals, others): (Vec<_>, Vec<_>) = experiment.rules.iter().partition(|row| row.in_totals);
    let named = |row: &PooledRow| cells(&rule_label(&row.rule, row.mode), row);
    let mut rows: Vec<Vec<String>> = totals.iter().map(|row| named(row)).collect();
    rows.push(cells("all rules", &experiment.total));
    if !others.is_empty() {
        rows.push(vec!["in no total:".to_owned()]);
        rows.extend(others.iter().map(|row| named(row)));
    }
    for row in &mut rows {
        row.resize(header.len(), String::new());
    }
    let mut text = output::table(&header, &rows, &[1, 2, 3, 4, 5, 6]);
    text.push_str(&format!("{}\n", intervals(experiment)));
    text
}

fn cells(name: &str, row: &PooledRow) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("{}/{}", row.caught, row.expected),
        between(&row.recall, share),
        between(&row.false_per_day, rate),
        share(row.recall_within),
        seconds_text(row.p50),
        seconds_text(row.p90),
    ]
}

/// `0.75 (0.60–0.86)`.
fn between(estimate: &Estimate, format: fn(Measure) -> String) -> String {
    match estimate.value.reason() {
        Some(_) => format(estimate.value),
        None => format!(
            "{} ({}–{})",
            format(estimate.value),
            format(estimate.low),
            format(estimate.high)
        ),
    }
}

/// Where the intervals of the table come from, and what its signs mean.
fn intervals(experiment: &Experiment) -> String {
    let rows = experiment.rules.iter().chain([&experiment.total]);
    let is_resampled = rows
        .flat_map(|row| [row.recall, row.false_per_day])
        .any(|estimate| estimate.method == Method::ClusterBootstrap);
    let source = if is_resampled {
        "resampled seeds (Wilson and Poisson where all seeds agree)"
    } else {
        "Wilson and Poisson, campaigns taken for independent"
    };
    format!("intervals: {source}   ∞ never   – undefined")
}

fn precision(experiment: &Experiment) -> String {
    let total = &experiment.total;
    line(
        "precision",
        &format!(
            "{} here: {} campaigns caught, {} false incidents; the attacks' density decides it",
            between(&total.precision, share),
            grouped(total.caught),
            grouped(total.false_incidents)
        ),
    )
}

fn least_caught(experiment: &Experiment) -> String {
    let mut kinds: Vec<_> = experiment
        .attacks
        .iter()
        .filter(|kind| kind.detected < kind.campaigns)
        .collect();
    kinds.sort_by(|left, right| {
        let shares = left.recall.value.partial_cmp(&right.recall.value);
        shares
            .unwrap_or(std::cmp::Ordering::Equal)
            .then_with(|| left.kind.cmp(&right.kind))
    });
    let mut text = String::new();
    for (number, kind) in kinds.iter().take(KINDS).enumerate() {
        let head = if number == 0 { "missed" } else { "" };
        let missed = kind.campaigns - kind.detected;
        let what = format!(
            "{} of {} {}: recall {}",
            grouped(missed),
            grouped(kind.campaigns),
            kind.kind,
            between(&kind.recall, share)
        );
        text.push_str(&line(head, &what));
    }
    if kinds.len() > KINDS {
        let more = format!("… {} more kinds in experiment.json", kinds.len() - KINDS);
        text.push_str(&line("", &more));
    }
    text
}

fn site(experiment: &Experiment) -> String {
    let projection = &experiment.projection;
    let volume = match (
        projection.requests_per_day.finite(),
        projection.volume_ratio.finite(),
    ) {
        (Some(requests), Some(ratio)) => format!(
            "{} requests/day, {} × the scenario: {} false incidents/day ({}–{})",
            count(requests),
            two_digits(ratio),
            rate(projection.false_per_day),
            rate(projection.false_per_day_low),
            rate(projection.false_per_day_high)
        ),
        _ => "undefined: the scenario holds no request in its scored days".to_owned(),
    };
    let mut text = line("site", &volume);
    let rows: Vec<Vec<String>> = projection
        .rows
        .iter()
        .map(|row| {
            vec![
                String::new(),
                campaigns(row.campaigns_per_day),
                format!(
                    "{} ({}–{})",
                    share(row.precision),
                    share(row.precision_low),
                    share(row.precision_high)
                ),
                rate(row.incidents_per_day),
                rate(row.alerts_per_day),
            ]
        })
        .collect();
    let header = [
        "        ",
        "campaigns",
        "precision",
        "incidents/day",
        "alerts/day",
    ];
    text.push_str(&output::table(&header, &rows, &[2, 3, 4]));
    text
}

/// A rate of campaigns with the unit in which it is read best.
fn campaigns(per_day: f64) -> String {
    let (number, unit) = if per_day >= 1.0 {
        (per_day, "day")
    } else if per_day * 7.0 >= 0.1 {
        (per_day * 7.0, "week")
    } else {
        (per_day * 365.25, "year")
    };
    format!("{} a {unit}", two_digits(number))
}

/// A count of any size as whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates of requests are not negative and bounded by the options"
)]
fn count(number: f64) -> String {
    grouped(number.round().max(0.0) as u64)
}

fn analysts(experiment: &Experiment) -> String {
    let load = &experiment.load;
    let staffing = experiment.options.staffing;
    let (person, be) = if staffing.analysts == 1 {
        ("analyst", "is")
    } else {
        ("analysts", "are")
    };
    let busy = match load.utilization.finite() {
        Some(busy) if busy >= 1.0 => format!(
            "asked for {:.0} % of what they can do: the queue grows without end",
            busy * 100.0
        ),
        Some(busy) => format!(
            "{be} busy {:.0} % of their time; an incident waits {} (mean), {} (P90)",
            busy * 100.0,
            seconds_text(load.mean_wait),
            seconds_text(load.p90_wait)
        ),
        None => "undefined".to_owned(),
    };
    line(
        "analysts",
        &format!(
            "{} {person}, {}, {} an incident: {busy}",
            staffing.analysts, staffing.shifts, staffing.handling
        ),
    )
}

fn target_text(target: &Target, experiment: &Experiment) -> String {
    let measured = match target.measured.reason() {
        Some(reason) => return format!("{} {}: undefined ({reason})", target.name, target.wanted),
        None => seconds_text(target.measured),
    };
    let mark = match target.met {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    let total = &experiment.total;
    let beside = if target.name == "MTTD" {
        format!(
            "of the {}/{} detected; with misses, up to {}: {}",
            total.caught,
            total.expected,
            experiment.options.tau,
            seconds_text(total.restricted_mean_time_to_detect)
        )
    } else {
        format!(
            "with misses, up to {}: {}",
            experiment.load.tau,
            seconds_text(experiment.load.restricted_mean_time_to_respond)
        )
    };
    format!(
        "{} {}: {measured} {mark} ({beside})",
        target.name, target.wanted
    )
}
