//! Arguments of `score`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `score`.
#[derive(Args, Debug)]
pub(crate) struct ScoreArguments {
    /// Folder with `labels/`, as `generate` writes it.
    pub(crate) folder: PathBuf,
    /// Alerts, one JSON object a line: as `detect` writes them, or of your own rules with id,
    /// rule, time, threshold and evidence (README, "Your own logs and alerts").
    #[arg(long, value_name = "FILE")]
    pub(crate) alerts: PathBuf,
    /// What the columns of an export mean, CSV or NDJSON: a YAML file (docs/score-siem-alerts.md),
    /// or `security_alert` or `security_incident` for Sentinel's tables; ./NAME is yours.
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// A rule that made the alerts, as R1 or `R1@app_log`, even if none is of it (repeatable)
    /// [default: all of ours if any alert is of one of them, else only those of the alerts].
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Folder for the results [default: only the terminal].
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// How alerts become incidents: `session`, `anchored`, `none`, or with a time, `session:5h`.
    #[arg(long, default_value = "session:5h")]
    pub(crate) grouping: String,
}
