//! The values that one parameter is tried with, as a user writes them: `threshold=2..20`,
//! `window=5m,10m,1h`, `key=user,session`.

use livefire_detector::Form;
use livefire_detector::parameters::{Bounds, ParameterSpec, Value};
use livefire_schema::spec::or_list;
use serde::Serialize;

/// Most values of one parameter.
const MOST_VALUES: usize = 1000;

/// A parameter with one of its values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Setting {
    /// Name of the parameter within its rule.
    pub parameter: String,
    /// The value as files write it.
    pub value: String,
}

/// A parameter with the values to try, the one in force among them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Axis {
    /// Name of the parameter within its rule.
    pub parameter: String,
    /// Values as files write them, without repetition.
    pub values: Vec<String>,
    /// Position of the value in force.
    pub current: usize,
}

/// Why values cannot be tried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AxisError {
    /// There is no `=`.
    #[error("`{0}`: write NAME=VALUES, as threshold=2..20 or window=5m,10m,1h")]
    Form(String),
    /// The rule declares no such parameter.
    #[error("rule {rule} has no parameter `{parameter}`{end}")]
    Name {
        /// The rule form.
        rule: String,
        /// What was asked.
        parameter: String,
        /// What it has.
        end: String,
    },
    /// The rule has no threshold to begin with.
    #[error("rule {rule} has no `threshold`: name what to sweep with --parameter{end}")]
    NoDefault {
        /// The rule form.
        rule: String,
        /// What it has.
        end: String,
    },
    /// A value is not what the parameter takes.
    #[error("{parameter}: {why}")]
    Value {
        /// The parameter.
        parameter: String,
        /// What was expected.
        why: String,
    },
}

impl Axis {
    /// Reads `NAME=VALUES` for a rule form.
    ///
    /// Values are separated by commas; for whole numbers `2..20` is every one of them, both ends
    /// included, and `10..100..10` every tenth.
    ///
    /// # Errors
    /// [`AxisError`] naming what was expected.
    pub fn parse(text: &str, form: &Form) -> Result<Self, AxisError> {
        let (name, values) = text
            .split_once('=')
            .ok_or_else(|| AxisError::Form(text.to_owned()))?;
        let name = name.trim();
        let Some(spec) = form.parameters().spec(name) else {
            return Err(AxisError::Name {
                rule: form.name().to_string(),
                parameter: name.to_owned(),
                end: or_list(name, "parameters", names(form)),
            });
        };
        let wrong = |why: String| AxisError::Value {
            parameter: name.to_owned(),
            why,
        };
        if matches!(spec.bounds, Bounds::Texts | Bounds::Phrases) {
            return Err(wrong(
                "a list has no values to sweep; compare rule files instead".to_owned(),
            ));
        }
        let mut read = Vec::new();
        for item in values.split(',').map(str::trim) {
            expand(item, spec, &mut read).map_err(wrong)?;
        }
        Ok(Self::with_current(name, read, form))
    }

    /// The axis of a rule for which nothing was asked: its `threshold`, from a quarter of the value
    /// in force to four times as much.
    ///
    /// # Errors
    /// [`AxisError::NoDefault`] if it declares no whole number of that name.
    pub fn of_threshold(form: &Form) -> Result<Self, AxisError> {
        let parameters = form.parameters();
        let value = parameters.iter().find(|(spec, _)| spec.name == "threshold");
        let Some((spec, Value::Count(now))) = value else {
            return Err(AxisError::NoDefault {
                rule: form.name().to_string(),
                end: or_list("", "parameters", names(form)),
            });
        };
        let mut values = Vec::new();
        for quarter in -8..=8 {
            let factor = libm::exp2(f64::from(quarter) / 4.0);
            let near = (*now as f64 * factor).round().max(1.0);
            // Written out and read back, so that the parameter's bounds decide.
            if let Ok(value) = spec.parse(&format!("{near}")) {
                values.push(value.to_string());
            }
        }
        Ok(Self::with_current(spec.name, values, form))
    }

    fn with_current(name: &str, read: Vec<String>, form: &Form) -> Self {
        let parameters = form.parameters();
        let now = parameters.iter().find(|(spec, _)| spec.name == name);
        let now = now.map_or_else(String::new, |(_, value)| value.to_string());
        let mut values: Vec<String> = Vec::new();
        for value in read {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let current = values.iter().position(|value| *value == now);
        let current = current.unwrap_or_else(|| {
            values.push(now);
            values.len() - 1
        });
        Axis {
            parameter: name.to_owned(),
            values,
            current,
        }
    }

    /// The setting at a position.
    #[must_use]
    pub fn setting(&self, position: usize) -> Option<Setting> {
        let value = self.values.get(position)?;
        Some(Setting {
            parameter: self.parameter.clone(),
            value: value.clone(),
        })
    }
}

fn names(form: &Form) -> Vec<&'static str> {
    form.parameters()
        .iter()
        .map(|(spec, _)| spec.name)
        .collect()
}

/// Adds the values of one item.
fn expand(item: &str, spec: &ParameterSpec, read: &mut Vec<String>) -> Result<(), String> {
    if let (Bounds::Count(_), Some((from, rest))) = (&spec.bounds, item.split_once("..")) {
        let (to, step) = rest.split_once("..").unwrap_or((rest, "1"));
        let number = |text: &str| match spec.parse(text)? {
            Value::Count(number) => Ok(number),
            other => Err(format!("expected {}, found `{other}`", spec.bounds)),
        };
        let (from, to) = (number(from)?, number(to)?);
        let step: u64 = step.trim().parse().unwrap_or(0);
        if step == 0 || from > to {
            return Err(format!(
                "`{item}` is no range; write it upwards, as 2..20 or 10..100..10"
            ));
        }
        let most = u64::try_from(MOST_VALUES).unwrap_or(u64::MAX);
        if (to - from) / step >= most {
            return Err(format!(
                "`{item}` holds over {MOST_VALUES} values; give a step, as 10..100..10"
            ));
        }
        let mut value = from;
        while value <= to {
            read.push(value.to_string());
            value += step;
        }
        return Ok(());
    }
    read.push(spec.parse(item)?.to_string());
    if read.len() > MOST_VALUES {
        return Err(format!("over {MOST_VALUES} values"));
    }
    Ok(())
}
