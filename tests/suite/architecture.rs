//! The invariants of ARCHITECTURE.md: what does not exist, and must not come to exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

const LIBRARIES: &[&str] = &[
    "schema",
    "labels",
    "generator",
    "detector",
    "scorer",
    "harness",
    "report",
];

/// Every crate of the workspace that `from` reaches through normal and build dependencies.
fn reached(from: &str) -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata works in a checkout");
    let edges: BTreeMap<String, Vec<String>> = metadata
        .packages
        .iter()
        .map(|package| {
            let used = package.dependencies.iter();
            let used = used.filter(|dependency| dependency.kind != DependencyKind::Development);
            let names = used.map(|dependency| dependency.name.clone()).collect();
            (package.name.to_string(), names)
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![format!("livefire-{from}")];
    while let Some(name) = open.pop() {
        let used = edges.get(&name).into_iter().flatten();
        open.extend(
            used.filter(|used| used.starts_with("livefire-") && seen.insert((*used).clone()))
                .cloned(),
        );
    }
    seen
}

#[track_caller]
fn reaches_only(from: &str, allowed: &[&str]) {
    let allowed: BTreeSet<String> = allowed
        .iter()
        .map(|name| format!("livefire-{name}"))
        .collect();
    assert_eq!(reached(from), allowed, "crates that {from} reaches");
}

#[test]
fn the_detector_cannot_see_labels_the_generator_or_kql() {
    reaches_only("detector", &["schema"]);
}

#[test]
fn each_crate_reaches_only_what_the_crate_map_says() {
    reaches_only("schema", &[]);
    reaches_only("labels", &["schema"]);
    reaches_only("generator", &["schema", "labels"]);
    reaches_only("scorer", &["schema", "labels"]);
    reaches_only("report", &["schema", "labels", "scorer"]);
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Rust files of a folder of the repository, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        (name, text)
    };
    files.into_iter().map(read).collect()
}

fn all_sources() -> Vec<(String, String)> {
    let roots = ["src", "tests"].map(str::to_owned).into_iter();
    let crates = LIBRARIES
        .iter()
        .flat_map(|name| ["src", "tests", "benches"].map(|part| format!("{name}/{part}")));
    let folders = roots.chain(crates);
    let there =
        folders.filter(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).is_dir());
    let all: Vec<_> = there.flat_map(|folder| sources(&folder)).collect();
    assert!(all.len() > 50, "the sources are where they are looked for");
    all
}

/// Lines of a library that run outside its tests: what stands before `#[cfg(test)]`.
fn shipped_lines(text: &str) -> impl Iterator<Item = &str> {
    let code = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"));
    code.filter(|line| !line.trim_start().starts_with("//"))
}

#[track_caller]
fn libraries_never_say(folders: &[&str], words: &[&str]) {
    let mut found = Vec::new();
    for folder in folders {
        for (name, text) in sources(&format!("{folder}/src")) {
            let is_test = name.ends_with("tests.rs")
                || name.contains("/tests/")
                || name.ends_with("testing.rs");
            if is_test {
                continue;
            }
            for line in shipped_lines(&text) {
                if words.iter().any(|word| line.contains(word)) {
                    found.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "found:\n{}", found.join("\n"));
}

#[test]
fn libraries_neither_print_nor_exit() {
    libraries_never_say(
        LIBRARIES,
        &[
            "println!",
            "print!(",
            "eprint",
            "dbg!(",
            "process::exit",
            "io::stdout()",
            "io::stderr()",
        ],
    );
}

#[test]
fn results_depend_on_no_clock_environment_or_ambient_randomness() {
    libraries_never_say(
        LIBRARIES,
        &[
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "env::var",
            "rand::rng()",
            "thread_rng",
            "from_os_rng",
            "RandomState",
            "TimeZone::system",
        ],
    );
}

#[test]
fn the_generator_leaves_transcendental_functions_to_libm() {
    libraries_never_say(
        &["generator"],
        &[
            ".ln()", ".exp()", ".powf(", ".sin()", ".cos()", ".log10()", ".log2()", ".tan()",
            ".atan2(",
        ],
    );
}

#[test]
fn no_file_is_longer_than_500_lines_or_called_mod() {
    let mut faults = Vec::new();
    for (name, text) in all_sources() {
        let lines = text.lines().count();
        if lines > 500 {
            faults.push(format!("{name} has {lines} lines"));
        }
        if name.ends_with("/mod.rs") {
            faults.push(format!("{name}: write foo.rs beside foo/"));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{name}: begin with //! what the file is"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
