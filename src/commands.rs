//! One file a command; here is only which one runs, and how its failure is told.

mod audit;
mod bench;
mod check;
mod completions;
mod detect;
mod gate;
mod generate;
mod list;
mod mutate;
mod new;
mod pages;
mod report;
mod run;
mod score;
mod show;
mod tune;
mod why;

use serde_json::json;

use crate::arguments::{Arguments, Command};
use crate::diagnostics::{self, FaultList};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs the command and tells what went wrong.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let output = arguments.output();
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(&arguments, output),
        Command::Tune(arguments) => tune::run(&arguments, output),
        Command::Generate(arguments) => generate::run(&arguments, output),
        Command::Detect(arguments) => detect::run(&arguments, output),
        Command::Score(arguments) => score::run(&arguments, output),
        Command::Why(arguments) => why::run(&arguments, output),
        Command::Gate(arguments) => gate::run(&arguments, output),
        Command::Report(arguments) => report::run(&arguments, output),
        Command::Mutate(arguments) => mutate::run(&arguments, output),
        Command::Bench(arguments) => bench::run(&arguments, output),
        Command::BenchChild(child) => bench::child::run(&child, output),
        Command::Check(arguments) => check::run(&arguments, output),
        Command::List(arguments) => list::run(&arguments, output),
        Command::Show(arguments) => show::run(&arguments, output),
        Command::New(arguments) => new::run(&arguments, output),
        Command::Pages(arguments) => pages::run(&arguments, output),
        Command::Audit(command) => audit::run(&command, output),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&failure, output);
            failure.exit()
        }
    }
}

/// Prints a failure: drawn or as one line on standard error, with `--json` also as a document.
fn tell(failure: &Failure, output: Output) {
    let number = failure.exit().number();
    let document = match failure {
        Failure::Faults(faults) => {
            let list = FaultList::of(faults);
            diagnostics::print(faults);
            eprint_line(&format!("livefire: {}", list.summary()));
            json!({ "error": { "exit": number, "message": list.summary(), "faults": list.faults } })
        }
        Failure::Message(_, message) => {
            eprint_line(&format!("livefire: {message}"));
            json!({ "error": { "exit": number, "message": message } })
        }
        Failure::BrokenPipe => return,
    };
    // The reader may be gone; the exit code still tells.
    let _ = output.json(&document);
}

fn eprint_line(text: &str) {
    use std::io::Write;
    // Nobody is left to be told that standard error is gone.
    let _ = writeln!(std::io::stderr(), "{}", crate::escape::terminal_lines(text));
}
