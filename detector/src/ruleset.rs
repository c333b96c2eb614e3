//! Which rules run, in which variants, with which parameters.
//!
//! Parameter files come embedded; a user's folder overrides them by rule id. A *form* is a rule in
//! its default shape or in one variant, with all its values resolved.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use livefire_schema::rules::{self, RuleInfo, RuleToken};
use livefire_schema::spec::{self, Fault, Faults, or_list};

use crate::parameters::{ParameterSpec, Parameters, Value};
use crate::rules::{ALL, Native, Plan};

mod file;
mod shared;
#[cfg(test)]
mod tests;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../rules/native");

/// Index of a form among the selected ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FormIndex(pub u16);

/// The loaded rules and the forms of them that run.
#[derive(Clone)]
pub struct RuleSet {
    entries: Vec<Entry>,
    selected: Vec<Form>,
    /// By form: the one that runs for it ([`shared`]); empty if each runs for itself.
    leaders: Vec<FormIndex>,
}

#[derive(Clone)]
struct Entry {
    native: &'static dyn Native,
    info: &'static RuleInfo,
    parameters: Parameters,
    variants: Vec<Variant>,
    origin: Arc<str>,
    source: Arc<str>,
}

/// What a variant changes.
#[derive(Clone, Debug)]
struct Variant {
    name: String,
    changes: Vec<(&'static str, Value)>,
}

/// A rule in one variant, with its values.
#[derive(Clone)]
pub struct Form {
    native: &'static dyn Native,
    info: &'static RuleInfo,
    name: Arc<str>,
    parameters: Parameters,
}

/// Why a parameter cannot be set.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The name has not the form `R1.window` or `R1@app_log.window`.
    #[error("`{0}` is no parameter; write RULE.NAME, such as R1.threshold")]
    Form(String),
    /// No loaded rule has this id, or the rule has no such variant.
    #[error("`{0}` is no loaded rule{1}")]
    Rule(String, String),
    /// The rule declares no such parameter.
    #[error("rule {0} has no parameter `{1}`{2}")]
    Name(String, String, String),
    /// The value does not fit.
    #[error("{0}: {1}")]
    Value(String, String),
}

/// One line of a parameter listing.
#[derive(Clone, PartialEq, Debug)]
pub struct ParameterRow {
    /// `R1.threshold`.
    pub name: String,
    /// The value as written.
    pub value: String,
    /// What it may be.
    pub bounds: String,
    /// One sentence.
    pub help: &'static str,
}

impl RuleSet {
    /// The shipped rules in their default forms.
    ///
    /// # Panics
    /// Never in a released binary: a test loads every embedded file.
    #[must_use]
    pub fn embedded() -> Self {
        let mut entries: Vec<Entry> = ALL.iter().map(|&native| Entry::of(native)).collect();
        let mut files: Vec<_> = EMBEDDED.files().collect();
        files.sort_by_key(|file| file.path());
        for file in files {
            let path = file.path().display().to_string();
            let faults = Faults::new(&path);
            file::read(&mut entries, &path, "embedded", file.contents(), &faults);
            assert!(!faults.has_errors(), "embedded rules are valid: {faults}");
        }
        let mut rules = RuleSet {
            entries,
            selected: Vec::new(),
            leaders: Vec::new(),
        };
        rules.select_defaults();
        rules
    }

    /// Reads every `*.yaml` of a folder, in name order; a file replaces the values of the rule
    /// whose id it states. A selection made before keeps its forms, with the new values.
    ///
    /// # Errors
    /// Every fault of every file. Warnings alone are no error.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, Vec<Fault>> {
        let faults = Faults::new(&folder.display().to_string());
        for path in file::list(folder, &faults) {
            let name = path.display().to_string();
            let own = Faults::new(&name);
            match std::fs::read(&path) {
                Ok(bytes) => file::read(&mut self.entries, &name, &name, &bytes, &own),
                Err(error) => own.error("LF-R001", spec::Span::default(), error.to_string()),
            }
            faults.append(own);
        }
        if faults.has_errors() {
            return Err(faults.sorted());
        }
        self.refresh();
        Ok(self)
    }

    /// Selects the default form of every rule.
    pub fn select_defaults(&mut self) {
        self.selected = self.entries.iter().map(|entry| entry.form(None)).collect();
        self.leaders.clear();
    }

    /// Selects exactly these forms, in the order of the registry and of each rule's variants;
    /// classes in the tokens do not matter.
    ///
    /// # Errors
    /// [`ParameterError::Rule`] for a rule that has no native form, or an unknown variant.
    pub fn select(&mut self, tokens: &[RuleToken]) -> Result<(), ParameterError> {
        for token in tokens {
            self.find(&token.rule, token.variant.as_deref())?;
        }
        let wanted = |entry: &Entry, variant: Option<&str>| {
            tokens
                .iter()
                .any(|token| token.rule == entry.info.id && token.variant.as_deref() == variant)
        };
        let mut selected = Vec::new();
        for entry in &self.entries {
            if wanted(entry, None) {
                selected.push(entry.form(None));
            }
            for variant in &entry.variants {
                if wanted(entry, Some(&variant.name)) {
                    selected.push(entry.form(Some(variant)));
                }
            }
        }
        self.selected = selected;
        self.leaders.clear();
        Ok(())
    }

    /// The forms of several sets in one, so that one pass runs them beside each other on the same
    /// rows; gives for each set which of the forms are its own.
    ///
    /// Forms that differ in nothing but the threshold of a count share its state. All keep their
    /// names, hence [`Engine::take_alerts_by_form`](crate::Engine). What is set
    /// or selected afterwards belongs to the first set.
    #[must_use]
    pub fn side_by_side(sets: &[RuleSet]) -> (RuleSet, Vec<Range<usize>>) {
        let mut all = RuleSet {
            entries: sets
                .first()
                .map_or_else(Vec::new, |set| set.entries.clone()),
            selected: Vec::new(),
            leaders: Vec::new(),
        };
        let mut ranges = Vec::new();
        for set in sets {
            let start = all.selected.len();
            all.selected.extend(set.selected.iter().cloned());
            ranges.push(start..all.selected.len());
        }
        all.share();
        (all, ranges)
    }

    /// Sets a parameter by name: `R1.window` changes the rule in every form that does not fix it
    /// itself, `R1@app_log.window` that variant.
    ///
    /// # Errors
    /// [`ParameterError`] naming what was expected.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ParameterError> {
        let (rule, parameter) = name
            .split_once('.')
            .ok_or_else(|| ParameterError::Form(name.to_owned()))?;
        let (rule, variant) = match rule.split_once('@') {
            Some((rule, variant)) => (rule, Some(variant)),
            None => (rule, None),
        };
        let index = self.find(rule, variant)?;
        let entry = &mut self.entries[index];
        let spec = entry.parameters.spec(parameter).cloned().ok_or_else(|| {
            let names = entry.parameters.iter().map(|(spec, _)| spec.name);
            let names: Vec<_> = names.collect();
            let end = or_list(parameter, "parameters", names.iter().copied());
            ParameterError::Name(rule.to_owned(), parameter.to_owned(), end)
        })?;
        let value = spec
            .parse(value)
            .map_err(|message| ParameterError::Value(name.to_owned(), message))?;
        match entry
            .variants
            .iter_mut()
            .find(|known| Some(known.name.as_str()) == variant)
        {
            Some(variant) => variant.change(spec.name, value),
            None => entry.parameters.set(spec.name, value),
        }
        self.refresh();
        Ok(())
    }

    /// All parameters of all loaded rules in their default form.
    #[must_use]
    pub fn parameters(&self) -> Vec<ParameterRow> {
        let rows = self.entries.iter().flat_map(|entry| {
            entry.parameters.iter().map(|(spec, value)| ParameterRow {
                name: format!("{}.{}", entry.info.id, spec.name),
                value: value.to_string(),
                bounds: spec.bounds.to_string(),
                help: spec.help,
            })
        });
        rows.collect()
    }

    /// The selected forms.
    pub fn forms(&self) -> impl Iterator<Item = (FormIndex, &Form)> {
        self.selected
            .iter()
            .enumerate()
            .filter_map(|(index, form)| {
                u16::try_from(index)
                    .ok()
                    .map(|index| (FormIndex(index), form))
            })
    }

    /// A selected form.
    #[must_use]
    pub fn form(&self, index: FormIndex) -> Option<&Form> {
        self.selected.get(usize::from(index.0))
    }

    /// The parameter file of a rule and where it comes from (`embedded` or a path), for `show`.
    #[must_use]
    pub fn source(&self, rule: &str) -> Option<(&str, &str)> {
        let entry = self.entries.iter().find(|entry| entry.info.id == rule)?;
        Some((&entry.source, &entry.origin))
    }

    /// Ids of the loaded rules with their variants.
    pub fn rules(&self) -> impl Iterator<Item = (&'static RuleInfo, Vec<&str>)> {
        self.entries.iter().map(|entry| {
            let variants = entry.variants.iter().map(|variant| variant.name.as_str());
            (entry.info, variants.collect())
        })
    }

    fn find(&self, rule: &str, variant: Option<&str>) -> Result<usize, ParameterError> {
        let ids = self.entries.iter().map(|entry| entry.info.id);
        let Some(index) = ids.clone().position(|id| id == rule) else {
            let end = or_list(rule, "rules", ids);
            return Err(ParameterError::Rule(rule.to_owned(), end));
        };
        let variants = self.entries[index].variants.iter();
        let names = variants.map(|variant| variant.name.as_str());
        match variant {
            Some(variant) if names.clone().all(|name| name != variant) => {
                let end = or_list(variant, "variants", names);
                Err(ParameterError::Rule(format!("{rule}@{variant}"), end))
            }
            _ => Ok(index),
        }
    }

    /// Resolves the values of the selected forms anew.
    fn refresh(&mut self) {
        self.leaders.clear();
        for form in &mut self.selected {
            let entry = self
                .entries
                .iter()
                .find(|entry| entry.info.id == form.info.id);
            if let Some(entry) = entry {
                let variant = form.name.split_once('@').map(|(_, variant)| variant);
                let variant = entry
                    .variants
                    .iter()
                    .find(|known| Some(known.name.as_str()) == variant);
                *form = entry.form(variant);
            }
        }
    }
}

impl Entry {
    /// # Panics
    /// If a native rule is not in the registry of `schema`, which a test rules out.
    fn of(native: &'static dyn Native) -> Self {
        let info = rules::rule(native.id()).expect("native rules are in the registry");
        let mut specs = native.parameters();
        specs.push(ParameterSpec::span_or(
            "allowed_lateness",
            "delay_cut",
            "rows that come later are dropped and counted; delay_cut: 4 × p95 of the slowest table",
        ));
        Entry {
            native,
            info,
            parameters: Parameters::new(specs),
            variants: Vec::new(),
            origin: Arc::from("none"),
            source: Arc::from(""),
        }
    }

    fn form(&self, variant: Option<&Variant>) -> Form {
        let mut parameters = self.parameters.clone();
        let name = match variant {
            None => Arc::from(self.info.id),
            Some(variant) => {
                for (name, value) in &variant.changes {
                    parameters.set(name, value.clone());
                }
                Arc::from(format!("{}@{}", self.info.id, variant.name))
            }
        };
        Form {
            native: self.native,
            info: self.info,
            name,
            parameters,
        }
    }
}

impl Variant {
    fn change(&mut self, name: &'static str, value: Value) {
        match self.changes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.changes.push((name, value)),
        }
    }
}

impl Form {
    /// `R1` or `R1@app_log`.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The rule as the registry knows it.
    #[must_use]
    pub fn info(&self) -> &'static RuleInfo {
        self.info
    }

    /// Its values.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What the engine needs to know of it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.native.plan(&self.parameters)
    }

    pub(crate) fn native(&self) -> &'static dyn Native {
        self.native
    }
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.selected).finish()
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Form").field(&self.name).finish()
    }
}
