//! A gate as SARIF 2.1.0, for code scanning: what failed or was lost, beside the rule's file.

use livefire_scorer::uncertainty::gates::Decision;
use serde_json::{Value, json};

use super::findings::Finding;

const KINDS: [(&str, &str); 4] = [
    ("gate", "A gate over all campaigns"),
    ("lost-campaign", "A campaign that only the baseline catches"),
    (
        "gained-campaign",
        "A campaign that only the candidate catches",
    ),
    ("expectation", "An expectation of the expectations file"),
];

/// The document; what passed is not in it.
pub(super) fn report(findings: &[Finding]) -> String {
    let rules = KINDS.map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    let found = findings.iter();
    let found = found.filter(|finding| finding.decision != Decision::Pass);
    let results: Vec<Value> = found.map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "livefire",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.kind,
        "level": if finding.decision == Decision::Fail { "error" } else { "warning" },
        "message": { "text": finding.message },
        "partialFingerprints": { "finding/v1": format!("{}:{}", finding.kind, finding.name) },
    });
    if let Some((file, line, column)) = &finding.place {
        result["locations"] = json!([{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": line, "startColumn": column },
            },
        }]);
    }
    result
}

/// A path as a relative URI reference; what a URI cannot hold is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("my rules/a.yaml"), "my%20rules/a.yaml");
    }
}
