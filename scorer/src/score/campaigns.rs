//! One row per campaign: who detected it, when, in which four parts; or why it was missed.

use std::collections::BTreeMap;

use livefire_labels::{Campaign, CampaignIndex};
use livefire_schema::alert::{Alert, Mode, Semantics};
use livefire_schema::rules::RuleToken;
use livefire_schema::time::TimeSpan;

use crate::detection_time::{MissReason, Parts};
use crate::headline::time_to_detect;
use crate::measure::Measure;
use crate::score::evidence::{deciding_rows, origin_of, reached_at};
use crate::score::input::{LoadedRule, NearestApproach, ScoreInput};
use crate::score::observable::{self, AttackEvents};
use crate::score::report::{CampaignRow, Detection, FollowUp, Miss, RuleMiss};
use crate::score::stages;
use crate::score::tables::form_order;
use crate::score::verdict::{AlertVerdict, Judged};

/// Rows of all campaigns in the scored interval, in the order of the book.
pub(crate) fn rows(
    input: &ScoreInput<'_>,
    attacks: &AttackEvents,
    judged: &[Judged<'_>],
) -> Vec<CampaignRow> {
    (0u32..)
        .zip(&input.book.campaigns)
        .filter(|(_, campaign)| observable::is_scored(input, campaign))
        .map(|(index, campaign)| row(input, attacks, judged, CampaignIndex(index), campaign))
        .collect()
}

fn row(
    input: &ScoreInput<'_>,
    attacks: &AttackEvents,
    judged: &[Judged<'_>],
    index: CampaignIndex,
    campaign: &Campaign,
) -> CampaignRow {
    let credits = |one: &&Judged<'_>| one.ruling.credited.contains(&index);
    let crediting: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|one| one.is_scored())
        .filter(credits)
        .collect();
    let (expected, left_out): (Vec<RuleToken>, Vec<RuleToken>) = campaign
        .expected
        .iter()
        .cloned()
        .partition(|token| input.loaded_for(token).next().is_some());
    let first = crediting.iter().find(|one| one.in_totals);
    let first = first.map(|one| detection(input, index, campaign, one));
    let mut credited_rules: Vec<String> = Vec::new();
    for one in crediting.iter().filter(|one| one.in_totals) {
        if !credited_rules.contains(&one.alert.rule) {
            credited_rules.push(one.alert.rule.clone());
        }
    }
    let detected_as_expected = crediting.iter().any(|one| {
        one.alert.mode == Mode::Streaming && expected.iter().any(|token| one.alert.meets(token))
    });
    let is_touched = |one: &Judged<'_>| one.is_counted() && one.ruling.touched.contains(&index);
    let follow_up = follow_up(input, campaign, &expected, first.is_some());
    let miss = first
        .is_none()
        .then(|| miss(input, judged, index, campaign, &expected, follow_up));
    let rule_misses = rule_misses(input, judged, index, campaign, &expected, &crediting);
    let (observable_events, scaffolding_events) =
        attacks.of_campaign.get(&index).copied().unwrap_or_default();
    CampaignRow {
        index,
        id: campaign.id.clone(),
        kind: campaign.kind.clone(),
        actor: campaign.actor.clone(),
        t0: campaign.t0,
        t_end: campaign.t_end,
        cut: campaign.cut,
        stages: campaign.stages.clone(),
        observable_events,
        scaffolding_events,
        detected: first.is_some(),
        detected_as_expected,
        touched: judged.iter().any(is_touched),
        credited_rules,
        time_to_detect: time_to_detect(campaign.t0, first.as_ref().map(|first| first.raised)),
        follow_up,
        miss,
        rule_misses,
        stages_seen: stages::seen(input, index, campaign, &crediting),
        forms: by_form(input, index, campaign, &crediting),
        first,
        expected,
        left_out,
    }
}

fn detection(
    input: &ScoreInput<'_>,
    index: CampaignIndex,
    campaign: &Campaign,
    one: &Judged<'_>,
) -> Detection {
    let alert = one.alert;
    let early = alert.raised < campaign.t0;
    let parts = if early || one.ruling.joint {
        None
    } else {
        parts(input, index, campaign, alert)
    };
    Detection {
        rule: alert.rule.clone(),
        mode: alert.mode,
        alert: alert.id.clone(),
        raised: alert.raised,
        time_to_detect: time_to_detect(campaign.t0, Some(alert.raised)),
        early,
        joint: one.ruling.joint,
        parts: parts.map(Into::into),
        as_expected: None,
    }
}

/// The four parts of a credit: over benign rows and the campaign's own where these suffice, else
/// over all rows.
fn parts(
    input: &ScoreInput<'_>,
    index: CampaignIndex,
    campaign: &Campaign,
    alert: &Alert,
) -> Option<Parts> {
    let (time, available) = match alert.semantics {
        Semantics::Baseline => (alert.time, alert.available),
        semantics => {
            let threshold = match semantics {
                Semantics::Trigger => 1,
                _ => alert.threshold,
            };
            let all = deciding_rows(alert);
            let is_own = |row: &&&livefire_schema::alert::EvidenceRow| {
                let origin = origin_of(input.book, row);
                origin.caused_by().is_none_or(|by| *by == index)
            };
            let own: Vec<_> = all.iter().filter(is_own).copied().collect();
            reached_at(semantics, threshold, &own)
                .or_else(|| reached_at(semantics, threshold, &all))?
        }
    };
    // a bin sees event times only, and runs at its end
    let (available, run_at) = match alert.mode {
        Mode::Streaming if input.is_scheduled(alert) => (available, alert.raised),
        Mode::Streaming => (available, available),
        Mode::Binned => (time, alert.raised),
    };
    Some(Parts::of(
        campaign.t0,
        time,
        available,
        run_at,
        alert.raised,
    ))
}

/// First detections by form, each with its first alert in an expected class.
fn by_form(
    input: &ScoreInput<'_>,
    index: CampaignIndex,
    campaign: &Campaign,
    crediting: &[&Judged<'_>],
) -> Vec<Detection> {
    let mut firsts: BTreeMap<_, Detection> = BTreeMap::new();
    for one in crediting {
        let alert = one.alert;
        let first = firsts
            .entry(form_order(&alert.rule, alert.mode))
            .or_insert_with(|| detection(input, index, campaign, one));
        if first.as_expected.is_none() && is_expected_of(campaign, alert) {
            first.as_expected = time_to_detect(campaign.t0, Some(alert.raised)).finite();
        }
    }
    firsts.into_values().collect()
}

/// Whether a campaign expects a form at all: by a token for its variant, or by one without.
pub(crate) fn expects(campaign_expected: &[RuleToken], rule: &str) -> bool {
    campaign_expected
        .iter()
        .any(|token| is_of_form(token, rule))
}

fn is_of_form(token: &RuleToken, rule: &str) -> bool {
    let (base, variant) = match rule.split_once('@') {
        Some((base, variant)) => (base, Some(variant)),
        None => (rule, None),
    };
    token.rule == base && (token.variant.is_none() || token.variant.as_deref() == variant)
}

/// Whether an alert stands in a class that the campaign expects of its form.
fn is_expected_of(campaign: &Campaign, alert: &Alert) -> bool {
    let variant = alert.rule.split_once('@').map(|(_, variant)| variant);
    let of_form = campaign
        .expected
        .iter()
        .filter(|token| is_of_form(token, &alert.rule));
    of_form.into_iter().any(|token| {
        alert.meets(&RuleToken {
            variant: variant.map(str::to_owned),
            ..token.clone()
        })
    })
}

/// Never, if the log runs to the campaign's end and H beyond; else censored at its end.
fn follow_up(
    input: &ScoreInput<'_>,
    campaign: &Campaign,
    expected: &[RuleToken],
    is_detected: bool,
) -> FollowUp {
    let of_expected = expected.iter().flat_map(|token| input.loaded_for(token));
    let horizon = of_expected
        .map(reach)
        .max()
        .or_else(|| input.rules.iter().map(reach).max())
        .unwrap_or(TimeSpan::ZERO);
    follow_up_within(input, campaign, horizon, is_detected)
}

/// Window and schedule of a rule: how long after an event it may still fire, delay aside.
pub(crate) fn reach(rule: &LoadedRule) -> TimeSpan {
    rule.window + rule.schedule
}

/// [`FollowUp`] for a rule that may fire up to `horizon` after the campaign's last event.
pub(crate) fn follow_up_within(
    input: &ScoreInput<'_>,
    campaign: &Campaign,
    horizon: TimeSpan,
    is_detected: bool,
) -> FollowUp {
    let log_end = input.extent.log.end;
    if is_detected {
        FollowUp::Detected
    } else if !campaign.cut
        && campaign.t_end + horizon + input.options.largest_ingestion_delay <= log_end
    {
        FollowUp::Never
    } else {
        FollowUp::Censored {
            seconds: (log_end - campaign.t0).seconds_f64().max(0.0),
        }
    }
}

/// The loaded expected rules whose alerts did not catch the campaign as it is expected of them.
fn rule_misses(
    input: &ScoreInput<'_>,
    judged: &[Judged<'_>],
    index: CampaignIndex,
    campaign: &Campaign,
    expected: &[RuleToken],
    crediting: &[&Judged<'_>],
) -> Vec<RuleMiss> {
    let missed = |token: &&RuleToken| {
        let met = |one: &&Judged<'_>| one.alert.mode == Mode::Streaming && one.alert.meets(token);
        !crediting.iter().any(met)
    };
    let of = |token: &RuleToken| {
        let any_class = RuleToken {
            class: None,
            ..token.clone()
        };
        let fired = crediting
            .iter()
            .find(|one| one.alert.mode == Mode::Streaming && one.alert.meets(&any_class));
        let reach = input.loaded_for(token).map(reach).max().unwrap_or_default();
        let follow_up = follow_up_within(input, campaign, reach, false);
        let own = std::slice::from_ref(token);
        RuleMiss {
            rule: token.clone(),
            fired_as: fired.map(|one| {
                let mut classes = one.alert.classes.clone();
                classes.push(one.alert.severity.token().to_owned());
                classes
            }),
            binned_only: input
                .loaded_for(token)
                .all(|rule| rule.mode == Mode::Binned),
            miss: miss(input, judged, index, campaign, own, follow_up),
        }
    };
    expected.iter().filter(missed).map(of).collect()
}

fn miss(
    input: &ScoreInput<'_>,
    judged: &[Judged<'_>],
    index: CampaignIndex,
    campaign: &Campaign,
    expected: &[RuleToken],
    follow_up: FollowUp,
) -> Miss {
    let nearest: Vec<NearestApproach> = input
        .nearest
        .iter()
        .filter(|approach| approach.campaign == index && expects(expected, &approach.rule))
        .cloned()
        .collect();
    let silencer = judged
        .iter()
        .filter(|one| one.in_totals && one.ruling.credited.contains(&index))
        .find_map(|one| one.silenced_by)
        .map(|silencer| judged[silencer].alert.id.clone());
    let in_totals: Vec<&NearestApproach> = nearest
        .iter()
        .filter(|approach| super::counts_in_totals(&approach.rule, approach.mode))
        .collect();
    let fired_before = judged.iter().any(|one| {
        one.is_counted()
            && one.ruling.verdict == AlertVerdict::FalsePositive
            && one.ruling.touched.contains(&index)
            && expects(expected, &one.alert.rule)
    });
    let reaches = |level: &dyn Fn(&NearestApproach) -> Option<u64>| {
        in_totals
            .iter()
            .any(|approach| level(approach).is_some_and(|level| level >= approach.threshold))
    };
    let without_delay = reaches(&|approach| approach.level_without_delay);
    let after_log_end = reaches(&|approach| approach.level_after_log_end);
    // On a schedule the runs after the log's end have been looked at; else a guess must do.
    let is_measured = nearest
        .iter()
        .any(|approach| approach.level_in_any_window.is_some());
    let is_censored = matches!(follow_up, FollowUp::Censored { .. });
    let reason = if expected.is_empty() {
        MissReason::NoExpectedRule
    } else if silencer.is_some() {
        MissReason::Suppressed
    } else if fired_before || reaches(&|approach| Some(approach.level)) {
        MissReason::AlreadyFiring
    } else if campaign.cut || after_log_end || (is_censored && without_delay && !is_measured) {
        MissReason::LogEnded
    } else if without_delay {
        MissReason::ArrivedTooLate
    } else if reaches(&|approach| approach.level_in_any_window) {
        MissReason::SplitBySchedule
    } else {
        MissReason::BelowThreshold
    };
    Miss {
        reason,
        silenced_by: silencer,
        nearest,
    }
}

/// The time to detect as survival analysis takes it.
pub(crate) fn subject(follow_up: FollowUp, time_to_detect: Measure) -> crate::survival::Subject {
    use crate::survival::Subject;
    match (follow_up, time_to_detect.finite()) {
        (FollowUp::Detected, Some(seconds)) => Subject::Detected(seconds),
        (FollowUp::Censored { seconds }, _) => Subject::Censored(seconds),
        _ => Subject::Never,
    }
}
