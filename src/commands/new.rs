//! `livefire new`: a commented file to start from, which runs as it is written.

use std::io::Write;
use std::path::{Path, PathBuf};

use livefire_generator::scenario::Catalogue;
use serde_json::json;

use crate::arguments::{NewArguments, NewFile};
use crate::exit::{Exit, Failure, Outcome};
use crate::input::Known;
use crate::output::Output;
use crate::suggest::unknown;

const SCENARIO: &str = include_str!("new/scenario.yaml");
const ATTACK: &str = include_str!("new/attack.yaml");

/// Writes the file; an existing one is never replaced.
pub(crate) fn run(arguments: &NewArguments, output: Output) -> Outcome {
    let name = &arguments.name;
    let (text, default) = match arguments.what {
        NewFile::Scenario => {
            let kind = arguments.attack.as_deref().unwrap_or("prompt_injection");
            check_name(name, |c| c == '-' || c == '_')?;
            check_kind(kind)?;
            let text = SCENARIO.replace("{name}", name).replace("{kind}", kind);
            (text, PathBuf::from(format!("{name}.yaml")))
        }
        NewFile::Attack => {
            if arguments.attack.is_some() {
                return Err(Failure::usage("`--attack` belongs to `new scenario`"));
            }
            check_name(name, |c| c == '_')?;
            let text = ATTACK.replace("{name}", name);
            (text, Path::new("kinds").join(format!("{name}.yaml")))
        }
    };
    let path = arguments.output.clone().unwrap_or(default);
    write_new(&path, &text)?;
    let shown = path.display().to_string();
    output.json(&json!({ "written": shown }))?;
    let next = match arguments.what {
        NewFile::Scenario => format!("livefire run {shown}"),
        NewFile::Attack => format!(
            "livefire check {shown}\na scenario in the folder above kinds/ can name it: `campaigns: [{name}]`"
        ),
    };
    output.human(&format!("written to {shown} - next: {next}\n"))?;
    Ok(Exit::Pass)
}

fn check_kind(kind: &str) -> Result<(), Failure> {
    let known = Known::load(None)?;
    let attacks = known.kinds.attacks();
    if attacks.contains(&kind) {
        return Ok(());
    }
    let why = unknown("attack kind", kind, attacks, "livefire list attacks");
    Err(Failure::usage(format!("--attack: {why}")))
}

fn check_name(name: &str, is_allowed: impl Fn(char) -> bool) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || is_allowed(c);
    let is_good = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain);
    if is_good && name.len() <= 64 {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "`{name}` cannot be used as a name; write lower-case letters, digits and `_`, such as my_attack"
    )))
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("{}: cannot be written: {error}", path.display()))
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::usage(format!(
                "{}: exists already; choose another name, or `-o FILE`",
                path.display()
            ))
        } else {
            failed(error)
        }
    })?;
    file.write_all(text.as_bytes()).map_err(failed)
}
