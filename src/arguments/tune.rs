//! Options of `tune`.

use std::path::PathBuf;

use clap::Args;
use livefire_schema::time::TimeSpan;

use super::{DetectMode, RuleArguments, ScheduleArguments, rates};

/// Arguments of `tune`.
#[derive(Args, Debug)]
pub(crate) struct TuneArguments {
    /// Scenario file, or the name of a shipped one.
    pub(crate) scenario: PathBuf,
    /// The rule to tune, as R2 or `R1@app_log`.
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: String,
    /// What to try, as threshold=2..20, window=5m,10m,1h or key=user,session (repeatable)
    /// [default: `threshold`, from a quarter of its value to four times as much].
    #[arg(long = "parameter", value_name = "NAME=VALUES")]
    pub(crate) axes: Vec<String>,
    /// Seeds to choose on.
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) seeds: u16,
    /// Further seeds to confirm the choice on.
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) validate: u16,
    /// Most false incidents per day [default: as many as now].
    #[arg(long, value_name = "RATE", value_parser = rates::number)]
    pub(crate) max_fp_per_day: Option<f64>,
    /// Longest time in which nine of ten attacks are to be caught, as 30m.
    #[arg(long, value_name = "TIME", value_parser = rates::duration)]
    pub(crate) max_p90: Option<TimeSpan>,
    /// Measure at most so many combinations of values, walking along one parameter at a time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) budget: Option<u64>,
    /// Write the changed rule file if the choice is confirmed.
    #[arg(long)]
    pub(crate) write: bool,
    /// First seed, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder of rule files whose parameters replace the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// Set another parameter of the rule, as R2.window=20m (repeatable).
    #[arg(long = "param", value_name = "RULE.NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Tune the rule over tumbling bins, not over sliding windows.
    #[arg(long)]
    pub(crate) binned: bool,
    /// Worker threads; the results do not depend on it [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

impl TuneArguments {
    /// Which rule runs, and how.
    pub(crate) fn rule_arguments(&self) -> RuleArguments {
        RuleArguments {
            rules: self.rules.clone(),
            only: vec![self.rule.clone()],
            parameters: self.parameters.clone(),
            variants: false,
            mode: if self.binned {
                DetectMode::Binned
            } else {
                DetectMode::Streaming
            },
            schedule: ScheduleArguments::default(),
        }
    }
}
