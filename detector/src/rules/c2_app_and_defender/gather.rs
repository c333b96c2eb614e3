//! The rows of each alert, brought together.

use livefire_schema::ids::{EventId, hash_text_lower};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::account;
use crate::context::Context;
use crate::record::Record;
use crate::rules::accounts;

/// Alerts by id, until nothing can pair with them.
#[derive(Debug)]
pub(super) struct Gather {
    alerts: FxHashMap<EventId, Gathered>,
    /// Applications by resource, from `APP_MAP`.
    applications: FxHashMap<u64, SmallVec<[u64; 1]>>,
    /// How long after the first row of an alert others belong to it.
    wait: TimeSpan,
    next_sweep: EventTime,
}

/// One alert.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Its rows so far, copies included.
    rows: SmallVec<[Record; 3]>,
    title: Box<str>,
}

impl Gather {
    pub(super) fn new(reference: &Reference, wait: TimeSpan) -> Self {
        let mut applications: FxHashMap<u64, SmallVec<[u64; 1]>> = FxHashMap::default();
        for entry in &reference.applications {
            let known = applications
                .entry(hash_text_lower(&entry.resource))
                .or_default();
            known.push(hash_text_lower(&entry.application));
        }
        Gather {
            alerts: FxHashMap::default(),
            applications,
            wait,
            next_sweep: EventTime::MIN,
        }
    }

    /// Adds a row; `true` if it is the first of its alert, which then stands for all.
    pub(super) fn add(&mut self, record: &Record, title: &str) -> bool {
        let alert = self.alerts.entry(record.event).or_default();
        if alert
            .rows
            .first()
            .is_some_and(|first| record.time - first.time > self.wait)
        {
            return false;
        }
        alert.rows.push(*record);
        if alert.title.is_empty() {
            alert.title = title.into();
        }
        alert.rows.len() == 1
    }

    pub(super) fn get(&self, alert: EventId) -> Option<&Gathered> {
        self.alerts.get(&alert)
    }

    /// All rows of the alerts that the given rows stand for.
    pub(super) fn rows_of(&self, firsts: &[Record]) -> Vec<Record> {
        let mut rows = Vec::new();
        for first in firsts {
            match self.get(first.event) {
                Some(alert) => rows.extend_from_slice(&alert.rows),
                None => rows.push(*first),
            }
        }
        rows
    }

    /// Distinct titles of the alerts, sorted.
    pub(super) fn titles_of(&self, firsts: &[Record]) -> Vec<&str> {
        let alerts = firsts.iter().filter_map(|first| self.get(first.event));
        let mut titles: Vec<&str> = alerts.map(|alert| &*alert.title).collect();
        titles.sort_unstable();
        titles.dedup();
        titles
    }

    /// Forgets alerts before `oldest`.
    pub(super) fn advance(&mut self, oldest: EventTime) {
        if oldest >= self.next_sweep {
            self.next_sweep = oldest + TimeSpan::from_minutes(30);
            self.alerts
                .retain(|_, alert| alert.rows.iter().any(|row| row.time >= oldest));
        }
    }
}

impl Gathered {
    /// The account that the alert names.
    pub(super) fn account(&self) -> Option<u64> {
        self.rows.iter().find_map(|row| account(row, row.key))
    }

    /// The applications that it is about: those of its resources, and what it names itself.
    pub(super) fn applications(&self, gather: &Gather) -> SmallVec<[u64; 1]> {
        let mut applications: SmallVec<[u64; 1]> = SmallVec::new();
        for row in &self.rows {
            if row.value != 0 {
                applications.push(row.value);
            }
            if let Some(mapped) = gather.applications.get(&row.other) {
                applications.extend_from_slice(mapped);
            }
        }
        applications.sort_unstable();
        applications.dedup();
        applications
    }

    /// Whether it is about an announced drill.
    pub(super) fn is_drill(&self, context: &Context<'_>) -> bool {
        let reference = context.reference;
        if reference.drills.is_empty() {
            return false;
        }
        let (Some(first), Some(account)) = (self.rows.first(), self.account()) else {
            return false;
        };
        let user = accounts::shown(account, reference, context.names);
        let first_of = |of: fn(&Record) -> u64| self.rows.iter().map(of).find(|&hash| hash != 0);
        let address = context.name(first_of(|row| row.address).unwrap_or(0));
        let resource = first_of(|row| row.other).or_else(|| first_of(|row| row.value));
        let resource = context.name(resource.unwrap_or(0));
        reference.is_drill_alert(&user, &address, &resource, first.time)
    }

    /// When application and, if there is one, user were known.
    pub(super) fn available(&self) -> EventTime {
        let first = |names: fn(&Record) -> bool| {
            let rows = self.rows.iter().filter(|row| names(row));
            rows.map(|row| row.available)
                .min()
                .unwrap_or(EventTime::MIN)
        };
        let application = first(|row| row.value != 0 || row.other != 0);
        application.max(first(|row| account(row, row.key).is_some()))
    }
}
