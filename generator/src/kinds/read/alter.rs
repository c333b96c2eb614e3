//! Reading of the keys that say when a stage may run, and of those of `alter`.

use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, or_list};

use super::pool::value;
use crate::kinds::model::{DaySet, Days, Hours, Share, Stage};
use crate::kinds::value::{Form, Literal, Value};

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `hours`, `on`, `days`.
pub(crate) fn calendar(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    stage.hours = map.take("hours").and_then(|node| hours(node, faults));
    if let Some(node) = map.take("on") {
        let sets = node.items().iter().flat_map(|item| days_of(item, faults));
        stage.on = Some(sets.collect());
    }
    stage.days = map.take("days").and_then(|node| match node.scalar() {
        Some("scenario") => Some(Days::Scenario),
        _ => Value::read(node, faults).map(Days::Count),
    });
}

fn hours(node: &Node, faults: &Faults) -> Option<Hours> {
    match node.scalar() {
        Some("any") => return Some(Hours::Any),
        Some("working") => return Some(Hours::Working),
        Some("night") => return Some(Hours::Night),
        _ => {}
    }
    let read = Value::read(node, faults)?;
    match &read.form {
        Form::Constant(Literal::Window(_)) | Form::Knob(_) => Some(Hours::Window(read)),
        _ => {
            node.expected("any, working, night or a window like 01:00..05:00", faults);
            None
        }
    }
}

fn days_of(node: &Node, faults: &Faults) -> Vec<DaySet> {
    let text = node.scalar().unwrap_or_default();
    let weekday = |text: &str| {
        let index = WEEKDAYS.iter().position(|day| *day == text)?;
        u8::try_from(index).ok()
    };
    if let Some((from, to)) = text.split_once("..")
        && let (Some(from), Some(to)) = (weekday(from), weekday(to))
    {
        let length = (to + 7 - from) % 7;
        return (0..=length)
            .map(|step| DaySet::Weekday((from + step) % 7))
            .collect();
    }
    match (weekday(text), text) {
        (Some(day), _) => vec![DaySet::Weekday(day)],
        (None, "weekend") => vec![DaySet::Weekday(5), DaySet::Weekday(6)],
        (None, "month_end") => vec![DaySet::MonthEnd],
        (None, "quarter_end") => vec![DaySet::QuarterEnd],
        _ => {
            let mut words = WEEKDAYS.to_vec();
            words.extend(["weekend", "month_end", "quarter_end"]);
            let end = or_list(text, "known", words);
            faults.error("LF-Y007", node.span, format!("unknown day `{text}`{end}"));
            Vec::new()
        }
    }
}

/// Reads `volume`, `share`, `drop`.
pub(crate) fn read(stage: &mut Stage, map: &mut MapReader<'_>) {
    let faults = map.faults();
    stage.volume = value(map, "volume");
    stage.share = map.take("share").and_then(|node| share(node, faults));
    stage.is_drop = map.flag("drop").is_some_and(|flag| flag.value);
}

fn share(node: &Node, faults: &Faults) -> Option<Share> {
    let NodeValue::Map(_) = &node.value else {
        return Value::read(node, faults).map(Share::Fixed);
    };
    let mut map = MapReader::open(node, "`share`", faults)?;
    let steps = value(&mut map, "steps");
    let (from, to) = (map.share("from"), map.share("to"));
    let over = map
        .require("over", "2d")
        .and_then(|node| Value::read(node, faults));
    map.finish();
    match (steps, from, to) {
        (Some(steps), None, None) => Some(Share::Steps(steps, over?)),
        (None, Some(from), Some(to)) => Some(Share::Ramp(from.value, to.value, over?)),
        _ => {
            node.expected(
                "{from: 0.1, to: 0.8, over: 2d} or {steps: 5/25/100, over: 2d}",
                faults,
            );
            None
        }
    }
}
