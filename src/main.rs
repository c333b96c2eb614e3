//! `livefire`: the command line. Arguments, files and printing; no domain logic.

mod arguments;
mod commands;
mod diagnostics;
mod escape;
mod exit;
mod generation;
mod input;
mod output;
mod progress;
mod report;
mod results;
mod shipped;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::install_panic_hook();
    let code = match arguments::parse() {
        Ok(arguments) => commands::run(arguments),
        Err(exit) => exit,
    };
    ExitCode::from(code.number())
}
