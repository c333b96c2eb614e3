//! Which runs a kind's promises ask for.

use std::fmt;

use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::model::Label;
use livefire_schema::alert::Semantics;
use livefire_schema::rules::{self, RuleToken};

use super::Promise;

/// Stealth at which a kind's `lost` count rules must be silent.
const QUIET: f64 = 0.9;

/// Evasions that a rule which does not count is escaped by, the plainest first (ATTACKS.md,
/// *Evasions*).
const ESCAPES: &[(&str, &[&str])] = &[
    ("office_exit", &["R4", "C3", "U3"]),
    ("outside_join", &["C1", "C2"]),
    // A few requests a day hide neither a jump in volume nor a switch of models; nothing escapes U2
    // that leaves the switch a switch.
    ("prewarm", &["R4"]),
    ("filter_avoid", &["C1", "C2"]),
    ("low_and_slow", &["U1", "U4"]),
    ("human_pacing", &["U1"]),
    ("invisible_mutation", &["H1"]),
];

/// How quiet the campaign is.
#[derive(Clone, PartialEq, Debug)]
pub enum Tactic {
    /// As the kind's file says.
    Loud,
    /// With this stealth.
    Stealth(f64),
    /// With this evasion at its defaults.
    Evasion(&'static str),
}

/// One thing to run: an attack kind, a look-alike alone, or a look-alike with one of its traps.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// Id of the kind.
    pub kind: String,
    /// The trap that is on.
    pub trap: Option<String>,
    /// How quiet it is.
    pub tactic: Tactic,
    /// What is promised of it.
    pub promises: Vec<(Promise, Vec<RuleToken>)>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.kind, self.label())
    }
}

impl Case {
    /// What distinguishes it from the kind's other cases.
    #[must_use]
    pub fn label(&self) -> String {
        match (&self.trap, &self.tactic) {
            (Some(trap), _) => format!("trap {trap}"),
            (None, Tactic::Loud) => "default".to_owned(),
            (None, Tactic::Stealth(stealth)) => format!("stealth {stealth}"),
            (None, Tactic::Evasion(name)) => format!("evasion {name}"),
        }
    }
}

/// The cases of a kind, in the order of their report.
#[must_use]
pub fn cases_of(kind: &AttackKind) -> Vec<Case> {
    match kind.label() {
        Label::Attack => of_attack(kind),
        _ => of_look_alike(kind),
    }
}

type Promises = Vec<(Promise, Vec<RuleToken>)>;

fn each(promise: Promise, tokens: &[RuleToken]) -> Promises {
    let one = |token: &RuleToken| (promise, vec![token.clone()]);
    tokens.iter().map(one).collect()
}

fn case(kind: &AttackKind, trap: Option<&str>, tactic: Tactic, promises: Promises) -> Case {
    Case {
        kind: kind.id().to_owned(),
        trap: trap.map(str::to_owned),
        tactic,
        promises,
    }
}

fn of_attack(kind: &AttackKind) -> Vec<Case> {
    let expected = kind.expected();
    let mut promises = each(Promise::Fires, &expected.fires);
    promises.extend(each(Promise::May, &expected.may));
    let mut cases = vec![case(kind, None, Tactic::Loud, promises)];
    let (counting, other): (Vec<RuleToken>, Vec<RuleToken>) =
        expected.lost.iter().cloned().partition(counts);
    if !counting.is_empty() {
        let promises = each(Promise::Lost, &counting);
        cases.push(case(kind, None, Tactic::Stealth(QUIET), promises));
    }
    let mut escapes: Vec<(&'static str, Vec<RuleToken>)> = Vec::new();
    for token in other {
        let Some(name) = escape_of(kind, &token) else {
            continue;
        };
        match escapes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, tokens)) => tokens.push(token),
            None => escapes.push((name, vec![token])),
        }
    }
    for (name, tokens) in escapes {
        let promises = each(Promise::Lost, &tokens);
        cases.push(case(kind, None, Tactic::Evasion(name), promises));
    }
    cases
}

/// Whether stealth is what quiets a rule: it counts events or distinct values.
fn counts(token: &RuleToken) -> bool {
    rules::rule(&token.rule).is_some_and(|rule| {
        matches!(
            rule.semantics,
            Semantics::Count | Semantics::RowCount | Semantics::Distinct
        )
    })
}

/// The evasion by which a kind escapes a rule that does not count; nothing if it allows none.
fn escape_of(kind: &AttackKind, token: &RuleToken) -> Option<&'static str> {
    let applies = |name: &str| kind.evasions().iter().any(|allowed| allowed == name);
    let of_rule = ESCAPES
        .iter()
        .filter(|(_, rules)| rules.contains(&token.rule.as_str()));
    let mut names = of_rule.map(|(name, _)| *name);
    names.find(|name| applies(name))
}

fn of_look_alike(kind: &AttackKind) -> Vec<Case> {
    let mut promises = each(Promise::Literal, kind.literal());
    promises.extend(each(Promise::Literal, &kind.expected().fires));
    promises.extend(each(Promise::MustNotFire, kind.must_not_fire()));
    let mut cases = vec![case(kind, None, Tactic::Loud, promises)];
    for (name, trap) in kind.traps() {
        let mut promises = vec![(Promise::MustFire, trap.must_fire.clone())];
        if trap.must_fire.len() > 1 {
            promises.extend(each(Promise::May, &trap.must_fire));
        }
        cases.push(case(kind, Some(name), Tactic::Loud, promises));
    }
    cases
}
