//! Entries of `campaigns:` and `look_alikes:`: one form for both, a bare name is its short form.
//!
//! Values that only a kind or an evasion can judge stay [`Node`]s with their places; binding them
//! is the kind library's business.

use std::sync::Arc;

use livefire_schema::spec::{Faults, Node, Span, Spanned};
use livefire_schema::time::TimeRange;

/// One entry as written.
#[derive(Clone, PartialEq, Debug)]
pub struct EntrySpec {
    /// File that it stands in; an included file's entries keep theirs.
    pub file: Arc<str>,
    /// Where the entry begins.
    pub span: Span,
    /// Attack kind or look-alike id.
    pub kind: Spanned<String>,
    /// Name of its (first) campaign; the kind where absent.
    pub name: Option<Spanned<String>>,
    /// How many campaigns it makes, at least 1.
    pub times: u32,
    /// Where t0 is drawn; the whole scored interval where absent.
    pub at: Option<Spanned<TimeRange>>,
    /// Knob values as written, in order.
    pub knobs: Vec<(Spanned<String>, Node)>,
    /// Stealth, 0..=1.
    pub stealth: Option<Spanned<f64>>,
    /// Evasions in order.
    pub evasions: Vec<EvasionSpec>,
    /// Stages that are left out.
    pub without_stages: Vec<Spanned<String>>,
    /// Traps that are turned on (look-alikes only).
    pub traps: Vec<Spanned<String>>,
    /// Events that one campaign may make, where the default bound is too low.
    pub limit: Option<Spanned<u64>>,
}

/// An evasion as written: `prewarm` or `tail_mutation: { length: 6 }`.
#[derive(Clone, PartialEq, Debug)]
pub struct EvasionSpec {
    /// Its name, known to be built.
    pub name: Spanned<String>,
    /// Its knobs as written, in order.
    pub knobs: Vec<(Spanned<String>, Node)>,
}

impl EntrySpec {
    /// An entry of the bare form: this kind with its defaults.
    #[must_use]
    pub fn bare(file: &Arc<str>, kind: Spanned<String>) -> Self {
        EntrySpec {
            file: Arc::clone(file),
            span: kind.span,
            kind,
            name: None,
            times: 1,
            at: None,
            knobs: Vec::new(),
            stealth: None,
            evasions: Vec::new(),
            without_stages: Vec::new(),
            traps: Vec::new(),
            limit: None,
        }
    }

    /// A collector whose faults carry this entry's file.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(&self.file)
    }
}

/// One entry after validation: as written, and the names of the campaigns that it makes.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub(super) spec: EntrySpec,
    pub(super) names: Vec<String>,
}

impl Entry {
    /// What was written.
    #[must_use]
    pub fn spec(&self) -> &EntrySpec {
        &self.spec
    }

    /// Attack kind or look-alike id.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.spec.kind.value
    }

    /// Names of its campaigns (`spray`, `spray-2`, …), unique in the scenario.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where t0 is drawn, if not in the whole scored interval.
    #[must_use]
    pub fn at(&self) -> Option<TimeRange> {
        self.spec.at.map(|at| at.value)
    }
}
