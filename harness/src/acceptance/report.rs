//! From what was seen on every seed to lines with verdicts, and to a page.

use std::fmt;

use livefire_generator::kinds::AttackKind;

use super::cases::Case;
use super::derived::Seen;
use super::judge::{FULL, judge, required};
use super::plans::{PlanCheck, check_plans};
use super::scale::MOST_ROWS;
use super::{Line, Promise, Setup, Table, Verdict, measure};

/// Seeds on which a kind's campaigns are planned, so that each of its tables is written once.
const PLANNED: u64 = 50;

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
        let verdict = match promise {
            Promise::May | Promise::MustNotFire => Verdict::Measured,
            Promise::Lost => judge(seen.len() - streaming, of),
            Promise::Fires | Promise::Literal | Promise::MustFire => judge(streaming, of),
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

    /// Lines whose promise is not kept on these seeds, whether or not they are enough to tell.
    pub fn missed(&self) -> impl Iterator<Item = &Line> {
        let is_missed = |verdict| matches!(verdict, Verdict::Broken | Verdict::TooFew);
        let lines = self.lines.iter();
        lines.filter(move |line| is_missed(line.verdict))
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
            Verdict::TooFew => "too few seeds",
            Verdict::Measured => "–",
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

/// Some kinds, measured and planned.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Their promises.
    pub table: Table,
    /// Order of their stages, and their tables.
    pub plans: Vec<PlanCheck>,
    /// Seeds of the promises.
    pub seeds: u64,
}

impl Report {
    /// Measures the promises of the kinds on the first `seeds` seeds, and plans their campaigns.
    #[must_use]
    pub fn measured(setup: &Setup, kinds: &[&AttackKind], seeds: u64) -> Self {
        let first = |count: u64| -> Vec<u64> { (1..=count).collect() };
        Report {
            table: measure(setup, kinds, &first(seeds)),
            plans: check_plans(setup, kinds, &first(PLANNED)),
            seeds,
        }
    }

    /// What is wrong and can be told from these seeds: promises, runs and plans.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let broken = self.table.broken().map(ToString::to_string);
        let plans = self.plans.iter().filter(|check| !check.is_clean());
        let not_run = self.table.faults.iter().cloned();
        broken
            .chain(not_run)
            .chain(plans.map(ToString::to_string))
            .collect()
    }

    /// The page of results: what was measured, on how many seeds, and what it showed.
    #[must_use]
    pub fn page(&self) -> String {
        let table = &self.table;
        let count = |verdict: Verdict| {
            let lines = table.lines.iter();
            lines.filter(|line| line.verdict == verdict).count()
        };
        let seeds = self.seeds;
        let of = usize::try_from(seeds).unwrap_or(usize::MAX);
        let mut page = format!(
            "# Acceptance of attack kinds and look-alikes\n\n\
             Made by `livefire audit acceptance --seeds {seeds}`. Each run is a log of its own: 7 \
             days of history, one campaign or look-alike, and the benign rows of the accounts, \
             applications and deployments that it uses. A cell is the number of seeds, of {seeds}, \
             on which an alert meets the rule: for attacks and traps an alert credited to the \
             campaign, for look-alikes one whose evidence holds their rows. A promise is kept on at \
             least {} of {seeds} seeds (`lost`: silent on as many). On fewer than {FULL} seeds it is \
             broken only where so few would be reached by chance in less than 1 of 100 samples, else \
             they are too few to tell. What may fire and what a tuned rule keeps quiet is measured, \
             not judged.\n\n\
             {} promises kept, {} broken, {} with too few seeds to tell.\n\n{table}",
            required(of),
            count(Verdict::Kept),
            count(Verdict::Broken),
            count(Verdict::TooFew),
        );
        let lines = |lines: &mut dyn Iterator<Item = String>| -> String {
            lines.map(|line| format!("- {line}\n")).collect()
        };
        if !table.faults.is_empty() {
            page.push_str("\n## Not run\n\n");
            page.push_str(&lines(&mut table.faults.iter().cloned()));
        }
        let large = table.most_rows.iter().filter(|(_, rows)| *rows > MOST_ROWS);
        let large = lines(&mut large.map(|(case, rows)| format!("{case}: {rows}")));
        if !large.is_empty() {
            page.push_str(&format!(
                "\n## Runs of more than {MOST_ROWS} rows\n\n{large}"
            ));
        }
        page.push_str("\n## Order of stages and tables\n\n");
        page.push_str(&lines(&mut self.plans.iter().map(ToString::to_string)));
        page
    }
}
