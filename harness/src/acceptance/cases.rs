//! Which runs a kind's promises ask for.

use std::fmt;

use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::model::Label;
use livefire_schema::rules::RuleToken;

use super::{Promise, Setup};

/// How quiet the campaign is.
#[derive(Clone, PartialEq, Debug)]
pub enum Tactic {
    /// As the kind's file says.
    Loud,
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
        }
    }
}

/// The cases of a kind, in the order of their report.
#[must_use]
pub fn cases_of(_setup: &Setup, kind: &AttackKind) -> Vec<Case> {
    let each = |promise: Promise, tokens: &[RuleToken]| -> Vec<(Promise, Vec<RuleToken>)> {
        let one = |token: &RuleToken| (promise, vec![token.clone()]);
        tokens.iter().map(one).collect()
    };
    let expected = kind.expected();
    let case = |trap: Option<&str>, promises| Case {
        kind: kind.id().to_owned(),
        trap: trap.map(str::to_owned),
        tactic: Tactic::Loud,
        promises,
    };
    if kind.label() == Label::Attack {
        let mut promises = each(Promise::Fires, &expected.fires);
        promises.extend(each(Promise::May, &expected.may));
        return vec![case(None, promises)];
    }
    let mut promises = each(Promise::Literal, kind.literal());
    promises.extend(each(Promise::Literal, &expected.fires));
    promises.extend(each(Promise::MustNotFire, kind.must_not_fire()));
    let mut cases = vec![case(None, promises)];
    for (name, trap) in kind.traps() {
        let mut promises = vec![(Promise::MustFire, trap.must_fire.clone())];
        if trap.must_fire.len() > 1 {
            promises.extend(each(Promise::May, &trap.must_fire));
        }
        cases.push(case(Some(name), promises));
    }
    cases
}
