//! Headline figures over the default forms of all detection rules, and the source's targets.

use std::collections::{BTreeMap, BTreeSet};

use livefire_schema::ids::EventId;

use crate::detection_time::summarise;
use crate::headline::{EventFigures, FalseByClass, event_figures, ratios};
use crate::incidents::Incident;
use crate::measure::{Measure, Undefined};
use crate::operations::rates::false_rate;
use crate::score::campaigns::subject;
use crate::score::input::ScoreInput;
use crate::score::observable::AttackEvents;
use crate::score::report::{CampaignRow, Counts, FollowUp, Headline, Target};
use crate::score::verdict::{AlertVerdict, Judged};
use crate::survival::Survival;
use crate::uncertainty::intervals::{Proportion, wilson};

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// The source's target for the mean time to detect, in seconds.
const MEAN_TIME_TARGET: f64 = 900.0;
/// The source's target for the detection rate, closed.
const DETECTION_RATE_TARGET: (f64, f64) = (0.01, 0.03);

/// False incidents of some forms by class and by look-alike.
#[derive(Debug, Default)]
pub(crate) struct FalseSplit {
    pub(crate) by_class: FalseByClass,
    pub(crate) by_look_alike: BTreeMap<String, u64>,
    pub(crate) true_incidents: u64,
}

impl FalseSplit {
    /// Splits those incidents whose alerts `keep` accepts.
    pub(crate) fn of(
        incidents: &[Incident],
        judged: &[Judged<'_>],
        keep: impl Fn(&Judged<'_>) -> bool,
    ) -> Self {
        let mut split = FalseSplit::default();
        for incident in incidents {
            let is_kept = incident
                .alerts
                .first()
                .is_some_and(|&first| keep(&judged[first]));
            if !is_kept {
                continue;
            }
            split.true_incidents += u64::from(incident.is_true);
            if let Some(class) = incident.false_class {
                split.by_class.add(class);
                if let Some(name) = look_alike(incident, judged) {
                    *split.by_look_alike.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
        split
    }
}

/// The look-alike behind the earliest false alert of an incident.
pub(crate) fn look_alike<'a>(incident: &Incident, judged: &'a [Judged<'_>]) -> Option<&'a str> {
    let first_false = incident
        .alerts
        .iter()
        .find(|&&index| judged[index].ruling.false_class.is_some())?;
    judged[*first_false].ruling.look_alike.as_deref()
}

pub(crate) fn headline(
    input: &ScoreInput<'_>,
    attacks: &AttackEvents,
    judged: &[Judged<'_>],
    incidents: &[Incident],
    campaigns: &[CampaignRow],
) -> Headline {
    let count = |test: &dyn Fn(&CampaignRow) -> bool| {
        campaigns.iter().filter(|row| test(row)).count() as u64
    };
    let total = campaigns.len() as u64;
    let detected = count(&|row| row.detected);
    let split = FalseSplit::of(incidents, judged, |one| one.in_totals);
    let false_incidents = split.by_class.total();
    let expecting = count(&|row| !row.expected.is_empty());
    let days = input.extent.scored.span().seconds_f64().max(0.0) / DAY;
    let interval =
        |successes, trials| wilson(Proportion { successes, trials }, input.options.confidence);
    let tau = input.options.tau.seconds_f64();
    let within = input.options.within.seconds_f64();
    let subjects: Vec<_> = campaigns
        .iter()
        .map(|row| subject(row.follow_up, row.time_to_detect))
        .collect();
    let survival = Survival::of(&subjects);
    let times: Vec<f64> = campaigns
        .iter()
        .filter_map(|row| row.time_to_detect.value())
        .collect();
    let reported = reported_requests(input, judged);
    Headline {
        campaigns: total,
        detected,
        missed: total - detected,
        false_incidents,
        true_incidents: split.true_incidents,
        ratios: ratios(detected, false_incidents, total - detected),
        precision_interval: interval(detected, detected + false_incidents),
        recall_interval: interval(detected, total),
        redundancy: Measure::ratio(split.true_incidents, detected, Undefined::NoDetections),
        expecting,
        recall_expected: Measure::ratio(
            count(&|row| row.detected_as_expected),
            expecting,
            Undefined::NoCampaigns,
        ),
        overlap_recall: Measure::ratio(count(&|row| row.touched), total, Undefined::NoCampaigns),
        events: event_level(attacks, judged),
        scaffolding_events: campaigns.iter().map(|row| row.scaffolding_events).sum(),
        false_by_class: split.by_class,
        false_by_look_alike: split.by_look_alike,
        scored_days: days,
        false_per_day: false_rate(false_incidents, days, input.options.confidence, 1.0),
        restricted_mean_time_to_detect: survival.restricted_mean(tau),
        p50: survival.quantile(50),
        p90: survival.quantile(90),
        recall_within: survival.recall_at(within),
        mean_detected: summarise(&times, tau, within).mean_detected,
        reported_requests: reported,
        requests: input.extent.requests,
        detection_rate: Measure::ratio(reported, input.extent.requests, Undefined::NoExposure),
        counts: counts(judged, campaigns),
    }
}

fn event_level(attacks: &AttackEvents, judged: &[Judged<'_>]) -> EventFigures {
    let evidence: Vec<(bool, Vec<EventId>)> = judged
        .iter()
        .filter(|one| one.is_counted())
        .map(|one| {
            let events = one.alert.evidence.iter().map(|row| row.event);
            (one.is_true(), events.collect())
        })
        .collect();
    let given = evidence
        .iter()
        .map(|(is_true, events)| (*is_true, events.as_slice()));
    let judged_alerts = |verdict| {
        let of_verdict = |one: &&Judged<'_>| one.is_counted() && one.ruling.verdict == verdict;
        judged.iter().filter(of_verdict).count() as u64
    };
    let true_alerts = judged_alerts(AlertVerdict::TruePositive);
    let false_alerts = judged_alerts(AlertVerdict::FalsePositive);
    EventFigures {
        // collateral and alerts that evidence cannot judge are in no precision
        alert_precision: Measure::ratio(
            true_alerts,
            true_alerts + false_alerts,
            Undefined::NoAlerts,
        ),
        ..event_figures(&attacks.all, &attacks.observable, given)
    }
}

/// Distinct requests of the scored interval in the evidence of counted alerts.
fn reported_requests(input: &ScoreInput<'_>, judged: &[Judged<'_>]) -> u64 {
    let rows = judged
        .iter()
        .filter(|one| one.is_counted())
        .flat_map(|one| &one.alert.evidence);
    let requests: BTreeSet<EventId> = rows
        .filter(|row| {
            let is_request = |table: &String| **table == *row.table;
            input.extent.scored.contains(row.time)
                && input.options.request_tables.iter().any(is_request)
        })
        .map(|row| row.event)
        .collect();
    requests.len() as u64
}

fn counts(judged: &[Judged<'_>], campaigns: &[CampaignRow]) -> Counts {
    let mut counts = Counts::default();
    for one in judged.iter().filter(|one| one.in_totals) {
        let outside = match one.ruling.verdict {
            AlertVerdict::OutsideScored => Some(&mut counts.outside_scored),
            AlertVerdict::OutsideLog => Some(&mut counts.outside_log),
            _ => None,
        };
        if let Some(outside) = outside {
            *outside += 1;
            continue;
        }
        if one.silenced_by.is_some() {
            counts.suppressed += 1;
            continue;
        }
        counts.alerts += 1;
        counts.joint += u64::from(one.ruling.joint);
        match one.ruling.verdict {
            AlertVerdict::TruePositive => counts.true_positive += 1,
            AlertVerdict::FalsePositive => counts.false_positive += 1,
            AlertVerdict::Collateral => counts.collateral += 1,
            AlertVerdict::ByWorld => counts.by_world += 1,
            AlertVerdict::OverlapOnly => counts.overlap_only += 1,
            AlertVerdict::OutsideScored | AlertVerdict::OutsideLog => {}
        }
    }
    for row in campaigns {
        counts.early += u64::from(row.first.as_ref().is_some_and(|first| first.early));
        counts.cut += u64::from(row.cut);
        counts.censored += u64::from(matches!(row.follow_up, FollowUp::Censored { .. }));
    }
    counts
}

/// The source's targets. The mean time to detect leaves misses out, so it counts as met only if
/// nothing was missed or the restricted mean meets it too.
pub(crate) fn targets(headline: &Headline) -> Vec<Target> {
    let mean = headline.mean_detected;
    let is_mean_met = mean.at_most(MEAN_TIME_TARGET).and_then(|is_met| {
        if !is_met || headline.missed == 0 {
            Some(is_met)
        } else {
            headline
                .restricted_mean_time_to_detect
                .at_most(MEAN_TIME_TARGET)
        }
    });
    let (low, high) = DETECTION_RATE_TARGET;
    let rate = headline.detection_rate;
    vec![
        Target {
            name: "MTTD".to_owned(),
            wanted: "≤ 15 min".to_owned(),
            measured: mean,
            met: is_mean_met,
        },
        Target {
            name: "detection rate".to_owned(),
            wanted: "1–3 %".to_owned(),
            measured: rate,
            met: rate.value().map(|rate| (low..=high).contains(&rate)),
        },
    ]
}
