//! What one seed leaves for pooling: counts and times, no rows, no alerts.

use livefire_schema::alert::Mode;
use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::score::campaign_subject;
use livefire_scorer::score::report::{CampaignRow, IncidentRow, RuleRow};
use livefire_scorer::survival::Subject;
use serde::{Deserialize, Serialize};

use crate::scoring::Scored;

/// What one seed gave.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SeedOutcome {
    /// The seed.
    pub seed: u64,
    /// Rows read.
    pub rows: u64,
    /// Requests in the scored interval.
    pub requests: u64,
    /// Those in the evidence of alerts.
    pub reported_requests: u64,
    /// Days of the scored interval.
    pub scored_days: f64,
    /// All detection rules in their default form.
    pub total: FormOutcome,
    /// Each rule form, in the registry's order.
    pub rules: Vec<FormOutcome>,
    /// Its campaigns.
    pub campaigns: Vec<CampaignOutcome>,
    /// First alerts of false incidents by the hour of the day (UTC).
    pub false_by_hour: Vec<u64>,
}

/// What one rule form, or all of them, gave.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FormOutcome {
    /// Rule with its variant; `all rules` for the total.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Whether it enters the total.
    pub in_totals: bool,
    /// Campaigns that expect it; all of them for the total.
    pub expected: u64,
    /// Those that it caught.
    pub caught: u64,
    /// Campaigns that it credited, expected or not.
    pub credited: u64,
    /// Emitted alerts in the scored interval.
    pub alerts: u64,
    /// True ones.
    pub true_alerts: u64,
    /// True incidents.
    pub true_incidents: u64,
    /// False incidents.
    pub false_incidents: u64,
    /// Times to detect of the campaigns that expect it.
    pub times: Vec<Observation>,
}

/// One campaign of a seed, as comparisons pair it: by seed and id.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CampaignOutcome {
    /// Id.
    pub id: String,
    /// Attack kind.
    pub kind: String,
    /// Time to detect over all rules.
    pub time: Observation,
    /// Rules of the total that credit it.
    pub credited_rules: Vec<String>,
}

/// What is known of a campaign's time to detect; seconds since its first hostile event.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "seconds")]
pub enum Observation {
    /// Detected then.
    Detected(f64),
    /// Not detected up to then, where the log ended.
    Censored(f64),
    /// Not detected, however long the log.
    Never,
}

impl From<Subject> for Observation {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Detected(seconds) => Observation::Detected(seconds),
            Subject::Censored(seconds) => Observation::Censored(seconds),
            Subject::Never => Observation::Never,
        }
    }
}

impl From<Observation> for Subject {
    fn from(observation: Observation) -> Self {
        match observation {
            Observation::Detected(seconds) => Subject::Detected(seconds),
            Observation::Censored(seconds) => Subject::Censored(seconds),
            Observation::Never => Subject::Never,
        }
    }
}

/// Name of the row over all rules.
pub(crate) const ALL_RULES: &str = "all rules";

impl SeedOutcome {
    /// What a scored run of `rows` rows leaves.
    #[must_use]
    pub fn of(seed: u64, rows: u64, scored: &Scored) -> Self {
        let (report, headline) = (&scored.report, &scored.report.headline);
        let rules = report.rules.iter().zip(&scored.subjects);
        let mut false_by_hour = vec![0; 24];
        for incident in report.incidents.iter().filter(|one| counts_as_false(one)) {
            false_by_hour[hour_of_day(incident.first)] += 1;
        }
        SeedOutcome {
            seed,
            rows,
            requests: headline.requests,
            reported_requests: headline.reported_requests,
            scored_days: headline.scored_days,
            total: FormOutcome {
                rule: ALL_RULES.to_owned(),
                mode: Mode::Streaming,
                in_totals: true,
                expected: headline.campaigns,
                caught: headline.detected,
                credited: headline.detected,
                alerts: headline.counts.alerts,
                true_alerts: headline.counts.true_positive,
                true_incidents: headline.true_incidents,
                false_incidents: headline.false_incidents,
                times: report.campaigns.iter().map(observed).collect(),
            },
            rules: rules.map(|(row, times)| form(row, times)).collect(),
            campaigns: report.campaigns.iter().map(campaign).collect(),
            false_by_hour,
        }
    }
}

fn counts_as_false(incident: &IncidentRow) -> bool {
    incident.in_totals && incident.false_class.is_some()
}

fn hour_of_day(time: EventTime) -> usize {
    let of_day = time - time.bin(TimeSpan::from_days(1));
    let hour = of_day.ticks() / TimeSpan::from_hours(1).ticks();
    usize::try_from(hour).map_or(0, |hour| hour.min(23))
}

fn observed(row: &CampaignRow) -> Observation {
    campaign_subject(row).into()
}

fn campaign(row: &CampaignRow) -> CampaignOutcome {
    CampaignOutcome {
        id: row.id.clone(),
        kind: row.kind.clone(),
        time: observed(row),
        credited_rules: row.credited_rules.clone(),
    }
}

fn form(row: &RuleRow, times: &[Subject]) -> FormOutcome {
    FormOutcome {
        rule: row.rule.clone(),
        mode: row.mode,
        in_totals: row.in_totals,
        expected: row.expected,
        caught: row.caught,
        credited: row.credited,
        alerts: row.alerts,
        true_alerts: row.true_alerts,
        true_incidents: row.true_incidents,
        false_incidents: row.false_incidents,
        times: times.iter().map(|&subject| subject.into()).collect(),
    }
}
