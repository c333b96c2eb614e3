//! A logistic regression over all nuisance fields of a table, scored on rows that it has not seen.
//!
//! Each field enters standardised and squared, so that both a shift and a narrower spread are found.
//! Two folds, by campaign or unit: each is scored by the model of the other. Newton's method with a
//! small ridge; a dozen steps are plenty for a few dozen weights.

use std::collections::BTreeMap;

use super::fields::Number;

/// Newton steps.
const STEPS: usize = 12;
/// Pull of every weight to zero, in examples.
const RIDGE: f64 = 1.0;
/// Examples of a class that a fold needs.
const LEAST: usize = 50;

/// Share of examples that have a field which enters: that a row has it may be no nuisance.
const LEAST_PRESENT: f64 = 0.9;

/// One unit with its numbers by field.
#[derive(Clone, Debug)]
pub(super) struct Example {
    numbers: BTreeMap<&'static str, f64>,
    is_attack: bool,
    fold: bool,
}

impl Example {
    pub(super) fn new(numbers: &[Number], is_attack: bool, fold: bool) -> Self {
        let numbers = numbers.iter().map(|number| (number.field, number.value));
        Example {
            numbers: numbers.collect(),
            is_attack,
            fold,
        }
    }
}

/// Scores of attacks and of others, each from the model of the other fold; none where a fold is
/// too small.
pub(super) fn scores(examples: &[Example]) -> (Vec<f64>, Vec<f64>) {
    let scale = Scale::of(examples);
    let (mut attack, mut benign) = (Vec::new(), Vec::new());
    for fold in [false, true] {
        let (own, rest): (Vec<&Example>, Vec<&Example>) =
            examples.iter().partition(|example| example.fold == fold);
        let attacks = rest.iter().filter(|example| example.is_attack).count();
        if attacks < LEAST || rest.len() - attacks < LEAST {
            return (Vec::new(), Vec::new());
        }
        let rows: Vec<Vec<f64>> = rest.iter().map(|example| scale.row(example)).collect();
        let labels: Vec<bool> = rest.iter().map(|example| example.is_attack).collect();
        let weights = fit(&rows, &labels);
        for (example, rank) in own.iter().zip(ranked(&own, &weights, &scale)) {
            if example.is_attack {
                attack.push(rank);
            } else {
                benign.push(rank);
            }
        }
    }
    (attack, benign)
}

/// The rank of each example's score in its fold, from 0 to 1: two models' scores are not
/// comparable, and the one fitted on fewer attacks gives all of the other's fewer points.
fn ranked(own: &[&Example], weights: &[f64], scale: &Scale) -> Vec<f64> {
    let scores = own.iter().map(|example| dot(weights, &scale.row(example)));
    let scores: Vec<f64> = scores.collect();
    let mut order: Vec<usize> = (0..own.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut ranks = vec![0.0; own.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank as f64 / own.len() as f64;
    }
    ranks
}

/// Mean and spread of every field.
struct Scale {
    fields: Vec<(&'static str, f64, f64)>,
}

impl Scale {
    fn of(examples: &[Example]) -> Self {
        let mut moments: BTreeMap<&'static str, (f64, f64, f64)> = BTreeMap::new();
        for example in examples {
            for (field, value) in &example.numbers {
                let entry = moments.entry(field).or_default();
                entry.0 += 1.0;
                entry.1 += value;
            }
        }
        for example in examples {
            for (field, value) in &example.numbers {
                let entry = moments.entry(field).or_default();
                let away = value - entry.1 / entry.0;
                entry.2 += away * away;
            }
        }
        let all = examples.len() as f64;
        let fields = moments
            .into_iter()
            .filter_map(|(field, (count, sum, squares))| {
                let spread = (squares / count).sqrt();
                let spread = if count < LEAST_PRESENT * all {
                    0.0
                } else {
                    spread
                };
                (spread > 0.0).then(|| (field, sum / count, spread))
            });
        Scale {
            fields: fields.collect(),
        }
    }

    /// One, then every field standardised and squared; a field that a row does not have is usual.
    fn row(&self, example: &Example) -> Vec<f64> {
        let mut row = vec![1.0];
        for (field, mean, spread) in &self.fields {
            let value = example.numbers.get(field);
            // A lone outlier must not decide.
            let value = value.map_or(0.0, |value| ((value - mean) / spread).clamp(-4.0, 4.0));
            row.push(value);
            row.push(if example.numbers.contains_key(field) {
                value * value - 1.0
            } else {
                0.0
            });
        }
        row
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// Weights of a logistic regression.
fn fit(rows: &[Vec<f64>], labels: &[bool]) -> Vec<f64> {
    let size = rows.first().map_or(0, Vec::len);
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        let mut hessian = vec![vec![0.0; size]; size];
        for (row, label) in rows.iter().zip(labels) {
            let chance = 1.0 / (1.0 + (-dot(&weights, row)).exp());
            let error = f64::from(u8::from(*label)) - chance;
            let spread = (chance * (1.0 - chance)).max(1e-6);
            for (index, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                gradient[index] += error * value;
                let line = &mut hessian[index];
                for (sum, other) in line.iter_mut().zip(row) {
                    *sum += spread * value * other;
                }
            }
        }
        for (index, line) in hessian.iter_mut().enumerate() {
            line[index] += RIDGE;
        }
        let step = solve(hessian, gradient);
        for (weight, step) in weights.iter_mut().zip(&step) {
            *weight += step;
        }
        if step.iter().all(|step| step.abs() < 1e-6) {
            break;
        }
    }
    weights
}

/// Solves a positive definite system by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for column in 0..size {
        let (above, below) = matrix.split_at_mut(column + 1);
        let pivot = &above[column];
        for (offset, line) in below.iter_mut().enumerate() {
            let factor = line[column] / pivot[column];
            for (value, own) in line[column..].iter_mut().zip(&pivot[column..]) {
                *value -= factor * own;
            }
            right[column + 1 + offset] -= factor * right[column];
        }
    }
    for row in (0..size).rev() {
        let known = dot(&matrix[row][row + 1..], &right[row + 1..]);
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use livefire_generator::random::Key;

    use super::*;

    /// Examples whose attacks have a mean or a spread of their own.
    fn examples(shift: f64, spread: f64) -> Vec<Example> {
        let make = |index: u64| {
            let key = Key::root(9).index(index);
            let is_attack = key.index(0).chance(0.3);
            let noise = key.index(1).normal();
            let value = if is_attack {
                shift + spread * noise
            } else {
                noise
            };
            let number = |field, value| Number {
                field,
                unit: index,
                value,
            };
            let other = key.index(2).normal();
            let numbers = [number("told", value), number("other", other)];
            Example::new(&numbers, is_attack, key.index(3).chance(0.5))
        };
        (0..4000).map(make).collect()
    }

    /// Chance that an attack scores above another row.
    fn auc(examples: &[Example]) -> f64 {
        let (attack, benign) = scores(examples);
        let audit = livefire_scorer::evaluator::leak::audit(&attack, &benign, 1, 0.01);
        audit.auc.value().expect("both classes are there")
    }

    #[test]
    fn a_shift_is_found_and_a_spread_too() {
        assert!(auc(&examples(0.5, 1.0)) > 0.6);
        assert!(auc(&examples(0.0, 0.4)) > 0.6);
    }

    #[test]
    fn noise_stays_at_chance() {
        let found = auc(&examples(0.0, 1.0));
        assert!((found - 0.5).abs() < 0.04, "{found}");
    }

    #[test]
    fn a_system_is_solved() {
        let solution = solve(vec![vec![4.0, 1.0], vec![1.0, 3.0]], vec![1.0, 2.0]);
        assert!((solution[0] - 1.0 / 11.0).abs() < 1e-12);
        assert!((solution[1] - 7.0 / 11.0).abs() < 1e-12);
    }
}
