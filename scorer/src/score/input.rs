//! What scoring takes, and how it refuses.

use livefire_labels::{CampaignIndex, LabelBook, LogExtent};
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::rules::{self, RuleToken};
use livefire_schema::time::{EventTime, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::incidents::Grouping;
use crate::score::reach::BenignReach;
use crate::windows::suppression::Suppression;

/// One rule form that the run has loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedRule {
    /// Rule id with its variant, as in alerts: `R1`, `R1@app_log`.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// Counting or join window as loaded; a baseline's look-back is no part of it.
    pub window: TimeSpan,
    /// Realert time as loaded; zero where the rule has none.
    pub realert: TimeSpan,
    /// Period + offset + query delay of a scheduled rule; zero for streaming and binned forms.
    pub schedule: TimeSpan,
}

impl LoadedRule {
    /// A rule form with the registry's defaults; nothing if no rule has this id.
    #[must_use]
    pub fn with_defaults(rule: &str, mode: Mode) -> Option<Self> {
        let info = rules::rule(rule.split('@').next()?)?;
        Some(LoadedRule {
            rule: rule.to_owned(),
            mode,
            window: info.window,
            realert: info.realert,
            schedule: TimeSpan::ZERO,
        })
    }

    /// Whether it runs on a schedule.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.schedule > TimeSpan::ZERO
    }

    /// Whether it is the rule and variant that a token names, whatever the class.
    #[must_use]
    pub fn is_named_by(&self, token: &RuleToken) -> bool {
        match self.rule.split_once('@') {
            Some((rule, variant)) => {
                rule == token.rule && Some(variant) == token.variant.as_deref()
            }
            None => self.rule == token.rule && token.variant.is_none(),
        }
    }
}

/// How close a rule came to a campaign; the caller measures it, scoring prints it beside a miss.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NearestApproach {
    /// Rule with its variant.
    pub rule: String,
    /// Time semantics.
    pub mode: Mode,
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Highest level that the rule reached at one of the campaign's rows.
    pub level: u64,
    /// Its threshold.
    pub threshold: u64,
    /// Under which key.
    pub key: String,
    /// At which event time.
    pub at: EventTime,
    /// What the next event missed by: `12 s past the bin's edge`, `other key`.
    pub missed_by: String,
    /// The campaign's next event after it, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextEvent>,
    /// The level that would have been reached had every row arrived at once, if measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_without_delay: Option<u64>,
    /// The level that a run due after the log's end would have reached, if measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_after_log_end: Option<u64>,
    /// The highest level within any stretch as long as the window, whatever the grid, if measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_in_any_window: Option<u64>,
}

/// The event that came next and did not raise the level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NextEvent {
    /// How long after the nearest approach.
    pub after: TimeSpan,
    /// Whether it stood under another key.
    pub other_key: bool,
}

/// Options of scoring; all are printed with the result.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScoreOptions {
    /// Grouping into incidents.
    pub grouping: Grouping,
    /// Suppression, applied per rule form before grouping.
    pub suppression: Suppression,
    /// τ of the restricted mean time to detect.
    pub tau: TimeSpan,
    /// The x of recall@x.
    pub within: TimeSpan,
    /// Confidence of intervals.
    pub confidence: f64,
    /// Largest ingestion delay of the log: part of H, after which a miss counts as *never*.
    pub largest_ingestion_delay: TimeSpan,
    /// Tables whose events are requests, for the detection rate.
    pub request_tables: Vec<String>,
}

/// Session grouping over 5 h, no suppression, τ 24 h, recall@15 min, 95 %.
impl Default for ScoreOptions {
    fn default() -> Self {
        ScoreOptions {
            grouping: Grouping::default(),
            suppression: Suppression::default(),
            tau: TimeSpan::from_hours(24),
            within: TimeSpan::from_minutes(15),
            confidence: 0.95,
            largest_ingestion_delay: TimeSpan::ZERO,
            request_tables: vec!["ContainerLogV2".to_owned(), "AzureDiagnostics".to_owned()],
        }
    }
}

/// All that is scored.
#[derive(Clone, Debug)]
pub struct ScoreInput<'a> {
    /// Alerts of the full world, in any order.
    pub alerts: &'a [Alert],
    /// Alerts of the world without campaigns, if it was run.
    pub world_zero: Option<&'a [Alert]>,
    /// The truth.
    pub book: &'a LabelBook,
    /// What the log covers.
    pub extent: &'a LogExtent,
    /// Rule forms that ran.
    pub rules: &'a [LoadedRule],
    /// Nearest approaches, where measured.
    pub nearest: &'a [NearestApproach],
    /// How near benign traffic came to the rules, where measured.
    pub reach: &'a [BenignReach],
    /// Options.
    pub options: ScoreOptions,
}

impl ScoreInput<'_> {
    /// Whether an alert was raised by a run of a schedule.
    pub(crate) fn is_scheduled(&self, alert: &Alert) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.is_scheduled() && rule.rule == alert.rule && rule.mode == alert.mode)
    }

    /// The loaded forms that meet an expected token, in streaming mode or, where the rule runs only
    /// otherwise, in its own.
    pub(crate) fn loaded_for<'b>(
        &'b self,
        token: &'b RuleToken,
    ) -> impl Iterator<Item = &'b LoadedRule> {
        self.rules.iter().filter(|rule| rule.is_named_by(token))
    }
}

/// Why a run cannot be scored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// A counting rule reported evidence below its threshold.
    #[error(
        "alert {alert} of rule {rule}: its evidence holds {level} of the {threshold} events that the rule asks for; a detector may report only what reaches the threshold, with all rows that it counted"
    )]
    BelowThreshold {
        /// The alert.
        alert: String,
        /// Its rule.
        rule: String,
        /// n.
        level: u64,
        /// k.
        threshold: u64,
    },
    /// Two alerts share an id.
    #[error("alert id {0} is used twice; ids must be unique")]
    DuplicateId(String),
    /// The confidence is no level.
    #[error("confidence {0}: write a level between 0 and 1, as 0.95")]
    Confidence(String),
    /// A campaign begins in the days that are not scored.
    #[error(
        "campaign {campaign} begins at {t0}, before the scored interval at {start}; let it begin later or shorten `baseline:`"
    )]
    CampaignBeforeScored {
        /// The campaign.
        campaign: String,
        /// Its first hostile event.
        t0: EventTime,
        /// Start of the scored interval.
        start: EventTime,
    },
}
