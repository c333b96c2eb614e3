//! Faults of user-written files, and their collector.
//!
//! The collector takes `&self`, so that readers nested in one another can share it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use super::node::Span;

/// Whether a fault stops the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultSeverity {
    /// The file cannot be used.
    Error,
    /// The file works, but perhaps not as meant.
    Warning,
}

/// A second place that explains a fault: the first of two equal keys, the used kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct Related {
    /// File of the place.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is there.
    pub message: String,
}

/// One mistake in a file, with its place and what to write instead.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Fault {
    /// Stable code, `LF-Y003`.
    pub code: &'static str,
    /// File as the user named it.
    pub file: Arc<str>,
    /// Where in it.
    pub span: Span,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// More advice than fits the message.
    pub help: Option<String>,
    /// Whether it stops the run.
    pub severity: FaultSeverity,
    /// Other places that explain it.
    pub related: Vec<Related>,
}

impl Fault {
    /// Adds advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn with_related(mut self, file: &Arc<str>, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related {
            file: Arc::clone(file),
            line: span.line,
            column: span.column,
            message: message.into(),
        });
        self
    }
}

/// `file:line:column message`, with ` (warning)` where it is one.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column, .. } = self.span;
        write!(f, "{}:{line}:{column} {}", self.file, self.message)?;
        if self.severity == FaultSeverity::Warning {
            f.write_str(" (warning)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Collects the faults of one file, or, after [`Faults::append`], of several.
#[derive(Clone, Debug)]
pub struct Faults {
    file: Arc<str>,
    list: RefCell<Vec<Fault>>,
}

impl Faults {
    /// An empty collector; faults noted through it carry this file name.
    #[must_use]
    pub fn new(file: &str) -> Self {
        Faults {
            file: Arc::from(file),
            list: RefCell::default(),
        }
    }

    /// The file name that new faults get.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Notes an error.
    pub fn error(&self, code: &'static str, span: Span, message: impl Into<String>) {
        self.push(self.fault(code, span, message));
    }

    /// Notes a warning.
    pub fn warning(&self, code: &'static str, span: Span, message: impl Into<String>) {
        let mut fault = self.fault(code, span, message);
        fault.severity = FaultSeverity::Warning;
        self.push(fault);
    }

    /// An error of this file that is not noted yet, to add help or related places to.
    #[must_use]
    pub fn fault(&self, code: &'static str, span: Span, message: impl Into<String>) -> Fault {
        Fault {
            code,
            file: Arc::clone(&self.file),
            span,
            message: message.into(),
            help: None,
            severity: FaultSeverity::Error,
            related: Vec::new(),
        }
    }

    /// Notes a fault made with [`Faults::fault`].
    pub fn push(&self, fault: Fault) {
        self.list.borrow_mut().push(fault);
    }

    /// Takes over the faults of another file.
    pub fn append(&self, other: Faults) {
        self.list.borrow_mut().extend(other.list.into_inner());
    }

    /// Whether nothing was noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Number of faults, warnings included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// Whether any fault stops the run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let is_error = |fault: &Fault| fault.severity == FaultSeverity::Error;
        self.list.borrow().iter().any(is_error)
    }

    /// All faults by file, place and message, equal ones once.
    #[must_use]
    pub fn sorted(&self) -> Vec<Fault> {
        let mut list = self.list.borrow().clone();
        list.sort_by(|a, b| {
            let key = |fault: &Fault| (fault.span.line, fault.span.column);
            (&a.file, key(a), a.severity, &a.message).cmp(&(
                &b.file,
                key(b),
                b.severity,
                &b.message,
            ))
        });
        list.dedup();
        list
    }
}

/// One line per fault, sorted.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in self.sorted() {
            writeln!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
