//! From one file to a [`KindSpec`]: every key read, every fault of form noted, nothing resolved.

mod alter;
mod pool;
mod stage;

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::{self, Faults, MapReader, Node, Spanned, or_list};

use super::model::{Bounds, Expected, Knob, Label, Name, Pool, Stage, Techniques, Trap};
use super::place::{self, Place};
use super::value::{Form, Kind, Literal, Value};
use super::vocabulary;

/// A kind as its file writes it.
#[derive(Clone, Debug)]
pub(crate) struct KindSpec {
    /// File name.
    pub file: Arc<str>,
    /// Id.
    pub id: Name,
    /// Title.
    pub title: String,
    /// Goal.
    pub goal: String,
    /// Note.
    pub note: String,
    /// Truth class.
    pub label: Label,
    /// Id of a shipped kind that a user's file replaces.
    pub replaces: Option<Name>,
    /// Techniques.
    pub techniques: Techniques,
    /// Expected rules.
    pub expected: Expected,
    /// Rules that plain thresholds raise (look-alikes).
    pub literal: Vec<RuleToken>,
    /// Rules that a tuned set keeps quiet (look-alikes).
    pub must_not_fire: Vec<RuleToken>,
    /// The difference that is in the data (look-alikes).
    pub discriminator: String,
    /// The attacks that it resembles (look-alikes).
    pub twin_of: Vec<Name>,
    /// The other half.
    pub twin: Option<Name>,
    /// Allowed evasions.
    pub evasions: Vec<String>,
    /// Knobs.
    pub knobs: IndexMap<Arc<str>, Knob>,
    /// Factor on every delay.
    pub delay_scale: Option<Value>,
    /// Pools.
    pub cast: IndexMap<Arc<str>, Pool>,
    /// Stages.
    pub stages: IndexMap<Arc<str>, Stage>,
    /// Traps.
    pub traps: IndexMap<Arc<str>, Trap>,
}

/// Makes a name of a read text.
pub(crate) fn name(text: Spanned<String>) -> Name {
    Spanned::new(Arc::from(text.value), text.span)
}

fn identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Notes names that are no identifiers: lower-case letters, digits and `_`.
pub(crate) fn check_identifier(key: &Spanned<String>, what: &str, faults: &Faults) {
    if !identifier(&key.value) {
        let message = format!(
            "`{}` is no name for a {what}; use lower-case letters, digits and _",
            key.value
        );
        faults.error("LF-A001", key.span, message);
    }
}

/// Reads a file; `None` if so little could be read that nothing can be made of it.
pub(crate) fn read_kind(bytes: &[u8], faults: &Faults) -> Option<KindSpec> {
    let node = spec::parse(bytes, faults)?;
    let mut map = MapReader::open(&node, "the attack kind", faults)?;
    let format = map
        .require("format", "1")
        .and_then(|node| node.integer(1..=1, faults));
    let id = map
        .require("id", "my_attack")
        .and_then(|node| node.text(faults));
    if let Some(id) = &id {
        check_id(id, faults);
    }
    let label = map
        .require("label", "attack")
        .and_then(|node| node.word("label", &["attack", "hard_negative"], faults));
    let is_attack = label.is_none_or(|label| label.value == 0);
    let spec = KindSpec {
        file: Arc::clone(faults.file()),
        id: name(id.unwrap_or_default()),
        title: text(&mut map, "title"),
        goal: text(&mut map, "goal"),
        note: text(&mut map, "note"),
        label: if is_attack {
            Label::Attack
        } else {
            Label::HardNegative
        },
        replaces: map.text("replaces").map(name),
        techniques: techniques(&mut map),
        expected: expected(&mut map),
        twin: map.text("twin").map(name),
        evasions: evasions(&mut map),
        knobs: knobs(&mut map),
        delay_scale: pool::value(&mut map, "delay_scale"),
        cast: pool::cast(&mut map),
        stages: stage::kind_stages(&mut map),
        literal: tokens(&mut map, "literal"),
        must_not_fire: tokens(&mut map, "must_not_fire"),
        discriminator: text(&mut map, "discriminator"),
        twin_of: map.texts("twin_of").into_iter().map(name).collect(),
        traps: stage::traps(&mut map),
    };
    if is_attack {
        look_alike_keys(&mut map);
    }
    map.finish();
    let is_usable = format.is_some() && !spec.id.value.is_empty();
    is_usable.then_some(spec)
}

fn text(map: &mut MapReader<'_>, key: &'static str) -> String {
    map.text(key).map_or(String::new(), |text| text.value)
}

fn look_alike_keys(map: &mut MapReader<'_>) {
    let faults = map.faults();
    for key in [
        "literal",
        "must_not_fire",
        "discriminator",
        "twin_of",
        "traps",
    ] {
        if let Some((span, _)) = map.entry(key) {
            let message = format!("`{key}` is for `label: hard_negative` only; remove it");
            faults.error("LF-A002", span, message);
        }
    }
}

fn check_id(id: &Spanned<String>, faults: &Faults) {
    check_identifier(id, "kind", faults);
    let stem = faults.file().rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.strip_suffix(".yaml").unwrap_or(stem);
    if stem != id.value {
        let message = format!(
            "id `{}` differs from the file's name; name the file {}.yaml",
            id.value, id.value
        );
        faults.error("LF-A001", id.span, message);
    }
}

fn tokens(map: &mut MapReader<'_>, key: &'static str) -> Vec<RuleToken> {
    let faults = map.faults();
    let mut tokens = Vec::new();
    for text in map.texts(key) {
        match text.value.parse::<RuleToken>() {
            Ok(token) => tokens.push(token),
            Err(error) => faults.error("LF-A010", text.span, error.to_string()),
        }
    }
    tokens
}

fn expected(map: &mut MapReader<'_>) -> Expected {
    let Some(mut map) = map.map("expected", "`expected`") else {
        return Expected::default();
    };
    let expected = Expected {
        fires: tokens(&mut map, "fires"),
        may: tokens(&mut map, "may"),
        lost: tokens(&mut map, "lost"),
    };
    map.finish();
    expected
}

fn evasions(map: &mut MapReader<'_>) -> Vec<String> {
    let faults = map.faults();
    let known = livefire_schema::rules::EVASIONS;
    let items = map.list("evasions");
    items
        .iter()
        .filter_map(|node| node.word("evasion", known, faults))
        .map(|index| known[index.value].to_owned())
        .collect()
}

/// Checks one technique id where it is written.
pub(crate) fn check_technique(id: &Spanned<String>, faults: &Faults) {
    if id.value.starts_with("AML.") {
        known(id, "ATLAS technique", vocabulary::atlas(), faults);
    } else if !is_attack_technique(&id.value) {
        let message = format!(
            "`{}` does not look like an ATT&CK technique (T1110.003)",
            id.value
        );
        faults.warning("LF-A011", id.span, message);
    }
}

fn is_attack_technique(id: &str) -> bool {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else {
        return false;
    };
    match rest.split_once('.') {
        Some((main, sub)) => digits(main, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

fn known(id: &Spanned<String>, what: &str, list: &[String], faults: &Faults) {
    if !list.contains(&id.value) {
        let end = or_list(&id.value, "known", list.iter().map(String::as_str));
        faults.error(
            "LF-A011",
            id.span,
            format!("unknown {what} `{}`{end}", id.value),
        );
    }
}

fn techniques(map: &mut MapReader<'_>) -> Techniques {
    let Some(mut map) = map.map("techniques", "`techniques`") else {
        return Techniques::default();
    };
    let faults = map.faults();
    let (atlas, owasp, attack) = (map.texts("atlas"), map.texts("owasp"), map.texts("attack"));
    map.finish();
    for id in &atlas {
        known(id, "ATLAS technique", vocabulary::atlas(), faults);
    }
    for id in &owasp {
        known(id, "OWASP entry", vocabulary::owasp(), faults);
    }
    for id in &attack {
        check_technique(id, faults);
    }
    let plain = |list: Vec<Spanned<String>>| list.into_iter().map(|id| id.value).collect();
    Techniques {
        atlas: plain(atlas),
        owasp: plain(owasp),
        attack: plain(attack),
    }
}

fn knobs(map: &mut MapReader<'_>) -> IndexMap<Arc<str>, Knob> {
    let faults = map.faults();
    let mut knobs = IndexMap::new();
    for (key, node) in map.entries("knobs") {
        check_identifier(key, "knob", faults);
        if let Some(knob) = knob(&key.value, node, faults) {
            knobs.insert(Arc::from(key.value.as_str()), knob);
        }
    }
    knobs
}

fn knob(key: &str, node: &Node, faults: &Faults) -> Option<Knob> {
    let mut map = MapReader::open(node, format!("knob `{key}`"), faults)?;
    let default = map
        .require("default", "10")
        .and_then(|node| Value::read(node, faults));
    let range = map.take("range");
    let one_of = map.take("one_of");
    let (unit, help) = (text(&mut map, "unit"), text(&mut map, "help"));
    map.finish();
    let default = default?;
    let bounds = match (range, one_of) {
        (Some(range), None) => range_bounds(range, faults)?,
        (None, Some(list)) => one_of_bounds(list, faults)?,
        _ => {
            let message = format!("knob `{key}` needs either `range: a..b` or `one_of: [a, b]`");
            faults.error("LF-A003", node.span, message);
            return None;
        }
    };
    let kind = knob_kind(&default, &bounds);
    let knob = Knob {
        default,
        bounds,
        kind,
        unit,
        help,
        is_hidden: false,
    };
    knob.check("default ", &knob.default, faults);
    Some(knob)
}

fn range_bounds(node: &Node, faults: &Faults) -> Option<Bounds> {
    let value = Value::read(node, faults)?;
    if let Some(message) = place::reversed(&value) {
        faults.error("LF-Y006", node.span, message);
        // Read as it was meant, so that whoever names the knob is not faulty too.
        if let Form::Uniform(low, high) = value.form {
            return Some(Bounds::Range(high, low));
        }
        return None;
    }
    match value.form {
        Form::Uniform(low, high) => Some(Bounds::Range(low, high)),
        Form::Constant(window @ Literal::Window(_)) => Some(Bounds::Range(window.clone(), window)),
        _ => {
            node.expected("a range like 1..200 or 1m..24h", faults);
            None
        }
    }
}

fn one_of_bounds(node: &Node, faults: &Faults) -> Option<Bounds> {
    let value = Value::read(node, faults)?;
    match value.form {
        Form::Choice(choices) => Some(Bounds::OneOf(
            choices.into_iter().map(|(literal, _)| literal).collect(),
        )),
        _ => {
            node.expected("a list like [none, tail_nonce]", faults);
            None
        }
    }
}

/// The type that a knob's literals show.
fn knob_kind(default: &Value, bounds: &Bounds) -> Kind {
    let mut literals = default.literals();
    match bounds {
        Bounds::Range(low, high) => literals.extend([low, high]),
        Bounds::OneOf(list) => {
            let is_flags = list
                .iter()
                .all(|literal| matches!(literal, Literal::Flag(_)));
            return if is_flags { Kind::Flag } else { Kind::Word };
        }
        Bounds::Free => {}
    }
    let all = |test: fn(&Literal) -> bool| literals.iter().all(|literal| test(literal));
    if all(|literal| matches!(literal, Literal::Integer(_))) {
        Kind::Integer
    } else if all(|literal| matches!(literal, Literal::Span(_))) {
        Kind::Duration
    } else if all(|literal| matches!(literal, Literal::Window(_))) {
        Kind::Window
    } else if literals.iter().all(|literal| Kind::Share.takes(literal)) {
        Kind::Share
    } else if literals
        .iter()
        .any(|literal| matches!(literal, Literal::Span(_)))
    {
        Kind::Duration
    } else {
        Kind::Number
    }
}

impl Knob {
    /// Checks a value against type and bounds; `lead` begins the message (`default `).
    pub(crate) fn check(&self, lead: &str, value: &Value, faults: &Faults) -> bool {
        let is_number = |literal: &&Literal| literal.as_number();
        match &self.bounds {
            Bounds::Range(low, high) => {
                let ends = [low, high].map(|end| is_number(&end));
                let [Some(least), Some(most)] = ends else {
                    return self.check_windows(lead, value, low, faults);
                };
                // Shares are told apart by their bounds; what they draw is kept inside them.
                let kind = match self.kind {
                    Kind::Share => Kind::Number,
                    kind => kind,
                };
                let place = match value.parts().is_empty() || !value.literals().is_empty() {
                    true => Place::new(kind, least, most),
                    false => Place::new(kind, least.min(0.0), f64::INFINITY),
                };
                place::check(value, place, lead, faults, &mut |_, _| {})
            }
            Bounds::OneOf(list) => one_of(lead, value, list, faults),
            Bounds::Free => true,
        }
    }

    fn check_windows(&self, lead: &str, value: &Value, range: &Literal, faults: &Faults) -> bool {
        let is_good = place::check(value, Place::of(self.kind), lead, faults, &mut |_, _| {});
        let is_outside = |literal: &&Literal| match (literal, range) {
            (Literal::Window(value), Literal::Window(range)) => {
                value.from < range.from || value.to > range.to
            }
            _ => false,
        };
        let Some(outside) = value.literals().into_iter().find(is_outside) else {
            return is_good;
        };
        let message = place::outside(lead, &outside.show(), range.show());
        faults.error("LF-Y006", value.span, message);
        false
    }
}

fn one_of(lead: &str, value: &Value, list: &[Literal], faults: &Faults) -> bool {
    if matches!(value.form, Form::Knob(_)) {
        return true;
    }
    let literals = value.literals();
    let known: Vec<String> = list.iter().map(Literal::show).collect();
    let known = || known.iter().map(String::as_str);
    if literals.is_empty() {
        let known: Vec<&str> = known().collect();
        let message = format!(
            "{lead}is a distribution; write one of: {}",
            known.join(", ")
        );
        faults.error("LF-A003", value.span, message);
    }
    let foreign = literals.iter().filter(|literal| !list.contains(literal));
    for literal in foreign.clone() {
        let shown = literal.show();
        let end = or_list(&shown, "known", known());
        let message = format!("{lead}`{shown}` is not one of its values{end}");
        faults.error("LF-A003", value.span, message);
    }
    !literals.is_empty() && foreign.count() == 0
}
