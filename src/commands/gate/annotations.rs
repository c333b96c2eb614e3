//! Workflow commands that GitHub shows as annotations beside the changed lines.

use std::io::{self, Write};

use livefire_scorer::uncertainty::gates::Decision;

use super::findings::Finding;
use crate::output::Output;

/// Prints them: to standard output, which GitHub reads, or with `--json` to standard error, which
/// it reads too.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn print(findings: &[Finding], output: Output) -> io::Result<()> {
    let text = text(findings);
    if output.json {
        return io::stderr().write_all(text.as_bytes());
    }
    io::stdout().write_all(text.as_bytes())
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    // GitHub shows ten of each kind at most: what failed comes first.
    let of = |decision| findings.iter().filter(move |one| one.decision == decision);
    for finding in of(Decision::Fail).chain(of(Decision::Inconclusive)) {
        let command = match finding.decision {
            Decision::Fail => "error",
            Decision::Pass | Decision::Inconclusive => "warning",
        };
        let mut properties = Vec::new();
        if let Some((file, line, column)) = &finding.place {
            properties.push(format!("file={},line={line},col={column}", property(file)));
        }
        properties.push(format!(
            "title={}",
            property(&format!(
                "{}: {}",
                finding.kind.replace('-', " "),
                finding.name
            ))
        ));
        text.push_str(&format!(
            "::{command} {}::{}\n",
            properties.join(","),
            message(&finding.message)
        ));
    }
    text
}

/// A message's text: what would end the command is written as GitHub decodes it.
fn message(text: &str) -> String {
    let text = text.replace('%', "%25");
    let text = text.replace('\r', "%0D").replace('\n', "%0A");
    crate::escape::terminal(&text).into_owned()
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_or_begin_a_command() {
        let finding = Finding {
            kind: "lost-campaign",
            name: "a,b:c".to_owned(),
            decision: Decision::Fail,
            message: "100 %\n::error::forged".to_owned(),
            place: Some(("rules/x.yaml".to_owned(), 1, 1)),
        };
        assert_eq!(
            text(&[finding]),
            "::error file=rules/x.yaml,line=1,col=1,title=lost campaign%3A a%2Cb%3Ac::\
             100 %25%0A::error::forged\n"
        );
    }
}
