//! The `reference/` folder: identities, watchlists and geography as CSV files with headers.
//!
//! `identities.csv`, `APP_MAP.csv`, `MODEL_MAP.csv`, `DRILLS.csv` and `geo.csv`. A file that is
//! missing is an empty list, so that a user can bring what there is; columns that we don't know are
//! passed over.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Reference;

/// Name of the identity map's file.
pub const IDENTITIES: &str = "identities.csv";
/// Name of the `APP_MAP` watchlist's file.
pub const APPLICATIONS: &str = "APP_MAP.csv";
/// Name of the `MODEL_MAP` watchlist's file.
pub const MODELS: &str = "MODEL_MAP.csv";
/// Name of the drill watchlist's file.
pub const DRILLS: &str = "DRILLS.csv";
/// Name of the geography's file.
pub const PLACES: &str = "geo.csv";

const IDENTITY_HEADER: &[&str] = &[
    "object_id",
    "upn",
    "department",
    "country",
    "time_zone",
    "created",
    "service",
];
const APPLICATION_HEADER: &[&str] = &["application", "resource"];
const MODEL_HEADER: &[&str] = &["model", "deployment", "asset_id"];
const DRILL_HEADER: &[&str] = &["account", "address", "application", "from", "to"];
const PLACE_HEADER: &[&str] = &[
    "network",
    "country",
    "city",
    "latitude",
    "longitude",
    "asn",
    "provider",
    "usage",
];

/// Why reference data cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line is not what its file asks for.
    #[error("{path}:{line}: {message}; the columns are {columns}")]
    Line {
        /// The file.
        path: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong.
        message: String,
        /// The columns of the file.
        columns: String,
    },
}

/// Writes all five files into `folder`, which is made if need be.
///
/// # Errors
/// [`ReferenceError::Io`] if a file cannot be written.
pub fn write(folder: &Path, reference: &Reference) -> Result<(), ReferenceError> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    let file = |name| folder.join(name);
    write_list(&file(IDENTITIES), IDENTITY_HEADER, &reference.identities)?;
    write_list(
        &file(APPLICATIONS),
        APPLICATION_HEADER,
        &reference.applications,
    )?;
    write_list(&file(MODELS), MODEL_HEADER, &reference.models)?;
    write_list(&file(DRILLS), DRILL_HEADER, &reference.drills)?;
    write_list(&file(PLACES), PLACE_HEADER, &reference.places)
}

/// Reads what `folder` holds of the five files.
///
/// # Errors
/// [`ReferenceError`] naming file and line of the first fault; a missing file is none.
pub fn read(folder: &Path) -> Result<Reference, ReferenceError> {
    let file = |name| folder.join(name);
    Ok(Reference::new(
        read_list(&file(IDENTITIES), IDENTITY_HEADER)?,
        read_list(&file(APPLICATIONS), APPLICATION_HEADER)?,
        read_list(&file(MODELS), MODEL_HEADER)?,
        read_list(&file(DRILLS), DRILL_HEADER)?,
        read_list(&file(PLACES), PLACE_HEADER)?,
    ))
}

fn write_list<T: Serialize>(
    path: &Path,
    header: &[&str],
    list: &[T],
) -> Result<(), ReferenceError> {
    // The header is written even for an empty list, so that a user sees what to fill in.
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let result = writer
        .write_record(header)
        .and_then(|()| list.iter().try_for_each(|item| writer.serialize(item)));
    result.map_err(|error| io_error(path, error.into()))?;
    let bytes = writer
        .into_inner()
        .map_err(|error| io_error(path, error.into_error()))?;
    let mut file = fs::File::create(path).map_err(|error| io_error(path, error))?;
    file.write_all(&bytes)
        .map_err(|error| io_error(path, error))
}

fn read_list<T: DeserializeOwned>(path: &Path, header: &[&str]) -> Result<Vec<T>, ReferenceError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(path, error)),
    };
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file)
        .into_deserialize()
        .map(|record| record.map_err(|error| line_error(path, header, error)))
        .collect()
}

fn io_error(path: &Path, error: std::io::Error) -> ReferenceError {
    ReferenceError::Io {
        path: path.display().to_string(),
        error,
    }
}

fn line_error(path: &Path, header: &[&str], error: csv::Error) -> ReferenceError {
    let mut line = error.position().map_or(1, csv::Position::line);
    let message = match error.into_kind() {
        csv::ErrorKind::Io(error) => return io_error(path, error),
        csv::ErrorKind::Utf8 { .. } => "not UTF-8; write the file in UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields where the header names {expected_len}"),
        csv::ErrorKind::Deserialize { err, pos } => {
            line = pos.map_or(line, |pos| pos.line());
            match err.field().and_then(|field| usize::try_from(field).ok()) {
                Some(field) => format!("field {}: {}", field + 1, err.kind()),
                None => err.kind().to_string(),
            }
        }
        other => format!("{other:?}"),
    };
    ReferenceError::Line {
        path: path.display().to_string(),
        line,
        message,
        columns: header.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Application, Drill, Identity, Model, Place};
    use super::*;
    use crate::time::EventTime;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("livefire-reference-{name}"));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn sample() -> Reference {
        let time = EventTime::parse("2026-03-02T08:00:00Z");
        let identities = vec![
            Identity {
                object_id: "id-1".into(),
                upn: "ada@x.example".into(),
                department: "R&D, \"north\"".into(),
                created: time,
                ..Identity::default()
            },
            Identity {
                object_id: "id-2".into(),
                service: true,
                ..Identity::default()
            },
        ];
        let drill = Drill {
            account: "ada@x.example".into(),
            address: "198.18.7.41".into(),
            application: "Assistant".into(),
            from: time.unwrap(),
            to: time.unwrap(),
        };
        let place = Place {
            network: "198.18.7.0/24".into(),
            latitude: -3.25,
            longitude: 13.4,
            asn: 64512,
            ..Place::default()
        };
        Reference::new(
            identities,
            vec![Application::default()],
            vec![Model::default()],
            vec![drill],
            vec![place],
        )
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = folder("round-trip");
        let reference = sample();
        write(&folder, &reference).expect("writes");
        let back = read(&folder).expect("reads");
        assert_eq!(back.identities, reference.identities);
        assert_eq!(back.applications, reference.applications);
        assert_eq!(back.models, reference.models);
        assert_eq!(back.drills, reference.drills);
        assert_eq!(back.places, reference.places);
        assert_eq!(back.account("ADA@X.example"), Some(0));
    }

    #[test]
    fn missing_files_are_empty_lists_and_unknown_columns_are_passed_over() {
        let folder = folder("partial");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(APPLICATIONS),
            "resource,owner,application\naoai-1,x,Assistant\n",
        )
        .unwrap();
        let reference = read(&folder).expect("reads");
        assert!(reference.identities.is_empty());
        assert_eq!(reference.applications[0].application, "Assistant");
    }

    #[track_caller]
    fn fails_with(name: &str, file: &str, text: &str, expected: &str) {
        let folder = folder(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), text).unwrap();
        let message = read(&folder).expect_err("has a fault").to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn faults_name_file_and_line_and_the_columns() {
        fails_with(
            "time",
            DRILLS,
            "account,address,application,from,to\na,b,c,2026-03-02T00:00:00Z,later\n",
            "DRILLS.csv:2: `later` is no ISO 8601 time",
        );
        fails_with(
            "short",
            APPLICATIONS,
            "application,resource\na,b\nc\n",
            "APP_MAP.csv:3: 1 fields where the header names 2",
        );
        fails_with(
            "header",
            MODELS,
            "name,deployment,asset_id\na,b,c\n",
            "MODEL_MAP.csv:2: missing field `model`",
        );
    }
}
