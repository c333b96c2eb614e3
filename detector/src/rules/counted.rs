//! What the counting rules have in common: threshold, window and realert as named parameters, and
//! whether events or delivered rows are counted.

use livefire_schema::alert::{Mode, Semantics};
use livefire_schema::rules::RuleInfo;
use livefire_schema::time::TimeSpan;

use crate::parameters::{ParameterSpec, Parameters};
use crate::primitives::{Counting, SamplePolicy, Token};

/// The first parameters of every counting rule, with the registry's defaults; `what` says what the
/// threshold counts.
pub(super) fn parameters(info: &RuleInfo, what: &'static str) -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::count("threshold", info.threshold, what),
        ParameterSpec::span("window", info.window, "counting window"),
        ParameterSpec::span(
            "realert",
            info.realert,
            "an unbroken run alerts again after this",
        ),
    ]
}

/// Counting by the parameters `counts`, `window` and `class_hold`, with every row's sample kept.
pub(super) fn counting(parameters: &Parameters, mode: Mode) -> Counting {
    Counting {
        mode,
        window: parameters.span("window"),
        token: if counts_rows(parameters) {
            Token::Row
        } else {
            Token::Event
        },
        hold: parameters.span("class_hold"),
        keep: TimeSpan::ZERO,
        samples: SamplePolicy::Every,
    }
}

/// Attribution by the parameter `counts`.
pub(super) fn semantics(parameters: &Parameters) -> Semantics {
    if counts_rows(parameters) {
        Semantics::RowCount
    } else {
        Semantics::Count
    }
}

fn counts_rows(parameters: &Parameters) -> bool {
    parameters.word("counts") == "rows"
}
