//! The facts themselves, as `data/calibration.json` has them: what was found, by whom, and the band.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// What a fact rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Status {
    /// Computed from public data.
    M,
    /// Published, and read where it was published.
    P,
    /// Published, read in a report about it.
    P2,
    /// Recalled.
    R,
    /// A modelling choice.
    A,
}

impl Status {
    /// Whether a log that misses the fact's band is not calibrated.
    #[must_use]
    pub fn is_bound(self) -> bool {
        matches!(self, Status::M | Status::P | Status::P2)
    }
}

/// Mixed ones (`P (100), R (240)`) count as their weakest part.
impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "M" => Ok(Status::M),
            "P" => Ok(Status::P),
            "P2" => Ok(Status::P2),
            "A" => Ok(Status::A),
            text if text.contains('R') => Ok(Status::R),
            _ => Err(serde::de::Error::custom(format!("unknown status `{text}`"))),
        }
    }
}

/// One end of a band: a number for all components, or one for each.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Ends {
    One(f64),
    Each(Vec<f64>),
}

impl Ends {
    pub(super) fn list(&self) -> Vec<f64> {
        match self {
            Ends::One(end) => vec![*end],
            Ends::Each(ends) => ends.clone(),
        }
    }
}

/// What is measured, and what it must be.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) statistic: String,
    pub(super) low: Option<Ends>,
    pub(super) high: Option<Ends>,
    pub(super) min_n: Option<u64>,
}

/// One fact.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Fact {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) check: Option<Check>,
}

#[derive(Deserialize)]
struct File {
    facts: Vec<Fact>,
}

static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let text = include_str!("../../../data/calibration.json");
    let file: File = serde_json::from_str(text).expect("the embedded facts are valid");
    file.facts
});

/// All facts, in the order of the file.
pub(super) fn all() -> &'static [Fact] {
    &FACTS
}

/// The fact of an id.
pub(super) fn find(id: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.id == id)
}

/// Why rows do not show a fact.
pub(super) fn not_shown(id: &str) -> &'static str {
    match id {
        "T6" => "no long-context application is simulated",
        "T7" => "prompt_tokens hold the system prompt and the history; a user's part is not logged",
        "U8" => "the log does not hold the system prompt",
        "E2" => "no profile has an anonymous public chatbot's users",
        "J3" => "no kind reuses one template for months",
        "L5" => "needs a timer's and a jittered bot's campaigns apart: only on samples of kinds",
        "G3" => "the activity log (AzureActivity) is not generated",
        _ => "no check reads it",
    }
}
