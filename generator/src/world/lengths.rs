//! Token lengths of prompts and answers, as inverse distribution functions.
//!
//! Real lengths come in clusters (CALIBRATION T1, T2) and the two lengths of a call are almost
//! independent (T5). A log-normal with a common factor would be easy to tell from real traffic, so
//! each length is one uniform number through a table of quantiles, kinked at the cluster edges.

use crate::random::Key;

/// Tokens of one call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TokenLengths {
    /// Tokens sent, system prompt and history included.
    pub prompt: u32,
    /// Tokens answered.
    pub completion: u32,
}

/// Points of a quantile function: share, tokens.
type Quantiles = &'static [(f64, f64)];

const CHAT_PROMPT: Quantiles = &[
    (0.0, 60.0),
    (0.05, 181.0),
    (0.12, 300.0),
    (0.25, 396.0),
    (0.38, 499.0),
    (0.395, 900.0),
    (0.50, 1020.0),
    (0.74, 1189.0),
    (0.90, 2735.0),
    (0.924, 4000.0),
    (0.9985, 4190.0),
    (1.0, 24_000.0),
];
const CHAT_ANSWER: Quantiles = &[
    (0.0, 8.0),
    (0.05, 41.0),
    (0.08, 52.0),
    (0.25, 85.0),
    (0.50, 129.0),
    (0.55, 149.0),
    (0.64, 249.0),
    (0.644, 350.0),
    (0.75, 395.0),
    (0.90, 424.0),
    (0.95, 451.0),
    (0.99, 601.0),
    (1.0, 1400.0),
];
const CODE_PROMPT: Quantiles = &[
    (0.0, 20.0),
    (0.05, 75.0),
    (0.25, 578.0),
    (0.50, 1469.0),
    (0.75, 2745.0),
    (0.90, 5188.0),
    (0.95, 7303.0),
    (0.99, 7436.0),
    (1.0, 8100.0),
];
const CODE_ANSWER: Quantiles = &[
    (0.0, 2.0),
    (0.05, 6.0),
    (0.25, 9.0),
    (0.50, 13.0),
    (0.75, 24.0),
    (0.90, 55.0),
    (0.95, 90.0),
    (0.99, 251.0),
    (1.0, 1100.0),
];

/// The lengths of the call that `key` names, in a chat or a code application.
#[must_use]
pub fn token_lengths(key: Key, code: bool) -> TokenLengths {
    let (prompt, answer) = if code {
        (CODE_PROMPT, CODE_ANSWER)
    } else {
        (CHAT_PROMPT, CHAT_ANSWER)
    };
    TokenLengths {
        prompt: quantile(prompt, key.index(0x70).uniform()),
        completion: quantile(answer, key.index(0x71).uniform()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "table values are small and positive"
)]
fn quantile(table: Quantiles, share: f64) -> u32 {
    let after = table.partition_point(|(at, _)| *at <= share);
    let (to_share, to) = table[after.min(table.len() - 1)];
    let (from_share, from) = table[after.clamp(1, table.len() - 1) - 1];
    (from + (to - from) * (share - from_share) / (to_share - from_share)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(code: bool) -> (Vec<u32>, Vec<u32>) {
        let lengths = (0..20_000).map(|index| token_lengths(Key::root(1).index(index), code));
        let (mut prompts, mut answers): (Vec<u32>, Vec<u32>) = lengths
            .map(|lengths| (lengths.prompt, lengths.completion))
            .unzip();
        prompts.sort_unstable();
        answers.sort_unstable();
        (prompts, answers)
    }

    #[track_caller]
    fn near(sorted: &[u32], percent: usize, expected: f64) {
        let found = f64::from(sorted[sorted.len() * percent / 100]);
        assert!(
            (found / expected - 1.0).abs() < 0.1,
            "p{percent}: {found} instead of {expected}"
        );
    }

    #[test]
    fn chat_lengths_have_the_published_quantiles() {
        let (prompts, answers) = draws(false);
        for (percent, value) in [(25, 396.0), (50, 1020.0), (90, 2735.0)] {
            near(&prompts, percent, value);
        }
        for (percent, value) in [(25, 85.0), (50, 129.0), (90, 424.0)] {
            near(&answers, percent, value);
        }
    }

    #[test]
    fn code_lengths_have_the_published_quantiles() {
        let (prompts, answers) = draws(true);
        for (percent, value) in [(25, 578.0), (50, 1469.0), (90, 5188.0)] {
            near(&prompts, percent, value);
        }
        near(&answers, 50, 13.0);
        near(&answers, 95, 90.0);
    }
}
