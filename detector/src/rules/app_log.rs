//! The application log as rules read it: fields of `ContainerLogV2.LogMessage`.

use livefire_schema::row::Slot;
use livefire_schema::table::TableId;

use crate::projector::{FieldPlan, RowView};

/// Name of the table that carries the application log.
pub(crate) const TABLE: &str = "ContainerLogV2";

/// The fields that every line of the application log has as text.
const TEXTS: &[&str] = &[
    "security_check_passed",
    "end_user_id",
    "source_ip",
    "session_id",
    "application_name",
    "model_deployment",
    "prompt_hash",
    "full_prompt_sample",
    "request_id",
    "message",
    "level",
];

/// Slots of the fields that several rules read; asked for one by one, so that a rule reads no
/// more than it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AppLog {
    pub(crate) table: Option<TableId>,
    pub(crate) verdict: Option<Slot>,
    pub(crate) user: Option<Slot>,
}

impl AppLog {
    /// Asks for the verdict and the user.
    pub(crate) fn new(fields: &mut FieldPlan<'_>) -> Self {
        let table = fields.table(TABLE);
        AppLog {
            table,
            verdict: field(fields, table, "security_check_passed"),
            user: field(fields, table, "end_user_id"),
        }
    }

    /// Whether the row is of the application log.
    pub(crate) fn holds(&self, row: &RowView<'_, '_>) -> bool {
        self.table == Some(row.table)
    }

    /// Whether the security check failed; the verdict is text, not a boolean.
    pub(crate) fn is_fail(&self, row: &RowView<'_, '_>) -> bool {
        row.text(self.verdict)
            .is_some_and(|verdict| verdict.eq_ignore_ascii_case("FAIL"))
    }
}

/// The slot of a field of the log line.
pub(crate) fn field(
    fields: &mut FieldPlan<'_>,
    table: Option<TableId>,
    name: &str,
) -> Option<Slot> {
    let path = format!("LogMessage.{name}");
    if TEXTS.contains(&name) {
        fields.text_slot(table, &path)
    } else {
        fields.slot(table, &path)
    }
}
