//! Drawing from resolved values: a literal is a pure function of the value and a [`Key`].

use std::sync::Arc;

use livefire_schema::time::TimeSpan;
use rand_distr::{Distribution as _, Gamma};

use super::{Form, Literal, Value, Weight};
use crate::random::Key;

impl Value {
    /// Draws a literal of a resolved value; distributions give numbers. `progress` of 0 to 1 is
    /// the event's place in its run, for ramped weights.
    #[must_use]
    pub fn draw(&self, key: Key, progress: f64) -> Literal {
        match &self.form {
            Form::Constant(literal) => literal.clone(),
            Form::Uniform(Literal::Integer(low), Literal::Integer(high)) => {
                let width = u64::try_from(high.saturating_sub(*low)).unwrap_or(0);
                let drawn = i64::try_from(key.below(width.saturating_add(1))).unwrap_or(0);
                Literal::Integer(low + drawn)
            }
            Form::Uniform(Literal::Span(low), Literal::Span(high)) => {
                let width = u64::try_from(high.ticks() - low.ticks()).unwrap_or(0);
                let drawn = i64::try_from(key.below(width.saturating_add(1))).unwrap_or(0);
                Literal::Span(*low + TimeSpan::from_ticks(drawn))
            }
            Form::Uniform(low, high) => {
                let (low, high) = (low.as_number(), high.as_number());
                let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(0.0));
                Literal::Number(low + (high - low) * key.uniform())
            }
            Form::Choice(choices) => choose(choices, key, progress),
            Form::Knob(_) => Literal::Integer(0),
            _ => self.distributed(key),
        }
    }

    fn distributed(&self, key: Key) -> Literal {
        let at = |value: &Value, name: &str| value.draw(key.named(name), 0.0);
        let (center, drawn, cut) = match &self.form {
            Form::Lognormal { median, sigma, cut } => {
                let center = at(median, "median");
                let (median, sigma) = (center.as_number(), at(sigma, "sigma").as_number());
                let drawn = key.lognormal(median.unwrap_or(0.0), sigma.unwrap_or(0.0));
                (center, drawn, cut)
            }
            Form::Gamma { mean, cv, cut } => {
                let center = at(mean, "mean");
                let (mean, cv) = (center.as_number(), at(cv, "cv").as_number());
                let drawn = gamma(key, mean.unwrap_or(0.0), cv.unwrap_or(0.0));
                (center, drawn, cut)
            }
            Form::Exponential { mean, cut } => {
                let center = at(mean, "mean");
                let drawn = key.exponential(center.as_number().unwrap_or(0.0));
                (center, drawn, cut)
            }
            _ => return Literal::Integer(0),
        };
        let cut = cut
            .as_deref()
            .and_then(|cut| at(cut, "cut").as_number())
            .unwrap_or(20.0 * center.as_number().unwrap_or(0.0));
        let drawn = drawn.min(cut);
        match center {
            Literal::Span(_) => Literal::Span(TimeSpan::from_seconds_f64(drawn)),
            _ => Literal::Number(drawn),
        }
    }

    /// Draws a number; durations give seconds, words 0.
    #[must_use]
    pub fn number(&self, key: Key) -> f64 {
        self.draw(key, 0.0).as_number().unwrap_or(0.0)
    }

    /// Draws a count: rounded, never negative.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..2^53 before the cast"
    )]
    pub fn count(&self, key: Key) -> u64 {
        self.number(key).round().clamp(0.0, 9e15) as u64
    }

    /// Draws a duration; plain numbers give none.
    #[must_use]
    pub fn span(&self, key: Key) -> TimeSpan {
        match self.draw(key, 0.0) {
            Literal::Span(span) => span,
            _ => TimeSpan::ZERO,
        }
    }

    /// Draws a word, in the spelling of the file.
    #[must_use]
    pub fn word(&self, key: Key, progress: f64) -> Arc<str> {
        match self.draw(key, progress) {
            Literal::Word(word) => word,
            other => Arc::from(other.show()),
        }
    }
}

/// Gamma by mean and coefficient of variation; a variation of 0 is the mean.
fn gamma(key: Key, mean: f64, cv: f64) -> f64 {
    if cv <= 0.0 || mean <= 0.0 {
        return mean;
    }
    match Gamma::new(1.0 / (cv * cv), mean * cv * cv) {
        Ok(gamma) => gamma.sample(&mut key.stream()),
        Err(_) => mean,
    }
}

/// The weight of each choice at `progress`, `rest` filled in; weights of a list are equal.
#[must_use]
pub fn weights(choices: &[(Literal, Weight)], key: Key, progress: f64) -> Vec<f64> {
    let fixed: Vec<Option<f64>> = choices
        .iter()
        .map(|(_, weight)| match weight {
            Weight::Fixed(value) => Some(value.number(key).max(0.0)),
            Weight::Ramp(from, to) => Some(from + (to - from) * progress),
            Weight::Rest => None,
        })
        .collect();
    let rest = (1.0 - fixed.iter().flatten().sum::<f64>()).max(0.0);
    fixed
        .into_iter()
        .map(|weight| weight.unwrap_or(rest))
        .collect()
}

fn choose(choices: &[(Literal, Weight)], key: Key, progress: f64) -> Literal {
    let weights = weights(choices, key.named("weight"), progress);
    let total: f64 = weights.iter().sum();
    let mut left = key.uniform() * total;
    let mut last = None;
    for ((literal, _), weight) in choices.iter().zip(weights) {
        if weight <= 0.0 {
            continue;
        }
        last = Some(literal);
        if left < weight {
            break;
        }
        left -= weight;
    }
    last.or(choices.first().map(|(literal, _)| literal))
        .cloned()
        .unwrap_or(Literal::Integer(0))
}
