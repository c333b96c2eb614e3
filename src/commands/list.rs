//! `livefire list`: what a scenario can name, with where each comes from.

use livefire_generator::scenario::{
    Field, benign_fields, evasion_help, population_fields, telemetry_fields,
};
use livefire_schema::rules::{EVASIONS, Family, RULES};
use serde_json::{Map, Value, json};

use crate::arguments::{ListArguments, Listing};
use crate::exit::{Exit, Outcome};
use crate::input::Known;
use crate::output::{self, Output};
use crate::shipped;

/// A listing: column names, and rows of as many cells.
struct Listed {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Most characters of a cell; all texts of ours are shorter, only lists of values are not.
const WIDEST: usize = 120;

/// Prints the listing.
pub(crate) fn run(arguments: &ListArguments, output: Output) -> Outcome {
    let folder = arguments.folder.as_deref();
    let listed = match arguments.what {
        Listing::Attacks => kinds(&Known::load(folder)?, true),
        Listing::LookAlikes => kinds(&Known::load(folder)?, false),
        Listing::Evasions => evasions(),
        Listing::Rules => rules(&Known::load(folder)?),
        Listing::Tables => tables(&Known::load(folder)?),
        Listing::Scenarios => scenarios(),
        Listing::Parameters => parameters(),
        Listing::Params => rule_parameters(&Known::load(folder)?),
    };
    let objects: Vec<Value> = listed.rows.iter().map(|row| object(&listed, row)).collect();
    output.json(&json!(objects))?;
    let shown: Vec<Vec<String>> = listed.rows.iter().map(|row| shortened(row)).collect();
    output.human(&output::table(listed.header, &shown, &[]))?;
    Ok(Exit::Pass)
}

/// Cells as wide as a terminal can show; `--json` prints them whole.
fn shortened(row: &[String]) -> Vec<String> {
    let cells = row
        .iter()
        .map(|cell| match cell.char_indices().nth(WIDEST) {
            Some((end, _)) => format!("{}…", &cell[..end]),
            None => cell.clone(),
        });
    cells.collect()
}

fn object(listed: &Listed, row: &[String]) -> Value {
    let pairs = listed.header.iter().zip(row);
    let map: Map<String, Value> = pairs
        .map(|(name, cell)| (name.replace(' ', "_"), json!(cell)))
        .collect();
    Value::Object(map)
}

fn kinds(known: &Known, attacks: bool) -> Listed {
    let rows = known.kind_rows(attacks).into_iter().map(|kind| {
        vec![
            kind.id,
            kind.state.to_owned(),
            kind.expected,
            kind.title,
            kind.origin,
        ]
    });
    Listed {
        header: if attacks {
            &["kind", "state", "must fire", "title", "origin"]
        } else {
            &["look-alike", "state", "raises plain", "title", "origin"]
        },
        rows: rows.collect(),
    }
}

fn evasions() -> Listed {
    let rows = EVASIONS
        .iter()
        .map(|name| vec![(*name).to_owned(), evasion_help(name).to_owned()]);
    Listed {
        header: &["evasion", "what it does"],
        rows: rows.collect(),
    }
}

fn rules(known: &Known) -> Listed {
    let rows = RULES.iter().map(|rule| {
        let state = match rule.family {
            Family::Detection => "native",
            Family::Hunting => "native, hunting",
        };
        vec![
            rule.id.to_owned(),
            rule.name.to_owned(),
            state.to_owned(),
            rule.variants.join(", "),
            rule.summary.to_owned(),
            known.rule_origin(rule.id),
        ]
    });
    Listed {
        header: &["rule", "name", "state", "variants", "what fires", "origin"],
        rows: rows.collect(),
    }
}

fn tables(known: &Known) -> Listed {
    let rows = known.schema.iter().map(|(id, table)| {
        let delay = table
            .ingestion_delay_seconds
            .map_or_else(String::new, |delay| format!("{} s", delay.p50));
        vec![
            table.name.clone(),
            table.columns.len().to_string(),
            delay,
            known.schema.origin(id).to_owned(),
        ]
    });
    Listed {
        header: &["table", "columns", "median delay", "origin"],
        rows: rows.collect(),
    }
}

fn scenarios() -> Listed {
    let rows = shipped::scenarios()
        .into_iter()
        .map(|(name, text)| vec![name.to_owned(), shipped::headline(text)]);
    Listed {
        header: &["scenario", "what it shows"],
        rows: rows.collect(),
    }
}

fn parameters() -> Listed {
    let mut rows = Vec::new();
    section(&mut rows, "population", population_fields());
    rows.push(
        [
            "population.time_zone",
            "Europe/Berlin",
            "IANA name",
            "zone of the first office",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    section(&mut rows, "benign", benign_fields());
    rows.push(
        [
            "benign.end_user_id",
            "object_id",
            "object_id, upn or hash",
            "how applications spell the user in their log",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    section(&mut rows, "telemetry", telemetry_fields());
    Listed {
        header: &["parameter", "default", "range", "meaning"],
        rows,
    }
}

fn rule_parameters(known: &Known) -> Listed {
    let rows = known.rules.parameters().into_iter();
    let rows = rows.map(|row| vec![row.name, row.value, row.bounds, row.help.to_owned()]);
    Listed {
        header: &["parameter", "value", "range", "meaning"],
        rows: rows.collect(),
    }
}

fn section<T: Default>(rows: &mut Vec<Vec<String>>, name: &str, fields: &[Field<T>]) {
    rows.extend(fields.iter().map(|field| {
        vec![
            format!("{name}.{}", field.name),
            field.default_text(),
            field.bounds.to_string(),
            field.help.to_owned(),
        ]
    }));
}
