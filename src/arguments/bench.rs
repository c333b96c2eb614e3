//! Arguments of `bench`, and of what it starts of livefire itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArguments {
    /// Scenario file, the name of a shipped one, or a folder of NDJSON logs with labels/.
    pub(crate) subject: PathBuf,
    /// Measure your own detector beside ours (repeatable): a command of the shell with {input} for
    /// the folder of logs; it prints its alerts, one JSON object a line, or writes them to
    /// {output}. README, "Your own logs and alerts", says which fields they need.
    #[arg(long = "cmd", value_name = "COMMAND")]
    pub(crate) commands: Vec<String>,
    /// A rule of ours that is measured alone (repeatable) [default: every one].
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Rounds; in each, every detector runs once.
    #[arg(long, value_name = "N", default_value = "5", value_parser = rounds)]
    pub(crate) repeat: usize,
    /// An earlier result to compare with, of the same log: ratios, never seconds.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// File for the result as JSON, for --baseline.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Reads how many rounds: a median of fewer than five says little.
fn rounds(text: &str) -> Result<usize, String> {
    let rounds = text.parse().ok();
    let rounds = rounds.filter(|rounds| (5..=1000).contains(rounds));
    rounds
        .ok_or_else(|| "write a number from 5, below which medians say little, to 1000".to_owned())
}

/// What `bench` starts.
#[derive(Subcommand, Debug)]
pub(crate) enum BenchChild {
    /// Run a command and write down what it took.
    Measure {
        /// File to write.
        report: PathBuf,
        /// The command.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Read every line of a folder's tables as JSON and keep nothing.
    Parse {
        /// The folder.
        folder: PathBuf,
    },
}
