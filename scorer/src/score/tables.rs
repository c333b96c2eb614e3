//! Rows per rule form, attack kind, cell, incident and alert.

use std::collections::{BTreeMap, BTreeSet};

use livefire_labels::CampaignIndex;
use livefire_schema::alert::Mode;
use livefire_schema::rules::RULES;

use crate::incidents::Incident;
use crate::measure::{Measure, Undefined};
use crate::operations::rates::false_rate;
use crate::score::campaigns::{expects, follow_up_within, reach, subject};
use crate::score::counts_in_totals;
use crate::score::input::{LoadedRule, ScoreInput};
use crate::score::reach::Reachability;
use crate::score::report::{
    AlertRow, AttackRow, CampaignRow, Detection, IncidentRow, LeftOut, MatrixCell, RuleRow,
};
use crate::score::totals::{FalseSplit, look_alike};
use crate::score::verdict::Judged;
use crate::survival::{Subject, Survival};

/// Sorts forms as the registry does: rule, then variant, then mode; foreign rules last, by name.
pub(crate) fn form_order(rule: &str, mode: Mode) -> (usize, String, Mode) {
    let base = rule.split('@').next().unwrap_or(rule);
    let position = RULES.iter().position(|info| info.id == base);
    (position.unwrap_or(RULES.len()), rule.to_owned(), mode)
}

/// All forms that were loaded or have alerted, in order.
fn forms(input: &ScoreInput<'_>) -> BTreeSet<(usize, String, Mode)> {
    let loaded = input
        .rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.mode));
    let alerted = input
        .alerts
        .iter()
        .map(|alert| (alert.rule.as_str(), alert.mode));
    loaded
        .chain(alerted)
        .map(|(rule, mode)| form_order(rule, mode))
        .collect()
}

fn by_form<'a>(row: &'a CampaignRow, rule: &str, mode: Mode) -> Option<&'a Detection> {
    row.forms
        .iter()
        .find(|found| found.rule == rule && found.mode == mode)
}

pub(crate) fn rule_rows(
    input: &ScoreInput<'_>,
    judged: &[Judged<'_>],
    incidents: &[Incident],
    campaigns: &[CampaignRow],
) -> Vec<RuleRow> {
    forms(input)
        .into_iter()
        .map(|(_, rule, mode)| rule_row(input, judged, incidents, campaigns, rule, mode))
        .collect()
}

fn rule_row(
    input: &ScoreInput<'_>,
    judged: &[Judged<'_>],
    incidents: &[Incident],
    campaigns: &[CampaignRow],
    rule: String,
    mode: Mode,
) -> RuleRow {
    let is_own = |one: &Judged<'_>| one.alert.rule == rule && one.alert.mode == mode;
    let own: Vec<&Judged<'_>> = judged.iter().filter(|one| is_own(one)).collect();
    let count =
        |test: &dyn Fn(&Judged<'_>) -> bool| own.iter().filter(|one| test(one)).count() as u64;
    let subjects = subjects_of(input, campaigns, &rule, mode);
    let is_caught = |subject: &&Subject| matches!(subject, Subject::Detected(_));
    let caught = subjects.iter().filter(is_caught).count() as u64;
    let expected = subjects.len() as u64;
    let credited = campaigns
        .iter()
        .filter(|row| by_form(row, &rule, mode).is_some())
        .count() as u64;
    let split = FalseSplit::of(incidents, judged, is_own);
    let false_incidents = split.by_class.total();
    let days = input.extent.scored.span().seconds_f64().max(0.0) / 86_400.0;
    let survival = Survival::of(&subjects);
    RuleRow {
        in_totals: counts_in_totals(&rule, mode),
        expected,
        caught,
        recall: Measure::ratio(caught, expected, Undefined::NoCampaigns),
        credited,
        alerts: count(&|one| one.is_scored()),
        true_alerts: count(&|one| one.is_scored() && one.is_true()),
        suppressed: count(&|one| one.silenced_by.is_some()),
        true_incidents: split.true_incidents,
        false_incidents,
        redundancy: Measure::ratio(split.true_incidents, credited, Undefined::NoDetections),
        false_by_class: split.by_class,
        false_by_look_alike: split.by_look_alike,
        false_per_day: false_rate(false_incidents, days, input.options.confidence, 1.0).rate,
        recall_within: survival.recall_at(input.options.within.seconds_f64()),
        p50: survival.quantile(50),
        p90: survival.quantile(90),
        window: loaded(input, &rule, mode).map(|loaded| loaded.window),
        benign_data: input
            .reach
            .iter()
            .find(|reach| reach.rule == rule && reach.mode == mode)
            .map(|reach| Reachability::of(reach.near_rows)),
        rule,
        mode,
    }
}

/// A form as the run has loaded it.
fn loaded<'a>(input: &'a ScoreInput<'_>, rule: &str, mode: Mode) -> Option<&'a LoadedRule> {
    let mut loaded = input.rules.iter();
    loaded.find(|loaded| loaded.rule == rule && loaded.mode == mode)
}

/// The campaigns that expect a form, as subjects of its own time to detect.
pub(crate) fn subjects_of(
    input: &ScoreInput<'_>,
    campaigns: &[CampaignRow],
    rule: &str,
    mode: Mode,
) -> Vec<Subject> {
    let horizon = loaded(input, rule, mode).map(reach).unwrap_or_default();
    campaigns
        .iter()
        .filter(|row| expects(&row.expected, rule))
        .filter_map(|row| {
            let caught = by_form(row, rule, mode).and_then(|found| found.as_expected);
            let campaign = input.book.campaign(row.index)?;
            let follow_up = follow_up_within(input, campaign, horizon, caught.is_some());
            let time = caught.map_or(Measure::INFINITE, Measure::number);
            Some(subject(follow_up, time))
        })
        .collect()
}

pub(crate) fn attack_rows(campaigns: &[CampaignRow]) -> Vec<AttackRow> {
    let mut kinds: BTreeMap<&str, Vec<&CampaignRow>> = BTreeMap::new();
    for row in campaigns {
        kinds.entry(&row.kind).or_default().push(row);
    }
    kinds
        .into_iter()
        .map(|(kind, rows)| {
            let detected = rows.iter().filter(|row| row.detected).count() as u64;
            let subjects: Vec<Subject> = rows
                .iter()
                .map(|row| subject(row.follow_up, row.time_to_detect))
                .collect();
            AttackRow {
                kind: kind.to_owned(),
                campaigns: rows.len() as u64,
                detected,
                recall: Measure::ratio(detected, rows.len() as u64, Undefined::NoCampaigns),
                p50: Survival::of(&subjects).quantile(50),
            }
        })
        .collect()
}

pub(crate) fn matrix(input: &ScoreInput<'_>, campaigns: &[CampaignRow]) -> Vec<MatrixCell> {
    let kinds: BTreeSet<&str> = campaigns.iter().map(|row| row.kind.as_str()).collect();
    let mut cells = Vec::new();
    for (_, rule, mode) in forms(input) {
        for &kind in &kinds {
            let of_kind = || campaigns.iter().filter(|row| row.kind == kind);
            let detected = of_kind().filter(|row| by_form(row, &rule, mode).is_some());
            let expected = of_kind().filter(|row| expects(&row.expected, &rule));
            let cell = MatrixCell {
                rule: rule.clone(),
                mode,
                kind: kind.to_owned(),
                detected: detected.count() as u64,
                total: of_kind().count() as u64,
                expected: expected.count() as u64,
            };
            if cell.detected + cell.expected > 0 {
                cells.push(cell);
            }
        }
    }
    cells
}

pub(crate) fn left_out(campaigns: &[CampaignRow]) -> Vec<LeftOut> {
    let of_row = |row: &CampaignRow| {
        let campaign = row.id.clone();
        let rules = row.left_out.clone().into_iter();
        rules.map(move |rule| LeftOut {
            campaign: campaign.clone(),
            rule,
        })
    };
    campaigns.iter().flat_map(of_row).collect()
}

pub(crate) fn incident_row(incident: &Incident, judged: &[Judged<'_>]) -> IncidentRow {
    let members: Vec<&Judged<'_>> = incident
        .alerts
        .iter()
        .map(|&index| &judged[index])
        .collect();
    let (first, last) = (
        members.first().expect("an incident holds an alert"),
        members.last().expect("an incident holds an alert"),
    );
    let credited: BTreeSet<CampaignIndex> = members
        .iter()
        .flat_map(|one| one.ruling.credited.iter().copied())
        .collect();
    let look_alike = look_alike(incident, judged).filter(|_| !incident.is_true);
    IncidentRow {
        rule: first.alert.rule.clone(),
        mode: first.alert.mode,
        key: first.alert.key.clone(),
        in_totals: first.in_totals,
        first: first.alert.raised,
        last: last.alert.raised,
        alerts: members.iter().map(|one| one.alert.id.clone()).collect(),
        is_true: incident.is_true,
        false_class: incident.false_class,
        look_alike: look_alike.map(str::to_owned),
        credited: credited.into_iter().collect(),
    }
}

pub(crate) fn alert_row(
    input: &ScoreInput<'_>,
    one: &Judged<'_>,
    judged: &[Judged<'_>],
    incident: Option<usize>,
) -> AlertRow {
    let names = |indices: &[CampaignIndex]| -> Vec<String> {
        indices
            .iter()
            .filter_map(|&index| input.book.campaign(index))
            .map(|campaign| campaign.id.clone())
            .collect()
    };
    let (alert, ruling) = (one.alert, &one.ruling);
    AlertRow {
        id: alert.id.clone(),
        rule: alert.rule.clone(),
        mode: alert.mode,
        key: alert.key.clone(),
        time: alert.time,
        raised: alert.raised,
        in_totals: one.in_totals,
        verdict: ruling.verdict,
        fires_without_campaigns: ruling.fires_without_campaigns,
        threshold: alert.threshold,
        level: ruling.level,
        benign: ruling.benign,
        credited: names(&ruling.credited),
        joint: ruling.joint,
        touched: names(&ruling.touched),
        false_class: ruling.false_class,
        false_cause: ruling.false_cause,
        look_alike: ruling.look_alike.clone(),
        suppressed_by: one
            .silenced_by
            .map(|silencer| judged[silencer].alert.id.clone()),
        incident: incident.map(|number| number as u64),
    }
}
