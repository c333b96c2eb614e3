//! A results folder as `livefire run` or `score` leaves it, read for reporting.
//!
//! Only `metrics.json` is needed; sections whose files are missing say so instead of guessing.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use livefire_schema::alert::{Alert, Details, Entity, EvidenceRow, Severity};
use livefire_scorer::ScoreReport;
use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::seeds::Seeds;
use crate::summary::{FORMAT, KindInfo, Summary};

/// Rows of evidence that are kept of an alert.
const EVIDENCE: usize = 5;

/// One result.
#[derive(Debug)]
pub struct Results {
    /// The folder's name, for error messages and links.
    pub folder: PathBuf,
    /// `metrics.json`.
    pub score: ScoreReport,
    /// `manifest.json`, or null.
    pub manifest: Value,
    /// `alerts.ndjson` by alert id, shortened; nothing where the folder holds none.
    pub alerts: Option<FxHashMap<String, AlertSample>>,
    /// `summary.json`, where the run wrote one.
    pub summary: Option<Summary>,
    /// `experiment.json`, where the run had several seeds.
    pub seeds: Option<Seeds>,
}

/// What is shown of an alert.
#[derive(Clone, Debug)]
pub struct AlertSample {
    /// Severity after the update.
    pub severity: Severity,
    /// Classes after the update.
    pub classes: Vec<String>,
    /// Entities.
    pub entities: Vec<Entity>,
    /// What the rule says of it.
    pub details: Details,
    /// First rows of the evidence.
    pub evidence: Vec<EvidenceRow>,
    /// Rows of evidence in all.
    pub evidence_rows: usize,
}

/// Why a folder is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file is missing or cannot be read.
    #[error("{path}: {error}; name a folder that `livefire run` or `livefire score -o` wrote")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what livefire writes.
    #[error("{path}:{line}: {message}; write the result again with this version of livefire")]
    Content {
        /// The file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Results {
    /// Reads a results folder.
    ///
    /// # Errors
    /// [`ReadError`] if it holds no `metrics.json`, or a file that livefire did not write so.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let score = required(&folder.join("metrics.json"))?;
        let manifest = optional(&folder.join("manifest.json"))?.unwrap_or(Value::Null);
        let path = folder.join("summary.json");
        let summary: Option<Summary> = optional(&path)?;
        if let Some(summary) = &summary
            && summary.format != FORMAT
        {
            return Err(ReadError::Content {
                path: path.display().to_string(),
                line: 1,
                message: format!("format {}, this version reads {FORMAT}", summary.format),
            });
        }
        Ok(Results {
            folder: folder.to_path_buf(),
            score,
            manifest,
            alerts: alerts(&folder.join("alerts.ndjson"))?,
            summary,
            seeds: optional(&folder.join("experiment.json"))?,
        })
    }

    /// What is known of an attack kind or look-alike.
    #[must_use]
    pub fn kind(&self, id: &str) -> Option<&KindInfo> {
        self.summary.as_ref()?.kinds.get(id)
    }

    /// The title of a kind, or its id in words.
    #[must_use]
    pub fn title(&self, id: &str) -> String {
        match self.kind(id) {
            Some(kind) if !kind.title.is_empty() => kind.title.clone(),
            _ => crate::format::words(id),
        }
    }

    /// What is kept of an alert.
    #[must_use]
    pub fn alert(&self, id: &str) -> Option<&AlertSample> {
        self.alerts.as_ref()?.get(id)
    }

    /// The name of the scenario or log.
    #[must_use]
    pub fn name(&self) -> &str {
        self.manifest["name"]
            .as_str()
            .unwrap_or(&self.score.scenario)
    }

    /// The value of a rule's parameter, as in `R1.window`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.manifest["parameters"][name].as_str()
    }
}

impl From<Alert> for AlertSample {
    fn from(alert: Alert) -> Self {
        let evidence_rows = alert.evidence.len();
        let mut evidence = alert.evidence;
        evidence.truncate(EVIDENCE);
        AlertSample {
            severity: alert.severity,
            classes: alert.classes,
            entities: alert.entities,
            details: alert.details,
            evidence,
            evidence_rows,
        }
    }
}

fn required<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    parsed(path, &bytes)
}

fn optional<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, ReadError> {
    match std::fs::read(path) {
        Ok(bytes) => parsed(path, &bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| ReadError::Content {
        path: path.display().to_string(),
        line: error.line(),
        message: error.to_string(),
    })
}

fn unreadable(path: &Path, error: io::Error) -> ReadError {
    let path = path.display().to_string();
    ReadError::Io { path, error }
}

fn alerts(path: &Path) -> Result<Option<FxHashMap<String, AlertSample>>, ReadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let mut alerts = FxHashMap::default();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| unreadable(path, error))?;
        if line.trim().is_empty() {
            continue;
        }
        let alert: Alert = serde_json::from_str(&line).map_err(|error| ReadError::Content {
            path: path.display().to_string(),
            line: index + 1,
            message: error.to_string(),
        })?;
        alerts.insert(alert.id.clone(), alert.into());
    }
    Ok(Some(alerts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_result_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = Results::read(folder.path()).expect_err("is empty");
        let text = error.to_string();
        assert!(
            text.contains("metrics.json") && text.contains("livefire run"),
            "{text}"
        );
    }

    #[test]
    fn a_damaged_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("metrics.json"), "{\n oops").expect("can be written");
        let text = Results::read(folder.path())
            .expect_err("is damaged")
            .to_string();
        assert!(text.contains("metrics.json:2:"), "{text}");
    }
}
