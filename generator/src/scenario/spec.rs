//! A scenario as written: values with their places, composed over `include:`, nothing resolved.

use std::path::PathBuf;
use std::sync::Arc;

use livefire_schema::spec::{Fault, FaultSeverity, Span, Spanned};
use livefire_schema::time::{EventTime, TimeSpan};

use super::entry::EntrySpec;
use crate::settings::EndUserId;

/// A value, its place, and the file that the place is in.
#[derive(Clone, PartialEq, Debug)]
pub struct Written<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
    /// The file.
    pub file: Arc<str>,
}

impl<T> Written<T> {
    /// A value of a file.
    #[must_use]
    pub fn new(spanned: Spanned<T>, file: &Arc<str>) -> Self {
        Written {
            value: spanned.value,
            span: spanned.span,
            file: Arc::clone(file),
        }
    }

    /// An error about this value.
    #[must_use]
    pub fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            code,
            file: Arc::clone(&self.file),
            span: self.span,
            message: message.into(),
            help: None,
            severity: FaultSeverity::Error,
            related: Vec::new(),
        }
    }
}

/// How alerts are grouped into incidents (EVALUATION.md §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grouping {
    /// An alert joins an incident within this time of its *latest* alert.
    Session(TimeSpan),
    /// An alert joins an incident within this time of its *first* alert.
    Anchored(TimeSpan),
    /// One incident per alert.
    None,
}

impl Default for Grouping {
    fn default() -> Self {
        Grouping::Session(TimeSpan::from_hours(5))
    }
}

/// One numeric setting of `population`, `benign` or `telemetry`, inside its bounds.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Setting {
    /// Index of its field in the section's field list.
    pub(super) field: usize,
    /// The number; durations in seconds.
    pub(super) value: Written<f64>,
}

/// A scenario as its files say it; [`ScenarioSpec::validate`] makes a `Scenario` of it.
///
/// A value written in the file itself replaces that of an included one; entries of `campaigns`
/// and `look_alikes` add up, the included ones first.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenarioSpec {
    /// Path as the user named it.
    pub file: Arc<str>,
    /// Folder of the file: `kinds/`, `tables/` and `rules/` in it belong to the scenario.
    pub folder: PathBuf,
    /// All files that it is made of with their text, the included ones first.
    pub sources: Vec<(Arc<str>, String)>,
    /// `name`; the file's stem where absent.
    pub name: Option<Written<String>>,
    /// `seed`.
    pub seed: Option<Written<u64>>,
    /// `start`.
    pub start: Option<Written<EventTime>>,
    /// `duration`.
    pub duration: Option<Written<TimeSpan>>,
    /// `baseline`.
    pub baseline: Option<Written<TimeSpan>>,
    /// `population.time_zone`.
    pub time_zone: Option<Written<String>>,
    /// `telemetry.delay: none`.
    pub no_delay: Option<Written<bool>>,
    /// `benign.end_user_id`.
    pub end_user_id: Option<Written<EndUserId>>,
    /// `prompts`, the name of a file.
    pub prompts: Option<Written<String>>,
    /// The lines of that file.
    pub prompt_lines: Vec<String>,
    /// `grouping`.
    pub grouping: Option<Written<Grouping>>,
    /// `campaigns`.
    pub campaigns: Vec<EntrySpec>,
    /// `look_alikes`.
    pub look_alikes: Vec<EntrySpec>,
    pub(super) population: Vec<Setting>,
    pub(super) benign: Vec<Setting>,
    pub(super) telemetry: Vec<Setting>,
}

impl Default for ScenarioSpec {
    fn default() -> Self {
        ScenarioSpec {
            file: Arc::from(""),
            folder: PathBuf::new(),
            sources: Vec::new(),
            name: None,
            seed: None,
            start: None,
            duration: None,
            baseline: None,
            time_zone: None,
            no_delay: None,
            end_user_id: None,
            prompts: None,
            prompt_lines: Vec::new(),
            grouping: None,
            campaigns: Vec::new(),
            look_alikes: Vec::new(),
            population: Vec::new(),
            benign: Vec::new(),
            telemetry: Vec::new(),
        }
    }
}
