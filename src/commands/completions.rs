//! `livefire completions`: a script that lets the shell complete commands and options.

use std::io::Write;

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::exit::{Exit, Outcome};

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArguments) -> Outcome {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "livefire", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Pass)
}
