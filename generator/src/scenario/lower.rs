//! Lowering of one scenario file's nodes onto a `ScenarioSpec`, noting every fault of form.

use std::sync::Arc;

use livefire_schema::rules::EVASIONS;
use livefire_schema::spec::{Faults, MapReader, Node, NodeValue, Spanned, or_list};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};

use super::entry::{EntrySpec, EvasionSpec};
use super::fields::{Bounds, Field, benign_fields, population_fields, telemetry_fields};
use super::spec::{Grouping, ScenarioSpec, Setting, Written};
use crate::settings::EndUserId;

/// Longest log.
const MAX_DURATION: TimeSpan = TimeSpan::from_days(800);
/// Most campaigns of one entry.
const MAX_TIMES: i64 = 10_000;

/// Lowers one file; what it says replaces what `spec` holds, entries are added.
pub(super) fn scenario(node: &Node, faults: &Faults, spec: &mut ScenarioSpec) {
    let Some(mut map) = MapReader::open(node, "the scenario", faults) else {
        return;
    };
    let file = Arc::clone(faults.file());
    replace(&mut spec.name, map.text("name"), &file);
    let seed = map.integer("seed", 0..=i64::MAX);
    let seed = seed.map(|seed| Spanned::new(seed.value.unsigned_abs(), seed.span));
    replace(&mut spec.seed, seed, &file);
    replace(&mut spec.start, map.time("start"), &file);
    let length = map.duration("duration");
    let length = length.filter(|length| log_length_is_usable(length, faults));
    replace(&mut spec.duration, length, &file);
    replace(&mut spec.baseline, map.duration("baseline"), &file);
    if let Some(section) = map.map("population", "`population`") {
        population(section, &file, spec);
    }
    if let Some(node) = map.take("benign") {
        benign(node, faults, spec);
    }
    if let Some(section) = map.map("telemetry", "`telemetry`") {
        telemetry(section, &file, spec);
    }
    if let Some(node) = map.take("grouping") {
        replace(&mut spec.grouping, grouping(node, faults), &file);
    }
    replace(&mut spec.prompts, map.text("prompts"), &file);
    for node in map.list("campaigns") {
        spec.campaigns.extend(entry(node, faults, List::Campaigns));
    }
    for node in map.list("look_alikes") {
        let entry = entry(node, faults, List::LookAlikes);
        spec.look_alikes.extend(entry);
    }
    map.know(&["include"]);
    map.finish();
}

fn replace<T>(slot: &mut Option<Written<T>>, value: Option<Spanned<T>>, file: &Arc<str>) {
    if let Some(value) = value {
        *slot = Some(Written::new(value, file));
    }
}

fn log_length_is_usable(length: &Spanned<TimeSpan>, faults: &Faults) -> bool {
    let usable = TimeSpan::from_hours(1) <= length.value && length.value <= MAX_DURATION;
    if !usable {
        let message = format!("{} is outside 1h..{MAX_DURATION}", length.value);
        faults.error("LF-Y006", length.span, message);
    }
    usable
}

fn population(mut map: MapReader<'_>, file: &Arc<str>, spec: &mut ScenarioSpec) {
    replace(&mut spec.time_zone, map.text("time_zone"), file);
    settings(&mut map, population_fields(), &mut spec.population);
    map.finish();
}

fn benign(node: &Node, faults: &Faults, spec: &mut ScenarioSpec) {
    let word = |node: &Node| node.word("benign profile", &["office"], faults);
    if node.scalar().is_some() {
        if word(node).is_some() {
            spec.benign.clear();
            spec.end_user_id = None;
        }
        return;
    }
    let Some(mut map) = MapReader::open(node, "`benign`", faults) else {
        return;
    };
    if map.take("profile").is_some_and(|node| word(node).is_some()) {
        spec.benign.clear();
        spec.end_user_id = None;
    }
    let words = EndUserId::WORDS.map(|(word, _)| word);
    let spelling = map.one_of("end_user_id", &words);
    let spelling = spelling.map(|at| Spanned::new(EndUserId::WORDS[at.value].1, at.span));
    replace(&mut spec.end_user_id, spelling, faults.file());
    settings(&mut map, benign_fields(), &mut spec.benign);
    map.finish();
}

fn telemetry(mut map: MapReader<'_>, file: &Arc<str>, spec: &mut ScenarioSpec) {
    let delay = map.one_of("delay", &["log_analytics", "none"]);
    let no_delay = delay.map(|delay| Spanned::new(delay.value == 1, delay.span));
    replace(&mut spec.no_delay, no_delay, file);
    settings(&mut map, telemetry_fields(), &mut spec.telemetry);
    map.finish();
}

/// Takes every numeric field of a section; a later value of one field replaces the earlier.
fn settings<T>(map: &mut MapReader<'_>, fields: &[Field<T>], out: &mut Vec<Setting>) {
    let file = Arc::clone(map.faults().file());
    for (index, field) in fields.iter().enumerate() {
        let faults = map.faults();
        let Some(node) = map.take(field.name) else {
            continue;
        };
        if let Some(value) = number(node, field.bounds, faults) {
            out.retain(|setting| setting.field != index);
            out.push(Setting {
                field: index,
                value: Written::new(value, &file),
            });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn number(node: &Node, bounds: Bounds, faults: &Faults) -> Option<Spanned<f64>> {
    let outside = |shown: String| {
        let message = format!("{} is outside {shown}", node.scalar().unwrap_or(""));
        faults.error("LF-Y006", node.span, message);
    };
    match bounds {
        Bounds::Count(low, high) => {
            let count = node.integer(low..=high, faults)?;
            Some(Spanned::new(count.value as f64, count.span))
        }
        Bounds::Number(low, high) => node.number(low..=high, faults),
        Bounds::Share => node.share(faults),
        Bounds::ShareUpTo(high) => {
            let share = node.share(faults)?;
            if share.value > high {
                outside(bounds.to_string());
                return None;
            }
            Some(share)
        }
        Bounds::Duration(high) => {
            let span = node.duration(faults)?;
            let seconds = span.value.seconds_f64();
            if seconds > high {
                outside(bounds.to_string());
                return None;
            }
            Some(Spanned::new(seconds, span.span))
        }
    }
}

/// `session`, `anchored`, `none`, or `{ session: 5h }`.
fn grouping(node: &Node, faults: &Faults) -> Option<Spanned<Grouping>> {
    const FORMS: &[&str] = &["session", "anchored", "none"];
    let default = TimeSpan::from_hours(5);
    let value = if let NodeValue::Map(_) = node.value {
        let mut map = MapReader::open(node, "`grouping`", faults)?;
        let session = map.duration("session").map(|gap| gap.value);
        let anchored = map.duration("anchored").map(|gap| gap.value);
        map.finish();
        match (session, anchored) {
            (Some(gap), None) => Grouping::Session(gap),
            (None, Some(gap)) => Grouping::Anchored(gap),
            _ => {
                node.expected("one of `session: 5h` and `anchored: 5h`", faults);
                return None;
            }
        }
    } else {
        match node.word("grouping", FORMS, faults)?.value {
            0 => Grouping::Session(default),
            1 => Grouping::Anchored(default),
            _ => Grouping::None,
        }
    };
    Some(Spanned::new(value, node.span))
}

/// The list that an entry stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Campaigns,
    LookAlikes,
}

fn entry(node: &Node, faults: &Faults, list: List) -> Option<EntrySpec> {
    if node.scalar().is_some() {
        return Some(EntrySpec::bare(faults.file(), node.text(faults)?));
    }
    let what = match list {
        List::Campaigns => "an entry of `campaigns`",
        List::LookAlikes => "an entry of `look_alikes`",
    };
    let mut map = MapReader::open(node, what, faults)?;
    let example = match list {
        List::Campaigns => "prompt_injection",
        List::LookAlikes => "nat_office_ip",
    };
    let kind = map.require("kind", example);
    let kind = kind.and_then(|node| node.text(faults));
    let name = map.text("name");
    let times = map.integer("times", 1..=MAX_TIMES);
    let times = times.and_then(|times| u32::try_from(times.value).ok());
    let at = map.take("at").and_then(|node| instants(node, faults));
    let knobs = map.entries("knobs").to_vec();
    let stealth = map.share("stealth");
    let evasions = map.list("evasions").iter();
    let evasions = evasions.filter_map(|node| evasion(node, faults)).collect();
    let without_stages = map.texts("without_stages");
    let traps_at = map.entry("traps").map(|(span, _)| span);
    let traps = map.texts("traps");
    if let (Some(span), List::Campaigns) = (traps_at, list) {
        let message = "`traps` belong to look-alikes; move the entry to `look_alikes`";
        faults.error("LF-S013", span, message);
    }
    let limit = map.integer("limit", 1..=1_000_000_000);
    let limit = limit.map(|limit| Spanned::new(limit.value.unsigned_abs(), limit.span));
    map.finish();
    Some(EntrySpec {
        name,
        times: times.unwrap_or(1),
        at,
        knobs,
        stealth,
        evasions,
        without_stages,
        traps,
        limit,
        span: node.span,
        ..EntrySpec::bare(faults.file(), kind?)
    })
}

fn evasion(node: &Node, faults: &Faults) -> Option<EvasionSpec> {
    let (name, knobs) = match &node.value {
        NodeValue::Scalar { .. } => (node.text(faults)?, Vec::new()),
        NodeValue::Map(entries) if entries.len() == 1 => {
            let (name, knobs) = &entries[0];
            let knobs = knobs.entries("the evasion's knobs", faults).to_vec();
            (name.clone(), knobs)
        }
        _ => {
            node.expected(
                "an evasion like `just_under` or `tail_mutation: { length: 6 }`",
                faults,
            );
            return None;
        }
    };
    if EVASIONS.contains(&name.value.as_str()) {
        return Some(EvasionSpec { name, knobs });
    }
    let end = or_list(&name.value, "evasions", EVASIONS.iter().copied());
    let message = format!("unknown evasion `{}`{end}", name.value);
    faults.error("LF-Y007", name.span, message);
    None
}

/// `at`: an instant, a date (all of that day, UTC), or `a..b` of either; a last date is included.
fn instants(node: &Node, faults: &Faults) -> Option<Spanned<TimeRange>> {
    let read = |text: &str| {
        let time = EventTime::parse(text.trim())?;
        let is_date = text.trim().len() == "2026-03-12".len();
        Some((time, is_date))
    };
    let found = node.scalar().and_then(|text| {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let ((start, _), (end, is_date)) = (read(first)?, read(last)?);
        let width = match (is_date, start == end) {
            (true, _) => TimeSpan::from_days(1),
            (false, true) => TimeSpan::from_ticks(1),
            (false, false) => TimeSpan::ZERO,
        };
        Some((start, end + width))
    });
    let Some((start, end)) = found else {
        node.expected(
            "a date, a time, or a range like 2026-03-12..2026-03-14",
            faults,
        );
        return None;
    };
    if start >= end {
        let shown = node.scalar().unwrap_or("");
        let message = format!("the range {shown} ends before it starts; swap its ends");
        faults.error("LF-Y006", node.span, message);
        return None;
    }
    Some(Spanned::new(TimeRange { start, end }, node.span))
}
