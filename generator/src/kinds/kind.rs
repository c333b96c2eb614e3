//! A checked kind: one way in, nothing left to check for what plans it.

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::{Faults, Node, Spanned, or_list};

use super::library::VERIFIED;
use super::model::{Expected, Knob, Label, Name, Pool, Stage, Techniques, Trap};
use super::read::KindSpec;
use super::value::{Literal, Value};
use super::vocabulary;
use crate::event::{Action, Outcome};

/// A kind or look-alike: read, inlined and checked.
#[derive(Clone, Debug)]
pub struct AttackKind {
    spec: KindSpec,
    is_user: bool,
}

/// Values that a scenario sets for a campaign's knobs, checked against type and range.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct KnobOverrides(pub(crate) Vec<(Arc<str>, Value)>);

impl AttackKind {
    /// From an inlined and checked file.
    pub(crate) fn new(spec: KindSpec, is_user: bool) -> Self {
        AttackKind { spec, is_user }
    }

    /// Id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.spec.id.value
    }

    /// File that it was read from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.spec.file
    }

    /// Whether it comes from the user's folder.
    #[must_use]
    pub fn is_user(&self) -> bool {
        self.is_user
    }

    /// Whether its rules are measured by this version's tests.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.is_user && VERIFIED.contains(&self.id())
    }

    /// Title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.spec.title
    }

    /// Goal.
    #[must_use]
    pub fn goal(&self) -> &str {
        &self.spec.goal
    }

    /// Note, or empty.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.spec.note
    }

    /// Whether an attack or a look-alike.
    #[must_use]
    pub fn label(&self) -> Label {
        self.spec.label
    }

    /// Techniques.
    #[must_use]
    pub fn techniques(&self) -> &Techniques {
        &self.spec.techniques
    }

    /// Expected rules at default knobs.
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.spec.expected
    }

    /// Rules that plain thresholds raise on a look-alike.
    #[must_use]
    pub fn literal(&self) -> &[RuleToken] {
        &self.spec.literal
    }

    /// Rules that a tuned rule set keeps quiet on a look-alike.
    #[must_use]
    pub fn must_not_fire(&self) -> &[RuleToken] {
        &self.spec.must_not_fire
    }

    /// The difference that is in the data, for a look-alike.
    #[must_use]
    pub fn discriminator(&self) -> &str {
        &self.spec.discriminator
    }

    /// The other half: an attack's look-alike, or the attacks that a look-alike resembles.
    #[must_use]
    pub fn twins(&self) -> Vec<&str> {
        let twins = self.spec.twin.iter().chain(&self.spec.twin_of);
        twins.map(|twin| &*twin.value).collect()
    }

    /// Evasions that the kind allows.
    #[must_use]
    pub fn evasions(&self) -> &[String] {
        &self.spec.evasions
    }

    /// Knobs that a scenario may set.
    pub fn knobs(&self) -> impl Iterator<Item = (&str, &Knob)> {
        let open = self.spec.knobs.iter().filter(|(_, knob)| !knob.is_hidden);
        open.map(|(name, knob)| (&**name, knob))
    }

    /// All knobs, those of used kinds included.
    pub(crate) fn all_knobs(&self) -> &IndexMap<Arc<str>, Knob> {
        &self.spec.knobs
    }

    /// Pools in order of declaration, those of used kinds last.
    #[must_use]
    pub fn cast(&self) -> &IndexMap<Arc<str>, Pool> {
        &self.spec.cast
    }

    /// Stages, `use` inlined, in order of declaration.
    #[must_use]
    pub fn stages(&self) -> &IndexMap<Arc<str>, Stage> {
        &self.spec.stages
    }

    /// Names of the stages as the file writes them, for `without_stages`.
    #[must_use]
    pub fn stage_names(&self) -> Vec<&str> {
        self.spec.stages.keys().map(AsRef::as_ref).collect()
    }

    /// Traps.
    #[must_use]
    pub fn traps(&self) -> &IndexMap<Arc<str>, Trap> {
        &self.spec.traps
    }

    /// Tables that its rows can go to, sorted; traps included.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        let traps = self.spec.traps.values().flat_map(|trap| &trap.stages);
        let mut tables: Vec<String> = Vec::new();
        for stage in self.spec.stages.values().chain(traps) {
            tables.extend(stage.table.iter().map(|table| table.value.to_string()));
            let Some(action) = stage.action else { continue };
            for outcome in stage_outcomes(stage, action) {
                let names = vocabulary::tables(action, outcome);
                tables.extend(names.iter().map(|name| (*name).to_owned()));
            }
            if stage
                .alerts
                .as_ref()
                .is_some_and(|alerts| !alerts.is_empty())
            {
                let names = vocabulary::tables(Action::DefenderAlert, Outcome::None);
                tables.extend(names.iter().map(|name| (*name).to_owned()));
            }
        }
        if self.brings_new_accounts() {
            tables.push("AuditLogs".to_owned());
        }
        tables.sort();
        tables.dedup();
        tables
    }

    /// Whether a stage or pool takes prompts from the scenario's own file (`prompts: file`).
    #[must_use]
    pub fn uses_prompt_file(&self) -> bool {
        use super::model::PoolBody;
        let is_file = |name: &Name| {
            &*name.value == crate::prompts::FILE_SET && !self.spec.cast.contains_key(&name.value)
        };
        let traps = self.spec.traps.values().flat_map(|trap| &trap.stages);
        let mut stages = self.spec.stages.values().chain(traps);
        let mut pools = self.spec.cast.values();
        stages.any(|stage| {
            let sets = stage.prompts.iter().chain(&stage.payload).flatten();
            sets.into_iter().any(is_file)
        }) || pools.any(|pool| match &pool.body {
            PoolBody::Texts(texts) => {
                let sets = texts.sets.iter();
                sets.into_iter()
                    .any(|set| &*set.value == crate::prompts::FILE_SET)
            }
            _ => false,
        })
    }

    fn brings_new_accounts(&self) -> bool {
        use super::model::{AccountSource, PoolBody};
        self.spec.cast.values().any(|pool| {
            matches!(&pool.body, PoolBody::Accounts(accounts)
                if accounts.sources.contains(&AccountSource::New))
        })
    }

    /// Checks what a scenario's `knobs:` sets: known names, types and ranges.
    #[must_use]
    pub fn overrides(&self, entries: &[(Spanned<String>, Node)], faults: &Faults) -> KnobOverrides {
        let mut overrides = Vec::new();
        for (name, node) in entries {
            let open: Vec<&str> = self.knobs().map(|(name, _)| name).collect();
            let knob = self.spec.knobs.get(name.value.as_str());
            let Some(knob) = knob.filter(|knob| !knob.is_hidden) else {
                let end = or_list(&name.value, "knobs", open);
                let message = format!("kind `{}` has no knob `{}`{end}", self.id(), name.value);
                faults.error("LF-A003", name.span, message);
                continue;
            };
            let Some(value) = Value::read(node, faults) else {
                continue;
            };
            let mut references = Vec::new();
            value.knobs(&mut references);
            if let Some((reference, span)) = references.first() {
                let message = format!("`${reference}`: a scenario sets values, not knobs");
                faults.error("LF-A003", *span, message);
                continue;
            }
            if knob.check("", &value, faults) {
                overrides.push((Arc::from(name.value.as_str()), value));
            }
        }
        KnobOverrides(overrides)
    }
}

impl KnobOverrides {
    /// Sets a knob to a constant, for tests and derived scenarios.
    #[must_use]
    pub fn with(mut self, name: &str, literal: Literal) -> Self {
        self.0.push((Arc::from(name), Value::constant(literal)));
        self
    }

    /// Names and values in the order of the scenario.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// Outcomes that a stage's events can have.
pub(crate) fn stage_outcomes(stage: &Stage, action: Action) -> Vec<Outcome> {
    let mut found: Vec<Outcome> = match &stage.outcomes {
        Some(value) => value
            .literals()
            .iter()
            .filter_map(|literal| Outcome::from_name(&literal.show()))
            .collect(),
        None => vocabulary::outcomes(action)
            .first()
            .copied()
            .into_iter()
            .collect(),
    };
    found.extend(stage.first);
    found.extend(stage.last);
    if found.is_empty() {
        // Some actions know no outcome, and write rows all the same.
        found.push(Outcome::None);
    }
    found
}
