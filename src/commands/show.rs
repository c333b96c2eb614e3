//! `livefire show`: a kind, rule, table or scenario as it is written, to copy and change.

use livefire_generator::scenario::evasion_help;
use livefire_schema::rules::{EVASIONS, RULES};
use serde_json::json;

use crate::arguments::ShowArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::Known;
use crate::output::Output;
use crate::shipped;
use crate::suggest::unknown;

/// Something that can be shown.
struct Shown {
    what: &'static str,
    origin: String,
    text: String,
}

/// Prints it as it is written.
pub(crate) fn run(arguments: &ShowArguments, output: Output) -> Outcome {
    let known = Known::load(arguments.folder.as_deref())?;
    let name = arguments.name.as_str();
    let Some(shown) = find(&known, name) else {
        return Err(Failure::usage(unknown(
            "kind, rule, table, evasion or scenario",
            name,
            names(&known).iter().map(String::as_str),
            "livefire list attacks, livefire list rules",
        )));
    };
    if output.json {
        output.json(&json!({
            "name": name, "what": shown.what, "origin": shown.origin, "text": shown.text,
        }))?;
    } else {
        output.text(&shown.text)?;
    }
    Ok(Exit::Pass)
}

fn find(known: &Known, name: &str) -> Option<Shown> {
    let shown = |what, origin: String, text: String| Shown { what, origin, text };
    if let Some((origin, text)) = known.kind_text(name) {
        return Some(shown("kind", origin, text));
    }
    if let Some((origin, text)) = known.rule_text(name) {
        return Some(shown("rule", origin, text));
    }
    if let Some(id) = known.schema.find(name) {
        let mut text = serde_json::to_string_pretty(known.schema.table(id)).ok()?;
        text.push('\n');
        return Some(shown("table", known.schema.origin(id).to_owned(), text));
    }
    if let Some(text) = shipped::scenario(name) {
        return Some(shown("scenario", "embedded".to_owned(), text.to_owned()));
    }
    EVASIONS.contains(&name).then(|| {
        let text = format!("{name}: {}\n", evasion_help(name));
        shown("evasion", "embedded".to_owned(), text)
    })
}

fn names(known: &Known) -> Vec<String> {
    let kinds = [true, false]
        .map(|attacks| known.kind_rows(attacks))
        .into_iter()
        .flatten();
    let mut names: Vec<String> = kinds.map(|kind| kind.id).collect();
    names.extend(
        RULES
            .iter()
            .flat_map(|rule| [rule.id, rule.name])
            .map(str::to_owned),
    );
    names.extend(known.schema.iter().map(|(_, table)| table.name.clone()));
    names.extend(
        shipped::scenarios()
            .iter()
            .map(|(name, _)| (*name).to_owned()),
    );
    names.extend(EVASIONS.iter().map(|name| (*name).to_owned()));
    names
}
