//! Why a campaign was caught, caught late or missed, and why an incident is false: from what a run
//! has written, without running anything again.
//!
//! Nothing is computed here that the score does not hold: this picks the figures of one campaign or
//! incident, puts the evidence's rows beside their labels, and says what would have been enough.

mod remedies;

use livefire_labels::{Class, LabelBook};
use livefire_schema::alert::{Alert, EvidenceRow, Mode};
use livefire_schema::time::EventTime;
use livefire_scorer::attribution::FalseClass;
use livefire_scorer::detection_time::MissReason;
use livefire_scorer::score::report::{
    AlertRow, CampaignRow, Detection, IncidentRow, PartSeconds, RuleMiss, ScoreReport, StageSeen,
};
use livefire_scorer::{Measure, NearestApproach};
use serde::Serialize;

pub use remedies::Remedy;

/// The answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum Why {
    /// A campaign.
    Campaign(Box<CampaignWhy>),
    /// An incident.
    Incident(Box<IncidentWhy>),
}

/// Why a campaign was caught, or not.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CampaignWhy {
    /// Id.
    pub id: String,
    /// Attack kind.
    pub kind: String,
    /// First hostile event.
    pub t0: EventTime,
    /// Last hostile event.
    pub t_end: EventTime,
    /// Whether an alert that counts in totals credits it.
    pub detected: bool,
    /// Seconds from t0 to the first such alert; `+inf` for a miss.
    pub time_to_detect: Measure,
    /// For a miss, the first reason that applies.
    pub reason: Option<MissReason>,
    /// Stages that were seen, of `stages`.
    pub stages_seen: Vec<StageSeen>,
    /// Names of all stages in order.
    pub stages: Vec<String>,
    /// The first alert.
    pub found: Option<Found>,
    /// Every expected rule, as expected.
    pub rules: Vec<RuleWhy>,
    /// Other forms that saw it: variants, bins, rules that were not expected.
    pub also: Vec<Detection>,
}

/// The first alert that caught a campaign.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Found {
    /// Rule with variant.
    pub rule: String,
    /// The alert.
    pub alert: String,
    /// Its key.
    pub key: String,
    /// When it was raised.
    pub raised: EventTime,
    /// Events that it counted, of those that it asks for.
    pub level: u64,
    /// k.
    pub threshold: u64,
    /// The four parts of the time to detect; nothing for early and joint credits.
    pub parts: Option<PartSeconds>,
    /// The part that took longest, and what changes it.
    pub longest: Option<(String, String)>,
    /// The rows that the rule counted, in order.
    pub evidence: Vec<RowWhy>,
}

/// A row of evidence beside its label.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RowWhy {
    /// Event time.
    pub time: EventTime,
    /// When it could be seen.
    pub available: EventTime,
    /// Table.
    pub table: String,
    /// `_ItemId`.
    pub item: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Campaign or look-alike; empty for ordinary traffic.
    pub of: String,
    /// Stage, for a campaign's row.
    pub stage: String,
    /// Whether it is a row of the event that completed the alert.
    pub completes: bool,
}

/// Where a row comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Ordinary traffic.
    Benign,
    /// A look-alike.
    LookAlike,
    /// An attack's own row.
    Attack,
    /// A harmless row that an attack caused.
    Collateral,
}

/// What one expected rule did.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RuleWhy {
    /// As expected.
    pub rule: String,
    /// What it did.
    pub outcome: Outcome,
    /// Seconds to its first alert as expected; nothing where it did not catch the campaign.
    pub seconds: Option<f64>,
    /// Why not, for a miss.
    pub reason: Option<MissReason>,
    /// Classes in which it fired instead.
    pub fired_as: Option<Vec<String>>,
    /// How near each of its forms came.
    pub nearest: Vec<NearestApproach>,
    /// What would have been enough.
    pub would_have: Vec<Remedy>,
}

/// What a rule did about a campaign that expects it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Caught it.
    Caught,
    /// Fired in another class than expected.
    OtherClass,
    /// Ran in bins only.
    BinsOnly,
    /// Did not catch it.
    Missed,
    /// Did not run.
    NotLoaded,
}

/// Why an incident is false, or true.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IncidentWhy {
    /// Id of its first alert.
    pub id: String,
    /// Rule with variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Key.
    pub key: String,
    /// First alert's time.
    pub first: EventTime,
    /// Last alert's time.
    pub last: EventTime,
    /// Number of its alerts.
    pub alerts: u64,
    /// Whether one of them is true.
    pub is_true: bool,
    /// Campaigns that it is credited to.
    pub credited: Vec<String>,
    /// Class of a false one.
    pub false_class: Option<FalseClass>,
    /// The look-alike without which it would not have fired.
    pub look_alike: Option<String>,
    /// Of the alert that decides: n, of which benign, and k.
    pub level: u64,
    /// b.
    pub benign: u64,
    /// k.
    pub threshold: u64,
    /// The rows of that alert.
    pub evidence: Vec<RowWhy>,
}

/// Names that can be asked for: campaigns, then incidents by their first alert.
#[must_use]
pub fn names(report: &ScoreReport) -> Vec<&str> {
    let campaigns = report.campaigns.iter().map(|row| row.id.as_str());
    let incidents = report.incidents.iter().filter_map(|row| row.alerts.first());
    campaigns.chain(incidents.map(String::as_str)).collect()
}

/// The answer for a campaign's id, or for the id of any alert of an incident.
#[must_use]
pub fn why(report: &ScoreReport, alerts: &[Alert], book: &LabelBook, name: &str) -> Option<Why> {
    if let Some(row) = report.campaigns.iter().find(|row| row.id == name) {
        return Some(Why::Campaign(Box::new(of_campaign(
            report, alerts, book, row,
        ))));
    }
    let holds = |row: &&IncidentRow| row.alerts.iter().any(|id| id == name);
    let row = report.incidents.iter().find(holds)?;
    of_incident(report, alerts, book, row).map(|why| Why::Incident(Box::new(why)))
}

fn of_campaign(
    report: &ScoreReport,
    alerts: &[Alert],
    book: &LabelBook,
    row: &CampaignRow,
) -> CampaignWhy {
    let expects = |rule: &str| row.expected.iter().any(|token| token.rule == rule);
    let found = row.first.as_ref();
    CampaignWhy {
        id: row.id.clone(),
        kind: row.kind.clone(),
        t0: row.t0,
        t_end: row.t_end,
        detected: row.detected,
        time_to_detect: row.time_to_detect,
        reason: row.miss.as_ref().map(|miss| miss.reason),
        stages_seen: row.stages_seen.clone(),
        stages: row.stages.iter().map(|stage| stage.name.clone()).collect(),
        found: found.and_then(|first| found_by(alerts, book, first)),
        rules: rules(report, row),
        also: row
            .forms
            .iter()
            .filter(|form| !(expects(&form.rule) && form.mode == Mode::Streaming))
            .cloned()
            .collect(),
    }
}

fn found_by(alerts: &[Alert], book: &LabelBook, first: &Detection) -> Option<Found> {
    let alert = alerts.iter().find(|alert| alert.id == first.alert)?;
    Some(Found {
        rule: alert.rule.clone(),
        alert: alert.id.clone(),
        key: alert.key.clone(),
        raised: alert.raised,
        level: alert.level,
        threshold: alert.threshold,
        parts: first.parts,
        longest: first.parts.map(remedies::longest),
        evidence: evidence(alert, book),
    })
}

/// Every expected rule, those that did not run last.
fn rules(report: &ScoreReport, row: &CampaignRow) -> Vec<RuleWhy> {
    let bare = |rule: String, outcome| RuleWhy {
        rule,
        outcome,
        seconds: None,
        reason: None,
        fired_as: None,
        nearest: Vec::new(),
        would_have: Vec::new(),
    };
    let expected = row.expected.iter().map(|token| {
        let missed = row.rule_misses.iter().find(|miss| miss.rule == *token);
        let Some(missed) = missed else {
            let forms = row.forms.iter().filter(|form| form.mode == Mode::Streaming);
            let mut times = forms.filter(|form| is_of(&form.rule, token));
            let seconds = times.find_map(|form| form.as_expected);
            return RuleWhy {
                seconds,
                ..bare(token.to_string(), Outcome::Caught)
            };
        };
        RuleWhy {
            reason: Some(missed.miss.reason),
            fired_as: missed.fired_as.clone(),
            nearest: missed.miss.nearest.clone(),
            would_have: remedies::of(report, row, missed),
            ..bare(token.to_string(), outcome(missed))
        }
    });
    let left_out = row.left_out.iter();
    let left_out = left_out.map(|token| bare(token.to_string(), Outcome::NotLoaded));
    expected.chain(left_out).collect()
}

fn is_of(form: &str, token: &livefire_schema::rules::RuleToken) -> bool {
    match form.split_once('@') {
        Some((rule, variant)) => rule == token.rule && Some(variant) == token.variant.as_deref(),
        None => form == token.rule && token.variant.is_none(),
    }
}

fn outcome(missed: &RuleMiss) -> Outcome {
    match (missed.binned_only, &missed.fired_as) {
        (true, _) => Outcome::BinsOnly,
        (false, Some(_)) => Outcome::OtherClass,
        (false, None) => Outcome::Missed,
    }
}

fn of_incident(
    report: &ScoreReport,
    alerts: &[Alert],
    book: &LabelBook,
    row: &IncidentRow,
) -> Option<IncidentWhy> {
    let members: Vec<&AlertRow> = report
        .alerts
        .iter()
        .filter(|alert| row.alerts.contains(&alert.id))
        .collect();
    // A true incident rests on its first true alert, a false one on its first false one.
    let decides = |alert: &&&AlertRow| {
        if row.is_true {
            !alert.credited.is_empty()
        } else {
            alert.false_class.is_some()
        }
    };
    let decisive = members.iter().find(decides).or(members.first())?;
    let alert = alerts.iter().find(|alert| alert.id == decisive.id)?;
    let names = row.credited.iter();
    let names = names.filter_map(|index| book.campaign(*index));
    Some(IncidentWhy {
        id: row.alerts.first()?.clone(),
        rule: row.rule.clone(),
        mode: row.mode,
        key: row.key.clone(),
        first: row.first,
        last: row.last,
        alerts: u64::try_from(row.alerts.len()).unwrap_or(u64::MAX),
        is_true: row.is_true,
        credited: names.map(|campaign| campaign.id.clone()).collect(),
        false_class: row.false_class,
        look_alike: row.look_alike.clone(),
        level: decisive.level,
        benign: decisive.benign,
        threshold: decisive.threshold,
        evidence: evidence(alert, book),
    })
}

fn evidence(alert: &Alert, book: &LabelBook) -> Vec<RowWhy> {
    let rows = alert.evidence.iter();
    rows.map(|row| beside_label(alert, row, book)).collect()
}

fn beside_label(alert: &Alert, row: &EvidenceRow, book: &LabelBook) -> RowWhy {
    let group = book.group_of(row.item);
    let campaign = group.and_then(|group| book.campaign(group.caused_by?));
    let look_alike = group.and_then(|group| group.hard_negative.clone());
    let origin = match (campaign, group) {
        (Some(_), Some(group)) if group.class == Class::Benign => Origin::Collateral,
        (Some(_), _) => Origin::Attack,
        (None, _) if look_alike.is_some() => Origin::LookAlike,
        (None, _) => Origin::Benign,
    };
    RowWhy {
        time: row.time,
        available: row.available,
        table: row.table.to_string(),
        item: row.item.to_string(),
        origin,
        of: campaign.map_or_else(
            || look_alike.unwrap_or_default(),
            |campaign| campaign.id.clone(),
        ),
        stage: campaign
            .and(group)
            .map_or_else(String::new, |group| group.stage.clone()),
        completes: row.time == alert.time,
    }
}
