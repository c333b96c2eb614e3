//! Suppression after an emitted alert.
//!
//! Dropped alerts do not extend the period. Suppression precedes grouping. Vectors `suppression`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

/// Which alerts silence each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SuppressionScope {
    /// All of one rule.
    #[serde(rename = "rule")]
    Rule,
    /// Those of one rule and key.
    #[serde(rename = "rule+key")]
    RuleAndKey,
}

/// How long an emitted alert silences its scope; zero silences nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Suppression {
    /// S: alerts before `t + S` are dropped.
    pub span: TimeSpan,
    /// The scope.
    pub scope: SuppressionScope,
}

/// No suppression.
impl Default for Suppression {
    fn default() -> Self {
        Suppression {
            span: TimeSpan::ZERO,
            scope: SuppressionScope::Rule,
        }
    }
}

/// For each alert, given as (rule, key, time) in order of (time, id): the index of the emitted
/// alert that silences it, or nothing if it is emitted itself.
#[must_use]
pub fn silenced_by(
    alerts: &[(&str, &str, EventTime)],
    suppression: Suppression,
) -> Vec<Option<usize>> {
    let mut last: HashMap<(&str, &str), usize, BuildHasherDefault<FxHasher>> = HashMap::default();
    let mut silenced = Vec::with_capacity(alerts.len());
    for (index, &(rule, key, time)) in alerts.iter().enumerate() {
        let scope = match suppression.scope {
            SuppressionScope::Rule => (rule, ""),
            SuppressionScope::RuleAndKey => (rule, key),
        };
        let silencer = last
            .get(&scope)
            .copied()
            .filter(|&earlier| time - alerts[earlier].2 < suppression.span);
        if silencer.is_none() {
            last.insert(scope, index);
        }
        silenced.push(silencer);
    }
    silenced
}
