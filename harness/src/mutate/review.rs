//! Leave one rule out: does each rule earn its place?
//!
//! Without a rule, the campaigns are lost that no other rule of the totals catches, and its false
//! incidents are saved. A rule that alone sees a campaign is never to be retired.

use livefire_scorer::score::report::ScoreReport;
use serde::Serialize;

/// What to do with a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// It earns its place, or nothing here says otherwise.
    Keep,
    /// It sees what others do not, or sees it first, but costs more than it should.
    Tune,
    /// Others see all that it sees, no later, and it mostly raises false incidents.
    Retire,
}

/// One rule of the totals, left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RuleReview {
    /// The rule.
    pub rule: String,
    /// Campaigns that it catches.
    pub caught: u64,
    /// Campaigns that only it catches: lost without it.
    pub only: u64,
    /// Campaigns that it catches before every other rule: later without it.
    pub first: u64,
    /// Campaigns that expect it.
    pub expected: u64,
    /// Its true incidents.
    pub true_incidents: u64,
    /// Its false incidents: saved without it.
    pub false_incidents: u64,
    /// The advice.
    pub advice: Advice,
    /// Why.
    pub why: &'static str,
}

/// Reviews every rule of the totals over one or several runs.
#[must_use]
pub fn review(reports: &[ScoreReport]) -> Vec<RuleReview> {
    let mut all: Vec<RuleReview> = Vec::new();
    for row in reports.iter().flat_map(|report| &report.rules) {
        if !row.in_totals || row.rule.contains('@') {
            continue;
        }
        let index = all.iter().position(|known| known.rule == row.rule);
        let index = index.unwrap_or_else(|| {
            all.push(blank(&row.rule));
            all.len() - 1
        });
        let known = &mut all[index];
        known.expected += row.expected;
        known.true_incidents += row.true_incidents;
        known.false_incidents += row.false_incidents;
    }
    for campaign in reports.iter().flat_map(|report| &report.campaigns) {
        for (place, rule) in campaign.credited_rules.iter().enumerate() {
            let Some(known) = all.iter_mut().find(|known| known.rule == *rule) else {
                continue;
            };
            known.caught += 1;
            known.only += u64::from(campaign.credited_rules.len() == 1);
            known.first += u64::from(place == 0);
        }
    }
    for known in &mut all {
        (known.advice, known.why) = advice(known);
    }
    all
}

fn blank(rule: &str) -> RuleReview {
    RuleReview {
        rule: rule.to_owned(),
        caught: 0,
        only: 0,
        first: 0,
        expected: 0,
        true_incidents: 0,
        false_incidents: 0,
        advice: Advice::Keep,
        why: "",
    }
}

fn advice(rule: &RuleReview) -> (Advice, &'static str) {
    let is_noisy = rule.false_incidents > rule.true_incidents;
    match (rule.only, rule.caught) {
        (1.., _) if is_noisy => (
            Advice::Tune,
            "alone sees campaigns, but raises more false incidents than true ones",
        ),
        (1.., _) => (Advice::Keep, "alone sees campaigns"),
        (0, 1..) if !is_noisy => (Advice::Keep, "confirms what others see, at little cost"),
        (0, 1..) if rule.first > 0 => (
            Advice::Tune,
            "others see its campaigns too, but later; more false incidents than true ones",
        ),
        (0, 1..) => (
            Advice::Retire,
            "others see all its campaigns, no later; more false incidents than true ones",
        ),
        (0, 0) if rule.expected > 0 => (Advice::Tune, "catches none of those that expect it"),
        (0, 0) if rule.false_incidents > 0 => (
            Advice::Tune,
            "no campaign here expects it; what it raised is false",
        ),
        (0, 0) => (Advice::Keep, "no campaign here tests it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn advises(only: u64, caught: u64, first: u64, incidents: (u64, u64), wanted: Advice) {
        let rule = RuleReview {
            caught,
            only,
            first,
            expected: caught,
            true_incidents: incidents.0,
            false_incidents: incidents.1,
            ..blank("R1")
        };
        assert_eq!(advice(&rule).0, wanted, "{rule:?}");
    }

    #[test]
    fn only_a_rule_that_nobody_misses_is_retired() {
        advises(1, 3, 0, (3, 1000), Advice::Tune);
        advises(1, 3, 0, (3, 2), Advice::Keep);
        advises(0, 3, 0, (3, 2), Advice::Keep);
        advises(0, 3, 1, (3, 9), Advice::Tune);
        advises(0, 3, 0, (3, 9), Advice::Retire);
        advises(0, 0, 0, (0, 9), Advice::Tune);
        advises(0, 0, 0, (0, 0), Advice::Keep);
    }
}
