//! Reading of `stages:` and `traps:`.

use std::sync::Arc;

use indexmap::IndexMap;
use livefire_labels::Phase;
use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, or_list};

use super::alter;
use super::pool::{names, value};
use super::{check_identifier, check_technique, name, tokens};
use crate::event::Outcome;
use crate::kinds::model::{
    AlertRule, AlertScope, Gap, Guard, Label, Name, PoolChoice, SessionScope, Setting, Stage, Trap,
    Until, Use,
};
use crate::kinds::value::{Literal, Value};
use crate::kinds::vocabulary;

/// Reads the `stages:` of a kind, which must have one.
pub(crate) fn kind_stages(map: &mut MapReader<'_>) -> IndexMap<Arc<str>, Stage> {
    let faults = map.faults();
    let is_written = map.has("stages");
    let (span, what) = (map.span(), map.what().to_owned());
    let before = faults.len();
    let stages = stages(map);
    if stages.is_empty() && faults.len() == before {
        let lead = if is_written {
            "`stages` is empty"
        } else {
            "has no `stages`"
        };
        let message = format!(
            "{what}: {lead}; write at least one, like `ask: {{ do: request, who: attacker }}`"
        );
        faults.error("LF-Y004", map.key_span("stages").unwrap_or(span), message);
    }
    stages
}

/// Reads `stages:`.
fn stages(map: &mut MapReader<'_>) -> IndexMap<Arc<str>, Stage> {
    let faults = map.faults();
    let mut stages = IndexMap::new();
    for (key, node) in map.entries("stages") {
        check_identifier(key, "stage", faults);
        let what = format!("stage `{}`", key.value);
        if let Some(mut map) = MapReader::open(node, what, faults) {
            let stage = stage(&name(key.clone()), &mut map);
            map.finish();
            stages.insert(Arc::clone(&stage.name), stage);
        }
    }
    stages
}

/// Reads `traps:`; a trap with `stages:` gives its own anchor to those without one.
pub(crate) fn traps(map: &mut MapReader<'_>) -> IndexMap<Arc<str>, Trap> {
    let faults = map.faults();
    let mut traps = IndexMap::new();
    for (key, node) in map.entries("traps") {
        check_identifier(key, "trap", faults);
        let Some(mut map) = MapReader::open(node, format!("trap `{}`", key.value), faults) else {
            continue;
        };
        let key = name(key.clone());
        let goal = map.text("goal").map_or(String::new(), |text| text.value);
        let must_fire = tokens(&mut map, "must_fire");
        let credited_to = map.text("credited_to").map(name);
        let mut own = stage(&key, &mut map);
        let inner = stages(&mut map);
        map.finish();
        let stages = if inner.is_empty() {
            own.label.get_or_insert(Label::Attack);
            vec![own]
        } else {
            inner_stages(&own, inner)
        };
        let trap = Trap {
            name: key.clone(),
            goal,
            must_fire,
            credited_to,
            stages,
        };
        traps.insert(Arc::clone(&key.value), trap);
    }
    traps
}

fn inner_stages(own: &Stage, inner: IndexMap<Arc<str>, Stage>) -> Vec<Stage> {
    let qualified = |name: &str| -> Arc<str> { Arc::from(format!("{}.{name}", own.name)) };
    let stages = inner.into_values().map(|mut stage| {
        stage.name = qualified(&stage.name);
        stage.label.get_or_insert(Label::Attack);
        if stage.written_anchor.is_none() {
            stage.written_anchor.clone_from(&own.written_anchor);
            if stage.delay.is_none() {
                stage.delay.clone_from(&own.delay);
            }
        }
        stage
    });
    stages.collect()
}

fn stage(key: &Name, map: &mut MapReader<'_>) -> Stage {
    let faults = map.faults();
    let words: Vec<&str> = vocabulary::ACTIONS.iter().map(|(word, _)| *word).collect();
    let action = map.one_of("do", &words);
    let mut stage = Stage {
        name: Arc::clone(&key.value),
        file: Arc::clone(faults.file()),
        span: key.span,
        action: action.map(|index| vocabulary::ACTIONS[index.value].1),
        alter: map.text("alter").map(name),
        using: using(map),
        ..Stage::default()
    };
    events(&mut stage, map);
    actors(&mut stage, map);
    timing(&mut stage, map);
    truth(&mut stage, map);
    alter::read(&mut stage, map);
    stage
}

fn outcome(map: &mut MapReader<'_>, key: &'static str) -> Option<Outcome> {
    let faults = map.faults();
    let node = map.take(key)?;
    outcome_of(node, faults)
}

fn outcome_of(node: &Node, faults: &Faults) -> Option<Outcome> {
    let words: Vec<&str> = Outcome::NAMES.iter().map(|(_, name)| *name).collect();
    let index = node.word("outcome", &words[..words.len() - 1], faults)?;
    Some(Outcome::NAMES[index.value].0)
}

fn events(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    stage.outcomes = value(map, "outcomes");
    stage.first = outcome(map, "first");
    stage.last = outcome(map, "last");
    stage.count = value(map, "count");
    stage.retry = value(map, "retry");
    stage.table = map.text("table").map(name);
    for (key, node) in map.entries("set") {
        let setting = if vocabulary::POOL_FIELDS.contains(&key.value.as_str()) {
            pool_choice(node, faults).map(Setting::Pools)
        } else {
            Value::read(node, faults).map(Setting::Value)
        };
        if let Some(setting) = setting {
            stage.set.push((name(key.clone()), setting));
        }
    }
}

/// A pool, a list of which exactly one is active, or pools with weights.
fn pool_choice(node: &Node, faults: &Faults) -> Option<PoolChoice> {
    match &node.value {
        NodeValue::Map(_) => Value::read(node, faults).map(PoolChoice::Weighted),
        _ => names(node, "a pool", faults).map(PoolChoice::Active),
    }
}

fn actors(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    stage.who = map.text("who").map(name);
    stage.each = map.text("each").map(name);
    if let Some((span, _)) = map.entry("in_turn").filter(|_| stage.each.is_some()) {
        faults.error("LF-A013", span, "`each` and `in_turn` exclude each other");
    }
    stage.in_turn = map.text("in_turn").map(name);
    let mut choice = |key: &'static str| {
        let node = map.take(key)?;
        pool_choice(node, faults)
    };
    stage.from = choice("from");
    stage.app = choice("app");
    stage.deployment = choice("deployment");
    stage.resource = choice("resource");
    let mut sets = |key: &'static str| {
        let node = map.take(key)?;
        names(
            node,
            "a prompt set, a texts pool, or a list of them",
            faults,
        )
    };
    stage.prompts = sets("prompts");
    stage.payload = sets("payload");
    let session = map.one_of("session", &["run", "event", "campaign"]);
    stage.session = session.map(|index| match index.value {
        0 => SessionScope::Run,
        1 => SessionScope::Event,
        _ => SessionScope::Campaign,
    });
}

fn timing(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    let after = map.text("after");
    if let Some((span, _)) = map.entry("before").filter(|_| after.is_some()) {
        faults.error("LF-A013", span, "`after` and `before` exclude each other");
    }
    let before = map.text("before");
    // What it names is known only once all used stages are here.
    stage.written_anchor = match (after, before) {
        (Some(text), _) => Some((false, text)),
        (None, Some(text)) => Some((true, text)),
        (None, None) => None,
    };
    stage.delay = value(map, "delay");
    stage.chance = value(map, "chance");
    stage.when = guard(map);
    stage.gap = map.take("gap").and_then(|node| gap(node, faults));
    stage.over = value(map, "over");
    stage.until = map.take("until").and_then(|node| until(node, faults));
    alter::calendar(stage, map);
}

fn until(node: &Node, faults: &Faults) -> Option<Until> {
    match node.scalar() {
        Some("end") => Some(Until::End),
        Some("scenario") => Some(Until::Scenario),
        Some(word) if Outcome::from_name(word).is_some() => {
            outcome_of(node, faults).map(Until::Outcome)
        }
        _ => Value::read(node, faults).map(Until::Span),
    }
}

fn gap(node: &Node, faults: &Faults) -> Option<Gap> {
    match node.scalar() {
        Some("human") => return Some(Gap::Human),
        Some("script") => return Some(Gap::Script),
        Some("spread") => return Some(Gap::Spread),
        _ => {}
    }
    let NodeValue::Map(entries) = &node.value else {
        return Value::read(node, faults).map(Gap::Drawn);
    };
    let [(key, inner)] = entries.as_slice() else {
        node.expected("one distribution, fixed, growing or rate", faults);
        return None;
    };
    let map = |what: &str| MapReader::open(inner, format!("gap `{what}`"), faults);
    match key.value.as_str() {
        "fixed" => {
            let mut map = map("fixed")?;
            let every = required(&mut map, "every", "2s");
            let jitter = value(&mut map, "jitter");
            map.finish();
            let none = Value::constant(Literal::Number(0.0));
            Some(Gap::Fixed {
                every: every?,
                jitter: jitter.unwrap_or(none),
            })
        }
        "growing" => {
            let mut map = map("growing")?;
            let (first, factor) = (
                required(&mut map, "first", "5s"),
                required(&mut map, "factor", "2.2"),
            );
            let jitter = value(&mut map, "jitter");
            map.finish();
            let none = Value::constant(Literal::Number(0.0));
            Some(Gap::Growing {
                first: first?,
                factor: factor?,
                jitter: jitter.unwrap_or(none),
            })
        }
        "rate" => rate(map("rate")?),
        "lognormal" | "gamma" | "exponential" => Value::read(node, faults).map(Gap::Drawn),
        other => {
            let known = [
                "lognormal",
                "gamma",
                "exponential",
                "fixed",
                "growing",
                "rate",
            ];
            let end = or_list(other, "known", known);
            faults.error("LF-Y007", key.span, format!("unknown gap `{other}`{end}"));
            None
        }
    }
}

fn required(map: &mut MapReader<'_>, key: &'static str, example: &str) -> Option<Value> {
    let faults = map.faults();
    map.require(key, example)
        .and_then(|node| Value::read(node, faults))
}

fn rate(mut map: MapReader<'_>) -> Option<Gap> {
    let faults = map.faults();
    let peak = required(&mut map, "peak", "1.0");
    let per = map
        .require("per", "1s")
        .and_then(|node| node.duration(faults));
    let shape = map.one_of("shape", &["flat", "working"]);
    let climb = value(&mut map, "climb");
    map.finish();
    Some(Gap::Rate {
        peak: peak?,
        per: per?.value,
        is_working: shape.is_some_and(|index| index.value == 1),
        climb,
    })
}

/// Reads `when:`.
pub(crate) fn guard(map: &mut MapReader<'_>) -> Guard {
    let faults = map.faults();
    let mut guard = Guard::new();
    for (key, node) in map.entries("when") {
        let literals = node.items().iter().filter_map(|item| match &item.value {
            NodeValue::Scalar { text, quoted } => Some(Literal::read(text, *quoted)),
            _ => {
                item.expected("a value of the knob", faults);
                None
            }
        });
        guard.push((name(key.clone()), literals.collect()));
    }
    guard
}

fn using(map: &mut MapReader<'_>) -> Option<Use> {
    let faults = map.faults();
    let target = map.text("use").map(name);
    let cast = map.entries("cast").iter().filter_map(|(key, node)| {
        let ours = node.text(faults).map(name)?;
        Some((name(key.clone()), ours))
    });
    let cast: Vec<_> = cast.collect();
    let knobs = map.entries("knobs").iter().filter_map(|(key, node)| {
        let value = Value::read(node, faults)?;
        Some((name(key.clone()), value))
    });
    let knobs: Vec<_> = knobs.collect();
    Some(Use {
        target: target?,
        cast,
        knobs,
    })
}

fn truth(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    let label = map.one_of("label", &["attack", "cover", "benign"]);
    stage.label = label.map(|index| match index.value {
        0 => Label::Attack,
        1 => Label::Cover,
        _ => Label::Benign,
    });
    if let Some(id) = map.text("technique") {
        check_technique(&id, faults);
        stage.technique = Some(name(id));
    }
    let phase = map.one_of("phase", &["preparation", "hostile"]);
    stage.phase = phase.map(|index| match index.value {
        0 => Phase::Preparation,
        _ => Phase::Hostile,
    });
    if let Some(node) = map.take("alerts") {
        let alerts = node.items().iter().filter_map(|item| alert(item, faults));
        stage.alerts = Some(alerts.collect());
    }
}

fn alert(node: &Node, faults: &Faults) -> Option<AlertRule> {
    let mut map = MapReader::open(node, "the alert", faults)?;
    let types: Vec<&str> = vocabulary::alert_types()
        .iter()
        .map(String::as_str)
        .collect();
    let kind = map
        .require("type", "Azure_AccessAnomaly")
        .and_then(|node| Some((node.word("alert type", &types, faults)?, node.span)));
    let outcome = match map.take("outcome") {
        Some(node) if node.scalar() == Some("any") => None,
        Some(node) => outcome_of(node, faults),
        None => None,
    };
    let scope = map.one_of("per", &["event", "run", "campaign"]);
    let rule = AlertRule {
        kind: kind.map(|(index, span)| Name::new(Arc::from(types[index.value]), span))?,
        outcome,
        chance: value(&mut map, "chance"),
        scope: match scope.map(|index| index.value) {
            Some(1) => AlertScope::Run,
            Some(2) => AlertScope::Campaign,
            _ => AlertScope::Event,
        },
        nth: value(&mut map, "nth"),
        max: value(&mut map, "max"),
        delay: value(&mut map, "delay"),
        when: guard(&mut map),
    };
    map.finish();
    Some(rule)
}
