//! Mutation scores and reviews of rules as people read them.

use livefire_harness::mutate::{Advice, Equivalent, MutationReport, RuleMutation, RuleReview};
use livefire_scorer::Measure;

use crate::output;

/// The whole text.
pub(super) fn report(report: &MutationReport) -> String {
    let mut text = format!(
        "{} · {} of {} mutants noticed ({})\n\n",
        report.scenarios.join(", "),
        report.killed,
        report.mutants,
        percent(report.score)
    );
    let header = ["rule", "mutants", "noticed", "score"];
    text.push_str(&output::table(&header, &rows(report), &[1, 2, 3]));
    let survivors: Vec<&String> = survivors(report).collect();
    if !survivors.is_empty() {
        text.push_str(
            "\nchanges that nothing here notices; a scenario that tests them is missing\n",
        );
        for survivor in survivors {
            text.push_str(&format!("          {survivor}\n"));
        }
    }
    let equivalent: Vec<&Equivalent> = equivalent(report).collect();
    if !equivalent.is_empty() {
        text.push_str("\nchanges that no log can show, not counted\n");
        for one in equivalent {
            text.push_str(&format!("          {}: {}\n", one.mutant, one.why));
        }
    }
    text.push('\n');
    text.push_str(&reviewed(&report.review));
    text
}

/// The report as a page.
pub(super) fn markdown(report: &MutationReport) -> String {
    let mut page = format!(
        "# Rule mutation\n\nWould the scenarios notice if a rule were changed? Each mutant is one \
         rule with one value changed; it is noticed if the campaigns that the rule catches or its \
         false incidents differ on any scenario.\n\nScenarios: {}. **{} of {} mutants noticed \
         ({}).** Made by `livefire mutate {}`.\n\n| rule | mutants | noticed | score |\n| --- | \
         ---: | ---: | ---: |\n",
        report.scenarios.join(", "),
        report.killed,
        report.mutants,
        percent(report.score),
        report.scenarios.join(" ")
    );
    for row in rows(report) {
        page.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    page.push_str("\n## Changes that nothing notices\n\n");
    for survivor in survivors(report) {
        page.push_str(&format!("- `{survivor}`\n"));
    }
    if survivors(report).next().is_none() {
        page.push_str("None.\n");
    }
    page.push_str(
        "\n## Changes that no log can show\n\nEquivalent mutants: the rule so changed raises the \
         same alerts whatever the log holds. They are not counted.\n\n",
    );
    for one in equivalent(report) {
        page.push_str(&format!("- `{}`: {}\n", one.mutant, one.why));
    }
    page.push_str(
        "\n## Each rule left out\n\n| rule | catches | only it | first | true incidents | false \
         incidents | advice | why |\n| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |\n",
    );
    for row in review_rows(&report.review) {
        page.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    page
}

/// Each rule left out in turn.
pub(crate) fn reviewed(review: &[RuleReview]) -> String {
    let header = [
        "rule", "catches", "only it", "first", "true", "false", "advice", "why",
    ];
    output::table(&header, &review_rows(review), &[1, 2, 3, 4, 5])
}

fn rows(report: &MutationReport) -> Vec<Vec<String>> {
    let row = |rule: &RuleMutation| {
        vec![
            rule.rule.clone(),
            rule.mutants.to_string(),
            rule.killed.to_string(),
            percent(rule.score),
        ]
    };
    report.rules.iter().map(row).collect()
}

fn survivors(report: &MutationReport) -> impl Iterator<Item = &String> {
    report.rules.iter().flat_map(|rule| &rule.survivors)
}

fn equivalent(report: &MutationReport) -> impl Iterator<Item = &Equivalent> {
    report.rules.iter().flat_map(|rule| &rule.equivalent)
}

fn review_rows(review: &[RuleReview]) -> Vec<Vec<String>> {
    let row = |rule: &RuleReview| {
        let advice = match rule.advice {
            Advice::Keep => "keep",
            Advice::Tune => "tune",
            Advice::Retire => "retire",
        };
        vec![
            rule.rule.clone(),
            rule.caught.to_string(),
            rule.only.to_string(),
            rule.first.to_string(),
            rule.true_incidents.to_string(),
            rule.false_incidents.to_string(),
            advice.to_owned(),
            rule.why.to_owned(),
        ]
    };
    review.iter().map(row).collect()
}

fn percent(measure: Measure) -> String {
    match measure.value() {
        Some(value) => format!("{:.0} %", value * 100.0),
        None => measure.to_string(),
    }
}
