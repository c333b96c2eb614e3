//! The score of a run as it is written and read: `metrics.json` and the rows of the CSV files.
//!
//! Durations are seconds. Every ratio stands with its counts; undefined carries its reason.

use std::collections::BTreeMap;

use livefire_labels::{CampaignIndex, StageExtent};
use livefire_schema::alert::Mode;
use livefire_schema::rules::RuleToken;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::attribution::FalseClass;
use crate::detection_time::{MissReason, Parts};
use crate::headline::{EventFigures, FalseByClass, Ratios};
use crate::measure::Measure;
use crate::operations::rates::FalseRate;
use crate::score::input::{NearestApproach, ScoreOptions};
use crate::score::reach::Reachability;
use crate::score::worlds::MaskedAlert;
use crate::uncertainty::intervals::Interval;

pub use crate::score::verdict::AlertVerdict;

/// The score of one run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScoreReport {
    /// Scenario, or the folder's name for foreign logs.
    pub scenario: String,
    /// Seed, where generated.
    pub seed: Option<u64>,
    /// The scored interval.
    pub scored: TimeRange,
    /// Options used.
    pub options: ScoreOptions,
    /// Figures over the default forms of all detection rules.
    pub headline: Headline,
    /// The source's targets beside what was measured.
    pub targets: Vec<Target>,
    /// One row per rule form, in the registry's order.
    pub rules: Vec<RuleRow>,
    /// One row per attack kind, by name.
    pub attacks: Vec<AttackRow>,
    /// Rule × attack, cells with a detection or an expectation only, in the order of `rules`.
    pub matrix: Vec<MatrixCell>,
    /// One row per campaign, in the order of the label book.
    pub campaigns: Vec<CampaignRow>,
    /// Expected rules that the run does not load, by campaign.
    pub left_out: Vec<LeftOut>,
    /// Incidents in the order of their first alerts.
    pub incidents: Vec<IncidentRow>,
    /// Alerts by (raised, id).
    pub alerts: Vec<AlertRow>,
    /// Alerts that an attack hid; nothing where the world without campaigns was not run.
    pub masked: Option<Vec<MaskedAlert>>,
}

/// The headline figures.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Headline {
    /// N.
    pub campaigns: u64,
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
    /// Wilson interval of `D / (D + F)`.
    pub precision_interval: Interval,
    /// Wilson interval of `D / N`.
    pub recall_interval: Interval,
    /// True incidents / D.
    pub redundancy: Measure,
    /// Campaigns with at least one loaded expected rule: the denominator of `recall_expected`.
    pub expecting: u64,
    /// Campaigns credited by one of their expected rules / `expecting`.
    pub recall_expected: Measure,
    /// Campaigns touched by the evidence of any alert / N; beside recall, never instead of it.
    pub overlap_recall: Measure,
    /// Event- and alert-level figures.
    #[serde(flatten)]
    pub events: EventFigures,
    /// Attack events that no expected rule reads: in no denominator.
    pub scaffolding_events: u64,
    /// False incidents by class.
    pub false_by_class: FalseByClass,
    /// False incidents by the look-alike that they needed.
    pub false_by_look_alike: BTreeMap<String, u64>,
    /// Days of the scored interval.
    pub scored_days: f64,
    /// False incidents per day with the exact Poisson interval.
    pub false_per_day: FalseRate,
    /// Restricted mean time to detect up to τ.
    pub restricted_mean_time_to_detect: Measure,
    /// Median time to detect.
    pub p50: Measure,
    /// 90th percentile of the time to detect.
    pub p90: Measure,
    /// Share detected within `options.within`.
    pub recall_within: Measure,
    /// Mean over detected campaigns only: conditional, never gates.
    pub mean_detected: Measure,
    /// Requests in the evidence of alerts.
    pub reported_requests: u64,
    /// Requests in the scored interval.
    pub requests: u64,
    /// Their quotient.
    pub detection_rate: Measure,
    /// Counts of alerts and campaigns that qualify the figures.
    pub counts: Counts,
}

/// Counts that stand beside the headline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Emitted alerts in the scored interval.
    pub alerts: u64,
    /// True positives among them.
    pub true_positive: u64,
    /// False positives.
    pub false_positive: u64,
    /// Collateral.
    pub collateral: u64,
    /// Judged by world only.
    pub by_world: u64,
    /// Not judged.
    pub overlap_only: u64,
    /// Dropped by suppression.
    pub suppressed: u64,
    /// Raised before the scored interval.
    pub outside_scored: u64,
    /// Nowhere near the log's time: no figure holds them.
    pub outside_log: u64,
    /// Credits that no campaign would have earned alone.
    pub joint: u64,
    /// Campaigns credited before their first hostile event.
    pub early: u64,
    /// Campaigns that the log's end cut.
    pub cut: u64,
    /// Undetected campaigns whose log was too short to call them missed for ever.
    pub censored: u64,
}

/// A target of the source.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Target {
    /// What is measured.
    pub name: String,
    /// What is wanted.
    pub wanted: String,
    /// What was measured: seconds, or a share.
    pub measured: Measure,
    /// Whether it is met; nothing where undefined.
    pub met: Option<bool>,
}

/// One rule form.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RuleRow {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Whether it enters the totals.
    pub in_totals: bool,
    /// Campaigns that expect it.
    pub expected: u64,
    /// Those that it caught, in the class that they name.
    pub caught: u64,
    /// Their quotient.
    pub recall: Measure,
    /// Campaigns that it credited, expected or not.
    pub credited: u64,
    /// Emitted alerts in the scored interval.
    pub alerts: u64,
    /// True ones.
    pub true_alerts: u64,
    /// Alerts dropped by suppression.
    pub suppressed: u64,
    /// True incidents.
    pub true_incidents: u64,
    /// False incidents.
    pub false_incidents: u64,
    /// True incidents / credited campaigns.
    pub redundancy: Measure,
    /// False incidents by class.
    pub false_by_class: FalseByClass,
    /// False incidents by look-alike.
    pub false_by_look_alike: BTreeMap<String, u64>,
    /// False incidents per day.
    pub false_per_day: Measure,
    /// Share of the expecting campaigns caught within `options.within`.
    pub recall_within: Measure,
    /// Median time to detect over the expecting campaigns.
    pub p50: Measure,
    /// 90th percentile of it.
    pub p90: Measure,
    /// Counting or join window as loaded; nothing for a rule that the run does not know.
    pub window: Option<TimeSpan>,
    /// What benign traffic says about its false alerts, where measured.
    pub benign_data: Option<Reachability>,
}

/// One attack kind.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttackRow {
    /// Attack kind, or look-alike for traps.
    pub kind: String,
    /// N.
    pub campaigns: u64,
    /// D.
    pub detected: u64,
    /// D / N.
    pub recall: Measure,
    /// Median time to detect.
    pub p50: Measure,
}

/// One cell of rule × attack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MatrixCell {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Attack kind.
    pub kind: String,
    /// Campaigns of the kind that the rule credited.
    pub detected: u64,
    /// Campaigns of the kind.
    pub total: u64,
    /// Campaigns of the kind that expect the rule; 0 marks an unexpected hit.
    pub expected: u64,
}

/// An expected rule that is not loaded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// Campaign id.
    pub campaign: String,
    /// The rule.
    pub rule: RuleToken,
}

/// One campaign.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CampaignRow {
    /// Its index in the label book.
    pub index: CampaignIndex,
    /// Id.
    pub id: String,
    /// Attack kind.
    pub kind: String,
    /// Acting account.
    pub actor: String,
    /// First hostile event.
    pub t0: EventTime,
    /// Last hostile event.
    pub t_end: EventTime,
    /// Whether the log ended first.
    pub cut: bool,
    /// Stages in order.
    pub stages: Vec<StageExtent>,
    /// Stages that an alert of the totals saw, with the first that did.
    pub stages_seen: Vec<StageSeen>,
    /// Expected rules that are loaded.
    pub expected: Vec<RuleToken>,
    /// Expected rules that are not.
    pub left_out: Vec<RuleToken>,
    /// Attack events that one of its loaded expected rules reads.
    pub observable_events: u64,
    /// Its other attack events.
    pub scaffolding_events: u64,
    /// Whether an alert that counts in totals credits it.
    pub detected: bool,
    /// Whether one of its expected rules does.
    pub detected_as_expected: bool,
    /// Whether the evidence of any alert touches it.
    pub touched: bool,
    /// The first credited alert.
    pub first: Option<Detection>,
    /// Rules of the totals that credit it, in order of their first alerts.
    pub credited_rules: Vec<String>,
    /// Seconds from t0 to the first credited alert; `+inf` for a miss.
    pub time_to_detect: Measure,
    /// How long it could be observed.
    pub follow_up: FollowUp,
    /// Why it was missed.
    pub miss: Option<Miss>,
    /// Loaded expected rules that did not catch it, whether or not another did.
    pub rule_misses: Vec<RuleMiss>,
    /// Its first detection by each rule form, in the registry's order.
    pub forms: Vec<Detection>,
}

/// How long a campaign could be observed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum FollowUp {
    /// Until it was detected.
    Detected,
    /// Long enough to say that it never would be.
    Never,
    /// Up to the log's end.
    Censored {
        /// Seconds from t0 to the log's end.
        seconds: f64,
    },
}

/// The first detection of a campaign by one rule form.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Detection {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// The alert.
    pub alert: String,
    /// When raised.
    pub raised: EventTime,
    /// Seconds since t0, 0 for an early one.
    pub time_to_detect: Measure,
    /// Whether it came before t0, on preparation.
    pub early: bool,
    /// Whether no campaign would have earned the credit alone.
    pub joint: bool,
    /// The four parts; nothing for early and joint credits.
    pub parts: Option<PartSeconds>,
    /// Seconds to this form's first alert in an expected class, if there is one.
    pub as_expected: Option<f64>,
}

/// The four parts of a time to detect, in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct PartSeconds {
    /// Until the k-th event.
    pub accumulate: f64,
    /// Until it was available.
    pub ingestion: f64,
    /// Until the run or the bin's end.
    pub schedule_wait: f64,
    /// Until the alert.
    pub run: f64,
}

impl From<Parts> for PartSeconds {
    fn from(parts: Parts) -> Self {
        PartSeconds {
            accumulate: parts.accumulate.seconds_f64(),
            ingestion: parts.ingestion.seconds_f64(),
            schedule_wait: parts.schedule_wait.seconds_f64(),
            run: parts.run.seconds_f64(),
        }
    }
}

/// Why a campaign was missed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Miss {
    /// The first reason that applies.
    pub reason: MissReason,
    /// For `suppressed`: the alert that silenced the campaign's own.
    pub silenced_by: Option<String>,
    /// How close its expected rules came.
    pub nearest: Vec<NearestApproach>,
}

/// The first alert that saw a stage.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageSeen {
    /// Name of the stage.
    pub stage: String,
    /// Rule of the alert.
    pub rule: String,
    /// The alert.
    pub alert: String,
    /// Seconds since t0, 0 for an early one.
    pub time_to_detect: Measure,
}

/// Why one expected rule did not catch a campaign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RuleMiss {
    /// The rule as it is expected.
    pub rule: RuleToken,
    /// Classes and severity with which it fired instead of as expected, where it did.
    pub fired_as: Option<Vec<String>>,
    /// Whether the run has it in bins only, which are in no total.
    pub binned_only: bool,
    /// Reason and nearest approach.
    #[serde(flatten)]
    pub miss: Miss,
}

/// One incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IncidentRow {
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Key.
    pub key: String,
    /// Whether it enters the totals.
    pub in_totals: bool,
    /// First alert's time.
    pub first: EventTime,
    /// Last alert's time.
    pub last: EventTime,
    /// Its alerts.
    pub alerts: Vec<String>,
    /// Whether one of them is true.
    pub is_true: bool,
    /// Class, if false.
    pub false_class: Option<FalseClass>,
    /// The look-alike behind its earliest false alert, if false.
    pub look_alike: Option<String>,
    /// Campaigns that its alerts credit.
    pub credited: Vec<CampaignIndex>,
}

/// One alert.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertRow {
    /// Id.
    pub id: String,
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Key.
    pub key: String,
    /// Event time.
    pub time: EventTime,
    /// When raised.
    pub raised: EventTime,
    /// Whether it enters the totals, if emitted.
    pub in_totals: bool,
    /// The verdict.
    pub verdict: AlertVerdict,
    /// For verdicts that the evidence cannot give: whether it fires without campaigns too.
    pub fires_without_campaigns: Option<bool>,
    /// k.
    pub threshold: u64,
    /// n.
    pub level: u64,
    /// b.
    pub benign: u64,
    /// Credited campaigns.
    pub credited: Vec<String>,
    /// Whether they are credited jointly.
    pub joint: bool,
    /// Campaigns with a row in the evidence.
    pub touched: Vec<String>,
    /// Class of a false positive.
    pub false_class: Option<FalseClass>,
    /// Its class with Coincidental left out.
    pub false_cause: Option<FalseClass>,
    /// The look-alike behind a confounder.
    pub look_alike: Option<String>,
    /// The emitted alert that silences it.
    pub suppressed_by: Option<String>,
    /// Its incident's position.
    pub incident: Option<u64>,
}
