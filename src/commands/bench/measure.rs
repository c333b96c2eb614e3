//! The detectors of a benchmark, their runs in rounds, and the score of what they found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use livefire_harness::bench::Taken;
use livefire_schema::rules::RULES;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Measured, finish, own};
use crate::arguments::BenchArguments;
use crate::exit::Failure;
use crate::input::rule_tokens;

/// Characters of a failed command's words that are told.
const SAID: usize = 400;

/// What was read.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    fingerprint: String,
}

/// One detector as a command.
struct Detector {
    name: String,
    /// The rule, where it is one rule of ours alone.
    rule: Option<String>,
    command: Vec<String>,
    alerts: PathBuf,
    /// Whether its standard output is its alerts.
    prints: bool,
}

/// Everything that is to be measured.
pub(super) struct Bench {
    logs: PathBuf,
    place: PathBuf,
    parse: Vec<String>,
    detectors: Vec<Detector>,
}

impl Bench {
    /// Our rules together, each alone, and the commands of the user.
    ///
    /// # Errors
    /// Wrong use: unknown rules, commands without `{input}`.
    pub(super) fn new(
        arguments: &BenchArguments,
        logs: &Path,
        place: &Path,
    ) -> Result<Bench, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::internal(format!("livefire does not find itself: {error}"))
        })?;
        let (program, input) = (program.display().to_string(), logs.display().to_string());
        let words = |words: &[&str]| -> Vec<String> {
            let own = std::iter::once(program.as_str()).chain(words.iter().copied());
            own.map(str::to_owned).collect()
        };
        let detect = ["detect", input.as_str(), "-q"];
        let mut detectors = vec![Detector {
            name: "livefire, all rules".to_owned(),
            rule: None,
            command: words(&detect),
            alerts: place.join("all.ndjson"),
            prints: true,
        }];
        for rule in rules(arguments)? {
            let mut command = words(&detect);
            command.extend(["--rule".to_owned(), rule.clone()]);
            detectors.push(Detector {
                name: format!("livefire, {rule} alone"),
                command,
                alerts: place.join(format!("rule{}.ndjson", detectors.len())),
                rule: Some(rule),
                prints: true,
            });
        }
        for (index, text) in arguments.commands.iter().enumerate() {
            let target = place.join(format!("cmd{index}.ndjson"));
            detectors.push(theirs(text, &input, target)?);
        }
        Ok(Bench {
            parse: words(&["bench-child", "parse", &input]),
            logs: logs.to_path_buf(),
            place: place.to_path_buf(),
            detectors,
        })
    }

    /// Rows and bytes; reading them once also means that no round finds a cold disk.
    ///
    /// # Errors
    /// If the logs cannot be read.
    pub(super) fn size(&self) -> Result<Size, Failure> {
        let mut command = own()?;
        command.args(["bench-child", "parse"]).arg(&self.logs);
        let printed = finish(&mut command, "livefire bench")?;
        serde_json::from_slice(&printed).map_err(|error| Failure::internal(error.to_string()))
    }

    /// Runs every detector once a round; first the parse, then the detectors in their order.
    ///
    /// # Errors
    /// If one of them fails.
    pub(super) fn rounds(
        &self,
        repeat: usize,
        told: &mut dyn FnMut(u64),
    ) -> Result<Vec<Vec<Taken>>, Failure> {
        let all = self.detectors.len() + 1;
        let mut runs = vec![Vec::with_capacity(repeat); all];
        let mut done = 0;
        for round in 0..repeat {
            for step in 0..all {
                let index = (step + round) % all;
                runs[index].push(self.once(index.checked_sub(1), round)?);
                done += 1;
                told(done);
            }
        }
        Ok(runs)
    }

    /// One run of a detector, or of the parse.
    fn once(&self, index: Option<usize>, round: usize) -> Result<Taken, Failure> {
        let detector = index.map(|index| &self.detectors[index]);
        let (name, words) = detector.map_or(("bare parse", &self.parse), |detector| {
            (detector.name.as_str(), &detector.command)
        });
        let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{name}: {error}"));
        let report = self.place.join("taken.json");
        let mut command = own()?;
        command.args(["bench-child", "measure"]).arg(&report);
        command.arg("--").args(words).stdin(Stdio::null());
        let printed = self.place.join("printed");
        let file = File::create(&printed).map_err(|error| wrong(&error))?;
        command.stdout(file);
        let done = command.stderr(Stdio::piped()).output();
        let done = done.map_err(|error| wrong(&error))?;
        let said = String::from_utf8_lossy(&done.stderr);
        let said: String = said.trim().chars().take(SAID).collect();
        if !done.status.success() {
            return Err(wrong(&said));
        }
        let text = fs::read(&report).map_err(|error| wrong(&error))?;
        let mut document: Value = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
        let exit = &document["exit"];
        if *exit != 0 {
            let exit = exit
                .as_i64()
                .map_or("a signal".to_owned(), |exit| exit.to_string());
            return Err(Failure::input(format!("{name}: ended with {exit}: {said}")));
        }
        if let Some(detector) = detector {
            self.keep(detector, &printed, round)?;
        }
        serde_json::from_value(document["taken"].take()).map_err(|error| wrong(&error))
    }

    /// Keeps the alerts of a run: the first round's to score, later ones if they differ.
    fn keep(&self, detector: &Detector, printed: &Path, round: usize) -> Result<(), Failure> {
        let name = &detector.name;
        let found = if detector.prints {
            printed
        } else {
            &detector.alerts
        };
        let found = fs::read(found).map_err(|error| {
            Failure::input(format!("{name}: left no alerts in {{output}}: {error}"))
        })?;
        let first = first(&detector.alerts);
        let written = if round == 0 {
            fs::write(&first, &found)
        } else if fs::read(&first).is_ok_and(|first| first != found) {
            fs::write(differs(&detector.alerts), b"")
        } else {
            Ok(())
        };
        written.map_err(|error| Failure::usage(format!("{name}: {error}")))
    }

    /// A detector with what it found.
    ///
    /// # Errors
    /// If its alerts cannot be read.
    pub(super) fn scored(&self, index: usize, runs: Vec<Taken>) -> Result<Measured, Failure> {
        let detector = &self.detectors[index];
        let alerts = first(&detector.alerts);
        let text = fs::read(&alerts).unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n');
        let lines = lines.filter(|line| !line.iter().all(u8::is_ascii_whitespace));
        let lines = lines.count();
        let mut measured = Measured {
            name: detector.name.clone(),
            runs,
            alerts: u64::try_from(lines).unwrap_or(u64::MAX),
            repeatable: !differs(&detector.alerts).exists(),
            caught: None,
            precision: None,
        };
        if lines == 0 {
            return Ok(measured);
        }
        let mut command = own()?;
        command
            .arg("score")
            .arg(&self.logs)
            .arg("--alerts")
            .arg(&alerts);
        command.args(["--json", "-q"]);
        if let Some(rule) = &detector.rule {
            command.args(["--rule", rule]);
        }
        let what = format!("the alerts of {}", detector.name);
        let scored = match finish(&mut command, &what) {
            Err(Failure::Message(crate::exit::Exit::Nothing, _)) => return Ok(measured),
            scored => scored?,
        };
        let scored: Value = serde_json::from_slice(&scored)
            .map_err(|error| Failure::internal(error.to_string()))?;
        let number = |value: &Value| value.as_u64();
        let own = scored["rules"].as_array().and_then(|rows| {
            let rule = detector.rule.as_ref()?;
            rows.iter().find(|row| row["rule"] == **rule)
        });
        measured.caught = match own {
            Some(row) => number(&row["caught"]).zip(number(&row["expected"])),
            None => {
                let headline = &scored["headline"];
                number(&headline["detected"]).zip(number(&headline["campaigns"]))
            }
        };
        measured.precision = precision(&scored["headline"]["ratios"]["precision"]);
        Ok(measured)
    }
}

/// A command of the user's.
///
/// # Errors
/// Wrong use if it does not say where it takes what it reads.
fn theirs(text: &str, input: &str, alerts: PathBuf) -> Result<Detector, Failure> {
    if !text.contains("{input}") {
        return Err(Failure::usage(format!(
            "--cmd {text}: says nowhere what to read; write {{input}} for the folder of logs"
        )));
    }
    let filled = text.replace("{input}", &quoted(input));
    let filled = filled.replace("{output}", &quoted(&alerts.display().to_string()));
    let shell = if cfg!(windows) {
        ["cmd", "/C"]
    } else {
        ["sh", "-c"]
    };
    let mut command: Vec<String> = shell.map(str::to_owned).to_vec();
    command.push(filled);
    Ok(Detector {
        name: text.to_owned(),
        rule: None,
        command,
        alerts,
        prints: !text.contains("{output}"),
    })
}

/// A measure's value, whether it stands alone or beside how it came about.
fn precision(measure: &Value) -> Option<f64> {
    measure.as_f64().or_else(|| measure["value"].as_f64())
}

fn first(alerts: &Path) -> PathBuf {
    alerts.with_extension("first.ndjson")
}

fn differs(alerts: &Path) -> PathBuf {
    alerts.with_extension("differs")
}

/// The rules that are measured alone: those of `--rule`, else all that are built.
fn rules(arguments: &BenchArguments) -> Result<Vec<String>, Failure> {
    rule_tokens(&arguments.rules)?;
    if !arguments.rules.is_empty() {
        return Ok(arguments.rules.clone());
    }
    Ok(RULES.iter().map(|rule| rule.id.to_owned()).collect())
}

/// A path as one word of the shell.
fn quoted(path: &str) -> String {
    if cfg!(windows) {
        return format!("\"{path}\"");
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}
