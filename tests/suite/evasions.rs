//! What evasions are sold for: beside its loud twin, a rule falls silent and another still sees.
//!
//! Measured as acceptance measures kinds: a log of its own for each seed, with the evasion's and the
//! kind's defaults. Without the evasion the rule must fire as surely as it must not with it.

use livefire_harness::acceptance::{Case, Line, Promise, Setup, Tactic, measure_cases, required};
use livefire_schema::rules::RuleToken;

/// Seeds of the small form, and of the full one; a claim holds on 17 of 20.
const FEW: u64 = 8;
const FULL: u64 = 20;

/// One claim: the evasion, a kind that allows it, what falls silent, and what still fires.
struct Claim {
    evasion: &'static str,
    kind: &'static str,
    silent: &'static str,
    seen: &'static str,
}

const fn claim(
    evasion: &'static str,
    kind: &'static str,
    silent: &'static str,
    seen: &'static str,
) -> Claim {
    Claim {
        evasion,
        kind,
        silent,
        seen,
    }
}

const CLAIMS: &[Claim] = &[
    claim("bin_straddle", "content_violation", "", "R2"),
    claim("just_under", "prompt_injection", "R1 R2", "C2"),
    claim("ip_rotate_in_net", "prompt_injection", "R1@exact_ip", "R1"),
    claim("ip_rotate_across", "prompt_injection", "R1", "R2"),
    claim("user_rotate", "rate_limit_storm_bot", "R3", "R3@address"),
    claim("session_rotate", "content_violation", "R2@session", "R2"),
    claim(
        "tail_mutation",
        "coordinated_prompt_hash",
        "R5",
        "R5@sample",
    ),
    claim(
        "head_mutation",
        "stolen_accounts_same_prompt",
        "R5 R5@sample",
        "R4",
    ),
    claim("invisible_mutation", "coordinated_prompt_hash", "R5", ""),
    claim("prewarm", "credential_stuffing_then_genai", "R4", "C1"),
    claim("prewarm", "new_ip_login", "R4", ""),
    claim("baseline_expiry", "new_ip_login", "R4", ""),
    claim("low_and_slow", "content_violation", "R2", ""),
    claim("low_and_slow", "insider_volume_jump", "U1 H2", ""),
    claim("mix_benign", "prompt_injection", "", "R1 R2"),
    claim("human_pacing", "rate_limit_storm_bot", "R3.bot", "R3"),
    claim("human_pacing", "insider_volume_jump", "U1", ""),
    claim("office_exit", "stolen_accounts_same_prompt", "R4", "R5"),
    claim("office_exit", "impossible_travel", "U3 R4", ""),
    claim("outside_join", "credential_stuffing_then_genai", "C1", "R4"),
    claim("filter_avoid", "credential_stuffing_then_genai", "C1", "R4"),
    claim("filter_avoid", "prompt_injection", "R1@app_log R2 C2", ""),
    claim("xff_spoof", "new_ip_login", "R4", ""),
    claim("xff_spoof", "spoofed_source_ip", "", "R2"),
];

fn tokens(text: &str) -> Vec<RuleToken> {
    let names = text.split_whitespace();
    names.map(|name| name.parse().expect("is a rule")).collect()
}

/// A case that measures rules without judging them.
fn case(kind: &str, tactic: Tactic, rules: Vec<RuleToken>) -> Case {
    Case {
        kind: kind.to_owned(),
        trap: None,
        tactic,
        promises: rules
            .into_iter()
            .map(|rule| (Promise::May, vec![rule]))
            .collect(),
    }
}

/// A loud case for each kind, with every rule that a claim about it names, and one for each claim.
fn cases() -> Vec<Case> {
    let mut loud: Vec<Case> = Vec::new();
    let mut quiet: Vec<Case> = Vec::new();
    for claim in CLAIMS {
        let rules = [tokens(claim.silent), tokens(claim.seen)].concat();
        let known = loud.iter().position(|case| case.kind == claim.kind);
        let at = known.unwrap_or(loud.len());
        if known.is_none() {
            loud.push(case(claim.kind, Tactic::Loud, Vec::new()));
        }
        for rule in &rules {
            let promise = (Promise::May, vec![rule.clone()]);
            if !loud[at].promises.contains(&promise) {
                loud[at].promises.push(promise);
            }
        }
        quiet.push(case(claim.kind, Tactic::Evasion(claim.evasion), rules));
    }
    [loud, quiet].concat()
}

/// How often a rule fired with a tactic, of all seeds.
fn line<'a>(lines: &'a [Line], claim: &Claim, tactic: &Tactic, rule: &RuleToken) -> &'a Line {
    let label = case(claim.kind, tactic.clone(), Vec::new()).label();
    let mut found = lines
        .iter()
        .filter(|line| line.kind == claim.kind && line.case == label && line.rules.contains(rule));
    found.next().expect("every rule of a claim is measured")
}

fn claims_hold(seeds: u64) {
    let setup = Setup::embedded();
    for claim in CLAIMS {
        let kind = setup.library.get(claim.kind).expect("a shipped kind");
        let is_allowed = kind.evasions().iter().any(|name| name == claim.evasion);
        assert!(is_allowed, "{} of {}", claim.evasion, claim.kind);
    }
    let seeds: Vec<u64> = (1..=seeds).collect();
    let table = measure_cases(&setup, &cases(), &seeds);
    assert!(table.faults.is_empty(), "not run: {:#?}", table.faults);
    let enough = required(seeds.len());
    let mut wrong: Vec<String> = Vec::new();
    for claim in CLAIMS {
        let quiet = Tactic::Evasion(claim.evasion);
        for rule in [tokens(claim.silent), tokens(claim.seen)].concat() {
            let line = line(&table.lines, claim, &Tactic::Loud, &rule);
            if line.streaming < enough {
                wrong.push(line.to_string());
            }
        }
        for rule in tokens(claim.silent) {
            let line = line(&table.lines, claim, &quiet, &rule);
            if line.of - line.streaming < enough {
                wrong.push(line.to_string());
            }
        }
        for rule in tokens(claim.seen) {
            let line = line(&table.lines, claim, &quiet, &rule);
            let in_bins = claim.evasion != "bin_straddle" || line.of - line.binned >= enough;
            if line.streaming < enough || !in_bins {
                wrong.push(line.to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_evasion_silences_what_it_defeats_and_is_seen_by_what_it_does_not() {
    claims_hold(FEW);
}

#[test]
#[ignore = "minutes long: `just acceptance`"]
fn evasions_keep_their_word_on_twenty_seeds() {
    claims_hold(FULL);
}
