//! From a line to records: each line is parsed once, for exactly the fields that the rules read.
//!
//! A projector has no state, so that any number of threads share one.

use std::sync::Arc;

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::reference::Reference;
use livefire_schema::row::{CsvBinding, FieldSet, Row, RowError, Slot, Value};
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeSpan};

use crate::census::Census;
use crate::projected::{ProjectedBatch, RowIdentity, Sink};
use crate::rules::app_log;
use crate::ruleset::{FormIndex, RuleSet};

/// How far a row's time may lie after its ingestion; Azure Monitor re-stamps what lies further.
const LONGEST_LEAD: TimeSpan = TimeSpan::from_days(1);

/// Name of the service's own log.
const SERVICE_LOG: &str = "AzureDiagnostics";

/// The stateless half of a rule: which records it keeps of a row.
pub trait Projection: Send + Sync {
    /// Leaves the records of one row in the sink, usually none or one.
    fn project(&self, row: &RowView<'_, '_>, sink: &mut Sink<'_>);
}

/// A parsed row as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct RowView<'a, 'line> {
    /// Its table.
    pub table: TableId,
    /// Event time.
    pub time: EventTime,
    row: &'a Row<'line>,
}

impl<'a> RowView<'a, '_> {
    /// The field as non-empty text.
    #[must_use]
    pub fn text(&self, slot: Option<Slot>) -> Option<&'a str> {
        self.row.text(slot?)
    }

    /// The field as an integer, also from text.
    #[must_use]
    pub fn integer(&self, slot: Option<Slot>) -> Option<i64> {
        self.row.integer(slot?)
    }

    /// The field as JSON text, whether it came as an object, an array or a string.
    #[must_use]
    pub fn json(&self, slot: Option<Slot>) -> Option<&'a str> {
        match self.row.value(slot?) {
            Value::Json(text) => Some(text),
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The field as an instant.
    #[must_use]
    pub fn instant(&self, slot: Option<Slot>) -> Option<EventTime> {
        self.row.time(slot?)
    }

    /// The field as a boolean, also from text.
    #[must_use]
    pub fn boolean(&self, slot: Option<Slot>) -> Option<bool> {
        self.row.boolean(slot?)
    }
}

/// What a rule asks for while the projector is being built.
#[derive(Debug)]
pub struct FieldPlan<'a> {
    schema: &'a Schema,
    reference: &'a Arc<Reference>,
    sets: &'a mut Vec<FieldSet>,
    wanted: &'a mut Vec<TableId>,
    asked: &'a mut Vec<Asked>,
    form: FormIndex,
}

/// A field that a rule form reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Asked {
    table: TableId,
    form: FormIndex,
    slot: Slot,
    /// The rule compares it as text: a number or boolean there is as good as nothing.
    is_text: bool,
}

impl FieldPlan<'_> {
    /// The id of a table that the rule reads; `None` if the schema lacks it.
    pub fn table(&mut self, name: &str) -> Option<TableId> {
        let table = self.schema.find(name)?;
        if !self.wanted.contains(&table) {
            self.wanted.push(table);
        }
        Some(table)
    }

    /// The slot of a path (`LogMessage.end_user_id`) in a table that the rule reads.
    pub fn slot(&mut self, table: Option<TableId>, path: &str) -> Option<Slot> {
        self.ask(table?, path, false)
    }

    /// As [`FieldPlan::slot`], for a field that is always there and always text.
    pub fn text_slot(&mut self, table: Option<TableId>, path: &str) -> Option<Slot> {
        self.ask(table?, path, true)
    }

    fn ask(&mut self, table: TableId, path: &str, is_text: bool) -> Option<Slot> {
        let slot = self.sets.get_mut(usize::from(table.0))?.slot(path);
        self.asked.push(Asked {
            table,
            form: self.form,
            slot,
            is_text,
        });
        Some(slot)
    }

    /// Reference data, for projections that translate accounts, applications or models.
    #[must_use]
    pub fn reference(&self) -> &Arc<Reference> {
        self.reference
    }
}

/// Why a line gives no row.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line is no JSON object or no UTF-8.
    #[error("no row: {0}")]
    Syntax(String),
    /// The time column is missing or no time.
    #[error("`{column}` is {found}; write an ISO 8601 time such as 2026-03-02T08:15:30Z")]
    Time {
        /// The table's time column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// The row is stamped long after it was ingested.
    #[error("`{column}` {time} lies more than a day after the ingestion at {ingestion}")]
    Future {
        /// The table's time column.
        column: String,
        /// What stands there.
        time: EventTime,
        /// Its ingestion time.
        ingestion: EventTime,
    },
}

impl LineError {
    /// The line of the JSON text is always 1 and not the line of a file.
    pub(crate) fn syntax(error: &RowError) -> Self {
        LineError::Syntax(
            error
                .to_string()
                .replace(" at line 1 column ", " at column "),
        )
    }
}

struct Plan {
    set: FieldSet,
    time_column: String,
    time: Slot,
    ingestion: Slot,
    received: Slot,
    item: Slot,
    event: Option<Slot>,
    forms: Vec<FormIndex>,
    /// What the forms read, each field once per form.
    asked: Vec<Asked>,
    /// The fields of `asked`, each once.
    slots: Vec<Slot>,
    /// Of the application log, if there is a drill watchlist.
    drill: Option<DrillFields>,
}

/// What tells a request of an announced drill.
struct DrillFields {
    user: Slot,
    address: Slot,
    application: Slot,
}

impl DrillFields {
    fn of(table: &str, set: &mut FieldSet, reference: &Reference) -> Option<Self> {
        let is_asked = table == app_log::TABLE && !reference.drills.is_empty();
        is_asked.then(|| DrillFields {
            user: set.slot("LogMessage.end_user_id"),
            address: set.slot("LogMessage.source_ip"),
            application: set.slot("LogMessage.application_name"),
        })
    }

    fn match_row(&self, row: &Row<'_>, time: EventTime, reference: &Reference) -> bool {
        let texts = (
            row.text(self.user),
            row.text(self.address),
            row.text(self.application),
        );
        match texts {
            (Some(user), Some(address), Some(application)) => {
                reference.is_drill(user, address, application, time)
            }
            _ => false,
        }
    }
}

/// Projects rows of all tables for all loaded rules.
///
/// Requests of an announced drill ([`Reference::is_drill`]) are kept from the rules, except from
/// those that also read the service's own log: there a request cannot be told from a drill's.
pub struct Projector {
    plans: Vec<Plan>,
    projections: Vec<Box<dyn Projection>>,
    /// By form: whether it does not see requests of a drill.
    leaves_out_drills: Vec<bool>,
    reference: Arc<Reference>,
}

impl std::fmt::Debug for Projector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projector")
            .field("tables", &self.plans.len())
            .field("forms", &self.projections.len())
            .finish()
    }
}

impl Projector {
    /// Prepares the fields that the selected rule forms read.
    #[must_use]
    pub fn new(rules: &RuleSet, schema: &Schema, reference: &Arc<Reference>) -> Self {
        let mut sets: Vec<FieldSet> = schema.iter().map(|_| FieldSet::new()).collect();
        let mut projections = Vec::new();
        let mut leaves_out_drills = Vec::new();
        let mut asked = Vec::new();
        let mut readers: Vec<Vec<FormIndex>> = vec![Vec::new(); sets.len()];
        for (index, form) in rules.forms() {
            let mut wanted = Vec::new();
            let mut plan = FieldPlan {
                schema,
                reference,
                sets: &mut sets,
                wanted: &mut wanted,
                asked: &mut asked,
                form: index,
            };
            leaves_out_drills.push(!form.plan().tables.contains(&SERVICE_LOG));
            projections.push(form.native().projection(form.parameters(), &mut plan));
            // What is led by another form gets its alerts from that one's records.
            if rules.leader(index) != index {
                continue;
            }
            for table in wanted {
                readers[usize::from(table.0)].push(index);
            }
        }
        let plans = schema
            .iter()
            .zip(sets)
            .zip(readers)
            .map(|(((id, table), mut set), forms)| Plan {
                slots: slots_of(id, &asked),
                asked: asked
                    .iter()
                    .filter(|one| one.table == id)
                    .copied()
                    .collect(),
                drill: DrillFields::of(&table.name, &mut set, reference),
                time: set.slot(&table.time_column),
                ingestion: set.slot("IngestionTime"),
                received: set.slot("_TimeReceived"),
                item: set.slot("_ItemId"),
                event: table.duplicate_key.as_deref().map(|path| set.slot(path)),
                time_column: table.time_column.clone(),
                set,
                forms,
            })
            .collect();
        Projector {
            plans,
            projections,
            leaves_out_drills,
            reference: Arc::clone(reference),
        }
    }

    /// Whether a loaded rule reads the table; rows of others need not be projected, their
    /// ingestion time only [advances](crate::Engine::advance) the clock.
    #[must_use]
    pub fn reads(&self, table: TableId) -> bool {
        let plan = self.plans.get(usize::from(table.0));
        plan.is_some_and(|plan| !plan.forms.is_empty())
    }

    /// The fields read of a table.
    ///
    /// # Panics
    /// If the id comes from another schema.
    #[must_use]
    pub fn fields(&self, table: TableId) -> &FieldSet {
        &self.plans[usize::from(table.0)].set
    }

    /// What a form reads of a table: for each field its position among [`Projector::path`]s, and
    /// whether it is compared as text.
    pub(crate) fn asked(
        &self,
        table: TableId,
        form: FormIndex,
    ) -> impl Iterator<Item = (usize, bool)> {
        let plan = &self.plans[usize::from(table.0)];
        let own = plan.asked.iter().filter(move |one| one.form == form);
        own.filter_map(|one| {
            let position = plan.slots.iter().position(|slot| *slot == one.slot)?;
            Some((position, one.is_text))
        })
    }

    /// The path of a field that some form reads.
    pub(crate) fn path(&self, table: TableId, position: usize) -> &str {
        let plan = &self.plans[usize::from(table.0)];
        plan.set.path(plan.slots[position])
    }

    /// Counts which fields a parsed row has.
    pub(crate) fn look(&self, table: TableId, row: &Row<'_>, census: &mut Census) {
        census.look(table, row, &self.plans[usize::from(table.0)].slots);
    }

    /// Prepares to read CSV records of a table whose header is `columns`.
    ///
    /// # Panics
    /// If the id comes from another schema.
    #[must_use]
    pub fn bind_csv(&self, table: TableId, columns: &[&str]) -> CsvBinding<'_> {
        self.fields(table).bind_csv(columns)
    }

    /// Parses one NDJSON line and appends its row, with the records of all rules, to `batch`.
    ///
    /// # Errors
    /// [`LineError`] if the line is no row of the table; the batch is unchanged then.
    ///
    /// # Panics
    /// If the id comes from another schema.
    pub fn project(
        &self,
        table: TableId,
        line: &[u8],
        batch: &mut ProjectedBatch,
    ) -> Result<(), LineError> {
        let row = self
            .fields(table)
            .read_json(line)
            .map_err(|error| LineError::syntax(&error))?;
        self.project_row(table, &row, line, batch)
    }

    /// As [`Projector::project`], for a row that was read with the table's
    /// [fields](Projector::fields); `line` identifies it if it has no `_ItemId`.
    ///
    /// # Errors
    /// [`LineError::Time`] or [`LineError::Future`]; the batch is unchanged then.
    ///
    /// # Panics
    /// If the id comes from another schema.
    pub fn project_row(
        &self,
        table: TableId,
        row: &Row<'_>,
        line: &[u8],
        batch: &mut ProjectedBatch,
    ) -> Result<(), LineError> {
        let plan = &self.plans[usize::from(table.0)];
        let time = plan.event_time(row)?;
        let stated = row.time(plan.ingestion).or_else(|| row.time(plan.received));
        let ingestion = stated.unwrap_or(time);
        if time > ingestion + LONGEST_LEAD {
            return Err(LineError::Future {
                column: plan.time_column.clone(),
                time,
                ingestion,
            });
        }
        let item = match row.text(plan.item) {
            Some(text) => ItemId::from_text(text),
            None => batch.item_of_line(line, ingestion),
        };
        let key = plan.event.and_then(|slot| row.text(slot));
        let event = key.map_or_else(|| EventId::from_item(item), EventId::from_text);
        let identity = RowIdentity {
            table,
            time,
            ingestion,
            item,
            event,
        };
        let view = RowView { table, time, row };
        let mut sink = Sink::new(batch, identity);
        let is_drill = plan
            .drill
            .as_ref()
            .is_some_and(|fields| fields.match_row(row, time, &self.reference));
        for &form in &plan.forms {
            if is_drill && self.leaves_out_drills[usize::from(form.0)] {
                continue;
            }
            sink.form = form;
            self.projections[usize::from(form.0)].project(&view, &mut sink);
        }
        Ok(())
    }
}

fn slots_of(table: TableId, asked: &[Asked]) -> Vec<Slot> {
    let mut slots = Vec::new();
    for one in asked.iter().filter(|one| one.table == table) {
        if !slots.contains(&one.slot) {
            slots.push(one.slot);
        }
    }
    slots
}

impl Plan {
    fn event_time(&self, row: &Row<'_>) -> Result<EventTime, LineError> {
        row.time(self.time).ok_or_else(|| LineError::Time {
            column: self.time_column.clone(),
            found: match row.text(self.time) {
                Some(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
                None => match row.value(self.time) {
                    Value::Int(number) => format!("the number {number}"),
                    Value::Real(number) => format!("the number {number}"),
                    Value::Bool(_) | Value::Json(_) => "no text".to_owned(),
                    Value::Null | Value::Text(_) => "missing".to_owned(),
                },
            },
        })
    }
}
