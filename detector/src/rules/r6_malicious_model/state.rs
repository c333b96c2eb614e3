//! The state of R6: uses by deployment, findings by model, days that have alerted.

use std::sync::Arc;

use livefire_schema::alert::{Severity, Side};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use serde_json::{Value, json};
use smallvec::SmallVec;

use super::FINDING;
use super::models::Models;
use super::uses::{COUNTED, Usage, Uses};
use crate::context::{AlertDraft, Context};
use crate::parameters::Parameters;
use crate::primitives::{Match, is_copy};
use crate::record::Record;
use crate::rules::{Rule, details, joined};

const DAY: TimeSpan = TimeSpan::from_days(1);
/// The longest that a recommendation may come after its time: what Azure Monitor keeps the time of.
const LATEST: TimeSpan = TimeSpan::from_hours(48);
/// Findings kept of a model: the first and the newest ones.
const FINDINGS: usize = 8;
/// How often old state is looked for.
const SWEEP: TimeSpan = TimeSpan::from_hours(1);

/// Models and deployments of one world.
#[derive(Debug)]
pub(super) struct State {
    window: TimeSpan,
    severity: Severity,
    models: Models,
    /// By deployment.
    uses: Vec<Uses>,
    /// By model.
    flagged: Vec<Flagged>,
    /// Alerts whose completing row may still have copies to come; `key` is the model.
    open: Vec<Match>,
    next_sweep: EventTime,
}

#[derive(Debug, Default)]
struct Flagged {
    findings: Vec<Finding>,
    /// Days that have alerted, as far back as a late finding can reach.
    days: SmallVec<[EventTime; 4]>,
}

#[derive(Clone, Debug)]
struct Finding {
    /// With its own time.
    record: Record,
    title: Box<str>,
}

impl State {
    pub(super) fn new(parameters: &Parameters, reference: &Arc<Reference>) -> Self {
        let models = Models::new(reference);
        State {
            window: parameters.span("window"),
            severity: parameters.severity(),
            uses: models.deployments.iter().map(|_| Uses::default()).collect(),
            flagged: models.models.iter().map(|_| Flagged::default()).collect(),
            models,
            open: Vec::new(),
            next_sweep: EventTime::MIN,
        }
    }
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        let mut record = *record;
        if record.kind == FINDING {
            record.time = EventTime::from_ticks(record.value.cast_signed());
        }
        if self.is_copy_of_open(&record) {
            return;
        }
        self.raise(context);
        if record.kind == FINDING {
            self.finding(&record, text, context);
        } else {
            self.r#use(&record, context);
        }
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.raise(context);
        if watermark >= self.next_sweep {
            self.next_sweep = watermark + SWEEP;
            let oldest = watermark - self.window - LATEST;
            self.uses.iter_mut().for_each(|uses| uses.forget(oldest));
            for flagged in &mut self.flagged {
                flagged.days.retain(|day| *day + DAY > oldest);
            }
        }
    }
}

impl State {
    /// A copy of an alert's completing row is evidence once more.
    fn is_copy_of_open(&mut self, record: &Record) -> bool {
        let mut is_known = false;
        for open in &mut self.open {
            let first = &open.completing[0];
            let is_other_row = open.completing.iter().all(|row| row.item != record.item);
            if is_copy(first, record) && first.key == record.key && is_other_row {
                open.completing.push(*record);
                is_known = true;
            }
        }
        is_known && record.kind != FINDING
    }

    fn r#use(&mut self, record: &Record, context: &mut Context<'_>) {
        let deployment = position(record.key);
        let Some(uses) = self.uses.get_mut(deployment) else {
            return;
        };
        uses.add(record, context);
        let models = &self.models.deployments[deployment];
        for &model in models {
            let flagged = &mut self.flagged[model];
            if flagged.findings.is_empty() {
                continue;
            }
            let key = context.names.add(&self.models.models[model].name);
            context.level(record, key, 2, 2);
            let open = flagged.alert(model, record.time, || Match {
                key: record.key,
                who: 0,
                side: Side::Left,
                completing: vec![*record],
                partners: Vec::new(),
            });
            self.open.extend(open);
        }
    }

    fn finding(&mut self, record: &Record, title: &str, context: &mut Context<'_>) {
        let model = position(record.key);
        let Some(flagged) = self.flagged.get_mut(model) else {
            return;
        };
        flagged.note(Finding {
            record: *record,
            title: title.into(),
        });
        let deployments = &self.models.models[model].deployments;
        let uses = || deployments.iter().filter_map(|&index| self.uses.get(index));
        let oldest = record.time - self.window;
        let mut before: Vec<Record> = uses()
            .flat_map(|uses| uses.within(oldest, record.time))
            .collect();
        before.sort_by_key(Record::order);
        let mut after: Vec<Record> = uses()
            .flat_map(|uses| uses.first_of_days_after(record.time))
            .collect();
        after.sort_by_key(Record::order);
        let sides = if before.is_empty() && after.is_empty() {
            1
        } else {
            2
        };
        let key = context.names.add(&self.models.models[model].name);
        context.level(record, key, sides, 2);
        if !before.is_empty() {
            let open = flagged.alert(model, record.time, || Match {
                key: record.key,
                who: 0,
                side: Side::Right,
                completing: vec![*record],
                partners: before,
            });
            self.open.extend(open);
        }
        for first in after {
            let open = flagged.alert(model, first.time, || Match {
                key: record.key,
                who: 0,
                side: Side::Left,
                completing: vec![first],
                partners: Vec::new(),
            });
            self.open.extend(open);
        }
    }

    fn raise(&mut self, context: &mut Context<'_>) {
        for open in std::mem::take(&mut self.open) {
            let draft = self.describe(&open, context);
            context.raise(draft);
        }
    }

    fn describe(&self, found: &Match, context: &Context<'_>) -> AlertDraft {
        let index = position(found.key);
        let model = &self.models.models[index];
        let time = found.completing[0].time;
        let mut usage = Usage::default();
        for &deployment in &model.deployments {
            self.uses[deployment].usage(time - self.window, time, &mut usage);
        }
        usage.tidy();
        let findings = self.flagged[index].findings.iter().map(|finding| {
            let row = context.evidence(&finding.record);
            json!({"title": finding.title, "table": row.table, "time": row.time.to_string()})
        });
        let findings: Vec<Value> = findings.collect();
        let mut draft = joined::draft(found, model.name.clone(), self.severity, context);
        draft.entities = details::entities("CloudApplication", &usage.applications);
        draft
            .entities
            .extend(details::entities("Account", &usage.users));
        draft
            .entities
            .extend(details::entities("IP", &usage.addresses));
        draft
            .entities
            .extend(details::entities("AzureResource", &model.asset_ids));
        let carried = &mut draft.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set("model", json!(model.name));
        set("deployments", json!(model.deployment_names));
        set("findings", json!(findings));
        set(
            "completed_by",
            json!(if found.side == Side::Left {
                "use"
            } else {
                "finding"
            }),
        );
        let rows: serde_json::Map<String, Value> = COUNTED
            .iter()
            .zip(usage.rows)
            .map(|(&name, rows)| (name.to_owned(), json!(rows)))
            .collect();
        set("uses", json!(rows));
        details::list(carried, "application", &usage.applications);
        details::list(carried, "user", &usage.users);
        details::list(carried, "address", &usage.addresses);
        draft
    }
}

impl Flagged {
    fn note(&mut self, finding: Finding) {
        if self.findings.len() >= FINDINGS {
            self.findings.remove(1);
        }
        self.findings.push(finding);
    }

    /// The alert of a day, unless the day has one; a use is matched with all findings.
    fn alert(
        &mut self,
        model: usize,
        time: EventTime,
        found: impl FnOnce() -> Match,
    ) -> Option<Match> {
        let day = time.bin(DAY);
        if self.days.contains(&day) {
            return None;
        }
        self.days.push(day);
        let mut found = found();
        found.key = u64::try_from(model).unwrap_or(u64::MAX);
        if found.side == Side::Left {
            found.partners = self.findings.iter().map(|finding| finding.record).collect();
            found.partners.sort_by_key(Record::order);
        }
        Some(found)
    }
}

/// A number that a projection made of a position.
fn position(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
