//! A rule file with other values: changed in place, comments and order kept.

use std::fs;
use std::path::{Path, PathBuf};

use livefire_detector::{Form, RuleSet};
use livefire_harness::tune::Setting;
use serde::Serialize;
use similar::TextDiff;

use crate::exit::Failure;
use crate::results;

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// A changed rule file.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    /// Where it belongs.
    pub(crate) path: PathBuf,
    /// What changes, as a unified diff.
    pub(crate) diff: String,
    #[serde(skip)]
    text: String,
    #[serde(skip)]
    settings: Vec<Setting>,
    /// Whether the file is there already and was read.
    #[serde(skip)]
    is_own: bool,
}

impl Change {
    /// The file of a rule form with these values. A rule of a file is changed there; a shipped one
    /// gets a file in `folder`.
    ///
    /// # Errors
    /// If the file is written in a way that cannot be changed line by line.
    pub(crate) fn of(
        rules: &RuleSet,
        form: &Form,
        settings: &[Setting],
        folder: &Path,
    ) -> Result<Self, Failure> {
        let info = form.info();
        let source = rules.source(info.id);
        let (old, origin) = source.ok_or_else(|| Failure::internal("a rule without a file"))?;
        let is_own = origin != "embedded";
        let path = if is_own {
            PathBuf::from(origin)
        } else {
            folder.join(format!("{}.yaml", info.name))
        };
        let variant = form.name().split_once('@').map(|(_, variant)| variant);
        let mut text = old.to_owned();
        for Setting { parameter, value } in settings {
            text = set(&text, variant, parameter, value);
        }
        let before = if is_own { origin } else { "shipped" };
        let after = path.display().to_string();
        let diff = TextDiff::from_lines(old, &text);
        let mut diff = diff.unified_diff();
        let diff = diff.context_radius(CONTEXT).header(before, &after);
        Ok(Change {
            diff: diff.to_string(),
            path,
            text,
            settings: settings.to_vec(),
            is_own,
        })
    }

    /// Writes the file, reads it back, and takes it away again if it does not say what it should.
    ///
    /// # Errors
    /// If it cannot be written, would replace a file that was not read, or does not hold the values.
    pub(crate) fn write(&self, form: &Form) -> Result<(), Failure> {
        let shown = self.path.display();
        let old = fs::read(&self.path).ok();
        if old.is_some() && !self.is_own {
            return Err(Failure::usage(format!(
                "{shown}: is there and was not read; name its folder with --rules to change it"
            )));
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() {
            fs::create_dir_all(folder).map_err(|error| results::cannot_write(folder, &error))?;
        }
        results::write_file(&self.path, self.text.as_bytes())?;
        if self.holds(folder, form) {
            return Ok(());
        }
        match old {
            Some(bytes) => results::write_file(&self.path, &bytes)?,
            None => {
                fs::remove_file(&self.path)
                    .map_err(|error| results::cannot_write(&self.path, &error))?;
            }
        }
        Err(Failure::input(format!(
            "{shown}: cannot be changed line by line and is left as it was; make this change \
             yourself:\n{}",
            self.diff
        )))
    }

    /// Whether the written file gives the form the wanted values.
    fn holds(&self, folder: &Path, form: &Form) -> bool {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let Ok(mut rules) = RuleSet::embedded().with_folder(folder) else {
            return false;
        };
        let Ok(token) = form.name().parse() else {
            return false;
        };
        if rules.select(&[token]).is_err() {
            return false;
        }
        let Some((_, read)) = rules.forms().next() else {
            return false;
        };
        self.settings.iter().all(|setting| {
            let mut values = read.parameters().iter();
            values.any(|(spec, value)| {
                spec.name == setting.parameter && value.to_string() == setting.value
            })
        })
    }
}

/// The text of a rule file with one value of the rule, or of one of its variants, changed.
fn set(text: &str, variant: Option<&str>, parameter: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let top = if variant.is_some() {
        "variants"
    } else {
        "parameters"
    };
    let section = section(&mut lines, 0..usize::MAX, 0, top);
    match variant {
        None => set_in(&mut lines, section, parameter, value),
        Some(variant) => {
            let indent = inner_indent(&lines, section);
            let range = section + 1..end_of(&lines, section);
            let own = self::section(&mut lines, range, indent, variant);
            set_in(&mut lines, own, parameter, value);
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Sets a value in the map that begins at the line `head`.
fn set_in(lines: &mut Vec<String>, head: usize, parameter: &str, value: &str) {
    if lines[head].contains('{') {
        lines[head] = set_in_flow(&lines[head], parameter, value);
        return;
    }
    let indent = inner_indent(lines, head);
    for line in &mut lines[head + 1..] {
        if is_outside(line, indent) {
            break;
        }
        if key_of(line, indent) == Some(parameter) {
            let comment = line.find(" #").map(|at| {
                let spaces = line[..at].len() - line[..at].trim_end().len();
                format!("{}{}", &line[at - spaces..at], &line[at..])
            });
            let comment = comment.unwrap_or_default();
            *line = format!("{:indent$}{parameter}: {value}{comment}", "");
            return;
        }
    }
    lines.insert(head + 1, format!("{:indent$}{parameter}: {value}", ""));
}

/// `  rows: { counts: rows }   # why` with one more or another value.
fn set_in_flow(line: &str, parameter: &str, value: &str) -> String {
    let (Some(open), Some(close)) = (line.find('{'), line.rfind('}')) else {
        return line.to_owned();
    };
    let items = line[open + 1..close].split(',').map(str::trim);
    let mut items: Vec<String> = items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect();
    let changed = format!("{parameter}: {value}");
    let is_it = |item: &String| item.split(':').next().map(str::trim) == Some(parameter);
    match items.iter().position(is_it) {
        Some(position) => items[position] = changed,
        None => items.push(changed),
    }
    format!(
        "{}{{ {} }}{}",
        &line[..open],
        items.join(", "),
        &line[close + 1..]
    )
}

/// The line of a key at some indentation within a range; added behind it if it is not there.
fn section(
    lines: &mut Vec<String>,
    range: std::ops::Range<usize>,
    indent: usize,
    key: &str,
) -> usize {
    let end = range.end.min(lines.len());
    let found = (range.start..end).find(|&line| key_of(&lines[line], indent) == Some(key));
    found.unwrap_or_else(|| {
        lines.insert(end, format!("{:indent$}{key}:", ""));
        end
    })
}

/// The first line behind the map that begins at `head`.
fn end_of(lines: &[String], head: usize) -> usize {
    let indent = inner_indent(lines, head);
    let inside = lines[head + 1..].iter();
    let length = inside.take_while(|line| !is_outside(line, indent)).count();
    head + 1 + length
}

/// How far the entries of the map at `head` are indented; two more than it where there are none.
fn inner_indent(lines: &[String], head: usize) -> usize {
    let own = indent_of(&lines[head]);
    let inside = lines[head + 1..].iter();
    let first = inside.into_iter().find(|line| has_content(line));
    match first {
        Some(line) if indent_of(line) > own => indent_of(line),
        _ => own + 2,
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn has_content(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with('#')
}

fn is_outside(line: &str, indent: usize) -> bool {
    has_content(line) && indent_of(line) < indent
}

/// The key of a line at exactly this indentation.
fn key_of(line: &str, indent: usize) -> Option<&str> {
    if !has_content(line) || indent_of(line) != indent {
        return None;
    }
    line.trim_start().split_once(':').map(|(key, _)| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# R2: why\n\nid: R2\nname: content_safety\nparameters:\n  threshold: 3\n  \
                        key: user                       # user | session\n\n  window: 1h\nvariants:\n  \
                        session: { key: session }   # split\n  rows:\n    counts: rows\n";

    #[track_caller]
    fn changes(variant: Option<&str>, parameter: &str, value: &str, old: &str, new: &str) {
        let expected = FILE.replace(old, new);
        assert_ne!(expected, FILE, "the case changes something");
        assert_eq!(set(FILE, variant, parameter, value), expected);
    }

    #[test]
    fn a_value_is_changed_where_it_stands_with_its_comment() {
        changes(None, "threshold", "5", "threshold: 3", "threshold: 5");
        changes(None, "key", "session", "key: user  ", "key: session  ");
        changes(None, "window", "20m", "window: 1h", "window: 20m");
    }

    #[test]
    fn a_value_that_is_not_there_is_added() {
        changes(
            None,
            "realert",
            "4h",
            "parameters:\n",
            "parameters:\n  realert: 4h\n",
        );
        let bare = "id: R2\nname: content_safety\n";
        assert_eq!(
            set(bare, None, "threshold", "5"),
            "id: R2\nname: content_safety\nparameters:\n  threshold: 5\n"
        );
    }

    #[test]
    fn a_variant_has_values_of_its_own() {
        let (old, new) = ("{ key: session }", "{ key: session, threshold: 5 }");
        changes(Some("session"), "threshold", "5", old, new);
        changes(
            Some("session"),
            "key",
            "user",
            "{ key: session }",
            "{ key: user }",
        );
        changes(
            Some("rows"),
            "counts",
            "events",
            "counts: rows",
            "counts: events",
        );
        let (old, new) = ("  rows:\n", "  rows:\n    threshold: 5\n");
        changes(Some("rows"), "threshold", "5", old, new);
        let added = format!("{FILE}  third:\n    threshold: 5\n");
        assert_eq!(set(FILE, Some("third"), "threshold", "5"), added);
    }

    #[test]
    fn every_shipped_rule_can_be_changed_in_every_value() {
        let rules = RuleSet::embedded();
        for (_, form) in rules.forms() {
            let (text, _) = rules.source(form.info().id).expect("is loaded");
            for (spec, value) in form.parameters().iter() {
                let changed = set(text, None, spec.name, &value.to_string());
                let lines = |text: &str| text.lines().count();
                assert_eq!(
                    lines(&changed),
                    lines(text),
                    "{}.{}",
                    form.name(),
                    spec.name
                );
            }
        }
    }
}
