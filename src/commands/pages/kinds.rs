//! The pages of attack kinds, look-alikes and evasions.

use livefire_generator::evasions::{EVASIONS, Evasion};
use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::model::{Bounds, Knob, Label};
use livefire_generator::kinds::value::{Form, Value};

use super::{code, table};
use crate::input::Known;

const ATTACKS: &str = "# Attack kinds

Each is a file that `livefire show NAME` prints, to copy into `kinds/` beside your scenario and to
change. *Must fire* are the rules that catch it at its defaults, *quiet* those that it escapes when
`stealth` or an evasion makes it quiet; results/acceptance.md has the measurements.

";

const LOOK_ALIKES: &str = "# Look-alikes

Legitimate activity that resembles an attack. *Plain rules* are raised by it as long as nobody tells
them the difference; the difference is in the data, and each trap hides an attack in the look-alike,
so that excluding it as a whole costs detections.

";

const EVASION_PAGE: &str = "# Evasions

What an attacker does who knows the published thresholds: `evasions: [NAME]` in a campaign, with
knobs as `{ NAME: { knob: value } }`.

";

/// The page of attack kinds.
pub(super) fn attacks(known: &Known) -> String {
    page(ATTACKS, known, true)
}

/// The page of look-alikes.
pub(super) fn look_alikes(known: &Known) -> String {
    page(LOOK_ALIKES, known, false)
}

fn page(head: &str, known: &Known, attacks: bool) -> String {
    let mut kinds: Vec<&AttackKind> = known
        .kinds
        .iter()
        .filter(|kind| (kind.label() == Label::Attack) == attacks)
        .collect();
    kinds.sort_by_key(|kind| kind.id().to_owned());
    let rows: Vec<Vec<String>> = kinds.iter().map(|kind| overview(kind, attacks)).collect();
    let header = if attacks {
        ["kind", "goal", "must fire"]
    } else {
        ["look-alike", "what it is", "plain rules"]
    };
    let mut text = format!("{head}{}", table(&header, &rows));
    for kind in kinds {
        text.push_str(&section(kind, attacks));
    }
    text
}

fn overview(kind: &AttackKind, attacks: bool) -> Vec<String> {
    let rules = if attacks {
        &kind.expected().fires
    } else {
        kind.literal()
    };
    vec![
        format!("[`{0}`](#{0})", kind.id()),
        kind.goal().to_owned(),
        code(rules),
    ]
}

fn section(kind: &AttackKind, attacks: bool) -> String {
    let mut text = format!(
        "\n## {}\n\n**{}.** {}\n\n",
        kind.id(),
        kind.title(),
        sentence(kind.goal())
    );
    if !kind.note().is_empty() {
        text.push_str(&format!("{}\n\n", sentence(kind.note())));
    }
    let mut item = |name: &str, value: String| {
        if value != "–" && !value.is_empty() {
            text.push_str(&format!("- {name}: {value}\n"));
        }
    };
    let techniques = kind.techniques();
    item("MITRE ATLAS", code(&techniques.atlas));
    item("MITRE ATT&CK", code(&techniques.attack));
    item("OWASP LLM", code(&techniques.owasp));
    item("stages", code(kind.stage_names()));
    item("tables", code(kind.tables()));
    if attacks {
        item("must fire", code(&kind.expected().fires));
        item("may fire", code(&kind.expected().may));
        item("quiet", code(&kind.expected().lost));
        item("evasions", code(kind.evasions()));
        item("look-alike", code(kind.twins()));
    } else {
        item("resembles", code(kind.twins()));
        item("plain rules that it raises", code(kind.literal()));
        item("tuned rules keep quiet", code(kind.must_not_fire()));
        item("the difference", kind.discriminator().to_owned());
        for (name, trap) in kind.traps() {
            let goal = trap.goal.as_str();
            let rules = code(&trap.must_fire);
            item("trap", format!("`{name}`: {goal}; must fire: {rules}"));
        }
    }
    let knobs: Vec<Vec<String>> = kind
        .knobs()
        .map(|(name, knob)| knob_row(name, knob))
        .collect();
    if !knobs.is_empty() {
        text.push('\n');
        text.push_str(&table(
            &["knob", "default", "allowed", "unit", "meaning"],
            &knobs,
        ));
    }
    text
}

fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut sentence = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

fn knob_row(name: &str, knob: &Knob) -> Vec<String> {
    let allowed = match &knob.bounds {
        Bounds::Range(from, to) => format!("{} to {}", from.show(), to.show()),
        Bounds::OneOf(list) => {
            let shown: Vec<String> = list.iter().map(|one| one.show()).collect();
            shown.join(", ")
        }
        Bounds::Free => String::new(),
    };
    vec![
        format!("`{name}`"),
        shown(&knob.default),
        allowed,
        knob.unit.clone(),
        knob.help.clone(),
    ]
}

/// A knob's default as a person reads it.
fn shown(value: &Value) -> String {
    match &value.form {
        Form::Constant(literal) => literal.show(),
        Form::Uniform(low, high) => format!("{} to {}", low.show(), high.show()),
        Form::Choice(choices) => {
            let shown: Vec<String> = choices.iter().map(|(one, _)| one.show()).collect();
            format!("one of {}", shown.join(", "))
        }
        Form::Knob(name) => format!("as `{name}`"),
        Form::Lognormal { median, .. } => format!("lognormal around {}", shown(median)),
        Form::Gamma { mean, .. } => format!("gamma with mean {}", shown(mean)),
        Form::Exponential { mean, .. } => format!("exponential with mean {}", shown(mean)),
    }
}

/// The page of evasions.
pub(super) fn evasions() -> String {
    let mut text = EVASION_PAGE.to_owned();
    let rows: Vec<Vec<String>> = EVASIONS
        .iter()
        .map(|evasion| {
            vec![
                format!("[`{0}`](#{0})", evasion.name()),
                evasion.help().to_owned(),
            ]
        })
        .collect();
    text.push_str(&table(&["evasion", "what it does"], &rows));
    for evasion in EVASIONS {
        text.push_str(&evasion_section(*evasion));
    }
    text
}

fn evasion_section(evasion: &dyn Evasion) -> String {
    let name = evasion.name();
    let mut text = format!("\n## {name}\n\n{}\n", sentence(evasion.help()));
    let knobs = evasion.knobs();
    let rows: Vec<Vec<String>> = knobs
        .iter()
        .map(|(name, knob)| knob_row(name, knob))
        .collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(
            &["knob", "default", "allowed", "unit", "meaning"],
            &rows,
        ));
    }
    text
}
