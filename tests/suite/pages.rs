//! The documentation pages are what `livefire pages` writes today.

use std::fs;
use std::path::Path;

use crate::support::Work;

const PAGES: &[&str] = &["attacks", "look-alikes", "evasions", "rules", "tables"];

#[test]
fn the_committed_pages_are_what_the_command_writes() {
    let work = Work::new();
    work.run("pages -o docs").exits(0).prints("5 pages");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for page in PAGES {
        let written = work.read(&format!("docs/{page}.md"));
        let path = docs.join(format!("{page}.md"));
        let committed = fs::read_to_string(path).unwrap_or_default();
        let differs = written
            .lines()
            .zip(committed.lines())
            .find(|(new, old)| new != old);
        assert!(
            written == committed,
            "docs/{page}.md is not up to date (`just pages`): {differs:?}"
        );
    }
}

#[test]
fn a_kind_of_ones_own_has_its_section() {
    let work = Work::new();
    let kind = work.run("show prompt_injection").exits(0).out;
    let own = kind.replace("id: prompt_injection", "id: my_injection");
    work.write("mine/kinds/my_injection.yaml", own.as_bytes());
    work.run("pages -o docs --folder mine").exits(0);
    let page = work.read("docs/attacks.md");
    assert!(page.contains("\n## my_injection\n") && page.contains("\n## prompt_injection\n"));
}
