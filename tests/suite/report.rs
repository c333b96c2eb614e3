//! `livefire report`: what the HTML says, that it is whole in itself and harmless.

use std::path::Path;
use std::process::Command;

use crate::support::Work;

const SMALL: &str = "name: small\nduration: 9d\nbaseline: 7d\n\
                     population: { users: 40, applications: 3, sites: 1, service_callers: 2 }\n\
                     benign: { indicators: 50 }\n\
                     look_alikes: [shared_template_prompts]\n\
                     campaigns:\n  - { kind: prompt_injection, times: 2 }\n  - content_violation\n";
const PAGE: &str = "results/small/report.html";
/// What an attacker may write into a prompt.
const HOSTILE: &str =
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>";

/// The small scenario, run with its report.
fn reported() -> Work {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("run small.yaml --report").exits(0);
    work
}

/// Puts a hostile prompt, account and key where the report reads them.
fn with_hostile_text(work: &Work) {
    let mut summary: serde_json::Value =
        serde_json::from_str(&work.read("results/small/summary.json")).expect("is JSON");
    summary["prompts"][0]["sample"] = HOSTILE.into();
    summary["users"][0]["name"] = HOSTILE.into();
    summary["activities"][0]["user"] = HOSTILE.into();
    work.write("results/small/summary.json", summary.to_string().as_bytes());
    let mut metrics: serde_json::Value =
        serde_json::from_str(&work.read("results/small/metrics.json")).expect("is JSON");
    metrics["campaigns"][0]["id"] = HOSTILE.into();
    work.write("results/small/metrics.json", metrics.to_string().as_bytes());
    work.run("report results/small").exits(0);
}

#[test]
fn several_seeds_have_a_section_with_intervals() {
    let work = Work::with(&[("small.yaml", SMALL)]);
    work.run("run small.yaml --seeds 2 --report").exits(0);
    let page = work.read(PAGE);
    assert!(page.contains("Over 2 seeds"), "the section is there");
    assert!(page.contains("Rules over all seeds"), "with its rules");
    assert!(
        !reported().read(PAGE).contains("Over "),
        "one seed has none"
    );
}

#[test]
fn the_report_holds_every_section_in_order() {
    let page = reported().read(PAGE);
    let sections = [
        "verdict",
        "campaigns",
        "threshold",
        "detection",
        "matrix",
        "rules",
        "clinic",
        "response",
        "frontier",
        "techniques",
        "limits",
        "executive",
        "analyst",
        "hunting",
    ];
    let places: Vec<usize> = sections
        .iter()
        .map(|id| page.find(&format!("<section id=\"{id}\"")).expect(id))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    for text in [
        "Campaigns caught",
        "MTTD",
        "MTTR",
        "detection rate",
        "Blocked threats",
        "Top users by requests",
        "Top applications",
        "Where requests come from",
        "Activity of",
        "How long these sessions last",
        "Prompts sent most often",
        "H3 rare failures",
        "LLM01",
        "synthetic recall is not field recall",
    ] {
        assert!(
            page.to_lowercase().contains(&text.to_lowercase()),
            "no `{text}`"
        );
    }
}

#[test]
fn the_report_loads_nothing_and_is_small() {
    let page = reported().read(PAGE);
    // A prompt may well name an address; only markup and style can load one.
    for outside in ["=\"http", "=\"//", " src=\"", "srcset=", "<iframe", "<img"] {
        assert!(!page.contains(outside), "the page holds `{outside}`");
    }
    let style = page.split("</style>").next().expect("has a style sheet");
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
}

#[test]
fn elements_of_the_report_are_closed_in_order() {
    let page = reported().read(PAGE);
    let script = page.find("<script>").expect("has a script");
    let mut open: Vec<&str> = Vec::new();
    for part in page[..script].split('<').skip(1) {
        let tag = part.split('>').next().expect("has a first part");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .expect("has a name");
        let is_empty = ["!doctype", "meta", "link", "input", "br"].contains(&name);
        if is_empty || tag.ends_with('/') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed after {}", open.join(" "));
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, ["html", "body"], "open before the script");
}

#[test]
fn tables_can_be_read_by_ear() {
    let page = reported().read(PAGE);
    let count = |text: &str| page.matches(text).count();
    assert!(count("<table") > 8);
    assert_eq!(count("<table"), count("<caption"));
    assert!(count("scope=\"row\"") > 20 && count("scope=\"col\"") > 40);
    assert_eq!(count("<svg"), count("role=\"img\""));
}

#[test]
fn a_hostile_prompt_stays_text() {
    let work = reported();
    with_hostile_text(&work);
    let page = work.read(PAGE);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.contains("<img"));
    assert_eq!(page.matches("<script").count(), 1);
}

#[test]
fn equal_results_give_equal_reports() {
    let work = reported();
    let first = work.read(PAGE);
    work.run("report results/small -o again.html")
        .exits(0)
        .prints("written to again.html");
    assert!(work.read("again.html") == first);
}

#[test]
fn a_baseline_shows_what_changed_and_must_be_of_the_same_scenario() {
    let work = reported();
    work.run("run small.yaml -o few --rule R3").exits(0);
    work.run("report small --baseline few -o out.html").exits(0);
    let page = work.read("out.html");
    assert!(page.contains("What changed") && page.contains("McNemar"));
    work.write(
        "other.yaml",
        SMALL.replace("name: small", "name: other").as_bytes(),
    );
    work.run("run other.yaml").exits(0);
    work.run("report small --baseline other")
        .exits(2)
        .says("is of scenario `other`");
}

#[test]
fn the_navigator_layer_names_techniques_with_their_share() {
    let work = reported();
    work.run("report small --navigator layer.json").exits(0);
    let layer: serde_json::Value = serde_json::from_str(&work.read("layer.json")).expect("is JSON");
    assert_eq!(layer["domain"], "atlas-atlas");
    let techniques = layer["techniques"].as_array().expect("a list");
    let is_injection = |row: &&serde_json::Value| row["techniqueID"] == "AML.T0051.000";
    let injection = techniques
        .iter()
        .find(is_injection)
        .expect("injection is tried");
    assert!(
        injection["score"]
            .as_f64()
            .is_some_and(|score| (0.0..=100.0).contains(&score))
    );
}

#[test]
fn a_result_without_rows_says_what_it_leaves_out() {
    let work = reported();
    for name in ["summary.json", "alerts.ndjson"] {
        std::fs::remove_file(work.path().join("results/small").join(name)).expect("is there");
    }
    work.run("report small").exits(0);
    let page = work.read(PAGE);
    assert!(page.contains("Left out: the result holds no summary.json"));
    work.run("report nowhere").exits(3).says("nowhere");
}

/// What Chromium makes of the page after its scripts ran, and its console; nothing without it.
fn browsed(work: &Work, page: &str) -> Option<(String, String)> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let profile = work.path().join("profile");
    let address = format!("file://{}", work.path().join(page).display());
    let answer = names.iter().find_map(|name| {
        Command::new(name)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .args(["--enable-logging=stderr", "--virtual-time-budget=4000"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(&address)
            .output()
            .ok()
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer = answer.map(|answer| (text(&answer.stdout), text(&answer.stderr)));
    if answer.is_none() {
        // Not a failure: a checkout needs no browser. CI installs one.
        println!("SKIPPED: no chromium on PATH, the page was not opened");
    }
    answer
}

/// The texts of a table's first column, in order.
fn first_column(dom: &str, caption: &str) -> Vec<String> {
    let table = dom
        .find(&format!(">{caption}"))
        .expect("the table is there");
    let body = &dom[table..table + dom[table..].find("</table>").expect("is closed")];
    let heads = body.split("scope=\"row\"").skip(1);
    heads
        .map(|part| {
            let start = part.find('>').expect("is closed") + 1;
            part[start..part.find("</th>").expect("is closed")].to_owned()
        })
        .collect()
}

#[test]
fn a_browser_shows_the_report_without_errors_and_sorts_its_tables() {
    let work = reported();
    with_hostile_text(&work);
    // The last script of a copy does what a reader would: it presses a column's head, twice.
    let press = "<script>for (const caption of document.querySelectorAll('caption')) {\
                 if (!caption.textContent.startsWith('Rules: what')) continue;\
                 const head = caption.parentElement.tHead.rows[0].cells[0].querySelector('button');\
                 head.click(); head.click(); }</script></body>";
    let page = work.read(PAGE).replace("</body>", press);
    work.write("pressed.html", page.as_bytes());
    let Some((dom, console)) = browsed(&work, "pressed.html") else {
        return;
    };
    assert!(!console.contains("CONSOLE"), "{console}");
    assert!(!dom.contains("<title>owned"), "a prompt ran as a script");
    let rules = first_column(&dom, "Rules: what they catch and what they cost");
    let mut sorted = rules.clone();
    sorted.sort();
    sorted.reverse();
    assert!(rules.len() > 5, "{rules:?}");
    assert_eq!(rules, sorted, "the second press sorts downwards");
    assert!(dom.contains("aria-sort=\"descending\"") && dom.contains("type=\"search\""));
}

#[test]
fn a_summary_does_not_grow_with_rows() {
    let work = reported();
    let long = SMALL
        .replace("duration: 9d", "duration: 16d")
        .replace("users: 40", "users: 160");
    work.write(
        "long.yaml",
        long.replace("name: small", "name: long").as_bytes(),
    );
    work.run("run long.yaml").exits(0);
    let size = |name: &str| {
        let path = Path::new("results").join(name).join("summary.json");
        work.read(&path.display().to_string()).len()
    };
    assert!(size("long") < 4 * size("small") && size("long") < 1 << 20);
}
