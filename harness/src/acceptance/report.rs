//! From what was seen on every seed to lines with verdicts, and to a page.

use std::fmt;

use super::cases::Case;
use super::derived::Seen;
use super::plans::PlanCheck;
use super::scale::MOST_ROWS;
use super::{Line, Promise, Setup, Table, Verdict, required};

/// Appends the lines of a case.
pub(super) fn lines(setup: &Setup, case: &Case, seen: &[&Seen], of: usize, out: &mut Vec<Line>) {
    for (index, (promise, rules)) in case.promises.iter().enumerate() {
        let count = |is_met: &dyn Fn((bool, bool)) -> bool| {
            seen.iter().filter(|one| is_met(one.met[index])).count()
        };
        let streaming = count(&|met| met.0);
        let has_bins = rules.iter().any(|token| {
            let rule = livefire_schema::rules::rule(&token.rule);
            rule.is_some_and(|rule| super::has_bins(setup, rule.id))
        });
        let binned = if has_bins {
            count(&|met| met.1)
        } else {
            streaming
        };
        let is_native = rules.iter().any(|token| setup.is_native(token));
        let silent = seen.len() - streaming;
        let verdict = match promise {
            _ if !is_native => Verdict::NotNative,
            promise if !promise.is_judged() => Verdict::Measured,
            Promise::Lost if silent >= required(of) => Verdict::Kept,
            Promise::Fires | Promise::Literal | Promise::MustFire if streaming >= required(of) => {
                Verdict::Kept
            }
            _ => Verdict::Broken,
        };
        out.push(Line {
            kind: case.kind.clone(),
            case: case.label(),
            promise: *promise,
            rules: rules.clone(),
            streaming,
            binned,
            of,
            verdict,
        });
    }
}

impl Table {
    /// Lines whose promise is not kept.
    pub fn broken(&self) -> impl Iterator<Item = &Line> {
        let lines = self.lines.iter();
        lines.filter(|line| line.verdict == Verdict::Broken)
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Promise::Fires => "fires",
            Promise::May => "may fire",
            Promise::Lost => "lost",
            Promise::Literal => "literal",
            Promise::MustNotFire => "must not fire",
            Promise::MustFire => "must fire",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Kept => "kept",
            Verdict::Broken => "BROKEN",
            Verdict::Measured => "–",
            Verdict::NotNative => "no native rule",
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<String> = self.rules.iter().map(ToString::to_string).collect();
        let Line {
            kind,
            case,
            promise,
            streaming,
            binned,
            of,
            verdict,
            ..
        } = self;
        let rules = rules.join(" or ");
        write!(
            f,
            "| {kind} | {case} | {promise} | {rules} | {streaming}/{of} | {binned}/{of} | {verdict} |"
        )
    }
}

/// The table as Markdown.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| kind | run | promise | rule | streaming | binned | verdict |\n| --- | --- | --- | --- | --- | --- | --- |"
        )?;
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// The page of results: what was measured, in how many seeds, and what it showed.
#[must_use]
pub fn page(table: &Table, plans: &[PlanCheck], seeds: usize) -> String {
    let count = |verdict: Verdict| {
        let lines = table.lines.iter();
        lines.filter(|line| line.verdict == verdict).count()
    };
    let mut page = format!(
        "# Acceptance of attack kinds and look-alikes\n\n\
         Made by `just acceptance`. Each run is a log of its own: 7 days of history, one campaign \
         or look-alike, and the benign rows of the accounts, applications and deployments that it \
         uses. A cell is the number of seeds, of {seeds}, on which an alert meets the rule: for \
         attacks and traps an alert credited to the campaign, for look-alikes one whose evidence \
         holds their rows. A promise is kept on at least {} of {seeds} seeds (`lost`: silent on as \
         many). What may fire and what a tuned rule keeps quiet is measured, not judged.\n\n\
         {} promises kept, {} broken, {} on rules without a native form.\n\n{table}",
        required(seeds),
        count(Verdict::Kept),
        count(Verdict::Broken),
        count(Verdict::NotNative),
    );
    if !table.faults.is_empty() {
        page.push_str("\n## Not run\n\n");
        let faults = table.faults.iter().map(|fault| format!("- {fault}\n"));
        page.extend(faults);
    }
    let large = table.most_rows.iter().filter(|(_, rows)| *rows > MOST_ROWS);
    let large: Vec<String> = large
        .map(|(case, rows)| format!("- {case}: {rows}\n"))
        .collect();
    if !large.is_empty() {
        let heading = format!("\n## Runs of more than {MOST_ROWS} rows\n\n");
        page.push_str(&heading);
        page.extend(large);
    }
    page.push_str("\n## Order of stages and tables\n\n");
    let checks = plans.iter().map(|check| format!("- {check}\n"));
    page.extend(checks);
    page
}
