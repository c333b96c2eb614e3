//! Recall, precision, F1 and what stands beside them.
//!
//! Precision counts detected campaigns, not true incidents: ten incidents for one campaign buy
//! nothing. EVALUATION.md §4, vectors `ratio_metrics`, `event_alert_metrics`, `campaign_score`.

use std::collections::BTreeSet;

use livefire_schema::time::EventTime;
use serde::{Deserialize, Serialize};

use crate::attribution::{FalseClass, Origin, Verdict, attribute_events};
use crate::incidents::{self, GroupedAlert, Grouping};
use crate::measure::{Measure, Undefined};

/// Precision, recall and F1 from counts.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ratios {
    /// `D / (D + F)`.
    pub precision: Measure,
    /// `D / N`.
    pub recall: Measure,
    /// `2D / (2D + F + M)`; undefined without campaigns.
    pub f1: Measure,
}

/// The ratios of D detected and M missed campaigns and F false incidents.
#[must_use]
pub fn ratios(detected: u64, false_incidents: u64, missed: u64) -> Ratios {
    let campaigns = detected + missed;
    let f1_denominator = if campaigns == 0 {
        0
    } else {
        2 * detected + false_incidents + missed
    };
    Ratios {
        precision: Measure::ratio(
            detected,
            detected + false_incidents,
            Undefined::NothingReported,
        ),
        recall: Measure::ratio(detected, campaigns, Undefined::NoCampaigns),
        f1: Measure::ratio(2 * detected, f1_denominator, Undefined::NoCampaigns),
    }
}

/// Event- and alert-level figures.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventFigures {
    /// True alerts / alerts.
    pub alert_precision: Measure,
    /// Share of the evidence of all alerts that are attack events.
    pub event_precision: Measure,
    /// Share of the observable attack events that stand in the evidence of true alerts.
    pub event_recall: Measure,
}

/// Event- and alert-level figures; an alert is (is it true, its evidence), ids are distinct events.
#[must_use]
pub fn event_figures<'a, E: Ord + 'a>(
    attack_events: &BTreeSet<E>,
    observable_attack_events: &BTreeSet<E>,
    alerts: impl IntoIterator<Item = (bool, &'a [E])>,
) -> EventFigures {
    let (mut total, mut true_alerts) = (0, 0);
    let mut evidence = BTreeSet::new();
    let mut true_evidence = BTreeSet::new();
    for (is_true, events) in alerts {
        total += 1;
        true_alerts += u64::from(is_true);
        evidence.extend(events);
        if is_true {
            true_evidence.extend(events);
        }
    }
    let hits = evidence
        .iter()
        .filter(|event| attack_events.contains(event))
        .count();
    let seen = observable_attack_events
        .iter()
        .filter(|event| true_evidence.contains(event))
        .count();
    EventFigures {
        alert_precision: Measure::ratio(true_alerts, total, Undefined::NoAlerts),
        event_precision: Measure::ratio(
            hits as u64,
            evidence.len() as u64,
            Undefined::NothingReported,
        ),
        event_recall: Measure::ratio(
            seen as u64,
            observable_attack_events.len() as u64,
            Undefined::NoEvents,
        ),
    }
}

/// False incidents by class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FalseByClass {
    /// Evidence touched an attack.
    #[serde(rename = "Coincidental")]
    pub coincidental: u64,
    /// A look-alike was needed.
    #[serde(rename = "Confounder")]
    pub confounder: u64,
    /// Ordinary traffic alone.
    #[serde(rename = "Noise")]
    pub noise: u64,
}

impl FalseByClass {
    /// Counts one more.
    pub fn add(&mut self, class: FalseClass) {
        match class {
            FalseClass::Coincidental => self.coincidental += 1,
            FalseClass::Confounder => self.confounder += 1,
            FalseClass::Noise => self.noise += 1,
        }
    }

    /// All classes together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.coincidental + self.confounder + self.noise
    }
}

/// A campaign as the compact form of scoring knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlainCampaign {
    /// Unique id.
    pub id: String,
    /// First hostile event.
    pub t0: EventTime,
    /// Rules that are expected to fire.
    pub expected_rules: Vec<String>,
}

/// An alert of a count rule as the compact form knows it; every evidence row is an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlainAlert {
    /// Unique id.
    pub id: String,
    /// Rule.
    pub rule: String,
    /// Key.
    pub key: String,
    /// When raised.
    pub time: EventTime,
    /// k.
    pub threshold: u64,
    /// Origin of each event that the rule counted.
    pub evidence: Vec<Origin<String>>,
}

/// A detector reported an alert whose evidence does not reach its threshold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "alert {id} has {level} events of the {threshold} that its rule asks for; no such alert may be reported"
)]
pub struct BelowThreshold {
    /// The alert.
    pub id: String,
    /// Its n.
    pub level: u64,
    /// Its k.
    pub threshold: u64,
}

/// Every headline figure of a small world.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlainScore {
    /// D.
    pub detected: u64,
    /// M.
    pub missed: u64,
    /// F.
    pub false_incidents: u64,
    /// True incidents.
    pub true_incidents: u64,
    /// Precision, recall, F1.
    #[serde(flatten)]
    pub ratios: Ratios,
    /// Campaigns credited by one of their expected rules, over those that expect one.
    pub recall_expected: Measure,
    /// Campaigns touched by any alert's evidence / N.
    pub overlap_recall: Measure,
    /// True incidents / D.
    pub redundancy: Measure,
    /// True alerts / alerts.
    pub alert_precision: Measure,
    /// False incidents by class.
    pub false_by_class: FalseByClass,
    /// Time to detect in seconds, in the order of the campaigns; `+inf` for a miss.
    pub time_to_detect: Vec<Measure>,
}

/// Scores campaigns against alerts that are all emitted and all in the scored interval.
///
/// # Errors
/// [`BelowThreshold`] for an alert with fewer events than its threshold.
pub fn score_plain(
    campaigns: &[PlainCampaign],
    alerts: &[PlainAlert],
    grouping: Grouping,
) -> Result<PlainScore, BelowThreshold> {
    let mut order: Vec<&PlainAlert> = alerts.iter().collect();
    order.sort_by_key(|alert| (alert.time, &alert.id));
    let mut first: Vec<Option<EventTime>> = vec![None; campaigns.len()];
    let mut expected = vec![false; campaigns.len()];
    let mut touched = vec![false; campaigns.len()];
    let mut grouped = Vec::with_capacity(order.len());
    for alert in &order {
        let verdict = attribute_events(alert.threshold, alert.evidence.iter().cloned());
        if verdict.verdict == Verdict::NotAnAlert {
            return Err(BelowThreshold {
                id: alert.id.clone(),
                level: verdict.level,
                threshold: alert.threshold,
            });
        }
        for (index, campaign) in campaigns.iter().enumerate() {
            touched[index] |= alert
                .evidence
                .iter()
                .any(|origin| origin.caused_by() == Some(&campaign.id));
            if verdict.credited.contains(&campaign.id) {
                first[index].get_or_insert(alert.time);
                expected[index] |= campaign.expected_rules.contains(&alert.rule);
            }
        }
        grouped.push(GroupedAlert {
            id: &alert.id,
            rule: &alert.rule,
            key: &alert.key,
            time: alert.time,
            is_true: verdict.verdict == Verdict::TruePositive,
            false_class: verdict.false_class,
        });
    }
    let incidents = incidents::group(&grouped, grouping);
    let mut false_by_class = FalseByClass::default();
    for class in incidents.iter().filter_map(|incident| incident.false_class) {
        false_by_class.add(class);
    }
    let share =
        |hits: usize, of: usize| Measure::ratio(hits as u64, of as u64, Undefined::NoCampaigns);
    let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
    let detected = first.iter().flatten().count() as u64;
    let missed = campaigns.len() as u64 - detected;
    let true_incidents = incidents.iter().filter(|incident| incident.is_true).count() as u64;
    let true_alerts = grouped.iter().filter(|alert| alert.is_true).count() as u64;
    let expecting = campaigns
        .iter()
        .filter(|campaign| !campaign.expected_rules.is_empty())
        .count();
    Ok(PlainScore {
        detected,
        missed,
        false_incidents: false_by_class.total(),
        true_incidents,
        ratios: ratios(detected, false_by_class.total(), missed),
        recall_expected: share(count(&expected), expecting),
        overlap_recall: share(count(&touched), campaigns.len()),
        redundancy: Measure::ratio(true_incidents, detected, Undefined::NoDetections),
        alert_precision: Measure::ratio(true_alerts, grouped.len() as u64, Undefined::NoAlerts),
        false_by_class,
        time_to_detect: campaigns
            .iter()
            .zip(first)
            .map(|(campaign, time)| time_to_detect(campaign.t0, time))
            .collect(),
    })
}

/// Seconds from `t0` to the first credited alert; 0 for one before t0, `+inf` without one.
#[must_use]
pub fn time_to_detect(t0: EventTime, first_credited: Option<EventTime>) -> Measure {
    match first_credited {
        Some(time) => Measure::number((time - t0).seconds_f64().max(0.0)),
        None => Measure::INFINITE,
    }
}
