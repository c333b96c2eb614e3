//! Warnings about what works but is hardly meant; they name place, field and remedy.

use super::{GOOD, faults_of, finds};

#[test]
fn a_count_that_every_member_repeats_is_a_warning() {
    finds(
        "    each: hit\n    from: lair\n    prompts: finance\n",
        "    each: targets\n    from: lair\n    prompts: finance\n",
        "35:12 stage `use`: `count: $days` under `each: targets` gives every member the same number \
         of events, `$days` times their number in all; write `count: { lognormal: { median: $days, \
         sigma: 0.5 } }` for runs that differ (warning)",
    );
    finds(
        "count: $days\n",
        "count: $days\n    days: 3\n    hours: working\n",
        "35:12 stage `use`: `count: $days` under `days` gives every day the same number of events, \
         `$days` times their number in all; write `count: { lognormal: { median: $days, sigma: 0.5 } \
         }` for runs that differ (warning)",
    );
    let differs = GOOD.replace(
        "    each: hit\n    from: lair\n    prompts: finance\n    count: $days",
        "    each: targets\n    from: lair\n    prompts: finance\n    count: { lognormal: { median: $days, sigma: 0.5 } }",
    );
    assert_eq!(faults_of(&differs), "");
}

#[test]
fn a_constant_that_no_benign_row_has_is_a_warning() {
    let old = "SigninLogs.ResultType: \"50126\"";
    let set = |text: &str| faults_of(&GOOD.replace(old, text));
    let told = set("SigninLogs.UserAgent: evil-bot/1.0");
    let head = "kinds/my_spray.yaml:22:34 `SigninLogs.UserAgent: evil-bot/1.0` is a tell: all rows of \
                the campaign share it, and no benign row of SigninLogs has it in UserAgent; write one \
                that they have, such as `";
    assert!(told.starts_with(head), "{told}");
    let example = told[head.len()..].split('`').next().expect("an example");
    assert_eq!(set(&format!("SigninLogs.UserAgent: '{example}'")), "");
    assert!(set("client: evil-bot/1.0").contains("`client: evil-bot/1.0` is a tell"));
    assert_eq!(
        set("SigninLogs.UserAgent: [evil-bot/1.0, evil-bot/2.0]"),
        ""
    );
    let knob = GOOD
        .replace(
            "one_of: [quick, slow]",
            "one_of: [quick, slow] }\n  agent: { default: evil, one_of: [evil, bad]",
        )
        .replace(old, "client: $agent");
    assert!(
        faults_of(&knob).contains("`client: evil or bad` is a tell"),
        "{}",
        faults_of(&knob)
    );
}
