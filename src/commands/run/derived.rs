//! `run --attack KIND`: a small scenario around one kind, made in memory, so that a kind can be
//! tried the moment its file is saved.

use std::path::{Path, PathBuf};

use livefire_generator::scenario::{Catalogue, Scenario};
use livefire_schema::rules::EVASIONS;

use crate::arguments::RunArguments;
use crate::exit::Failure;
use crate::input::{self, Known};
use crate::output::Output;
use crate::suggest::unknown;

/// Campaigns of the kind.
const TIMES: u32 = 3;

/// A kind as it is named: by id, or by its file in a folder `kinds/`.
struct Named {
    id: String,
    /// Folder whose kinds, tables and rules belong to it.
    folder: Option<PathBuf>,
}

/// Whether a scenario is to be made of kinds.
pub(super) fn is_asked(arguments: &RunArguments) -> bool {
    arguments.attack.is_some() || arguments.look_alike.is_some()
}

/// The scenario around the kinds that the arguments name.
///
/// # Errors
/// Wrong use for names that nothing has; every fault of a user's own files.
pub(super) fn scenario(
    arguments: &RunArguments,
    output: Output,
) -> Result<(Scenario, Known), Failure> {
    let attack = arguments.attack.as_deref().map(named).transpose()?;
    let look_alike = arguments.look_alike.as_deref().map(named).transpose()?;
    let folders = [&attack, &look_alike].into_iter().flatten();
    let folder = folders.filter_map(|kind| kind.folder.clone()).next();
    let known = Known::load(folder.as_deref())?;
    if let Some(kind) = &attack {
        check(&kind.id, "attack kind", &known.kinds.attacks(), "attacks")?;
    }
    if let Some(kind) = &look_alike {
        let known = known.kinds.look_alikes();
        check(&kind.id, "look-alike", &known, "look-alikes")?;
    }
    for evasion in &arguments.evasions {
        check(evasion, "evasion", EVASIONS, "evasions")?;
    }
    let (name, text) = text(arguments, attack.as_ref(), look_alike.as_ref());
    let path = folder.unwrap_or_default().join(format!("{name}.yaml"));
    input::require_text(&path, &text, known, output)
}

fn named(word: &str) -> Result<Named, Failure> {
    let path = Path::new(word);
    let is_file = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    if !is_file {
        // A kind of the current folder, if it is none of ours.
        let own = Path::new("kinds").join(format!("{word}.yaml"));
        return Ok(Named {
            id: word.to_owned(),
            folder: own.is_file().then(|| PathBuf::from(".")),
        });
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let id = path.file_stem().and_then(|stem| stem.to_str());
    match (id, folder.file_name()) {
        (Some(id), Some(name)) if name == "kinds" && path.is_file() => {
            let above = folder
                .parent()
                .filter(|above| !above.as_os_str().is_empty());
            Ok(Named {
                id: id.to_owned(),
                folder: Some(above.unwrap_or(Path::new(".")).to_path_buf()),
            })
        }
        _ => Err(Failure::usage(format!(
            "{word}: name a kind, or its file in a folder called kinds/, as kinds/my_attack.yaml"
        ))),
    }
}

fn check(name: &str, what: &str, known: &[&str], list: &str) -> Result<(), Failure> {
    if known.contains(&name) {
        return Ok(());
    }
    let see = format!("livefire list {list}");
    Err(Failure::usage(unknown(
        what,
        name,
        known.iter().copied(),
        &see,
    )))
}

/// Name and text: two weeks after one of history, in which several days of an attack have room.
fn text(
    arguments: &RunArguments,
    attack: Option<&Named>,
    look_alike: Option<&Named>,
) -> (String, String) {
    let ids = [attack, look_alike].into_iter().flatten();
    let ids: Vec<&str> = ids.map(|kind| kind.id.as_str()).collect();
    let name = ids.join("-beside-");
    let mut text = format!(
        "# Made by `livefire run --attack`; save it to change it.\nname: {name}\nseed: 7\n\
         duration: 21d\nbaseline: 7d\npopulation: {{ users: 200 }}\n\
         benign: {{ indicators: 500 }}\n"
    );
    if let Some(kind) = look_alike {
        text.push_str(&format!("look_alikes: [{}]\n", kind.id));
    }
    if let Some(kind) = attack {
        text.push_str(&format!(
            "campaigns:\n  - kind: {}\n    times: {TIMES}\n",
            kind.id
        ));
        if let Some(stealth) = arguments.stealth {
            text.push_str(&format!("    stealth: {stealth}\n"));
        }
        if !arguments.evasions.is_empty() {
            text.push_str(&format!(
                "    evasions: [{}]\n",
                arguments.evasions.join(", ")
            ));
        }
    }
    (name, text)
}
