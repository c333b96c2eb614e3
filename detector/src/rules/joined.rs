//! What alerts of interval joins have in common: both sides as evidence, failed requests as input.

use livefire_schema::alert::{EvidenceRow, Semantics, Severity, Side};
use livefire_schema::row::Slot;

use super::app_log::{self, AppLog};
use crate::context::{AlertDraft, Context};
use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::Match;
use crate::projector::{FieldPlan, RowView};
use crate::record::Record;

/// Which requests of the application log a join takes for failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failures {
    pub(crate) log: AppLog,
    level: Option<Slot>,
    with_warnings: bool,
}

impl Failures {
    /// Asks for the fields that decide.
    pub(crate) fn new(parameters: &Parameters, fields: &mut FieldPlan<'_>) -> Self {
        let log = AppLog::new(fields);
        Failures {
            log,
            level: app_log::field(fields, log.table, "level"),
            with_warnings: parameters.word("requests") == "fail_or_warning",
        }
    }

    /// The parameter that [`Failures::new`] reads.
    pub(crate) fn parameter() -> ParameterSpec {
        ParameterSpec::word(
            "requests",
            &["fail_or_warning", "fail"],
            "requests with a failed security check, or also every line of level WARNING",
        )
    }

    /// Whether a row of the application log is such a request.
    pub(crate) fn holds(&self, row: &RowView<'_, '_>) -> bool {
        let is_warning = |level: &str| level.eq_ignore_ascii_case("WARNING");
        self.log.is_fail(row) || self.with_warnings && row.text(self.level).is_some_and(is_warning)
    }
}

/// Rows of both sides as evidence, in event order.
pub(crate) fn evidence(
    left: &[Record],
    right: &[Record],
    context: &Context<'_>,
) -> Vec<EvidenceRow> {
    let sided = |rows: &[Record], side| -> Vec<EvidenceRow> {
        rows.iter().map(|row| context.side(row, side)).collect()
    };
    let mut rows = sided(left, Side::Left);
    rows.extend(sided(right, Side::Right));
    rows.sort_by_key(|row| (row.time, row.event, row.item));
    rows
}

/// An alert draft of an interval join, without entities and details.
pub(crate) fn draft(
    found: &Match,
    key: String,
    severity: Severity,
    context: &Context<'_>,
) -> AlertDraft {
    let available = found.available();
    AlertDraft {
        semantics: Semantics::Join,
        key,
        completing: found.completing[0],
        threshold: 1,
        level: found.level(),
        window: found.window(),
        available,
        raised: available,
        severity,
        classes: Vec::new(),
        entities: Vec::new(),
        evidence: evidence(found.rows(Side::Left), found.rows(Side::Right), context),
        details: serde_json::Map::new(),
    }
}
