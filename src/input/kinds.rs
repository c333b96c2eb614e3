//! Attack kinds and look-alikes as the command line needs them.

use std::fs;
use std::path::Path;

use livefire_generator::kinds::model::Label;
use livefire_generator::kinds::{AttackKind, AttackLibrary, Source};
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::{Faults, Span};
use livefire_schema::table::Schema;

/// One kind as lists show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KindRow {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) expected: String,
    pub(crate) state: &'static str,
    pub(crate) origin: String,
}

/// Reads the shipped kinds and those of a user's folder; faulty ones are left out, and noted.
pub(super) fn read(folder: Option<&Path>, schema: &Schema, faults: &Faults) -> AttackLibrary {
    let user = folder.map_or_else(Vec::new, |folder| sources(folder, faults));
    if user.is_empty() {
        return AttackLibrary::embedded(schema);
    }
    AttackLibrary::read(&AttackLibrary::embedded_sources(), &user, schema, faults)
}

/// The shipped kinds, and those beside the shipped scenarios.
pub(super) fn shipped(schema: &Schema, faults: &Faults) -> AttackLibrary {
    let beside = crate::shipped::kinds();
    AttackLibrary::read(&AttackLibrary::embedded_sources(), &beside, schema, faults)
}

/// The kind files of a folder in name order; those that are equal to a shipped one left out.
fn sources(folder: &Path, faults: &Faults) -> Vec<Source> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            matches!(
                path.extension().and_then(|end| end.to_str()),
                Some("yaml" | "yml")
            )
        })
        .collect();
    paths.sort();
    let shipped = AttackLibrary::embedded_sources();
    let mut sources = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        match fs::read(&path) {
            Ok(bytes) if shipped.iter().any(|source| source.bytes == bytes) => {}
            Ok(bytes) => sources.push(Source { path: name, bytes }),
            Err(error) => {
                let own = Faults::new(&name);
                own.error("LF-S011", Span::HEAD, format!("cannot be read: {error}"));
                faults.append(own);
            }
        }
    }
    sources
}

/// Attack kinds or look-alikes as rows of a list.
pub(super) fn rows(library: &AttackLibrary, attacks: bool) -> Vec<KindRow> {
    let label = if attacks {
        Label::Attack
    } else {
        Label::HardNegative
    };
    let kinds = library.iter().filter(|kind| kind.label() == label);
    kinds.map(row).collect()
}

fn row(kind: &AttackKind) -> KindRow {
    let tokens = |tokens: &[RuleToken]| {
        let texts: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        texts.join(" ")
    };
    let expected = match kind.label() {
        Label::HardNegative => tokens(kind.literal()),
        _ => tokens(&kind.expected().fires),
    };
    KindRow {
        id: kind.id().to_owned(),
        title: kind.title().to_owned(),
        expected,
        state: match (kind.is_user(), kind.is_verified()) {
            (true, _) => "yours",
            (false, true) => "verified",
            (false, false) => "not yet verified",
        },
        origin: if kind.is_user() {
            kind.file().to_owned()
        } else {
            "embedded".to_owned()
        },
    }
}

/// Origin and text of a kind's file.
pub(super) fn text(library: &AttackLibrary, id: &str) -> Option<(String, String)> {
    let kind = library.get(id)?;
    if kind.is_user() {
        let text = fs::read_to_string(kind.file()).ok()?;
        return Some((kind.file().to_owned(), text));
    }
    let sources = AttackLibrary::embedded_sources();
    let source = sources
        .into_iter()
        .find(|source| source.path == kind.file())?;
    Some(("embedded".to_owned(), String::from_utf8(source.bytes).ok()?))
}
