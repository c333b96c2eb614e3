//! The table as a page.

use std::fmt::Write as _;

use super::{Line, Table, WANTED};

/// The page of results.
#[must_use]
pub fn page(command: &str, table: &Table) -> String {
    let leaks = table.leaks().count();
    let mut page = format!(
        "# Leak audit\n\n\
         Made by `{command}`: {} logs, each with another seed, pooled. Fields that should carry no \
         signal, compared between rows with `caused_by` and rows without: AUC by the rank sum over \
         distinct values of the scored interval, p after Bonferroni. A leak needs p < 0.01 and an AUC \
         away from ½ by more than 0.02. The audit wants {WANTED} distinct values a class; where there \
         are fewer, n says so. Below the fields a logistic regression over all of a table's fields \
         together, scored on campaigns that it was not fitted on.\n\n\
         {leaks} leaks among {} fields and {} models.\n\n\
         | field | n attack | n benign | AUC | p | verdict |\n\
         | --- | --- | --- | --- | --- | --- |\n",
        table.logs,
        table.fields.len(),
        table.models.len(),
    );
    for line in table.fields.iter().chain(&table.models) {
        let [field, attack, benign, auc, p, verdict] = line.cells();
        let _ = writeln!(
            page,
            "| {field} | {attack} | {benign} | {auc} | {p} | {verdict} |"
        );
    }
    page
}

impl Line {
    /// Field, values of both classes, AUC, p and verdict as text.
    #[must_use]
    pub fn cells(&self) -> [String; 6] {
        let number = |measure: &livefire_scorer::measure::Measure, digits: usize| {
            measure
                .value()
                .map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
        };
        let verdict = match self.audit.leak {
            true => "LEAK",
            false if self.audit.auc.value().is_none() => "one class",
            false if !self.is_large() => "none seen, few values",
            false => "none",
        };
        [
            self.field.clone(),
            self.attack.to_string(),
            self.benign.to_string(),
            number(&self.audit.auc, 3),
            number(&self.audit.p, 3),
            verdict.to_owned(),
        ]
    }
}
