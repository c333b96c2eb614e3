//! `livefire audit`: is the traffic honest, and do the kinds keep their promises?

mod acceptance;
mod calibration;
mod leak;

use std::path::Path;

use crate::arguments::AuditCommand;
use crate::exit::{Failure, Outcome};
use crate::output::Output;

/// Runs one audit.
pub(crate) fn run(command: &AuditCommand, output: Output) -> Outcome {
    match command {
        AuditCommand::Calibration(arguments) => calibration::run(arguments, output),
        AuditCommand::Leak(arguments) => leak::run(arguments, output),
        AuditCommand::Acceptance(arguments) => acceptance::run(arguments, output),
    }
}

/// Writes a page where one was asked for.
fn write_page(target: Option<&Path>, page: &str) -> Result<(), Failure> {
    let Some(path) = target else { return Ok(()) };
    std::fs::write(path, page)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
