//! Scores the alerts of a run against its label book.
//!
//! Order of work: suppression, attribution of each alert (`verdict`), incidents, campaigns
//! (`campaigns`), totals and tables (`totals`, `tables`). Only default forms of detection rules in
//! streaming mode enter the totals; variants, binned and hunting forms have rows of their own.
//! State grows with campaigns and alerts, never with a log's rows. EVALUATION.md §§1–5.

pub mod input;
pub mod reach;
pub mod report;
pub mod worlds;

mod campaigns;
mod evidence;
mod observable;
mod stages;
mod tables;
mod totals;
mod verdict;

use livefire_schema::alert::{Alert, Mode};
use livefire_schema::rules::{self, Family};

pub use input::{LoadedRule, NearestApproach, NextEvent, ScoreError, ScoreInput, ScoreOptions};
pub use reach::{BenignReach, ReachClass, Reachability};
pub use report::ScoreReport;

use crate::incidents::{self, GroupedAlert, Incident};
use crate::score::verdict::Judged;
use crate::survival::Subject;
use crate::windows::suppression::silenced_by;

/// Scores a run.
///
/// # Errors
/// [`ScoreError`] where a detector has broken its contract (an alert below its threshold, an id
/// used twice) or the scenario has (a campaign that begins before the scored interval), or for a
/// confidence outside (0, 1).
pub fn score(input: &ScoreInput<'_>) -> Result<ScoreReport, ScoreError> {
    let confidence = input.options.confidence;
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(ScoreError::Confidence(confidence.to_string()));
    }
    check_campaigns(input)?;
    let judged = judge(input)?;
    let (incidents, incident_of) = group(input, &judged);
    let attacks = observable::attack_events(input);
    let campaigns = campaigns::rows(input, &attacks, &judged);
    let headline = totals::headline(input, &attacks, &judged, &incidents, &campaigns);
    Ok(ScoreReport {
        scenario: input.extent.scenario.clone(),
        seed: input.extent.seed,
        scored: input.extent.scored,
        options: input.options.clone(),
        targets: totals::targets(&headline),
        rules: tables::rule_rows(input, &judged, &incidents, &campaigns),
        attacks: tables::attack_rows(&campaigns),
        matrix: tables::matrix(input, &campaigns),
        left_out: tables::left_out(&campaigns),
        masked: input
            .world_zero
            .map(|zero| worlds::masked(input.alerts, zero, input.rules, input.extent.scored)),
        incidents: incidents
            .iter()
            .map(|incident| tables::incident_row(incident, &judged))
            .collect(),
        alerts: judged
            .iter()
            .enumerate()
            .map(|(index, one)| tables::alert_row(input, one, &judged, incident_of[index]))
            .collect(),
        headline,
        campaigns,
    })
}

/// The campaigns that expect a rule form, as subjects of that form's own time to detect, in the
/// order of `report.campaigns`; `report` is what [`score`] made of `input`. For pooling over runs.
#[must_use]
pub fn rule_subjects(
    input: &ScoreInput<'_>,
    report: &ScoreReport,
    rule: &str,
    mode: Mode,
) -> Vec<Subject> {
    tables::subjects_of(input, &report.campaigns, rule, mode)
}

/// A campaign of a report as a subject of the time to detect over all rules.
#[must_use]
pub fn campaign_subject(campaign: &report::CampaignRow) -> Subject {
    campaigns::subject(campaign.follow_up, campaign.time_to_detect)
}

fn check_campaigns(input: &ScoreInput<'_>) -> Result<(), ScoreError> {
    let early = |campaign: &&livefire_labels::Campaign| campaign.t0 < input.extent.scored.start;
    match input.book.campaigns.iter().find(early) {
        Some(campaign) => Err(ScoreError::CampaignBeforeScored {
            campaign: campaign.id.clone(),
            t0: campaign.t0,
            start: input.extent.scored.start,
        }),
        None => Ok(()),
    }
}

/// Attributes all alerts in order of (raised, id), suppression applied.
fn judge<'a>(input: &ScoreInput<'a>) -> Result<Vec<Judged<'a>>, ScoreError> {
    let mut order: Vec<&'a Alert> = input.alerts.iter().collect();
    order.sort_by(|left, right| (left.raised, &left.id).cmp(&(right.raised, &right.id)));
    let mut ids: Vec<&str> = order.iter().map(|alert| alert.id.as_str()).collect();
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(ScoreError::DuplicateId(pair[0].to_owned()));
    }
    let forms: Vec<String> = order
        .iter()
        .map(|alert| form_label(&alert.rule, alert.mode))
        .collect();
    let scopes: Vec<_> = order
        .iter()
        .zip(&forms)
        .map(|(alert, form)| (form.as_str(), alert.key.as_str(), alert.raised))
        .collect();
    let silenced = silenced_by(&scopes, input.options.suppression);
    let zero = input.world_zero.map(worlds::WorldIndex::of);
    order
        .into_iter()
        .zip(silenced)
        .zip(forms)
        .map(|((alert, silenced_by), form)| {
            Ok(Judged {
                ruling: verdict::rule_on(input, zero.as_ref(), alert)?,
                in_totals: counts_in_totals(&alert.rule, alert.mode),
                alert,
                form,
                silenced_by,
            })
        })
        .collect()
}

/// The name of a rule form: the rule with its variant, and the mode where it is not streaming.
pub(crate) fn form_label(rule: &str, mode: Mode) -> String {
    match mode {
        Mode::Streaming => rule.to_owned(),
        Mode::Binned => format!("{rule} binned"),
    }
}

/// Whether alerts of a form enter D, M and F: default form, streaming, a detection rule.
#[must_use]
pub fn counts_in_totals(rule: &str, mode: Mode) -> bool {
    mode == Mode::Streaming
        && !rule.contains('@')
        && rules::rule(rule).is_none_or(|info| info.family == Family::Detection)
}

/// Incidents of the emitted alerts in the scored interval, with the incident of each alert.
fn group(input: &ScoreInput<'_>, judged: &[Judged<'_>]) -> (Vec<Incident>, Vec<Option<usize>>) {
    let scored: Vec<usize> = (0..judged.len())
        .filter(|&index| judged[index].is_scored())
        .collect();
    let given: Vec<GroupedAlert<'_>> = scored
        .iter()
        .map(|&index| {
            let one = &judged[index];
            GroupedAlert {
                id: &one.alert.id,
                rule: &one.form,
                key: &one.alert.key,
                time: one.alert.raised,
                is_true: one.is_true(),
                false_class: one.ruling.false_class,
            }
        })
        .collect();
    let mut incidents = incidents::group(&given, input.options.grouping);
    let mut incident_of = vec![None; judged.len()];
    for (number, incident) in incidents.iter_mut().enumerate() {
        for member in &mut incident.alerts {
            *member = scored[*member];
            incident_of[*member] = Some(number);
        }
    }
    (incidents, incident_of)
}
