//! The command line as the user writes it.

mod bench;
mod gate;
mod rates;
mod schedule;
mod score;
mod several;
mod tune;

use std::io::Write;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::output::Output;

pub(crate) use self::bench::{BenchArguments, BenchChild};
pub(crate) use self::gate::{GateArguments, MutateArguments};
pub(crate) use self::schedule::{ScheduleArguments, SweepArguments};
pub(crate) use self::score::ScoreArguments;
pub(crate) use self::several::SeedArguments;
pub(crate) use self::tune::TuneArguments;

const AFTER_HELP: &str = "\
Exit codes: 0 pass, 1 gate or test failed, 2 bad rule or input, 3 usage or configuration, \
4 nothing evaluated, 5 inconclusive, 70 internal error.

Start with: livefire run quick";

/// Tells whether detections for generative-AI applications catch the attacks, how soon, and at
/// what cost in false incidents.
#[derive(Parser, Debug)]
#[command(name = "livefire", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON document on standard output instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// No progress, remarks or summary: only errors, and what `--json`, `show` and `detect` print.
    #[arg(long, short, global = true)]
    quiet: bool,
}

impl Arguments {
    /// How this call prints.
    pub(crate) fn output(&self) -> Output {
        Output {
            json: self.json,
            quiet: self.quiet,
        }
    }
}

/// The commands, most used first.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a scenario: generate logs, detect, score, and print the verdict.
    Run(RunArguments),
    /// Choose a rule's parameters by measuring them over several seeds.
    Tune(TuneArguments),
    /// Write a scenario's logs as files, labels apart.
    Generate(GenerateArguments),
    /// Run rules over log files and write their alerts.
    Detect(DetectArguments),
    /// Score alerts against the labels of a generated folder.
    Score(ScoreArguments),
    /// Explain one campaign or incident of a run's results.
    Why(WhyArguments),
    /// Let a change of rules through, or not: candidate against baseline, or expectations.
    Gate(GateArguments),
    /// Write a run's results as one HTML file for people, with the workbooks.
    Report(ReportArguments),
    /// Change each rule in small ways, and tell which changes no scenario would notice.
    Mutate(MutateArguments),
    /// Measure what detectors cost on this machine, ours and yours, beside what they find.
    Bench(BenchArguments),
    /// What `bench` starts.
    #[command(subcommand, hide = true)]
    BenchChild(BenchChild),
    /// Check scenarios, attack kinds, rules and tables; all faults with their places.
    Check(CheckArguments),
    /// List what can be named in a scenario.
    List(ListArguments),
    /// Print a kind, rule, table or scenario as it is written, to copy and change.
    Show(ShowArguments),
    /// Write a commented file to start from.
    New(NewArguments),
    /// Write documentation pages of attacks, look-alikes, evasions, rules and tables.
    Pages(PagesArguments),
    /// Audit livefire's own traffic, or your logs: calibration, leaks, promises of the kinds.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write a completion script for a shell.
    Completions(CompletionsArguments),
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// Scenario file, the name of a shipped one (`livefire list scenarios`), or a folder of logs
    /// with labels/; a single word that names a shipped one is that one, ./WORD is yours.
    #[arg(required_unless_present_any = ["attack", "look_alike"], conflicts_with_all = ["attack", "look_alike"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Try one attack kind in a small scenario made for it: by id, or by its file in kinds/.
    #[arg(long, value_name = "KIND")]
    pub(crate) attack: Option<String>,
    /// Try one look-alike in the same way, alone or beside the attack.
    #[arg(long, value_name = "KIND")]
    pub(crate) look_alike: Option<String>,
    /// How quiet the attack is, from 0 to 1.
    #[arg(long, value_name = "S", requires = "attack", value_parser = stealth)]
    pub(crate) stealth: Option<f64>,
    /// An evasion of the attack (repeatable; `livefire list evasions`).
    #[arg(long = "evasion", value_name = "NAME", requires = "attack")]
    pub(crate) evasions: Vec<String>,
    /// Folder for the results [default: results/NAME].
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Seed, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Which rules run, and how.
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Several seeds, and what they are projected to.
    #[command(flatten)]
    pub(crate) several: SeedArguments,
    /// Several schedules, and suppression.
    #[command(flatten)]
    pub(crate) sweep: SweepArguments,
    /// Write the report too: report.html in the results folder.
    #[arg(long)]
    pub(crate) report: bool,
    /// Also test the evaluator on this run's truth with detectors whose score is known, and leave
    /// out each rule in turn: keep, tune or retire.
    #[arg(long)]
    pub(crate) self_test: bool,
    /// Worker threads; the results do not depend on it [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Arguments of `report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    /// Results folder of `livefire run` or `livefire score -o`, or its name in results/.
    pub(crate) results: PathBuf,
    /// File to write [default: report.html in the results folder].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Results folder of the same scenario to compare with.
    #[arg(long, value_name = "DIR")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write a layer for the MITRE ATLAS Navigator too.
    #[arg(long, value_name = "FILE")]
    pub(crate) navigator: Option<PathBuf>,
}

/// Arguments of `generate`.
#[derive(Args, Debug)]
pub(crate) struct GenerateArguments {
    /// Scenario file, or the name of a shipped one.
    pub(crate) scenario: PathBuf,
    /// Folder to write; an earlier output of livefire there is replaced.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Seed, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Form of the log files.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub(crate) format: Format,
    /// Leave out this campaign; every other row stays the same (repeatable).
    #[arg(long, value_name = "CAMPAIGN")]
    pub(crate) without: Vec<String>,
    /// First instant of ingestion time to write (ISO 8601).
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// First instant of ingestion time not to write (ISO 8601).
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Write one of N equal parts of the log by ingestion time, as 1/4; the parts of all N,
    /// one after another, are the whole log.
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with_all = ["from", "to"])]
    pub(crate) shard: Option<(u32, u32)>,
    /// Worker threads; the bytes do not depend on it [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Reads a stealth.
fn stealth(text: &str) -> Result<f64, String> {
    let stealth = text.parse().ok();
    let stealth = stealth.filter(|stealth| (0.0..=1.0).contains(stealth));
    stealth.ok_or_else(|| "write a number from 0, loud, to 1, as quiet as it can be".to_owned())
}

/// Reads `1/4`: which part, from 1, and of how many.
fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((part, of)) if (1..=of).contains(&part) && of <= 10_000 => Ok((part, of)),
        _ => Err("write which part of how many, from 1/N to N/N, as 1/4".to_owned()),
    }
}

/// Form of log files.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// One JSON object a line, as Log Analytics exports it.
    Ndjson,
    /// Comma-separated with a header; dynamic columns as JSON text.
    Csv,
}

/// Arguments of `detect`.
#[derive(Args, Debug)]
pub(crate) struct DetectArguments {
    /// Log files or folders (table from the file's name), or `-` for standard input.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Which rules run, and how.
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// File for the alerts, one JSON object a line [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Table of every given file, where names do not tell.
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,
    /// Folder of table definitions beside the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) tables: Option<PathBuf>,
    /// Folder of reference data (identities, maps, geography) [default: reference/ of a folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) reference: Option<PathBuf>,
    /// Stop at the first line that cannot be read, instead of counting it.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Which rules run, in which forms, with which parameters.
#[derive(Args, Debug)]
pub(crate) struct RuleArguments {
    /// Folder of rule files whose parameters replace the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// Run this rule only, as R1 or `R1@app_log` (repeatable) [default: all, in their default form].
    #[arg(long = "rule", value_name = "RULE", conflicts_with = "variants")]
    pub(crate) only: Vec<String>,
    /// Set a parameter of a rule, as R2.threshold=5 or `R1@app_log.window=20m` (repeatable;
    /// `livefire list params`).
    #[arg(long = "param", value_name = "RULE.NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Run every variant too, in rows of its own that enter no total.
    #[arg(long)]
    pub(crate) variants: bool,
    /// Time semantics.
    #[arg(long, value_enum, default_value_t = DetectMode::Streaming)]
    pub(crate) mode: DetectMode,
    /// On which grid.
    #[command(flatten)]
    pub(crate) schedule: ScheduleArguments,
}

/// Time semantics of rules.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DetectMode {
    /// Sliding windows behind a watermark.
    Streaming,
    /// Tumbling bins as Kusto's `bin()`.
    Binned,
    /// Both, told apart by `mode` in the alerts.
    Both,
}

/// Arguments of `why`.
#[derive(Args, Debug)]
pub(crate) struct WhyArguments {
    /// Folder of results, or its name in results/.
    pub(crate) results: PathBuf,
    /// A campaign (id in campaigns.csv), or an incident (`first_alert` in incidents.csv).
    pub(crate) name: String,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// Files or folders.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Print each campaign's stages on the scenario's clock, with the rows that they make; a kind
    /// runs once, in a world of its own.
    #[arg(long)]
    pub(crate) timeline: bool,
}

/// Arguments of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// What to list.
    #[arg(value_enum)]
    pub(crate) what: Listing,
    /// Folder of your scenario: its kinds/, tables/ and rules/ are listed too.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// What can be listed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listing {
    /// Attack kinds.
    Attacks,
    /// Benign behaviour that looks like an attack.
    LookAlikes,
    /// Ways in which an attack avoids a rule.
    Evasions,
    /// Detection rules.
    Rules,
    /// Log tables.
    Tables,
    /// Shipped scenarios.
    Scenarios,
    /// Numeric parameters of `population`, `benign` and `telemetry`.
    Parameters,
    /// Parameters of detection rules, as `--param` sets them.
    Params,
}

/// Arguments of `show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// Id of a kind or rule, or name of a table or scenario.
    pub(crate) name: String,
    /// Folder of your scenario: its kinds/, tables/ and rules/ are known too.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Arguments of `new`.
#[derive(Args, Debug)]
pub(crate) struct NewArguments {
    /// What to write.
    #[arg(value_enum)]
    pub(crate) what: NewFile,
    /// Name of the scenario, or id of the attack kind.
    pub(crate) name: String,
    /// File to write [default: NAME.yaml, kinds/NAME.yaml for an attack].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The attack kind that the scenario runs.
    #[arg(long, value_name = "KIND")]
    pub(crate) attack: Option<String>,
}

/// Files that `new` writes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NewFile {
    /// A scenario.
    Scenario,
    /// An attack kind.
    Attack,
}

/// Arguments of `pages`.
#[derive(Args, Debug)]
pub(crate) struct PagesArguments {
    /// Folder to write.
    #[arg(long, short, value_name = "DIR", default_value = "docs")]
    pub(crate) output: PathBuf,
    /// Folder with kinds/, tables/ and rules/ of your own, described with the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// What `audit` looks at.
#[derive(Subcommand, Debug)]
pub(crate) enum AuditCommand {
    /// Is the traffic as published measurements say?
    Calibration(CalibrationArguments),
    /// Does a field give the label away that should carry no signal?
    Leak(LeakArguments),
    /// Do attack kinds and look-alikes keep what their files promise?
    Acceptance(AcceptanceArguments),
}

/// Arguments of `audit calibration`.
#[derive(Args, Debug)]
pub(crate) struct CalibrationArguments {
    /// Scenario file, the name of a shipped one, or a folder of NDJSON logs, yours or generated.
    #[arg(default_value = "calibration")]
    pub(crate) log: PathBuf,
    /// Name of a code assistant in your logs (repeatable) [default: names that hold `code`].
    #[arg(long, value_name = "APPLICATION")]
    pub(crate) code: Vec<String>,
    /// Seed, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// File for the table, as Markdown.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `audit leak`.
#[derive(Args, Debug)]
pub(crate) struct LeakArguments {
    /// Scenario file, the name of a shipped one, or a folder of labelled logs [default: every
    /// attack kind once].
    pub(crate) log: Option<PathBuf>,
    /// Seeds whose logs are pooled.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: u64,
    /// File for the table, as Markdown.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `audit acceptance`.
#[derive(Args, Debug)]
pub(crate) struct AcceptanceArguments {
    /// Attack kind or look-alike (repeatable) [default: all].
    #[arg(long = "kind", value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Seeds that every promise is measured on.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: u64,
    /// File for the table, as Markdown.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Reads the command line; help and version are printed here.
pub(crate) fn parse() -> Result<Arguments, Exit> {
    Arguments::try_parse().map_err(|error| {
        // Nobody is left to be told that the output is gone.
        let _ = error.print();
        let exit = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Pass,
            _ => Exit::Usage,
        };
        if exit == Exit::Usage && wants_json() {
            let _ = json_output().json(&document(&error));
        }
        let _ = std::io::stdout().flush();
        exit
    })
}

/// Whether `--json` stands on a command line that could not be read as a whole.
fn wants_json() -> bool {
    let options = std::env::args_os().take_while(|word| word != "--");
    options.skip(1).any(|word| word == "--json")
}

fn json_output() -> Output {
    Output {
        json: true,
        quiet: false,
    }
}

/// What is wrong with the command line, as every failure is told to programs.
fn document(error: &clap::Error) -> serde_json::Value {
    let text = error.render().to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or(&text);
    let message = message.trim().trim_start_matches("error: ");
    serde_json::json!({ "error": { "exit": Exit::Usage.number(), "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
