//! Options of `gate` and `mutate`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `gate`.
#[derive(Args, Debug)]
pub(crate) struct GateArguments {
    /// Results of the baseline (`livefire run -o`), or a scenario or folder of logs that
    /// `--candidate` runs on.
    pub(crate) subject: PathBuf,
    /// Results of the candidate; without it and without --candidate, only --expect is checked.
    #[arg(conflicts_with_all = ["baseline", "candidate", "seeds", "seed", "changed_since"])]
    pub(crate) other: Option<PathBuf>,
    /// Rules to compare with, as a folder, or results of an earlier run [default: the shipped ones].
    #[arg(long, value_name = "RULES|RESULTS", requires = "candidate")]
    pub(crate) baseline: Option<PathBuf>,
    /// Folder of the rules that are to be let through.
    #[arg(long, value_name = "RULES")]
    pub(crate) candidate: Option<PathBuf>,
    /// Run this many seeds, the scenario's own and those after it [default: 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) seeds: Option<u16>,
    /// First seed, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// File of expectations: bounds per rule, times per campaign.
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,
    /// Compare only rules whose files changed since this revision of git.
    #[arg(long, value_name = "REV", requires = "candidate")]
    pub(crate) changed_since: Option<String>,
    /// Compare this rule only, as R1 or `R1@app_log` (repeatable).
    #[arg(long = "rule", value_name = "RULE", requires = "candidate")]
    pub(crate) only: Vec<String>,
    /// What may be lost, and at which risk of error.
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    /// Compare results of different scenarios, seeds, logs or versions: campaigns by id.
    #[arg(long)]
    pub(crate) allow_different: bool,
    /// Where else the decision is told.
    #[command(flatten)]
    pub(crate) reports: GateReportArguments,
    /// Worker threads; the results do not depend on it [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// What a gate allows.
#[derive(Args, Debug)]
pub(crate) struct LimitArguments {
    /// Fail if more than so many campaigns are lost, in place of statistics: for a fixed corpus.
    #[arg(long, value_name = "N")]
    pub(crate) max_lost: Option<u64>,
    /// Recall that may be lost, as a share of campaigns.
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = share)]
    pub(crate) margin: f64,
    /// False incidents a day that may be added.
    #[arg(long, value_name = "RATE", default_value = "0.5", value_parser = rate)]
    pub(crate) more_false_per_day: f64,
    /// Chance of FAIL for a candidate that is as good as the baseline.
    #[arg(long, value_name = "P", default_value = "0.05", value_parser = share)]
    pub(crate) alpha: f64,
}

/// Reports of a gate beside the terminal.
#[derive(Args, Debug)]
pub(crate) struct GateReportArguments {
    /// Write a comment for a pull request.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write a `JUnit` report.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a SARIF report.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Print annotations as GitHub reads them.
    #[arg(long)]
    pub(crate) annotations: bool,
}

/// A share strictly between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok();
    let share = share.filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "write a number between 0 and 1, as 0.05".to_owned())
}

/// A rate of at least 0.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    let rate = rate.filter(|rate: &f64| *rate >= 0.0 && rate.is_finite());
    rate.ok_or_else(|| "write a number of false incidents a day, as 0.5".to_owned())
}

/// Shipped scenarios that notice changes of every rule together.
const MUTATION_SUITE: [&str; 4] = [
    "quick",
    "stopped_in_application",
    "evasion_matrix",
    "boundary",
];

/// Arguments of `mutate`.
#[derive(Args, Debug)]
pub(crate) struct MutateArguments {
    /// Scenarios, or folders of logs with labels; a mutant is killed if any of them notices.
    #[arg(default_values = MUTATION_SUITE)]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Folder of rule files whose parameters replace the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// Mutate this rule only, as R1 (repeatable).
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) only: Vec<String>,
    /// Fail if a smaller share of mutants is killed, as 0.9.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) at_least: Option<f64>,
    /// Write the report as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Worker threads; the results do not depend on it [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}
