//! From what was seen on every seed to lines with verdicts, and to a page.

use std::fmt;

use super::cases::Case;
use super::derived::Seen;
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
            Promise::May | Promise::MustNotFire => Verdict::Measured,
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
