//! How long requests and answers are: T1 to T5.

use rustc_hash::FxHashMap;

use super::log::Log;
use super::statistics::{quantiles, spearman};
use super::{Reading, reading};

/// Least calls of an application whose two lengths are compared.
const LEAST_OF_APPLICATION: usize = 3000;

fn lengths(log: &Log, code: bool, answer: bool) -> Vec<f64> {
    let tokens = log.of_class(code).filter_map(|request| request.tokens);
    let lengths = tokens.map(|(prompt, completion)| if answer { completion } else { prompt });
    lengths.map(f64::from).collect()
}

/// Quantiles of one length, each divided by the published one.
fn ratios<const N: usize>(lengths: Vec<f64>, shares: [f64; N], published: [f64; N]) -> Reading {
    let count = lengths.len();
    let mut ratios = quantiles(lengths, shares);
    for (ratio, published) in ratios.iter_mut().zip(published) {
        *ratio /= published;
    }
    reading(ratios, count)
}

/// T1: chat prompts.
pub(super) fn chat_prompts(log: &Log) -> Reading {
    let published = [396.0, 1020.0, 2735.0];
    ratios(lengths(log, false, false), [0.25, 0.5, 0.9], published)
}

/// T2: chat answers.
pub(super) fn chat_answers(log: &Log) -> Reading {
    let published = [85.0, 129.0, 424.0];
    ratios(lengths(log, false, true), [0.25, 0.5, 0.9], published)
}

/// T3: code prompts.
pub(super) fn code_prompts(log: &Log) -> Reading {
    let published = [578.0, 1469.0, 5188.0];
    ratios(lengths(log, true, false), [0.25, 0.5, 0.9], published)
}

/// T4: code answers.
pub(super) fn code_answers(log: &Log) -> Reading {
    ratios(lengths(log, true, true), [0.5, 0.95], [13.0, 90.0])
}

/// T5: the largest rank correlation of the two lengths in one application.
pub(super) fn lengths_together(log: &Log) -> Reading {
    let mut applications: FxHashMap<u32, Vec<(f64, f64)>> = FxHashMap::default();
    for request in log.requests() {
        if let Some((prompt, completion)) = request.tokens {
            let pairs = applications.entry(request.application).or_default();
            pairs.push((f64::from(prompt), f64::from(completion)));
        }
    }
    let most = applications.values().map(Vec::len).max().unwrap_or(0);
    let large = applications
        .values()
        .filter(|pairs| pairs.len() >= LEAST_OF_APPLICATION.min(most));
    let found = large.map(|pairs| (spearman(pairs).abs(), pairs.len()));
    let (value, count) = found
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((f64::NAN, 0));
    reading([value], count)
}
