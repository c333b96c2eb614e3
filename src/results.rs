//! A results folder that is there whole or not at all: written under a temporary name, then renamed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exit::Failure;
use crate::interrupt;

/// File that marks a folder as ours, so that it may be replaced.
const MANIFEST: &str = "manifest.json";
/// The report within a results folder.
pub(crate) const REPORT: &str = "report.html";
/// All that a results folder holds; anything else there is its user's.
const CONTENT: &[&str] = &[
    MANIFEST,
    "alerts.ndjson",
    "campaigns.csv",
    "experiment.json",
    "incidents.csv",
    "labels",
    "metrics.json",
    REPORT,
    "summary.json",
];

/// A folder under construction; removed again unless [`ResultsFolder::finish`] is called.
#[derive(Debug)]
pub(crate) struct ResultsFolder {
    target: PathBuf,
    partial: PathBuf,
    _guard: interrupt::Guard,
}

impl ResultsFolder {
    /// Makes the temporary folder beside `target`.
    ///
    /// # Errors
    /// If `target` holds something that livefire did not write, or nothing can be made there.
    pub(crate) fn create(target: &Path) -> Result<Self, Failure> {
        check_replaceable(target)?;
        let name = target.file_name().ok_or_else(|| {
            Failure::usage(format!("{}: names no folder to write", target.display()))
        })?;
        let parent = target.parent().unwrap_or(Path::new(""));
        if !parent.as_os_str().is_empty() {
            fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
        }
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".partial-{}", std::process::id()));
        let partial = parent.join(hidden);
        let guard = interrupt::guard(&partial, &set_aside(&partial), target);
        fs::create_dir(&partial).map_err(|error| cannot_write(&partial, &error))?;
        Ok(ResultsFolder {
            target: target.to_path_buf(),
            partial,
            _guard: guard,
        })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// Writes one file of the folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.partial.join(name);
        fs::write(&path, bytes).map_err(|error| cannot_write(&path, &error))
    }

    /// Writes one file of the folder piece by piece, so that it is never whole in memory.
    ///
    /// # Errors
    /// If it cannot be written, or `content` fails.
    pub(crate) fn write_with(
        &self,
        name: &str,
        content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.partial.join(name);
        write_new(&path, content).map_err(|error| cannot_write(&path, &error))
    }

    /// Gives the folder its final name, in place of an earlier result.
    ///
    /// # Errors
    /// If it cannot be renamed; nothing stands under the final name then but what stood there.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let failed = |error: io::Error| cannot_write(&self.target, &error);
        if !self.target.exists() {
            return fs::rename(&self.partial, &self.target).map_err(failed);
        }
        let old = set_aside(&self.partial);
        fs::rename(&self.target, &old).map_err(failed)?;
        if let Err(error) = fs::rename(&self.partial, &self.target) {
            // Best effort: put the earlier result back before telling.
            let _ = fs::rename(&old, &self.target);
            return Err(failed(error));
        }
        fs::remove_dir_all(&old).map_err(failed)
    }
}

impl Drop for ResultsFolder {
    fn drop(&mut self) {
        // After `finish` there is nothing left under this name.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// Where an earlier result stands while the new one takes its place.
fn set_aside(partial: &Path) -> PathBuf {
    let mut old = partial.to_path_buf().into_os_string();
    old.push("-old");
    PathBuf::from(old)
}

/// Refuses a target that holds something else than an earlier output of livefire.
pub(crate) fn check_replaceable(target: &Path) -> Result<(), Failure> {
    let refuse = |why: &str| {
        Err(Failure::usage(format!(
            "{}: {why}; name a folder that is empty, new or an earlier output of livefire",
            target.display()
        )))
    };
    match fs::read_dir(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => refuse("is a file"),
        Err(error) => Err(cannot_write(target, &error)),
        Ok(entries) => {
            let entries = entries.filter_map(Result::ok);
            let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            let foreign = names
                .iter()
                .find(|name| !CONTENT.iter().any(|own| name.as_os_str() == *own));
            match foreign {
                Some(name) => refuse(&format!(
                    "holds `{}`, which livefire did not write",
                    name.to_string_lossy()
                )),
                None if names.is_empty() || is_ours(target) => Ok(()),
                None => refuse("holds files that livefire did not write"),
            }
        }
    }
}

/// Refuses a folder of logs that is a part of one: its labels tell of the whole log.
///
/// # Errors
/// If its manifest names a window of ingestion time.
pub(crate) fn require_whole_log(folder: &Path) -> Result<(), Failure> {
    let manifest = fs::read(folder.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let window = manifest
        .as_ref()
        .and_then(|manifest| manifest.get("window"));
    match window {
        Some(window) if !window.is_null() => Err(Failure::input(format!(
            "{}: holds only the rows ingested from {} to {}; join the parts, or generate the \
             whole log, before it is scored",
            folder.display(),
            window["start"].as_str().unwrap_or("?"),
            window["end"].as_str().unwrap_or("?"),
        ))),
        _ => Ok(()),
    }
}

fn is_ours(folder: &Path) -> bool {
    let manifest = fs::read(folder.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    manifest.is_some_and(|manifest| manifest["program"] == "livefire")
}

/// Tells that something cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{}: cannot be written: {error}", path.display()))
}

/// Writes one file under a temporary name and renames it.
///
/// # Errors
/// If it cannot be written; nothing new stands under the final name then.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_file_with(path, |file| file.write_all(bytes))
}

/// As [`write_file`], piece by piece, so that the file is never whole in memory.
///
/// # Errors
/// If it cannot be written, or `content` fails; nothing new stands under the final name then.
pub(crate) fn write_file_with(
    path: &Path,
    content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    let _guard = interrupt::guard(&partial, &set_aside(&partial), path);
    let written = write_new(&partial, content).and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| {
        // What is left of the attempt is of no use to anybody.
        let _ = fs::remove_file(&partial);
        cannot_write(path, &error)
    })
}

fn write_new(
    path: &Path,
    content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = io::BufWriter::with_capacity(1 << 16, fs::File::create(path)?);
    content(&mut file)?;
    io::Write::flush(&mut file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_folder_leaves_nothing_behind() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let target = place.path().join("out");
        let folder = ResultsFolder::create(&target).expect("can be made");
        folder.write("a.txt", b"a").expect("can be written");
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).expect("is there").count(), 0);
    }

    #[test]
    fn only_our_own_results_are_replaced() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let target = place.path().join("out");
        fs::create_dir(&target).expect("can be made");
        fs::write(target.join("thesis.txt"), "years of work").expect("can be written");
        assert!(ResultsFolder::create(&target).is_err());
        fs::write(target.join(MANIFEST), r#"{"program": "livefire"}"#).expect("can be written");
        assert!(
            ResultsFolder::create(&target).is_err(),
            "a guest among our files stays"
        );
        fs::remove_file(target.join("thesis.txt")).expect("can be removed");
        let folder = ResultsFolder::create(&target).expect("is replaceable");
        folder
            .write("metrics.json", b"new")
            .expect("can be written");
        folder.finish().expect("can be renamed");
        assert!(target.join("metrics.json").exists() && !target.join(MANIFEST).exists());
        assert_eq!(fs::read_dir(place.path()).expect("is there").count(), 1);
    }
}
