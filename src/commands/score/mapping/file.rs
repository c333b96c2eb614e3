//! The mapping itself: which column is what, as written in YAML, with places for its faults.

use std::collections::BTreeMap;
use std::path::Path;

use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, Span, did_you_mean, parse};

use super::evidence::IdKind;
use super::export::{Export, Row};
use crate::exit::Failure;
use crate::shipped;

/// Mappings that are shipped.
const PRESETS: &[(&str, &str)] = &[
    (
        "security_alert",
        include_str!("../../../../examples/siem/security_alert.yaml"),
    ),
    (
        "security_incident",
        include_str!("../../../../examples/siem/security_incident.yaml"),
    ),
];

/// What evidence can be named by, and how it is looked up.
const IDS: &[(&str, IdKind)] = &[
    ("_ItemId", IdKind::Item),
    ("request_id", IdKind::Event),
    ("SystemAlertId", IdKind::Event),
    ("AlertId", IdKind::Event),
    ("CorrelationId", IdKind::Event),
];

/// A column, or a place inside the JSON that it holds.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// `EndTime`, `ExtendedProperties.Custom Details.request_id`.
    pub(super) path: String,
    span: Span,
}

/// What the mapping says of one rule of the export.
#[derive(Clone, Debug)]
pub(super) struct RuleMapping {
    /// What it is called here.
    pub(super) rule: String,
    /// How many events it asks for.
    pub(super) threshold: Option<u64>,
}

/// A mapping that is complete.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    name: String,
    pub(super) id: Column,
    pub(super) rule: Column,
    pub(super) time: Column,
    pub(super) raised: Option<Column>,
    pub(super) severity: Option<Column>,
    pub(super) key: Option<Column>,
    pub(super) entities: Option<Column>,
    /// Where ids of counted rows stand.
    pub(super) evidence: Vec<(IdKind, Column)>,
    /// Column that tells versions of an alert apart; the newest counts.
    pub(super) newest: Option<Column>,
    /// Columns and the texts of which a row must have one; other rows are no alerts of rules.
    keep: Vec<(Column, Vec<String>)>,
    /// By the rule's name in the export.
    pub(super) rules: BTreeMap<String, RuleMapping>,
    /// For rules that `rules` says nothing of.
    pub(super) threshold: Option<u64>,
    /// Name of the export of alerts that this one's ids mean.
    pub(super) alerts: Option<String>,
    /// Whether columns were named by the user, so that a missing one is a fault of the mapping.
    is_preset: bool,
}

/// Reads a shipped mapping by its name, else a file.
///
/// # Errors
/// Every fault of the file; wrong use if there is none.
pub(super) fn load(path: &Path) -> Result<Mapping, Failure> {
    let name = path.display().to_string();
    if let Some((name, text)) = PRESETS.iter().find(|(preset, _)| *preset == name) {
        let faults = Faults::new(name);
        let mapping = parse(text.as_bytes(), &faults).and_then(|node| read(&node, name, &faults));
        return mapping
            .ok_or(Failure::Faults(faults))
            .map(|mapping| Mapping {
                is_preset: true,
                ..mapping
            });
    }
    let bytes = shipped::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(format!(
            "--mapping {name}: there is no such file, and no mapping of that name is shipped{}; \
             shipped are security_alert and security_incident",
            did_you_mean(&name, PRESETS.iter().map(|(name, _)| *name))
                .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
        )),
        _ => Failure::input(format!("{name}: cannot be read: {error}")),
    })?;
    let faults = Faults::new(&name);
    let mapping = parse(&bytes, &faults).and_then(|node| read(&node, &name, &faults));
    match mapping {
        Some(mapping) if !faults.has_errors() => Ok(mapping),
        _ => Err(Failure::Faults(faults)),
    }
}

/// The mapping of a tree, on top of its `base`; `None` if anything is wrong, which is noted.
fn read(node: &Node, name: &str, faults: &Faults) -> Option<Mapping> {
    let mut map = MapReader::open(node, "the mapping", faults)?;
    let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
    let base = map.one_of("base", &names);
    let base = base.and_then(|index| load(Path::new(names[index.value])).ok());
    let columns = if base.is_some() || map.has("columns") {
        map.map("columns", "`columns`")
    } else {
        map.require("columns", "{ id: …, rule: …, time: … }");
        None
    };
    let mut columns = columns;
    let mut column = |key: &'static str, old: Option<&Column>| {
        let written = columns.as_mut().and_then(|columns| columns.text(key));
        let written = written.map(|text| Column {
            path: text.value,
            span: text.span,
        });
        written.or_else(|| old.cloned())
    };
    let base_of = base.as_ref();
    let id = column("id", base_of.map(|base| &base.id));
    let rule = column("rule", base_of.map(|base| &base.rule));
    let time = column("time", base_of.map(|base| &base.time));
    let raised = column("raised", base_of.and_then(|base| base.raised.as_ref()));
    let severity = column("severity", base_of.and_then(|base| base.severity.as_ref()));
    let key = column("key", base_of.and_then(|base| base.key.as_ref()));
    let entities = column("entities", base_of.and_then(|base| base.entities.as_ref()));
    if let Some(mut columns) = columns {
        for (key, have) in [("id", &id), ("rule", &rule), ("time", &time)] {
            if have.is_none() && !columns.has(key) {
                columns.require(key, "COLUMN");
            }
        }
        columns.finish();
    }
    let rest = rest(&mut map, base_of, faults);
    map.finish();
    let (evidence, newest, keep, rules, threshold, alerts) = rest;
    let mapping = Mapping {
        name: name.to_owned(),
        id: id?,
        rule: rule?,
        time: time?,
        raised,
        severity,
        key,
        entities,
        evidence,
        newest,
        keep,
        rules,
        threshold,
        alerts,
        is_preset: false,
    };
    (!faults.has_errors()).then_some(mapping)
}

type Rest = (
    Vec<(IdKind, Column)>,
    Option<Column>,
    Vec<(Column, Vec<String>)>,
    BTreeMap<String, RuleMapping>,
    Option<u64>,
    Option<String>,
);

/// What stands beside `columns`.
fn rest(map: &mut MapReader<'_>, base: Option<&Mapping>, faults: &Faults) -> Rest {
    let mut evidence = Vec::new();
    if base.is_none() && !map.has("evidence") {
        map.require("evidence", "{ request_id: COLUMN }");
    }
    if let Some(mut ids) = map.map("evidence", "`evidence`") {
        for (key, kind) in IDS {
            let paths = ids.texts(key);
            evidence.extend(paths.into_iter().map(|text| {
                let column = Column {
                    path: text.value,
                    span: text.span,
                };
                (*kind, column)
            }));
        }
        ids.finish();
    }
    if evidence.is_empty() {
        evidence = base.map_or_else(Vec::new, |base| base.evidence.clone());
    }
    let newest = map.text("newest").map(|text| Column {
        path: text.value,
        span: text.span,
    });
    let mut keep = Vec::new();
    for (name, node) in map.entries("keep") {
        let texts = node.items().iter().filter_map(|item| item.text(faults));
        let column = Column {
            path: name.value.clone(),
            span: name.span,
        };
        keep.push((column, texts.map(|text| text.value).collect()));
    }
    if keep.is_empty() {
        keep = base.map_or_else(Vec::new, |base| base.keep.clone());
    }
    let rules = map.entries("rules").iter();
    let rules = rules
        .filter_map(|(name, node)| Some((name.value.clone(), rule(&name.value, node, faults)?)));
    let rules = rules.collect();
    let threshold = map.integer("threshold", 1..=1_000_000_000);
    let threshold = threshold.and_then(|number| u64::try_from(number.value).ok());
    let alerts = map.text("alerts").map(|text| text.value);
    (
        evidence,
        newest.or_else(|| base.and_then(|base| base.newest.clone())),
        keep,
        rules,
        threshold.or_else(|| base.and_then(|base| base.threshold)),
        alerts.or_else(|| base.and_then(|base| base.alerts.clone())),
    )
}

/// `R2`, or `{ rule: R2, threshold: 3 }`.
fn rule(name: &str, node: &Node, faults: &Faults) -> Option<RuleMapping> {
    if matches!(node.value, NodeValue::Scalar { .. }) {
        return Some(RuleMapping {
            rule: node.text(faults)?.value,
            threshold: None,
        });
    }
    let mut map = MapReader::open(node, format!("the rule `{name}`"), faults)?;
    let called = map.text("rule").map(|text| text.value);
    let threshold = map.integer("threshold", 1..=1_000_000_000);
    map.finish();
    Some(RuleMapping {
        rule: called.unwrap_or_else(|| name.to_owned()),
        threshold: threshold.and_then(|number| u64::try_from(number.value).ok()),
    })
}

impl Mapping {
    /// Whether a row is an alert of a rule.
    pub(super) fn keeps(&self, row: &Row) -> bool {
        self.keep.iter().all(|(column, texts)| {
            let values = super::cells::texts(&row.values(&column.path));
            values.is_empty() || values.iter().any(|value| texts.contains(value))
        })
    }

    /// Checks that the export has every column that is named; a shipped mapping may name more
    /// than a query gave out, but not miss what it cannot do without.
    ///
    /// # Errors
    /// Each missing column, at its place in the mapping.
    pub(super) fn check_columns(&self, export: &Export) -> Result<(), Failure> {
        let mut needed = vec![&self.id, &self.rule, &self.time];
        if !self.is_preset {
            let optional = [&self.raised, &self.severity, &self.key, &self.entities];
            needed.extend(optional.into_iter().flatten());
            needed.extend(&self.newest);
            needed.extend(self.keep.iter().map(|(column, _)| column));
        }
        needed.extend(self.evidence.iter().map(|(_, column)| column));
        let faults = Faults::new(&self.name);
        for column in needed {
            if export.rows.is_empty() || export.has(&column.path) {
                continue;
            }
            let head = column.path.split('.').next().unwrap_or(&column.path);
            let meant = did_you_mean(head, export.columns.iter().map(String::as_str));
            let meant = meant.map_or_else(
                || format!("; it has {}", export.columns.join(", ")),
                |meant| format!("; did you mean `{meant}`?"),
            );
            let message = format!("{} has no column `{head}`{meant}", export.name);
            faults.error("LF-M001", column.span, message);
        }
        if faults.has_errors() {
            return Err(Failure::Faults(faults));
        }
        Ok(())
    }
}
