//! Which rules changed since a revision of git.

use std::path::Path;
use std::process::Command;

use livefire_detector::RuleSet;
use livefire_schema::rules::RuleToken;

use crate::exit::Failure;

/// Rules of a folder whose files were changed, added or removed since a revision, with those that
/// git does not know yet.
///
/// # Errors
/// Wrong use if git does not know the revision, or the folder is not in a repository.
pub(super) fn rules(
    folder: &Path,
    revision: &str,
    rules: &RuleSet,
) -> Result<Vec<RuleToken>, Failure> {
    if revision.starts_with('-') {
        return Err(Failure::usage(format!(
            "--changed-since {revision}: is no revision of git"
        )));
    }
    let changed = git(
        folder,
        &["diff", "--name-only", "--relative", revision, "--", "."],
    )?;
    let fresh = git(folder, &["ls-files", "--others", "--exclude-standard"])?;
    let files = changed.lines().chain(fresh.lines());
    let stems: Vec<&str> = files
        .filter(|file| !file.contains('/'))
        .filter_map(|file| file.strip_suffix(".yaml"))
        .collect();
    let is_changed = |id: &str, name: &str| {
        let origin = rules.source(id).map_or("", |(_, origin)| origin);
        let own = Path::new(origin).file_stem();
        let own = own.and_then(|stem| stem.to_str()).unwrap_or_default();
        // A file that is gone is known by the rule's name only.
        stems.contains(&name) || (origin != "embedded" && stems.contains(&own))
    };
    let changed = rules
        .rules()
        .filter(|(info, _)| is_changed(info.id, info.name));
    Ok(changed
        .map(|(info, _)| RuleToken {
            rule: info.id.to_owned(),
            class: None,
            variant: None,
        })
        .collect())
}

/// The changed rules among those that were asked for; all of them where none was.
pub(super) fn both(asked: &[RuleToken], changed: Vec<RuleToken>) -> Vec<RuleToken> {
    if asked.is_empty() {
        return changed;
    }
    let is_changed = |token: &&RuleToken| changed.iter().any(|one| one.rule == token.rule);
    asked.iter().filter(is_changed).cloned().collect()
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let ran = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output();
    let answer = ran
        .map_err(|error| Failure::usage(format!("--changed-since: git cannot be run: {error}")))?;
    if !answer.status.success() {
        let why = String::from_utf8_lossy(&answer.stderr);
        let why = why.lines().next().unwrap_or("git failed");
        return Err(Failure::usage(format!("--changed-since: {why}")));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}
