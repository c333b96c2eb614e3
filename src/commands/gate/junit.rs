//! A gate as a `JUnit` report: one test case for each finding, inconclusive ones as skipped.

use livefire_harness::gate::GateReport;
use livefire_scorer::uncertainty::gates::Decision;

use super::findings::Finding;

/// The document.
pub(super) fn report(report: &GateReport, findings: &[Finding]) -> String {
    let count = |decision| {
        let of = findings.iter().filter(|one| one.decision == decision);
        of.count()
    };
    let counts = format!(
        r#"tests="{}" failures="{}" errors="0" skipped="{}""#,
        findings.len(),
        count(Decision::Fail),
        count(Decision::Inconclusive)
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"livefire gate\" {counts}>\n  \
         <testsuite name=\"{}\" {counts}>\n",
        xml(&report.scenario)
    );
    for finding in findings {
        let head = format!(
            "    <testcase classname=\"livefire.{}\" name=\"{}\"",
            finding.kind,
            xml(&finding.name)
        );
        let message = xml(&finding.message);
        match finding.decision {
            Decision::Pass => text.push_str(&format!("{head}/>\n")),
            Decision::Fail => text.push_str(&format!(
                "{head}>\n      <failure type=\"FAIL\" message=\"{message}\"/>\n    </testcase>\n"
            )),
            Decision::Inconclusive => text.push_str(&format!(
                "{head}>\n      <skipped message=\"{message}\"/>\n    </testcase>\n"
            )),
        }
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// Text of an attribute; control characters, which XML cannot hold, are spelled out.
fn xml(text: &str) -> String {
    let mut safe = String::new();
    for c in crate::escape::terminal(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // Not characters of XML.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_document() {
        assert_eq!(xml("a<b>\"&\u{1}"), "a&lt;b&gt;&quot;&amp;\\u{1}");
    }
}
