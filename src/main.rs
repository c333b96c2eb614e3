//! `livefire`: the command line. Arguments, files and printing; no domain logic.

mod alerts;
mod arguments;
mod commands;
mod diagnostics;
mod escape;
mod exit;
mod generation;
mod input;
mod interrupt;
mod output;
mod progress;
mod report;
mod results;
mod shipped;
mod suggest;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::install_panic_hook();
    interrupt::install();
    let code = match arguments::parse() {
        Ok(arguments) => commands::run(arguments),
        Err(exit) => exit,
    };
    ExitCode::from(code.number())
}
