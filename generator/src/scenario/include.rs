//! Reading a scenario's file and what it includes, each once, in the order of composition.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use livefire_schema::spec::{self, Faults, Node, Span, Spanned};

use super::spec::ScenarioSpec;
use super::{lower, prompt_file};

/// Deepest chain of includes.
const MAX_DEPTH: usize = 8;

/// Gives a file's bytes; lets shipped scenarios be read like files.
pub(super) type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

impl ScenarioSpec {
    /// Reads a scenario and what it includes; faults of form in every file are noted.
    ///
    /// What could be read is returned even after faults, so that [`ScenarioSpec::validate`] can
    /// report what only the whole can tell beside them. `read` gives the bytes of a path:
    /// [`std::fs::read`], or something that knows shipped scenarios too. Paths in `include:` are
    /// relative to the including file.
    #[must_use]
    pub fn load(path: &Path, read: ReadFile<'_>, faults: &Faults) -> ScenarioSpec {
        let own = Faults::new(&path.display().to_string());
        let mut spec = ScenarioSpec {
            file: Arc::clone(own.file()),
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            ..ScenarioSpec::default()
        };
        let mut reading = Reading {
            spec: &mut spec,
            read,
            open: Vec::new(),
            done: Vec::new(),
        };
        // A bare name is a shipped scenario's.
        let is_name = path.extension().is_none() && path.components().count() == 1;
        let bytes = if is_name {
            read(path).map_err(|error| unreadable(&error))
        } else {
            read_yaml(path, read)
        };
        match bytes {
            Ok(bytes) => reading.file(path, &bytes, &own),
            Err(message) => own.error("LF-S011", Span::HEAD, message),
        }
        faults.append(own);
        spec
    }
}

/// The bytes of a scenario's file. Only YAML files are opened: faults show lines of the file, which
/// may be anything else's secret.
fn read_yaml(path: &Path, read: ReadFile<'_>) -> Result<Vec<u8>, String> {
    let end = path.extension().and_then(|end| end.to_str());
    if !matches!(end, Some("yaml" | "yml")) {
        return Err("is no scenario: the name of its file must end in .yaml".to_owned());
    }
    read(path).map_err(|error| unreadable(&error))
}

/// What to say of a file that cannot be read.
fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder; name a scenario file in it".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

struct Reading<'a> {
    spec: &'a mut ScenarioSpec,
    read: ReadFile<'a>,
    /// Files that are being read, outermost first.
    open: Vec<PathBuf>,
    /// Files that are read already.
    done: Vec<PathBuf>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, bytes: &[u8], faults: &Faults) {
        self.open.push(normal(path));
        if let Some(node) = spec::parse(bytes, faults) {
            if node.value == spec::NodeValue::Null {
                let message = "the file is empty; a scenario begins with `name: my_scenario`";
                faults.error("LF-Y004", Span::HEAD, message);
            }
            for include in includes(&node, faults) {
                self.include(path, &include, faults);
            }
            lower::scenario(&node, faults, self.spec);
            let own = self.spec.prompts.as_ref();
            if let Some(name) = own.filter(|name| name.file == *faults.file()) {
                let name = Spanned::new(name.value.clone(), name.span);
                self.spec.prompt_lines = prompt_file::read(path, &name, self.read, faults);
            }
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.spec.sources.push((Arc::clone(faults.file()), text));
        self.done.extend(self.open.pop());
    }

    fn include(&mut self, from: &Path, include: &Spanned<String>, faults: &Faults) {
        let path = from.parent().unwrap_or(Path::new("")).join(&include.value);
        let seen = normal(&path);
        let error = |message: String| faults.error("LF-S008", include.span, message);
        if self.open.contains(&seen) {
            return error(format!("`{}` includes itself", include.value));
        }
        if self.done.contains(&seen) {
            return error(format!("`{}` is included twice", include.value));
        }
        if self.open.len() >= MAX_DEPTH {
            return error(format!("includes are nested deeper than {MAX_DEPTH}"));
        }
        match read_yaml(&path, self.read) {
            Ok(bytes) => {
                let own = Faults::new(&path.display().to_string());
                self.file(&path, &bytes, &own);
                faults.append(own);
            }
            Err(message) => error(format!("`{}`: {message}", include.value)),
        }
    }
}

/// The path without `.` and `..`, to recognise a file that is named in two ways.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    out
}

fn includes(node: &Node, faults: &Faults) -> Vec<Spanned<String>> {
    let spec::NodeValue::Map(entries) = &node.value else {
        return Vec::new();
    };
    let found = entries.iter().find(|(key, _)| key.value == "include");
    let items = found.map_or(&[][..], |(_, node)| node.items());
    items.iter().filter_map(|item| item.text(faults)).collect()
}
