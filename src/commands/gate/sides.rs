//! Results folders as sides of a gate, and what must agree before two of them are compared.

use std::fs;
use std::path::{Path, PathBuf};

use livefire_harness::TableTally;
use livefire_harness::gate::Ran;
use livefire_labels::{LabelBook, io};
use livefire_schema::alert::Alert;
use livefire_scorer::ScoreReport;
use serde::Deserialize;

use crate::alerts;
use crate::exit::Failure;

/// Differences of campaigns that are told one by one.
const NAMED: usize = 3;

/// One run: what it scored, and what it was a run of.
pub(crate) struct Side {
    /// Where it stands, or what was run.
    pub(crate) place: String,
    /// Its score.
    pub(crate) report: ScoreReport,
    /// Its alerts, where kept.
    pub(crate) alerts: Vec<Alert>,
    /// The truth, where kept.
    pub(crate) book: Option<LabelBook>,
    /// What it ran on.
    pub(crate) origin: Origin,
}

/// What results say of their origin.
#[derive(Deserialize, Default)]
pub(crate) struct Origin {
    /// Version of livefire.
    #[serde(default)]
    pub(crate) version: String,
    /// The schedule that its rules ran on, as `--schedule` takes it; empty where alerts alone were
    /// scored.
    #[serde(default)]
    pub(crate) schedule: String,
    /// The scenario's files; none for logs.
    #[serde(default)]
    pub(crate) scenario: Vec<String>,
    /// Rows and fingerprints of the tables; none where alerts alone were scored.
    #[serde(default)]
    pub(crate) tables: Vec<TableTally>,
}

impl Side {
    /// As a gate reads it.
    pub(super) fn ran(&self) -> Ran<'_> {
        Ran {
            report: &self.report,
            alerts: &self.alerts,
            book: self.book.as_ref(),
        }
    }

    /// What forbids a comparison with another side; empty if nothing does.
    pub(super) fn differences(&self, other: &Side) -> Vec<String> {
        let mut all = Vec::new();
        let mut differ = |what: &str, one: &str, two: &str| {
            if one != two {
                all.push(format!("{what}: {one} and {two}"));
            }
        };
        let (one, two) = (&self.report, &other.report);
        differ("scenario", &one.scenario, &two.scenario);
        let seed = |seed: Option<u64>| seed.map_or("none".to_owned(), |seed| seed.to_string());
        differ("seed", &seed(one.seed), &seed(two.seed));
        differ("version", &self.origin.version, &other.origin.version);
        let scored =
            |report: &ScoreReport| format!("{} to {}", report.scored.start, report.scored.end);
        differ("scored interval", &scored(one), &scored(two));
        let grouping = |report: &ScoreReport| format!("{:?}", report.options.grouping);
        differ("grouping", &grouping(one), &grouping(two));
        let suppression = |report: &ScoreReport| report.options.suppression.span.to_string();
        differ("suppression", &suppression(one), &suppression(two));
        let schedules = [&self.origin.schedule, &other.origin.schedule];
        if schedules.iter().all(|schedule| !schedule.is_empty()) {
            differ("schedule", schedules[0], schedules[1]);
        }
        let texts = [&self.origin.scenario, &other.origin.scenario];
        if texts[0] != texts[1] && texts.iter().all(|text| !text.is_empty()) {
            all.push("the scenario's text".to_owned());
        }
        let tables = [&self.origin.tables, &other.origin.tables];
        if tables[0] != tables[1] && tables.iter().all(|tables| !tables.is_empty()) {
            all.push("the rows of the log".to_owned());
        }
        all.extend(campaigns(one, two));
        all
    }
}

/// Campaigns that one side knows otherwise, or not.
fn campaigns(one: &ScoreReport, two: &ScoreReport) -> Option<String> {
    let keys = |report: &ScoreReport| {
        let rows = report.campaigns.iter();
        let mut keys: Vec<_> = rows
            .map(|row| (row.id.clone(), row.t0, row.t_end))
            .collect();
        keys.sort();
        keys
    };
    let (one, two) = (keys(one), keys(two));
    let alone = one.iter().filter(|key| !two.contains(key));
    let alone = alone.chain(two.iter().filter(|key| !one.contains(key)));
    let mut names: Vec<&str> = alone.map(|key| key.0.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!("campaigns: {}{more}", names.join(", ")))
}

/// Whether a folder holds results, of one run or of several in folders of their own.
pub(super) fn is_results(folder: &Path) -> bool {
    folder.join("metrics.json").is_file() || !inside(folder).is_empty()
}

/// Folders of results inside a folder, by name.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.join("metrics.json").is_file())
        .collect();
    paths.sort();
    paths
}

/// The folder as named, or of that name in `results/`, where it holds results.
pub(super) fn results_folder(named: &Path) -> Option<PathBuf> {
    let beside = Path::new("results").join(named);
    [named.to_path_buf(), beside]
        .into_iter()
        .find(|folder| is_results(folder))
}

/// Reads the results of a folder, one side for each run, by seed.
///
/// # Errors
/// If it holds none, or they cannot be read; if two runs have the same seed.
pub(super) fn read(named: &Path) -> Result<Vec<Side>, Failure> {
    let Some(folder) = results_folder(named) else {
        return Err(Failure::input(format!(
            "{}: holds no results; name a folder that `livefire run` or `score -o` wrote, with a \
             metrics.json",
            named.display()
        )));
    };
    let folders = if folder.join("metrics.json").is_file() {
        vec![folder]
    } else {
        inside(&folder)
    };
    let sides: Result<Vec<Side>, Failure> = folders.iter().map(|folder| side(folder)).collect();
    let mut sides = sides?;
    sides.sort_by_key(|side| side.report.seed);
    let twins = sides
        .windows(2)
        .find(|pair| pair[0].report.seed == pair[1].report.seed);
    match twins {
        Some(pair) => Err(Failure::input(format!(
            "{} and {}: two runs of the same seed; keep one of them",
            pair[0].place, pair[1].place
        ))),
        None => Ok(sides),
    }
}

fn side(folder: &Path) -> Result<Side, Failure> {
    let report: ScoreReport = json(&folder.join("metrics.json"))?;
    let manifest = folder.join("manifest.json");
    let labels = folder.join("labels");
    let book = if labels.join(io::CAMPAIGNS).is_file() {
        let read = io::read(&labels);
        Some(
            read.map_err(|error| Failure::input(error.to_string()))?
                .book,
        )
    } else {
        None
    };
    let list = folder.join("alerts.ndjson");
    let alerts = match &book {
        Some(book) if list.is_file() => alerts::read(&list, book)?,
        _ => Vec::new(),
    };
    Ok(Side {
        place: folder.display().to_string(),
        report,
        alerts,
        book,
        origin: json(&manifest)?,
    })
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::input(format!(
            "{}: cannot be read: {error}; was it written by another version of livefire?",
            path.display()
        ))
    };
    let bytes = fs::read(path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error))
}
