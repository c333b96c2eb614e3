//! Grouping of alerts into incidents, per (rule, key).
//!
//! An incident is true iff one of its alerts is; so false alerts inside a true incident cost
//! nothing here, and results compare only at equal grouping. EVALUATION.md §3, vectors
//! `incident_grouping`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use crate::attribution::FalseClass;

/// How alerts of one rule and key become incidents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode", content = "gap")]
pub enum Grouping {
    /// Joins iff at most this long after the incident's latest alert.
    Session(TimeSpan),
    /// Joins iff at most this long after the incident's first alert.
    Anchored(TimeSpan),
    /// One incident per alert.
    None,
}

/// Session grouping over 5 h.
impl Default for Grouping {
    fn default() -> Self {
        Grouping::Session(TimeSpan::from_hours(5))
    }
}

/// What grouping needs to know of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupedAlert<'a> {
    /// Unique id.
    pub id: &'a str,
    /// Rule, with variant and mode where they differ.
    pub rule: &'a str,
    /// Grouping key; empty for a rule without one.
    pub key: &'a str,
    /// Time of the alert (when raised).
    pub time: EventTime,
    /// Whether it is a true positive.
    pub is_true: bool,
    /// Its class if it is a false positive; nothing for alerts that are neither.
    pub false_class: Option<FalseClass>,
}

/// One incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// Its alerts as indices into the input, by (time, id).
    pub alerts: Vec<usize>,
    /// Whether one of them is a true positive.
    pub is_true: bool,
    /// Class of its earliest false alert, if the incident is false; nothing for true ones and for
    /// those that hold neither true nor false alerts.
    pub false_class: Option<FalseClass>,
}

/// Groups alerts given in any order; incidents come in the order of their first alerts.
#[must_use]
pub fn group(alerts: &[GroupedAlert<'_>], grouping: Grouping) -> Vec<Incident> {
    let mut order: Vec<usize> = (0..alerts.len()).collect();
    order.sort_by_key(|&index| (alerts[index].time, alerts[index].id));
    let mut incidents: Vec<Incident> = Vec::new();
    let mut open: HashMap<(&str, &str), usize, BuildHasherDefault<FxHasher>> = HashMap::default();
    for index in order {
        let alert = &alerts[index];
        let reference = |incident: &Incident| -> Option<(EventTime, TimeSpan)> {
            let (member, gap) = match grouping {
                Grouping::Session(gap) => (incident.alerts.last()?, gap),
                Grouping::Anchored(gap) => (incident.alerts.first()?, gap),
                Grouping::None => return None,
            };
            Some((alerts[*member].time, gap))
        };
        let joined = open.get(&(alert.rule, alert.key)).copied().filter(|&at| {
            reference(&incidents[at]).is_some_and(|(time, gap)| alert.time - time <= gap)
        });
        match joined {
            Some(at) => incidents[at].alerts.push(index),
            None => {
                open.insert((alert.rule, alert.key), incidents.len());
                incidents.push(Incident {
                    alerts: vec![index],
                    is_true: false,
                    false_class: None,
                });
            }
        }
    }
    for incident in &mut incidents {
        let members = || incident.alerts.iter().map(|&index| &alerts[index]);
        incident.is_true = members().any(|alert| alert.is_true);
        if !incident.is_true {
            incident.false_class = members().find_map(|alert| alert.false_class);
        }
    }
    incidents
}

/// Number of false incidents.
#[must_use]
pub fn count_false(incidents: &[Incident]) -> u64 {
    incidents
        .iter()
        .filter(|incident| incident.false_class.is_some())
        .count() as u64
}
