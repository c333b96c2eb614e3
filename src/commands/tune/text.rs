//! What a tuning found, as a person reads it.

use livefire_harness::experiment::{Estimate, PooledRow};
use livefire_harness::tune::{Conclusion, Evaluated, Setting, TuneReport, Validation};
use livefire_scorer::Measure;
use livefire_scorer::uncertainty::intervals::Gap;

use super::file::Change;
use crate::output;
use crate::verdict::{grouped, rate, seconds_text, share};

/// Candidates up to which all are shown; of more only the front and what matters.
const ALL_SHOWN: usize = 40;

/// The whole text.
pub(super) fn text(
    report: &TuneReport,
    change: Option<&Change>,
    wants_write: bool,
    seconds: f64,
) -> String {
    let mut text = headline(report, seconds);
    text.push_str("\n\n");
    text.push_str(&table(report));
    text.push_str(&format!(
        "* on the front: none is better in recall, false incidents and P90 at once{}\n\n",
        if report.is_search {
            "   (a search: what was not measured may be better)"
        } else {
            ""
        }
    ));
    text.push_str(&line("wanted", &wanted(report)));
    text.push_str(&choice(report));
    if let Some(validation) = &report.validation {
        text.push_str(&confirmation(report, validation));
    }
    match &report.conclusion {
        Conclusion::Inconclusive(why) => text.push_str(&format!("INCONCLUSIVE {why}\n")),
        Conclusion::NotConfirmed => text.push_str(
            "FAIL      the chosen values do not meet what was wanted on seeds that had no part in the choice\n",
        ),
        Conclusion::NoneMeets => {
            text.push_str("FAIL      none of the measured values meets what was wanted\n");
        }
        Conclusion::Confirmed => {}
    }
    if let Some(change) = change {
        if change.diff.is_empty() {
            let path = change.path.display();
            text.push_str(&format!("{path} holds these values already\n"));
            return text;
        }
        text.push('\n');
        text.push_str(&change.diff);
        text.push_str(&ending(report, change, wants_write));
    }
    text
}

fn line(head: &str, text: &str) -> String {
    format!("{head:<10}{text}\n")
}

fn headline(report: &TuneReport, seconds: f64) -> String {
    let measured = report.evaluated.len();
    let of = if report.is_search {
        format!(" of {}", grouped(report.grid))
    } else {
        String::new()
    };
    format!(
        "{} · {} · {} tuning and {} validation seeds · {measured}{of} candidates in {seconds:.1} s",
        report.rule,
        report.scenario,
        report.tuning_seeds.len(),
        report.validation_seeds.len(),
    )
}

fn table(report: &TuneReport) -> String {
    let names = report.axes.iter().map(|axis| axis.parameter.as_str());
    let mut header: Vec<&str> = vec![" "];
    header.extend(names);
    let figures = ["caught", "recall, 95 %", "false/day, 95 %", "median", "P90"];
    let first = header.len();
    header.extend(figures);
    let is_shown = |(index, row): &(usize, &Evaluated)| {
        report.evaluated.len() <= ALL_SHOWN
            || row.on_front
            || row.is_current
            || report.chosen == Some(*index)
    };
    let rows: Vec<Vec<String>> = report
        .evaluated
        .iter()
        .enumerate()
        .filter(is_shown)
        .map(|(index, row)| {
            let mut cells = vec![mark(report, index, row)];
            cells.extend(row.settings.iter().map(|setting| setting.value.clone()));
            cells.extend(figure_cells(&row.figures));
            cells
        })
        .collect();
    let right: Vec<usize> = (first..header.len()).collect();
    let mut text = output::table(&header, &rows, &right);
    let hidden = report.evaluated.len() - rows.len();
    if hidden > 0 {
        text.push_str(&format!("… {hidden} more behind the front, in --json\n"));
    }
    text
}

fn mark(report: &TuneReport, index: usize, row: &Evaluated) -> String {
    let mut marks = Vec::new();
    if report.chosen == Some(index) {
        marks.push("chosen");
    }
    if row.is_current {
        marks.push("now");
    }
    if row.on_front {
        marks.push("*");
    }
    marks.join(" ")
}

fn figure_cells(row: &PooledRow) -> [String; 5] {
    [
        format!("{}/{}", row.caught, row.expected),
        between(&row.recall, share),
        between(&row.false_per_day, rate),
        seconds_text(row.p50),
        seconds_text(row.p90),
    ]
}

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

fn wanted(report: &TuneReport) -> String {
    let mut parts = Vec::new();
    if let Some(most) = report.constraint.max_false_per_day {
        let now = if report.constraint_is_current {
            ", as many as now"
        } else {
            ""
        };
        let most = rate(Measure::number(most));
        parts.push(format!("at most {most} false incidents a day{now}"));
    }
    if let Some(longest) = report.constraint.max_p90 {
        parts.push(format!("nine of ten caught within {longest}"));
    }
    if parts.is_empty() {
        return "nothing that can be measured here".to_owned();
    }
    parts.push("then most recall, fewest false incidents, lowest P90".to_owned());
    parts.join("; ")
}

fn settings(settings: &[Setting]) -> String {
    let texts = settings.iter();
    let texts = texts.map(|setting| format!("{} {}", setting.parameter, setting.value));
    texts.collect::<Vec<_>>().join(", ")
}

fn choice(report: &TuneReport) -> String {
    let Some(chosen) = report.chosen else {
        return String::new();
    };
    let row = &report.evaluated[chosen];
    let what = if row.is_current {
        format!("{}: the values in force stay", settings(&row.settings))
    } else {
        settings(&row.settings)
    };
    line("chosen", &what)
}

fn confirmation(report: &TuneReport, validation: &Validation) -> String {
    let head = match validation.confirmed {
        Some(true) => "confirmed",
        _ => "not so",
    };
    let told = |row: &PooledRow| {
        format!(
            "recall {}, false/day {}, P90 {}",
            between(&row.recall, share),
            between(&row.false_per_day, rate),
            seconds_text(row.p90)
        )
    };
    let number = report.validation_seeds.len();
    let seeds = if number == 1 { "seed" } else { "seeds" };
    let mut text = line(
        head,
        &format!("on {number} other {seeds}: {}", told(&validation.chosen)),
    );
    let is_now = report.chosen == Some(report.current);
    if !is_now {
        text.push_str(&line(
            "",
            &format!("now, there: {}", told(&validation.current)),
        ));
    }
    text.push_str(&line(
        "optimism",
        &format!(
            "recall {}; false/day {}",
            gap(&validation.recall_gap),
            gap(&validation.false_gap)
        ),
    ));
    text
}

/// `+0.03 (−0.10 to +0.16), may be chance`.
fn gap(gap: &Gap) -> String {
    let (Some(value), Some(low), Some(high)) =
        (gap.gap.finite(), gap.low.finite(), gap.high.finite())
    else {
        return "undefined".to_owned();
    };
    let judged = if gap.optimistic {
        "the tuning seeds flatter"
    } else {
        "may be chance"
    };
    format!("{value:+.2} ({low:+.2} to {high:+.2}), {judged}")
}

fn ending(report: &TuneReport, change: &Change, wants_write: bool) -> String {
    let path = change.path.display();
    match (&report.conclusion, wants_write) {
        (Conclusion::Confirmed, true) => format!("written to {path}\n"),
        (Conclusion::Confirmed, false) => format!("add --write to write it to {path}\n"),
        (_, true) => "not written: the choice is not confirmed\n".to_owned(),
        (_, false) => String::new(),
    }
}
