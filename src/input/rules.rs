//! Which rule forms a call runs: parameters from folders, forms from options.

use livefire_detector::{EngineOptions, RuleSet};
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::Faults;

use crate::arguments::{DetectMode, RuleArguments};
use crate::exit::Failure;

/// The rules as the options ask for them.
///
/// # Errors
/// Every fault of a folder's files; wrong use for unknown rules, variants and folders.
pub(crate) fn select(
    mut rules: RuleSet,
    arguments: &RuleArguments,
) -> Result<(RuleSet, EngineOptions), Failure> {
    if let Some(folder) = &arguments.rules {
        if !folder.is_dir() {
            return Err(Failure::usage(format!(
                "{}: there is no such folder of rules",
                folder.display()
            )));
        }
        rules = rules.with_folder(folder).map_err(|found| {
            let faults = Faults::new("");
            found.into_iter().for_each(|fault| faults.push(fault));
            Failure::Faults(faults)
        })?;
    }
    for setting in &arguments.parameters {
        set(&mut rules, setting)?;
    }
    let mut tokens = tokens(&arguments.only)?;
    if arguments.variants {
        tokens = every_form(&rules);
    }
    if !tokens.is_empty() {
        let selected = rules.select(&tokens);
        selected.map_err(|error| Failure::usage(format!("--rule: {error}")))?;
    }
    let engine = EngineOptions {
        streaming: arguments.mode != DetectMode::Binned,
        binned: arguments.mode != DetectMode::Streaming,
        schedules: arguments.schedule.choice.of_forms(&rules),
        ..EngineOptions::default()
    };
    Ok((rules, engine))
}

/// Sets a parameter as `--param` writes it.
fn set(rules: &mut RuleSet, setting: &str) -> Result<(), Failure> {
    let wrong = |why: &str| Failure::usage(format!("--param {setting}: {why}"));
    let (name, value) = setting
        .split_once('=')
        .ok_or_else(|| wrong("write RULE.NAME=VALUE, as R2.threshold=5"))?;
    let set = rules.set(name.trim(), value.trim());
    set.map_err(|error| wrong(&error.to_string()))
}

/// Rules as `--rule` names them.
///
/// # Errors
/// Wrong use for what no rule, class or variant is called.
pub(crate) fn tokens(names: &[String]) -> Result<Vec<RuleToken>, Failure> {
    let read = |name: &String| {
        let token = name.parse::<RuleToken>();
        token.map_err(|error| Failure::usage(format!("--rule {name}: {error}")))
    };
    names.iter().map(read).collect()
}

fn every_form(rules: &RuleSet) -> Vec<RuleToken> {
    let token = |rule: &str, variant: Option<&str>| RuleToken {
        rule: rule.to_owned(),
        class: None,
        variant: variant.map(str::to_owned),
    };
    let mut tokens = Vec::new();
    for (info, variants) in rules.rules() {
        tokens.push(token(info.id, None));
        tokens.extend(
            variants
                .into_iter()
                .map(|variant| token(info.id, Some(variant))),
        );
    }
    tokens
}
