//! The registry of rule names with their published defaults, and of evasion names.
//!
//! Attack kinds, evasions and reports refer to rules by these names and aim at these defaults;
//! a user's tuned rule changes neither. The rules' code is in `detector`. Source: RULES.md.

mod token;

use crate::alert::{Semantics, Severity};
use crate::time::TimeSpan;

pub use token::{RuleToken, RuleTokenError};

/// What family a rule belongs to; only [`Family::Detection`] enters the headline figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// R1–R6, C1–C3 and U1–U4.
    Detection,
    /// H1–H3: hunting queries, reported in rows of their own.
    Hunting,
}

/// Rows that a rule reads, by table and outcome of the causing event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Input {
    /// Table name.
    pub table: &'static str,
    /// Outcomes of the attack format (`injection`, `bad_password` …) or, for alert tables, alert
    /// types without `AI.`; a trailing `*` matches a prefix, `*` alone everything.
    pub outcomes: &'static [&'static str],
}

/// One rule as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// `R1` … `U4`.
    pub id: &'static str,
    /// Name of its files.
    pub name: &'static str,
    /// One sentence: what fires.
    pub summary: &'static str,
    /// Family.
    pub family: Family,
    /// Attribution semantics.
    pub semantics: Semantics,
    /// Default threshold k.
    pub threshold: u64,
    /// Default counting or join window W; zero where the rule has none.
    pub window: TimeSpan,
    /// Default realert time.
    pub realert: TimeSpan,
    /// Severity before classes change it.
    pub severity: Severity,
    /// Classes that its alerts can carry, besides severities.
    pub classes: &'static [&'static str],
    /// Variants shipped.
    pub variants: &'static [&'static str],
    /// Rows from which it is decided.
    pub inputs: &'static [Input],
}

const FAIL: &[&str] = &["injection", "jailbreak", "leak", "content", "withheld"];
const FAILED_SIGN_IN: &[&str] = &[
    "bad_password",
    "unknown_user",
    "locked",
    "mfa_denied",
    "expired",
    "blocked",
];
const ANY: &[&str] = &["*"];
const APP_ANY: Input = Input {
    table: "ContainerLogV2",
    outcomes: ANY,
};
const APP_FAIL: Input = Input {
    table: "ContainerLogV2",
    outcomes: FAIL,
};
const SERVICE_ANY: Input = Input {
    table: "AzureDiagnostics",
    outcomes: ANY,
};

/// Calls of a model, with the application in front or without; no audit rows.
const SERVICE_CALL: Input = Input {
    table: "AzureDiagnostics",
    outcomes: &[
        "pass",
        "injection",
        "jailbreak",
        "leak",
        "content",
        "withheld",
        "throttled",
        "refused",
        "unavailable",
        "denied",
        "ok",
        "bad",
        "list_models",
    ],
};

const fn minutes(n: i64) -> TimeSpan {
    TimeSpan::from_minutes(n)
}

/// All sixteen rules, in the order of RULES.md, which is the order of every table we print.
pub const RULES: &[RuleInfo] = &[
    RuleInfo {
        id: "R1",
        name: "prompt_injection",
        summary: "≥ 3 injection attempts in 10 min from one network",
        family: Family::Detection,
        semantics: Semantics::Count,
        threshold: 3,
        window: minutes(10),
        realert: minutes(240),
        severity: Severity::High,
        classes: &["automated", "manual"],
        variants: &["app_log", "exact_ip", "rows"],
        inputs: &[Input {
            table: "AlertEvidence",
            outcomes: &["Azure_Jailbreak.*", "Azure_ASCIISmuggling"],
        }],
    },
    RuleInfo {
        id: "R2",
        name: "content_safety",
        summary: "≥ 3 FAIL of one user in 1 h",
        family: Family::Detection,
        semantics: Semantics::Count,
        threshold: 3,
        window: minutes(60),
        realert: minutes(240),
        severity: Severity::High,
        classes: &["persistent", "isolated"],
        variants: &["session", "rows"],
        inputs: &[APP_FAIL],
    },
    RuleInfo {
        id: "R3",
        name: "rate_limit",
        summary: "≥ 5 responses 429 of one caller in 10 min",
        family: Family::Detection,
        semantics: Semantics::Count,
        threshold: 5,
        window: minutes(10),
        realert: minutes(240),
        severity: Severity::Medium,
        classes: &["bot", "human", "undecided", "client_defect"],
        variants: &["address"],
        inputs: &[Input {
            table: "AzureDiagnostics",
            outcomes: &["throttled"],
        }],
    },
    RuleInfo {
        id: "R4",
        name: "new_source_ip",
        summary: "a request from an address that the user has not used in the 7 days before",
        family: Family::Detection,
        semantics: Semantics::Trigger,
        threshold: 1,
        window: TimeSpan::ZERO,
        realert: TimeSpan::ZERO,
        severity: Severity::Medium,
        classes: &["after_hours"],
        variants: &["as_published"],
        inputs: &[APP_ANY],
    },
    RuleInfo {
        id: "R5",
        name: "coordinated_prompt",
        summary: "the same prompt_hash from ≥ 5 distinct users in 1 h",
        family: Family::Detection,
        semantics: Semantics::Distinct,
        threshold: 5,
        window: minutes(60),
        realert: minutes(240),
        severity: Severity::High,
        classes: &["botnet", "one_operator", "mixed", "stolen"],
        variants: &["sample"],
        inputs: &[APP_ANY],
    },
    RuleInfo {
        id: "R6",
        name: "malicious_model",
        summary: "a model flagged by model scanning and in active use",
        family: Family::Detection,
        semantics: Semantics::Join,
        threshold: 1,
        window: minutes(24 * 60),
        realert: TimeSpan::ZERO,
        severity: Severity::Medium,
        classes: &[],
        variants: &[],
        inputs: &[
            Input {
                table: "SecurityAlert",
                outcomes: &["AIModelScan_MalwareDetected"],
            },
            Input {
                table: "SecurityRecommendation",
                outcomes: &["unhealthy"],
            },
            APP_ANY,
            SERVICE_ANY,
        ],
    },
    RuleInfo {
        id: "C1",
        name: "failed_requests_and_sign_ins",
        summary: "a FAIL and a failed sign-in of the same account within 1 h",
        family: Family::Detection,
        semantics: Semantics::Join,
        threshold: 1,
        window: minutes(60),
        realert: minutes(60),
        severity: Severity::High,
        classes: &[],
        variants: &[],
        inputs: &[
            APP_FAIL,
            Input {
                table: "SigninLogs",
                outcomes: FAILED_SIGN_IN,
            },
        ],
    },
    RuleInfo {
        id: "C2",
        name: "app_and_defender",
        summary: "a FAIL and a Defender for AI alert on the same application within 1 h",
        family: Family::Detection,
        semantics: Semantics::Join,
        threshold: 1,
        window: minutes(60),
        realert: minutes(60),
        severity: Severity::Critical,
        classes: &[],
        variants: &[],
        inputs: &[
            APP_FAIL,
            Input {
                table: "AlertEvidence",
                outcomes: ANY,
            },
        ],
    },
    RuleInfo {
        id: "C3",
        name: "threat_intelligence",
        summary: "a request from an active listed address",
        family: Family::Detection,
        semantics: Semantics::Join,
        threshold: 1,
        window: TimeSpan::ZERO,
        realert: TimeSpan::ZERO,
        severity: Severity::High,
        classes: &[],
        variants: &[],
        inputs: &[
            APP_ANY,
            Input {
                table: "ThreatIntelIndicators",
                outcomes: ANY,
            },
        ],
    },
    RuleInfo {
        semantics: Semantics::Trigger,
        threshold: 1,
        window: TimeSpan::ZERO,
        realert: TimeSpan::ZERO,
        inputs: &[APP_ANY],
        ..hunting(
            "H1",
            "suspicious_keywords",
            "a listed phrase in a prompt sample",
        )
    },
    RuleInfo {
        threshold: 50,
        window: minutes(60),
        inputs: &[APP_ANY, SERVICE_CALL],
        ..hunting("H2", "high_volume", "≥ 50 requests of one caller in 1 h")
    },
    RuleInfo {
        threshold: 10,
        window: minutes(7 * 24 * 60),
        inputs: &[APP_FAIL],
        ..hunting(
            "H3",
            "rare_failures",
            "≥ 10 FAIL of one application over ≥ 24 h within 7 d",
        )
    },
    RuleInfo {
        threshold: 50,
        window: minutes(60),
        inputs: &[APP_ANY],
        ..behaviour(
            "U1",
            "volume_anomaly",
            "a user far above their own request baseline",
        )
    },
    RuleInfo {
        threshold: 500,
        window: minutes(24 * 60),
        inputs: &[APP_ANY],
        ..behaviour(
            "U2",
            "model_switch",
            "an application's model mix changes by half",
        )
    },
    RuleInfo {
        semantics: Semantics::Join,
        threshold: 1,
        window: minutes(24 * 60),
        realert: minutes(60),
        inputs: &[
            APP_ANY,
            Input {
                table: "SigninLogs",
                outcomes: &["ok"],
            },
        ],
        ..behaviour(
            "U3",
            "impossible_travel",
            "two places of one user faster than an airliner",
        )
    },
    RuleInfo {
        threshold: 50_000,
        window: minutes(60),
        inputs: &[
            Input {
                table: "ContainerLogV2",
                outcomes: &["pass", "withheld", "denied"],
            },
            Input {
                table: "AzureDiagnostics",
                outcomes: &["pass", "withheld", "denied", "ok"],
            },
        ],
        ..behaviour(
            "U4",
            "token_consumption",
            "tokens far above the caller's baseline",
        )
    },
];

/// What the hunting rules share.
const fn hunting(id: &'static str, name: &'static str, summary: &'static str) -> RuleInfo {
    RuleInfo {
        id,
        name,
        summary,
        family: Family::Hunting,
        semantics: Semantics::Count,
        threshold: 1,
        window: TimeSpan::ZERO,
        realert: minutes(240),
        severity: Severity::Low,
        classes: &[],
        variants: &[],
        inputs: &[],
    }
}

/// What the rules that compare with a baseline share; of U2 the threshold is per mille of distance.
const fn behaviour(id: &'static str, name: &'static str, summary: &'static str) -> RuleInfo {
    RuleInfo {
        id,
        name,
        summary,
        family: Family::Detection,
        semantics: Semantics::Baseline,
        threshold: 1,
        window: TimeSpan::ZERO,
        realert: minutes(240),
        severity: Severity::High,
        classes: &[],
        variants: &[],
        inputs: &[],
    }
}

/// Finds a rule by id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static RuleInfo> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Names of the nineteen evasions of ATTACKS.md, in its order.
pub const EVASIONS: &[&str] = &[
    "just_under",
    "bin_straddle",
    "schedule_gap",
    "ip_rotate_in_net",
    "ip_rotate_across",
    "user_rotate",
    "session_rotate",
    "tail_mutation",
    "head_mutation",
    "invisible_mutation",
    "prewarm",
    "baseline_expiry",
    "low_and_slow",
    "mix_benign",
    "human_pacing",
    "office_exit",
    "outside_join",
    "filter_avoid",
    "xff_spoof",
];

impl RuleInfo {
    /// Whether a row of `table` with this outcome belongs to the rule's input list.
    #[must_use]
    pub fn observes(&self, table: &str, outcome: &str) -> bool {
        self.inputs.iter().any(|input| {
            input.table == table
                && input
                    .outcomes
                    .iter()
                    .any(|wanted| match wanted.strip_suffix('*') {
                        Some(prefix) => outcome.starts_with(prefix),
                        None => *wanted == outcome,
                    })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_complete() {
        assert_eq!(RULES.len(), 16);
        assert_eq!(EVASIONS.len(), 19);
    }

    #[test]
    fn observed_rows_are_those_of_the_input_list() {
        let r1 = rule("R1").expect("R1 exists");
        assert!(r1.observes(
            "AlertEvidence",
            "Azure_Jailbreak.ContentFiltering.BlockedAttempt"
        ));
        assert!(!r1.observes("AlertEvidence", "Azure_AccessAnomaly"));
        assert!(!r1.observes("ContainerLogV2", "injection"));
    }
}
