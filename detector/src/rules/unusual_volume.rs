//! What U1 and U4 share: a caller's amount of one hour against their own past, and whether their
//! department rises with them.
//!
//! An alert is raised at the record that reaches the threshold and gets its severity when the UTC
//! hour of that record has passed: a rise that a whole department shares is no single person's.

use std::sync::Arc;

use livefire_schema::alert::{Semantics, Severity};
use livefire_schema::reference::Reference;
use livefire_schema::rules::RuleInfo;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value, json};

use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{BaselineCount, Comparison, Standing};
use crate::record::Record;
use crate::rules::r4_new_source_ip::between;

const HOUR: TimeSpan = TimeSpan::from_hours(1);

/// The parameters; `what` says what the floor counts.
pub(super) fn parameters(info: &RuleInfo, what: &'static str) -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::count("floor", info.threshold, what),
        ParameterSpec::ratio(
            "factor",
            10.0,
            1.0..=10_000.0,
            "so many times the mean of an active hour of the past alerts",
        ),
        ParameterSpec::span("window", info.window, "sliding window"),
        between(
            ParameterSpec::span(
                "lookback",
                TimeSpan::from_days(7),
                "the past begins this long before",
            ),
            TimeSpan::from_days(1)..=TimeSpan::from_days(365),
        ),
        ParameterSpec::span("exclude", HOUR, "the past ends this long before"),
        ParameterSpec::count(
            "active_days",
            3,
            "active days without which there is no past to compare with",
        ),
        ParameterSpec::word(
            "without_baseline",
            &["floor", "ignore"],
            "whether the floor counts alone where there is no past",
        ),
        ParameterSpec::count(
            "peers",
            5,
            "so many users of one department over their floor in that hour make it Low",
        ),
        ParameterSpec::span(
            "realert",
            info.realert,
            "an unbroken run alerts again after this",
        ),
        ParameterSpec::severity(info.severity),
    ]
}

/// How long after its time a row may be printed in an alert.
pub(super) fn horizon(parameters: &Parameters) -> TimeSpan {
    parameters.span("window") + HOUR
}

/// The state that both rules keep.
#[derive(Debug)]
pub(super) struct UnusualVolume {
    floor: u64,
    peers: usize,
    severity: Severity,
    counts: BaselineCount,
    /// Department of each identity; 0 for none.
    departments: Arc<[u32]>,
    /// Accounts over their floor, by hour and department.
    over: FxHashMap<(EventTime, u32), FxHashSet<u64>>,
    pending: Vec<Pending>,
}

/// An alert that waits for its hour to pass.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) completing: Record,
    /// Rows of the window with the amount of each, copies without one.
    pub(super) rows: Vec<(Record, u64)>,
    standing: Standing,
    account: u64,
}

/// What only one of the two rules can say.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) key: String,
    pub(super) entities: Vec<livefire_schema::alert::Entity>,
    pub(super) details: Map<String, Value>,
}

impl UnusualVolume {
    pub(super) fn new(parameters: &Parameters, reference: &Reference) -> Self {
        UnusualVolume {
            floor: parameters.count("floor"),
            peers: usize::try_from(parameters.count("peers")).unwrap_or(usize::MAX),
            severity: parameters.severity(),
            counts: BaselineCount::new(Comparison {
                window: parameters.span("window"),
                lookback: parameters.span("lookback"),
                gap: parameters.span("exclude"),
                floor: parameters.count("floor"),
                factor: parameters.ratio("factor"),
                least_days: parameters.count("active_days"),
                floor_alone: parameters.word("without_baseline") == "floor",
                realert: parameters.span("realert"),
            }),
            departments: departments(reference),
            over: FxHashMap::default(),
            pending: Vec::new(),
        }
    }

    /// Adds a record's amount; `account` is the caller's key, `other` of the record their name.
    pub(super) fn apply(
        &mut self,
        record: &Record,
        amount: u64,
        account: u64,
        context: &mut Context<'_>,
    ) {
        let standing = self.counts.apply(record, amount);
        if let Some(threshold) = standing.threshold {
            context.level(record, record.other, standing.level, threshold);
        }
        if standing.level >= self.floor
            && let Some(department) = self.department(account)
        {
            let hour = record.time.bin(HOUR);
            let over = self.over.entry((hour, department)).or_default();
            over.insert(account);
        }
        if standing.fires {
            let rows = self.counts.rows(record.key).copied().collect();
            self.pending.push(Pending {
                completing: *record,
                rows,
                standing,
                account,
            });
        } else if standing.is_copy {
            let same = self.pending.iter_mut().filter(|pending| {
                let first = &pending.completing;
                (first.key, first.time, first.event) == (record.key, record.time, record.event)
            });
            same.for_each(|pending| pending.rows.push((*record, 0)));
        }
    }

    /// Raises alerts whose hour has passed; `say` gives what depends on the rule.
    pub(super) fn advance(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
        say: impl Fn(&Pending, &Context<'_>) -> Said,
    ) {
        let is_due = |time: EventTime| time.bin(HOUR) + HOUR <= watermark;
        if self.pending.iter().any(|one| is_due(one.completing.time)) {
            let pending = std::mem::take(&mut self.pending);
            let (due, pending): (Vec<Pending>, Vec<Pending>) = pending
                .into_iter()
                .partition(|one| is_due(one.completing.time));
            self.pending = pending;
            for one in &due {
                let draft = self.describe(one, say(one, context), context);
                context.raise(draft);
            }
        }
        if !self.over.is_empty() {
            self.over.retain(|&(hour, _), _| !is_due(hour));
        }
        self.counts.forget(watermark);
    }

    fn department(&self, account: u64) -> Option<u32> {
        let index = usize::try_from(account).ok()?;
        let department = self.departments.get(index).copied();
        department.filter(|&department| department != 0)
    }

    fn describe(&self, one: &Pending, said: Said, context: &Context<'_>) -> AlertDraft {
        let (completing, standing) = (one.completing, one.standing);
        let department = self.department(one.account);
        let hour = completing.time.bin(HOUR);
        let over = department.and_then(|department| self.over.get(&(hour, department)));
        let over = over.map_or(0, FxHashSet::len);
        let threshold = standing.threshold.unwrap_or(self.floor);
        let available = reached_at(&one.rows, threshold);
        let mut carried = said.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set("level", json!(standing.level));
        set("threshold", json!(threshold));
        set("baseline_mean_per_active_hour", json!(standing.mean));
        set("baseline_active_hours", json!(standing.active_hours));
        set("baseline_active_days", json!(standing.active_days));
        set("department_users_over_floor", json!(over));
        AlertDraft {
            semantics: Semantics::Baseline,
            key: said.key,
            completing,
            threshold,
            level: standing.level,
            window: self.counts.window_until(completing.time),
            available,
            raised: available,
            severity: if over >= self.peers {
                Severity::Low
            } else {
                self.severity
            },
            classes: Vec::new(),
            entities: said.entities,
            evidence: one
                .rows
                .iter()
                .map(|(row, _)| context.evidence(row))
                .collect(),
            details: carried,
        }
    }
}

/// The earliest instant at which rows available by then reach the threshold.
fn reached_at(rows: &[(Record, u64)], threshold: u64) -> EventTime {
    let mut events: Vec<(EventTime, u64)> = Vec::new();
    let mut index = FxHashMap::default();
    for (row, amount) in rows {
        let place = *index.entry(row.event).or_insert_with(|| {
            events.push((row.available, 0));
            events.len() - 1
        });
        let (available, sum) = &mut events[place];
        *available = row.available.min(*available);
        *sum += amount;
    }
    events.sort_unstable();
    let mut reached = 0;
    for (available, amount) in &events {
        reached += amount;
        if reached >= threshold {
            return *available;
        }
    }
    events
        .last()
        .map_or(EventTime::MIN, |(available, _)| *available)
}

/// A number for each identity's department, 0 for none.
fn departments(reference: &Reference) -> Arc<[u32]> {
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let identities = reference.identities.iter();
    identities
        .map(|identity| {
            let name = identity.department.trim().to_lowercase();
            if name.is_empty() {
                return 0;
            }
            let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
            *numbers.entry(name).or_insert(next)
        })
        .collect()
}
