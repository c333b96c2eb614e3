//! Lists of phrases and prompt hashes that a rule looks for: the built-in one and users' own.
//!
//! A list is a CSV file with a header and a column `phrase`, `prompt_hash` or both; other columns
//! are passed over, so that an exported watchlist can be used as it is. Lists are read once, when
//! the parameter that names them is: a rule never touches the disk.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use livefire_schema::ids::hash_text_lower;

mod matcher;

pub use matcher::Matcher;

/// The word that stands for the list in the binary.
pub const BUILTIN: &str = "builtin";
const SHIPPED: &str = include_str!("../data/suspicious_phrases.csv");
/// A shorter phrase stands in nearly every prompt.
const SHORTEST: usize = 3;

/// Phrases and hashes of one or several lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phrases {
    /// As the parameter was written.
    written: Vec<String>,
    /// In lower case, sorted, without repetition.
    phrases: Arc<[String]>,
    /// [`hash_text_lower`] of prompt hashes, sorted, without repetition.
    hashes: Arc<[u64]>,
}

impl Phrases {
    /// The list in the binary.
    ///
    /// # Panics
    /// Never in a released binary: a test reads the list.
    #[must_use]
    pub fn builtin() -> Self {
        Self::load([BUILTIN].into_iter(), Path::new("")).expect("the shipped list is valid")
    }

    /// Reads lists: `builtin`, or paths of CSV files, relative ones from `folder` on.
    ///
    /// # Errors
    /// What is wrong with which line of which file.
    pub fn load<'t>(items: impl Iterator<Item = &'t str>, folder: &Path) -> Result<Self, String> {
        let (mut written, mut phrases, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            written.push(item.to_owned());
            if item == BUILTIN {
                read(
                    SHIPPED.as_bytes(),
                    "the built-in list",
                    &mut phrases,
                    &mut hashes,
                )?;
                continue;
            }
            let path = folder.join(item);
            let shown = path.display().to_string();
            let bytes = std::fs::read(&path)
                .map_err(|error| format!("expected `{BUILTIN}` or CSV files; {shown}: {error}"))?;
            read(&bytes, &shown, &mut phrases, &mut hashes)?;
        }
        if written.is_empty() {
            let message = format!("expected `{BUILTIN}` or CSV files, found nothing");
            return Err(message);
        }
        phrases.sort();
        phrases.dedup();
        hashes.sort_unstable();
        hashes.dedup();
        Ok(Phrases {
            written,
            phrases: phrases.into(),
            hashes: hashes.into(),
        })
    }

    /// The phrases in lower case, sorted.
    #[must_use]
    pub fn phrases(&self) -> &Arc<[String]> {
        &self.phrases
    }

    /// Whether a prompt hash, by its [`hash_text_lower`], is listed.
    #[must_use]
    pub fn holds_hash(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    /// Whether prompt hashes are listed at all.
    #[must_use]
    pub fn has_hashes(&self) -> bool {
        !self.hashes.is_empty()
    }
}

/// As the parameter was written.
impl fmt::Display for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written.join(", "))
    }
}

fn read(
    bytes: &[u8],
    name: &str,
    phrases: &mut Vec<String>,
    hashes: &mut Vec<u64>,
) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|error| format!("{name}: {error}"))?;
    let column = |wanted: &str| {
        let plain = |cell: &str| cell.trim_start_matches('\u{feff}').trim().to_lowercase();
        header.iter().position(|cell| plain(cell) == wanted)
    };
    let (phrase, hash) = (column("phrase"), column("prompt_hash"));
    if phrase.is_none() && hash.is_none() {
        let found = header.iter().collect::<Vec<_>>().join(", ");
        return Err(format!(
            "{name}:1: no column `phrase` or `prompt_hash`; the header is `{found}`"
        ));
    }
    for record in reader.records() {
        let record = record.map_err(|error| format!("{name}: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| {
            let text = column.and_then(|column| record.get(column)).map(str::trim);
            text.filter(|text| !text.is_empty())
        };
        if let Some(text) = cell(phrase) {
            if text.chars().count() < SHORTEST {
                return Err(format!(
                    "{name}:{line}: phrase `{text}` is too short; write at least {SHORTEST} characters"
                ));
            }
            phrases.push(text.to_lowercase());
        }
        hashes.extend(cell(hash).map(hash_text_lower));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<Phrases, String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("own.csv"), text).expect("is written");
        Phrases::load(["own.csv"].into_iter(), folder.path())
            .map_err(|error| error.replace(&folder.path().display().to_string(), ""))
    }

    #[track_caller]
    fn fails(text: &str, expected: &str) {
        let error = list(text).expect_err("fails");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn the_shipped_list_is_read() {
        let phrases = Phrases::builtin();
        assert!(phrases.phrases().contains(&"system prompt".to_owned()));
        assert!(!phrases.has_hashes());
        assert_eq!(phrases.to_string(), "builtin");
    }

    #[test]
    fn phrases_and_hashes_come_from_named_columns_of_any_list() {
        let own = list("\u{feff}id,Phrase,prompt_hash\n1, Open Sesame ,\n2,,AB12\n3,\"a, b\",\n");
        let own = own.expect("is a list");
        assert_eq!(own.phrases().to_vec(), ["a, b", "open sesame"]);
        assert!(own.holds_hash(hash_text_lower("ab12")) && own.has_hashes());
        assert!(!own.holds_hash(hash_text_lower("ab13")));
    }

    #[test]
    fn faults_name_file_and_line_and_what_to_write() {
        fails(
            "words\nx\n",
            "own.csv:1: no column `phrase` or `prompt_hash`; the header is `words`",
        );
        fails(
            "phrase\nlong enough\nab\n",
            "own.csv:3: phrase `ab` is too short; write at least 3 characters",
        );
        let missing = Phrases::load(["gone.csv"].into_iter(), Path::new("lists"));
        let error = missing.expect_err("fails");
        assert!(
            error.starts_with("expected `builtin` or CSV files; "),
            "{error}"
        );
        assert!(error.contains("gone.csv"), "{error}");
        assert!(Phrases::load(std::iter::empty(), Path::new("")).is_err());
    }
}
