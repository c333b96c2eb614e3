//! Bot or human: do the gaps between refusals grow?
//!
//! A client library retries at once, twice at most; those gaps say nothing about who drives it and
//! are taken out first. A person then waits longer and longer, a script does not.

use livefire_schema::time::TimeSpan;
use rustc_hash::FxHashSet;

use crate::parameters::Parameters;
use crate::primitives::median;
use crate::record::Record;

/// Who retries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// The gaps do not grow.
    Bot,
    /// The gaps grow.
    Human,
    /// Too few gaps.
    Undecided,
}

impl Pace {
    /// The class of the alert.
    pub(super) fn token(self) -> &'static str {
        match self {
            Pace::Bot => "bot",
            Pace::Human => "human",
            Pace::Undecided => "undecided",
        }
    }
}

/// The parameters of the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    sdk_gap: TimeSpan,
    sdk_retries: u64,
    least: u64,
    ratio: f64,
}

impl Retries {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Retries {
            sdk_gap: parameters.span("sdk_gap"),
            sdk_retries: parameters.count("sdk_retries"),
            least: parameters.count("bot_gaps"),
            ratio: parameters.ratio("bot_ratio"),
        }
    }

    /// Decides on the rows of one caller, in order.
    pub(super) fn pace(&self, rows: &[Record]) -> Pace {
        let gaps = self.gaps(rows);
        let enough = u64::try_from(gaps.len()).is_ok_and(|count| count >= self.least);
        match median(ratios(&gaps)) {
            Some(ratio) if enough && ratio < self.ratio => Pace::Bot,
            Some(_) if enough => Pace::Human,
            _ => Pace::Undecided,
        }
    }

    /// The median ratio of successive gaps, where there are two.
    pub(super) fn ratio(&self, rows: &[Record]) -> Option<f64> {
        median(ratios(&self.gaps(rows))).filter(|ratio| ratio.is_finite())
    }

    /// Gaps in seconds between distinct refusals, without the library's own retries.
    fn gaps(&self, rows: &[Record]) -> Vec<f64> {
        let mut seen = FxHashSet::default();
        let firsts: Vec<&Record> = rows.iter().filter(|row| seen.insert(row.event)).collect();
        let mut gaps = Vec::new();
        let mut own = 0;
        for pair in firsts.windows(2) {
            let gap = pair[1].time - pair[0].time;
            let in_chain = gap < self.sdk_gap && pair[0].number == pair[1].number;
            own = if in_chain { own + 1 } else { 0 };
            if !in_chain || own > self.sdk_retries {
                gaps.push(gap.seconds_f64());
            }
        }
        gaps
    }
}

/// Each gap over the one before; two gaps of zero do not grow.
fn ratios(gaps: &[f64]) -> Vec<f64> {
    let ratio = |pair: &[f64]| {
        if pair[0] > 0.0 {
            pair[1] / pair[0]
        } else if pair[1] > 0.0 {
            f64::INFINITY
        } else {
            1.0
        }
    };
    gaps.windows(2).map(ratio).collect()
}
