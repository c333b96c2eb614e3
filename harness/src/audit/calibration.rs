//! Is the traffic as published measurements say? Every fact of `calibration.json` on a log.
//!
//! A check is a function from delivered rows to numbers, with a band and the least n that it needs.
//! Only facts that were measured or published (M, P, P2) are *bound*; modelling choices (A) and
//! recalled figures (R) are shown beside their band. Benign facts are measured on rows that no
//! campaign caused, and again on all of them where attacks are under one per cent.

mod arrivals;
mod attacks;
mod delivery;
mod facts;
mod failures;
mod fields;
mod lengths;
mod log;
mod observe;
mod people;
mod report;
mod samples;
mod sign_ins;
mod statistics;

#[cfg(test)]
mod tests;

use serde::Serialize;

use facts::Fact;
use log::Log;

pub use facts::Status;
pub use observe::{
    Call, Delays, HostilePrompt, Observed, Options, Principal, Request, SignIn, SignInResult, Truth,
};
pub use report::{Report, page};
pub use samples::{SampleError, samples};

/// What a log says about a fact.
#[derive(Clone, PartialEq, Debug)]
enum Reading {
    /// Numbers, and on how many observations they rest.
    Numbers(Vec<f64>, u64),
    /// Why there are none.
    Missing(&'static str),
}

/// Numbers that rest on `count` observations.
fn reading(values: impl IntoIterator<Item = f64>, count: usize) -> Reading {
    Reading::Numbers(values.into_iter().collect(), count as u64)
}

/// Numbers that rest on a count which is a float already.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of rows"
)]
fn counted(values: Vec<f64>, count: f64) -> Reading {
    Reading::Numbers(values, count as u64)
}

fn missing(reason: &'static str) -> Reading {
    Reading::Missing(reason)
}

/// How a fact stands on a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every number lies in its band.
    Holds,
    /// One does not.
    Outside,
    /// Too few observations to say.
    TooFew,
    /// The log cannot show it; the note says why.
    NotApplicable,
}

/// One fact on one log.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Id of the fact.
    pub id: String,
    /// What it rests on.
    pub status: Status,
    /// What is measured.
    pub statistic: String,
    /// The numbers, one per component of the band.
    pub values: Vec<f64>,
    /// Lower ends.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
    /// Observations.
    pub n: u64,
    /// Observations that it needs.
    pub least: u64,
    /// How it stands.
    pub verdict: Verdict,
    /// Why it is not applicable, or how the band is read.
    pub note: String,
}

impl Line {
    /// Whether a fact that must hold does not.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.verdict == Verdict::Outside && self.status.is_bound()
    }
}

/// Facts on one log, in the order of `calibration.json`; those without a check are left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Table {
    /// One line a fact.
    pub lines: Vec<Line>,
}

impl Table {
    /// The line of a fact.
    #[must_use]
    pub fn line(&self, id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Facts that must hold and do not.
    pub fn broken(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.is_broken())
    }
}

/// Measures every fact that a log can show.
#[must_use]
pub fn measure(observed: &Observed) -> Table {
    let log = Log::new(observed);
    let facts = facts::all();
    let lines = facts.iter().filter_map(|fact| line(fact, &log));
    Table {
        lines: lines.collect(),
    }
}

fn line(fact: &Fact, log: &Log) -> Option<Line> {
    let check = fact.check.as_ref()?;
    let (low, high) = (check.low.as_ref()?.list(), check.high.as_ref()?.list());
    Some(judged(
        fact,
        low,
        high,
        check.min_n.unwrap_or(0),
        read(&fact.id, log),
    ))
}

/// A fact with its numbers, held against its band.
fn judged(fact: &Fact, low: Vec<f64>, high: Vec<f64>, least: u64, reading: Reading) -> Line {
    let check = fact.check.as_ref();
    let mut line = Line {
        id: fact.id.clone(),
        status: fact.status,
        statistic: check.map_or(String::new(), |check| check.statistic.clone()),
        values: Vec::new(),
        low,
        high,
        n: 0,
        least,
        verdict: Verdict::NotApplicable,
        note: String::new(),
    };
    match reading {
        Reading::Missing(reason) => reason.clone_into(&mut line.note),
        Reading::Numbers(values, n) => {
            let is_floor = fact.id == "U5";
            if is_floor {
                "consumers' figure: a floor for people who come back every day"
                    .clone_into(&mut line.note);
            }
            let last = line.low.len() - 1;
            let holds = values.iter().enumerate().all(|(index, value)| {
                let (low, high) = (line.low[index.min(last)], line.high[index.min(last)]);
                low <= *value && (is_floor || *value <= high)
            });
            line.n = n;
            line.verdict = match holds {
                _ if n < least || n == 0 => Verdict::TooFew,
                true => Verdict::Holds,
                false => Verdict::Outside,
            };
            line.values = values;
        }
    }
    line
}

/// The numbers of a fact.
fn read(id: &str, log: &Log) -> Reading {
    let check: fn(&Log) -> Reading = match id {
        "A1" => arrivals::chat_hour,
        "A2" => arrivals::chat_windows,
        "A3" => arrivals::code_hour,
        "A4" => arrivals::peak_minute,
        "A5" => arrivals::excess_variation,
        "A6" => arrivals::client_spread,
        "A7" => arrivals::bursty_windows,
        "A8" => arrivals::rate_tails,
        "A9" => arrivals::rate_memory,
        "A10" => arrivals::day_tails,
        "T1" => lengths::chat_prompts,
        "T2" => lengths::chat_answers,
        "T3" => lengths::code_prompts,
        "T4" => lengths::code_answers,
        "T5" => lengths::lengths_together,
        "U1" => people::top_tenth,
        "U2" => people::rank_slope,
        "U3" => people::inequality,
        "U4" => people::quiet_half,
        "U5" => people::conversations,
        "U7" => people::shared_prompts,
        "S1" => people::mean_turns,
        "S2" => people::long_conversations,
        "S4" => people::against_geometric,
        "S5" => people::pauses,
        "S6" => people::office_day,
        "E1" => failures::daily_failures,
        "E4" => failures::stopped,
        "E5" => failures::throttled,
        "E6" => failures::injection_like,
        "J2" => attacks::templates,
        "J4" => attacks::attempts,
        "J6" => attacks::attack_share,
        "I3" => sign_ins::failures,
        "I4" => sign_ins::users_per_address,
        "I5" => sign_ins::new_places,
        "I6" => sign_ins::spray,
        "L1" => attacks::cost,
        "L3" => attacks::peak_rate,
        "L6" => sign_ins::rotation,
        "G1" => delivery::agent_median,
        "G2" => delivery::resource,
        "G4" => delivery::agent,
        "G5" => delivery::restamped,
        "G7" => delivery::sign_ins,
        "G8" => delivery::copies,
        other => return missing(facts::not_shown(other)),
    };
    check(log)
}
