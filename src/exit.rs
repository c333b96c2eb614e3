//! How a command ends: exit codes, failures that carry one, and the hook that turns a panic into 70.

use std::io::{self, Write};

use livefire_schema::spec::Faults;

/// Exit codes; part of the command line's contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Everything was done, and nothing that was asked to hold failed.
    Pass,
    /// A gate, test or audit failed.
    Failed,
    /// A rule, scenario, log or other file is faulty.
    BadInput,
    /// The command line or the configuration is faulty.
    Usage,
    /// There was nothing to evaluate.
    Nothing,
    /// The evidence does not decide.
    Inconclusive,
    /// A defect of livefire itself.
    Internal,
}

impl Exit {
    /// The process's exit status.
    pub(crate) fn number(self) -> u8 {
        match self {
            Exit::Pass => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Usage => 3,
            Exit::Nothing => 4,
            Exit::Inconclusive => 5,
            Exit::Internal => 70,
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Files have faults with places; each is drawn under its line.
    Faults(Faults),
    /// Anything else: one message, and the exit code that it ends in.
    Message(Exit, String),
    /// The reader of our output went away; nothing more is said.
    BrokenPipe,
}

/// What a command gives.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    /// Bad input: exit code 2.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Failure::Message(Exit::BadInput, message.into())
    }

    /// Wrong use or configuration: exit code 3.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Message(Exit::Usage, message.into())
    }

    /// Nothing to evaluate: exit code 4.
    pub(crate) fn nothing(message: impl Into<String>) -> Self {
        Failure::Message(Exit::Nothing, message.into())
    }

    /// A defect of livefire: exit code 70.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Failure::Message(Exit::Internal, message.into())
    }

    /// The exit code that this failure ends in.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Faults(_) => Exit::BadInput,
            Failure::Message(exit, _) => *exit,
            Failure::BrokenPipe => Exit::Pass,
        }
    }
}

/// Writing to our own output failed: quietly over if its reader left.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::BrokenPipe
        } else {
            Failure::usage(format!("cannot write the output: {error}"))
        }
    }
}

/// Replaces Rust's panic message by a short one and ends with [`Exit::Internal`].
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let text = crate::escape::terminal(text);
        // A second failure here has nobody left to be told.
        let _ = writeln!(
            io::stderr(),
            "livefire: internal error{place}: {text}\n\
             This is a defect of livefire, not of your files. Please report it with the command line."
        );
        std::process::exit(i32::from(Exit::Internal.number()));
    }));
}
